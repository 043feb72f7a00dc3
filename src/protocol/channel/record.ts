/** Reading a channel's record, and the few ways in which every rule changes it. */

import { signingBytes, txHash } from '../chain/signed.ts';
import { serializeTx } from '../chain/tx.ts';
import { channelTrees, stateHash } from '../state/trees.ts';
import type {
  Balances,
  Channel,
  CoSigned,
  Effect,
  Env,
  HistoryEntry,
  Live,
  Move,
  Outcome,
  Phase,
  Request,
  Role,
  Transition,
} from './types.ts';

export const other = (role: Role): Role => (role === 'initiator' ? 'responder' : 'initiator');
export const peerKey = (channel: Channel): Uint8Array => channel.keys[other(channel.role)];
export const ownKey = (channel: Channel): Uint8Array => channel.keys[channel.role];

export const idle: Live = { link: 'down', unansweredPings: 0, yielding: false, queue: [], incoming: null };

/** The id that messages of this channel carry now: temporary until the funding is co-signed (PROTOCOL 3). */
export function wireId(channel: Channel): Uint8Array {
  const funded =
    channel.funding?.signatures.initiator !== undefined && channel.funding.signatures.responder !== undefined;
  return funded ? finalId(channel) : channel.temporaryId;
}

/** @throws where it is not known yet: a rule's own mistake, since phases say when it is. */
export function finalId(channel: Channel): Uint8Array {
  if (!channel.channelId) throw new Error(`channel_id is not known in ${channel.phase}`);
  return channel.channelId;
}

export function latest(channel: Channel): CoSigned {
  if (!channel.latest) throw new Error(`no co-signed state in ${channel.phase}`);
  return channel.latest;
}

/** Whether a reorganisation took away the deposit or withdrawal that the latest state stands on. */
export const moveUndone = ({ lastMove, onChain, move }: Channel): boolean =>
  !move && lastMove !== null && onChain !== null && onChain.round <= lastMove.move.number;

/** All that both locked and the chain does not have, oldest first: each stands on those before it. */
export const undoneMoves = ({ lastMove, earlierMoves = [], onChain }: Channel) =>
  lastMove && onChain ? [...earlierMoves, lastMove].filter(({ move }) => onChain.round <= move.number) : [];

/** So many are remembered: the oldest of them is that often minimum_depth deep. */
const remembered = 8;

/** What the record keeps of a deposit or withdrawal that is done, whose state takes the place of the latest. */
export const withMove = (channel: Channel, move: Move): Partial<Channel> => {
  const { lastMove, earlierMoves = [] } = channel;
  const earlier = lastMove
    ? [...earlierMoves, { move: lastMove.move, before: lastMove.before }]
    : earlierMoves;
  return {
    move: null,
    lastMove: { move, before: latest(channel) },
    earlierMoves: earlier.slice(1 - remembered),
  };
};

/** Hash of the state trees with these two balances, as the chain computes it. */
export const hashOf = (keys: Record<Role, Uint8Array>, balances: Balances): Uint8Array =>
  stateHash(
    channelTrees([
      { pubkey: keys.initiator, balance: balances.initiator },
      { pubkey: keys.responder, balance: balances.responder },
    ]),
  );

/** The channel_offchain_tx of a state, serialized: what an update's signatures are on (PROTOCOL 1). */
export const offChainTx = (channelId: Uint8Array, number: bigint, hash: Uint8Array): Uint8Array =>
  serializeTx({ type: 'ChannelOffChainTx', channelId, round: number + 1n, stateHash: hash });

/** In place of a signature on a state that nobody signed: the chain made it, or there is none yet. */
export const noSignature = new Uint8Array(64);

/** What was made last for a state's hash: whoever signs a state also verifies the other signature on it. */
const made = new WeakMap<Uint8Array, { of: [string, Uint8Array, bigint]; bytes: Uint8Array }>();

/** The bytes that are signed for an update. */
export function updateBytes(
  networkId: string,
  channelId: Uint8Array,
  number: bigint,
  hash: Uint8Array,
): Uint8Array {
  const known = made.get(hash);
  if (known?.of[0] === networkId && known.of[1] === channelId && known.of[2] === number) return known.bytes;
  const bytes = signingBytes(networkId, txHash(offChainTx(channelId, number, hash)));
  made.set(hash, { of: [networkId, channelId, number], bytes });
  return bytes;
}

