/** The node's golden vectors, and its JSON fields turned into typed transactions. */
import { readFileSync } from 'node:fs';
import { decode } from '../../src/protocol/chain/address.ts';
import type { Tx } from '../../src/protocol/chain/tx.ts';
import { serializeEntry } from '../../src/protocol/state/entries.ts';

export const vectors = <T>(file: string): T =>
  JSON.parse(readFileSync(new URL(`../vectors/${file}.json`, import.meta.url), 'utf8')) as T;

export interface KeyVector {
  address: string;
  pubkey_hex: string;
  role: string;
  seed_byte: number;
  seed_hex: string;
}
export const keys = vectors<{ keys: KeyVector[]; network_id: string }>('keys');

export interface TxVector {
  fields: Record<string, unknown> & { type: string; version: number };
  min_fee_consensus: number;
  min_fee_mempool: number;
  min_gas: number;
  name: string;
  sign_input_hex: string;
  signatures_sorted: string[];
  signed_by_seed_byte: number[];
  signed_hex: string;
  signed_tx: string;
  th: string;
  tx_hash: string;
  unsigned_hash: string;
  unsigned_hex: string;
}
export const txVectors = vectors<{ network_id: string; txs: TxVector[] }>('tx_serializations');

/** The typed transaction of a vector's fields. */
export function txOf({ fields }: TxVector): Tx {
  const text = (name: string) => fields[name] as string;
  const int = (name: string) => BigInt((fields[name] as string | number | undefined) ?? 0);
  const ak = (name: string) => decode('ak', text(name));
  const aks = (list: unknown) => (list as string[]).map((address) => decode('ak', address));
  const paid = () => ({ ttl: int('ttl'), fee: int('fee'), nonce: int('nonce') });
  const channelId = () => decode('ch', text('channel_id'));
  const stateHash = () => decode('st', text('state_hash'));
  const payload = () => decode('tx', text('payload'));
  switch (fields.type) {
    case 'SpendTx':
      return {
        type: 'SpendTx',
        senderId: ak('sender_id'),
        recipientId: { kind: 'account', key: ak('recipient_id') },
        amount: int('amount'),
        payload: decode('ba', text('payload')),
        ...paid(),
      };
    case 'ChannelCreateTx': {
      const delegates = fields.delegate_ids as { initiator: string[]; responder: string[] };
      return {
        type: 'ChannelCreateTx',
        initiatorId: ak('initiator_id'),
        initiatorAmount: int('initiator_amount'),
        responderId: ak('responder_id'),
        responderAmount: int('responder_amount'),
        channelReserve: int('channel_reserve'),
        lockPeriod: int('lock_period'),
        initiatorDelegates: aks(delegates.initiator),
        responderDelegates: aks(delegates.responder),
        stateHash: stateHash(),
        ...paid(),
      };
    }
    case 'ChannelDepositTx':
      return {
        type: 'ChannelDepositTx',
        channelId: channelId(),
        fromId: ak('from_id'),
        amount: int('amount'),
        stateHash: stateHash(),
        round: int('round'),
        ...paid(),
      };
    case 'ChannelWithdrawTx':
      return {
        type: 'ChannelWithdrawTx',
        channelId: channelId(),
        toId: ak('to_id'),
        amount: int('amount'),
        stateHash: stateHash(),
        round: int('round'),
        ...paid(),
      };
    case 'ChannelCloseMutualTx':
    case 'ChannelSettleTx':
      return {
        type: fields.type,
        channelId: channelId(),
        fromId: ak('from_id'),
        initiatorAmountFinal: int('initiator_amount_final'),
        responderAmountFinal: int('responder_amount_final'),
        ...paid(),
      };
    case 'ChannelCloseSoloTx':
    case 'ChannelSlashTx':
      return {
        type: fields.type,
        channelId: channelId(),
        fromId: ak('from_id'),
        payload: payload(),
        poi: decode('pi', text('poi')),
        ...paid(),
      };
    case 'ChannelSnapshotSoloTx':
      return {
        type: 'ChannelSnapshotSoloTx',
        channelId: channelId(),
        fromId: ak('from_id'),
        payload: payload(),
        ...paid(),
      };
    case 'ChannelSetDelegatesTx':
      return {
        type: 'ChannelSetDelegatesTx',
        channelId: channelId(),
        fromId: ak('from_id'),
        initiatorDelegates: aks(fields.initiator_delegate_ids),
        responderDelegates: aks(fields.responder_delegate_ids),
        payload: payload(),
        stateHash: stateHash(),
        round: int('round'),
        ...paid(),
      };
    case 'ChannelForceProgressTx': {
      const update = fields.update as Record<string, string | number>;
      return {
        type: 'ChannelForceProgressTx',
        channelId: channelId(),
        fromId: ak('from_id'),
        payload: payload(),
        round: int('round'),
        update: serializeEntry({
          type: 'call',
          caller: decode('ak', update.caller_id as string),
          contract: decode('ct', update.contract_id as string),
          abiVersion: BigInt(update.abi_version!),
          amount: BigInt(update.amount!),
          gas: BigInt(update.gas!),
          gasPrice: BigInt(update.gas_price!),
          callData: decode('cb', update.call_data as string),
          callStack: [],
        }),
        stateHash: stateHash(),
        offChainTrees: decode('ss', text('offchain_trees')),
        ...paid(),
      };
    }
    case 'ChannelOffchainTx':
      return {
        type: 'ChannelOffChainTx',
        channelId: channelId(),
        round: int('round'),
        stateHash: stateHash(),
      };
    default:
      throw new Error(`the vectors have a ${fields.type}: add it here`);
  }
}
