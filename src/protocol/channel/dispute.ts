/**
 * Closing alone and disputes (seed: Channel closing 2 and 3; PROTOCOL 7). None of this waits for the peer, an update or
 * a conflict: the chain decides by the latest state that both signed.
 */
import { equalBytes } from '../bytes.ts';
import { GAS_PRICE_MIN, minFee, type Unpriced } from '../chain/fee.ts';
import { signedTx, signingBytes, txHash } from '../chain/signed.ts';
import { serializeTx, type Tx } from '../chain/tx.ts';
import { proofOfInclusion } from '../state/poi.ts';
import { account, sign } from './ask.ts';
import { gasPrice, openingState, rebroadcast } from './establish.ts';
import { doneOutcome, dropRequests, failedProposal, outcomeOf } from './failure.ts';
import { followForced, soloDone, soloGivenUp } from './forced.ts';
import { hold, nextNonce, replacing, unspent } from './held.ts';
import { moved, tookEffect } from './move.ts';
import {
  change,
  finalId,
  isMissed,
  offChainTx,
  ownKey,
  persist,
  refused,
  transition,
  undoneMoves,
  withLive,
} from './record.ts';
import { treesOf } from './trees.ts';
import type {
  Channel,
  CoSigned,
  Effect,
  Env,
  EventOf,
  HistoryEntry,
  OnChain,
  Outcome,
  Phase,
  Rule,
  Solo,
  Transition,
} from './types.ts';
import { followMove } from './undone.ts';
import { goOn, mayGoOn } from './update.ts';

/** After so many blocks past the lock this side settles even where the other one closed. */
const settleGrace = 2;
/**
 * For so many blocks in a row the node shows no sign of a channel of which no close was seen, before that ends it: one
 * that lags, or forgot, is no proof.
 */
export const absence = 10;
/** So many looks without a trace, and a solo transaction is made anew with another nonce. */
const patience = 5;

/** Whether an own solo transaction of this kind is on its way, or in the chain. */
export const isUnderWay = ({ solo }: Channel, kind: Solo['kind']): boolean =>
  solo?.kind === kind && solo.missing < patience;

/**
 * The latest state this side can show: a deposit or withdrawal that the chain has taken counts before both locked it.
 * Before funding_signed came it is the funding's own, which needs no payload.
 */
export function provable(channel: Channel): CoSigned {
  const { move, onChain, latest, beforeChain } = channel;
  if (move && onChain && tookEffect(move, onChain)) return moved(move);
  // What stands on coins that the chain does not have there cannot be shown to it.
  const [undone] = undoneMoves(channel);
  if (undone) return undone.before;
  // A reorganisation took away what only the chain had made.
  if (latest?.source === 'chain' && beforeChain && onChain && onChain.round < roundOf(latest))
    return beforeChain;
  return latest ?? openingState(channel);
}

/**
 * Whether the chain has this state: under its own round, or under a later one, where an own refusal signed it once more
 * and the other side showed that.
 */
export const isShown = (object: OnChain, state: CoSigned): boolean =>
  object.round >= roundOf(state) && equalBytes(object.stateHash, state.stateHash);

/** The chain's round of a state. */
export const roundOf = (state: CoSigned): bigint => state.number + 1n;

/** What this side can show against a close with this object: a later state that both signed; null where it has none. */
export function answerTo(channel: Channel, object: OnChain): CoSigned | null {
  const seen = { ...channel, onChain: object };
  const state = provable(seen);
  const older = object.lockedUntil > 0 && (object.round < roundOf(state) || isOldForced(seen));
  return older && state.source === 'update' ? state : null;
}

/**
 * Whether the chain's round was forced on a state older than the latest that both signed: by the chain's rules that one
 * takes its place, from the first forced round on.
 */
export function isOldForced(channel: Channel): boolean {
  const { onChain, forced } = channel;
  if (!onChain?.soloRound) return false;
  const known = forced?.round === onChain.round && equalBytes(forced.stateHash, onChain.stateHash);
  const state = provable(channel);
  return !known && state.source === 'update' && roundOf(state) >= onChain.soloRound;
}

/** Whether the chain has a round that one side forced and this record does not have. */
export function isForcedAhead(channel: Channel): boolean {
  const { onChain } = channel;
  if (!onChain?.soloRound || isOldForced(channel)) return false;
  return onChain.round > roundOf(provable(channel));
}

