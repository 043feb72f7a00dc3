/** FATE serialization: one form for each value. Iterative, since values may nest as deep as gas allows. */
import { bigintToBytes, concatBytes } from '../bytes.ts';
import { Crash } from './failure.ts';
import { entriesOf } from './map.ts';
import { spendWork } from './meter.ts';
import type { Type } from './types.ts';
import { isMap, isStoreMap, type Value } from './value.ts';

/** First bytes of what follows; two of them share their byte with a length. */
export const tags = {
  longString: 0x01,
  longTuple: 0x0b,
  longList: 0x1f,
  map: 0x2f,
  emptyTuple: 0x3f,
  posBits: 0x4f,
  emptyString: 0x5f,
  posBigInt: 0x6f,
  false: 0x7f,
  contractByteArray: 0x8f,
  object: 0x9f,
  variant: 0xaf,
  mapId: 0xbf,
  negBits: 0xcf,
  negBigInt: 0xef,
  true: 0xff,
} as const;
export const typeTags = {
  integer: 0x07,
  boolean: 0x17,
  list: 0x27,
  tuple: 0x37,
  object: 0x47,
  bits: 0x57,
  map: 0x67,
  string: 0x77,
  variant: 0x87,
  bytes: 0x97,
  contract_bytearray: 0xa7,
  tvar: 0xe7,
  any: 0xf7,
} as const;
/** Kinds of object by their number. */
export const objectKinds = ['address', 'bytes', 'contract', 'oracle', 'oracle_query', 'channel'] as const;

const abs = (value: bigint): bigint => (value < 0n ? -value : value);

/** RLP of a byte string. */
export function rlpBytes(bytes: Uint8Array): Uint8Array {
  if (bytes.length === 1 && bytes[0]! < 0x80) return bytes;
  if (bytes.length < 56) return concatBytes(Uint8Array.of(0x80 + bytes.length), bytes);
  const length = bigintToBytes(BigInt(bytes.length));
  return concatBytes(Uint8Array.of(0xb7 + length.length), length, bytes);
}
const rlpInt = (value: bigint): Uint8Array => rlpBytes(bigintToBytes(value));

function encodeInt(value: bigint): Uint8Array {
  const magnitude = abs(value);
  if (magnitude < 64n) return Uint8Array.of((value < 0n ? 0x80 : 0) | (Number(magnitude) << 1));
  return concatBytes(Uint8Array.of(value < 0n ? tags.negBigInt : tags.posBigInt), rlpInt(magnitude - 64n));
}

function encodeString(bytes: Uint8Array): Uint8Array {
  if (bytes.length === 0) return Uint8Array.of(tags.emptyString);
  if (bytes.length < 64) return concatBytes(Uint8Array.of((bytes.length << 2) | 1), bytes);
  return concatBytes(Uint8Array.of(tags.longString), encodeInt(BigInt(bytes.length - 64)), bytes);
}

/** A key may hold no map, at any depth. */
function checkKey(key: Value): void {
  const left: Value[] = [key];
  while (left.length > 0) {
    spendWork(20);
    const value = left.pop()!;
    if (typeof value !== 'object') continue;
    if (isMap(value) || isStoreMap(value)) throw new Crash('a map is the key of a map');
    if (value.kind === 'tuple' || value.kind === 'variant') left.push(...value.items);
    if (value.kind === 'cons') left.push(value.tail, value.head);
  }
}

/** @throws Crash where the value has no serialization */
export function encode(value: Value): Uint8Array {
  if (typeof value === 'bigint') return encodeInt(value);
  const out = new Output();
  const left: Value[] = [value];
  while (left.length > 0) {
    spendWork(50);
    encodeOne(left.pop()!, out, left);
  }
  return out.bytes();
}

