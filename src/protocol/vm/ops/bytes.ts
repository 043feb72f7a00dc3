/** Byte arrays and addresses. */

import { bytesToBigint, concatBytes, toHex } from '../../bytes.ts';
import { aborts } from '../abort.ts';
import { Crash } from '../failure.ts';
import { spendWork } from '../meter.ts';
import { type Blob, blob, isBlob, none, some, tuple, type Value } from '../value.ts';
import { binary, fate3, type Group, resultOf, since, unary } from './op.ts';

const cellsOf = (value: Blob): number => Math.floor(value.bytes.length / 8);
const bytes = (content: Uint8Array): Blob => blob('bytes', content);

/** The two parts; undefined where the first would be longer than the whole, or negative. */
function split(content: Uint8Array, at: bigint): Value | undefined {
  if (at < 0n || at > BigInt(content.length)) return undefined;
  const index = Number(at);
  return tuple([bytes(content.subarray(0, index)), bytes(content.subarray(index))]);
}

/** A negative length is that of the second part. */
function splitAny(content: Uint8Array, at: bigint): Value | undefined {
  // the chain takes 0 as the length of the second part
  return split(content, at > 0n ? at : BigInt(content.length) + at);
}

/** No machine holds more. */
const maxBytes = 2n ** 50n;

/** The lowest bytes in two's complement, big-endian. */
function intToBytes(value: bigint, length: bigint): Uint8Array {
  const low = BigInt.asUintN(Number(length) * 8, value);
  const out = new Uint8Array(Number(length));
  const digits = low === 0n ? '' : low.toString(16);
  const padded = digits.length % 2 === 0 ? digits : `0${digits}`;
  for (let i = padded.length; i > 0; i -= 2)
    out[out.length - (padded.length - i) / 2 - 1] = Number.parseInt(padded.slice(i - 2, i), 16);
  return out;
}

export const byteArrays: Group = {
  BYTES_TO_INT: unary('bytes_to_int', (a) => {
    if (!isBlob(a, 'bytes')) return undefined;
    spendWork(20 * a.bytes.length);
    return bytesToBigint(a.bytes);
  }),
  BYTES_TO_STR: (vm, args) => {
    const a = vm.get(args[1]!);
    const text = isBlob(a, 'bytes') ? new TextEncoder().encode(toHex(a.bytes).toUpperCase()) : undefined;
    const result = resultOf(vm, 'bytes_to_str', text && blob('string', text), [a]) as Blob;
    vm.spendCells(cellsOf(result) + 1);
    vm.set(args[0]!, result);
  },
  BYTES_CONCAT: (vm, args) => {
    const [a, b] = [vm.get(args[1]!), vm.get(args[2]!)];
    const joined =
      isBlob(a, 'bytes') && isBlob(b, 'bytes') ? bytes(concatBytes(a.bytes, b.bytes)) : undefined;
    const result = resultOf(vm, 'bytes_concat', joined, [a, b]) as Blob;
    vm.spendCells(cellsOf(result));
    vm.set(args[0]!, result);
  },
  BYTES_SPLIT: (vm, args) => {
    binary('bytes_split', (a, at) =>
      isBlob(a, 'bytes') && typeof at === 'bigint' ? split(a.bytes, at) : undefined,
    )(vm, args);
    vm.spendCells(4);
  },
  BYTES_SPLIT_ANY: since(fate3, 'bytes_split_any', (vm, args) => {
    const [a, at] = [vm.get(args[1]!), vm.get(args[2]!)];
    if (!isBlob(a, 'bytes') || typeof at !== 'bigint')
      throw vm.abort(aborts.typeError('bytes_split_any', [a, at]));
    const parts = splitAny(a.bytes, at);
    if (parts) vm.spendCells(4);
    vm.set(args[0]!, parts ? some(parts) : none);
  }),
  BYTES_SIZE: since(fate3, 'bytes_size', (vm, args) => {
    const a = vm.get(args[1]!);
    if (!isBlob(a, 'bytes')) throw vm.abort(aborts.typeError('bytes_size', [a]));
    vm.spendCells(1);
    vm.set(args[0]!, BigInt(a.bytes.length));
  }),
  BYTES_TO_FIXED_SIZE: since(
    fate3,
    'bytes_to_fixed_size',
    binary('bytes_to_fixed_size', (a, size) => {
      if (!isBlob(a, 'bytes') || typeof size !== 'bigint') return undefined;
      return BigInt(a.bytes.length) === size ? some(a) : none;
    }),
  ),
  INT_TO_BYTES: since(fate3, 'int_to_bytes', (vm, args) => {
    const [value, length] = [vm.get(args[1]!), vm.get(args[2]!)];
    if (typeof value !== 'bigint' || typeof length !== 'bigint')
      throw vm.abort(aborts.typeError('int_to_bytes', [value, length]));
    if (length < 0n || length > maxBytes) throw new Crash(`no byte array has ${length} bytes`);
    // paid before it is made: the chain makes it first, with the same outcome
    vm.spendCells(Math.floor(Number(length) / 8) + 1);
    vm.set(args[0]!, bytes(intToBytes(value, length)));
  }),
  INT_TO_ADDR: unary('int_to_addr', (a) =>
    typeof a === 'bigint' ? aborts.disabled('INT_TO_ADDR') : undefined,
  ),
  ADDRESS_TO_BYTES: since(fate3, 'addr_to_bytes', (vm, args) => {
    const a = vm.get(args[1]!);
    const result = resultOf(vm, 'addr_to_bytes', isBlob(a, 'address') ? bytes(a.bytes) : undefined, [
      a,
    ]) as Blob;
    vm.spendCells(cellsOf(result) + 1);
    vm.set(args[0]!, result);
  }),
  CONTRACT_TO_ADDRESS: unary('contract_to_address', (a) =>
    isBlob(a, 'contract') ? blob('address', a.bytes) : undefined,
  ),
  ADDRESS_TO_CONTRACT: unary('address_to_contract', (a) =>
    isBlob(a, 'address') ? blob('contract', a.bytes) : undefined,
  ),
};
