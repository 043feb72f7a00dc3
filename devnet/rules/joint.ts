/** What both parties sign: create, deposit, withdraw, close_mutual, set_delegates. */
import { equalBytes } from '../../src/protocol/bytes.ts';
import { channelId } from '../../src/protocol/chain/ids.ts';
import type { TxOf } from '../../src/protocol/chain/tx.ts';
import { bumpNonce, earn, payFee, spend } from './account.ts';
import type { Environment } from './index.ts';
import { checkPayload, readPayload, requireActive, requireNewerRound, requirePeer } from './payload.ts';
import { require } from './refusal.ts';
import { type Channel, lockedCoinsAccount, type Overlay } from './state.ts';

export function channelOf(state: Overlay, id: Uint8Array): Channel {
  const channel = state.channel(id);
  require(channel !== undefined, 'channel_does_not_exist');
  return channel;
}

export function create(state: Overlay, tx: TxOf<'ChannelCreateTx'>): void {
  // The node looks for the number in the channel id before anything else, and 0 is the sign of a generalized account.
  require(tx.nonce !== 0n, 'crash: badmatch missing_authentication');
  bumpNonce(state, tx.initiatorId, tx.nonce);
  spend(state, tx.initiatorId, tx.fee + tx.initiatorAmount);
  spend(state, tx.responderId, tx.responderAmount);
  require(tx.initiatorAmount >= tx.channelReserve, 'insufficient_initiator_amount');
  require(tx.responderAmount >= tx.channelReserve, 'insufficient_responder_amount');
  const id = channelId(tx.initiatorId, tx.nonce, tx.responderId);
  require(state.channel(id) === undefined, 'channel_exists');
  state.putChannel({
    id,
    initiator: tx.initiatorId,
    responder: tx.responderId,
    channelAmount: tx.initiatorAmount + tx.responderAmount,
    initiatorAmount: tx.initiatorAmount,
    responderAmount: tx.responderAmount,
    channelReserve: tx.channelReserve,
    initiatorDelegates: tx.initiatorDelegates,
    responderDelegates: tx.responderDelegates,
    stateHash: tx.stateHash,
    round: 1n,
    soloRound: 0n,
    lockPeriod: tx.lockPeriod,
    lockedUntil: 0n,
  });
}

export function deposit(state: Overlay, tx: TxOf<'ChannelDepositTx'>): void {
  bumpNonce(state, tx.fromId, tx.nonce);
  spend(state, tx.fromId, tx.fee + tx.amount);
  const channel = channelOf(state, tx.channelId);
  requireActive(channel);
  requirePeer(channel, tx.fromId);
  requireNewerRound(channel, tx.round);
  state.putChannel({
    ...channel,
    channelAmount: channel.channelAmount + tx.amount,
    stateHash: tx.stateHash,
    round: tx.round,
    soloRound: 0n,
  });
}

export function withdraw(state: Overlay, tx: TxOf<'ChannelWithdrawTx'>): void {
  bumpNonce(state, tx.toId, tx.nonce);
  spend(state, tx.toId, tx.fee);
  const channel = channelOf(state, tx.channelId);
  requireActive(channel);
  requirePeer(channel, tx.toId);
  require(channel.channelAmount >= 2n * channel.channelReserve + tx.amount, 'not_enough_channel_funds');
  requireNewerRound(channel, tx.round);
  state.putChannel({
    ...channel,
    channelAmount: channel.channelAmount - tx.amount,
    stateHash: tx.stateHash,
    round: tx.round,
    soloRound: 0n,
  });
  earn(state, tx.toId, tx.amount);
}

/** The fee comes out of the channel, the nonce is the poster's; allowed while closing too. */
export function closeMutual(state: Overlay, tx: TxOf<'ChannelCloseMutualTx'>): void {
  bumpNonce(state, tx.fromId, tx.nonce);
  const channel = channelOf(state, tx.channelId);
  requirePeer(channel, tx.fromId);
  const rest = channel.channelAmount - tx.initiatorAmountFinal - tx.responderAmountFinal - tx.fee;
  require(rest >= 0n, 'wrong_amounts');
  payOut(state, channel, tx.initiatorAmountFinal, tx.responderAmountFinal, rest);
}

/** Pays the parties and ends the channel; what is left over is locked for ever. */
export function payOut(
  state: Overlay,
  channel: Channel,
  initiatorAmount: bigint,
  responderAmount: bigint,
  rest: bigint,
): void {
  earn(state, channel.initiator, initiatorAmount);
  earn(state, channel.responder, responderAmount);
  if (rest > 0n) earn(state, lockedCoinsAccount, rest);
  state.deleteChannel(channel.id);
}

/** Without payload it names the state on chain; with one it brings the chain to that state as a snapshot does. */
export function setDelegates(state: Overlay, tx: TxOf<'ChannelSetDelegatesTx'>, env: Environment): void {
  const channel = channelOf(state, tx.channelId);
  const payload = readPayload(tx.payload);
  payFee(state, tx.fromId, tx.fee, tx.nonce);
  requireActive(channel);
  if (payload) checkPayload(channel, payload, tx.fromId, 'only peers', env.networkId);
  else requirePeer(channel, tx.fromId);
  const base = payload?.tx ?? channel;
  require(equalBytes(tx.stateHash, base.stateHash), 'unexpected_state_hash');
  require(tx.round === base.round, 'unexpected_round');
  state.putChannel({
    ...channel,
    initiatorDelegates: tx.initiatorDelegates,
    responderDelegates: tx.responderDelegates,
    stateHash: base.stateHash,
    round: base.round,
    soloRound: payload ? 0n : channel.soloRound,
  });
}
