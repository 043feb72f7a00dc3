/**
 * What the channel engine needs of its surroundings. The browser's worker and the headless peer each bring their
 * own: IndexedDB or SQLite, libp2p dialling through a relay or listening, the vault's key or a key file.
 */

import type { FoundBlock, KeyBlock } from '../protocol/channel/index.ts';

/** Tables of the store. A folder of facts each; keys are strings that sort as they should be read. */
export const tables = [
  /** local id -> the channel's record (its head: everything but its history). */
  'channels',
  /** `${local id}/${index, 12 digits}` -> one history item. */
  'history',
  /** `${network}/${account}/${nonce, 20 digits}` -> who holds that nonce (PROTOCOL 1: one ledger of nonces). */
  'nonces',
  /** `${local id}/${hash, 64 hex digits}` -> a node of that channel's state trees, as RLP (nodes.ts). */
  'nodes',
  /** `${scope}/${request id}` -> outcome of a request that was acted on. */
  'requests',
  /** Sites: origin -> permission. */
  'sites',
  /** `${origin}/${local id}` -> what the site may pay there without a question, what of it is used and reserved. */
  'budgets',
  /** `${origin}/${number, 12 digits}` -> an event for a page. */
  'events',
  /** Approvals that wait for the person: id -> approval. */
  'approvals',
  /** Settings, vault record, network, schema: by name. */
  'meta',
] as const;
export type Table = (typeof tables)[number];

/** One write of a commit; `value` undefined deletes. Values are structured-cloneable (bigint, Uint8Array too). */
export type Write = { table: Table; key: string; value: unknown };

export interface Range {
  /** Only keys that start so. */
  prefix?: string;
  /** Only keys below this one. */
  before?: string;
  /** Only keys above this one. */
  after?: string;
  /** Highest key first. */
  reverse?: boolean;
  limit?: number;
}

/** A store that could not do what it was asked (full disk, closed, damaged). The message says what to do. */
export class StoreError extends Error {
  override name = 'StoreError';
}

export interface Store {
  /**
   * All of the writes, or none, in one strictly durable transaction: when this resolves they survive a power cut.
   * Commits take effect in the order of the calls. Rejects with StoreError; then nothing of it was written.
   */
  commit(writes: readonly Write[]): Promise<void>;
  get(table: Table, key: string): Promise<unknown>;
  list(table: Table, range?: Range): Promise<{ key: string; value: unknown }[]>;
  close(): Promise<void>;
}

/** Signs with the account's key. Rejects with a sentence when the wallet is locked. */
export interface Signer {
  publicKey: Uint8Array;
  /** Ed25519 signature (64 bytes) of exactly these bytes. */
  sign(bytes: Uint8Array): Promise<Uint8Array>;
}

/** Ed25519 verification; false for anything malformed. */
export type Verify = (publicKey: Uint8Array, bytes: Uint8Array, signature: Uint8Array) => Promise<boolean>;

/** Milliseconds since 1970, and timers. */
export interface Clock {
  now(): number;
  /** Calls back once after `ms`; the returned function cancels it. */
  after(ms: number, callback: () => void): () => void;
}

/** Cryptographically random bytes. */
export type Random = (length: number) => Uint8Array;

/** One ordered, encrypted byte stream to an authenticated party. */
export interface Link {
  /** The party's account: the Ed25519 key that authenticated the connection. */
  readonly peer: Uint8Array;
  /** True where this side opened it. */
  readonly dialled: boolean;
  /** Queues bytes; never blocks. After `onClose` it does nothing. */
  send(bytes: Uint8Array): void;
  /** Exactly one handler each, set before the next turn of the event loop. */
  onData(handler: (chunk: Uint8Array) => void): void;
  onClose(handler: (reason: string) => void): void;
  close(): void;
}

/** Why a peer could not be reached, in one sentence. */
export class UnreachableError extends Error {
  override name = 'UnreachableError';
}

export interface Transport {
  /**
   * Opens a stream to this account at one of these multiaddrs, for channels or another protocol by its name. Rejects
   * with UnreachableError.
   */
  connect(peer: Uint8Array, addresses: readonly string[], protocol?: string): Promise<Link>;
  /** Streams that others open to us. */
  onLink(handler: (link: Link) => void): void;
  /** Multiaddrs at which others reach us now (for invites); empty while unreachable. */
  addresses(): string[];
  onAddresses(handler: () => void): void;
  stop(): Promise<void>;
}

/** The node could not be asked, or answered with something that is no answer. */
export class ChainUnavailableError extends Error {
  override name = 'ChainUnavailableError';
}
/** The node refused a transaction; `reason` is the node's own word (`nonce_too_low`, ...). */
export class TransactionRefusedError extends Error {
  override name = 'TransactionRefusedError';
  readonly reason: string;
  constructor(reason: string, message: string) {
    super(message);
    this.reason = reason;
  }
}

export interface ChainStatus {
  networkId: string;
  /** Hash of the genesis key block, 32 bytes: the draft's chain_hash. */
  chainHash: Uint8Array;
  height: number;
  /** The node itself says that it has not caught up with its chain. */
  syncing: boolean;
}

/** A channel object on chain. Amounts in aetto. */
export interface ChainChannel {
  id: Uint8Array;
  initiator: Uint8Array;
  responder: Uint8Array;
  channelAmount: bigint;
  initiatorAmount: bigint;
  responderAmount: bigint;
  channelReserve: bigint;
  round: bigint;
  soloRound: bigint;
  stateHash: Uint8Array;
  lockPeriod: number;
  /** Height from which a settle is possible; 0 while active. */
  lockedUntil: number;
  /** Accounts that may slash, those that either side named. */
  delegates: { initiator: Uint8Array[]; responder: Uint8Array[] };
}

/** The chain by one node's HTTP API v3. Every call rejects with ChainUnavailableError when it cannot be answered. */
export interface Chain {
  status(): Promise<ChainStatus>;
  /** Balance and last used nonce; zeros for an account that the chain does not know. */
  account(publicKey: Uint8Array): Promise<{ balance: bigint; nonce: bigint }>;
  /** The next nonce, transactions in the mempool counted in: the one behind them all, or (`continuity`) the first gap. */
  nextNonce(publicKey: Uint8Array, strategy?: 'max' | 'continuity'): Promise<bigint>;
  /** Posts a signed transaction; one that the node knows already counts as posted. Rejects with TransactionRefusedError. */
  post(signedTx: Uint8Array): Promise<Uint8Array>;
  /** `unknown`, `pending`, or the height of its block. */
  transaction(hash: Uint8Array): Promise<'unknown' | 'pending' | { height: number }>;
  channel(channelId: Uint8Array): Promise<ChainChannel | null>;
  /** The key block of the main chain with this hash or height, null: the newest. Null where there is none. */
  keyBlock(at: Uint8Array | number | null): Promise<FoundBlock | null>;
  /**
   * The forced round of a channel in the generation of this height: the unsigned channel_force_progress, and the block
   * that it is in with its key block's hash. Null where none makes this round there.
   */
  forced(
    channelId: Uint8Array,
    round: bigint,
    height: number,
  ): Promise<{ tx: Uint8Array; block: KeyBlock } | null>;
  /** Aetto of an account in the state of this key block; 0 where it had none. */
  balanceAt(publicKey: Uint8Array, block: Uint8Array): Promise<bigint>;
}
