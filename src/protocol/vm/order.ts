/**
 * Two orders of values: FATE's own (keys of maps, LT and the like) and that of the Erlang terms by which the chain's
 * node holds them, which shows in lists of compound values and in error texts. Iterative, for values may nest as deep
 * as gas allows.
 */
import { compareBytes } from '../bytes.ts';
import { Crash } from './failure.ts';
import { entriesOf, type FateMap } from './map.ts';
import { spendWork } from './meter.ts';
import { type TermView, viewOf } from './term.ts';
import type { Value } from './value.ts';

const ordinals: Record<string, number> = {
  address: 2,
  channel: 3,
  contract: 4,
  oracle: 5,
  bytes: 6,
  bits: 7,
  string: 8,
  tuple: 9,
  map: 10,
  nil: 11,
  cons: 11,
  variant: 12,
  oracle_query: 13,
  contract_bytearray: 14,
};

function ordinal(value: Value): number {
  if (typeof value === 'bigint') return 0;
  if (typeof value === 'boolean') return 1;
  const found = ordinals[value.kind];
  if (found === undefined) throw new Crash(`a ${value.kind} has no order`);
  return found;
}

const sign = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);

/** Shorter before longer, then by bytes: the order of strings and bytes. */
const compareSized = (a: Uint8Array, b: Uint8Array): number => a.length - b.length || compareBytes(a, b);

/** What is left to compare, the next on top. */
type Pending = { a: Value; b: Value };

/** FATE's total order: negative where a comes first, 0 where they are the same value. */
export function compareValues(a: Value, b: Value): number {
  if (typeof a === 'bigint' && typeof b === 'bigint') return sign(a, b);
  if (a === b && typeof a !== 'object') return 0;
  const pending: Pending[] = [{ a, b }];
  while (pending.length > 0) {
    spendWork(40);
    const next = pending.pop()!;
    const order = compareShallow(next.a, next.b, pending);
    if (order !== 0) return order;
  }
  return 0;
}

function compareShallow(a: Value, b: Value, pending: Pending[]): number {
  const kinds = ordinal(a) - ordinal(b);
  if (kinds !== 0) return kinds;
  if (a === b) return 0;
  if (typeof a !== 'object' || typeof b !== 'object') {
    if (typeof a === 'bigint') return sign(a, b as bigint);
    return Number(a) - Number(b);
  }
  switch (a.kind) {
    case 'bits': {
      const [x, y] = [a.value, (b as typeof a).value];
      // an infinite set is above every finite one
      if (x < 0n !== y < 0n) return x < 0n ? 1 : -1;
      return sign(x, y);
    }
    case 'string':
    case 'bytes':
    case 'contract_bytearray':
      return compareSized(a.bytes, (b as typeof a).bytes);
    case 'tuple':
      return compareItems(a.items, (b as typeof a).items, pending);
    case 'variant': {
      const other = b as typeof a;
      const arities = a.arities.length - other.arities.length || compareNumbers(a.arities, other.arities);
      return arities || a.tag - other.tag || compareItems(a.items, other.items, pending);
    }
    case 'map':
      return compareMaps(a, b as FateMap, pending);
    case 'nil':
    case 'cons': {
      const other = b as typeof a;
      if (a.kind === 'nil' || other.kind === 'nil') return a.length - other.length;
      const heads = ordinal(a.head) - ordinal(other.head);
      if (heads !== 0) return heads;
      // the chain compares heads of one kind as Erlang terms
      const order = compareTerms(a.head, other.head);
      if (order !== 0) return order;
      pending.push({ a: a.tail, b: other.tail });
      return 0;
    }
    default:
      return compareBytes((a as { bytes: Uint8Array }).bytes, (b as { bytes: Uint8Array }).bytes);
  }
}

function compareNumbers(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return 0;
}

function compareItems(a: readonly Value[], b: readonly Value[], pending: Pending[]): number {
  if (a.length !== b.length) return a.length - b.length;
  for (let i = a.length - 1; i >= 0; i--) pending.push({ a: a[i]!, b: b[i]! });
  return 0;
}

function compareMaps(a: FateMap, b: FateMap, pending: Pending[]): number {
  if (a.size !== b.size) return a.size - b.size;
  const pairs: Pending[] = [];
  const others = entriesOf(b);
  for (const [key, value] of entriesOf(a)) {
    const [otherKey, otherValue] = others.next().value as [Value, Value];
    pairs.push({ a: key, b: otherKey }, { a: value, b: otherValue });
  }
  for (let i = pairs.length - 1; i >= 0; i--) pending.push(pairs[i]!);
  return 0;
}

/** number < atom < tuple < map < empty list < list < binary */
const termRanks: Record<TermView['is'], number> = { int: 0, atom: 1, tuple: 2, map: 3, list: 4, bin: 5 };

/** The order of Erlang terms. */
export function compareTerms(a: Value, b: Value): number {
  const pending: { a: TermView; b: TermView }[] = [{ a: viewOf(a), b: viewOf(b) }];
  while (pending.length > 0) {
    spendWork(100);
    const { a: x, b: y } = pending.pop()!;
    if (x === y) continue;
    if (x.is !== y.is) return termRanks[x.is] - termRanks[y.is];
    if (x.is === 'int') {
      const order = sign(x.value, (y as typeof x).value);
      if (order !== 0) return order;
    } else if (x.is === 'atom') {
      const other = (y as typeof x).name;
      if (x.name !== other) return x.name < other ? -1 : 1;
    } else if (x.is === 'bin') {
      const order = compareBytes(x.bytes, (y as typeof x).bytes);
      if (order !== 0) return order;
    } else if (x.is === 'tuple') {
      const other = (y as typeof x).items;
      if (x.items.length !== other.length) return x.items.length - other.length;
      for (let i = other.length - 1; i >= 0; i--) pending.push({ a: x.items[i]!(), b: other[i]!() });
    } else if (x.is === 'list') {
      const [first, second] = [x.next(), (y as typeof x).next()];
      if (!first || !second) {
        if (first || second) return first ? 1 : -1;
        continue;
      }
      pending.push({ a: first.tail, b: second.tail }, { a: first.head(), b: second.head() });
    } else if (x.is === 'map') {
      const other = y as typeof x;
      if (x.size !== other.size) return x.size - other.size;
      const [mine, theirs] = [x.entries(), other.entries()];
      for (let i = mine.length - 1; i >= 0; i--) pending.push({ a: mine[i]![1](), b: theirs[i]![1]() });
      for (let i = mine.length - 1; i >= 0; i--) pending.push({ a: mine[i]![0](), b: theirs[i]![0]() });
    }
  }
  return 0;
}
