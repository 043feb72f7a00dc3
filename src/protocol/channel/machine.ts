/**
 * The channel's state machine: one table names which rule answers which event in which phase. Total: what the table
 * does not name has the outcome that `fallback` gives it. docs/state-machine.md shows the same table, held by a test.
 */
import { layout, type Message, type MessageOf } from '../wire/index.ts';
import {
  advance,
  mayAdvance,
  onClosingConfirmations,
  onClosingCreated,
  onClosingSigned,
  onShutdown,
  onShutdownWanted,
} from './close.ts';
import { onCloseSolo, onNoncesSpent, onOnChain, onReappeared, onSoloConfirmations } from './dispute.ts';
import { heldBack, onDoubt } from './doubt.ts';
import {
  accept,
  fund,
  onAccept,
  onCancelConfirmed,
  onEarly,
  onFundedDespiteCancel,
  onFundingConfirmations,
  onFundingCreated,
  onFundingLocked,
  onFundingSigned,
  onOpeningInband,
  onPush,
  onPushAck,
  sendOpen,
} from './establish.ts';
import { errorData, outcomeOf, stop } from './failure.ts';
import { onForced, onForceProgress, onForgetCall, onSnapshot } from './forced.ts';
import {
  onAbort,
  onAcceptTimeout,
  onAnswerTimeout,
  onConnected,
  onInband,
  onLeave,
  onLeaveAck,
  onLost,
  onLostOpening,
  onPeerLeaves,
  onPing,
  onPong,
  onSendInband,
  onSilence,
  onUndecided,
} from './liveness.ts';
import {
  onAbortMove,
  onCancelledMove,
  onDeposit,
  onDepositCreated,
  onMoveConfirmations,
  onMoveLocked,
  onMoveMissed,
  onMoveSigned,
  onWithdraw,
  onWithdrawalCreated,
} from './move.ts';
import { onRaiseFee } from './raise-fee.ts';
import { refused, transition, wireId } from './record.ts';
import { greet, onReestablish, onReestablishAck } from './reestablish.ts';
import {
  type Channel,
  type Env,
  type Event,
  type EventOf,
  type Phase,
  type Rule,
  type TimerName,
  type Transition,
  timerNames,
} from './types.ts';
import {
  mayPropose,
  mayRenew,
  onDecision,
  onLateRequest,
  onPersonTimeout,
  onRequest,
  onUpdate,
  onUpdateAck,
  onUpdateError,
  onYielded,
  propose,
  renew,
} from './update.ts';

type MessageName = Message['type'];
type WishName = Exclude<Event['type'], 'message' | 'timer' | 'chain'>;
type ChainWhat = EventOf<'chain'>['what'];
export type EventKey = WishName | `message:${MessageName}` | `timer:${TimerName}` | `chain:${ChainWhat}`;

/** What a rule gets beside channel and environment. */
type PayloadOf<K extends EventKey> = K extends `message:${infer M extends MessageName}`
  ? MessageOf<M>
  : K extends `timer:${string}`
    ? undefined
    : K extends `chain:${string}`
      ? number | null
      : K extends WishName
        ? EventOf<K>
        : never;
type Cells = { [K in EventKey]?: (channel: Channel, env: Env, payload: PayloadOf<K>) => Rule | Transition };

// ---- what several phases share

/** `error` ends the channel (seed: error). */
function onError(channel: Channel, env: Env, message: MessageOf<'error'>): Transition {
  return stop(channel, env, `The other side reported: ${new TextDecoder().decode(message.data)}`, false);
}
function ignore(channel: Channel): Transition {
  return transition(channel);
}
/** The channel is over, and the peer does not know it. */
function sayWhy(channel: Channel): Transition {
  const text = channel.reason ?? 'this channel is closed';
  return transition(channel, {
    type: 'send',
    message: { type: 'error', channel_id: wireId(channel), data: errorData(text) },
  });
}