/** The bytes that the signatures of a co-signed state are on. */
export function coSignedBytes(
  channel: Channel,
  state: Pick<CoSigned, 'number' | 'stateHash' | 'source' | 'digest'>,
) {
  if (state.source === 'update')
    return updateBytes(channel.networkId, finalId(channel), state.number, state.stateHash);
  if (state.source === 'move' && state.digest) return signingBytes(channel.networkId, state.digest);
  if (!channel.funding) throw new Error('a state of the funding without a funding');
  return signingBytes(channel.networkId, channel.funding.hash);
}

export const sum = (balances: Balances): bigint => balances.initiator + balances.responder;

/** What this side can pay now: its balance less the reserve and what waits in the queue. */
export function spendable(channel: Channel): bigint {
  if (!channel.latest) return 0n;
  const waiting = payable(channel.live.queue) + payable(channel.proposal?.requests ?? []);
  const free = channel.latest.balances[channel.role] - channel.terms.channelReserve - waiting;
  return free > 0n ? free : 0n;
}

/** Sums of queues, which are never changed once made: adding up a long one for each new request is quadratic. */
const sums = new WeakMap<readonly Request[], bigint>();

function payable(requests: readonly Request[]): bigint {
  let total = sums.get(requests);
  if (total === undefined) {
    total = 0n;
    for (const request of requests) if (request.direction === 'pay') total += request.amount;
    sums.set(requests, total);
  }
  return total;
}

/** The queue with one more request at its end. */
export function queued(queue: readonly Request[], request: Request): Request[] {
  const longer = [...queue, request];
  sums.set(longer, payable(queue) + (request.direction === 'pay' ? request.amount : 0n));
  return longer;
}

/** Whether no update is under way in either direction. */
export const quiet = (channel: Channel): boolean =>
  !channel.proposal && !channel.move && !channel.refusal && !channel.live.incoming;

export const transition = (channel: Channel, ...effects: Effect[]): Transition => ({ channel, effects });

/** A person's wish that cannot be met now. */
export const refused = (channel: Channel, sentence: string): Transition => ({
  channel,
  effects: [],
  refused: sentence,
});

export const persist = (
  history: Partial<HistoryEntry>[] = [],
  outcomes: Outcome[] = [],
): Extract<Effect, { type: 'persist' }> => ({
  type: 'persist',
  history: history.map((entry) => ({
    kind: 'chain',
    amount: null,
    note: null,
    balances: null,
    number: null,
    txHash: null,
    scope: null,
    ...entry,
  })),
  outcomes,
});

/** A changed record, stamped. */
export function change(channel: Channel, env: Env, changes: Partial<Channel>): Channel {
  const next = { ...channel, ...changes, updatedAt: env.now };
  // What both signed is later than all before it.
  if (!next.beforeChain || next.latest?.source === 'chain') return next;
  return { ...next, beforeChain: null, outstanding: null };
}

export const withLive = (channel: Channel, changes: Partial<Live>): Channel => ({
  ...channel,
  live: { ...channel.live, ...changes },
});

/** Phases in which money is committed: only the chain or an agreed close ends them. */
const committed: ReadonlySet<Phase> = new Set([
  'half_signed',
  'cancelling',
  'confirming',
  'locking',
  'open',
  'shutting_down',
  'closing',
  'closing_confirming',
  'closing_solo',
  'failed',
]);
export const isCommitted = (channel: Channel): boolean => committed.has(channel.phase);
export const isOver = (channel: Pick<Channel, 'phase'>): boolean =>
  channel.phase === 'closed' || channel.phase === 'aborted';

/**
 * Whether all that ended it is that the node does not show it any more: no close was seen, and a node can be wrong about
 * what it does not have. Then it is looked for a while longer, and nothing of it is thrown away.
 */
export const isMissed = (channel: Pick<Channel, 'phase' | 'goneAt' | 'onChain'>): boolean =>
  isOver(channel) && channel.goneAt !== null && !channel.onChain?.lockedUntil;
