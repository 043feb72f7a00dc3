/**
 * A record that was made anew, or comes out of a backup: deposits, withdrawals and closes that it does not know may be
 * half signed, and updates too. So nothing is signed with the other side before the own nonces that they could have are
 * spent (PROTOCOL 1), and then only under numbers above all that were ever signed. What one side does alone is not held
 * back.
 */
import { serializeEntry } from '../state/entries.ts';
import { outcomeOf } from './failure.ts';
import type { EventKey } from './machine.ts';
import { numberAfter } from './numbers.ts';
import { change, latest, persist, refused, transition } from './record.ts';
import { isEmptyHanded } from './recover.ts';
import type { Channel, Env, Event, EventOf, Transition } from './types.ts';

const sentence =
  'This channel was restored: before anything is signed again, transactions that may have been signed before the loss are made void. Try again in some minutes.';

/** What makes this side sign something together with the other one. */
const joint: ReadonlySet<EventKey> = new Set<EventKey>([
  'request',
  'deposit',
  'withdraw',
  'decide_update',
  'message:update',
  'message:update_error',
  'message:update_deposit_created',
  'message:update_withdrawal_created',
  'message:closing_created',
  'chain:cancel',
]);

/** Null where the event may be met. A message that is not comes again with the next connection (PROTOCOL 6). */
export function heldBack(channel: Channel, key: EventKey, event: Event): Transition | null {
  if (!channel.doubt || !joint.has(key)) return null;
  if (event.type === 'request')
    return transition(channel, { type: 'answer', outcome: outcomeOf(event.request, 'restored', sentence) });
  return event.type === 'message' || event.type === 'chain'
    ? transition(channel)
    : refused(channel, sentence);
}

/** The doubt begins, or all nonces that it was about are spent for good. */
export function onDoubt(channel: Channel, env: Env, { over }: EventOf<'doubt'>): Transition {
  if (!over) return transition(change(channel, env, { doubt: true }), persist());
  if (!channel.doubt) return transition(channel);
  const { doubt: _, ...sure } = channel;
  const after = numberAfter(env.now);
  const next =
    after > channel.used
      ? change(sure, env, { used: after, skipped: { above: channel.used, upTo: after } })
      : change(sure, env, {});
  const note =
    'Transactions that may have been signed before this channel was restored are void now: it can be used again.';
  const again = { type: 'disconnect' as const, reason: 'the channel can be used again' };
  // What was held back is sent again by the greeting.
  return transition(next, persist([{ kind: 'chain', note }]), ...(channel.live.link === 'up' ? [again] : []));
}

/**
 * Whether this record may have signed something for the number, or may not know. A refusal of before the loss has a number
 * that was left out since: the prior state under it gives the other side nothing that it had not.
 */
export const isUsed = ({ used, skipped, latest: state }: Channel, number: bigint): boolean => {
  if (number > used) return false;
  const isSkipped = skipped !== undefined && number > skipped.above && number <= skipped.upTo;
  return !isSkipped || number <= (state?.number ?? -1n);
};

/** The number is used up by what is signed now. */
export const using = ({ used, skipped }: Channel, number: bigint): Partial<Channel> => ({
  used: number > used ? number : used,
  ...(skipped && number > skipped.above ? { skipped: { ...skipped, above: number } } : {}),
});

/** The other side looks for the number of a deposit or withdrawal so far above what it has seen. */
export const numberSearch = 4n;

/** Whether the other side does not know which numbers are used up here. */
export const isAhead = (channel: Channel): boolean =>
  channel.latest !== null && !isEmptyHanded(channel) && channel.used - latest(channel).number >= numberSearch;

/** An update in which nothing moves: it supersedes whatever was signed under lower numbers. */
export const renewal = (): Uint8Array[] => [
  serializeEntry({ type: 'meta', data: new TextEncoder().encode('{"renewed":true}') }),
];
