/**
 * Updates (seed: State update; PROTOCOL 4): propose, verify by executing, sign, commit. No number is ever used twice:
 * a refused or crossed proposal is superseded by the prior state under a higher number.
 */
import { equalBytes } from '../bytes.ts';
import { type Entry, parseEntry } from '../state/entries.ts';
import type { MessageOf } from '../wire/index.ts';
import { sign, verify } from './ask.ts';
import { check, contractEntry, contractNote, entryProblem, isContractBatch, make } from './contracts.ts';
import { isAhead, isUsed, renewal, using } from './doubt.ts';
import { applyEntries, entriesOf, maxEntries, noteEntry, noteOf } from './entries.ts';
import { errorData, outcomeOf, stop } from './failure.ts';
import { chainDecides, doneOutcomes, isCall, keepCall } from './forced.ts';
import { bothSigned, doneThere, refusedMove } from './move.ts';
import { isTooFar } from './numbers.ts';
import {
  change,
  finalId,
  latest,
  moveUndone,
  other,
  peerKey,
  persist,
  queued,
  quiet,
  refused,
  spendable,
  sum,
  transition,
  updateBytes,
  withLive,
} from './record.ts';
import { coinsOf, hashOfState, heldByContracts, withBalances } from './trees.ts';
import type {
  Balances,
  CallRequest,
  Channel,
  ContractWish,
  CoSigned,
  Effect,
  Env,
  EventOf,
  HistoryEntry,
  Proposal,
  Refusal,
  Request,
  Role,
  Rule,
  Transition,
} from './types.ts';
import { forgotten, goesOnWithout, goingOn, isUndoneForGood } from './undone.ts';
import { inAe } from './units.ts';

/** Reasons of update_error (PROTOCOL 4). 128 and up are the application's. */
export const refusalReasons = {
  validation: 1,
  conflict: 2,
  timeout: 3,
  declined: 4,
  execution: 5,
  insufficient: 6,
  busy: 7,
} as const;

const wordOf = (reason: number): string =>
  Object.entries(refusalReasons).find(([, code]) => code === reason)?.[0] ?? `reason_${reason}`;

/** Why nothing is signed with the other side now. */
export const chainFirst =
  'A call of a contract is on its way through the chain: try again when the chain has taken it.';

/** Nothing is signed before a forced round is deep enough. What is unanswered comes again with the next connection. */
export const awaitChain = (channel: Channel): Transition =>
  transition(withLive(channel, { incoming: null }), {
    type: 'disconnect',
    reason: 'a forced round is on its way to the chain',
  });

// ---- requests and proposals

/** A wish to pay or to be paid: queued, and proposed as soon as the channel is free. */
export function onRequest(channel: Channel, env: Env, { request }: EventOf<'request'>): Transition {
  const refuse = (code: string, message: string): Transition =>
    transition(channel, { type: 'answer', outcome: outcomeOf(request, code, message) });
  if (moveUndone(channel))
    return refuse(
      'not_open',
      'A reorganisation of the chain undid the last deposit or withdrawal: payments wait until it is back, or both sides have agreed to go on without it. If neither happens, close the channel alone.',
    );
  if (fundingLost(channel))
    return refuse(
      'not_open',
      'The chain has lost the funding of this channel for now: payments wait until it is back.',
    );
  if (chainDecides(channel)) return refuse('not_open', chainFirst);
  if (request.contract) {
    const problem = wishProblem(channel, request);
    if (problem) return refuse('invalid_contract', problem);
  } else if (request.amount <= 0n) return refuse('invalid_amount', 'Give an amount above zero.');
  if (request.direction === 'pay' && request.amount > spendable(channel))
    return refuse(
      'insufficient_funds',
      `This channel can pay at most ${inAe(spendable(channel))} AE now: ${inAe(channel.terms.channelReserve)} AE stay as reserve.`,
    );
  const peer = latest(channel).balances[other(channel.role)];
  const theirs = peer > channel.terms.channelReserve ? peer - channel.terms.channelReserve : 0n;
  if (request.direction === 'ask' && request.amount > theirs)
    return refuse('insufficient_funds', `The other side can pay at most ${inAe(theirs)} AE here.`);
  if (channel.live.link !== 'up') {
    if (isCall(request)) return callKept(channel, env, request, 'offline', offlineCall);
    return refuse(
      'offline',
      'The other side is not connected. Nothing was paid; try again when it is online.',
    );
  }
  return transition(withLive(channel, { queue: queued(channel.live.queue, request) }));
}

