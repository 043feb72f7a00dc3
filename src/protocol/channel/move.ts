/**
 * Deposit and withdrawal (seed: update_deposit, update_withdrawal; PROTOCOL 5): created -> signed -> on chain -> locked
 * both ways. The on-chain transaction carries the new state, so its two signatures are that state's.
 */
import { equalBytes } from '../bytes.ts';
import { minFee } from '../chain/fee.ts';
import { signedTx, signingBytes, txHash } from '../chain/signed.ts';
import { serializeTx, type TxOf } from '../chain/tx.ts';
import type { MessageOf } from '../wire/index.ts';
import { account, keyBlock, onChainNow, reserveNonce, sign, verify } from './ask.ts';
import { isUsed, numberSearch, using } from './doubt.ts';
import { gasPrice, gasPriceSearch } from './establish.ts';
import { stop } from './failure.ts';
import { chainDecides } from './forced.ts';
import { hold, isOutOfReach, nonceSearch, outOfReach } from './held.ts';
import {
  change,
  finalId,
  latest,
  moveUndone,
  other,
  peerKey,
  persist,
  quiet,
  refused,
  transition,
  updateBytes,
  withMove,
} from './record.ts';
import { hashOfState, withBalances } from './trees.ts';
import type {
  Balances,
  Channel,
  CoSigned,
  Effect,
  Env,
  EventOf,
  Move,
  OnChain,
  Role,
  Rule,
  Transition,
} from './types.ts';
import { AmountError, fromUnits, inAe, toUnits } from './units.ts';
import { awaitChain, chainFirst, conflict, coSigned, fundingLost, refusalReasons, refuse } from './update.ts';

export const bothSigned = (move: Move): boolean =>
  move.signatures.initiator !== undefined && move.signatures.responder !== undefined;

/** The co-signed state that it makes. */
export const moved = (move: Move): CoSigned => ({
  number: move.number,
  balances: move.balances,
  ...(move.trees ? { trees: move.trees } : {}),
  stateHash: move.stateHash,
  signatures: move.signatures as Record<Role, Uint8Array>,
  source: 'move',
  digest: move.hash,
});

/** Whether the chain's object shows that the transaction was taken. */
export const tookEffect = (move: Move, object: OnChain): boolean =>
  object.round === move.number + 1n && equalBytes(object.stateHash, move.stateHash);

/** The signed transaction, once both signed. */
export const bytesOf = (move: Move): Uint8Array =>
  signedTx(move.tx, Object.values(move.signatures) as Uint8Array[]);

/** The hash under which the chain knows it, once both signed. */
export const moveTxHash = (move: Move): Uint8Array => txHash(bytesOf(move));

interface Wanted {
  kind: Move['kind'];
  by: Role;
  amount: bigint;
}

/** Why this cannot be done from these balances, a sentence; null where it can. */
function problemOf(channel: Channel, { kind, by, amount }: Wanted): string | null {
  if (amount <= 0n) return 'give an amount above zero';
  try {
    toUnits(amount, 'amount');
  } catch (error) {
    if (error instanceof AmountError) return error.message;
    throw error;
  }
  const reserve = channel.terms.channelReserve;
  const left = latest(channel).balances[by] - amount;
  if (kind === 'withdrawal' && left < reserve)
    return `a withdrawal of ${inAe(amount)} AE leaves less than channel_reserve, ${inAe(reserve)} AE`;
  return null;
}

function balancesAfter(channel: Channel, { kind, by, amount }: Wanted): Balances {
  const balances = { ...latest(channel).balances };
  balances[by] += kind === 'deposit' ? amount : -amount;
  return balances;
}

