/** FATE values. All are immutable; a list shares its tail, a map its untouched branches. */
import type { FateMap } from './map.ts';
import type { Type } from './types.ts';

/** Bytes that carry meaning by their kind: an address of 32 bytes as a rule, though the encoding allows any length. */
export interface Blob {
  kind:
    | 'string'
    | 'bytes'
    | 'address'
    | 'contract'
    | 'oracle'
    | 'oracle_query'
    | 'channel'
    | 'contract_bytearray';
  bytes: Uint8Array;
}
/** A bit field; negative: infinitely many set bits to the left. */
export interface Bits {
  kind: 'bits';
  value: bigint;
}
export interface Tuple {
  kind: 'tuple';
  items: readonly Value[];
}
export interface Variant {
  kind: 'variant';
  /** number of fields of each constructor */
  arities: readonly number[];
  tag: number;
  items: readonly Value[];
}
export interface Nil {
  kind: 'nil';
  length: 0;
}
export interface Cons {
  kind: 'cons';
  head: Value;
  tail: List;
  length: number;
}
export type List = Nil | Cons;
/** A map that lives in the contract's store, and the changes on top of it that are not written yet. */
export interface StoreMap {
  kind: 'store_map';
  /** values may be `tombstone`: the key is deleted */
  cache: FateMap;
  id: number;
}
export interface TypeRep {
  kind: 'typerep';
  type: Type;
}
/** Marks a deleted key; only in the cache of a store map. */
export interface Tombstone {
  kind: 'tombstone';
}
/** What an empty accumulator holds; no operation takes it. */
export interface Void {
  kind: 'void';
}
export type Value =
  | bigint
  | boolean
  | Blob
  | Bits
  | Tuple
  | Variant
  | List
  | FateMap
  | StoreMap
  | TypeRep
  | Tombstone
  | Void;

export const nil: Nil = { kind: 'nil', length: 0 };
export const tombstone: Tombstone = { kind: 'tombstone' };
export const voidValue: Void = { kind: 'void' };
export const unit: Tuple = { kind: 'tuple', items: [] };
export const none: Variant = { kind: 'variant', arities: [0, 1], tag: 0, items: [] };

export const some = (value: Value): Variant => ({ kind: 'variant', arities: [0, 1], tag: 1, items: [value] });
export const blob = (kind: Blob['kind'], bytes: Uint8Array): Blob => ({ kind, bytes });
export const tuple = (items: readonly Value[]): Tuple => ({ kind: 'tuple', items });
export const cons = (head: Value, tail: List): Cons => ({
  kind: 'cons',
  head,
  tail,
  length: tail.length + 1,
});

export const isBlob = <K extends Blob['kind']>(value: Value, kind: K): value is Blob & { kind: K } =>
  typeof value === 'object' && value.kind === kind;
export const isList = (value: Value): value is List =>
  typeof value === 'object' && (value.kind === 'cons' || value.kind === 'nil');
export const isMap = (value: Value): value is FateMap => typeof value === 'object' && value.kind === 'map';
export const isStoreMap = (value: Value): value is StoreMap =>
  typeof value === 'object' && value.kind === 'store_map';

export function listOf(items: readonly Value[], tail: List = nil): List {
  let list = tail;
  for (let i = items.length - 1; i >= 0; i--) list = cons(items[i]!, list);
  return list;
}

export function* itemsOf(list: List): Generator<Value> {
  for (let rest = list; rest.kind === 'cons'; rest = rest.tail) yield rest.head;
}