/** The person closes alone. */
export function* onCloseSolo(channel: Channel, env: Env, { feeStep = 0 }: EventOf<'close_solo'>): Rule {
  const { onChain } = channel;
  if (!onChain)
    return refused(channel, 'The channel is not on the chain yet, so there is nothing to close alone.');
  if (onChain.lockedUntil > 0) return refused(channel, 'The channel is being closed on the chain already.');
  if (channel.phase === 'closing_solo') return refused(channel, 'The close is on its way already.');
  const state = provable(channel);
  const old = isOldForced(channel);
  const empty = !old && isShown(onChain, state);
  if (!old && !empty && roundOf(state) < onChain.round)
    return refused(
      channel,
      `The chain knows a newer state (round ${onChain.round}) than this wallet (round ${roundOf(state)}). Reconnect to the other side first.`,
    );
  if (state.source === 'chain' && roundOf(state) > onChain.round)
    return refused(
      channel,
      'A reorganisation of the chain took away the state that this channel stands on. Wait until it is back.',
    );
  if (!old && !empty && roundOf(state) === onChain.round)
    return refused(channel, `The chain knows another state of round ${onChain.round} than this wallet.`);
  const next = enter(channel, env);
  const make = (nonce: bigint) => closeSoloTx(channel, nonce);
  return yield* post(
    next,
    env,
    'close_solo',
    empty ? onChain.round : roundOf(state),
    make,
    gasPrice(feeStep),
  );
}

function closeSoloTx(channel: Channel, nonce: bigint): Unpriced {
  const state = provable(channel);
  // The chain has this state: it takes its own word for it.
  const empty = !isOldForced(channel) && channel.onChain !== null && isShown(channel.onChain, state);
  return {
    type: 'ChannelCloseSoloTx',
    channelId: finalId(channel),
    fromId: ownKey(channel),
    payload: empty ? new Uint8Array() : payloadOf(channel, state),
    poi: proofOf(channel, state),
    ttl: 0n,
    nonce,
  };
}

/** What closing alone now costs with this nonce, in aetto. */
export const closeSoloFee = (channel: Channel, nonce: bigint, feeStep: number): bigint =>
  minFee(closeSoloTx(channel, nonce), gasPrice(feeStep));

/** The node shows the channel's object: an old state is answered, a close that nobody can dispute any more is settled. */
export function* onOnChain(channel: Channel, env: Env, event: EventOf<'on_chain'>): Rule {
  const { object, height } = event;
  if (!object) return event.funded ? gone(channel, env, event) : yield* unfunded(channel, env, event.height);
  const known = change(channel, env, { onChain: object, goneAt: null });
  const news = changed(channel.onChain, object);
  if (object.lockedUntil === 0) {
    if (channel.phase === 'closing_solo' && !isUnderWay(channel, 'close_solo'))
      return stopped(
        known,
        env,
        'The close on the chain was undone by a reorganisation. Close the channel again.',
      );
    const chosen = yield* followForced(known, env, news);
    if (chosen) return chosen;
    const followed = yield* followMove(channel, known, env, news, height);
    return mayGoOn(followed.channel) ? yield* goOn(followed.channel, env, followed.effects) : followed;
  }
  const closing = enter(known, env, news ? [closingNote(known, object)] : []);
  const answer = answerTo(closing.channel, object);
  if (answer) return yield* slash(closing, env, answer);
  return yield* settle(closing, env, object, height);
}

const changed = (before: OnChain | null, now: OnChain): boolean =>
  !before ||
  before.round !== now.round ||
  before.lockedUntil !== now.lockedUntil ||
  !equalBytes(before.stateHash, now.stateHash);

function closingNote(channel: Channel, object: OnChain) {
  const mine = roundOf(provable(channel));
  // A close or an answer locks the channel for lock_period blocks from its own.
  const block = object.lockedUntil - channel.terms.lockPeriod;
  const { solo } = channel;
  const answered = solo?.kind === 'slash' && solo.round === object.round;
  const note =
    object.round < mine || isOldForced(channel)
      ? `The channel is being closed with an old state (round ${object.round}, block ${block}); your wallet answers with round ${mine}.`
      : answered
        ? `Your wallet's answer, round ${object.round}, is in block ${block}. It can be disputed until block ${object.lockedUntil}.`
        : `The channel is being closed by one side with round ${object.round}, in block ${block}; it can be disputed until block ${object.lockedUntil}.`;
  return { kind: 'chain' as const, note, balances: object.balances, number: object.round - 1n };
}

