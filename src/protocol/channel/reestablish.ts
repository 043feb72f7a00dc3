/**
 * Reconnecting (PROTOCOL 6): each side shows the latest state it holds co-signed and what of its own is unanswered;
 * the table there leads disk and peer to the same state, whatever was lost on the way.
 */
import { equalBytes } from '../bytes.ts';
import { signingBytes } from '../chain/signed.ts';
import { parseTrees, serializeTrees, stateHash } from '../state/trees.ts';
import type { MessageOf } from '../wire/index.ts';
import { onChainNow, verify } from './ask.ts';
import { closingAnew, resumeClosing } from './close.ts';
import { completeFunding, openingState, sendLocked } from './establish.ts';
import { stop } from './failure.ts';
import { adopt, chainDecides } from './forced.ts';
import { bothSigned, commitMove, resumeMove } from './move.ts';
import {
  change,
  coSignedBytes,
  finalId,
  latest,
  moveUndone,
  noSignature,
  other,
  ownKey,
  peerKey,
  persist,
  transition,
  updateBytes,
  withLive,
} from './record.ts';
import { isEmptyHanded, nothingToShow, showsNothing } from './recover.ts';
import { coinsOf, stateFrom, treesOf } from './trees.ts';
import type { Channel, CoSigned, Effect, Env, Move, OnChain, Role, Rule, Transition } from './types.ts';
import { commitProposal, joinPersists, refusalMessage, superseded, updateMessage } from './update.ts';

/** What of a state fits channel_reestablish_ack, a message of 1 MiB, in bytes. */
const maxState = 2 ** 20 - 512;

/** `connected`, once the funding is at least half signed: this side shows what it holds. */
export function greet(channel: Channel): Transition {
  return transition(withLive(channel, { link: 'greeting', unansweredPings: 0 }), {
    type: 'send',
    message: reestablishMessage(channel),
  });
}

function reestablishMessage(channel: Channel): MessageOf<'channel_reestablish'> {
  if (isEmptyHanded(channel)) return nothingToShow(channel);
  // Before funding_signed came, the initiator shows its half of the funding: the state of number 0.
  const shown = channel.latest ?? openingState(channel);
  return {
    type: 'channel_reestablish',
    chain_hash: channel.chainHash,
    channel_id: finalId(channel),
    sequence_number: shown.number,
    state_hash: shown.stateHash,
    signature: shown.signatures[channel.role],
    pending: channel.refusal?.number ?? channel.proposal?.number ?? channel.move?.number ?? 0n,
  };
}

/** The peer shows what it holds. */
export function* onReestablish(channel: Channel, env: Env, message: MessageOf<'channel_reestablish'>): Rule {
  if (!equalBytes(message.chain_hash, channel.chainHash))
    return stop(channel, env, 'channel_reestablish names another chain', true);
  if (channel.phase === 'half_signed') return yield* fromHalfSigned(channel, env, message);
  // Nothing is above number 0 before both have locked: this record is older, and funding_locked is not sent again.
  if (message.sequence_number > 0n && !channel.locked.theirs) {
    const done = yield* onReestablish(sawFunding(channel, env), env, message);
    return { ...done, effects: joinPersists([persist(), ...done.effects]) };
  }
  const anew = yield* closingAnew(channel, env);
  if (anew === channel) return yield* compare(channel, env, message);
  const done = yield* compare(anew, env, message);
  return { ...done, effects: joinPersists([persist(), ...done.effects]) };
}

/** What the peer shows beside what this side holds. */
function* compare(channel: Channel, env: Env, message: MessageOf<'channel_reestablish'>): Rule {
  const mine = latest(channel);
  if (showsNothing(message)) {
    if (isEmptyHanded(channel)) return transition(channel);
    const done = onBehind(sawFunding(channel, env), env, message, mine);
    return { ...done, effects: joinPersists([persist(), ...done.effects]) };
  }
  if (message.sequence_number === mine.number) return yield* onEqual(channel, env, message, mine);
  if (message.sequence_number < mine.number) return onBehind(channel, env, message, mine);
  return yield* onAhead(channel, env, message);
}

/** funding_signed was lost: the peer's signature on the funding is in its reestablish. */
function* fromHalfSigned(channel: Channel, env: Env, message: MessageOf<'channel_reestablish'>): Rule {
  const opening = openingState(channel);
  if (message.sequence_number !== 0n || !equalBytes(message.state_hash, opening.stateHash))
    return stop(channel, env, 'channel_reestablish shows another state than the funding', true);
  return yield* completeFunding(withLive(channel, { link: 'up' }), env, message.signature);
}