function moveOf(channel: Channel, wanted: Wanted, number: bigint, nonce: bigint, k: number): Move {
  const after = withBalances(channel, latest(channel), balancesAfter(channel, wanted));
  const stateHash = hashOfState(channel, after);
  const shared = {
    channelId: finalId(channel),
    amount: wanted.amount,
    ttl: 0n,
    stateHash,
    round: number + 1n,
    nonce,
  };
  const key = channel.keys[wanted.by];
  const unpriced: Omit<TxOf<'ChannelDepositTx'>, 'fee'> | Omit<TxOf<'ChannelWithdrawTx'>, 'fee'> =
    wanted.kind === 'deposit'
      ? { type: 'ChannelDepositTx', fromId: key, ...shared }
      : { type: 'ChannelWithdrawTx', toId: key, ...shared };
  const fee = minFee(unpriced, gasPrice(k));
  const tx = serializeTx({ ...unpriced, fee } as TxOf<'ChannelDepositTx'> | TxOf<'ChannelWithdrawTx'>);
  return {
    ...wanted,
    tx,
    hash: txHash(tx),
    nonce,
    fee,
    signatures: {},
    confirmations: null,
    number,
    ...after,
    stateHash,
    locked: { mine: false, theirs: false },
    cancel: null,
  };
}

// ---- the side whose coins move

export const onDeposit = (channel: Channel, env: Env, { amount, feeStep }: EventOf<'deposit'>): Rule =>
  create(channel, env, { kind: 'deposit', by: channel.role, amount }, feeStep);
export const onWithdraw = (channel: Channel, env: Env, { amount, feeStep }: EventOf<'withdraw'>): Rule =>
  create(channel, env, { kind: 'withdrawal', by: channel.role, amount }, feeStep);

/** What a deposit or withdrawal of this amount now costs with this nonce, in aetto. */
export const moveFee = (channel: Channel, amount: bigint, nonce: bigint, feeStep: number): bigint =>
  moveOf(channel, { kind: 'deposit', by: channel.role, amount }, channel.used + 1n, nonce, feeStep).fee;

function* create(channel: Channel, env: Env, wanted: Wanted, feeStep = 0): Rule {
  if (channel.live.link !== 'up')
    return refused(channel, 'The other side is not connected: try again when it is.');
  if (!quiet(channel) || channel.live.queue.length > 0)
    return refused(channel, 'Another operation of this channel is under way: try again when it is done.');
  if (channel.shutdown.wanted || channel.shutdown.received)
    return refused(channel, 'The channel is being closed.');
  if (fundingLost(channel))
    return refused(
      channel,
      'The chain has lost the funding of this channel for now: try again when it is back.',
    );
  if (moveUndone(channel))
    return refused(
      channel,
      'A reorganisation of the chain undid the last deposit or withdrawal: wait until it is back, or both sides have agreed to go on without it.',
    );
  if (chainDecides(channel)) return refused(channel, chainFirst);
  const problem = problemOf(channel, wanted);
  if (problem) return refused(channel, `This cannot be done: ${problem}.`);
  const own = yield* account(channel.keys[channel.role]);
  const nonce = own && (yield* reserveNonce());
  if (!own || nonce === null) return refused(channel, 'The node cannot be asked now, so nothing was signed.');
  const release: Effect = { type: 'release_nonce', nonce };
  if (isOutOfReach(nonce, own.nonce))
    return {
      ...refused(channel, `This cannot be done now: ${outOfReach(nonce, own.nonce)}.`),
      effects: [release],
    };
  const move = moveOf(channel, wanted, channel.used + 1n, nonce, feeStep);
  const need = move.fee + (wanted.kind === 'deposit' ? wanted.amount : 0n);
  if (own.balance < need)
    return {
      ...refused(
        channel,
        `Your account holds ${inAe(own.balance)} AE; this needs ${inAe(need)} AE with the fee.`,
      ),
      effects: [release],
    };
  const signature = yield* sign(signingBytes(channel.networkId, move.hash));
  const next = change(channel, env, {
    move: { ...move, signatures: { [channel.role]: signature } },
    used: move.number,
    held: hold(channel.held, nonce, move.fee),
  });
  return transition(next, persist(), { type: 'send', message: createdMessage(next) });
}

function createdMessage(
  channel: Channel,
): MessageOf<'update_deposit_created'> | MessageOf<'update_withdrawal_created'> {
  const move = channel.move!;
  const shared = {
    channel_id: finalId(channel),
    amount: toUnits(move.amount, 'amount'),
    transaction_data: move.hash,
    signature: move.signatures[move.by]!,
  };
  if (move.kind === 'deposit') return { type: 'update_deposit_created', ...shared };
  const key = channel.keys[move.by];
  return { type: 'update_withdrawal_created', from: key, to: key, fee: toUnits(move.fee, 'fee'), ...shared };
}

