/** Hashes, what a signature is on, and the signed form (tag 11) that goes on chain or into a payload. */
import { blake2b } from '@noble/hashes/blake2.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { compareBytes, concatBytes } from '../bytes.ts';
import { binary, fixed, list, readObject, writeObject } from './layout.ts';
import { TxError } from './tx.ts';

/** BLAKE2b-256, the chain's hash. */
export const blake2b256 = (bytes: Uint8Array): Uint8Array => blake2b(bytes, { dkLen: 32 });

/**
 * Hash of a transaction's bytes. Of the unsigned form it is what signatures are on (`transaction_data` of the
 * protocol's messages), of the signed form it is the transaction hash on chain (th_).
 */
export const txHash = blake2b256;

/** What a transaction's signature is on: network_id, then the hash of the unsigned transaction. */
export const signingBytes = (networkId: string, hash: Uint8Array): Uint8Array =>
  concatBytes(utf8ToBytes(networkId), hash);

const layout = { tag: 11, version: 1, fields: { signatures: list(fixed(64)), tx: binary } } as const;
const failure = (message: string) => new TxError(message);

/**
 * The signed transaction. The chain wants exactly the required signatures, sorted; they are sorted here.
 * @throws TxError where a signature has not 64 bytes
 */
export const signedTx = (tx: Uint8Array, signatures: readonly Uint8Array[]): Uint8Array =>
  writeObject(layout, 'SignedTx', { signatures: [...signatures].sort(compareBytes), tx }, failure);

/**
 * Takes a signed transaction apart; `tx` is the unsigned one, serialized. Checks no signature.
 * @throws TxError where the bytes are no signed transaction
 */
export const parseSignedTx = (bytes: Uint8Array): { signatures: Uint8Array[]; tx: Uint8Array } =>
  readObject(layout, 'SignedTx', bytes, failure);
