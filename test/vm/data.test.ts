/** FATE data and code: one form for each value, read as the chain's own tools read it. */
import { ContractEncoder } from '@aeternity/aepp-calldata';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { fromHex, toHex } from '../../src/protocol/bytes.ts';
import { encode as encodeText } from '../../src/protocol/chain/address.ts';
import { parseEntry } from '../../src/protocol/state/entries.ts';
import { Mpt } from '../../src/protocol/state/mpt.ts';
import { parseByteCode, parseContractCode } from '../../src/protocol/vm/bytecode.ts';
import { DecodeError, decode } from '../../src/protocol/vm/decode.ts';
import { encode } from '../../src/protocol/vm/encode.ts';
import { emptyMap, entriesOf, mapDelete, mapGet, mapOf, mapPut } from '../../src/protocol/vm/map.ts';
import { compareValues } from '../../src/protocol/vm/order.ts';
import { blob, listOf, tuple, type Value } from '../../src/protocol/vm/value.ts';
import { alice, Board } from '../examples/board.ts';
import { type CaseFile, readVectors, replay, startOf, updateEnv } from './replay.ts';

const leaf: fc.Arbitrary<Value> = fc.oneof(
  fc.bigInt({ min: -70n, max: 70n }),
  fc.bigInt({ min: -(2n ** 600n), max: 2n ** 600n }),
  fc.boolean(),
  fc.uint8Array({ maxLength: 80 }).map((bytes) => blob('string', bytes)),
  fc.uint8Array({ maxLength: 80 }).map((bytes) => blob('bytes', bytes)),
  fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => blob('address', bytes)),
  fc.uint8Array({ maxLength: 40 }).map((bytes) => blob('contract', bytes)),
  fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n }).map((value): Value => ({ kind: 'bits', value })),
);
const { value: anyValue } = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    leaf,
    fc.array(tie('value'), { maxLength: 20 }).map((items) => tuple(items)),
    fc.array(tie('value'), { maxLength: 20 }).map((items) => listOf(items)),
    fc.array(fc.tuple(leaf, tie('value')), { maxLength: 6 }).map((entries) => mapOf(entries)),
    fc
      .array(tie('value'), { maxLength: 3 })
      .map((items): Value => ({ kind: 'variant', arities: [7, items.length], tag: 1, items })),
  ),
}));

describe('FATE serialization', () => {
  test('what is written is read again as the same value', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        const bytes = encode(value);
        const again = decode(bytes);
        expect(compareValues(again, value)).toBe(0);
        expect(toHex(encode(again))).toBe(toHex(bytes));
      }),
    );
  });

  test('what is read is written again as it was, or not read at all', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), (bytes) => {
        let value: Value;
        try {
          value = decode(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
          return;
        }
        // the chain's reader is lenient about RLP in objects and variants, and so is this one
        expect(compareEncoded(value)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    ['a number with a needless sign', '80'],
    ['a big number that is not in its shortest form', '6f8100'],
    ['a map whose keys are not in order', '2f0204020204'],
    ['a map with a key twice', '2f0202020204'],
    ['a map as a key', '2f012f0002'],
    ['bytes behind the value', '0202'],
    ['a string that is longer than the bytes', '0961'],
    ['a variant with another number of fields', 'af82000101 3f'.replace(' ', '')],
  ])('refuses %s', (_, hex) => {
    expect(() => decode(fromHex(hex))).toThrow(DecodeError);
  });
});

function compareEncoded(value: Value): boolean {
  try {
    return toHex(encode(decode(encode(value)))) === toHex(encode(value));
  } catch {
    // a type representation has no order, an odd variant no serialization
    return true;
  }
}

