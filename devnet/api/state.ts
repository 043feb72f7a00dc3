/** Accounts and channels as JSON. */
import { encode } from '../codes.ts';
import type { Json } from '../json.ts';
import type { Account, Channel } from '../rules/state.ts';

export function accountJson(publicKey: Uint8Array, account: Account): Json {
  return {
    balance: account.balance,
    id: encode('ak', publicKey),
    kind: 'basic',
    nonce: account.nonce,
    payable: true,
  };
}

export function channelJson(channel: Channel): { [key: string]: Json } {
  return {
    channel_amount: channel.channelAmount,
    channel_reserve: channel.channelReserve,
    delegate_ids: {
      initiator: channel.initiatorDelegates.map((key) => encode('ak', key)),
      responder: channel.responderDelegates.map((key) => encode('ak', key)),
    },
    id: encode('ch', channel.id),
    initiator_amount: channel.initiatorAmount,
    initiator_id: encode('ak', channel.initiator),
    lock_period: channel.lockPeriod,
    locked_until: channel.lockedUntil,
    responder_amount: channel.responderAmount,
    responder_id: encode('ak', channel.responder),
    round: channel.round,
    solo_round: channel.soloRound,
    state_hash: encode('st', channel.stateHash),
  };
}
