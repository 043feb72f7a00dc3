/** An account as the state trees hold it (tag 10). */
import { equalBytes } from '../bytes.ts';
import { binary, contract, int, readFields, readHead, writeObject } from '../chain/layout.ts';
import { StateError } from './error.ts';

export interface Account {
  /** 0 in a channel's trees */
  nonce: bigint;
  /** aetto */
  balance: bigint;
  /** bit 0: takes no coins but by a contract call; 0 for the accounts of people */
  flags: bigint;
  /** contract (32 bytes) and hash of the function that authorizes for a generalized account */
  generalized?: { contract: Uint8Array; authFun: Uint8Array };
}

const plain = { tag: 10, version: 1, fields: { nonce: int, balance: int } } as const;
const generalized = {
  tag: 10,
  version: 2,
  fields: { flags: int, nonce: int, balance: int, contract, authFun: binary },
} as const;
const flagged = { tag: 10, version: 3, fields: { flags: int, nonce: int, balance: int } } as const;

const failure = (message: string) => new StateError(message);

/** In the lowest version that holds all of it, as the chain does. */
export function serializeAccount(account: Account): Uint8Array {
  if (account.generalized)
    return writeObject(generalized, 'account', { ...account, ...account.generalized }, failure);
  return writeObject(account.flags === 0n ? plain : flagged, 'account', account, failure);
}

/** @throws StateError where the bytes are no account in its canonical form */
export function parseAccount(bytes: Uint8Array): Account {
  const account = readAccount(bytes);
  if (!equalBytes(serializeAccount(account), bytes))
    throw new StateError('account: the serialization is not the canonical one');
  return account;
}

function readAccount(bytes: Uint8Array): Account {
  const { tag, version, items } = readHead(bytes, 'account', failure);
  if (tag !== BigInt(plain.tag)) throw new StateError(`account: tag ${tag}, not ${plain.tag}`);
  if (version === 1n) return { ...readFields(plain, 'account', items, failure), flags: 0n };
  if (version === 3n) return readFields(flagged, 'account', items, failure);
  if (version !== 2n) throw new StateError(`account: version ${version} is not supported, only 1 to 3`);
  const { flags, nonce, balance, contract, authFun } = readFields(generalized, 'account', items, failure);
  return { nonce, balance, flags, generalized: { contract, authFun } };
}