describe('ordered maps', () => {
  test('hold what was put, in order, and old versions stay', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 30 }), fc.option(fc.integer()))), (steps) => {
        const model = new Map<number, number>();
        let map = emptyMap;
        for (const [key, value] of steps) {
          const before = [...entriesOf(map)].length;
          const old = map;
          if (value === null) {
            model.delete(key);
            map = mapDelete(map, BigInt(key));
          } else {
            model.set(key, value);
            map = mapPut(map, BigInt(key), BigInt(value));
          }
          expect([...entriesOf(old)]).toHaveLength(before);
        }
        const sorted = [...model].sort(([a], [b]) => a - b).map(([k, v]) => [BigInt(k), BigInt(v)]);
        expect([...entriesOf(map)]).toEqual(sorted);
        expect(map.size).toBe(model.size);
        for (const [key, value] of model) expect(mapGet(map, BigInt(key))).toBe(BigInt(value));
      }),
    );
  });
});

describe('contract code', () => {
  const file: CaseFile = readVectors('fate_contracts.json');
  const codes = file.cases.flatMap(({ name, steps }) => {
    const entry = parseEntry(fromHex(steps[0]!.update_hex));
    return entry.type === 'create' ? [[name, entry.code] as const] : [];
  });
  /** Their code has instructions above 0xb0, which the library does not read. */
  const tooNew = ['strings', 'bits_and_bytes', 'payable_require'];

  test.each(codes.filter(([name]) => !tooNew.includes(name)))(
    'of %s has the functions that the calldata library reads',
    (_, code) => {
      const mine = parseByteCode(parseContractCode(code).byteCode);
      const theirs = new ContractEncoder().decode(encodeText('cb', code) as `cb_${string}`) as unknown as {
        bytecode: {
          functions: {
            id: string;
            name: string;
            args: { valueTypes: unknown[] };
            instructions: unknown[][];
          }[];
        };
      };
      const shape = theirs.bytecode.functions.map(({ id, name, args, instructions }) => [
        id,
        name,
        args.valueTypes.length,
        instructions.map((block) => block.length),
      ]);
      expect(
        [...mine.functions].map(([id, { args, blocks }]) => [
          id,
          mine.symbols.get(id),
          args.length,
          blocks.map((block) => block.length),
        ]),
      ).toEqual(shape);
    },
  );
});

describe('the cost of a call', () => {
  const file: CaseFile = readVectors('fate_contracts.json');
  /** Nodes of the contracts tree that the call of `get` looks up, with the store as it is after `steps`. */
  function readsAfter(steps: number): { gets: number; scans: number } {
    const one = file.cases.find(({ name }) => name === 'bigmap_1000')!;
    let trees = startOf(one);
    for (const step of one.steps.slice(0, steps))
      trees = replay(trees, step, updateEnv(file, one, step.round)).trees;
    const get = one.steps.find(({ f }) => f === 'get(500)')!;
    const gets = vi.spyOn(Mpt.prototype, 'get');
    const scans = vi.spyOn(Mpt.prototype, 'entries');
    replay(trees, get, updateEnv(file, one, get.round));
    const counts = { gets: gets.mock.calls.length, scans: scans.mock.calls.length };
    gets.mockRestore();
    scans.mockRestore();
    return counts;
  }

  test('does not grow with the entries of a map that it does not touch', () => {
    const small = readsAfter(2);
    const large = readsAfter(3);
    expect(large.scans).toBe(0);
    expect(large.gets).toBe(small.gets);
    expect(large.gets).toBeLessThan(40);
  });

  test('in nodes that it changes does not grow with what it leaves alone, in its own store or in others', () => {
    const changed = (entries: number): number => {
      const board = new Board();
      board.create('Bench', 0n);
      for (let from = 1; from < entries; from += 1_000)
        board.call(alice, 'fill', [from, Math.min(entries, from + 999)]);
      board.call(alice, 'increment');
      const before = new Set([...board.trees.contracts.nodes()].map(({ node }) => node));
      board.call(alice, 'increment');
      return [...board.trees.contracts.nodes(before)].length;
    };
    // Fewer would be inside the register still.
    const few = changed(100);
    expect(few).toBeGreaterThan(0);
    expect(changed(3_000)).toBe(few);
  });
});
