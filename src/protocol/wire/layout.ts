/**
 * The layout of every off-chain message, stated once (PROTOCOL 2). The types, the encoder, the decoder,
 * the sizes and the table in the docs all come from `layout`.
 *
 * A message is one code byte, then its fields in order. Integers are big-endian and unsigned.
 */

/**
 * What a field looks like in bytes and in TypeScript:
 *
 * - `bytes32`, `bytes64`: exactly that many bytes; `Uint8Array`.
 * - `u16`, `u32`: 2 or 4 bytes; `number`.
 * - `u64`, `u128`: 8 or 16 bytes; `bigint`.
 * - `data16`, `data32`: a length of 2 or 4 bytes, then that many bytes; `Uint8Array`.
 * - `entries`: a count of 2 bytes, then count times (a length of 4 bytes, then that many bytes); `Uint8Array[]`.
 */
export type FieldType =
  | 'bytes32'
  | 'bytes64'
  | 'u16'
  | 'u32'
  | 'u64'
  | 'u128'
  | 'data16'
  | 'data32'
  | 'entries';

/**
 * The bytes that a field always takes: all of it for a fixed type, the length or count in front for a
 * variable one.
 */
export const fieldHeadSize = {
  bytes32: 32,
  bytes64: 64,
  u16: 2,
  u32: 4,
  u64: 8,
  u128: 16,
  data16: 2,
  data32: 4,
  entries: 2,
} as const satisfies Record<FieldType, number>;

/** The size of the length in front of each item of an `entries` field. */
export const entryHeadSize = 4;

/** The most bytes one message may take, its code byte included: 1 MiB (PROTOCOL 2). */
export const maxMessageSize = 1_048_576;

/** One field: its name, its type, and its meaning in a line. */
export type Field = readonly [name: string, type: FieldType, meaning: string];

/** One message: its code byte, its meaning in a line, and its fields in wire order. */
export interface MessageLayout {
  readonly code: number;
  readonly meaning: string;
  readonly fields: readonly Field[];
}

const chainHash = ['chain_hash', 'bytes32', 'which chain the channel lives on'] as const;
const temporaryChannelId = [
  'temporary_channel_id',
  'bytes32',
  'random id of the channel until it has its final one',
] as const;
const channelId = ['channel_id', 'bytes32', 'id of the channel, the temporary one before funding'] as const;
const sequenceNumber = ['sequence_number', 'u64', "number of the state: the chain's round less one"] as const;
const stateHash = ['state_hash', 'bytes32', "the chain's hash of the channel's own state trees"] as const;
const initiatorAmount = ['initiator_amount', 'u64', 'what the initiator puts in, in channel units'] as const;
const responderAmount = ['responder_amount', 'u64', 'what the responder puts in, in channel units'] as const;
const channelReserve = ['channel_reserve', 'u64', 'what each side always keeps, in channel units'] as const;
const transactionData = [
  'transaction_data',
  'bytes32',
  'hash of the serialized unsigned transaction',
] as const;
const transactionId = [
  'transaction_id',
  'bytes32',
  'hash of the signed transaction that was confirmed',
] as const;
const transactionSignature = ['signature', 'bytes64', "the sender's signature on the transaction"] as const;
const stateSignature = ['signature', 'bytes64', "the sender's signature on the state"] as const;
const pingNonce = ['nonce', 'u64', 'tells one ping from another'] as const;

/**
 * The 26 messages (PROTOCOL 2). Amounts in `u64` fields count channel units of 10^9 aetto, balances in
 * `u128` fields count aetto. 13, 17 and every code that is not here are unknown.
 */
