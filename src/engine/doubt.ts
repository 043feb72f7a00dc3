/**
 * After a loss: nonces that the key may have signed for before, for half-signed transactions that nobody here remembers,
 * are spent on nothing. Until that is final no channel that was there before signs anything new with its other side, or
 * an old deposit, withdrawal or close could take effect beside it (PROTOCOL 1).
 */
import type { Nonces } from './nonces.ts';
import { type Chain, type Store, TransactionRefusedError } from './ports.ts';

/** A node's mempool takes nonces so far ahead of the account's. */
const ahead = 5n;
/** Blocks after which what waits in the mempool under the next nonce is replaced. */
const patience = 2;
/** What stays in the account beside all this, for disputes: aetto. */
const kept = 10n ** 15n;

export interface DoubtStatus {
  /** Nonces that are not spent yet; 0 while the last ones get their blocks. */
  left: number;
  /** What spending them costs, in aetto. */
  cost: bigint;
  /** The account holds too little for that. */
  short: boolean;
}

export interface DoubtDeps {
  store: Store;
  chain(): Chain;
  nonces: Nonces;
  account: Uint8Array;
  /** A signed transaction that spends this nonce on nothing, at a fee that is taken before that of others; its fee. */
  spend(nonce: bigint): Promise<{ signed: Uint8Array; fee: bigint }>;
  /** Whether this holder of the nonce sees to it that it gets spent; what waits for that is posted again. */
  isKept(holder: string, nonce: bigint): Promise<boolean>;
}

export interface Doubt {
  /** As the last look found it; null before the first and after the end. */
  status(): DoubtStatus | null;
  /**
   * Spends what the node takes now.
   * @param depth blocks after which it counts as final
   * @returns whether nothing is in doubt any more
   */
  look(height: number, depth: number): Promise<boolean>;
}

const holder = 'doubt';

export function createDoubt({ store, chain, nonces, account, spend, isKept }: DoubtDeps): Doubt {
  let status: DoubtStatus | null = null;
  let spentAt: number | null = null;
  let stuck: { used: bigint; since: number } | null = null;

  async function spendOn(nonce: bigint): Promise<void> {
    const before = nonces.holders().find((one) => one.nonce === nonce)?.holder;
    if (before !== undefined && before !== holder && (await isKept(before, nonce))) return;
    if (before === undefined) await nonces.take(nonce, holder);
    await store.commit([nonces.hold(nonce, holder)]);
    const { signed } = await spend(nonce);
    await chain().post(signed);
  }

  return {
    status: () => status,
    async look(height, depth) {
      const { nonce: used, balance } = await chain().account(account);
      const upTo = await nonces.doubtfulUpTo(used);
      if (used >= upTo) {
        spentAt ??= height;
        const over = height - spentAt >= depth;
        status = over ? null : { left: 0, cost: 0n, short: false };
        return over;
      }
      spentAt = null;
      if (stuck?.used !== used) stuck = { used, since: height };
      const left = upTo - used;
      const { fee } = await spend(upTo);
      status = { left: Number(left), cost: left * fee, short: balance < left * fee + kept };
      if (status.short) return false;
      // What the node has already is spent by itself, unless nobody takes it.
      const first = height - stuck.since >= patience ? used + 1n : await chain().nextNonce(account);
      try {
        for (let nonce = first; nonce <= upTo && nonce <= used + ahead; nonce++) await spendOn(nonce);
      } catch (error) {
        // The node has it already, or takes no more for now.
        if (!(error instanceof TransactionRefusedError)) throw error;
      }
      return false;
    },
  };
}