const offlineCall =
  'The other side is not connected, so the contract was not called. Try again when it is online, or open the channel in Tandem: the chain can run the call instead.';

/** A call that the two cannot make together now: the person may have the chain run it. */
function callKept(
  channel: Channel,
  env: Env,
  request: CallRequest,
  code: string,
  sentence: string,
): Transition {
  return transition(change(keepCall(channel, request, code), env, {}), persist(), {
    type: 'answer',
    outcome: outcomeOf(request, code, sentence),
  });
}

/** A wish while the channel takes no update any more: a call of a contract is left to the chain. */
export function onLateRequest(channel: Channel, env: Env, { request }: EventOf<'request'>): Transition {
  const phase = channel.phase.replaceAll('_', ' ');
  if (!isCall(request) || !channel.latest || chainDecides(channel) || wishProblem(channel, request))
    return transition(channel, {
      type: 'answer',
      outcome: outcomeOf(request, 'not_open', `This channel cannot pay now: it is ${phase}.`),
    });
  const sentence = `The two sides call no contracts together any more: the channel is ${phase}. Open it in Tandem: the chain can run the call instead.`;
  return callKept(channel, env, request, 'not_open', sentence);
}

/** Why a contract cannot be asked for, whatever the state is when its turn comes; null where it may. */
function wishProblem(channel: Channel, { amount, direction, contract }: Request): string | null {
  if (amount < 0n) return 'Give an amount of zero or more.';
  if (direction !== 'pay') return 'Only the own side’s coins can go to a contract.';
  const wrong = entryProblem(
    channel,
    latest(channel),
    contractEntry(channel, channel.role, contract!, amount),
    channel.role,
  );
  // A contract that is to be made by what waits already has no key here yet: its own turn decides.
  return wrong && channel.live.queue.length === 0 ? `${wrong}.` : null;
}

/** After a reorganisation: what is promised here would be worth nothing if the funding never came back. */
export const fundingLost = (channel: Channel): boolean => channel.funding?.confirmations === null;

/** Whether this side may propose now, as far as the other side goes. */
const mayTalk = (channel: Channel): boolean =>
  channel.phase === 'open' &&
  channel.live.link === 'up' &&
  quiet(channel) &&
  !channel.live.yielding &&
  !channel.shutdown.wanted &&
  !chainDecides(channel);

const isFree = (channel: Channel): boolean => mayTalk(channel) && !moveUndone(channel);

/** Whether a new proposal may leave now. */
export const mayPropose = (channel: Channel): boolean => channel.live.queue.length > 0 && isFree(channel);

/** Whether the two have to meet under a number that is free on both sides. */
export const mayRenew = (channel: Channel): boolean =>
  isAhead(channel) && isFree(channel) && !fundingLost(channel);

/**
 * Whether to propose to go on without a deposit or withdrawal that is undone for good. At each look at the chain, since
 * the other side may see it later; one of the two does it.
 */
export const mayGoOn = (channel: Channel): boolean =>
  channel.role === 'initiator' && !channel.doubt && mayTalk(channel) && goingOn(channel) !== null;

export function* goOn(channel: Channel, env: Env, before: Effect[]): Rule {
  const { state, entries } = goingOn(channel)!;
  return yield* sendProposal(channel, env, { ...state, entries, requests: [] }, before);
}

/** Proposes that nothing moves. */
export function* renew(channel: Channel, env: Env, before: Effect[]): Rule {
  const state = latest(channel);
  const after = withBalances(channel, state, state.balances);
  return yield* sendProposal(channel, env, { ...after, entries: renewal(), requests: [] }, before);
}

