/**
 * Writes the changed registers and maps of the stores back to the contracts tree at the end of a call. Maps are shared
 * by reference counts: one that nobody refers to any more is changed in place or removed.
 */
import { concatBytes, toHex } from '../bytes.ts';
import type { Mpt } from '../state/mpt.ts';
import { storeKey } from './contract.ts';
import { decode } from './decode.ts';
import { encode } from './encode.ts';
import { entriesOf, type FateMap, mapGet, mapOf } from './map.ts';
import {
  type ContractStore,
  type MapMeta,
  type Metadata,
  mapMeta,
  metadata,
  rawEntries,
  rawMapKey,
  registerKey,
  type Stores,
} from './store.ts';
import {
  allocateStoreMaps,
  countReferences,
  isTombstone,
  type NewMaps,
  type References,
} from './store-maps.ts';
import { isStoreMap, tuple, type Value } from './value.ts';

/** Gas for each byte written. */
const storeByteGas = 5;
/** The rules for reuse are applied until nothing changes, at most this often. */
const maxRounds = 100;

/** Values that were written, for which gas is due before they are serialized. */
export function dirtyValues(stores: Stores): Value[] {
  const values: Value[] = [];
  for (const { terms, dirty } of stores.values())
    for (const [register] of entriesOf(dirty)) values.push(mapGet(terms, register)!);
  return values;
}

/** @returns the tree and the gas it took; undefined where that is more than `gas` */
export function finalizeStores(
  contracts: Mpt,
  stores: Stores,
  gas: number,
): { contracts: Mpt; gas: number } | undefined {
  let tree = contracts;
  let spent = 0;
  for (const store of stores.values()) {
    if (store.dirty.size === 0) continue;
    const written = new Writer(tree, store.pubkey, gas - spent);
    if (!finalizeStore(written, store)) return undefined;
    tree = written.tree;
    spent += written.spent;
  }
  return { contracts: tree, gas: spent };
}

/** The tree under change, and what the changes cost. */
class Writer {
  tree: Mpt;
  readonly pubkey: Uint8Array;
  readonly #most: number;
  spent = 0;
  constructor(tree: Mpt, pubkey: Uint8Array, most: number) {
    this.tree = tree;
    this.pubkey = pubkey;
    this.#most = most;
  }
  get(key: Uint8Array): Uint8Array | undefined {
    return this.tree.get(storeKey(this.pubkey, key));
  }
  put(key: Uint8Array, value: Uint8Array): void {
    this.tree = this.tree.insert(storeKey(this.pubkey, key), value);
  }
  remove(key: Uint8Array): void {
    this.tree = this.tree.delete(storeKey(this.pubkey, key));
  }
  /** @returns whether the gas suffices */
  pay(bytes: number): boolean {
    this.spent += bytes * storeByteGas;
    return this.spent <= this.#most;
  }
  entries(raw: number): [Uint8Array, Uint8Array][] {
    return [...rawEntries(this.tree, this.pubkey, raw)];
  }
}

/** Metadata under change; a map that is not written yet has no place and size. */
type Meta = Map<number, MapMeta>;

function finalizeStore(writer: Writer, store: ContractStore): boolean {
  const old = metadata(writer.tree, store.pubkey);
  const registers = [...entriesOf(store.dirty)].map(([register]) => register as bigint);
  const used = [...old].flatMap(([id, { raw }]) => [id, raw]);
  const { values, maps } = allocateStoreMaps(
    used,
    registers.map((register) => mapGet(store.terms, register)!),
  );

  const counted = withReferences(old, newReferences(writer, registers, values, maps));
  const { unused, reuse, meta: shared } = findReuse(writer, maps, counted);
  const { garbage, meta } = collectGarbage(writer, unused, reuse, shared);

  for (const [i, register] of registers.entries())
    if (!writer.pay(writeTerm(writer, register, values[i]!))) return false;
  const changed = [...maps].sort(([a], [b]) => a - b);
  const inPlace = ([id, map]: [number, FateMap | StoreMapOf]) => isStoreMap(map) && reuse.get(map.id) === id;
  // copies first: an update in place destroys what it changes
  for (const [id, map] of changed)
    if (!inPlace([id, map]) && !writer.pay(copyMap(writer, old, meta, id, map))) return false;
  for (const [id, map] of changed)
    if (inPlace([id, map]) && !writer.pay(updateMap(writer, meta, id, map as StoreMapOf))) return false;
  for (const raw of garbage) removeMap(writer, raw);
  return writer.pay(writeTerm(writer, 0n, metadataValue(meta)));
}