function* onEqual(
  channel: Channel,
  env: Env,
  message: MessageOf<'channel_reestablish'>,
  mine: CoSigned,
): Rule {
  if (!equalBytes(message.state_hash, mine.stateHash)) {
    // The chain went on from the state before, while the other side had completed the own update.
    const { proposal } = channel;
    if (mine.source === 'chain' && proposal && equalBytes(message.state_hash, proposal.stateHash)) {
      const bytes = updateBytes(channel.networkId, finalId(channel), proposal.number, proposal.stateHash);
      if (proposal.number === mine.number && (yield* verify(peerKey(channel), bytes, message.signature)))
        return thenResume(commitProposal(channel, env, message.signature));
    }
    // The peer went on from a forced round; what both signed takes its place, and completes the peer's own update.
    if (mine.source === 'update' && equalBytes(message.signature, noSignature)) return resume(channel, []);
    return stop(channel, env, `two different states of sequence_number ${mine.number} exist`, true);
  }
  // A state that was restored from the chain is what both hold if its hash is: its transaction is not known here.
  const known = mine.source === 'chain';
  if (!known && !(yield* verify(peerKey(channel), coSignedBytes(channel, mine), message.signature)))
    return stop(channel, env, `channel_reestablish shows no valid signature on ${mine.number}`, true);
  return resume(channel, []);
}

/** Whoever made its record anew from the chain has seen the funding there, and cannot name its transaction; so has whoever shows an update. */
const sawFunding = (channel: Channel, env: Env): Channel =>
  change(channel, env, {
    locked: { ...channel.locked, theirs: true },
    phase: channel.phase === 'locking' ? 'open' : channel.phase,
  });

/** The peer is behind: it gets both signatures, and the state itself unless it proposed it. */
function onBehind(
  channel: Channel,
  env: Env,
  message: MessageOf<'channel_reestablish'>,
  mine: CoSigned,
): Transition {
  // What the chain made under that number is not what the peer proposed.
  const hasState = message.pending === mine.number && mine.source !== 'chain' && !showsNothing(message);
  const state = hasState ? new Uint8Array() : serializeTrees(treesOf(channel, mine));
  if (state.length > maxState)
    return stop(
      channel,
      env,
      `The state of this channel, its contracts included, has ${state.length} bytes: at most ${maxState} can be shown to the side that lost it. Close the channel alone.`,
      true,
    );
  return resume(channel, [
    {
      type: 'send',
      message: {
        type: 'channel_reestablish_ack',
        chain_hash: channel.chainHash,
        channel_id: finalId(channel),
        sequence_number: mine.number,
        state_hash: mine.stateHash,
        initiator_signature: mine.signatures.initiator,
        responder_signature: mine.signatures.responder,
        state,
      },
    },
  ]);
}

/** The peer is ahead: its signature may complete what waits here; otherwise its channel_reestablish_ack must tell. */
function* onAhead(channel: Channel, env: Env, message: MessageOf<'channel_reestablish'>): Rule {
  const { proposal, refusal } = channel;
  const number = message.sequence_number;
  if (refusal && number === refusal.number && equalBytes(message.state_hash, latest(channel).stateHash)) {
    const bytes = updateBytes(channel.networkId, finalId(channel), number, message.state_hash);
    if (yield* verify(peerKey(channel), bytes, message.signature))
      return thenResume(yield* superseded(channel, env, message.signature));
  }
  // Whoever shows it co-signed after it was refused keeps two states to choose from.
  if (refusal && proposal && number === proposal.number)
    return stop(channel, env, `state ${number} was refused by this side, and is shown as agreed`, true);
  if (proposal && number === proposal.number && equalBytes(message.state_hash, proposal.stateHash)) {
    const bytes = updateBytes(channel.networkId, finalId(channel), number, proposal.stateHash);
    if (yield* verify(peerKey(channel), bytes, message.signature))
      return thenResume(commitProposal(channel, env, message.signature));
  }
  const { move } = channel;
  if (move && bothSigned(move) && number === move.number && equalBytes(message.state_hash, move.stateHash)) {
    // The peer has both locks: its own was lost on the way.
    const bytes = signingBytes(channel.networkId, move.hash);
    if (yield* verify(peerKey(channel), bytes, message.signature)) return lockedThere(channel, env, move);
  }
  // Mine is lost or old: nothing more until the peer has shown the state with both signatures.
  return transition(channel);
}

/** The peer goes on from the deposit or withdrawal under way: it has locked it. */
function lockedThere(channel: Channel, env: Env, move: Move): Transition {
  const locked = change(channel, env, { move: { ...move, locked: { ...move.locked, theirs: true } } });
  return move.locked.mine ? thenResume(commitMove(locked, env, [])) : resume(locked, [persist()]);
}

const thenResume = (committed: Transition): Transition => resume(committed.channel, committed.effects);