/** The other side completed it. */
export function* onMoveSigned(
  channel: Channel,
  env: Env,
  message: MessageOf<'update_deposit_signed'> | MessageOf<'update_withdrawal_signed'>,
): Rule {
  const { move } = channel;
  const kind = message.type === 'update_deposit_signed' ? 'deposit' : 'withdrawal';
  // Given up meanwhile: its nonce was spent otherwise.
  if (!move) return transition(channel);
  if (move.by !== channel.role || move.kind !== kind)
    return stop(channel, env, `${message.type} answers nothing of this side`, true);
  if (bothSigned(move)) return transition(channel);
  if (!(yield* verify(peerKey(channel), signingBytes(channel.networkId, move.hash), message.signature)))
    // Of an earlier one, perhaps, that the other side has not seen to be void.
    return transition(channel, { type: 'disconnect', reason: `${message.type} is not of this ${kind}` });
  // Refused, and signed all the same: the nonce is being spent otherwise, and nothing else is signed before.
  if (move.cancel && (move.cancel.refusal || move.cancel.of !== null)) return transition(channel);
  // Given up by the person only: whichever transaction the chain takes decides.
  const signed: Move = {
    ...move,
    cancel: null,
    signatures: { ...move.signatures, [other(channel.role)]: message.signature },
  };
  return transition(change(channel, env, { move: signed }), persist(), broadcast(signed));
}

const broadcast = (move: Move): Effect => ({ type: 'broadcast', what: 'move', signedTx: bytesOf(move) });

// ---- the other side

export const onDepositCreated = (
  channel: Channel,
  env: Env,
  message: MessageOf<'update_deposit_created'>,
): Rule => onCreated(channel, env, 'deposit', message, null);

export function onWithdrawalCreated(
  channel: Channel,
  env: Env,
  message: MessageOf<'update_withdrawal_created'>,
): Rule {
  const key = peerKey(channel);
  // The chain pays `to`, and takes from the same account's balance in the channel.
  const isOwn = equalBytes(message.from, key) && equalBytes(message.to, key);
  const problem = isOwn ? null : 'from and to must be the account of the side that withdraws';
  return onCreated(channel, env, 'withdrawal', message, problem);
}

function* onCreated(
  channel: Channel,
  env: Env,
  kind: Move['kind'],
  message: Pick<MessageOf<'update_withdrawal_created'>, 'amount' | 'transaction_data' | 'signature'>,
  foreign: string | null,
): Rule {
  const { move, proposal, refusal } = channel;
  const number = channel.used + 1n;
  if (move && move.by !== channel.role && equalBytes(move.hash, message.transaction_data))
    // Sent again after a reconnect: so is the answer.
    return transition(channel, { type: 'send', message: signedMessage(channel, move) });
  if (channel.shutdown.received || channel.reason !== null)
    return stop(channel, env, `${kind} after shutdown: nothing more is proposed then`, true);
  if (move && move.by === channel.role && !bothSigned(move))
    return cancelMove(channel, env, { of: number }, 'both sides proposed at once');
  if (refusal) return transition(channel);
  if (move) return transition(channel, { type: 'disconnect', reason: doneThere(move) });
  if (channel.live.incoming)
    return stop(channel, env, `a ${kind} was proposed while an update is unanswered`, true);
  // Refusing it would sign the state before once more, which then took the forced round's place.
  if (chainDecides(channel)) return awaitChain(channel);
  if (proposal) return yield* conflict(channel, env, proposal.number);
  // Its state would add up to coins that the chain does not have.
  if (fundingLost(channel) || moveUndone(channel))
    return yield* refuse(channel, env, number, refusalReasons.busy, 'its coins are not on the chain now');
  const wanted: Wanted = { kind, by: other(channel.role), amount: fromUnits(message.amount) };
  const problem = foreign ?? problemOf(channel, wanted);
  if (problem) return yield* refuse(channel, env, number, refusalReasons.validation, problem);
  const payer = yield* account(peerKey(channel));
  if (!payer) return yield* refuse(channel, env, number, refusalReasons.busy, 'the node cannot be asked now');
  const first = payer.nonce + 1n;
  const found = search(channel, wanted, number, first, message.transaction_data);
  // The other side cannot know of an own proposal that was given up.
  const burned = latest(channel).number + 1n;
  const used =
    found || burned === number
      ? null
      : search(channel, wanted, burned, first, message.transaction_data, channel.used);
  if (used)
    return yield* refuse(
      channel,
      env,
      used.number,
      refusalReasons.conflict,
      `number ${used.number} is used up here: ask for the ${kind} again`,
    );
  if (!found)
    return yield* refuse(
      channel,
      env,
      number,
      refusalReasons.validation,
      `transaction_data is not this ${kind} with number ${number} and nonce ${payer.nonce + 1n} to ${payer.nonce + nonceSearch}`,
    );
  const bytes = signingBytes(channel.networkId, found.hash);
  if (!(yield* verify(peerKey(channel), bytes, message.signature)))
    return yield* refuse(
      channel,
      env,
      found.number,
      refusalReasons.validation,
      `the signature of the ${kind} is invalid`,
    );
  const signature = yield* sign(bytes);
  const signed: Move = {
    ...found,
    signatures: { [wanted.by]: message.signature, [channel.role]: signature } as Record<Role, Uint8Array>,
  };
  return transition(
    change(channel, env, { move: signed, used: found.number }),
    persist(),
    { type: 'send', message: signedMessage(channel, signed) },
    broadcast(signed),
  );
}