/** Everything queued goes out as one batch; what asks the peer for coins and what wants a contract travels alone. */
export function* propose(channel: Channel, env: Env, before: Effect[]): Rule {
  const state = latest(channel);
  const { taken, rest, failed } = pick(channel, state.balances);
  const answers: Effect[] = failed.map((request) => ({
    type: 'answer',
    outcome: outcomeOf(
      request,
      'insufficient_funds',
      'The balance has changed meanwhile: it no longer covers this payment and the reserve.',
    ),
  }));
  if (taken.length === 0) return transition(withLive(channel, { queue: rest }), ...before, ...answers);
  const [first] = taken;
  if (first && isContractRequest(first))
    return yield* proposeContract(withLive(channel, { queue: rest }), env, first, [...before, ...answers]);
  const entries = taken.flatMap((request) => entriesOf(channel, request));
  const applied = applyEntries(channel, state.balances, entries);
  if ('problem' in applied) throw new Error(`an own batch does not apply: ${applied.problem}`);
  const after = withBalances(channel, state, applied.balances);
  return yield* sendProposal(
    withLive(channel, { queue: rest }),
    env,
    { ...after, entries, requests: taken },
    [...before, ...answers],
  );
}

function* sendProposal(
  channel: Channel,
  env: Env,
  content: Pick<Proposal, 'balances' | 'trees' | 'entries' | 'requests'>,
  before: Effect[],
): Rule {
  const number = channel.used + 1n;
  const hash = hashOfState(channel, content);
  const signature = yield* sign(updateBytes(channel.networkId, finalId(channel), number, hash));
  const proposal: Proposal = { ...content, number, stateHash: hash, signature };
  const next = change(channel, env, { proposal, used: number });
  // An unsent commit of what came before is the same commit.
  return transition(next, ...joinPersists([...before, persist()]), {
    type: 'send',
    message: updateMessage(next),
  });
}

type ContractRequest = Request & { contract: ContractWish };
const isContractRequest = (request: Request): request is ContractRequest => request.contract !== undefined;

/** A contract's turn: executed here first; what cannot be executed is answered, and the next one has its turn. */
function* proposeContract(channel: Channel, env: Env, request: ContractRequest, before: Effect[]): Rule {
  const note = request.note === null ? [] : [noteEntry(request.note)];
  const made = yield* make(
    channel,
    latest(channel),
    request,
    channel.used + 1n,
    env.settings.contractStateLimit,
    note,
  );
  if ('problem' in made) {
    const effects: Effect[] = [
      ...before,
      { type: 'answer', outcome: outcomeOf(request, made.code, made.problem) },
    ];
    return mayPropose(channel) ? yield* propose(channel, env, effects) : transition(channel, ...effects);
  }
  const { balances, trees, entries } = made;
  return yield* sendProposal(channel, env, { balances, trees, entries, requests: [request] }, before);
}

function pick(channel: Channel, from: Balances) {
  const taken: Request[] = [];
  const rest: Request[] = [];
  const failed: Request[] = [];
  const balances = { ...from };
  let entries = 0;
  for (const request of channel.live.queue) {
    const full = entries + 2 > maxEntries || (taken[0] && travelsAlone(taken[0]));
    if (full || rest.length > 0 || (travelsAlone(request) && taken.length > 0)) {
      rest.push(request);
      continue;
    }
    const payer: Role = request.direction === 'pay' ? channel.role : other(channel.role);
    if (balances[payer] - request.amount < channel.terms.channelReserve) {
      failed.push(request);
      continue;
    }
    balances[payer] -= request.amount;
    balances[other(payer)] += request.amount;
    entries += request.note === null ? 1 : 2;
    taken.push(request);
  }
  return { taken, rest, failed };
}

const travelsAlone = (request: Request): boolean =>
  request.direction === 'ask' || request.contract !== undefined;

/** Merges the persist effects of one transition into one commit that is not deferred, in place of the first. */
export function joinPersists(effects: Effect[]): Effect[] {
  const all = effects.filter((effect) => effect.type === 'persist');
  if (all.length <= 1) return effects;
  const merged: Effect = {
    type: 'persist',
    history: all.flatMap((effect) => effect.history),
    outcomes: all.flatMap((effect) => effect.outcomes),
  };
  const rest = effects.filter((effect) => effect.type !== 'persist');
  return [merged, ...rest];
}

