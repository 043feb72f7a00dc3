/** What one party does alone: close_solo, slash, snapshot_solo, settle. */
import { equalBytes } from '../../src/protocol/bytes.ts';
import type { TxOf } from '../../src/protocol/chain/tx.ts';
import { bumpNonce, payFee, spend } from './account.ts';
import type { Environment } from './index.ts';
import { channelOf, payOut } from './joint.ts';
import { checkPayload, type Payload, readPayload, requireActive, requirePeer } from './payload.ts';
import { type Proof, readProof } from './proof.ts';
import { require } from './refusal.ts';
import type { Channel, Overlay } from './state.ts';

export function closeSolo(state: Overlay, tx: TxOf<'ChannelCloseSoloTx'>, env: Environment): void {
  const channel = channelOf(state, tx.channelId);
  const payload = readPayload(tx.payload);
  const proof = readProof(tx.poi);
  payFee(state, tx.fromId, tx.fee, tx.nonce);
  if (payload) {
    requireActive(channel);
    checkPayload(channel, payload, tx.fromId, 'only peers', env.networkId);
    require(equalBytes(payload.tx.stateHash, proof.stateHash), 'invalid_poi_hash');
  } else {
    requirePeer(channel, tx.fromId);
    requireActive(channel);
    require(equalBytes(channel.stateHash, proof.stateHash), 'invalid_poi_hash_in_channel');
  }
  state.putChannel(closing(channel, payload, proof, env));
}

export function slash(state: Overlay, tx: TxOf<'ChannelSlashTx'>, env: Environment): void {
  const channel = channelOf(state, tx.channelId);
  const payload = readPayload(tx.payload);
  require(payload !== undefined, 'slash_must_have_payload');
  const proof = readProof(tx.poi);
  payFee(state, tx.fromId, tx.fee, tx.nonce);
  require(channel.lockedUntil !== 0n, 'channel_not_closing');
  checkPayload(channel, payload, tx.fromId, 'delegates may', env.networkId);
  require(equalBytes(payload.tx.stateHash, proof.stateHash), 'invalid_poi_hash');
  state.putChannel(closing(channel, payload, proof, env));
}

/** The channel with the proven balances, to be settled lock_period blocks from now. */
function closing(channel: Channel, payload: Payload | undefined, proof: Proof, env: Environment): Channel {
  const initiatorAmount = proof.balance(channel.initiator);
  const responderAmount = proof.balance(channel.responder);
  require(initiatorAmount !== undefined && responderAmount !== undefined, 'wrong_channel_peers');
  require(initiatorAmount + responderAmount <= channel.channelAmount, 'poi_amounts_change_channel_funds');
  const resets = payload !== undefined && env.height >= env.soloRoundResetHeight;
  return {
    ...channel,
    initiatorAmount,
    responderAmount,
    round: payload?.tx.round ?? channel.round,
    stateHash: payload?.tx.stateHash ?? channel.stateHash,
    soloRound: resets ? 0n : channel.soloRound,
    lockedUntil: BigInt(env.height) + channel.lockPeriod,
  };
}

export function snapshotSolo(state: Overlay, tx: TxOf<'ChannelSnapshotSoloTx'>, env: Environment): void {
  const channel = channelOf(state, tx.channelId);
  const payload = readPayload(tx.payload);
  require(payload !== undefined, 'snapshot_must_have_payload');
  payFee(state, tx.fromId, tx.fee, tx.nonce);
  requireActive(channel);
  checkPayload(channel, payload, tx.fromId, 'delegates may', env.networkId);
  const { round, stateHash } = payload.tx;
  state.putChannel({ ...channel, round, stateHash, soloRound: 0n });
}

export function settle(state: Overlay, tx: TxOf<'ChannelSettleTx'>, env: Environment): void {
  bumpNonce(state, tx.fromId, tx.nonce);
  spend(state, tx.fromId, tx.fee);
  const channel = channelOf(state, tx.channelId);
  requirePeer(channel, tx.fromId);
  const { lockedUntil } = channel;
  require(lockedUntil !== 0n && lockedUntil <= BigInt(env.height), 'channel_not_closed');
  const rest = channel.channelAmount - tx.initiatorAmountFinal - tx.responderAmountFinal;
  require(rest >= 0n, 'insufficient_channel_funds');
  require(tx.initiatorAmountFinal === channel.initiatorAmount, 'wrong_amt');
  require(tx.responderAmountFinal === channel.responderAmount, 'wrong_amt');
  payOut(state, channel, tx.initiatorAmountFinal, tx.responderAmountFinal, rest);
}
