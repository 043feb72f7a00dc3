/**
 * Nonces of the own account that this channel signed a transaction for and that the chain has not spent (PROTOCOL 1).
 * They stay known whatever becomes of the transaction: nothing behind them could be mined, so what is signed next takes
 * the place of the first.
 */
import { account, reserveNonce } from './ask.ts';
import { ownKey } from './record.ts';
import type { Channel, Held, Rule } from './types.ts';

/** With this nonce held, by a transaction of this fee (aetto). */
export function hold(held: readonly Held[], nonce: bigint, fee: bigint): Held[] {
  const known = held.find((one) => one.nonce === nonce);
  const others = held.filter((one) => one.nonce !== nonce);
  return [...others, { nonce, fee: known && known.fee > fee ? known.fee : fee }];
}

/** What the chain has not spent. @param spent the account's nonce on chain */
export const unspent = (channel: Channel, spent: bigint): Held[] =>
  channel.held.filter(({ nonce }) => nonce > spent).sort((a, b) => (a.nonce < b.nonce ? -1 : 1));

/** The own nonce for what is signed next, the first of what waits or a new one; null where the node cannot be asked. */
export function* nextNonce(channel: Channel): Rule<{ nonce: bigint | null; waiting: Held[] }> {
  const own = yield* account(ownKey(channel));
  const waiting = own ? unspent(channel, own.nonce) : [];
  return { nonce: waiting[0]?.nonce ?? (own && (yield* reserveNonce())), waiting };
}

/** The fee at which a miner prefers a transaction to what waits under its nonce. */
export const replacing = (held: Held | undefined, least: bigint): bigint =>
  held && held.fee * 2n > least ? held.fee * 2n : least;