/** Into `closing_solo`, from wherever the channel was: updates end, requests are answered. */
function enter(channel: Channel, env: Env, history: Parameters<typeof persist>[0] = []): Transition {
  const dropped = dropRequests(
    channel,
    'closing',
    'The channel is being closed on the chain. Nothing was paid.',
  );
  const next = withLive(change(channel, env, { phase: 'closing_solo' }), { queue: [], incoming: null });
  // Where the channel froze before, they have their answer.
  const told = channel.phase === 'closing_solo' || channel.reason !== null;
  const undecided = told ? [] : failedProposal(channel, 'The channel is being closed on the chain.');
  const effects: Effect[] =
    channel.phase === 'closing_solo' && history.length === 0 ? [] : [persist(history, undecided)];
  return transition(next, ...effects, ...dropped);
}

/** The later state that both signed, without asking anyone, as soon as the old one is seen. */
function* slash(closing: Transition, env: Env, state: CoSigned): Rule {
  const { channel } = closing;
  if (isUnderWay(channel, 'slash') && channel.solo?.round === roundOf(state)) return closing;
  return yield* post(closing, env, 'slash', roundOf(state), (nonce) => ({
    type: 'ChannelSlashTx',
    channelId: finalId(channel),
    fromId: ownKey(channel),
    payload: payloadOf(channel, state),
    poi: proofOf(channel, state),
    ttl: 0n,
    nonce,
  }));
}

/** Once the lock has ended: at once where this side closed or answered, a little later otherwise. */
function* settle(closing: Transition, env: Env, object: OnChain, height: number): Rule {
  const { channel } = closing;
  if (isUnderWay(channel, 'settle')) return closing;
  if (height < object.lockedUntil + (channel.solo ? 0 : settleGrace)) return closing;
  return yield* post(closing, env, 'settle', object.round, (nonce) => ({
    type: 'ChannelSettleTx',
    channelId: finalId(channel),
    fromId: ownKey(channel),
    initiatorAmountFinal: object.balances.initiator,
    responderAmountFinal: object.balances.responder,
    ttl: 0n,
    nonce,
  }));
}

/** Signs and posts a solo transaction; durable before it is posted, so that a restart posts the same. */
export function* post(
  before: Transition,
  env: Env,
  kind: Solo['kind'],
  round: bigint,
  make: (nonce: bigint) => Unpriced,
  price = GAS_PRICE_MIN,
): Rule {
  const { channel } = before;
  const { nonce, waiting } = yield* nextNonce(channel);
  if (nonce === null)
    return {
      ...before,
      refused: 'The node cannot be asked now, so nothing was posted. Try again once it answers.',
    };
  const unpriced = make(nonce);
  // It replaces what waits under this nonce, and differs from what the node may have dropped.
  const fee = replacing(waiting[0], minFee(unpriced, price));
  const tx = serializeTx({ ...unpriced, fee } as Tx);
  const signature = yield* sign(signingBytes(channel.networkId, txHash(tx)));
  const solo: Solo = {
    kind,
    signedTx: signedTx(tx, [signature]),
    nonce,
    fee,
    round,
    confirmations: null,
    missing: 0,
  };
  return transition(
    change(channel, env, { solo, held: hold(channel.held, nonce, fee) }),
    ...before.effects,
    persist([{ kind: 'chain', note: words[kind], txHash: txHash(solo.signedTx), number: round - 1n }]),
    { type: 'broadcast', what: 'solo', signedTx: solo.signedTx },
  );
}

const words: Record<Solo['kind'], string> = {
  snapshot: 'Your wallet records the latest balances on the chain.',
  force_progress: 'You have the chain run a call of a contract that the other side did not answer.',
  close_solo: 'You close this channel alone.',
  slash: 'Your wallet answered an old state with the latest one.',
  settle: 'Your wallet claims the balances of the closed channel.',
};

