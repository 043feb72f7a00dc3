/**
 * Nonces of the own account that this channel signed a transaction for and that the chain has not spent (PROTOCOL 1).
 * They stay known whatever becomes of the transaction: nothing behind them could be mined, so what is signed next takes
 * the place of the first.
 */
import { account, reserveNonce } from './ask.ts';
import { ownKey } from './record.ts';
import type { Channel, Held, Rule } from './types.ts';

/** How far a receiver searches for the payer's nonce (PROTOCOL 1). */
export const nonceSearch = 16n;

/**
 * Whether the other side would not find it. Nothing that it could complete is ever signed for such a nonce, so that after
 * a loss it is known how far those reach that may have been. @param spent the account's nonce on chain
 */
export const isOutOfReach = (nonce: bigint, spent: bigint): boolean => nonce > spent + nonceSearch;
export const outOfReach = (nonce: bigint, spent: bigint): string =>
  `${nonce - spent - 1n} transactions of this account wait for a block: try again when they have theirs`;

/** With this nonce held, by a transaction of this fee (aetto). */
export function hold(held: readonly Held[], nonce: bigint, fee: bigint): Held[] {
  const known = held.find((one) => one.nonce === nonce);
  const others = held.filter((one) => one.nonce !== nonce);
  return [...others, { nonce, fee: known && known.fee > fee ? known.fee : fee }];
}

/** Whether this nonce is of a transaction that this side has signed and the other one has not, as far as is known. */
export function isHalfSigned({ funding, closing, move, role }: Channel, nonce: bigint): boolean {
  const joint = [funding, closing?.by === role ? closing : null, move?.by === role ? move : null];
  return joint.some((one) => one?.nonce === nonce && !(one.signatures.initiator && one.signatures.responder));
}

/** What the chain has not spent. @param spent the account's nonce on chain */
export const unspent = (channel: Channel, spent: bigint): Held[] =>
  channel.held.filter(({ nonce }) => nonce > spent).sort((a, b) => (a.nonce < b.nonce ? -1 : 1));

/** The own nonce for what is signed next, the first of what waits or a new one; null where the node cannot be asked. */
export function* nextNonce(channel: Channel): Rule<{ nonce: bigint | null; waiting: Held[]; spent: bigint }> {
  const own = yield* account(ownKey(channel));
  const waiting = own ? unspent(channel, own.nonce) : [];
  const nonce = waiting[0]?.nonce ?? (own && (yield* reserveNonce()));
  return { nonce, waiting, spent: own?.nonce ?? 0n };
}

/** The fee at which a miner prefers a transaction to what waits under its nonce. */
export const replacing = (held: Held | undefined, least: bigint): bigint =>
  held && held.fee * 2n > least ? held.fee * 2n : least;
