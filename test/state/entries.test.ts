import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { equalBytes, fromHex, toHex } from '../../src/protocol/bytes.ts';
import { decode } from '../../src/protocol/chain/address.ts';
import { type Entry, EntryError, parseEntry, serializeEntry } from '../../src/protocol/state/entries.ts';
import { vectors } from '../chain/vectors.ts';

interface UpdateVector {
  name: string;
  serialized_hex: string;
  client: Record<string, string | number>;
}
const { updates } = vectors<{ updates: UpdateVector[] }>('offchain_updates');

/** The typed entry of the node's JSON. */
function entryOf({ client }: UpdateVector): Entry {
  const ak = (name: string) => decode('ak', client[name] as string);
  const int = (name: string) => BigInt(client[name]!);
  const callData = () => decode('cb', client.call_data as string);
  switch (client.op) {
    case 'OffChainTransfer':
      return { type: 'transfer', from: ak('from'), to: ak('to'), amount: int('amount') };
    case 'OffChainDeposit':
      return { type: 'deposit', from: ak('from'), amount: int('amount') };
    case 'OffChainWithdrawal':
      return { type: 'withdraw', to: ak('to'), amount: int('amount') };
    case 'OffChainNewContract':
      return {
        type: 'create',
        owner: ak('owner'),
        ctVersion: (int('vm_version') << 16n) | int('abi_version'),
        code: decode('cb', client.code as string),
        deposit: int('deposit'),
        callData: callData(),
      };
    case 'OffChainCallContract':
      return {
        type: 'call',
        caller: ak('caller_id'),
        contract: decode('ct', client.contract_id as string),
        abiVersion: int('abi_version'),
        amount: int('amount'),
        gas: int('gas'),
        gasPrice: int('gas_price'),
        callData: callData(),
        callStack: [],
      };
    case 'OffChainMeta':
      return { type: 'meta', data: new TextEncoder().encode(client.data as string) };
    default:
      throw new Error(`the vectors have a ${client.op}: add it here`);
  }
}

describe.each(updates.map((update) => [update.name, update] as const))('%s', (_name, update) => {
  it('serializes as the node does and parses back', () => {
    expect(toHex(serializeEntry(entryOf(update)))).toBe(update.serialized_hex);
    expect(parseEntry(fromHex(update.serialized_hex))).toEqual(entryOf(update));
  });
});

test('the vectors cover every entry', () => {
  expect(new Set(updates.map((update) => entryOf(update).type)).size).toBe(6);
});

test('an entry of another tag, version, length or id kind is refused, saying which', () => {
  const [transfer] = updates.map(({ serialized_hex }) => serialized_hex);
  expect(() => parseEntry(fromHex(transfer!.replace('82023a', '820240')))).toThrow(
    /meta: version 1 is not supported/,
  );
  expect(() => parseEntry(fromHex(transfer!.replace('82023a', '82023f')))).toThrow(/tag 575 is unknown/);
  expect(() => parseEntry(fromHex(transfer!.replace('82023a01a101', '82023a01a105')))).toThrow(
    /transfer: from has id tag 5, not that of account/,
  );
  expect(() => parseEntry(fromHex(transfer!.replace('82023a', '82023c')))).toThrow(
    /withdraw: 3 fields, not 2/,
  );
  expect(() =>
    serializeEntry({ type: 'transfer', from: new Uint8Array(31), to: new Uint8Array(32), amount: 1n }),
  ).toThrow(/transfer: from has 31 bytes, not 32/);
});

test('parseEntry throws nothing but EntryError on any bytes, and what it takes it writes again', () => {
  const good = updates.map(({ serialized_hex }) => fromHex(serialized_hex));
  const damaged = fc
    .tuple(fc.constantFrom(...good), fc.nat(), fc.integer({ min: 1, max: 255 }), fc.boolean())
    .map(([bytes, at, flip, cut]) => {
      const copy = bytes.slice(0, cut ? at % bytes.length : bytes.length);
      if (copy.length > 0) copy[at % copy.length]! ^= flip;
      return copy;
    });
  fc.assert(
    fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 100 })), (bytes) => {
      let entry: Entry;
      try {
        entry = parseEntry(bytes);
      } catch (error) {
        return error instanceof EntryError;
      }
      return equalBytes(serializeEntry(entry), bytes);
    }),
    { numRuns: 3000 },
  );
});
