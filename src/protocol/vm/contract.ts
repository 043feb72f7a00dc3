/** Contracts and call objects as the state trees hold them (tags 40 and 41). */
import { bigintToFixedBytes, concatBytes } from '../bytes.ts';
import {
  account,
  anyId,
  binary,
  contract,
  type Fields,
  hash,
  int,
  list,
  readHead,
  readObject,
  writeObject,
} from '../chain/layout.ts';
import type { Item } from '../chain/rlp.ts';
import { blake2b256 } from '../chain/signed.ts';
import { StateError } from '../state/error.ts';

const failure = (message: string) => new StateError(message);

const contractLayout = {
  tag: 40,
  version: 2,
  fields: {
    /** the account or contract that made it */
    owner: anyId('account', 'contract'),
    /** VM version in the upper, ABI version in the lower 16 bits */
    ctVersion: int,
    /** contract code; empty for a clone */
    code: binary,
    /** of a clone: the contract whose code it runs */
    codeRef: list(contract),
    log: binary,
    active: int,
    referers: list(contract),
    /** aetto */
    deposit: int,
  },
} as const;
export type Contract = Fields<typeof contractLayout>;

/** Contracts of FATE 1 cannot be clones and are written without the field for it. */
const { codeRef: _, ...firstFields } = contractLayout.fields;
const firstLayout = { tag: 40, version: 1, fields: firstFields } as const;
const fate1 = 5n;

/** @throws StateError */
export function serializeContract(value: Contract): Uint8Array {
  const layout = value.ctVersion >> 16n <= fate1 ? firstLayout : contractLayout;
  return writeObject(layout, 'contract', value, failure);
}

/** @throws StateError where the bytes are no contract of version 1 or 2 */
export function parseContract(bytes: Uint8Array): Contract {
  const { version } = readHead(bytes, 'contract', failure);
  if (version === 1n) return { ...readObject(firstLayout, 'contract', bytes, failure), codeRef: [] };
  return readObject(contractLayout, 'contract', bytes, failure);
}

/** An event: contract, up to 4 topics of 32 bytes, data. */
export interface LogEntry {
  address: Uint8Array;
  topics: readonly Uint8Array[];
  data: Uint8Array;
}
const logEntry = {
  write: ({ address, topics, data }: LogEntry): Item => [address, [...topics], data],
  read(item: Item): LogEntry {
    const [address, topics, data] = item as [Uint8Array, Uint8Array[], Uint8Array];
    return { address, topics, data };
  },
};

const callLayout = {
  tag: 41,
  version: 2,
  fields: {
    caller: account,
    /** the round */
    nonce: int,
    /** the round, not the chain's height */
    height: int,
    contract,
    gasPrice: int,
    gasUsed: int,
    /** FATE value; the raw text of an error */
    returnValue: binary,
    /** 0 ok, 1 error, 2 revert */
    returnType: int,
    log: list(logEntry),
  },
} as const;
export type CallObject = Fields<typeof callLayout>;

/** @throws StateError */
export const serializeCall = (value: CallObject): Uint8Array =>
  writeObject(callLayout, 'call', value, failure);
/** @throws StateError where the bytes are no call object of version 2 */
export const parseCall = (bytes: Uint8Array): CallObject => readObject(callLayout, 'call', bytes, failure);

/** call_id = Hash(caller, round as 32 bytes, contract). */
export const callId = (caller: Uint8Array, round: bigint, contractKey: Uint8Array): Uint8Array =>
  blake2b256(concatBytes(caller, bigintToFixedBytes(round, 32), contractKey));

/** Key of a call object in the calls tree. */
export const callKey = (caller: Uint8Array, round: bigint, contractKey: Uint8Array): Uint8Array =>
  concatBytes(contractKey, callId(caller, round, contractKey));

/** A key in the contracts tree: what the contract stores under `key`; empty: the node of the store itself. */
export const storeKey = (contractKey: Uint8Array, key: Uint8Array): Uint8Array =>
  concatBytes(hash.write(contractKey) as Uint8Array, storePrefix, key);
const storePrefix = Uint8Array.of(0x10);