/** The `update` of the own proposal; the same bytes every time it is sent. */
export function updateMessage(channel: Channel): MessageOf<'update'> {
  const proposal = channel.proposal!;
  return {
    type: 'update',
    channel_id: finalId(channel),
    sequence_number: proposal.number,
    initiator_balance: proposal.balances.initiator,
    responder_balance: proposal.balances.responder,
    state_hash: proposal.stateHash,
    signature: proposal.signature,
    entries: proposal.entries,
  };
}

/** The `update_error` of the own refusal; the same bytes every time it is sent. */
export function refusalMessage(channel: Channel): MessageOf<'update_error'> {
  const refusal = channel.refusal!;
  return {
    type: 'update_error',
    channel_id: finalId(channel),
    sequence_number: refusal.number,
    state_hash: refusal.stateHash ?? latest(channel).stateHash,
    signature: refusal.signature,
    reason: refusal.reason,
    data: errorData(refusal.text),
  };
}

// ---- the receiver

/** The peer proposes. It is judged before anything is asked of a person or signed. */
export function* onUpdate(channel: Channel, env: Env, message: MessageOf<'update'>): Rule {
  const { refusal, proposal } = channel;
  const number = message.sequence_number;
  if (channel.reason !== null) return stop(channel, env, channel.reason, true);
  // Already refused, and sent again after a reconnect: the refusal was sent again too.
  if (refusal && number === refusal.of) return transition(channel);
  // It crosses the own half-signed transaction: the peer refuses that one, which supersedes this update too.
  if (channel.move && !refusal && !bothSigned(channel.move)) return transition(channel);
  if (channel.move && !refusal)
    return transition(channel, { type: 'disconnect', reason: doneThere(channel.move) });
  if (channel.shutdown.received)
    return stop(channel, env, 'update after shutdown: a side that sent shutdown proposes nothing more', true);
  // The refusal comes first; a side that lost its record does not know of it before it arrives, and then proposes again.
  if (refusal) return transition(channel);
  if (channel.live.incoming)
    return stop(
      channel,
      env,
      `update ${number} while update ${channel.live.incoming.number} is unanswered`,
      true,
    );
  // Refusing it would sign the state before once more, which then took the forced round's place.
  if (chainDecides(channel)) return awaitChain(channel);
  if (proposal) return yield* conflict(channel, env, number);
  const without = isUndoneForGood(channel) && goesOnWithout(channel, message.entries);
  if (fundingLost(channel) || (moveUndone(channel) && !without))
    return yield* refuse(channel, env, number, refusalReasons.busy, 'its coins are not on the chain now');
  const judged = yield* judge(channel, env, message);
  if ('problem' in judged)
    return yield* refuse(channel, env, number, refusalReasons[judged.reason ?? 'validation'], judged.problem);
  const incoming = {
    number,
    balances: judged.balances,
    trees: judged.trees,
    stateHash: message.state_hash,
    entries: message.entries,
    signature: message.signature,
  };
  const seen = withLive(channel, { incoming, yielding: false });
  // An entry that lowers the own balance is signed only if its user asked for it (PROTOCOL 4).
  if (judged.word || (!without && judged.balances[channel.role] < latest(channel).balances[channel.role]))
    return transition(seen);
  return yield* acknowledge(seen, env);
}

/** Whether an entry takes own coins, also where the batch gives more back. */
function takesOwn(channel: Channel, entries: readonly Entry[]): boolean {
  const own = channel.keys[channel.role];
  return entries.some((entry) => entry.type === 'transfer' && equalBytes(entry.from, own));
}

interface Problem {
  problem: string;
  reason?: keyof typeof refusalReasons;
}
/** A state that may be signed; `word`: only if the person says so. */
type Judged = Pick<CoSigned, 'balances' | 'trees'> & { word: boolean };