/** The own solo transaction in the node's view: posted again where it is unknown, made anew where it stays so. */
export function* onSoloConfirmations(channel: Channel, env: Env, confirmations: number | null): Rule {
  const { solo } = channel;
  if (!solo) return transition(channel);
  const isBehind = confirmations === -1 && (yield* waitsBehind(channel, solo));
  if (confirmations !== null && !isBehind) {
    const known = change(channel, env, { solo: { ...solo, confirmations, missing: 0 } });
    const done = soloDone(known, env);
    if (done) return done;
    return transition(known, ...(confirmations === solo.confirmations ? [] : [persist()]));
  }
  const missing = solo.missing + 1;
  const known = change(channel, env, { solo: { ...solo, confirmations, missing } });
  if (missing < patience && isBehind) return transition(known, persist());
  if (missing < patience)
    return transition(known, { type: 'broadcast', what: 'solo', signedTx: solo.signedTx });
  const given = soloGivenUp(known, env);
  if (given) return given;
  // Dropped for good (its nonce was used, or the round is over): the next look decides what is needed now.
  if (solo.kind !== 'close_solo' || channel.phase !== 'closing_solo' || channel.onChain?.lockedUntil !== 0)
    return transition(known, persist());
  return stopped(known, env, 'The close was not taken by the chain. Close the channel again.');
}

/** Whether a reorganisation took away what had a nonce before it: then no block takes it as long as that stays away. */
function* waitsBehind(channel: Channel, solo: Solo): Rule<boolean> {
  const own = yield* account(ownKey(channel));
  return own !== null && unspent(channel, own.nonce).some(({ nonce }) => nonce < solo.nonce);
}

/** Closing alone did not happen, or was undone: the person can do it again. */
const stopped = (channel: Channel, env: Env, reason: string): Transition =>
  transition(change(channel, env, { phase: 'failed', reason }), persist([{ kind: 'failed', note: reason }]));

/** Phases in which `onFundingConfirmations` sees to it that the funding is posted. */
const postsFunding: ReadonlySet<Phase> = new Set(['confirming', 'locking', 'open']);

/**
 * The funding is not in the chain: not yet, or taken away by a reorganisation, and then it is posted again. Once its
 * nonce is spent otherwise, for good, it can never come.
 */
function* unfunded(channel: Channel, env: Env, height: number): Rule {
  const payer = yield* account(channel.keys.initiator);
  if (!payer || !channel.funding) return transition(channel);
  if (payer.nonce < channel.funding.nonce) {
    // Also of a channel that stopped: nothing behind the payer's nonce could be mined.
    const again = postsFunding.has(channel.phase) ? [] : [rebroadcast(channel)];
    if (channel.goneAt === null) return transition(channel, ...again);
    return transition(change(channel, env, { goneAt: null }), persist(), ...again);
  }
  if (channel.goneAt === null) return transition(change(channel, env, { goneAt: height }), persist());
  if (height - channel.goneAt < Math.max(absence, channel.minimumDepth)) return transition(channel);
  const reason = channel.onChain
    ? `Your node has shown neither this channel nor its funding for ${height - channel.goneAt} blocks: it was closed while this wallet was away, or a reorganisation of the chain undid its funding for good. Either way its coins are in the accounts.`
    : 'The funding of this channel can never reach the chain: its number in the account of the side that opened it was used otherwise. Your coins are in your account.';
  const dropped = dropRequests(channel, 'not_open', reason);
  const next = withLive(change(channel, env, { phase: 'aborted', reason }), { queue: [], incoming: null });
  return transition(
    next,
    persist([{ kind: 'aborted', note: reason }], failedProposal(channel, reason)),
    ...dropped,
  );
}

/** The object left the chain: settled, or closed by agreement after all. Final only once it stays so. */
function gone(channel: Channel, env: Env, { height }: EventOf<'on_chain'>): Transition {
  // An agreed close is followed by its own transaction.
  if (channel.phase === 'closing' || channel.phase === 'closing_confirming') return transition(channel);
  if (channel.goneAt === null)
    // Nothing more yet: object and funding are asked for one after the other, and the chain may move between.
    return transition(change(channel, env, { goneAt: height }), persist());
  const closing = channel.onChain?.lockedUntil ?? 0;
  // Before its lock ends nothing settles it.
  if (height < closing && !channel.closing) return transition(channel);
  if (height - channel.goneAt < Math.max(closing > 0 ? 1 : absence, channel.minimumDepth))
    return transition(channel);
  // Where this wallet was away for all of it, nobody here saw what was paid out.
  const balances = channel.onChain && channel.onChain.lockedUntil > 0 ? channel.onChain.balances : null;
  const left = enter(channel, env);
  const { solo } = channel;
  const decided = balances ? decidedProposal(channel) : { history: [], outcomes: [] };
  return transition(
    change(left.channel, env, { phase: 'closed' }),
    ...left.effects,
    persist(
      [
        ...decided.history,
        {
          kind: 'closed',
          balances,
          amount: balances?.[channel.role],
          number: channel.onChain ? channel.onChain.round - 1n : null,
          txHash: solo ? txHash(solo.signedTx) : null,
          note: balances
            ? `The chain settled with round ${channel.onChain?.round}; gone since block ${channel.goneAt}.`
            : 'The channel was closed on the chain while this wallet was away.',
        },
      ],
      decided.outcomes,
    ),
  );
}

