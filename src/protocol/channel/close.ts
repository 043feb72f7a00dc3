/**
 * Closing by agreement (seed: Channel closing; PROTOCOL 7): shutdown / shutdown_ack, pending operation resolved,
 * closing_created by the side that received the shutdown (crossing: the responder), closing_signed, on chain.
 */
import { equalBytes } from '../bytes.ts';
import { mutualCloseAmounts } from '../chain/closing.ts';
import { minFee } from '../chain/fee.ts';
import { signedTx, signingBytes, txHash } from '../chain/signed.ts';
import { serializeTx, type TxOf } from '../chain/tx.ts';
import type { MessageOf } from '../wire/index.ts';
import { account, onChainNow, sign, verify } from './ask.ts';
import { gasPrice, gasPriceSearch } from './establish.ts';
import { dropRequests, stop } from './failure.ts';
import { hold, isOutOfReach, nextNonce, nonceSearch, outOfReach, replacing } from './held.ts';
import { doneThere } from './move.ts';
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
  withLive,
} from './record.ts';
import { heldByContracts } from './trees.ts';
import type { Balances, Channel, Closing, Effect, Env, Held, Role, Rule, Transition } from './types.ts';

/**
 * The channel_close_mutual of these balances: the fee is taken from the channel, split evenly, so fee and amounts
 * settle together. @returns null where the channel holds less than the fee
 */
export function closeTx(
  channelId: Uint8Array,
  fromId: Uint8Array,
  balances: Balances,
  nonce: bigint,
  k: number,
): TxOf<'ChannelCloseMutualTx'> | null {
  let fee = 0n;
  // The size grows with the fee and falls with the amounts by a byte at most: a few rounds settle it.
  for (let round = 0; round < 8; round++) {
    if (fee > balances.initiator + balances.responder) return null;
    const amounts = mutualCloseAmounts(balances.initiator, balances.responder, fee);
    const tx: TxOf<'ChannelCloseMutualTx'> = {
      type: 'ChannelCloseMutualTx',
      channelId,
      fromId,
      initiatorAmountFinal: amounts.initiator,
      responderAmountFinal: amounts.responder,
      ttl: 0n,
      fee,
      nonce,
    };
    const least = minFee(tx, gasPrice(k));
    if (least <= fee) return tx;
    fee = least;
  }
  return null;
}

function closingOf(channel: Channel, by: Role, nonce: bigint, k: number): Closing | null {
  const tx = closeTx(finalId(channel), channel.keys[by], latest(channel).balances, nonce, k);
  if (!tx) return null;
  const bytes = serializeTx(tx);
  return {
    tx: bytes,
    hash: txHash(bytes),
    nonce,
    fee: tx.fee,
    by,
    balances: { initiator: tx.initiatorAmountFinal, responder: tx.responderAmountFinal },
    signatures: {},
    confirmations: null,
  };
}

/** What each side gets by a close now; null where the balances do not cover the fee. */
export function closeQuote(channel: Channel): { balances: Balances; fee: bigint } | null {
  if (!channel.channelId || !channel.latest) return null;
  const closing = channel.closing ?? closingOf(channel, other(channel.role), 1n, 0);
  return closing && { balances: closing.balances, fee: closing.fee };
}

/** Why an agreed close would lose coins, a sentence; null where it would not: it pays out the two balances only. */
function heldProblem(channel: Channel): string | null {
  const held = [channel.latest, channel.proposal, channel.live.incoming]
    .map((state) => (state ? heldByContracts(state) : 0n))
    .find((coins) => coins > 0n);
  if (!held) return null;
  return `Contracts of this channel hold ${held} aetto, which an agreed close would lose. Take them out by a call first. Closing alone is possible, and loses them too unless they are taken out before it is settled.`;
}

/** The person wants to close. */
export function onShutdownWanted(channel: Channel, env: Env): Transition {
  if (moveUndone(channel))
    return refused(
      channel,
      'A reorganisation of the chain undid the last deposit or withdrawal, so the chain would not take an agreed close now. Wait until it is back or both go on without it, or close the channel alone.',
    );
  const problem = heldProblem(channel);
  if (problem) return refused(channel, problem);
  const wanted = withLive(
    change(channel, env, {
      phase: 'shutting_down',
      shutdown: { ...channel.shutdown, wanted: true },
    }),
    { queue: [] },
  );
  const dropped = dropRequests(channel, 'closing', 'The channel is being closed. Nothing was paid.');
  return transition(wanted, persist(), ...dropped);
}

/** The peer wants to close. */
export function onShutdown(channel: Channel, env: Env): Transition {
  const crossing = channel.shutdown.sent;
  const effects: Effect[] = [
    persist(),
    ...dropRequests(channel, 'closing', 'The other side is closing the channel. Nothing was paid.'),
  ];
  // A crossing shutdown counts as the ack; one that was sent again is acknowledged again.
  if (!crossing || channel.shutdown.received)
    effects.push({ type: 'send', message: { type: 'shutdown_ack', channel_id: finalId(channel) } });
  const next = withLive(
    change(channel, env, {
      phase: 'shutting_down',
      shutdown: { ...channel.shutdown, received: true },
    }),
    { queue: [] },
  );
  return transition(next, ...effects);
}