function search(
  channel: Channel,
  wanted: Wanted,
  low: bigint,
  first: bigint,
  hash: Uint8Array,
  last = low + numberSearch - 1n,
): Move | null {
  for (let number = low; number <= last && number < low + numberSearch; number++)
    for (let k = 0; k < gasPriceSearch; k++)
      for (let nonce = first; nonce < first + nonceSearch; nonce++) {
        const move = moveOf(channel, wanted, number, nonce, k);
        if (equalBytes(move.hash, hash)) return move;
      }
  return null;
}

/**
 * The other side has seen that it is locked, or that it is void, and proposes something: this side sees it a little later.
 * Refusing would sign the state before once more, while the chain may still take this one.
 */
export const doneThere = ({ kind }: Move): string => `the ${kind} under way is not done here yet`;

const signedMessage = (
  channel: Channel,
  move: Move,
): MessageOf<'update_deposit_signed'> | MessageOf<'update_withdrawal_signed'> => ({
  type: move.kind === 'deposit' ? 'update_deposit_signed' : 'update_withdrawal_signed',
  channel_id: finalId(channel),
  signature: move.signatures[channel.role]!,
});

// ---- both: confirmations and locks

/** The node's view of the co-signed transaction; lost by a reorganisation, it is posted again and locked anew. */
export function* onMoveConfirmations(channel: Channel, env: Env, confirmations: number | null): Rule {
  const { move } = channel;
  if (!move) return transition(channel);
  if (!bothSigned(move)) return yield* takenUntold(channel, env, confirmations);
  if (confirmations === null) return yield* missed(channel, env, move);
  const { voidAt: _, ...known } = { ...move, confirmations };
  if (move.locked.mine || confirmations < channel.minimumDepth)
    return transition(
      change(channel, env, { move: known }),
      ...(confirmations === move.confirmations ? [] : [persist()]),
    );
  const next = change(channel, env, { move: { ...known, locked: { ...move.locked, mine: true } } });
  const sent = sendMoveLocked(next);
  return move.locked.theirs ? commitMove(next, env, sent) : transition(next, persist(), ...sent);
}

/** Not in the chain: posted again, or given up once a reorganisation can no longer bring it back. */
function* missed(channel: Channel, env: Env, move: Move): Rule {
  const { voidAt, ...rest } = move;
  const lost = { ...rest, confirmations: null, locked: { ...move.locked, mine: false } };
  if (!(yield* isVoid(channel, move)))
    return transition(change(channel, env, { move: lost }), persist(), broadcast(move));
  const height = (yield* keyBlock(null))?.top;
  if (height === undefined) return transition(channel);
  const since = voidAt ?? height;
  if (height - since < Math.max(1, channel.minimumDepth))
    return transition(
      change(channel, env, { move: { ...lost, voidAt: since } }),
      ...(voidAt === undefined ? [persist()] : []),
    );
  const note = `The ${move.kind} of ${move.amount} aetto was given up: its nonce was spent otherwise.`;
  return transition(
    change(channel, env, { move: null }),
    persist([{ kind: 'refused', amount: move.amount, note, balances: latest(channel).balances }]),
  );
}

