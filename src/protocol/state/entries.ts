/** The chain's off-chain updates: the entries of a batch that an `update` carries (PROTOCOL 4). */
import {
  account,
  binary,
  contract,
  int,
  list,
  type ObjectOf,
  readAny,
  writeObject,
} from '../chain/layout.ts';

const layouts = {
  /** Moves `amount` aetto between the parties. */
  transfer: { tag: 570, version: 1, fields: { from: account, to: account, amount: int } },
  /** Part of a channel_deposit. */
  deposit: { tag: 571, version: 1, fields: { from: account, amount: int } },
  /** Part of a channel_withdraw. */
  withdraw: { tag: 572, version: 1, fields: { to: account, amount: int } },
  /** update_contract_init: `deposit` aetto go from the owner to the contract. */
  create: {
    tag: 573,
    version: 1,
    fields: {
      owner: account,
      /** VM version in the upper, ABI version in the lower 16 bits */
      ctVersion: int,
      code: binary,
      deposit: int,
      callData: binary,
    },
  },
  /** update_exec_func: `amount` aetto go from the caller to the contract. */
  call: {
    tag: 574,
    version: 1,
    fields: {
      caller: account,
      contract,
      abiVersion: int,
      amount: int,
      gas: int,
      /** aetto for a unit of gas, if the call is forced on chain */
      gasPrice: int,
      callData: binary,
      /** contracts that called before; empty in a channel */
      callStack: list(int),
    },
  },
  /** Opaque data of an application. */
  meta: { tag: 576, version: 2, fields: { data: binary } },
} as const;

/** One entry: amounts in aetto, ids as their 32 bytes. */
export type Entry = ObjectOf<typeof layouts>;
export type EntryOf<T extends Entry['type']> = Extract<Entry, { type: T }>;

/** Bytes are no entry, or a field cannot be serialized; the message names which. */
export class EntryError extends Error {
  override name = 'EntryError';
}

const failure = (message: string) => new EntryError(message);

/** What was read: a batch is looked at more than once on its way, and its bytes never change. */
const known = new WeakMap<Uint8Array, Entry>();

/** @throws EntryError where a field does not fit its layout */
export const serializeEntry = (entry: Entry): Uint8Array =>
  writeObject(layouts[entry.type], entry.type, entry, failure);

/**
 * Reads an entry; serializing the result gives the same bytes.
 * @throws EntryError where the bytes are not the canonical form of an entry in the table
 */
export function parseEntry(bytes: Uint8Array): Entry {
  let entry = known.get(bytes);
  if (!entry) {
    entry = readAny(layouts, 'off-chain update', bytes, failure);
    known.set(bytes, entry);
  }
  return entry;
}