/** It was given up for lost, and is there: nothing is lost, and nothing is signed with the other side any more. */
export function onReappeared(channel: Channel, env: Env, { object }: EventOf<'on_chain'>): Transition {
  if (!object || !isMissed(channel)) return transition(channel);
  const reason =
    'Your node had lost sight of this channel, and shows it again: it is on the chain. Close it to get its coins.';
  return transition(
    // As if it were seen for the first time: the next look answers what there is to answer.
    change(channel, env, { phase: 'failed', reason, onChain: null, goneAt: null }),
    persist([{ kind: 'failed', note: reason }]),
  );
}

/** An unanswered proposal, once the channel is settled: the other side had co-signed it exactly if that state was paid out. */
function decidedProposal({ proposal, onChain }: Channel): {
  history: Partial<HistoryEntry>[];
  outcomes: Outcome[];
} {
  if (!proposal || !onChain) return { history: [], outcomes: [] };
  const { number, balances, stateHash, requests } = proposal;
  const taken = onChain.round === number + 1n && equalBytes(onChain.stateHash, stateHash);
  if (!taken) {
    const sentence = 'The channel was closed without this payment. Nothing was paid.';
    return { history: [], outcomes: requests.map((request) => outcomeOf(request, 'closed', sentence)) };
  }
  const history = requests.map(
    ({ direction, amount, note, scope }): Partial<HistoryEntry> => ({
      kind: direction === 'pay' ? 'paid' : 'received',
      amount,
      note: note ?? 'The other side took this payment by closing the channel with it.',
      balances,
      number,
      scope,
    }),
  );
  return { history, outcomes: requests.map((request) => doneOutcome(request, { number, balances })) };
}

/** After the end: nonces that were overtaken are spent on nothing (the watcher's), or later ones would wait behind them. */
export function* onNoncesSpent(channel: Channel, env: Env, confirmations: number | null): Rule {
  // Until a reorganisation does not bring them back.
  if (confirmations === null || confirmations < Math.max(1, channel.minimumDepth)) return transition(channel);
  const own = yield* account(ownKey(channel));
  const held = own ? unspent(channel, own.nonce) : channel.held;
  if (held.length === channel.held.length) return transition(channel);
  return transition(change(channel, env, { held }), persist());
}

export const payloadOf = (channel: Channel, state: CoSigned): Uint8Array =>
  signedTx(offChainTx(finalId(channel), state.number, state.stateHash), Object.values(state.signatures));

function proofOf(channel: Channel, state: CoSigned): Uint8Array {
  const { keys } = channel;
  return proofOfInclusion(treesOf(channel, state), { accounts: [keys.initiator, keys.responder] });
}

/** What a slash with the latest state needs, whoever posts it. `round` is the chain's. */
export interface SlashMaterial {
  round: bigint;
  payload: Uint8Array;
  poi: Uint8Array;
}

/**
 * For a delegate (PROTOCOL 3): the latest state that a slash can show. Null where there is none yet, or the chain itself
 * holds that state.
 */
export function slashMaterial(channel: Channel): SlashMaterial | null {
  if (!isSlashable(channel)) return null;
  const { latest } = channel;
  return { round: roundOf(latest), payload: payloadOf(channel, latest), poi: proofOf(channel, latest) };
}

/** Whether the latest state is one that a slash can show, and the chain does not have. */
export const isSlashable = (channel: Channel): channel is Channel & { latest: CoSigned } =>
  channel.channelId !== null &&
  channel.latest?.source === 'update' &&
  // Of update 0, the push, the chain has the state by the funding itself.
  channel.latest.number > 0n &&
  roundOf(channel.latest) > (channel.onChain?.round ?? 0n);

/** The hash under which the chain knows the own solo transaction. */
export const soloTxHash = (channel: Channel): Uint8Array => txHash(channel.solo!.signedTx);
