/**
 * Rounds that one side makes alone on the chain (seed: Contracts; PROTOCOL 7): a snapshot records the latest co-signed
 * state there, a forced call makes the next one. A forced round counts once it is deep enough; both then go on from it.
 * One that stands on an older state than both signed is answered by that state.
 */
import { equalBytes } from '../bytes.ts';
import { gasOf, minFee, type Unpriced } from '../chain/fee.ts';
import { parseSignedTx } from '../chain/signed.ts';
import { parseTx, type Tx, TxError, type TxOf } from '../chain/tx.ts';
import { EntryError, type EntryOf, parseEntry, serializeEntry } from '../state/entries.ts';
import { StateError } from '../state/error.ts';
import { parseTrees, serializeTrees, stateHash } from '../state/trees.ts';
import { applyContractEntry, type CallObject, findContract, pruneCalls } from '../vm/index.ts';
import { account, sign } from './ask.ts';
import {
  asking,
  blockFor,
  callEntry,
  contractEntry,
  contractOutcome,
  maxGas,
  outcomeOfCall,
} from './contracts.ts';
import {
  isForcedAhead,
  isOldForced,
  isShown,
  isUnderWay,
  payloadOf,
  post,
  provable,
  roundOf,
} from './dispute.ts';
import { doneOutcome } from './failure.ts';
import { forceProgress } from './force-progress.ts';
import { unspent } from './held.ts';
import { change, finalId, noSignature, ownKey, persist, refused, transition, updateBytes } from './record.ts';
import { stateFrom, treesOf } from './trees.ts';
import type {
  CallRequest,
  Channel,
  CoSigned,
  Effect,
  Env,
  EventOf,
  OnChain,
  Outcome,
  Phase,
  Proposal,
  Request,
  Rule,
  Solo,
  Transition,
  UnsignedCall,
} from './types.ts';
import { inAe } from './units.ts';

/** Whether the own forced call waits for the chain. */
const isForcing = (channel: Channel): boolean => isUnderWay(channel, 'force_progress');

/** Whether a forced round is on its way to the chain, or there and not deep enough: nothing is signed meanwhile. */
export const chainDecides = (channel: Channel): boolean => isForcing(channel) || isForcedAhead(channel);

const isAt = (object: OnChain, round: bigint, hash: Uint8Array): boolean =>
  object.round === round && equalBytes(object.stateHash, hash);

// ---- snapshot

/** The person records the balances on the chain. */
export function* onSnapshot(channel: Channel, env: Env): Rule {
  const { onChain } = channel;
  if (!onChain) return refused(channel, 'The channel is not on the chain yet.');
  const state = provable(channel);
  if (isUnderWay(channel, 'snapshot')) return refused(channel, 'The balances are on their way already.');
  if (channel.move || isForcing(channel))
    return refused(channel, 'Another transaction of this channel is under way: try again when it is done.');
  if (state.source !== 'update' || (roundOf(state) <= onChain.round && !isOldForced(channel)))
    return refused(channel, 'The chain has the current balances already.');
  return yield* snapshot(channel, env, state);
}

const snapshot = (channel: Channel, env: Env, state: CoSigned): Rule =>
  post(transition(channel), env, 'snapshot', roundOf(state), (nonce) => snapshotTx(channel, state, nonce));

const snapshotTx = (channel: Channel, state: CoSigned, nonce: bigint): Unpriced => ({
  type: 'ChannelSnapshotSoloTx',
  channelId: finalId(channel),
  fromId: ownKey(channel),
  payload: payloadOf(channel, state),
  ttl: 0n,
  nonce,
});

/** Fee of a snapshot of the latest state, in aetto; null where the chain has that state. */
export function snapshotFee(channel: Channel): bigint | null {
  const { onChain } = channel;
  if (!onChain || !channel.channelId || !channel.latest || channel.phase !== 'open') return null;
  const state = provable(channel);
  if (state.source !== 'update' || roundOf(state) <= onChain.round) return null;
  return minFee(snapshotTx(channel, state, 1n));
}

// ---- forcing