/** What the entries of an update make of the latest state. */
function* result(channel: Channel, env: Env, message: MessageOf<'update'>): Rule<Judged | Problem> {
  const state = latest(channel);
  const { entries, sequence_number: number } = message;
  if (isUndoneForGood(channel) && goesOnWithout(channel, entries)) {
    const going = goingOn(channel);
    return going ? { ...going.state, word: false } : { problem: 'it would leave less than channel_reserve' };
  }
  if (isContractBatch(entries)) return yield* check(channel, state, entries, number, env.settings);
  const applied = applyEntries(channel, state.balances, entries);
  if ('problem' in applied)
    return { problem: applied.problem, ...(applied.insufficient ? { reason: 'insufficient' } : {}) };
  const after = withBalances(channel, state, applied.balances);
  return { ...after, word: takesOwn(channel, applied.entries) };
}

function* judge(channel: Channel, env: Env, message: MessageOf<'update'>): Rule<Judged | Problem> {
  const state = latest(channel);
  const number = message.sequence_number;
  if (number <= state.number || number <= channel.used)
    return {
      problem: `sequence_number ${number} is used: give more than ${channel.used > state.number ? channel.used : state.number}`,
      // Used up here only: the other side could not know, and proposes it again.
      ...(number > state.number ? { reason: 'conflict' as const } : {}),
    };
  if (isTooFar(number, channel.used, env.now))
    return { problem: `sequence_number ${number} is too far ahead of ${channel.used}` };
  const after = yield* result(channel, env, message);
  if ('problem' in after) return after;
  const { balances } = after;
  if (message.initiator_balance !== balances.initiator || message.responder_balance !== balances.responder)
    return {
      problem: `the balances ${message.initiator_balance}/${message.responder_balance} do not follow from the last co-signed state: ${balances.initiator}/${balances.responder} do`,
    };
  const total = isUndoneForGood(channel) ? channel.onChain!.total : coinsOf(state);
  if (!after.trees && sum(balances) !== total) return { problem: 'the update changes the total' };
  if ((channel.shutdown.sent || channel.shutdown.wanted) && heldByContracts(after) > heldByContracts(state))
    return { problem: 'the channel is being closed: no more coins go to contracts', reason: 'busy' };
  const hash = hashOfState(channel, after);
  if (!equalBytes(hash, message.state_hash))
    return { problem: 'state_hash is not the hash of the resulting state' };
  const bytes = updateBytes(channel.networkId, finalId(channel), number, message.state_hash);
  if (!(yield* verify(peerKey(channel), bytes, message.signature)))
    return { problem: 'the signature is invalid for the resulting state' };
  return after;
}

/** The held update is co-signed: durable before its ack leaves. */
function* acknowledge(channel: Channel, env: Env): Rule {
  const incoming = channel.live.incoming!;
  // Used up while it waited: nothing is signed under it any more.
  if (incoming.number <= channel.used) {
    const text = `sequence_number ${incoming.number} is used: give more than ${channel.used}`;
    return yield* refuse(channel, env, incoming.number, refusalReasons.conflict, text);
  }
  const signature = yield* sign(
    updateBytes(channel.networkId, finalId(channel), incoming.number, incoming.stateHash),
  );
  const state = coSigned(channel, incoming, incoming.signature, signature);
  const { changes, history } = settled(channel, incoming.entries, state, []);
  const next = withLive(change(channel, env, { used: incoming.number, ...changes }), { incoming: null });
  const committed: Effect[] = [
    persist(history),
    {
      type: 'send',
      message: {
        type: 'update_ack',
        channel_id: finalId(channel),
        sequence_number: incoming.number,
        signature,
      },
    },
  ];
  return transition(next, ...committed);
}

/** What a batch that both signed makes of the record, and what is told of it. */
function settled(channel: Channel, entries: readonly Uint8Array[], state: CoSigned, requests: Request[]) {
  const { changes, history } = forgotten(channel, entries);
  return {
    changes: {
      latest: state,
      ...changes,
      // A call that was not co-signed was meant for the state before: once a contract ran it is not offered any more.
      ...(isContractBatch(entries) ? { unsignedCall: null } : {}),
    },
    history: [...historyOf(channel, entries, state, requests), ...history],
  };
}

