/** Maps inside values and their places in the store: who refers to which, which become store maps, and back. */
import { encode } from './encode.ts';
import { emptyMap, entriesOf, type FateMap, mapDelete, mapOf, mapPut } from './map.ts';
import { compareTerms } from './order.ts';
import { run, type Step } from './recursion.ts';
import { itemsOf, listOf, type StoreMap, tuple, type Value } from './value.ts';

/** A map whose serialization has this many bytes moves out of its register (consensus). */
const threshold = 100;

/** References to store maps by their id. */
export type References = Map<number, number>;

/** Adds the references in the value, `times` each. */
export function countReferences(value: Value, counts: References, times = 1): References {
  const left: Value[] = [value];
  while (left.length > 0) {
    const next = left.pop()!;
    if (typeof next !== 'object') continue;
    switch (next.kind) {
      case 'tuple':
      case 'variant':
        for (const item of next.items) left.push(item);
        break;
      case 'cons':
        left.push(next.tail, next.head);
        break;
      case 'map':
        for (const [, item] of entriesOf(next)) left.push(item);
        break;
      case 'store_map':
        counts.set(next.id, (counts.get(next.id) ?? 0) + times);
        left.push(next.cache);
        break;
    }
  }
  return counts;
}

export function hasStoreMaps(value: Value): boolean {
  if (typeof value !== 'object') return false;
  const left: Value[] = [value];
  while (left.length > 0) {
    const next = left.pop()!;
    if (typeof next !== 'object') continue;
    if (next.kind === 'store_map') return true;
    if (next.kind === 'tuple' || next.kind === 'variant') for (const item of next.items) left.push(item);
    else if (next.kind === 'cons') left.push(next.tail, next.head);
    else if (next.kind === 'map') for (const [, item] of entriesOf(next)) left.push(item);
  }
  return false;
}

function hasMaps(value: Value): boolean {
  const left: Value[] = [value];
  while (left.length > 0) {
    const next = left.pop()!;
    if (typeof next !== 'object') continue;
    if (next.kind === 'store_map' || next.kind === 'map') return true;
    if (next.kind === 'tuple' || next.kind === 'variant') for (const item of next.items) left.push(item);
    else if (next.kind === 'cons') left.push(next.tail, next.head);
  }
  return false;
}

/** The value with every store map loaded. */
export const unfoldStoreMaps = (value: Value, load: (id: number) => FateMap): Value =>
  hasStoreMaps(value) ? run(unfold(value, load)) : value;

function* unfold(value: Value, load: (id: number) => FateMap): Step<Value> {
  if (typeof value !== 'object') return value;
  switch (value.kind) {
    case 'tuple':
      return value.items.length === 0 ? value : tuple((yield unfoldAll(value.items, load)) as Value[]);
    case 'variant':
      return { ...value, items: (yield unfoldAll(value.items, load)) as Value[] };
    case 'cons':
      return listOf((yield unfoldAll([...itemsOf(value)], load)) as Value[]);
    case 'map': {
      const entries: [Value, Value][] = [];
      for (const [key, item] of entriesOf(value)) entries.push([key, (yield unfold(item, load)) as Value]);
      return mapOf(entries);
    }
    case 'store_map': {
      let map = (yield unfold(load(value.id), load)) as FateMap;
      for (const [key, item] of entriesOf(value.cache))
        map = isTombstone(item) ? mapDelete(map, key) : mapPut(map, key, item);
      return map;
    }
    default:
      return value;
  }
}

function* unfoldAll(items: readonly Value[], load: (id: number) => FateMap): Step<Value[]> {
  const all: Value[] = [];
  for (const item of items) all.push(typeof item === 'object' ? ((yield unfold(item, load)) as Value) : item);
  return all;
}

export const isTombstone = (value: Value): boolean => typeof value === 'object' && value.kind === 'tombstone';

/** Maps that get a place in the store, by their new id: whole ones, and changed ones on top of an old id. */
export type NewMaps = Map<number, FateMap | StoreMap>;

/** Hands out the lowest ids that are free. */
class Ids {
  readonly #used: Set<number>;
  #next = 0;
  constructor(used: Iterable<number>) {
    this.#used = new Set(used);
  }
  take(): number {
    while (this.#used.has(this.#next)) this.#next++;
    this.#used.add(this.#next);
    return this.#next;
  }
}

/** The values with large and changed maps replaced by store maps, in order. */
export function allocateStoreMaps(
  used: Iterable<number>,
  values: readonly Value[],
): { values: Value[]; maps: NewMaps } {
  const ids = new Ids(used);
  const maps: NewMaps = new Map();
  const allocated = values.map((value) => (hasMaps(value) ? run(allocate(value, ids, maps)) : value));
  return { values: allocated, maps };
}

function* allocate(value: Value, ids: Ids, maps: NewMaps): Step<Value> {
  if (typeof value !== 'object') return value;
  switch (value.kind) {
    case 'tuple':
      return value.items.length === 0 ? value : tuple((yield allocateAll(value.items, ids, maps)) as Value[]);
    case 'variant':
      return { ...value, items: (yield allocateAll(value.items, ids, maps)) as Value[] };
    case 'cons':
      return listOf((yield allocateAll([...itemsOf(value)], ids, maps)) as Value[]);
    case 'map': {
      const map = (yield allocateEntries(value, ids, maps)) as FateMap;
      if (encode(map).length < threshold) return map;
      const id = ids.take();
      maps.set(id, map);
      return { kind: 'store_map', cache: emptyMap, id };
    }
    case 'store_map': {
      if (value.cache.size === 0) return value;
      const id = ids.take();
      const cache = (yield allocateEntries(value.cache, ids, maps)) as FateMap;
      maps.set(id, { kind: 'store_map', cache, id: value.id });
      return { kind: 'store_map', cache: emptyMap, id };
    }
    default:
      return value;
  }
}

function* allocateAll(items: readonly Value[], ids: Ids, maps: NewMaps): Step<Value[]> {
  const all: Value[] = [];
  for (const item of items)
    all.push(typeof item === 'object' ? ((yield allocate(item, ids, maps)) as Value) : item);
  return all;
}

/** The chain goes through the entries in the order of Erlang terms, which decides on the ids. */
function* allocateEntries(map: FateMap, ids: Ids, maps: NewMaps): Step<FateMap> {
  if (![...entriesOf(map)].some(([key, item]) => hasMaps(item) || hasMaps(key))) return map;
  const entries: [Value, Value][] = [];
  for (const [key, item] of [...entriesOf(map)].sort(([a], [b]) => compareTerms(a, b)))
    entries.push([(yield allocate(key, ids, maps)) as Value, (yield allocate(item, ids, maps)) as Value]);
  return mapOf(entries);
}