/** The side that builds closing_created: whoever received the shutdown; where they crossed, the responder. */
const builder = (channel: Channel): Role => {
  if (channel.shutdown.received && channel.shutdown.sent) return 'responder';
  return channel.shutdown.received ? channel.role : other(channel.role);
};

/** Whether a close can go on: nothing is pending. */
export const mayAdvance = (channel: Channel): boolean =>
  channel.phase === 'shutting_down' && channel.live.link === 'up' && quiet(channel) && !moveUndone(channel);

/** Once nothing is pending: the wanted shutdown leaves, or closing_created does. */
export function* advance(channel: Channel, env: Env, before: Effect[]): Rule {
  if (channel.shutdown.wanted && !channel.shutdown.sent && !channel.shutdown.received)
    return transition(
      change(channel, env, { shutdown: { ...channel.shutdown, sent: true } }),
      ...before,
      persist(),
      { type: 'send', message: { type: 'shutdown', channel_id: finalId(channel) } },
    );
  if (!channel.shutdown.received || builder(channel) !== channel.role) return transition(channel, ...before);
  // This side asked for no such close; the other one is not helped to lose coins of either.
  const problem = heldProblem(channel);
  if (problem) {
    const stopped = stop(channel, env, problem, true);
    return { ...stopped, effects: [...before, ...stopped.effects] };
  }
  return yield* createClosing(channel, env, before);
}

function* createClosing(channel: Channel, env: Env, before: Effect[]): Rule {
  const { nonce, waiting, spent } = yield* nextNonce(channel);
  // Without a node nothing is signed; the next reconnect tries again.
  if (nonce === null)
    return transition(channel, ...before, { type: 'disconnect', reason: 'the node cannot be asked' });
  // One that waits already is not given back.
  const free: Effect[] = waiting.length > 0 ? [] : [{ type: 'release_nonce', nonce }];
  if (isOutOfReach(nonce, spent))
    return transition(channel, ...before, ...free, {
      type: 'disconnect',
      reason: outOfReach(nonce, spent),
    });
  const closing = sameClosing(channel, nonce) ?? cheapestClosing(channel, nonce, waiting[0]);
  if (!closing) {
    const stopped = stop(channel, env, 'the balances do not cover the fee of a mutual close', true);
    return { ...stopped, effects: [...before, ...free, ...stopped.effects] };
  }
  const signature = yield* sign(signingBytes(channel.networkId, closing.hash));
  const next = change(channel, env, {
    phase: 'closing',
    closing: { ...closing, signatures: { [channel.role]: signature } },
    held: hold(channel.held, nonce, closing.fee),
  });
  return transition(next, ...before, persist(), { type: 'send', message: closingCreated(next) });
}

/** The close that was half signed before a failure, if it is still the one to propose (PROTOCOL 1: the same again). */
function sameClosing(channel: Channel, nonce: bigint): Closing | null {
  const { closing, role } = channel;
  if (closing?.by !== role || closing.nonce !== nonce) return null;
  return findClosing(channel, role, nonce, nonce, closing.hash);
}

/** In place of what waits under this nonce, at a fee that a miner prefers, as far as the other side searches. */
function cheapestClosing(channel: Channel, nonce: bigint, waiting: Held | undefined): Closing | null {
  let best: Closing | null = null;
  for (let k = 0; k < gasPriceSearch; k++) {
    const closing = closingOf(channel, channel.role, nonce, k);
    if (!closing) return best;
    if (closing.fee >= replacing(waiting, closing.fee)) return closing;
    best = closing;
  }
  return best;
}

function closingCreated(channel: Channel): MessageOf<'closing_created'> {
  const closing = channel.closing!;
  return {
    type: 'closing_created',
    channel_id: finalId(channel),
    transaction_data: closing.hash,
    signature: closing.signatures[channel.role]!,
  };
}

/** The builder's half: rebuilt, checked and completed by the other side. */
export function* onClosingCreated(channel: Channel, env: Env, message: MessageOf<'closing_created'>): Rule {
  if (!channel.shutdown.sent || builder(channel) === channel.role)
    return stop(channel, env, 'closing_created came from the side that does not build it', true);
  if (channel.move) return transition(channel, { type: 'disconnect', reason: doneThere(channel.move) });
  if (!quiet(channel))
    return stop(channel, env, 'closing_created came before the pending update was resolved', true);
  const problem = heldProblem(channel);
  if (problem) return stop(channel, env, problem, true);
  const by = other(channel.role);
  const payer = yield* account(channel.keys[by]);
  if (!payer) return transition(channel, { type: 'disconnect', reason: 'the node cannot be asked' });
  const first = payer.nonce + 1n;
  const closing = findClosing(channel, by, first, payer.nonce + nonceSearch, message.transaction_data);
  const oldest = payer.nonce > nonceSearch ? first - nonceSearch : 1n;
  // The other side sees later that its nonce is spent, and builds it anew.
  if (!closing && findClosing(channel, by, oldest, payer.nonce, message.transaction_data))
    return transition(channel, { type: 'disconnect', reason: 'the nonce of the close is spent' });
  if (!closing)
    return stop(
      channel,
      env,
      `transaction_data is not the close of the latest balances with nonce ${first} to ${payer.nonce + nonceSearch}`,
      true,
    );
  const bytes = signingBytes(channel.networkId, closing.hash);
  if (!(yield* verify(peerKey(channel), bytes, message.signature)))
    return stop(channel, env, 'the signature of closing_created is invalid for its transaction', true);
  const signature = yield* sign(bytes);
  const signatures = { [by]: message.signature, [channel.role]: signature };
  const next = change(channel, env, { phase: 'closing_confirming', closing: { ...closing, signatures } });
  return transition(
    next,
    persist(),
    { type: 'send', message: { type: 'closing_signed', channel_id: finalId(channel), signature } },
    broadcast(next),
  );
}