/**
 * While the channel is closed alone: one that both signed is posted again where a reorganisation took it away, or what has
 * the next nonce could never be mined. Whichever of the two the chain takes, its state is the one that counts.
 */
export function onMoveMissed(channel: Channel, _env: Env, confirmations: number | null): Transition {
  const { move } = channel;
  if (!move || !bothSigned(move) || confirmations !== null) return transition(channel);
  return transition(channel, broadcast(move));
}

/** The other side completed the own half-signed transaction and put it on the chain without a word. */
function* takenUntold(channel: Channel, env: Env, confirmations: number | null): Rule {
  const move = channel.move!;
  if (confirmations === null || confirmations < Math.max(1, channel.minimumDepth)) return transition(channel);
  const object = yield* onChainNow(finalId(channel));
  if (!object || !tookEffect(move, object)) return transition(channel);
  const { number, balances } = move;
  const mine = move.signatures[channel.role]!;
  const signatures = { initiator: mine, responder: mine };
  const next = change(channel, env, {
    latest: { ...moved(move), signatures, source: 'chain' },
    ...withMove(channel, move),
  });
  const note = `The other side completed the ${move.kind} without a word; the chain has taken it.`;
  const taken = persist([{ kind: 'chain', note, amount: move.amount, balances, number }]);
  if (move.cancel?.refusal || move.cancel?.of != null) {
    const stopped = stop(
      next,
      env,
      `A ${move.kind} that was refused was put on the chain all the same.`,
      true,
    );
    return { ...stopped, effects: [taken, ...stopped.effects] };
  }
  return transition(next, taken, { type: 'disconnect', reason: `the ${move.kind} is on the chain` });
}

/** Whether the chain, as it is now, spent its nonce otherwise. */
function* isVoid(channel: Channel, move: Move): Rule<boolean> {
  const payer = yield* account(channel.keys[move.by]);
  if (!payer || payer.nonce < move.nonce) return false;
  const object = yield* onChainNow(finalId(channel));
  return object !== null && object.round < move.number + 1n;
}

/** The own lock, where there is a connection; else it is sent after the next reestablish. */
function sendMoveLocked(channel: Channel): Effect[] {
  const move = channel.move!;
  if (channel.live.link !== 'up') return [];
  const message: MessageOf<'update_deposit_locked'> | MessageOf<'update_withdrawal_locked'> = {
    type: move.kind === 'deposit' ? 'update_deposit_locked' : 'update_withdrawal_locked',
    channel_id: finalId(channel),
    transaction_id: moveTxHash(move),
  };
  return [{ type: 'send', message }];
}

/** The peer sees it deep enough too. */
export function onMoveLocked(
  channel: Channel,
  env: Env,
  message: MessageOf<'update_deposit_locked'> | MessageOf<'update_withdrawal_locked'>,
): Transition {
  const { move } = channel;
  // Sent again by a peer that missed the own lock: it is settled here already.
  if (!move) return transition(channel);
  if (!bothSigned(move) || !equalBytes(message.transaction_id, moveTxHash(move)))
    return stop(channel, env, `${message.type} names another transaction than the one both signed`, true);
  const next = change(channel, env, { move: { ...move, locked: { ...move.locked, theirs: true } } });
  return move.locked.mine ? commitMove(next, env, []) : transition(next, persist());
}

/** Both have locked it: its state is the latest. */
export function commitMove(channel: Channel, env: Env, before: Effect[]): Transition {
  const move = channel.move!;
  const note = `${move.kind === 'deposit' ? 'Deposit' : 'Withdrawal'} by the ${move.by}`;
  return transition(
    change(channel, env, {
      latest: moved(move),
      ...withMove(channel, move),
    }),
    persist([
      {
        kind: 'chain',
        note,
        amount: move.amount,
        balances: move.balances,
        number: move.number,
        txHash: moveTxHash(move),
      },
    ]),
    ...before,
  );
}

