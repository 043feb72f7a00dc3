/** The co-signed off-chain state that a transaction of one party carries. */
import { equalBytes } from '../../src/protocol/bytes.ts';
import { parseSignedTx } from '../../src/protocol/chain/signed.ts';
import { parseTx, TxError, type TxOf } from '../../src/protocol/chain/tx.ts';
import { Refusal, require } from './refusal.ts';
import { requireSigned } from './signatures.ts';
import type { Channel } from './state.ts';

export interface Payload {
  tx: TxOf<'ChannelOffChainTx'>;
  unsigned: Uint8Array;
  signatures: readonly Uint8Array[];
}

/** Undefined for an empty payload, which stands for the state on chain. */
export function readPayload(bytes: Uint8Array): Payload | undefined {
  if (bytes.length === 0) return undefined;
  try {
    const { signatures, tx: unsigned } = parseSignedTx(bytes);
    const tx = parseTx(unsigned);
    if (tx.type === 'ChannelOffChainTx') return { tx, unsigned, signatures };
  } catch (error) {
    if (!(error instanceof TxError)) throw error;
  }
  throw new Refusal('invalid_at_protocol');
}

/**
 * The payload is of this channel, newer than the chain's state, and signed by both; `from` may present it. Where it is
 * the base of a forced round it has to be newer than every round that the chain has, and a delegate may present it.
 */
export function checkPayload(
  channel: Channel,
  payload: Payload,
  from: Uint8Array,
  who: 'delegates may' | 'only peers' | 'forces',
  networkId: string,
): void {
  require(equalBytes(payload.tx.channelId, channel.id), 'bad_state_channel_pubkey');
  if (who === 'forces') requireNewerThan(channel.round, payload.tx.round);
  else requireNewerRound(channel, payload.tx.round);
  if (who === 'only peers') {
    requirePeer(channel, from);
  } else {
    const known = [...peersOf(channel), ...channel.initiatorDelegates, ...channel.responderDelegates];
    require(includes(known, from), 'account_not_peer_or_delegate');
  }
  requireSigned(payload.unsigned, payload.signatures, peersOf(channel), networkId);
}

/** A co-signed round has to be above the chain's, or, after forced rounds, at least the first forced one. */
export function requireNewerRound(channel: Channel, round: bigint): void {
  requireNewerThan(channel.soloRound === 0n ? channel.round : channel.soloRound - 1n, round);
}

export function requireNewerThan(last: bigint, round: bigint): void {
  require(round !== last, 'same_round');
  require(round > last, 'old_round');
}

export function peersOf(channel: Channel): readonly Uint8Array[] {
  return [channel.initiator, channel.responder];
}

export function requirePeer(channel: Channel, account: Uint8Array): void {
  require(includes(peersOf(channel), account), 'account_not_peer');
}

export function requireActive(channel: Channel): void {
  require(channel.lockedUntil === 0n, 'channel_not_active');
}

function includes(keys: readonly Uint8Array[], key: Uint8Array): boolean {
  return keys.some((item) => equalBytes(item, key));
}
