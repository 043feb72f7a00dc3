/**
 * Key and micro blocks, linked by hash. A hash is BLAKE2b-256 over an RLP list of the header's fields: sized as the
 * chain's hashes are, computed by a serialization of our own (nothing outside reads our headers' bytes).
 */
import { RLP } from '@ethereumjs/rlp';
import { fromHex } from '../src/protocol/bytes.ts';
import { blake2b256 } from '../src/protocol/chain/signed.ts';
import { serializeCall } from '../src/protocol/vm/index.ts';
import { type KeyPair, keyPair } from './ed25519.ts';
import type { Account, Changes, Channel } from './rules/state.ts';
import type { Transaction } from './transaction.ts';

export const protocolVersion = 6;

/** Difficulty and target never change here; the values are those of the node in dev mode. */
export const difficulty = 1338;

export interface KeyBlock {
  readonly kind: 'key';
  readonly hash: Uint8Array;
  readonly height: number;
  /** The block before it: the last micro block of the generation before, or its key block. */
  readonly prevHash: Uint8Array;
  readonly prevKeyHash: Uint8Array;
  readonly stateHash: Uint8Array;
  /** Of the miner's key: a fresh one for every block, as the node in dev mode has it. */
  readonly minerSeed: Uint8Array;
  /** Milliseconds since 1970. */
  readonly time: number;
}

export interface MicroBlock {
  readonly kind: 'micro';
  readonly hash: Uint8Array;
  readonly height: number;
  readonly prevHash: Uint8Array;
  readonly prevKeyHash: Uint8Array;
  readonly stateHash: Uint8Array;
  readonly txsHash: Uint8Array;
  readonly signature: Uint8Array;
  readonly time: number;
  readonly transactions: readonly Transaction[];
  /** The values that the block replaced. */
  readonly undo: Changes;
}

export type Block = KeyBlock | MicroBlock;

/** A key block and the micro blocks on top of it. */
export interface Generation {
  readonly key: KeyBlock;
  readonly micros: MicroBlock[];
}

/** `fork` tells apart blocks of one height on different forks. */
export function keyBlock(fields: {
  height: number;
  prevHash: Uint8Array;
  prevKeyHash: Uint8Array;
  stateHash: Uint8Array;
  time: number;
  fork: number;
}): KeyBlock {
  const { height, prevHash, prevKeyHash, stateHash, time, fork } = fields;
  const minerSeed = blake2b256(RLP.encode(['miner', prevHash, height, fork]));
  const hash = blake2b256(
    RLP.encode(['key', protocolVersion, height, prevHash, prevKeyHash, stateHash, minerSeed, time]),
  );
  return { kind: 'key', hash, height, prevHash, prevKeyHash, stateHash, minerSeed, time };
}

/** The key that signs the generation's micro blocks. */
export function minerOf(block: KeyBlock): KeyPair {
  return keyPair(block.minerSeed);
}

export function microBlock(fields: {
  key: KeyBlock;
  prevHash: Uint8Array;
  stateHash: Uint8Array;
  time: number;
  transactions: readonly Transaction[];
  undo: Changes;
}): MicroBlock {
  const { key, prevHash, stateHash, time, transactions, undo } = fields;
  const txsHash = blake2b256(RLP.encode(transactions.map((transaction) => transaction.hash)));
  const header = ['micro', protocolVersion, key.height, prevHash, key.hash, stateHash, txsHash, time];
  const hash = blake2b256(RLP.encode(header));
  return {
    kind: 'micro',
    hash,
    height: key.height,
    prevHash,
    prevKeyHash: key.hash,
    stateHash,
    txsHash,
    signature: minerOf(key).sign(hash),
    time,
    transactions,
    undo,
  };
}

/** The running commitment to the state: hash of the one before and of what changed. */
export function nextStateHash(before: Uint8Array, changes: Changes): Uint8Array {
  const sorted = <T>(table: ReadonlyMap<string, T | undefined>, fields: (value: T) => RlpInput[]) =>
    [...table]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, value]) => [fromHex(key), value === undefined ? [] : fields(value)]);
  const calls = sorted(changes.calls, (call) => [serializeCall(call)]);
  const tables = [sorted(changes.accounts, accountFields), sorted(changes.channels, channelFields)];
  return blake2b256(RLP.encode([before, ...tables, ...(calls.length > 0 ? [calls] : [])]));
}

type RlpInput = Uint8Array | bigint | number | string | RlpInput[];

function accountFields(account: Account): RlpInput[] {
  return [account.balance, account.nonce];
}

function channelFields(channel: Channel): RlpInput[] {
  return [
    channel.initiator,
    channel.responder,
    channel.channelAmount,
    channel.initiatorAmount,
    channel.responderAmount,
    channel.channelReserve,
    [...channel.initiatorDelegates],
    [...channel.responderDelegates],
    channel.stateHash,
    channel.round,
    channel.soloRound,
    channel.lockPeriod,
    channel.lockedUntil,
  ];
}