export const coSigned = (
  channel: Channel,
  state: Pick<CoSigned, 'number' | 'balances' | 'trees' | 'stateHash'>,
  theirs: Uint8Array,
  mine: Uint8Array,
): CoSigned => ({
  number: state.number,
  balances: state.balances,
  ...(state.trees ? { trees: state.trees } : {}),
  stateHash: state.stateHash,
  signatures:
    channel.role === 'initiator'
      ? { initiator: mine, responder: theirs }
      : { initiator: theirs, responder: mine },
  source: 'update',
});

/** The person's word on a held update. */
export function* onDecision(channel: Channel, env: Env, event: EventOf<'decide_update'>): Rule {
  const { number, accept } = event;
  if (channel.live.incoming?.number !== number)
    return refused(
      channel,
      `Update ${number} is no longer waiting: the other side took it back or was disconnected.`,
    );
  if (chainDecides(channel)) return refused(channel, chainFirst);
  if (accept) return yield* acknowledge(channel, env);
  return yield* refuse(channel, env, number, refusalReasons.declined, 'declined by the user');
}

/** No word of the person's in time. */
export function* onPersonTimeout(channel: Channel, env: Env): Rule {
  if (!channel.live.incoming) return transition(channel);
  if (chainDecides(channel)) return awaitChain(channel);
  const { number } = channel.live.incoming;
  return yield* refuse(channel, env, number, refusalReasons.timeout, 'nobody decided in time');
}

/** The prior state under a higher number, so that a signature given out for the refused one is worthless. */
export function* refuse(channel: Channel, env: Env, of: bigint, reason: number, text: string): Rule {
  const highest = of > channel.used ? of : channel.used;
  // A number from far ahead is not adopted: it would burn the number space.
  const number = (isTooFar(highest, channel.used, env.now) ? channel.used : highest) + 1n;
  const prior = latest(channel);
  const signature = yield* sign(updateBytes(channel.networkId, finalId(channel), number, prior.stateHash));
  const refusal: Refusal = { number, of, stateHash: prior.stateHash, signature, reason, text };
  const next = withLive(change(channel, env, { refusal, used: number }), { incoming: null });
  return transition(next, persist(), { type: 'send', message: refusalMessage(next) });
}

/** Both proposed at once: both supersede both by the prior state (PROTOCOL 4). */
export function* conflict(channel: Channel, env: Env, theirs: bigint): Rule {
  const highest = theirs > channel.proposal!.number ? theirs : channel.proposal!.number;
  if (isTooFar(highest, channel.used, env.now))
    return stop(channel, env, `sequence_number ${theirs} is too far ahead of ${channel.used}`, true);
  const next = yield* refuse(
    { ...channel, used: highest > channel.used ? highest : channel.used },
    env,
    theirs,
    refusalReasons.conflict,
    'both sides proposed at once',
  );
  return next;
}

// ---- the proposer

/** The peer co-signed the own proposal, or agreed that the refused update is superseded. */
export function* onUpdateAck(channel: Channel, env: Env, message: MessageOf<'update_ack'>): Rule {
  const { proposal, refusal } = channel;
  const number = message.sequence_number;
  const state = latest(channel);
  if (refusal && number === refusal.number) return yield* superseded(channel, env, message.signature);
  if (proposal && number === proposal.number && !refusal) {
    const bytes = updateBytes(channel.networkId, finalId(channel), number, proposal.stateHash);
    if (!(yield* verify(peerKey(channel), bytes, message.signature)))
      return stop(channel, env, `update_ack ${number} carries an invalid signature`, true);
    const done = commitProposal(channel, env, message.signature);
    return mayDefer(channel, proposal) ? { ...done, effects: done.effects.map(deferred) } : done;
  }
  if (number <= state.number) return transition(channel);
  return stop(channel, env, `update_ack ${number} answers no update of this side`, true);
}

/**
 * Whether the answer need not wait for the co-signed state to be written. The proposal is durable, so after a death
 * PROTOCOL 6 brings the ack again and with it the same outcome; and should the peer never come back, the state on disk
 * gives this side as much or more: only coins have moved, and none of them to it.
 */
