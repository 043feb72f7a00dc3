/**
 * How a channel stops: `error` ends it for good (seed: error), an abort ends an opening to which nothing commits.
 */
import { change, isCommitted, persist, transition, wireId, withLive } from './record.ts';
import type { Channel, CoSigned, Effect, Env, Outcome, Request, Transition } from './types.ts';

const encoder = new TextEncoder();

/** Error text as it fits the message: at most 65535 bytes of UTF-8, cut between characters. */
export function errorData(text: string): Uint8Array {
  const bytes = encoder.encode(text);
  return bytes.length <= 1000 ? bytes : encoder.encode(`${text.slice(0, 240)}…`);
}

export const outcomeOf = (request: Request, code: string, message: string): Outcome => ({
  scope: request.scope,
  id: request.id,
  ok: false,
  number: null,
  balances: null,
  code,
  message,
});

/** How a request ended that this state carried out. */
export const doneOutcome = (
  request: Request,
  { number, balances }: Pick<CoSigned, 'number' | 'balances'>,
): Outcome => ({
  ...outcomeOf(request, '', ''),
  ok: true,
  number,
  balances,
});

/** Answers to all requests that this channel will not fulfil. */
export function dropRequests(channel: Channel, code: string, message: string): Effect[] {
  return [...channel.live.queue].map((request) => ({
    type: 'answer',
    outcome: outcomeOf(request, code, message),
  }));
}

/**
 * Stops the channel: where money is committed it freezes as `failed` (it takes no update any more; the close stays
 * possible), else it is `aborted`, and a nonce that was reserved for its funding is free again. Between the two lies a
 * half-signed funding, which is cancelled. `tell` says whether the peer gets an `error`.
 */
export function stop(channel: Channel, env: Env, reason: string, tell: boolean): Transition {
  if (channel.phase === 'half_signed') return cancel(channel, env, reason, tell);
  const kind = isCommitted(channel) ? 'failed' : 'aborted';
  const next = withLive(change(channel, env, { phase: kind, reason }), { queue: [], incoming: null });
  return transition(
    next,
    // Nothing is signed for it yet. Kept, it would hold up all that the account does later.
    ...(channel.phase === 'pushing' ? [release(channel)] : []),
    persist(
      [{ kind, note: reason, balances: channel.latest?.balances ?? null }],
      failedProposal(channel, reason),
    ),
    ...dropRequests(channel, 'failed', reason),
    ...(tell ? [errorTo(channel, reason)] : []),
  );
}

/** Gives up after funding_created: the peer could still complete it, so its nonce is spent otherwise (PROTOCOL 1). */
export const cancel = (channel: Channel, env: Env, reason: string, tell: boolean): Transition =>
  transition(
    change(channel, env, { phase: 'cancelling', reason }),
    persist([{ kind: 'aborted', note: reason }]),
    ...(tell ? [errorTo(channel, reason)] : []),
    { type: 'cancel_nonce', nonce: channel.funding!.nonce },
  );

const release = (channel: Channel): Effect => ({ type: 'release_nonce', nonce: channel.funding!.nonce });

const errorTo = (channel: Channel, reason: string): Effect => ({
  type: 'send',
  message: { type: 'error', channel_id: wireId(channel), data: errorData(reason) },
});

/** A proposal that will not be answered: its requests end undecided, and are told so. */
export function failedProposal(channel: Channel, reason: string): Outcome[] {
  return (channel.proposal?.requests ?? []).map((request) =>
    outcomeOf(
      request,
      'undecided',
      `${reason} The payment was proposed but never confirmed; the closing of the channel decides.`,
    ),
  );
}
