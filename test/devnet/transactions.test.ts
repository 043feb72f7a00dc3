/** Every type of transaction is shown as the node shows it. */
import { expect, it } from 'vitest';
import { txJson } from '../../devnet/api/transactions.ts';
import { toJson } from '../../devnet/json.ts';
import { decodeTransaction } from '../../devnet/transaction.ts';
import { fromHex } from '../../src/protocol/bytes.ts';
import { readVectors } from './vectors.ts';

interface TxVector {
  name: string;
  type: string;
  signed_hex: string;
  th: string;
  min_gas: number;
  unsigned_hex: string;
  fields: { version: number };
}

const { txs } = readVectors<{ txs: TxVector[] }>('tx_serializations.json');
const onChain = txs.filter(
  ({ type, fields }) => type !== 'channel_offchain_tx' && !isOldCreate(type, fields),
);

function isOldCreate(type: string, fields: TxVector['fields']): boolean {
  return type === 'channel_create_tx' && fields.version === 1;
}

/** Numbers as the vectors write them: texts above 2^53. */
function shown(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(shown);
  if (typeof json === 'object' && json !== null) {
    return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, shown(value)]));
  }
  return typeof json === 'number' ? String(json) : json;
}

it('covers every type that this chain takes', () => {
  expect(new Set(onChain.map(({ type }) => type)).size).toBe(11);
});

for (const [index, vector] of onChain.entries()) {
  it(`${vector.name} (${index}) has the fields, the hash and the gas that the node gives it`, () => {
    const transaction = decodeTransaction(fromHex(vector.signed_hex));
    expect(JSON.parse(toJson(txJson(transaction.tx), true))).toEqual(shown(vector.fields));
    expect(transaction.id).toBe(vector.th);
    expect(transaction.gas).toBe(BigInt(vector.min_gas));
  });
}

it('channel_create of version 1 is refused as the node refuses it', () => {
  const old = txs.find(({ type, fields }) => isOldCreate(type, fields))!;
  expect(() => decodeTransaction(fromHex(old.signed_hex))).toThrow('invalid_at_protocol');
});