/** The person has the chain run a call. */
export function* onForceProgress(channel: Channel, env: Env, wish: EventOf<'force_progress'>): Rule {
  const { onChain } = channel;
  if (!onChain) return refused(channel, 'The channel is not on the chain yet.');
  if (isForcing(channel)) return refused(channel, 'A call is on its way to the chain already.');
  if (channel.move || isUnderWay(channel, 'snapshot'))
    return refused(channel, 'Another transaction of this channel is under way: try again when it is done.');
  const state = provable(channel);
  const isOnChain = isShown(onChain, state);
  if (!isOnChain && (state.source !== 'update' || roundOf(state) <= onChain.round))
    return refused(channel, 'The chain has another round than this wallet: wait until the two agree.');
  const base = isOnChain ? onChain.round : roundOf(state);
  const trees = treesOf(channel, state);
  const contract = wish.contract.length === 32 ? findContract(trees, wish.contract) : undefined;
  if (!contract) return refused(channel, 'The channel has no such contract.');
  const block = yield* blockFor(null);
  const own = yield* account(ownKey(channel));
  if (typeof block === 'string' || !own)
    return refused(
      channel,
      'The node cannot be asked now, so nothing was posted. Try again once it answers.',
    );
  const nonce = unspent(channel, own.nonce)[0]?.nonce ?? own.nonce + 1n;
  const made = yield* asking(channel, trees, base, block, (at) =>
    forceProgress({
      channelId: finalId(channel),
      from: ownKey(channel),
      base: {
        payload: isOnChain ? new Uint8Array() : payloadOf(channel, state),
        round: base,
        trees,
      },
      update: callEntry(ownKey(channel), { ...wish, abiVersion: contract.ctVersion & 0xffffn }, wish.amount),
      env: at,
      ttl: 0n,
      nonce,
    }),
  );
  if ('problem' in made) return refused(channel, `The call cannot be forced: ${made.problem}.`);
  if (made.status === 'refused') return refused(channel, `The call cannot be forced: ${made.reason}.`);
  const fee = minFee(made.tx);
  const most = maxGas - gasOf({ ...made.tx, fee } as Tx);
  if (wish.gas > most)
    return refused(
      channel,
      `The call may use ${wish.gas} gas: beside its data a block has room for ${most}.`,
    );
  if (own.balance < fee + made.mostGasCost)
    return refused(
      channel,
      `Your account holds ${inAe(own.balance)} AE; this needs ${inAe(fee + made.mostGasCost)} AE: ${inAe(fee)} AE for the fee and up to ${inAe(made.mostGasCost)} AE for gas.`,
    );
  return yield* post(transition(channel), env, 'force_progress', made.tx.round, (held) => ({
    ...made.tx,
    nonce: held,
  }));
}

// ---- the call that is to be forced

export const isCall = (request: Request): request is CallRequest => request.contract?.type === 'call';

/** Remembers an own call that is not co-signed. */
export const keepCall = (channel: Channel, request: CallRequest, code: string): Channel => ({
  ...channel,
  unsignedCall: { request, code },
});

/** The own call that the other side has not co-signed; `waiting`: it may still answer. */
export function unsignedCall({ proposal, unsignedCall }: Channel): UnsignedCall | null {
  const request = proposal?.requests.find(isCall);
  return request ? { request, code: 'waiting' } : (unsignedCall ?? null);
}

/** The person no longer wants it. */
export function onForgetCall(channel: Channel, env: Env): Transition {
  if (!channel.unsignedCall) return refused(channel, 'No call of yours waits here.');
  return transition(change(channel, env, { unsignedCall: null }), persist());
}

/** Phases in which there may be an own call that only the chain can run. */
const forcible: ReadonlySet<Phase> = new Set(['open', 'shutting_down', 'closing', 'closing_solo', 'failed']);

/** The own call that is not co-signed, as the chain would run it. */
export interface ForceQuote {
  wish: EventOf<'force_progress'>;
  call: UnsignedCall;
  /** aetto */
  fee: bigint;
  /** at most, in aetto: what the call does not use stays in the account */
  gasCost: bigint;
}

/** Null where no own call waits, or it cannot be forced now. */
export function forceQuote(channel: Channel): ForceQuote | null {
  const { onChain, phase, latest } = channel;
  const call = unsignedCall(channel);
  if (!call || !forcible.has(phase) || !onChain || !latest || chainDecides(channel)) return null;
  const { request } = call;
  const { contract, callData, gas, gasPrice } = request.contract;
  const { amount } = request;
  const unpriced = {
    type: 'ChannelForceProgressTx' as const,
    channelId: finalId(channel),
    fromId: ownKey(channel),
    payload: latest.source === 'update' ? payloadOf(channel, latest) : new Uint8Array(),
    round: roundOf(latest) + 1n,
    update: serializeEntry(contractEntry(channel, channel.role, request.contract, amount)),
    stateHash: latest.stateHash,
    offChainTrees: serializeTrees(treesOf(channel, latest)),
    ttl: 0n,
    nonce: 1n,
  };
  const fee = minFee(unpriced);
  const room = maxGas - gasOf({ ...unpriced, fee });
  if (room <= 0n) return null;
  const limit = gas < room ? gas : room;
  return {
    wish: { type: 'force_progress', contract, callData, amount, gas: limit, gasPrice },
    call,
    fee,
    gasCost: limit * gasPrice,
  };
}