const opening: Cells = {
  abort: onAbort,
  disconnected: onLostOpening,
  'message:error': onError,
  'message:inband_message': onOpeningInband,
  'timer:accept': onAcceptTimeout,
};
/** A funded channel with a connection: liveness, goodbyes, messages. */
const alive: Cells = {
  disconnected: onLost,
  doubt: onDoubt,
  leave: onLeave,
  send_inband: onSendInband,
  'message:error': onError,
  'message:ping': onPing,
  'message:pong': onPong,
  'message:leave': onPeerLeaves,
  'message:leave_ack': onLeaveAck,
  'message:inband_message': onInband,
  'timer:silence': onSilence,
  'timer:answer': onAnswerTimeout,
};
/** What needs nobody else: watched and possible whenever the channel may be on chain. */
const alone: Cells = {
  doubt: onDoubt,
  close_solo: onCloseSolo,
  raise_fee: onRaiseFee,
  force_progress: onForceProgress,
  forget_call: onForgetCall,
  forced: onForced,
  on_chain: onOnChain,
  'chain:solo': onSoloConfirmations,
};
const funded: Cells = {
  ...alive,
  ...alone,
  connected: greet,
  'message:channel_reestablish': onReestablish,
  'message:channel_reestablish_ack': onReestablishAck,
  'message:funding_locked': onFundingLocked,
};
/** The funding is co-signed, and not locked by both. */
const waiting: Cells = {
  ...funded,
  'message:update': onEarly,
  'message:update_deposit_created': onEarly,
  'message:update_withdrawal_created': onEarly,
  'chain:funding': onFundingConfirmations,
  shutdown: onShutdownWanted,
  'message:shutdown': onShutdown,
};
const updating: Cells = {
  ...funded,
  'message:update_deposit_created': onDepositCreated,
  'message:update_deposit_signed': onMoveSigned,
  'message:update_deposit_locked': onMoveLocked,
  'message:update_withdrawal_created': onWithdrawalCreated,
  'message:update_withdrawal_signed': onMoveSigned,
  'message:update_withdrawal_locked': onMoveLocked,
  'chain:move': onMoveConfirmations,
  'chain:cancel': onCancelledMove,
  'message:update': onUpdate,
  'message:update_ack': onUpdateAck,
  'message:update_error': onUpdateError,
  decide_update: onDecision,
  'timer:person': onPersonTimeout,
  'timer:yield': onYielded,
  'message:shutdown': onShutdown,
};

/** Phase by phase, the rules; what is not here falls to `fallback`. */
const table: Record<Phase, Cells> = {
  opening: { ...opening, connected: sendOpen, 'message:channel_accept': onAccept },
  considering: {
    ...opening,
    accept,
    decline: onDecline,
    'timer:person': onUndecided,
  },
  reviewing: { ...opening, approve_counter: fund, decline: onDecline, 'timer:person': onUndecided },
  accepted: { ...opening, 'message:update': onPush, 'message:funding_created': onFundingCreated },
  pushing: { ...opening, 'message:update_ack': onPushAck },
  half_signed: {
    ...alive,
    connected: greet,
    abort: onAbort,
    'message:funding_signed': onFundingSigned,
    'message:channel_reestablish': onReestablish,
    'timer:accept': onAnswerTimeout,
  },
  cancelling: {
    'message:channel_reestablish': sayWhy,
    'message:error': ignore,
    'message:funding_signed': ignore,
    'chain:funding': onFundedDespiteCancel,
    'chain:cancel': onCancelConfirmed,
  },
  confirming: { ...waiting, 'message:funding_signed': ignore },
  locking: waiting,
  open: {
    ...updating,
    abort: onAbortMove,
    deposit: onDeposit,
    withdraw: onWithdraw,
    request: onRequest,
    snapshot: onSnapshot,
    shutdown: onShutdownWanted,
    'chain:funding': onFundingConfirmations,
  },
  shutting_down: {
    ...updating,
    request: onLateRequest,
    'message:shutdown_ack': ignore,
    'message:closing_created': onClosingCreated,
    // Of a close that is built anew.
    'message:closing_signed': ignore,
  },
  closing: {
    ...funded,
    request: onLateRequest,
    'message:error': ignore,
    'message:shutdown': ignore,
    'message:shutdown_ack': ignore,
    'message:closing_signed': onClosingSigned,
    // Of one that is void here, and not yet there.
    'message:update_deposit_signed': ignore,
    'message:update_withdrawal_signed': ignore,
    'chain:closing': onClosingConfirmations,
  },
  closing_confirming: {
    ...funded,
    'message:error': ignore,
    'message:closing_signed': ignore,
    'message:closing_created': ignore,
    'message:shutdown': ignore,
    'message:shutdown_ack': ignore,
    'chain:closing': onClosingConfirmations,
  },
  closing_solo: {
    ...alone,
    request: onLateRequest,
    disconnected: onLost,
    connected: onConnected,
    'chain:move': onMoveMissed,
  },
  closed: { 'message:channel_reestablish': sayWhy, 'chain:cancel': onNoncesSpent, on_chain: onReappeared },
  aborted: { 'message:channel_reestablish': sayWhy, on_chain: onReappeared },
  failed: {
    ...alone,
    request: onLateRequest,
    disconnected: onLost,
    connected: onConnected,
    'message:channel_reestablish': sayWhy,
    'message:error': ignore,
    'message:ping': onPing,
    'message:pong': onPong,
    'timer:silence': onSilence,
    shutdown: onShutdownWanted,
    'message:shutdown': onShutdown,
  },
};

/** The person says no to an opening. */
function onDecline(channel: Channel, env: Env): Transition {
  return stop(channel, env, 'The other side declined this channel.', true);
}

