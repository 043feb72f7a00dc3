/** Connections and time (PROTOCOL 9): ping and pong, leave, what a lost connection means, and which timers run. */
import type { MessageOf } from '../wire/index.ts';
import { dropRequests, stop } from './failure.ts';
import { isCall, keepCall } from './forced.ts';
import { bothSigned } from './move.ts';
import { idle, isCommitted, persist, transition, wireId, withLive } from './record.ts';
import type { Channel, Effect, Env, EventOf, Request, Settings, TimerName, Transition } from './types.ts';

/** A running timer: `key` changes whenever it must start anew. */
export interface Timer {
  name: TimerName;
  key: string;
  ms: number;
}

/** The timers of a channel: a function of its record, so that none is forgotten over a restart. */
export function timers(channel: Channel, settings: Settings): Timer[] {
  const { timeouts } = settings;
  const running: Timer[] = [];
  const { live, phase } = channel;
  if (live.link === 'down') return running;
  if (isCommitted(channel))
    running.push({ name: 'silence', key: `silence ${live.unansweredPings}`, ms: timeouts.silence });
  const waits = ['opening', 'accepted', 'pushing', 'half_signed'].includes(phase);
  if (waits) running.push({ name: 'accept', key: `accept ${phase} ${channel.used}`, ms: timeouts.accept });
  if (phase === 'considering' || phase === 'reviewing' || live.incoming)
    running.push({ name: 'person', key: `person ${phase} ${live.incoming?.number}`, ms: timeouts.person });
  const halfSigned = channel.move && !bothSigned(channel.move) && !channel.move.cancel ? channel.move : null;
  const unanswered = channel.refusal ?? channel.proposal ?? halfSigned;
  if (isCommitted(channel) && phase !== 'half_signed' && phase !== 'failed') {
    if (unanswered && live.link === 'up')
      running.push({ name: 'answer', key: `answer ${unanswered.number}`, ms: answerTime(channel, settings) });
    else if (live.link === 'greeting')
      running.push({ name: 'answer', key: 'answer greeting', ms: timeouts.answer });
    else if (phase === 'closing' || (phase === 'shutting_down' && !live.incoming))
      running.push({ name: 'answer', key: `answer ${phase} ${channel.used}`, ms: timeouts.answer });
  }
  if (live.yielding) running.push({ name: 'yield', key: `yield ${channel.used}`, ms: timeouts.yield });
  return running;
}

/** A request for the peer's coins, and a contract that is to be made, have the peer's person in the loop. */
const answerTime = (channel: Channel, settings: Settings): number =>
  settings.timeouts.answer + (channel.proposal?.requests.some(needsPerson) ? settings.timeouts.person : 0);

const needsPerson = ({ direction, contract }: Request): boolean =>
  direction === 'ask' || contract?.type === 'create';

/** Silence: one ping, then another; two unanswered close the connection. */
export function onSilence(channel: Channel): Transition {
  const { unansweredPings } = channel.live;
  if (unansweredPings >= 2)
    return transition(channel, { type: 'disconnect', reason: 'two pings were not answered' });
  return transition(withLive(channel, { unansweredPings: unansweredPings + 1 }), {
    type: 'send',
    message: { type: 'ping', channel_id: wireId(channel), nonce: BigInt(unansweredPings + 1) },
  });
}

export function onPing(channel: Channel, _env: Env, message: MessageOf<'ping'>): Transition {
  return transition(channel, {
    type: 'send',
    message: { type: 'pong', channel_id: message.channel_id, nonce: message.nonce },
  });
}

export function onPong(channel: Channel): Transition {
  return transition(withLive(channel, { unansweredPings: 0 }));
}

/** No answer in time, after a signature was given: the connection is renewed and PROTOCOL 6 decides. */
export function onAnswerTimeout(channel: Channel): Transition {
  return transition(channel, { type: 'disconnect', reason: 'the other side did not answer in time' });
}

/** No answer in time, before anything was committed. */
export function onAcceptTimeout(channel: Channel, env: Env): Transition {
  return stop(channel, env, 'The other side did not answer in time. Nothing was committed.', true);
}

/** Nobody decided in time about an opening. */
export function onUndecided(channel: Channel, env: Env): Transition {
  return stop(channel, env, 'Nobody decided about this channel in time. Nothing was committed.', true);
}

/** The person gives the opening up, its funding half signed or not, or the engine could not reach the peer. */
export function onAbort(channel: Channel, env: Env, event: EventOf<'abort'>): Transition {
  return stop(channel, env, event.reason, channel.live.link !== 'down');
}

const lost = (channel: Channel): Channel => ({ ...channel, live: idle });

/** The connection is gone while nothing is committed. */
export function onLostOpening(channel: Channel, env: Env): Transition {
  return stop(lost(channel), env, 'The connection was lost before anything was committed.', false);
}

/** The connection is gone: what is queued ends unpaid, what was proposed waits for the reconnect. */
export function onLost(channel: Channel): Transition {
  const dropped: Effect[] = dropRequests(
    channel,
    'offline',
    'The connection was lost before this was proposed. Nothing was paid; try again.',
  );
  const call = channel.live.queue.findLast(isCall);
  if (!call) return transition(lost(channel), ...dropped);
  return transition(keepCall(lost(channel), call, 'offline'), persist(), ...dropped);
}

/** A connection that needs no greeting: nothing is shared yet that could differ, or nothing will change any more. */
export function onConnected(channel: Channel): Transition {
  return transition(withLive(channel, { link: 'up', unansweredPings: 0 }));
}

/** The person's polite goodbye; the channel stays open (PROTOCOL 2: leave). */
export function onLeave(channel: Channel): Transition {
  return transition(channel, { type: 'send', message: { type: 'leave', channel_id: wireId(channel) } });
}

/** The peer leaves; a crossing leave counts as the ack. */
export function onPeerLeaves(channel: Channel): Transition {
  return transition(
    channel,
    { type: 'send', message: { type: 'leave_ack', channel_id: wireId(channel) } },
    { type: 'disconnect', reason: 'the other side left' },
  );
}

export function onLeaveAck(channel: Channel): Transition {
  return transition(channel, { type: 'disconnect', reason: 'left' });
}

export function onInband(channel: Channel, _env: Env, message: MessageOf<'inband_message'>): Transition {
  return transition(channel, { type: 'inband', data: message.data });
}

export function onSendInband(channel: Channel, _env: Env, event: EventOf<'send_inband'>): Transition {
  if (event.data.length > 65535)
    return {
      ...transition(channel),
      refused: `A message has at most 65535 bytes; this one has ${event.data.length}.`,
    };
  if (channel.live.link !== 'up')
    return { ...transition(channel), refused: 'The other side is not connected.' };
  return transition(channel, {
    type: 'send',
    message: { type: 'inband_message', channel_id: wireId(channel), data: event.data },
  });
}