/** The state hash that an own forced call names. */
function hashNamed(solo: Solo): Uint8Array {
  return (parseTx(parseSignedTx(solo.signedTx).tx) as TxOf<'ChannelForceProgressTx'>).stateHash;
}

// ---- what the chain has

/**
 * The chain's object, while nobody closes, where it was changed by one side alone; null where there is nothing to do.
 * An old forced round is answered without asking anyone.
 */
export function* followForced(channel: Channel, env: Env, news: boolean): Rule<Transition | null> {
  if (!channel.onChain) return null;
  if (isOldForced(channel)) {
    if (isUnderWay(channel, 'snapshot') || isForcing(channel))
      return transition(channel, ...(news ? [persist()] : []));
    return yield* snapshot(channel, env, provable(channel));
  }
  return yield* takeUntold(channel, env);
}

/** The other side completed what this side signed, and showed it to the chain; null where it did not. */
function* takeUntold(channel: Channel, env: Env): Rule<Transition | null> {
  const { onChain, proposal, latest, refusal, beforeChain, outstanding, role } = channel;
  // A forced round is followed once it is deep enough, the same as the own update or not.
  if (!onChain || onChain.soloRound || !latest) return null;
  const takes = (
    { number, balances, trees, stateHash: hash }: Shown,
    signature: Uint8Array,
    note: string,
    changes: Partial<Channel>,
    outcomes: Outcome[],
  ): Transition => {
    const signatures = { initiator: noSignature, responder: noSignature, [role]: signature };
    const shown = { number, balances, ...(trees ? { trees } : {}), stateHash: hash };
    const state: CoSigned = { ...shown, signatures, source: 'chain' };
    const done = change(channel, env, {
      latest: state,
      beforeChain: lastSigned(channel),
      // It signed the state before, which the other side may show next.
      refusal: null,
      outstanding: refusal?.number ?? outstanding ?? null,
      ...changes,
    });
    return transition(done, persist([{ kind: 'chain', note, balances, number }], outcomes), {
      type: 'disconnect',
      reason: 'the chain has the state',
    });
  };
  if (proposal && isAt(onChain, proposal.number + 1n, proposal.stateHash)) {
    const note = 'The other side recorded your last update on the chain without an answer.';
    const outcomes = doneOutcomes(proposal, proposal);
    return takes(proposal, proposal.signature, note, { proposal: null }, outcomes);
  }
  if (!beforeChain || !outstanding || !isAt(onChain, outstanding + 1n, beforeChain.stateHash)) return null;
  const note =
    'The other side took back on the chain what had been made there alone: the state before counts.';
  // The signature that it has already: this side shows it to whoever holds both.
  const bytes = updateBytes(channel.networkId, finalId(channel), outstanding, beforeChain.stateHash);
  const signature = yield* sign(bytes);
  return takes({ ...beforeChain, number: outstanding }, signature, note, { outstanding: null }, []);
}

type Shown = Pick<CoSigned, 'number' | 'balances' | 'trees' | 'stateHash'>;

/** How the requests of an own update ended that this state carried out. */
export function doneOutcomes(
  { requests, entries }: Proposal,
  state: Pick<CoSigned, 'number' | 'balances'>,
): Outcome[] {
  const contract = contractOutcome(entries);
  return requests.map((request) => ({ ...doneOutcome(request, state), ...(contract ? { contract } : {}) }));
}

/** The latest state that both signed. */
const lastSigned = (channel: Channel): CoSigned | null =>
  channel.latest?.source === 'chain' ? (channel.beforeChain ?? null) : channel.latest;

/**
 * A forced round in the chain, deep enough: its call is applied here too. Where that gives the chain's state hash the
 * channel goes on from it, whoever forced it.
 */
export function* onForced(channel: Channel, env: Env, { tx: bytes, block }: EventOf<'forced'>): Rule {
  const { onChain } = channel;
  const read = readForced(bytes);
  if (!onChain || !read) return transition(channel);
  const { tx, before, update } = read;
  const ours = equalBytes(tx.channelId, finalId(channel)) && isAt(onChain, tx.round, tx.stateHash);
  if (!ours || isOldForced(channel) || onChain.round <= roundOf(provable(channel)))
    return transition(channel);
  const number = tx.round - 1n;
  const applied = yield* asking(channel, before, number, block, (at) =>
    applyContractEntry(pruneCalls(before), update, at),
  );
  if ('problem' in applied || applied.status === 'refused') return transition(channel);
  const state = stateFrom(channel, applied.trees);
  // It saw something of its block that is not known here: the other side's channel_reestablish_ack can show the state.
  if (typeof state === 'string' || !equalBytes(stateHash(applied.trees), onChain.stateHash))
    return transition(channel);
  const own = equalBytes(tx.fromId, ownKey(channel));
  const note = own
    ? 'The chain ran your call; the channel goes on from its result.'
    : 'The other side had the chain run a call of a contract; the channel goes on from its result.';
  const made = { number, ...state, stateHash: onChain.stateHash };
  const outcomes = own ? keptOutcome(channel, update, applied.call, made) : [];
  return adopt(channel, env, made, note, update.amount, outcomes);
}

