/** The chain's transactions, unsigned: one table of their layouts, in the node API's names. */
import {
  account,
  anyId,
  binary,
  channel,
  hash,
  int,
  list,
  type ObjectOf,
  readAny,
  writeObject,
} from './layout.ts';

const layouts = {
  SpendTx: {
    tag: 12,
    version: 1,
    fields: {
      senderId: account,
      recipientId: anyId('account', 'name', 'oracle', 'contract'),
      amount: int,
      fee: int,
      ttl: int,
      nonce: int,
      payload: binary,
    },
  },
  ChannelCreateTx: {
    tag: 50,
    version: 2,
    fields: {
      initiatorId: account,
      /** aetto, before a push */
      initiatorAmount: int,
      responderId: account,
      responderAmount: int,
      channelReserve: int,
      /** key blocks */
      lockPeriod: int,
      ttl: int,
      fee: int,
      initiatorDelegates: list(account),
      responderDelegates: list(account),
      /** of the state after a push */
      stateHash: hash,
      nonce: int,
    },
  },
  ChannelDepositTx: {
    tag: 51,
    version: 1,
    fields: {
      channelId: channel,
      fromId: account,
      amount: int,
      ttl: int,
      fee: int,
      stateHash: hash,
      round: int,
      nonce: int,
    },
  },
  ChannelWithdrawTx: {
    tag: 52,
    version: 1,
    fields: {
      channelId: channel,
      toId: account,
      amount: int,
      ttl: int,
      fee: int,
      stateHash: hash,
      round: int,
      nonce: int,
    },
  },
  ChannelCloseMutualTx: {
    tag: 53,
    version: 1,
    fields: {
      channelId: channel,
      fromId: account,
      initiatorAmountFinal: int,
      responderAmountFinal: int,
      ttl: int,
      fee: int,
      nonce: int,
    },
  },
  ChannelCloseSoloTx: {
    tag: 54,
    version: 1,
    fields: {
      channelId: channel,
      fromId: account,
      /** signed ChannelOffChainTx, or empty: the state on chain */
      payload: binary,
      /** serialized proof of inclusion */
      poi: binary,
      ttl: int,
      fee: int,
      nonce: int,
    },
  },
  ChannelSlashTx: {
    tag: 55,
    version: 1,
    fields: {
      channelId: channel,
      fromId: account,
      payload: binary,
      poi: binary,
      ttl: int,
      fee: int,
      nonce: int,
    },
  },
  ChannelSettleTx: {
    tag: 56,
    version: 1,
    fields: {
      channelId: channel,
      fromId: account,
      initiatorAmountFinal: int,
      responderAmountFinal: int,
      ttl: int,
      fee: int,
      nonce: int,
    },
  },
  /** What an off-chain update's signatures are on; never itself on chain. */
  ChannelOffChainTx: {
    tag: 57,
    version: 2,
    fields: { channelId: channel, round: int, stateHash: hash },
  },
  ChannelSnapshotSoloTx: {
    tag: 59,
    version: 1,
    fields: { channelId: channel, fromId: account, payload: binary, ttl: int, fee: int, nonce: int },
  },
  ChannelSetDelegatesTx: {
    tag: 501,
    version: 1,
    fields: {
      channelId: channel,
      fromId: account,
      initiatorDelegates: list(account),
      responderDelegates: list(account),
      payload: binary,
      stateHash: hash,
      round: int,
      ttl: int,
      fee: int,
      nonce: int,
    },
  },
  ChannelForceProgressTx: {
    tag: 521,
    version: 1,
    fields: {
      channelId: channel,
      fromId: account,
      payload: binary,
      round: int,
      /** serialized contract call entry */
      update: binary,
      /** of the state after the update */
      stateHash: hash,
      /** serialized state trees before the update */
      offChainTrees: binary,
      ttl: int,
      fee: int,
      nonce: int,
    },
  },
} as const;

/**
 * An unsigned transaction. Amounts and fee in aetto; ttl an absolute height, 0 for none; ids are the 32 bytes of
 * an account or a channel, but for SpendTx's recipientId, which also tells its kind.
 */
export type Tx = ObjectOf<typeof layouts>;
export type TxType = Tx['type'];
export type TxOf<T extends TxType> = Extract<Tx, { type: T }>;

/** Bytes are no transaction of ours, or a field cannot be serialized; the message names which. */
export class TxError extends Error {
  override name = 'TxError';
}

const failure = (message: string) => new TxError(message);

/**
 * The bytes whose hash is signed.
 * @throws TxError where a field does not fit its layout
 */
export const serializeTx = (tx: Tx): Uint8Array => writeObject(layouts[tx.type], tx.type, tx, failure);

/**
 * Reads an unsigned transaction; serializing the result gives the same bytes.
 * @throws TxError where the bytes are not the canonical form of a transaction in the table
 */
export const parseTx = (bytes: Uint8Array): Tx => readAny(layouts, 'transaction', bytes, failure);