function mayDefer(channel: Channel, proposal: Proposal): boolean {
  const before = latest(channel).balances[channel.role];
  if (proposal.balances[channel.role] > before) return false;
  return !isContractBatch(proposal.entries);
}

const deferred = (effect: Effect): Effect =>
  effect.type === 'persist' ? { ...effect, deferrable: true } : effect;

/** The own proposal is co-signed: its outcomes are told by the effect that makes it durable. */
export function commitProposal(channel: Channel, env: Env, theirs: Uint8Array): Transition {
  const proposal = channel.proposal!;
  const state = coSigned(channel, proposal, theirs, proposal.signature);
  const outcomes = doneOutcomes(proposal, state);
  const { changes, history } = settled(channel, proposal.entries, state, proposal.requests);
  return transition(change(channel, env, { proposal: null, ...changes }), persist(history, outcomes));
}

/** The peer refuses the own update (or, after a conflict, both supersede both). */
export function* onUpdateError(channel: Channel, env: Env, message: MessageOf<'update_error'>): Rule {
  const { proposal, refusal } = channel;
  const prior = latest(channel);
  const number = message.sequence_number;
  if (number <= prior.number) return transition(channel);
  // Signing the state before once more would undo the forced round. The number is seen, and is not proposed.
  if (chainDecides(channel)) {
    const isNext = number > channel.used && !isTooFar(number, channel.used, env.now);
    return transition(isNext ? { ...channel, used: number } : channel);
  }
  if (!equalBytes(message.state_hash, prior.stateHash))
    return stop(channel, env, `update_error ${number} is not about the last co-signed state`, true);
  const bytes = updateBytes(channel.networkId, finalId(channel), number, prior.stateHash);
  if (!(yield* verify(peerKey(channel), bytes, message.signature)))
    return stop(channel, env, `update_error ${number} carries an invalid signature`, true);
  // Conflict: the two refusals are the same state, so each completes the other and no ack follows.
  if (refusal && number === refusal.number) return yield* superseded(channel, env, message.signature);
  if (isTooFar(number, channel.used, env.now))
    return stop(channel, env, `sequence_number ${number} is too far ahead of ${channel.used}`, true);
  if (channel.move) return refusedMove(channel, env, message);
  // Both refused, with different numbers up: the higher one supersedes all, and its receiver acknowledges it.
  if (refusal && number < refusal.number) return transition(channel);
  // An earlier refusal of the peer's, sent again, that crosses a proposal of the number that it has: each signed one state
  // of that number, so both are superseded.
  if (proposal && number === proposal.number) return yield* conflict(channel, env, number);
  if (isUsed(channel, number))
    return stop(channel, env, `update_error ${number} reuses a number: give more than ${channel.used}`, true);
  const mine = yield* sign(bytes);
  const state = coSigned(channel, { ...prior, number }, message.signature, mine);
  const changes = { latest: state, ...using(channel, number), proposal: null, refusal: null };
  // Whatever of the peer's waits for the person is superseded too.
  const next = withLive(change(channel, env, changes), { incoming: null });
  const ack: Effect = {
    type: 'send',
    message: { type: 'update_ack', channel_id: finalId(channel), sequence_number: number, signature: mine },
  };
  if (!proposal) return transition(next, persist(), ack);
  if (message.reason === refusalReasons.conflict) return again(next, proposal, ack);
  const text = textOf(message.data);
  const outcomes = proposal.requests.map((request) =>
    outcomeOf(request, wordOf(message.reason), refusedSentence(message.reason, text)),
  );
  const history = proposal.requests.map((request) => refusedItem(request, state, text));
  const call = proposal.requests.find(isCall);
  const kept = call ? keepCall(next, call, wordOf(message.reason)) : next;
  return transition(kept, persist(history, outcomes), ack);
}