export const layout = {
  channel_open: {
    code: 1,
    meaning: 'the initiator offers a channel and its terms',
    fields: [
      chainHash,
      temporaryChannelId,
      ['lock_period', 'u16', 'blocks to wait after a close by one side alone'],
      [
        'push_amount',
        'u64',
        "what of the initiator's amount goes to the responder at once, in channel units",
      ],
      initiatorAmount,
      responderAmount,
      channelReserve,
      ['initiator_pubkey', 'bytes32', "the initiator's account"],
    ],
  },
  channel_accept: {
    code: 2,
    meaning: 'the responder accepts, or offers other terms',
    fields: [
      chainHash,
      temporaryChannelId,
      ['minimum_depth', 'u32', 'confirmations after which a transaction counts as final'],
      initiatorAmount,
      responderAmount,
      channelReserve,
      ['responder_pubkey', 'bytes32', "the responder's account"],
    ],
  },
  channel_reestablish: {
    code: 3,
    meaning: 'where the sender stands, on a fresh connection',
    fields: [
      chainHash,
      channelId,
      sequenceNumber,
      stateHash,
      stateSignature,
      ['pending', 'u64', 'number of the proposal still unanswered, 0 for none'],
    ],
  },
  funding_created: {
    code: 4,
    meaning: "the initiator's signature on channel_create",
    fields: [temporaryChannelId, transactionData, transactionSignature],
  },
  funding_signed: {
    code: 5,
    meaning: "the responder's signature on channel_create",
    fields: [temporaryChannelId, transactionSignature],
  },
  funding_locked: {
    code: 6,
    meaning: 'channel_create is deep enough for the sender',
    fields: [temporaryChannelId, transactionId],
  },
  update: {
    code: 7,
    meaning: 'proposes the next state: a batch of changes and what they lead to',
    fields: [
      channelId,
      sequenceNumber,
      ['initiator_balance', 'u128', "the initiator's balance after the batch, in aetto"],
      ['responder_balance', 'u128', "the responder's balance after the batch, in aetto"],
      stateHash,
      stateSignature,
      ['entries', 'entries', 'the batch in order: serialized off-chain updates and results'],
    ],
  },
  update_ack: {
    code: 8,
    meaning: 'co-signs a proposed state, which commits it',
    fields: [channelId, sequenceNumber, stateSignature],
  },
  update_error: {
    code: 9,
    meaning: 'refuses a proposal: the prior state again under a higher number',
    fields: [
      channelId,
      sequenceNumber,
      stateHash,
      stateSignature,
      ['reason', 'u16', 'why (PROTOCOL 4)'],
      ['data', 'data16', 'more about the reason'],
    ],
  },
  update_deposit_created: {
    code: 10,
    meaning: "proposes a deposit, with the depositor's signature",
    fields: [
      channelId,
      ['amount', 'u64', 'what is put in, in channel units'],
      transactionData,
      transactionSignature,
    ],
  },
  update_deposit_signed: {
    code: 11,
    meaning: 'co-signs a deposit',
    fields: [channelId, transactionSignature],
  },
  update_deposit_locked: {
    code: 12,
    meaning: 'the deposit is deep enough for the sender',
    fields: [channelId, transactionId],
  },
  update_withdrawal_created: {
    code: 14,
    meaning: "proposes a withdrawal, with the withdrawer's signature",
    fields: [
      channelId,
      ['from', 'bytes32', 'the account whose balance in the channel falls'],
      ['to', 'bytes32', 'the account that is paid on the chain: the same as from'],
      ['amount', 'u64', 'what is taken out, in channel units'],
      ['fee', 'u64', "the transaction's fee, in channel units"],
      transactionData,
      transactionSignature,
    ],
  },
  update_withdrawal_signed: {
    code: 15,
    meaning: 'co-signs a withdrawal',
    fields: [channelId, transactionSignature],
  },
  update_withdrawal_locked: {
    code: 16,
    meaning: 'the withdrawal is deep enough for the sender',
    fields: [channelId, transactionId],
  },
  channel_reestablish_ack: {
    code: 18,
    meaning: 'the latest co-signed state, for a peer that lacks part of it',
    fields: [
      chainHash,
      channelId,
      sequenceNumber,
      stateHash,
      ['initiator_signature', 'bytes64', "the initiator's signature on the state"],
      ['responder_signature', 'bytes64', "the responder's signature on the state"],
      ['state', 'data32', 'the state itself, empty where the peer has it'],
    ],
  },
  closing_created: {
    code: 90,
    meaning: 'a signature on channel_close_mutual',
    fields: [channelId, transactionData, transactionSignature],
  },
  closing_signed: {
    code: 91,
    meaning: 'co-signs channel_close_mutual',
    fields: [channelId, transactionSignature],
  },
  ping: {
    code: 92,
    meaning: 'asks whether the peer is there',
    fields: [channelId, pingNonce],
  },
  pong: {
    code: 93,
    meaning: "answers a ping with the ping's nonce",
    fields: [channelId, pingNonce],
  },
  leave: {
    code: 94,
    meaning: 'goodbye: the channel stays open and can be reestablished',
    fields: [channelId],
  },
  leave_ack: {
    code: 95,
    meaning: 'answers leave',
    fields: [channelId],
  },
  inband_message: {
    code: 96,
    meaning: 'application data beside the channel, bound by nothing',
    fields: [channelId, ['data', 'data16', 'the data']],
  },
  error: {
    code: 97,
    meaning: 'something is beyond repair: the channel takes no further update',
    fields: [channelId, ['data', 'data16', 'what went wrong, UTF-8 text']],
  },
  shutdown: {
    code: 98,
    meaning: 'wants a mutual close and will propose nothing more',
    fields: [channelId],
  },
  shutdown_ack: {
    code: 99,
    meaning: 'agrees to a mutual close',
    fields: [channelId],
  },
} as const satisfies Record<string, MessageLayout>;

/** The name of a message, which is its `type` in TypeScript. */
export type MessageName = keyof typeof layout;

/** What a field of each type holds in TypeScript. */
export interface FieldValues {
  bytes32: Uint8Array;
  bytes64: Uint8Array;
  u16: number;
  u32: number;
  u64: bigint;
  u128: bigint;
  data16: Uint8Array;
  data32: Uint8Array;
  entries: Uint8Array[];
}

type FieldsOf<Name extends MessageName> = (typeof layout)[Name]['fields'][number];

type Fields<Name extends MessageName> = { [Key in FieldsOf<Name> as Key[0]]: FieldValues[Key[1]] };

type Flat<T> = { [Key in keyof T]: T[Key] };

type Messages = { [Name in MessageName]: Flat<{ type: Name } & Fields<Name>> };

/** The message `Name` in TypeScript, such as `{ type: 'ping', channel_id: Uint8Array, nonce: bigint }`. */
export type MessageOf<Name extends MessageName> = Messages[Name];

/** Any message, told apart by `type`. */
export type Message = Messages[MessageName];

/** The names of all messages, in the order of their codes. */
export const messageNames = Object.keys(layout) as MessageName[];

const namesByCode: (MessageName | undefined)[] = [];
for (const name of messageNames) namesByCode[layout[name].code] = name;

/** The message that a code byte stands for; `undefined` for an unknown one. */
export function messageNameOf(code: number): MessageName | undefined {
  return namesByCode[code];
}

const minimumSizes = Object.fromEntries(
  messageNames.map((name) => {
    const fields: readonly Field[] = layout[name].fields;
    return [name, fields.reduce((size, [, type]) => size + fieldHeadSize[type], 1)];
  }),
) as Record<MessageName, number>;

/** The bytes that a message takes at least, its code byte included: all of them if no field is variable. */
export function minimumSize(name: MessageName): number {
  return minimumSizes[name];
}
