/** Transactions as JSON. */
import { type Entry, parseEntry } from '../../src/protocol/state/entries.ts';
import type { MicroBlock } from '../blocks.ts';
import { encode } from '../codes.ts';
import type { Json } from '../json.ts';
import type { ChainTx, Transaction } from '../transaction.ts';

const account = (key: Uint8Array) => encode('ak', key);
const channel = (id: Uint8Array) => encode('ch', id);
const state = (hash: Uint8Array) => encode('st', hash);
const payload = (bytes: Uint8Array) => encode('tx', bytes);

const recipientPrefixes = { account: 'ak', name: 'nm', oracle: 'ok', contract: 'ct' } as const;

/** The fields of a transaction; `ttl` only where it has one. */
export function txJson(tx: ChainTx): { [key: string]: Json | undefined } {
  const common = {
    fee: tx.fee,
    nonce: tx.nonce,
    ttl: tx.ttl === 0n ? undefined : tx.ttl,
    type: tx.type,
    version: tx.type === 'ChannelCreateTx' ? 2 : 1,
  };
  switch (tx.type) {
    case 'SpendTx':
      return {
        ...common,
        amount: tx.amount,
        payload: encode('ba', tx.payload),
        recipient_id: encode(recipientPrefixes[tx.recipientId.kind], tx.recipientId.key),
        sender_id: account(tx.senderId),
      };
    case 'ChannelCreateTx':
      return {
        ...common,
        channel_reserve: tx.channelReserve,
        delegate_ids: {
          initiator: tx.initiatorDelegates.map(account),
          responder: tx.responderDelegates.map(account),
        },
        initiator_amount: tx.initiatorAmount,
        initiator_id: account(tx.initiatorId),
        lock_period: tx.lockPeriod,
        responder_amount: tx.responderAmount,
        responder_id: account(tx.responderId),
        state_hash: state(tx.stateHash),
      };
    case 'ChannelDepositTx':
      return {
        ...common,
        amount: tx.amount,
        channel_id: channel(tx.channelId),
        from_id: account(tx.fromId),
        round: tx.round,
        state_hash: state(tx.stateHash),
      };
    case 'ChannelWithdrawTx':
      return {
        ...common,
        amount: tx.amount,
        channel_id: channel(tx.channelId),
        round: tx.round,
        state_hash: state(tx.stateHash),
        to_id: account(tx.toId),
      };
    case 'ChannelCloseMutualTx':
    case 'ChannelSettleTx':
      return {
        ...common,
        channel_id: channel(tx.channelId),
        from_id: account(tx.fromId),
        initiator_amount_final: tx.initiatorAmountFinal,
        responder_amount_final: tx.responderAmountFinal,
      };
    case 'ChannelCloseSoloTx':
    case 'ChannelSlashTx':
      return {
        ...common,
        channel_id: channel(tx.channelId),
        from_id: account(tx.fromId),
        payload: payload(tx.payload),
        poi: encode('pi', tx.poi),
      };
    case 'ChannelSnapshotSoloTx':
      return {
        ...common,
        channel_id: channel(tx.channelId),
        from_id: account(tx.fromId),
        payload: payload(tx.payload),
      };
    case 'ChannelForceProgressTx':
      return {
        ...common,
        channel_id: channel(tx.channelId),
        from_id: account(tx.fromId),
        offchain_trees: encode('ss', tx.offChainTrees),
        payload: payload(tx.payload),
        round: tx.round,
        state_hash: state(tx.stateHash),
        update: updateJson(parseEntry(tx.update)),
      };
    case 'ChannelSetDelegatesTx':
      return {
        ...common,
        channel_id: channel(tx.channelId),
        from_id: account(tx.fromId),
        initiator_delegate_ids: tx.initiatorDelegates.map(account),
        payload: payload(tx.payload),
        responder_delegate_ids: tx.responderDelegates.map(account),
        round: tx.round,
        state_hash: state(tx.stateHash),
      };
  }
}

/** An off-chain update; but for calls only its name, as no other can be forced. */
function updateJson(update: Entry): Json {
  if (update.type !== 'call') return { op: updateNames[update.type] };
  return {
    abi_version: update.abiVersion,
    amount: update.amount,
    call_data: encode('cb', update.callData),
    call_stack: update.callStack,
    caller_id: account(update.caller),
    contract_id: encode('ct', update.contract),
    gas: update.gas,
    gas_price: update.gasPrice,
    op: 'OffChainCallContract',
  };
}

const updateNames = {
  transfer: 'OffChainTransfer',
  deposit: 'OffChainDeposit',
  withdraw: 'OffChainWithdrawal',
  create: 'OffChainNewContract',
  meta: 'OffChainMeta',
} as const;

export function minedJson(transaction: Transaction, block: MicroBlock): Json {
  return signedJson(transaction, encode('mh', block.hash), block.height);
}

export function pendingJson(transaction: Transaction): Json {
  return signedJson(transaction, 'none', -1);
}

function signedJson(transaction: Transaction, blockHash: string, blockHeight: number): Json {
  return {
    block_hash: blockHash,
    block_height: blockHeight,
    encoded_tx: encode('tx', transaction.bytes),
    hash: transaction.id,
    signatures: transaction.signatures.map((signature) => encode('sg', signature)),
    tx: txJson(transaction.tx),
  };
}
