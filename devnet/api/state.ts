/** Accounts and channels as JSON. */
import { toHex } from '../../src/protocol/bytes.ts';
import type { CallObject } from '../../src/protocol/vm/index.ts';
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

/** A receipt; the contract in it is the transaction's hash. */
export function callJson(call: CallObject): { [key: string]: Json } {
  return {
    caller_id: encode('ak', call.caller),
    caller_nonce: call.nonce,
    contract_id: encode('ct', call.contract),
    gas_price: call.gasPrice,
    gas_used: call.gasUsed,
    height: call.height,
    log: call.log.map(({ address, topics, data }) => ({
      address: encode('ct', address),
      data: encode('cb', data),
      topics: topics.map((topic) => BigInt(`0x${toHex(topic)}`)),
    })),
    return_type: returnTypes[Number(call.returnType)] ?? 'error',
    return_value: encode('cb', call.returnValue),
  };
}

const returnTypes = ['ok', 'error', 'revert'];