/** Bytes that grow at the end. */
class Output {
  #buffer = new Uint8Array(64);
  #length = 0;
  push(...parts: readonly Uint8Array[]): void {
    for (const part of parts) {
      const length = this.#length + part.length;
      if (length > this.#buffer.length) {
        spendWork(length);
        const larger = new Uint8Array(2 * length);
        larger.set(this.#buffer);
        this.#buffer = larger;
      }
      this.#buffer.set(part, this.#length);
      this.#length = length;
    }
  }
  bytes(): Uint8Array {
    return this.#buffer.slice(0, this.#length);
  }
}

function pushItems(items: readonly Value[], left: Value[]): void {
  for (let i = items.length - 1; i >= 0; i--) left.push(items[i]!);
}

function encodeTuple(items: readonly Value[], out: Output, left: Value[]): void {
  if (items.length === 0) out.push(Uint8Array.of(tags.emptyTuple));
  else if (items.length < 16) out.push(Uint8Array.of((items.length << 4) | 0x0b));
  else out.push(Uint8Array.of(tags.longTuple), rlpInt(BigInt(items.length - 16)));
  pushItems(items, left);
}

/** Writes the value's head and leaves its inner values for later, the first on top. */
function encodeOne(value: Value, out: Output, left: Value[]): void {
  if (typeof value === 'bigint') return out.push(encodeInt(value));
  if (typeof value === 'boolean') return out.push(Uint8Array.of(value ? tags.true : tags.false));
  switch (value.kind) {
    case 'string':
      out.push(encodeString(value.bytes));
      return;
    case 'bytes':
      out.push(Uint8Array.of(tags.object, 1), encodeString(value.bytes));
      return;
    case 'contract_bytearray':
      out.push(Uint8Array.of(tags.contractByteArray), encodeInt(BigInt(value.bytes.length)), value.bytes);
      return;
    case 'bits':
      out.push(Uint8Array.of(value.value < 0n ? tags.negBits : tags.posBits), rlpInt(abs(value.value)));
      return;
    case 'tuple':
      encodeTuple(value.items, out, left);
      return;
    case 'variant': {
      const { arities, tag, items } = value;
      if (arities[tag] !== items.length || arities.some((arity) => arity < 0 || arity > 255))
        throw new Crash('a variant has arities that cannot be written');
      out.push(Uint8Array.of(tags.variant), rlpBytes(Uint8Array.from(arities)), Uint8Array.of(tag));
      encodeTuple(items, out, left);
      return;
    }
    case 'nil':
    case 'cons': {
      const { length } = value;
      if (length < 16) out.push(Uint8Array.of((length << 4) | 0x03));
      else out.push(Uint8Array.of(tags.longList), rlpInt(BigInt(length - 16)));
      const items: Value[] = [];
      for (let rest = value; rest.kind === 'cons'; rest = rest.tail as typeof value) items.push(rest.head);
      pushItems(items, left);
      return;
    }
    case 'map': {
      out.push(Uint8Array.of(tags.map), rlpInt(BigInt(value.size)));
      const items: Value[] = [];
      for (const [key, entry] of entriesOf(value)) {
        checkKey(key);
        items.push(key, entry);
      }
      pushItems(items, left);
      return;
    }
    case 'store_map':
      if (value.cache.size > 0) throw new Crash('a store map has changes that are not written');
      out.push(Uint8Array.of(tags.mapId), rlpInt(BigInt(value.id)));
      return;
    case 'typerep':
      out.push(Uint8Array.from(encodeType(value.type)));
      return;
    case 'tombstone':
    case 'void':
      throw new Crash(`${value.kind} has no serialization`);
    default:
      out.push(Uint8Array.of(tags.object, objectKinds.indexOf(value.kind)), rlpBytes(value.bytes));
  }
}

export function encodeType(type: Type): number[] {
  if (typeof type === 'number') throw new Crash('an inferred type has no serialization');
  switch (type.is) {
    case 'list':
      return [typeTags.list, ...encodeType(type.item)];
    case 'map':
      return [typeTags.map, ...encodeType(type.key), ...encodeType(type.value)];
    case 'tuple':
    case 'variant':
      return [typeTags[type.is], type.items.length, ...type.items.flatMap(encodeType)];
    case 'bytes':
      return [typeTags.bytes, ...encodeInt(type.size ?? -1n)];
    case 'tvar':
      return [typeTags.tvar, type.id];
    case 'address':
    case 'contract':
    case 'oracle':
    case 'oracle_query':
    case 'channel':
      return [typeTags.object, objectKinds.indexOf(type.is)];
    default:
      return [typeTags[type.is]];
  }
}