/** The peer shows a state that this side lacks. */
export function* onReestablishAck(
  channel: Channel,
  env: Env,
  message: MessageOf<'channel_reestablish_ack'>,
): Rule {
  const mine = latest(channel);
  const number = message.sequence_number;
  if (number <= mine.number) return transition(channel);
  const { move } = channel;
  // Nothing is lost here: only the own lock has not come.
  if (move && bothSigned(move) && number === move.number && equalBytes(message.state_hash, move.stateHash)) {
    const isKnown = channel.live.link === 'up' && move.locked.theirs;
    return isKnown ? transition(channel) : lockedThere(channel, env, move);
  }
  const signatures: Record<Role, Uint8Array> = {
    initiator: message.initiator_signature,
    responder: message.responder_signature,
  };
  // Where the state came from a deposit or withdrawal, the chain knows it better than this side (PROTOCOL 6).
  const object = yield* onChainNow(finalId(channel));
  const unseen = transition(channel, {
    type: 'disconnect',
    reason: 'the node does not show the channel now',
  });
  // Of its first state nothing else tells how much the channel holds.
  if (isEmptyHanded(channel) && object === null) return unseen;
  const onChain =
    object !== null && object.round === number + 1n && equalBytes(object.stateHash, message.state_hash);
  const shown = {
    number,
    stateHash: message.state_hash,
    source: onChain ? ('chain' as const) : ('update' as const),
  };
  // Only where there are contracts can a round have been forced.
  const forced =
    mine.trees !== undefined &&
    Object.values(signatures).some((signature) => equalBytes(signature, noSignature));
  if (!onChain && forced)
    return transition(channel, { type: 'disconnect', reason: 'the node here does not show that round yet' });
  if (!onChain) {
    const bytes = coSignedBytes(channel, shown);
    const signedByMe = yield* verify(ownKey(channel), bytes, signatures[channel.role]);
    const signedByPeer = yield* verify(peerKey(channel), bytes, signatures[other(channel.role)]);
    // It may be one that a deposit or withdrawal made.
    if (object === null && (!signedByMe || !signedByPeer)) return unseen;
    if (!signedByMe || !signedByPeer)
      return stop(channel, env, `channel_reestablish_ack ${number} is not signed by both sides`, true);
  }
  const { proposal, refusal } = channel;
  if (refusal && proposal && number === proposal.number)
    return stop(channel, env, `state ${number} was refused by this side, and is shown as agreed`, true);
  const isOwn =
    proposal !== null && number === proposal.number && equalBytes(proposal.stateHash, message.state_hash);
  if (isOwn) {
    const theirs = signatures[other(channel.role)];
    // What the chain made is not signed by the peer.
    if (
      !onChain ||
      (yield* verify(peerKey(channel), coSignedBytes(channel, { ...shown, source: 'update' }), theirs))
    )
      return thenResume(commitProposal(channel, env, theirs));
  }
  const restored = shownState(channel, message);
  if (typeof restored === 'string') return stop(channel, env, restored, true);
  if (coinsOf(restored) !== (object?.total ?? coinsOf(mine)))
    return object === null ? unseen : stop(channel, env, 'the restored state has another total', true);
  const { balances } = restored;
  // A forced round needs no signature of this side: nothing of its own is lost.
  if (onChain && (object.soloRound || isOwn))
    return thenResume(
      adoptShown(channel, env, { number, ...restored, stateHash: message.state_hash }, object),
    );
  const recovered = change(channel, env, {
    latest: { ...shown, ...restored, signatures },
    used: number > channel.used ? number : channel.used,
    proposal: null,
    move: null,
    refusal: null,
    recovered: true,
    // Both went on without it, or what is shown was made long after it.
    ...(object && moveUndone({ ...channel, onChain: object }) ? { lastMove: null, earlierMoves: [] } : {}),
  });
  return resume(recovered, [
    persist([{ kind: 'chain', note: `State ${number} restored from the other side.`, balances, number }]),
    { type: 'behind' },
  ]);
}

/** Without its disconnect: both are just showing what they hold. */
function adoptShown(
  channel: Channel,
  env: Env,
  state: Pick<CoSigned, 'number' | 'balances' | 'trees' | 'stateHash'>,
  object: OnChain,
): Transition {
  const note = 'A call of a contract was run by the chain; the channel goes on from its result.';
  const done = adopt({ ...channel, onChain: object }, env, state, note);
  return { ...done, effects: done.effects.filter(({ type }) => type !== 'disconnect') };
}

function shownState(
  channel: Channel,
  message: MessageOf<'channel_reestablish_ack'>,
): Pick<CoSigned, 'balances' | 'trees'> | string {
  let state: Pick<CoSigned, 'balances' | 'trees'> | string;
  try {
    const trees = parseTrees(message.state);
    if (!equalBytes(stateHash(trees), message.state_hash))
      return 'the restored state does not hash to state_hash';
    state = stateFrom(channel, trees);
  } catch (error) {
    return `the restored state cannot be read: ${error instanceof Error ? error.message : String(error)}`;
  }
  return typeof state === 'string' ? `the restored state ${state}` : state;
}

/** Both hold the same: what is unanswered is sent again, byte for byte, and the channel goes on. */
function resume(channel: Channel, before: Effect[]): Transition {
  const up = withLive(channel, { link: 'up' });
  const effects: Effect[] = [...before];
  if (
    up.locked.mine &&
    up.funding &&
    !before.some((effect) => effect.type === 'send' && effect.message.type === 'funding_locked')
  )
    if (up.phase === 'locking' || (up.phase === 'open' && up.latest?.number === 0n))
      effects.push(...sendLocked(up));
  if (up.refusal) effects.push({ type: 'send', message: refusalMessage(up) });
  else if (up.proposal && !chainDecides(up)) effects.push({ type: 'send', message: updateMessage(up) });
  effects.push(...resumeMove(up), ...resumeClosing(up));
  return transition(up, ...joinPersists(effects));
}
