import { expect, test } from 'vitest';
import { fromHex, toHex } from '../../src/protocol/bytes.ts';
import { decode, encode } from '../../src/protocol/chain/address.ts';
import { channelId, offChainContractId } from '../../src/protocol/chain/ids.ts';
import { keys, vectors } from './vectors.ts';

const { ids, contract_ids } = vectors<{
  ids: {
    ch: string;
    hex: string;
    initiator_seed_byte: number;
    responder_seed_byte: number;
    nonce: number | string;
  }[];
  contract_ids: { ct: string; hex: string; owner_seed_byte: number; round: number }[];
}>('channel_ids');
const key = (seedByte: number) =>
  fromHex(keys.keys.find(({ seed_byte }) => seed_byte === seedByte)!.pubkey_hex);

test.each(ids)('channel id $ch', ({ ch, hex, initiator_seed_byte, responder_seed_byte, nonce }) => {
  const id = channelId(key(initiator_seed_byte), BigInt(nonce), key(responder_seed_byte));
  expect(toHex(id)).toBe(hex);
  expect(encode('ch', id)).toBe(ch);
  expect(toHex(decode('ch', ch))).toBe(hex);
});

test.each(contract_ids)('contract id $ct', ({ ct, hex, owner_seed_byte, round }) => {
  const id = offChainContractId(key(owner_seed_byte), BigInt(round));
  expect(toHex(id)).toBe(hex);
  expect(encode('ct', id)).toBe(ct);
});

test('account addresses', () => {
  for (const { address, pubkey_hex } of keys.keys) {
    expect(encode('ak', fromHex(pubkey_hex))).toBe(address);
    expect(toHex(decode('ak', address))).toBe(pubkey_hex);
  }
});

test('a negative nonce has no channel id', () => {
  expect(() => channelId(key(1), -1n, key(2))).toThrow(/-1 is negative/);
});