// ---- refused, crossed, given up

/**
 * The half-signed transaction stays usable by the peer until its nonce is spent: that comes first, and only then is
 * anything else signed here.
 */
export function cancelMove(
  channel: Channel,
  env: Env,
  then: { of: bigint } | { refusal: { number: bigint; signature: Uint8Array } } | null,
  reason: string,
): Transition {
  const move = channel.move!;
  const before = move.cancel;
  const cancel = {
    refusal: then && 'refusal' in then ? then.refusal : (before?.refusal ?? null),
    of: then && 'of' in then ? then.of : (before?.of ?? null),
    reason: before?.reason ?? reason,
  };
  // What cancels it carries twice its fee.
  const held = hold(channel.held, move.nonce, 2n * move.fee);
  const next = change(channel, env, { move: { ...move, cancel }, held });
  return transition(
    next,
    persist(),
    ...(before ? [] : [{ type: 'cancel_nonce' as const, nonce: move.nonce }]),
  );
}

/** The peer refuses the own half-signed transaction; its signature was checked by the caller. */
export function refusedMove(channel: Channel, env: Env, message: MessageOf<'update_error'>): Transition {
  const move = channel.move!;
  if (bothSigned(move)) return stop(channel, env, 'update_error refuses what both have signed', true);
  if (isUsed(channel, message.sequence_number))
    return stop(channel, env, `update_error ${message.sequence_number} reuses a number`, true);
  const refusal = { number: message.sequence_number, signature: message.signature };
  return cancelMove(channel, env, { refusal }, new TextDecoder().decode(message.data).slice(0, 200));
}

/** The nonce is spent otherwise: the refusal is acknowledged, or the own one is sent. */
export function* onCancelledMove(channel: Channel, env: Env, confirmations: number | null): Rule {
  const { move } = channel;
  if (!move?.cancel || confirmations === null || confirmations < Math.max(1, channel.minimumDepth))
    return transition(channel);
  const { refusal, of, reason } = move.cancel;
  const note = `The ${move.kind} of ${move.amount} aetto was given up: ${reason}`;
  const free = change(channel, env, { move: null });
  if (refusal) {
    const prior = latest(channel);
    const mine = yield* sign(
      updateBytes(channel.networkId, finalId(channel), refusal.number, prior.stateHash),
    );
    const state = coSigned(channel, { ...prior, number: refusal.number }, refusal.signature, mine);
    return transition(
      change(free, env, { latest: state, ...using(channel, refusal.number) }),
      persist([
        { kind: 'refused', amount: move.amount, note, balances: prior.balances, number: refusal.number },
      ]),
      {
        type: 'send',
        message: {
          type: 'update_ack',
          channel_id: finalId(channel),
          sequence_number: refusal.number,
          signature: mine,
        },
      },
    );
  }
  const done =
    of === null ? transition(free, persist()) : yield* refuse(free, env, of, refusalReasons.conflict, reason);
  return {
    ...done,
    effects: done.effects.map((effect) =>
      effect.type === 'persist'
        ? persist([{ kind: 'refused', amount: move.amount, note, balances: latest(channel).balances }])
        : effect,
    ),
  };
}

/** The person gives up a half-signed deposit or withdrawal that the peer does not answer. */
export function onAbortMove(channel: Channel, env: Env, event: EventOf<'abort'>): Transition {
  const { move } = channel;
  if (!move || move.by !== channel.role || bothSigned(move))
    return refused(channel, 'There is nothing that could be given up.');
  return cancelMove(channel, env, null, event.reason);
}

/** What a reconnect sends again. */
export function resumeMove(channel: Channel): Effect[] {
  const { move } = channel;
  if (!move || move.cancel) return [];
  const effects: Effect[] = [];
  // The signature first: it may be what was lost, and the lock names the transaction that both signed.
  if (move.by !== channel.role) effects.push({ type: 'send', message: signedMessage(channel, move) });
  if (move.by === channel.role && !bothSigned(move))
    effects.push({ type: 'send', message: createdMessage(channel) });
  if (move.locked.mine) effects.push(...sendMoveLocked(channel));
  return effects;
}
