import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { compareBytes, equalBytes, fromHex, toHex } from '../../src/protocol/bytes.ts';
import { encodeRlp } from '../../src/protocol/chain/rlp.ts';
import { blake2b256 } from '../../src/protocol/chain/signed.ts';
import { StateError } from '../../src/protocol/state/error.ts';
import { Mpt, type ProofNode } from '../../src/protocol/state/mpt.ts';
import { verifyProof } from '../../src/protocol/state/proof.ts';

/** Few different bytes, so that keys share prefixes and are prefixes of each other. */
const key = fc.oneof(
  fc.array(fc.constantFrom(0, 1, 0x10, 0x11, 0xf0), { maxLength: 4 }).map((bytes) => Uint8Array.from(bytes)),
  fc.uint8Array({ minLength: 32, maxLength: 32 }),
);
const value = fc.uint8Array({ minLength: 1, maxLength: 40 });
const entries = fc.uniqueArray(fc.tuple(key, value), { maxLength: 30, selector: ([k]) => toHex(k) });
const build = (list: readonly (readonly [Uint8Array, Uint8Array])[], on = Mpt.empty) =>
  list.reduce((tree, [k, v]) => tree.insert(k, v), on);
const rootOf = (tree: Mpt) => toHex(tree.rootHash);

describe('a Merkle Patricia tree', () => {
  it('has a root of 32 zero bytes where it is empty', () => {
    expect(rootOf(Mpt.empty)).toBe('00'.repeat(32));
    expect(Mpt.empty.isEmpty).toBe(true);
  });
  it('has one root whatever the order of insertion', () => {
    const shuffled = entries.chain((list) =>
      fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
    );
    fc.assert(fc.property(shuffled, ([list, other]) => rootOf(build(list)) === rootOf(build(other))));
  });
  it('is undone by delete: root, entries and the very empty tree', () => {
    fc.assert(
      fc.property(entries, entries, (kept, added) => {
        const fresh = added.filter(([k]) => !kept.some(([other]) => equalBytes(k, other)));
        const tree = build(kept);
        const without = fresh.reduce((t, [k]) => t.delete(k), build(fresh, tree));
        expect(rootOf(without)).toBe(rootOf(tree));
        expect([...without.entries()]).toEqual([...tree.entries()]);
        if (kept.length === 0) expect(without).toBe(Mpt.empty);
      }),
    );
  });
  it('gets what was inserted last and nothing else, and lists it in order', () => {
    fc.assert(
      fc.property(entries, value, key, (list, other, missing) => {
        const tree = list.length > 0 ? build(list).insert(list[0]![0], other) : Mpt.empty;
        const expected = list.map(([k, v], i) => [k, i === 0 ? other : v] as [Uint8Array, Uint8Array]);
        for (const [k, v] of expected) expect(tree.get(k)).toEqual(v);
        if (!list.some(([k]) => equalBytes(k, missing))) expect(tree.get(missing)).toBeUndefined();
        expect([...tree.entries()]).toEqual(expected.sort(([a], [b]) => compareBytes(a, b)));
      }),
    );
  });
  it('is read again from its nodes, and only from all of them', () => {
    fc.assert(
      fc.property(entries, (list) => {
        const tree = build(list);
        const nodes = new Map([...tree.nodes()].map(({ hash, rlp }) => [toHex(hash), rlp]));
        const read = Mpt.read(tree.rootHash, (hash) => nodes.get(toHex(hash)));
        expect([...read.entries()]).toEqual([...tree.entries()]);
        expect(rootOf(read)).toBe(rootOf(tree));
        for (const hex of nodes.keys())
          expect(() =>
            Mpt.read(tree.rootHash, (hash) => (toHex(hash) === hex ? undefined : nodes.get(toHex(hash)))),
          ).toThrow(/is missing/);
        for (const [hex, rlp] of nodes)
          expect(() =>
            Mpt.read(tree.rootHash, (hash) =>
              toHex(hash) === hex ? encodeRlp([Uint8Array.of(0x20), rlp]) : nodes.get(toHex(hash)),
            ),
          ).toThrow(/holds something else/);
      }),
    );
  });
  it('names only the nodes that are new since those that are kept', () => {
    fc.assert(
      fc.property(entries, entries, (first, more) => {
        const before = build(first);
        const kept = new WeakSet([...before.nodes()].map(({ node }) => node));
        const old = new Map([...before.nodes()].map(({ hash, rlp }) => [toHex(hash), rlp]));
        const after = build(more, before);
        const added = new Map([...after.nodes(kept)].map(({ hash, rlp }) => [toHex(hash), rlp]));
        const read = Mpt.read(after.rootHash, (hash) => added.get(toHex(hash)) ?? old.get(toHex(hash)));
        expect([...read.entries()]).toEqual([...after.entries()]);
      }),
    );
    const large = build(
      Array.from({ length: 5_000 }, (_, i) => [blake2b256(Uint8Array.of(i >> 8, i)), Uint8Array.of(1)]),
    );
    const kept = new WeakSet([...large.nodes()].map(({ node }) => node));
    const changed = large.insert(blake2b256(Uint8Array.of(0, 7)), Uint8Array.of(2));
    expect([...changed.nodes(kept)].length).toBeLessThan(8);
  });
  it('lists what differs from another tree', () => {
    fc.assert(
      fc.property(entries, entries, entries, (first, removed, added) => {
        const before = build([...first, ...removed]);
        const after = build(
          added,
          removed.reduce((tree, [k]) => tree.delete(k), before),
        );
        const keys = new Map([...before.entries(), ...after.entries()].map(([k]) => [toHex(k), k]));
        const expected = [...keys.values()]
          .map((k) => ({ key: k, before: before.get(k), after: after.get(k) }))
          .filter((one) => toHex(one.before ?? new Uint8Array()) !== toHex(one.after ?? new Uint8Array()))
          .sort((a, b) => compareBytes(a.key, b.key));
        expect([...after.differences(before)]).toEqual(expected);
      }),
    );
  });
  it('lists the entries behind a prefix', () => {
    fc.assert(
      fc.property(entries, key, (list, prefix) => {
        const expected = list
          .filter(([k]) => equalBytes(k.subarray(0, prefix.length), prefix))
          .sort(([a], [b]) => compareBytes(a, b));
        expect([...build(list).entries(prefix)]).toEqual(expected);
      }),
    );
  });
  it('changes nothing of the tree it came from, and shares it where nothing changes', () => {
    fc.assert(
      fc.property(entries, key, value, (list, k, v) => {
        const tree = build(list);
        const before = [...tree.entries()];
        const root = rootOf(tree);
        const next = tree.insert(k, v);
        tree.delete(k);
        expect([...tree.entries()]).toEqual(before);
        expect(rootOf(tree)).toBe(root);
        expect(rootOf(build(list))).toBe(root);
        expect(next.insert(k, v)).toBe(next);
        const gone = next.delete(k);
        expect(gone.delete(k)).toBe(gone);
      }),
    );
  });
  it('loses a key for which an empty value is put', () => {
    const tree = build([[fromHex('01'), fromHex('ff')]]);
    expect(tree.insert(fromHex('01'), new Uint8Array())).toBe(Mpt.empty);
  });
  it('has another root where any value is another', () => {
    fc.assert(
      fc.property(entries, key, value, value, (list, k, v, w) => {
        fc.pre(!equalBytes(v, w));
        return rootOf(build(list).insert(k, v)) !== rootOf(build(list).insert(k, w));
      }),
    );
  });
});

