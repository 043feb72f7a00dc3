/**
 * Transactions that wait for a block. Ordered as the node orders them: higher fee first, within an account by
 * nonce. Two transactions with one nonce wait side by side; the one with the higher fee is tried first, and the
 * other is dropped as soon as the nonce is used. What cannot be applied waits, is counted as failed once per
 * generation, and is dropped by the limits below, by its ttl, or after 6720 key blocks.
 */
import { toHex } from '../src/protocol/bytes.ts';
import type { Transaction } from './transaction.ts';

/** Key blocks that a transaction without ttl is kept. */
const keepFor = 6720;

/** Generations in which a transaction may fail with this reason before it is dropped; the node's defaults. */
const failureLimits: ReadonlyMap<string, number> = new Map([
  ['insufficient_funds', 20],
  ['wrong_amounts', 20],
  ['tx_nonce_too_high_for_account', 30],
  ['tx_nonce_already_used_for_account', 1],
  ['account_not_peer', 1],
  ['account_not_peer_or_delegate', 1],
  ['channel_not_active', 1],
  ['old_round', 1],
  ['same_round', 1],
]);
const defaultFailureLimit = 5;

export interface PoolEntry {
  readonly transaction: Transaction;
  /** Dropped above this height. */
  readonly keepUntil: number;
  /** Not mined below this height. */
  readonly notBefore: number;
  failures: number;
  failedAt: number;
  /** Why it was not mined at the last attempt. */
  reason: string | undefined;
}

export type Order = 'fee' | 'reverse' | 'arrival';

export class Mempool {
  readonly #entries = new Map<string, PoolEntry>();
  readonly #byAccount = new Map<string, Set<string>>();

  get size(): number {
    return this.#entries.size;
  }

  get(hash: Uint8Array): PoolEntry | undefined {
    return this.#entries.get(toHex(hash));
  }

  add(transaction: Transaction, height: number, delay = 0): void {
    const key = toHex(transaction.hash);
    const keepUntil = transaction.ttl === 0n ? height + keepFor : Number(transaction.ttl);
    this.#entries.set(key, {
      transaction,
      keepUntil: Math.min(keepUntil, height + keepFor),
      notBefore: height + delay,
      failures: 0,
      failedAt: -1,
      reason: undefined,
    });
    const account = toHex(transaction.origin);
    const hashes = this.#byAccount.get(account) ?? new Set();
    this.#byAccount.set(account, hashes.add(key));
  }

  remove(hash: Uint8Array): void {
    const entry = this.#entries.get(toHex(hash));
    if (!entry) return;
    this.#entries.delete(toHex(hash));
    const account = toHex(entry.transaction.origin);
    const hashes = this.#byAccount.get(account)!;
    hashes.delete(toHex(hash));
    if (hashes.size === 0) this.#byAccount.delete(account);
  }

  /** An account's waiting transactions, by nonce; of one nonce the latest first. */
  ofAccount(publicKey: Uint8Array): Transaction[] {
    return [...(this.#byAccount.get(toHex(publicKey)) ?? [])]
      .reverse()
      .map((hash) => this.#entries.get(hash)!.transaction)
      .sort((a, b) => compare(a.nonce, b.nonce));
  }

  /** What may be mined at this height, in the order in which a miner tries it. */
  candidates(height: number, order: Order): PoolEntry[] {
    const ready = [...this.#entries.values()].filter((entry) => entry.notBefore <= height);
    if (order === 'arrival') return ready;
    ready.sort(
      (a, b) =>
        compare(b.transaction.fee, a.transaction.fee) || compare(a.transaction.nonce, b.transaction.nonce),
    );
    return order === 'reverse' ? ready.reverse() : ready;
  }

  /** Notes a failed attempt; true where the transaction has failed too often and is to be dropped. */
  failed(entry: PoolEntry, reason: string, height: number): boolean {
    entry.reason = reason;
    if (entry.failedAt !== height) {
      entry.failedAt = height;
      entry.failures += 1;
    }
    return entry.failures >= (failureLimits.get(reason) ?? defaultFailureLimit);
  }

  /** Hashes of those whose time is over at this height. */
  expired(height: number): Uint8Array[] {
    return [...this.#entries.values()]
      .filter((entry) => height > entry.keepUntil)
      .map((entry) => entry.transaction.hash);
  }
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