/** The prior state is co-signed under the refusal's number. */
export function* superseded(channel: Channel, env: Env, theirs: Uint8Array): Rule {
  const refusal = channel.refusal!;
  const prior = latest(channel);
  if (refusal.stateHash && !equalBytes(refusal.stateHash, prior.stateHash))
    return stop(
      channel,
      env,
      `${refusal.number} was signed for a state that is not the latest any more`,
      true,
    );
  const bytes = updateBytes(channel.networkId, finalId(channel), refusal.number, prior.stateHash);
  if (!(yield* verify(peerKey(channel), bytes, theirs)))
    return stop(channel, env, `the signature on ${refusal.number} is invalid`, true);
  const state = coSigned(channel, { ...prior, number: refusal.number }, theirs, refusal.signature);
  const next = change(channel, env, { latest: state, refusal: null, proposal: null });
  return channel.proposal ? again(next, channel.proposal) : transition(next, persist());
}

/**
 * After a conflict the initiator proposes again at once; the responder lets it go first. Where the channel is being closed
 * nothing more is proposed.
 */
function again(channel: Channel, proposal: Proposal, ...behind: Effect[]): Transition {
  const { requests } = proposal;
  const goesOn = channel.phase === 'open';
  const next = withLive(channel, {
    queue: goesOn ? [...requests, ...channel.live.queue] : [],
    yielding: channel.role === 'responder',
  });
  const sentence = 'The channel is being closed. Nothing was paid.';
  const ended = goesOn ? [] : requests.map((request) => outcomeOf(request, 'closing', sentence));
  return transition(next, persist([], ended), ...behind);
}

/** The initiator had its turn. */
export function onYielded(channel: Channel): Transition {
  return transition(withLive(channel, { yielding: false }));
}

function textOf(data: Uint8Array): string {
  return new TextDecoder().decode(data).slice(0, 200);
}

function refusedSentence(reason: number, text: string): string {
  if (reason === refusalReasons.declined) return 'The other side declined. Nothing was paid.';
  if (reason === refusalReasons.timeout) return 'The other side did not decide in time. Nothing was paid.';
  if (reason === refusalReasons.busy) return 'The other side is busy. Nothing was paid; try again.';
  return `The other side refused (${wordOf(reason)}${text ? `: ${text}` : ''}). Nothing was paid.`;
}

// ---- history

const refusedItem = (request: Request, state: CoSigned, text: string): Partial<HistoryEntry> => ({
  kind: 'refused',
  amount: request.amount,
  note: request.note ?? (text || null),
  balances: state.balances,
  number: state.number,
  scope: request.scope,
});

/** One history item per transfer of a batch, its note with it; one for a contract's batch. */
function historyOf(
  channel: Channel,
  serialized: readonly Uint8Array[],
  state: CoSigned,
  requests: readonly Request[],
): Partial<HistoryEntry>[] {
  if (isContractBatch(serialized)) return [contractItem(channel, serialized, state, requests)];
  const applied = applyEntries(channel, latest(channel).balances, serialized);
  // It was made on a state that a forced round replaced here.
  if ('problem' in applied) return [{ kind: 'chain', balances: state.balances, number: state.number }];
  const items: Partial<HistoryEntry>[] = [];
  for (const entry of applied.entries) {
    if (entry.type === 'transfer')
      items.push({
        kind: equalBytes(entry.from, channel.keys[channel.role]) ? 'paid' : 'received',
        amount: entry.amount,
        balances: state.balances,
        number: state.number,
        scope: requests[items.length]?.scope ?? null,
      });
    else if (entry.type === 'meta' && items.length > 0) items[items.length - 1]!.note = noteOf(entry.data);
  }
  return items;
}

function contractItem(
  channel: Channel,
  serialized: readonly Uint8Array[],
  state: CoSigned,
  requests: readonly Request[],
): Partial<HistoryEntry> {
  const { amount, ...contract } = contractNote(channel, serialized);
  const notes = serialized.slice(2).map((bytes) => {
    const entry = parseEntry(bytes);
    return entry.type === 'meta' ? noteOf(entry.data) : null;
  });
  return {
    kind: 'contract',
    amount: amount > 0n ? amount : null,
    note: notes.find((note) => note !== null) ?? null,
    balances: state.balances,
    number: state.number,
    scope: requests[0]?.scope ?? null,
    contract,
  };
}