function findClosing(
  channel: Channel,
  by: Role,
  first: bigint,
  last: bigint,
  hash: Uint8Array,
): Closing | null {
  for (let k = 0; k < gasPriceSearch; k++)
    for (let nonce = first; nonce <= last; nonce++) {
      const closing = closingOf(channel, by, nonce, k);
      if (closing && equalBytes(closing.hash, hash)) return closing;
    }
  return null;
}

/** The co-signed close. */
export const closingBytes = (channel: Channel): Uint8Array =>
  signedTx(channel.closing!.tx, Object.values(channel.closing!.signatures) as Uint8Array[]);

const broadcast = (channel: Channel): Effect => ({
  type: 'broadcast',
  what: 'closing',
  signedTx: closingBytes(channel),
});

/** The hash under which the chain knows the close. */
export const closingTxHash = (channel: Channel): Uint8Array => txHash(closingBytes(channel));

/** The close is co-signed. */
export function* onClosingSigned(channel: Channel, env: Env, message: MessageOf<'closing_signed'>): Rule {
  const closing = channel.closing!;
  const bytes = signingBytes(channel.networkId, closing.hash);
  // Of an earlier one, perhaps, whose nonce was spent otherwise.
  if (!(yield* verify(peerKey(channel), bytes, message.signature)))
    return transition(channel, { type: 'disconnect', reason: 'closing_signed is not of this close' });
  const next = change(channel, env, {
    phase: 'closing_confirming',
    closing: { ...closing, signatures: { ...closing.signatures, [other(channel.role)]: message.signature } },
  });
  return transition(next, persist(), broadcast(next));
}

/**
 * The close under way as the chain leaves it: back to building one where its nonce was spent otherwise and the channel is
 * there all the same. What both signed of it is worth nothing unless a reorganisation brings it back, and then it pays the
 * same balances.
 */
export function* closingAnew(channel: Channel, env: Env): Rule<Channel> {
  const { closing, phase } = channel;
  if (!closing || (phase !== 'closing' && phase !== 'closing_confirming')) return channel;
  const payer = yield* account(channel.keys[closing.by]);
  if (!payer || payer.nonce < closing.nonce || !(yield* onChainNow(finalId(channel)))) return channel;
  return change(channel, env, { phase: 'shutting_down', closing: null });
}

/** What a reconnect sends again of a close under way. */
export function resumeClosing(channel: Channel): Effect[] {
  if (channel.phase === 'closing') return [{ type: 'send', message: closingCreated(channel) }];
  if (channel.phase === 'closing_confirming' && channel.closing!.by !== channel.role)
    return [
      {
        type: 'send',
        message: {
          type: 'closing_signed',
          channel_id: finalId(channel),
          signature: channel.closing!.signatures[channel.role]!,
        },
      },
    ];
  if (channel.phase === 'shutting_down' && channel.shutdown.sent)
    return [{ type: 'send', message: { type: 'shutdown', channel_id: finalId(channel) } }];
  return [];
}

/** The node's view of the close. A builder that waits for closing_signed may see it on chain first. */
export function* onClosingConfirmations(channel: Channel, env: Env, confirmations: number | null): Rule {
  const closing = channel.closing!;
  const anew = confirmations === null ? yield* closingAnew(channel, env) : channel;
  // The other side may not have seen it: both show again where they are.
  if (anew !== channel)
    return transition(anew, persist(), { type: 'disconnect', reason: 'the nonce of the close was spent' });
  const known = change(channel, env, { closing: { ...closing, confirmations } });
  const coSigned = closing.signatures.initiator && closing.signatures.responder;
  if (confirmations === null) return transition(known, ...(coSigned ? [persist(), broadcast(known)] : []));
  if (confirmations < Math.max(1, channel.minimumDepth))
    return transition(known, ...(confirmations === closing.confirmations ? [] : [persist()]));
  return closed(known, env);
}

function closed(channel: Channel, env: Env): Transition {
  const closing = channel.closing!;
  return transition(
    change(channel, env, { phase: 'closed', goneAt: null }),
    persist([
      {
        kind: 'closed',
        balances: closing.balances,
        amount: closing.balances[channel.role],
        number: latest(channel).number,
        txHash: closing.signatures.initiator && closing.signatures.responder ? closingTxHash(channel) : null,
      },
    ]),
  );
}