type StoreMapOf = Extract<Value, { kind: 'store_map' }>;

function writeTerm(writer: Writer, register: bigint, value: Value): number {
  const [key, bytes] = [registerKey(register), encode(value)];
  writer.put(key, bytes);
  return key.length + bytes.length;
}

const metadataValue = (meta: Metadata): Value =>
  mapOf(
    [...meta].map(([id, { raw, references, size }]) => [
      BigInt(id),
      tuple([BigInt(raw), BigInt(references), BigInt(size)]),
    ]),
  );

function withReferences(meta: Metadata, counts: References): Meta {
  const next: Meta = new Map(meta);
  for (const [id, count] of counts) {
    const known = next.get(id);
    next.set(
      id,
      known ? { ...known, references: known.references + count } : { raw: -1, references: count, size: -1 },
    );
  }
  return next;
}

/** References that the new registers and maps add, less those of the registers they replace. */
function newReferences(
  writer: Writer,
  registers: readonly bigint[],
  values: readonly Value[],
  maps: NewMaps,
): References {
  const counts: References = new Map();
  for (const [i, register] of registers.entries()) {
    countReferences(values[i]!, counts);
    const before = writer.get(registerKey(register));
    if (before) countReferences(decode(before), counts, -1);
  }
  for (const map of maps.values()) countReferences(isStoreMap(map) ? map.cache : map, counts);
  return counts;
}

const unusedMaps = (meta: Metadata): Set<number> =>
  new Set([...meta].filter(([, { references }]) => references === 0).map(([id]) => id));

/** Unused maps that live on as a changed one: by the old id, the new one. */
function inPlaceUpdates(unused: ReadonlySet<number>, maps: NewMaps): Map<number, number> {
  const reuse = new Map<number, number>();
  for (const [id, map] of [...maps].sort(([a], [b]) => a - b))
    if (isStoreMap(map) && unused.has(map.id)) reuse.set(map.id, id);
  return reuse;
}

interface Reuse {
  unused: Set<number>;
  reuse: Map<number, number>;
  meta: Meta;
}

/**
 * Which maps are changed in place. That drops references of the entries they lose, copying adds some, and either may
 * free or bind other maps, so it is repeated until it holds. First without looking into maps that would be copied: where
 * none is, that was exact.
 */
function findReuse(writer: Writer, maps: NewMaps, meta: Meta): Reuse {
  const changed = [...maps.values()].filter(isStoreMap).length;
  const quick = reuseRounds(writer, maps, meta, false);
  if (quick.reuse.size === changed) return quick;
  return reuseRounds(writer, maps, meta, true);
}

function reuseRounds(writer: Writer, maps: NewMaps, meta: Meta, withCopies: boolean): Reuse {
  let unused = unusedMaps(meta);
  for (let round = 0; ; round++) {
    const reuse = inPlaceUpdates(unused, maps);
    const next = withReferences(meta, changeReferences(writer, maps, meta, reuse, withCopies));
    const now = unusedMaps(next);
    const same = now.size === unused.size && [...now].every((id) => unused.has(id));
    if (same || round >= maxRounds) return { unused: now, reuse, meta: next };
    unused = now;
  }
}

