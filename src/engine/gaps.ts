/**
 * Nonces of the account that nothing is going to use: one was given back while a later one was in use, or a
 * reorganisation took what had it. A block takes an account's transactions in the order of their nonces, so such a gap
 * holds up all behind it, also what has to answer a false close. It is closed by a transaction that moves nothing.
 */
import type { Nonces } from './nonces.ts';
import type { Chain, Store } from './ports.ts';

/** Blocks for which a nonce has to lie unused: what was made a moment ago may be on its way to the node. */
const patience = 2;
const holder = 'gap';

export interface GapsDeps {
  store: Store;
  chain(): Chain;
  nonces: Nonces;
  account: Uint8Array;
  /** Whether this holder of the nonce sees to it that it gets spent; what waits for that is posted again. */
  isKept(holder: string, nonce: bigint): Promise<boolean>;
  /** Whether what waits behind this nonce may not wait. */
  isUrgent(nonce: bigint): boolean;
  /** A signed transaction that spends this nonce on nothing; each try is for twice the fee of the one before. */
  spend(nonce: bigint, tries: number): Promise<Uint8Array>;
}

export interface Gaps {
  /** @param used the account's last nonce on the chain, in a block of this height */
  look(used: bigint, height: number): Promise<void>;
}

export function createGaps({ store, chain, nonces, account, isKept, isUrgent, spend }: GapsDeps): Gaps {
  let gap: { nonce: bigint; since: number; tries: number } | null = null;

  async function isUnused(nonce: bigint): Promise<boolean> {
    const holders = nonces.holders();
    if (!holders.some((one) => one.nonce > nonce)) return false;
    const known = holders.find((one) => one.nonce === nonce)?.holder;
    if (known !== undefined && known !== holder && (await isKept(known, nonce))) return false;
    return (await chain().nextNonce(account, 'continuity')) <= nonce;
  }

  return {
    async look(used, height) {
      const nonce = used + 1n;
      if (!(await isUnused(nonce))) {
        gap = null;
        return;
      }
      if (gap?.nonce !== nonce) gap = { nonce, since: height, tries: 0 };
      if (height - gap.since < (isUrgent(nonce) ? 0 : patience)) return;
      // False where it is held all the same, by what will not use it.
      await nonces.take(nonce, holder);
      await store.commit([nonces.hold(nonce, holder)]);
      const signed = await spend(nonce, gap.tries);
      // The node takes nothing twice that it has dropped once: for another fee it is another transaction.
      gap = { nonce, since: height, tries: gap.tries + 1 };
      await chain().post(signed);
    },
  };
}
