/** What a person has, by where it is and what can be done with it. */
import type { ChannelView, WalletView } from '../../rpc/schema.ts';

export type Phase = ChannelView['phase'];

const over: ReadonlySet<Phase> = new Set(['closed', 'aborted']);
export const isOver = (channel: ChannelView): boolean => over.has(channel.phase);

/** Nothing is committed yet: the coins still count as on chain. */
const uncommitted: ReadonlySet<Phase> = new Set([
  'opening',
  'considering',
  'reviewing',
  'accepted',
  'pushing',
  'half_signed',
  'cancelling',
]);
export const canAbort: ReadonlySet<Phase> = new Set([
  'opening',
  'considering',
  'reviewing',
  'accepted',
  'pushing',
  'half_signed',
]);
/** Coins move in it, or will as soon as the chain has seen enough. */
export const canMove: ReadonlySet<Phase> = new Set(['confirming', 'locking', 'open']);
export const canClose: ReadonlySet<Phase> = new Set(['confirming', 'locking', 'open', 'failed']);
/** Closing alone is for when the other side does not answer, or the channel has stopped. */
export const canCloseAlone = ({ phase, connection }: ChannelView): boolean =>
  phase === 'failed' ||
  (['locking', 'open', 'shutting_down', 'closing'].includes(phase) && connection !== 'online');

/** What of the own part always stays in the channel. */
export function reserveOf(channel: ChannelView): bigint {
  const mine = BigInt(channel.mine);
  const reserve = BigInt(channel.terms.channelReserve);
  return reserve < mine ? reserve : mine;
}

export type Totals = {
  spendable: bigint;
  reserve: bigint;
  /** In a channel that is not open yet, closing, or stopped; and what is being paid. */
  moving: bigint;
  onChain: bigint | null;
  total: bigint;
};

export function totalsOf(view: WalletView): Totals {
  let spendable = 0n;
  let reserve = 0n;
  let moving = 0n;
  for (const channel of view.channels) {
    const mine = BigInt(channel.mine);
    if (channel.phase === 'open') {
      spendable += BigInt(channel.spendable);
      reserve += reserveOf(channel);
      moving += mine - reserveOf(channel) - BigInt(channel.spendable);
    } else if (!isOver(channel) && !uncommitted.has(channel.phase) && leftAccount(channel)) moving += mine;
  }
  const onChain = view.account?.balance == null ? null : BigInt(view.account.balance);
  return { spendable, reserve, moving, onChain, total: spendable + reserve + moving + (onChain ?? 0n) };
}

/** Until the funding is in a block, its coins are still in the account's balance. */
const leftAccount = (channel: ChannelView): boolean =>
  channel.phase !== 'confirming' || channel.progress === null || channel.progress.confirmations >= 0;
