/** Contract code: the compiler's object (tag 70, what cb_ text holds) and the FATE byte code in it. */
import { bigintToBytes, compareBytes, concatBytes, equalBytes, toHex } from '../bytes.ts';
import { binary, readHead, writeObject } from '../chain/layout.ts';
import { encodeRlp } from '../chain/rlp.ts';
import { blake2b256 } from '../chain/signed.ts';
import { DecodeError, decode, Reader, readRlpBytes, readType, readValue } from './decode.ts';
import { encode, rlpBytes } from './encode.ts';
import { entriesOf, type FateMap, mapDelete } from './map.ts';
import { functionMark, type Opcode, opcodes } from './opcodes.ts';
import type { Type } from './types.ts';
import { blob, isMap, type Value } from './value.ts';

/** Bytes are no contract code; the message says why. */
export class CodeError extends Error {
  override name = 'CodeError';
}

/** The compiler's output as the chain stores it. */
export interface ContractCode {
  /** FATE byte code, serialized */
  byteCode: Uint8Array;
  /** whether the contract's account may be paid by a spend */
  payable: boolean;
}

export interface Operand {
  mode: 'stack' | 'arg' | 'var' | 'immediate';
  /** the immediate, or the index as it is written */
  value: Value;
  /** the index as a key of memory */
  key: number | bigint | string;
}

export interface Instruction {
  op: Opcode;
  args: readonly Operand[];
}

export interface FateFunction {
  isPrivate: boolean;
  isPayable: boolean;
  args: readonly Type[];
  result: Type;
  blocks: readonly (readonly Instruction[])[];
}

export interface FateCode {
  /** by the hexadecimal digits of the function's id */
  functions: ReadonlyMap<string, FateFunction>;
  /** names by the hexadecimal digits of their id */
  symbols: ReadonlyMap<string, string>;
  /** serialized with the functions in the order of their ids: what BYTECODE_HASH hashes */
  canonical: Uint8Array;
}

/** id of `init`, which only the creation of a contract may call */
export const initId = Uint8Array.of(0x44, 0xd6, 0x44, 0x1f);

/** Id of a function: the first 4 bytes of the hash of its name. */
export const functionId = (name: string): Uint8Array =>
  blake2b256(new TextEncoder().encode(name)).subarray(0, 4);

const failure = (message: string) => new CodeError(message);

/** @throws CodeError where the bytes are no contract code of version 1 to 3 */
export function parseContractCode(bytes: Uint8Array): ContractCode {
  const { tag, version, items } = readHead(bytes, 'contract code', failure);
  if (tag !== 70n) throw new CodeError(`contract code: tag ${tag}, not 70`);
  const wanted = { '1': 3, '2': 4, '3': 5 }[version.toString()];
  if (items.length !== wanted)
    throw new CodeError(`contract code: version ${version} with ${items.length} fields`);
  const [sourceHash, typeInfo, byteCode, compiler, payable] = items;
  if (!(sourceHash instanceof Uint8Array) || sourceHash.length !== 32)
    throw new CodeError('contract code: the source hash has not 32 bytes');
  if (typeInfo instanceof Uint8Array) throw new CodeError('contract code: the type info is no list');
  if (!(byteCode instanceof Uint8Array))
    throw new CodeError('contract code: the byte code is no byte string');
  if (compiler !== undefined && !(compiler instanceof Uint8Array))
    throw new CodeError('contract code: the compiler version is no byte string');
  if (payable === undefined) return { byteCode, payable: true };
  if (!(payable instanceof Uint8Array) || payable.length !== 1 || payable[0]! > 1)
    throw new CodeError('contract code: payable is neither 0 nor 1');
  return { byteCode, payable: payable[0] === 1 };
}

/**
 * Contract code of the current version, as the compiler makes it.
 * @param sourceHash 32 bytes
 */
export function serializeContractCode(code: {
  sourceHash: Uint8Array;
  byteCode: Uint8Array;
  compilerVersion: string;
  payable: boolean;
}): Uint8Array {
  const layout = {
    tag: 70,
    version: 3,
    fields: {
      sourceHash: binary,
      typeInfo: { write: () => [], read: () => undefined },
      byteCode: binary,
      compilerVersion: binary,
      payable: binary,
    },
  };
  const compilerVersion = new TextEncoder().encode(code.compilerVersion);
  const payable = Uint8Array.of(code.payable ? 1 : 0);
  return writeObject(layout, 'contract code', { ...code, typeInfo: [], compilerVersion, payable }, failure);
}

/** @throws CodeError where the chain would call it bad byte code */
export function parseByteCode(bytes: Uint8Array): FateCode {
  try {
    return readByteCode(bytes);
  } catch (error) {
    if (error instanceof DecodeError) throw new CodeError(`byte code: ${error.message}`);
    throw error;
  }
}

