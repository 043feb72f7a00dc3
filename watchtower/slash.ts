/** Which slashes are due, under which nonces and for which fees. Pure: what is signed and posted follows from it. */

import type { ChainChannel } from '../src/engine/ports.ts';
import { equalBytes } from '../src/protocol/bytes.ts';
import { minFee, type Unpriced } from '../src/protocol/chain/fee.ts';
import type { Guard } from './guards.ts';

/** Transactions that the node's mempool takes ahead of an account's nonce. */
const nonceWindow = 5;

/** What a slash may cost at most before it is known, in aetto: a state of balances, at the least gas price. */
export const usualFee = 60_000n * 10n ** 9n;

/** Whether the chain would take this round in place of what it has (CHAIN 1: round rule). */
export const isNewer = (round: bigint, object: Pick<ChainChannel, 'round' | 'soloRound'>): boolean =>
  round > (object.soloRound === 0n ? object.round : object.soloRound - 1n);

/** Whether this account may slash for that channel. */
export const isNamed = (account: Uint8Array, { delegates }: ChainChannel): boolean =>
  [...delegates.initiator, ...delegates.responder].some((key) => equalBytes(key, account));

export interface Job {
  guard: Guard;
  lockedUntil: number;
  /** The own slash waits in the mempool, or the node does not know it. */
  place: 'none' | 'unknown' | 'pending';
}

export interface Step {
  guard: Guard;
  /** The same transaction again, or one signed anew. */
  post: 'again' | 'anew';
  nonce: bigint;
  /** aetto; of one signed anew only. */
  fee: bigint;
}

/**
 * The account's next nonces go to what has one already, in their order, then to what is due first; so no nonce stays
 * unused below another, whatever became of earlier slashes. What stood a block long is paid twice as much.
 * @param spent the account's last used nonce
 * @param maxFee aetto that no slash goes above
 */
export function plan(
  jobs: readonly Job[],
  spent: bigint,
  height: number,
  maxFee: bigint,
  self: Uint8Array,
): Step[] {
  const isWaiting = ({ guard: { slash } }: Job) => slash !== null && slash.nonce > spent;
  const waiting = jobs.filter(isWaiting).sort((a, b) => compare(a.guard.slash!.nonce, b.guard.slash!.nonce));
  const others = jobs.filter((job) => !isWaiting(job)).sort((a, b) => a.lockedUntil - b.lockedUntil);
  return [...waiting, ...others].slice(0, nonceWindow).map(({ guard, place }, index): Step => {
    const nonce = spent + 1n + BigInt(index);
    const { slash } = guard;
    const stands = slash?.nonce === nonce && slash.round === guard.round;
    if (slash && stands && height <= slash.height) return { guard, post: 'again', nonce, fee: slash.fee };
    const least = minFee(unsigned(guard, self, nonce));
    const raised = slash && stands && place !== 'none' ? 2n * slash.fee : least;
    const capped = raised > maxFee ? maxFee : raised;
    const fee = capped > least ? capped : least;
    if (slash && stands && fee <= slash.fee) return { guard, post: 'again', nonce, fee: slash.fee };
    return { guard, post: 'anew', nonce, fee };
  });
}

export const unsigned = (
  guard: Guard,
  self: Uint8Array,
  nonce: bigint,
): Unpriced & { type: 'ChannelSlashTx' } => ({
  type: 'ChannelSlashTx',
  channelId: guard.channelId,
  fromId: self,
  payload: guard.payload,
  poi: guard.poi,
  ttl: 0n,
  nonce,
});

const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);