function changeReferences(
  writer: Writer,
  maps: NewMaps,
  meta: Meta,
  reuse: ReadonlyMap<number, number>,
  withCopies: boolean,
): References {
  const counts: References = new Map();
  for (const [id, map] of maps) {
    if (!isStoreMap(map)) continue;
    const { raw } = mapMeta(meta, map.id);
    if (reuse.get(map.id) === id) {
      for (const [key] of entriesOf(map.cache)) {
        const before = writer.get(concatBytes(rawMapKey(raw), encode(key)));
        if (before) countReferences(decode(before), counts, -1);
      }
    } else if (withCopies) {
      const replaced = new Set([...entriesOf(map.cache)].map(([key]) => keyText(encode(key))));
      for (const [key, value] of writer.entries(raw))
        if (!replaced.has(keyText(key))) countReferences(decode(value), counts);
    }
  }
  return counts;
}

const keyText = toHex;

function collectGarbage(
  writer: Writer,
  unused: ReadonlySet<number>,
  reuse: ReadonlyMap<number, number>,
  meta: Meta,
): { garbage: number[]; meta: Meta } {
  const garbage: number[] = [];
  let [left, now] = [unused, meta];
  for (;;) {
    const ids = [...left].filter((id) => !reuse.has(id));
    if (ids.length === 0) return { garbage, meta: now };
    const counts: References = new Map();
    for (const id of ids) {
      const { raw } = mapMeta(now, id);
      garbage.push(raw);
      for (const [, value] of writer.entries(raw)) countReferences(decode(value), counts, -1);
    }
    now = withReferences(now, counts);
    for (const id of ids) now.delete(id);
    left = unusedMaps(now);
  }
}

/** Bytes of the entries that are written. */
function writeEntries(
  writer: Writer,
  raw: number,
  entries: Iterable<readonly [Uint8Array, Uint8Array | undefined]>,
): number {
  const prefix = rawMapKey(raw);
  let bytes = 0;
  for (const [key, value] of entries) {
    const full = concatBytes(prefix, key);
    if (value === undefined) writer.remove(full);
    else {
      writer.put(full, value);
      bytes += key.length + value.length;
    }
  }
  return bytes;
}

/** Serialized entries; a deleted key has no value. */
const serialized = (map: FateMap): [Uint8Array, Uint8Array | undefined][] =>
  [...entriesOf(map)].map(([key, value]) => [encode(key), isTombstone(value) ? undefined : encode(value)]);

function copyMap(writer: Writer, old: Metadata, meta: Meta, id: number, map: FateMap | StoreMapOf): number {
  const { references } = mapMeta(meta, id);
  const changes = serialized(isStoreMap(map) ? map.cache : map);
  let bytes: number;
  let size = changes.length;
  if (isStoreMap(map)) {
    const from = mapMeta(old, map.id);
    const entries = writer.entries(from.raw);
    const known = new Set(entries.map(([key]) => keyText(key)));
    size = from.size + sizeChange(changes, (key) => known.has(keyText(key)));
    bytes = writeEntries(writer, id, [...entries, ...changes]);
  } else bytes = writeEntries(writer, id, changes);
  writer.put(rawMapKey(id), Uint8Array.of(0));
  meta.set(id, { raw: id, references, size });
  return bytes;
}

function updateMap(writer: Writer, meta: Meta, id: number, map: StoreMapOf): number {
  const { references } = mapMeta(meta, id);
  const { raw, size: oldSize } = mapMeta(meta, map.id);
  const changes = serialized(map.cache);
  const prefix = rawMapKey(raw);
  const size = oldSize + sizeChange(changes, (key) => writer.get(concatBytes(prefix, key)) !== undefined);
  const bytes = writeEntries(writer, raw, changes);
  meta.delete(map.id);
  meta.set(id, { raw, references, size });
  return bytes;
}

function sizeChange(
  changes: readonly (readonly [Uint8Array, Uint8Array | undefined])[],
  has: (key: Uint8Array) => boolean,
): number {
  let change = 0;
  for (const [key, value] of changes) {
    if (value === undefined) change -= has(key) ? 1 : 0;
    else change += has(key) ? 0 : 1;
  }
  return change;
}

function removeMap(writer: Writer, raw: number): void {
  const prefix = rawMapKey(raw);
  for (const [key] of writer.entries(raw)) writer.remove(concatBytes(prefix, key));
  writer.remove(prefix);
}