function readByteCode(bytes: Uint8Array): FateCode {
  const reader = new Reader(bytes);
  const code = readRlpBytes(reader);
  const [symbolBytes, annotationBytes] = [readRlpBytes(reader), readRlpBytes(reader)];
  if (!reader.done) throw new CodeError('byte code: bytes follow the annotations');
  const { functions, slices } = readFunctions(code);
  const symbols = new Map<string, string>();
  const table = decode(symbolBytes);
  if (!isMap(table) || !isMap(decode(annotationBytes)))
    throw new CodeError('byte code: symbols and annotations are maps');
  for (const [id, name] of decodeSymbols(table)) symbols.set(id, name);
  const rest = [rlpBytes(symbolBytes), rlpBytes(annotationBytes)];
  return { functions, symbols, canonical: concatBytes(rlpBytes(concatBytes(...slices)), ...rest) };
}

/**
 * Contract code without its init function, as the chain stores contracts of FATE 1 once they are made.
 * @throws CodeError, DecodeError
 */
export function withoutInit(code: Uint8Array): Uint8Array {
  const { tag, version, items } = readHead(code, 'contract code', failure);
  const reader = new Reader(items[2] as Uint8Array);
  const { slices } = readFunctions(readRlpBytes(reader));
  const symbols = mapDelete(decode(readRlpBytes(reader)) as FateMap, blob('string', initId));
  const kept = slices.filter((slice) => !equalBytes(slice.subarray(1, 5), initId));
  const annotations = rlpBytes(readRlpBytes(reader));
  const byteCode = concatBytes(rlpBytes(concatBytes(...kept)), rlpBytes(encode(symbols)), annotations);
  const head = [bigintToBytes(tag), bigintToBytes(version)];
  return encodeRlp([...head, ...items.slice(0, 2), byteCode, ...items.slice(3)]);
}

function* decodeSymbols(table: FateMap): Generator<[string, string]> {
  for (const [id, name] of entriesOf(table))
    if (typeof id === 'object' && id.kind === 'string' && typeof name === 'object' && name.kind === 'string')
      yield [toHex(id.bytes), new TextDecoder().decode(name.bytes)];
}

interface Functions {
  functions: Map<string, FateFunction>;
  /** the bytes of each function, in the order of their ids */
  slices: readonly Uint8Array[];
}

function readFunctions(code: Uint8Array): Functions {
  const reader = new Reader(code);
  const functions = new Map<string, FateFunction>();
  const slices = new Map<string, Uint8Array>();
  while (!reader.done) {
    const start = reader.at;
    if (reader.byte() !== functionMark)
      throw new CodeError('byte code: an instruction before the first function');
    const id = toHex(reader.take(4));
    functions.set(id, readFunction(reader));
    slices.set(id, code.slice(start, reader.at));
  }
  const sorted = [...slices.values()].sort((a, b) => compareBytes(a.subarray(1, 5), b.subarray(1, 5)));
  return { functions, slices: sorted };
}

function readFunction(reader: Reader): FateFunction {
  const attributes = readValue(reader);
  if (typeof attributes !== 'bigint' || attributes < 0n || attributes > 3n)
    throw new CodeError('byte code: a function has unknown attributes');
  const args = readType(reader);
  if (typeof args === 'number' || args.is !== 'tuple')
    throw new CodeError('byte code: the arguments of a function are no tuple');
  const result = readType(reader);
  const blocks: Instruction[][] = [];
  let block: Instruction[] = [];
  while (!reader.done && reader.bytes[reader.at] !== functionMark) {
    const instruction = readInstruction(reader);
    block.push(instruction);
    if (instruction.op.endsBlock) {
      blocks.push(block);
      block = [];
    }
  }
  if (block.length > 0) throw new CodeError('byte code: a basic block does not end');
  return {
    isPrivate: (attributes & 1n) === 1n,
    isPayable: (attributes & 2n) === 2n,
    args: args.items,
    result,
    blocks,
  };
}

const modes = ['stack', 'arg', 'var', 'immediate'] as const;

function readInstruction(reader: Reader): Instruction {
  const code = reader.byte();
  const op = opcodes.get(code);
  if (!op) throw new CodeError(`byte code: no instruction has opcode ${code}`);
  if (op.arity === 0) return { op, args: [] };
  // two bits for each argument, the first lowest; for more than four the higher byte comes first
  let bits = reader.byte();
  if (op.arity > 4) bits = (bits << 8) | reader.byte();
  if (bits >> (2 * op.arity) !== 0) throw new CodeError(`byte code: ${op.name} has too many arguments`);
  const args: Operand[] = [];
  for (let i = 0; i < op.arity; i++) {
    const mode = modes[(bits >> (2 * i)) & 3]!;
    const value = mode === 'stack' ? 0n : readValue(reader);
    args.push({ mode, value, key: keyOf(mode, value) });
  }
  return { op, args };
}

function keyOf(mode: Operand['mode'], index: Value): Operand['key'] {
  if (mode === 'stack' || mode === 'immediate') return 0;
  if (typeof index !== 'bigint') return '';
  return index > -0x10000000n && index < 0x10000000n ? Number(index) : index;
}
