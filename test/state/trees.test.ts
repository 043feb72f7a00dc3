import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { equalBytes, fromHex, toHex } from '../../src/protocol/bytes.ts';
import { parseAccount } from '../../src/protocol/state/account.ts';
import { StateError } from '../../src/protocol/state/error.ts';
import {
  accountOf,
  balanceOf,
  channelTrees,
  emptyTrees,
  hashOrder,
  parseTrees,
  serializeTrees,
  sizeOfTrees,
  stateHash,
  type Trees,
  withAccount,
  withBalance,
} from '../../src/protocol/state/trees.ts';
import { accountsOf, type StateVector, states } from './vectors.ts';

const all: [string, StateVector][] = [
  ...states.two_party.map((vector, i): [string, StateVector] => [`two parties, case ${i}`, vector]),
  ...states.many_accounts.map((vector): [string, StateVector] => [`${vector.n} accounts`, vector]),
  ['keys with long shared prefixes', states.shared_prefix],
];

describe.each(all)('the state of %s', (_name, vector) => {
  const accounts = accountsOf(vector);
  const trees = channelTrees(accounts);

  it("has the node's roots and state hash", () => {
    for (const name of hashOrder) expect(toHex(trees[name].rootHash)).toBe(vector.roots[name]);
    expect(toHex(stateHash(trees))).toBe(vector.state_hash);
  });
  it('serializes to the same bytes and is built again from them', () => {
    expect(toHex(serializeTrees(trees))).toBe(vector.state_trees_hex);
    const parsed = parseTrees(fromHex(vector.state_trees_hex));
    expect(toHex(stateHash(parsed))).toBe(vector.state_hash);
    for (const { pubkey, balance } of accounts) expect(balanceOf(parsed, pubkey)).toBe(balance);
  });
  it('has the size that is told without serializing, or a little less', () => {
    const size = fromHex(vector.state_trees_hex).length;
    expect(sizeOfTrees(trees)).toBeGreaterThanOrEqual(size);
    expect(sizeOfTrees(trees)).toBeLessThan(1.3 * size + 80);
  });
  it("has the node's account leaves", () => {
    for (const { account_hex, balance, pubkey } of vector.balances) {
      expect(toHex(trees.accounts.get(fromHex(pubkey))!)).toBe(account_hex);
      expect(parseAccount(fromHex(account_hex))).toEqual({ nonce: 0n, flags: 0n, balance: BigInt(balance) });
    }
  });
});

test('an account that is not there has no balance, and a new balance leaves the old trees as they were', () => {
  const key = new Uint8Array(32).fill(7);
  const before = channelTrees([{ pubkey: key, balance: 5n }]);
  const hash = toHex(stateHash(before));
  const after = withBalance(before, key, 6n);
  expect([balanceOf(before, key), balanceOf(after, key), balanceOf(emptyTrees, key)]).toEqual([
    5n,
    6n,
    undefined,
  ]);
  expect(toHex(stateHash(before))).toBe(hash);
  expect(toHex(stateHash(withBalance(after, key, 5n)))).toBe(hash);
});

test('a negative balance and a key of another size are refused', () => {
  expect(() => withBalance(emptyTrees, new Uint8Array(32), -1n)).toThrow(/balance is -1/);
  expect(() => withBalance(emptyTrees, new Uint8Array(31), 1n)).toThrow(/31 bytes, not 32/);
});

test('flags and nonce of an account stay when its balance changes', () => {
  const key = new Uint8Array(32).fill(7);
  const contractId = new Uint8Array(32).fill(9);
  const authFun = new Uint8Array(32).fill(8);
  for (const account of [
    { nonce: 3n, flags: 1n, balance: 10n },
    { nonce: 3n, flags: 0n, balance: 10n, generalized: { contract: contractId, authFun } },
  ]) {
    const trees = withBalance(withAccount(emptyTrees, key, account), key, 11n);
    expect(accountOf(trees, key)).toEqual({ ...account, balance: 11n });
  }
});

test('an account of another tag or version, or flagged in vain, is refused', () => {
  expect(() => parseAccount(fromHex('c40b010000'))).toThrow(/tag 11/);
  expect(() => parseAccount(fromHex('c40a040000'))).toThrow(/version 4 is not supported/);
  expect(() => parseAccount(fromHex('c50a03000000'))).toThrow(/canonical/);
});

test('parseTrees refuses entries out of order or twice', () => {
  const good = fromHex(states.many_accounts.find(({ n }) => n === 2)!.state_trees_hex);
  // The two entries of equal size change places.
  const size = 0x2d;
  const swapped = good.slice();
  const start = good.length - 2 * size;
  swapped.set(good.subarray(start, start + size), start + size);
  swapped.set(good.subarray(start + size), start);
  expect(() => parseTrees(swapped)).toThrow(/is not below the one before it/);
  const twice = good.slice();
  twice.set(good.subarray(start, start + size), start + size);
  expect(() => parseTrees(twice)).toThrow(/is not below the one before it/);
});

test('parseTrees throws nothing but StateError on damaged bytes, and what it takes it writes again', () => {
  const good = all.map(([, vector]) => fromHex(vector.state_trees_hex));
  const damaged = fc
    .tuple(fc.constantFrom(...good), fc.nat(), fc.integer({ min: 1, max: 255 }), fc.nat(3))
    .map(([bytes, at, flip, cut]) => {
      const copy = bytes.slice(0, bytes.length - (cut === 3 ? 1 + (at % 40) : 0));
      copy[at % copy.length]! ^= flip;
      return copy;
    });
  fc.assert(
    fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 200 })), (bytes) => {
      let trees: Trees;
      try {
        trees = parseTrees(bytes);
      } catch (error) {
        return error instanceof StateError;
      }
      return equalBytes(serializeTrees(trees), bytes);
    }),
    { numRuns: 2000 },
  );
});