/** How a request ended that the chain has carried out now. One that was refused had its outcome already. */
function keptOutcome(
  { unsignedCall }: Channel,
  { contract, callData, amount }: EntryOf<'call'>,
  call: CallObject,
  state: Shown,
): Outcome[] {
  if (!unsignedCall || !undecided.has(unsignedCall.code)) return [];
  const { request } = unsignedCall;
  const wish = request.contract;
  const same =
    equalBytes(wish.contract, contract) && equalBytes(wish.callData, callData) && request.amount === amount;
  return same ? [{ ...doneOutcome(request, state), contract: outcomeOfCall(call) }] : [];
}

/** Codes of answers that are not kept: the request may be made again. */
const undecided: ReadonlySet<string> = new Set(['offline', 'not_open']);

/** Null where the bytes are no forced call. */
function readForced(bytes: Uint8Array) {
  try {
    const tx = parseTx(bytes);
    if (tx.type !== 'ChannelForceProgressTx') return null;
    const update = parseEntry(tx.update);
    return update.type === 'call' ? { tx, update, before: parseTrees(tx.offChainTrees) } : null;
  } catch (error) {
    if (error instanceof TxError || error instanceof EntryError || error instanceof StateError) return null;
    throw error;
  }
}

/** The forced state is the latest. An own update that is unanswered is refused by the other side, which has this state too. */
export function adopt(
  channel: Channel,
  env: Env,
  state: Shown,
  note: string,
  amount: bigint | null = null,
  kept: Outcome[] = [],
): Transition {
  const { proposal, solo, refusal } = channel;
  const { number, balances } = state;
  const same =
    proposal !== null && proposal.number === number && equalBytes(proposal.stateHash, state.stateHash);
  const signatures: CoSigned['signatures'] = { initiator: noSignature, responder: noSignature };
  if (same) signatures[channel.role] = proposal.signature;
  const outcomes = same ? doneOutcomes(proposal, state) : kept;
  const next = change(channel, env, {
    latest: { ...state, signatures, source: 'chain' },
    used: number > channel.used ? number : channel.used,
    forced: { round: number + 1n, stateHash: state.stateHash },
    proposal: same ? null : proposal,
    beforeChain: lastSigned(channel),
    // It signed the state before, which is not what the channel goes on from.
    refusal: null,
    outstanding: refusal?.number ?? channel.outstanding ?? null,
    unsignedCall: null,
    solo: solo?.kind === 'force_progress' && solo.round === number + 1n ? null : solo,
  });
  return transition(
    next,
    persist([{ kind: 'chain', note, amount: amount === 0n ? null : amount, balances, number }], outcomes),
    // Both show again what they hold.
    { type: 'disconnect', reason: 'the chain has a newer state' },
  );
}

// ---- the own transaction

/** What waited for the chain is sent again after the greeting. */
const goOn: Effect = { type: 'disconnect', reason: 'the chain has decided' };

/** An own snapshot or forced call that is deep enough is done; null where it is not, or is of another kind. */
export function soloDone(channel: Channel, env: Env): Transition | null {
  const { solo, onChain } = channel;
  if (!solo || (solo.kind !== 'snapshot' && solo.kind !== 'force_progress')) return null;
  if (solo.confirmations === null || solo.confirmations < Math.max(1, channel.minimumDepth)) return null;
  if (solo.kind === 'snapshot') return transition(change(channel, env, { solo: null }), persist());
  const isTaken = onChain !== null && isAt(onChain, solo.round, hashNamed(solo));
  if (isTaken && roundOf(provable(channel)) >= solo.round)
    return transition(change(channel, env, { solo: null }), persist(), goOn);
  // Its state is taken over first: `onForced`.
  if (isTaken) return null;
  const note =
    'The chain ran your call with another result than your wallet expected: fee and gas were paid, the channel stays as it was.';
  return transition(change(channel, env, { solo: null }), persist([{ kind: 'chain', note }]), goOn);
}

/** An own snapshot or forced call that the chain does not take; null where it is of another kind. */
export function soloGivenUp(channel: Channel, env: Env): Transition | null {
  const { solo } = channel;
  if (!solo || (solo.kind !== 'snapshot' && solo.kind !== 'force_progress')) return null;
  const note =
    solo.kind === 'snapshot'
      ? 'The chain did not take the record of the balances.'
      : 'The chain did not take your call: nothing changed.';
  return transition(change(channel, env, { solo: null }), persist([{ kind: 'chain', note }]), goOn);
}
