/**
 * A channel of which this side lost everything but its key: its record is made anew from the channel's object on the
 * chain, and holds no state until the peer has shown one (PROTOCOL 6).
 */
import { equalBytes } from '../bytes.ts';
import type { MessageOf } from '../wire/index.ts';
import { blank, type Opening } from './establish.ts';
import { noSignature } from './record.ts';
import type { Channel, CoSigned, Env, Role, Terms } from './types.ts';

const no32 = new Uint8Array(32);

/** Below every sequence_number: the first state that the peer shows is ahead of it. */
const nothing: CoSigned = {
  number: -1n,
  balances: { initiator: 0n, responder: 0n },
  stateHash: no32,
  signatures: { initiator: noSignature, responder: noSignature },
  source: 'chain',
};

/**
 * @param opening its `temporaryId` is the channel_id: the one of the opening is lost
 * @param terms as far as the chain's object tells them
 */
export const fromChain = (
  opening: Opening,
  role: Role,
  terms: Terms,
  minimumDepth: number,
  env: Env,
): Channel => ({
  ...blank(opening, role, terms, env),
  phase: 'open',
  channelId: opening.temporaryId,
  minimumDepth,
  latest: nothing,
  doubt: true,
});

/** Whether the record waits for its first state. */
export const isEmptyHanded = (channel: Channel): boolean => channel.latest?.number === nothing.number;

/** channel_reestablish of a side that holds nothing: number 0 with a hash and a signature of zeros, as no state has them. */
export const showsNothing = (message: MessageOf<'channel_reestablish'>): boolean =>
  message.sequence_number === 0n &&
  equalBytes(message.state_hash, no32) &&
  equalBytes(message.signature, noSignature);

export const nothingToShow = (channel: Channel): MessageOf<'channel_reestablish'> => ({
  type: 'channel_reestablish',
  chain_hash: channel.chainHash,
  channel_id: channel.channelId!,
  sequence_number: 0n,
  state_hash: no32,
  signature: noSignature,
  pending: 0n,
});
