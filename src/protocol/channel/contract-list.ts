/** The contracts that a state has, and what of a contract can be told by its code alone. */
import { equalBytes, toHex } from '../bytes.ts';
import { parseAccount } from '../state/account.ts';
import type { EntryOf } from '../state/entries.ts';
import { StateError } from '../state/error.ts';
import type { Trees } from '../state/trees.ts';
import {
  CodeError,
  type FateCode,
  findContract,
  functionId,
  parseByteCode,
  parseCallData,
  parseContractCode,
} from '../vm/index.ts';
import { codeHash, isContractBatch, readContractBatch } from './contracts.ts';
import type { Channel, CoSigned, Role } from './types.ts';

/** A contract as a state has it. */
export interface ContractThere {
  /** public key */
  contract: Uint8Array;
  /** the side that made it; null where a contract did */
  owner: Role | null;
  /** aetto */
  balance: bigint;
  /** as a policy names it; null for a clone, whose code is another contract's */
  codeHash: Uint8Array | null;
}

/** The contracts of a state. Each has an account, so their stores, however large, are not looked at. */
export function contractsOf(
  { keys }: Pick<Channel, 'keys'>,
  { trees }: Pick<CoSigned, 'trees'>,
): ContractThere[] {
  if (!trees || trees.contracts.isEmpty) return [];
  const known = listed.get(trees.accounts);
  if (known) return known;
  const found: ContractThere[] = [];
  for (const [contract, account] of trees.accounts.entries()) {
    const there = findContract(trees, contract);
    if (!there) continue;
    const { owner, code } = there;
    const side = (['initiator', 'responder'] as const).find((role) => equalBytes(owner.key, keys[role]));
    found.push({
      contract,
      owner: side ?? null,
      balance: parseAccount(account).balance,
      codeHash: code.length > 0 ? codeHash(code) : null,
    });
  }
  listed.set(trees.accounts, found);
  return found;
}
/** By the accounts tree: a contract is made together with its account. */
const listed = new WeakMap<Trees['accounts'], ContractThere[]>();

/** The peer's creation that waits for the person: its entry; null where what waits is something else. */
export function creationIn(serialized: readonly Uint8Array[]): EntryOf<'create'> | null {
  if (!isContractBatch(serialized)) return null;
  const batch = readContractBatch(serialized);
  return 'entry' in batch && batch.entry.type === 'create' ? batch.entry : null;
}

/** Which function call data is for, held against the code's function table. */
export interface CalledFunction {
  /** 4 bytes: the beginning of the hash of its name */
  id: Uint8Array;
  /** the name, where the code tells it and it has this hash */
  name: string | null;
  /** the code has it and lets it be called */
  callable: boolean;
}

/** @returns null where the call data is none, or the code cannot be read */
export function calledFunction(code: Uint8Array, callData: Uint8Array): CalledFunction | null {
  const parsed = parseCallData(callData);
  const table = tableOf(code);
  if (!parsed || !table) return null;
  const fn = parsed.function;
  if (typeof fn !== 'object' || fn.kind !== 'string') return null;
  const id = fn.bytes;
  const hex = toHex(id);
  const name = table.symbols.get(hex);
  const honest = name !== undefined && equalBytes(functionId(name), id);
  const found = table.functions.get(hex);
  return { id, name: honest ? name : null, callable: found !== undefined && !found.isPrivate };
}

function tableOf(code: Uint8Array): FateCode | null {
  try {
    return parseByteCode(parseContractCode(code).byteCode);
  } catch (error) {
    if (error instanceof CodeError || error instanceof StateError) return null;
    throw error;
  }
}

/** The code that a contract of this state runs; null where it cannot be found. */
export function codeOf({ trees }: Pick<CoSigned, 'trees'>, contract: Uint8Array): Uint8Array | null {
  const found = trees && findContract(trees, contract);
  if (!found) return null;
  const [original] = found.codeRef;
  return found.code.length > 0 || !original ? found.code : (findContract(trees, original)?.code ?? null);
}