describe('a proof', () => {
  const some = entries
    .filter((list) => list.length > 0)
    .chain((list) => fc.tuple(fc.constant(list), fc.subarray(list, { minLength: 1 })));

  it('shows the values of its keys, sorted by hash', () => {
    fc.assert(
      fc.property(some, ([list, chosen]) => {
        const tree = build(list);
        const nodes = tree.prove(chosen.map(([k]) => k));
        const lookup = verifyProof(tree.rootHash, nodes);
        for (const [k, v] of chosen) expect(lookup(k)).toEqual(v);
        expect(nodes).toEqual(nodes.toSorted(([a], [b]) => compareBytes(a, b)));
      }),
    );
  });
  it('of all keys shows that any other key is missing', () => {
    fc.assert(
      fc.property(entries, key, (list, other) => {
        fc.pre(list.length > 0 && !list.some(([k]) => equalBytes(k, other)));
        const tree = build(list);
        expect(verifyProof(tree.rootHash, tree.prove(list.map(([k]) => k)))(other)).toBeUndefined();
      }),
    );
  });
  it('with a node left out, or any byte changed, is refused or never shows another value', () => {
    fc.assert(
      fc.property(
        some,
        fc.nat(),
        fc.nat(),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        ([list, chosen], a, b, c, flip) => {
          const tree = build(list);
          const nodes = tree.prove(chosen.map(([k]) => k));
          const at = a % nodes.length;
          const [hash, items] = nodes[at]!;
          const changed = items.map((item) => item.slice());
          const item = changed[b % changed.length]!;
          if (item.length > 0) item[c % item.length]! ^= flip;
          else changed[b % changed.length] = Uint8Array.of(flip);
          const altered = nodes.toSpliced(at, 1, [hash, changed]) as ProofNode[];
          expect(() => verifyProof(tree.rootHash, altered)).toThrow(StateError);
          const lookup = verifyProof(tree.rootHash, nodes.toSpliced(at, 1));
          const refused = chosen.filter(([k, v]) => {
            try {
              expect(lookup(k)).toEqual(v);
              return false;
            } catch (error) {
              expect(error).toBeInstanceOf(StateError);
              return true;
            }
          });
          expect(refused.length).toBeGreaterThan(0);
        },
      ),
    );
  });
});

test('a proof node that is no leaf, extension or branch is refused, not followed', () => {
  const shapes = [[], ['20'], ['40', '01'], ['21', '01'], ['00', '00'.repeat(32)], ['', '01'], ['20', '']];
  const lookup = (shape: string[], key: string) => {
    const items = shape.map(fromHex);
    const root = blake2b256(encodeRlp(items));
    return verifyProof(root, [[root, items]])(fromHex(key));
  };
  for (const shape of shapes) expect(() => lookup(shape, '')).toThrow(StateError);
  for (const child of ['c1c0', '00', 'c0', 'ff', 'c2'])
    expect(() => lookup([...Array(16).fill(child), ''], '00')).toThrow(StateError);
});