/** Phases in which the channel takes no part any more: messages for it are left unanswered. */
const silent: ReadonlySet<Phase> = new Set(['closed', 'aborted', 'failed', 'cancelling', 'closing_solo']);

/** The outcome of what the table does not name. */
function fallback(channel: Channel, env: Env, event: Event): Transition {
  switch (event.type) {
    case 'message':
      if (silent.has(channel.phase)) return transition(channel);
      return stop(channel, env, `${event.message.type} is not expected while ${channel.phase}`, true);
    case 'request': {
      const sentence = `This channel cannot pay now: it is ${channel.phase.replaceAll('_', ' ')}.`;
      return transition(channel, { type: 'answer', outcome: outcomeOf(event.request, 'not_open', sentence) });
    }
    case 'timer':
    case 'chain':
    case 'on_chain':
    case 'forced':
    case 'doubt':
    case 'connected':
    case 'disconnected':
      return transition(channel);
    default:
      return refused(
        channel,
        `That is not possible while the channel is ${channel.phase.replaceAll('_', ' ')}.`,
      );
  }
}

function keyOf(event: Event): EventKey {
  if (event.type === 'message') return `message:${event.message.type}`;
  if (event.type === 'timer') return `timer:${event.name}`;
  if (event.type === 'chain') return `chain:${event.what}`;
  return event.type;
}

function payloadOf(event: Event) {
  if (event.type === 'message') return event.message;
  if (event.type === 'timer') return undefined;
  if (event.type === 'chain') return event.confirmations;
  return event;
}

/** Messages that must not arrive before the peer's channel_reestablish on a fresh connection (PROTOCOL 6). */
const beforeGreeting: ReadonlySet<MessageName> = new Set([
  'channel_reestablish',
  'channel_reestablish_ack',
  'error',
  'ping',
  'pong',
  'leave',
  'leave_ack',
  'inband_message',
]);

/**
 * One event meets the channel. Pure and total: asks what it needs (signatures, verifications, the node's view), then
 * says what the channel is now and what must happen, in order.
 */
export function* step(channel: Channel, event: Event, env: Env): Rule {
  if (event.type === 'message' && channel.live.link === 'greeting' && !beforeGreeting.has(event.message.type))
    return transition(channel, {
      type: 'disconnect',
      reason: `${event.message.type} came before channel_reestablish`,
    });
  const held = heldBack(channel, keyOf(event), event);
  if (held) return held;
  // Each rule fits its key: `table` was checked cell by cell where it is written.
  const rule = table[channel.phase][keyOf(event)] as
    | ((channel: Channel, env: Env, payload: unknown) => Rule | Transition)
    | undefined;
  const answer = rule ? rule(channel, env, payloadOf(event)) : fallback(channel, env, event);
  const done = 'next' in answer ? yield* answer : answer;
  return yield* nextMove(heard(event, done), env);
}

/** Whatever the peer sends shows that it is there. */
function heard(event: Event, done: Transition) {
  if (event.type !== 'message' || done.channel.live.unansweredPings === 0) return done;
  return { ...done, channel: { ...done.channel, live: { ...done.channel.live, unansweredPings: 0 } } };
}

/** After every event: what waits goes on, if it now may. */
function* nextMove(done: Transition, env: Env): Rule {
  if (done.channel.doubt) return done;
  if (mayPropose(done.channel)) return yield* propose(done.channel, env, done.effects);
  if (mayRenew(done.channel)) return yield* renew(done.channel, env, done.effects);
  if (mayAdvance(done.channel)) return yield* advance(done.channel, env, done.effects);
  return done;
}

// ---- the table as data, for the docs and their test

export const eventKeys: readonly EventKey[] = [
  'connected',
  'disconnected',
  'accept',
  'decline',
  'approve_counter',
  'abort',
  'request',
  'decide_update',
  'shutdown',
  'deposit',
  'withdraw',
  'close_solo',
  'raise_fee',
  'snapshot',
  'force_progress',
  'forget_call',
  'leave',
  'send_inband',
  'doubt',
  ...(Object.keys(layout) as MessageName[]).map((name): EventKey => `message:${name}`),
  ...timerNames.map((name): EventKey => `timer:${name}`),
  'chain:funding',
  'chain:cancel',
  'chain:closing',
  'chain:move',
  'chain:solo',
  'on_chain',
  'forced',
];

/** Which rule answers: its name, or `ignored`, `error` (the channel stops), `refused` (the wish is turned down). */
export function outcomeName(phase: Phase, key: EventKey): string {
  const rule = table[phase][key];
  if (rule) return rule === ignore ? 'ignored' : rule.name;
  if (key.startsWith('message:')) return silent.has(phase) ? 'ignored' : 'error';
  if (
    key.includes(':') ||
    key === 'on_chain' ||
    key === 'forced' ||
    key === 'doubt' ||
    key === 'connected' ||
    key === 'disconnected'
  )
    return 'ignored';
  return 'refused';
}
