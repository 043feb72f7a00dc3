import { describe, expect, expectTypeOf, test } from 'vitest';
import {
  decode,
  type FieldType,
  layout,
  type Message,
  type MessageName,
  type MessageOf,
  maxMessageSize,
  messageNameOf,
  messageNames,
  minimumSize,
} from '../../src/protocol/wire/index.ts';
import { wireError } from './failing.ts';

/** The table of PROTOCOL 2: code | message | body. */
const protocolTable = `
1 | channel_open | chain_hash 32, temporary_channel_id 32, lock_period 2, push_amount 8, initiator_amount 8, responder_amount 8, channel_reserve 8, initiator_pubkey 32
2 | channel_accept | chain_hash 32, temporary_channel_id 32, minimum_depth 4, initiator_amount 8, responder_amount 8, channel_reserve 8, responder_pubkey 32
3 | channel_reestablish | chain_hash 32, channel_id 32, sequence_number 8, state_hash 32, signature 64, pending 8
4 | funding_created | temporary_channel_id 32, transaction_data 32, signature 64
5 | funding_signed | temporary_channel_id 32, signature 64
6 | funding_locked | temporary_channel_id 32, transaction_id 32
7 | update | channel_id 32, sequence_number 8, initiator_balance 16, responder_balance 16, state_hash 32, signature 64, count 2 then count x (length 4 data)
8 | update_ack | channel_id 32, sequence_number 8, signature 64
9 | update_error | channel_id 32, sequence_number 8, state_hash 32, signature 64, reason 2, length 2 data
10 | update_deposit_created | channel_id 32, amount 8, transaction_data 32, signature 64
11 | update_deposit_signed | channel_id 32, signature 64
12 | update_deposit_locked | channel_id 32, transaction_id 32
14 | update_withdrawal_created | channel_id 32, from 32, to 32, amount 8, fee 8, transaction_data 32, signature 64
15 | update_withdrawal_signed | channel_id 32, signature 64
16 | update_withdrawal_locked | channel_id 32, transaction_id 32
18 | channel_reestablish_ack | chain_hash 32, channel_id 32, sequence_number 8, state_hash 32, initiator_signature 64, responder_signature 64, length 4 state
90 | closing_created | channel_id 32, transaction_data 32, signature 64
91 | closing_signed | channel_id 32, signature 64
92 | ping | channel_id 32, nonce 8
93 | pong | channel_id 32, nonce 8
94 | leave | channel_id 32
95 | leave_ack | channel_id 32
96 | inband_message | channel_id 32, length 2 data
97 | error | channel_id 32, length 2 data
98 | shutdown | channel_id 32
99 | shutdown_ack | channel_id 32`;

/** How PROTOCOL 2 writes a field of each type. */
const notation: Record<FieldType, (field: string) => string> = {
  bytes32: (field) => `${field} 32`,
  bytes64: (field) => `${field} 64`,
  u16: (field) => `${field} 2`,
  u32: (field) => `${field} 4`,
  u64: (field) => `${field} 8`,
  u128: (field) => `${field} 16`,
  data16: (field) => `length 2 ${field}`,
  data32: (field) => `length 4 ${field}`,
  entries: () => 'count 2 then count x (length 4 data)',
};

const rows = protocolTable
  .trim()
  .split('\n')
  .map((row) => row.split(' | ') as [string, MessageName, string]);

describe('the layout is the table of PROTOCOL 2', () => {
  test('it has these 26 messages and no other', () => {
    expect(rows).toHaveLength(26);
    expect(messageNames).toEqual(rows.map(([, name]) => name));
  });

  test.each(rows)('code %s: %s', (code, name, body) => {
    expect(layout[name].code).toBe(Number(code));
    expect(layout[name].fields.map(([field, type]) => notation[type](field)).join(', ')).toBe(body);
    const sizes = [...body.replace(/\(.*\)/, '').matchAll(/ (\d+)/g)].map(([, size]) => Number(size));
    expect(minimumSize(name)).toBe(1 + sizes.reduce((sum, size) => sum + size, 0));
  });

  test('every message and every field says what it means', () => {
    for (const name of messageNames) {
      expect(layout[name].meaning).toMatch(/\S/);
      for (const [field, , meaning] of layout[name].fields) expect(meaning, `${name}.${field}`).toMatch(/\S/);
    }
  });

  test('the cap is 1 MiB', () => {
    expect(maxMessageSize).toBe(1024 * 1024);
  });
});

test('every code outside the table is unknown, 13 and 17 too, and the error names it', () => {
  const known = new Set(rows.map(([code]) => Number(code)));
  const unknown = Array.from({ length: 256 }, (_, code) => code).filter((code) => !known.has(code));
  expect(unknown).toHaveLength(230);
  expect(unknown).toEqual(expect.arrayContaining([0, 13, 17, 19, 89, 100, 255]));
  for (const code of unknown) {
    expect(messageNameOf(code)).toBeUndefined();
    const error = wireError(() => decode(new Uint8Array([code, 1, 2, 3])));
    expect(error.message).toBe(`message, byte 0: unknown message code ${code}`);
    expect(error).toMatchObject({ messageName: undefined, field: undefined, offset: 0 });
  }
});

test('the types come from the table', () => {
  expectTypeOf<MessageOf<'ping'>>().toEqualTypeOf<{ type: 'ping'; channel_id: Uint8Array; nonce: bigint }>();
  expectTypeOf<MessageOf<'update'>>().toEqualTypeOf<{
    type: 'update';
    channel_id: Uint8Array;
    sequence_number: bigint;
    initiator_balance: bigint;
    responder_balance: bigint;
    state_hash: Uint8Array;
    signature: Uint8Array;
    entries: Uint8Array[];
  }>();
  expectTypeOf<MessageOf<'channel_open'>['lock_period']>().toEqualTypeOf<number>();
  expectTypeOf<Message['type']>().toEqualTypeOf<MessageName>();
  expectTypeOf<Extract<Message, { type: 'error' }>>().toEqualTypeOf<MessageOf<'error'>>();
});
