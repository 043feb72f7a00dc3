/**
 * Stores of the contracts that take part in a call: registers read lazily from the contracts tree and kept; maps too
 * large for a register lie beside them and are looked up entry by entry. Immutable, so that a failed protected call
 * goes back to what was.
 */
import { bigintToBytes, bigintToFixedBytes, concatBytes, toHex } from '../bytes.ts';
import type { Mpt } from '../state/mpt.ts';
import { storeKey } from './contract.ts';
import { decode } from './decode.ts';
import { encode } from './encode.ts';
import { Crash } from './failure.ts';
import { emptyMap, entriesOf, type FateMap, mapGet, mapOf, mapPut } from './map.ts';
import type { Tuple, Value } from './value.ts';

/** Of a map in the store: where its entries lie, how many references it has, how many entries. */
export interface MapMeta {
  raw: number;
  references: number;
  size: number;
}
export type Metadata = ReadonlyMap<number, MapMeta>;

export interface ContractStore {
  pubkey: Uint8Array;
  /** by register */
  terms: FateMap;
  /** registers that were written */
  dirty: FateMap;
}
/** By the hexadecimal digits of the contract's key. */
export type Stores = ReadonlyMap<string, ContractStore>;

const metadataRegister = 0n;
const metadataOf = new WeakMap<Uint8Array, Metadata>();

/** Key of a register. */
export const registerKey = (register: bigint): Uint8Array =>
  concatBytes(Uint8Array.of(0), bigintToBytes(register));
/** Key of the node of a map, and prefix of its entries. */
export const rawMapKey = (raw: number): Uint8Array =>
  concatBytes(Uint8Array.of(1), bigintToFixedBytes(BigInt(raw), 4));

/** What a fresh contract's store holds: no maps. */
export const initialMetadata = encode(emptyMap);

export const storeOf = (stores: Stores, pubkey: Uint8Array): ContractStore =>
  stores.get(toHex(pubkey)) ?? { pubkey, terms: emptyMap, dirty: emptyMap };

/** The register, and whether it had to be read from the tree. */
export function readRegister(
  contracts: Mpt,
  store: ContractStore,
  register: bigint,
): { value: Value; store: ContractStore; fresh: boolean } | undefined {
  const known = mapGet(store.terms, register);
  if (known !== undefined) return { value: known, store, fresh: false };
  const bytes = contracts.get(storeKey(store.pubkey, registerKey(register)));
  if (!bytes) return undefined;
  const value = decode(bytes);
  return { value, store: { ...store, terms: mapPut(store.terms, register, value) }, fresh: true };
}

export const writeRegister = (store: ContractStore, register: bigint, value: Value): ContractStore => ({
  ...store,
  terms: mapPut(store.terms, register, value),
  dirty: mapPut(store.dirty, register, true),
});

/** The store's maps. Remembered by the bytes they were read from. */
export function metadata(contracts: Mpt, pubkey: Uint8Array): Metadata {
  const bytes = contracts.get(storeKey(pubkey, registerKey(metadataRegister)));
  if (!bytes) throw new Crash('the store has no map metadata');
  const known = metadataOf.get(bytes);
  if (known) return known;
  const all = new Map<number, MapMeta>();
  for (const [id, meta] of entriesOf(decode(bytes) as FateMap)) {
    const [raw, references, size] = (meta as Tuple).items as [bigint, bigint, bigint];
    all.set(Number(id), { raw: Number(raw), references: Number(references), size: Number(size) });
  }
  metadataOf.set(bytes, all);
  return all;
}

export function mapMeta(all: Metadata, id: number): MapMeta {
  const meta = all.get(id);
  if (!meta) throw new Crash(`the store has no map ${id}`);
  return meta;
}

export function lookup(contracts: Mpt, pubkey: Uint8Array, id: number, key: Value): Value | undefined {
  const { raw } = mapMeta(metadata(contracts, pubkey), id);
  const bytes = contracts.get(storeKey(pubkey, concatBytes(rawMapKey(raw), encode(key))));
  return bytes && decode(bytes);
}

/** Serialized entries of a map, keys relative to it. */
export function* rawEntries(
  contracts: Mpt,
  pubkey: Uint8Array,
  raw: number,
): Generator<[Uint8Array, Uint8Array]> {
  const prefix = storeKey(pubkey, rawMapKey(raw));
  for (const [key, value] of contracts.entries(prefix))
    if (key.length > prefix.length) yield [key.subarray(prefix.length), value];
}

/** A map of the store in one piece. */
export function loadMap(contracts: Mpt, pubkey: Uint8Array, id: number): FateMap {
  const { raw } = mapMeta(metadata(contracts, pubkey), id);
  const entries: [Value, Value][] = [];
  for (const [key, value] of rawEntries(contracts, pubkey, raw)) entries.push([decode(key), decode(value)]);
  return mapOf(entries);
}
