/** Reads FATE serialization. Iterative, since calldata may nest as deep as it is long. */
import { bytesToBigint } from '../bytes.ts';
import { objectKinds, tags, typeTags } from './encode.ts';
import { emptyMap, mapOf } from './map.ts';
import { compareValues } from './order.ts';
import { type SimpleName, simple, type Type } from './types.ts';
import { blob, isMap, isStoreMap, listOf, tuple, unit, type Value } from './value.ts';

/** Bytes are no FATE serialization. */
export class DecodeError extends Error {
  override name = 'DecodeError';
}

/** Types nest no deeper, so that their checks may recurse. The chain knows no such limit; no compiler comes near. */
const maxTypeDepth = 500;

/** A position in bytes. */
export class Reader {
  readonly bytes: Uint8Array;
  at: number;
  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }
  get done(): boolean {
    return this.at >= this.bytes.length;
  }
  byte(): number {
    if (this.done) throw new DecodeError('the bytes end early');
    return this.bytes[this.at++]!;
  }
  take(length: number): Uint8Array {
    if (length > this.bytes.length - this.at) throw new DecodeError('the bytes end early');
    this.at += length;
    return this.bytes.slice(this.at - length, this.at);
  }
}

/** One RLP byte string; like the chain's reader lenient about a form that is not the shortest. */
export function readRlpBytes(reader: Reader): Uint8Array {
  const first = reader.byte();
  if (first < 0x80) return Uint8Array.of(first);
  if (first >= 0xc0) throw new DecodeError('a list where bytes are wanted');
  if (first <= 0xb7) return reader.take(first - 0x80);
  const length = reader.take(first - 0xb7);
  if (length[0] === 0) throw new DecodeError('a length begins with a zero byte');
  const size = bytesToBigint(length);
  if (size > BigInt(reader.bytes.length)) throw new DecodeError('the bytes end early');
  return reader.take(Number(size));
}

/** An unsigned integer in its only form. */
function readRlpInt(reader: Reader): bigint {
  const start = reader.at;
  const bytes = readRlpBytes(reader);
  const shortest =
    bytes.length > 0 && (bytes.length === 1 || bytes[0] !== 0) && reader.at - start === rlpLength(bytes);
  if (!shortest) throw new DecodeError('an integer is not in its shortest form');
  return bytesToBigint(bytes);
}

function rlpLength(bytes: Uint8Array): number {
  if (bytes.length === 1 && bytes[0]! < 0x80) return 1;
  if (bytes.length < 56) return 1 + bytes.length;
  let size = bytes.length;
  let header = 1;
  for (; size > 0; size = Math.floor(size / 256)) header++;
  return header + bytes.length;
}

/** A value under construction whose inner values are being read. */
interface Frame {
  items: Value[];
  wanted: number;
  make(items: Value[]): Value;
}

/** Reads one value that fills the bytes. @throws DecodeError */
export function decode(bytes: Uint8Array): Value {
  const reader = new Reader(bytes);
  const value = readValue(reader);
  if (!reader.done) throw new DecodeError('bytes follow the value');
  return value;
}

/** @throws DecodeError */
export function readValue(reader: Reader): Value {
  const frames: Frame[] = [];
  for (;;) {
    let next = readHead(reader);
    for (;;) {
      if (isFrame(next)) {
        if (next.wanted > 0) {
          frames.push(next);
          break;
        }
        next = next.make(next.items);
        continue;
      }
      const frame = frames.at(-1);
      if (!frame) return next;
      frame.items.push(next);
      if (frame.items.length < frame.wanted) break;
      frames.pop();
      next = frame.make(frame.items);
    }
  }
}

const isFrame = (next: Value | Frame): next is Frame => typeof next === 'object' && 'wanted' in next;

function frameOf(wanted: bigint | number, reader: Reader, make: Frame['make']): Frame {
  if (BigInt(wanted) > BigInt(reader.bytes.length)) throw new DecodeError('the bytes end early');
  return { items: [], wanted: Number(wanted), make };
}

/** The value, or what is to be read for it. */
function readHead(reader: Reader): Value | Frame {
  const first = reader.byte();
  if ((first & 1) === 0) {
    const magnitude = BigInt((first >> 1) & 63);
    if (first < 128) return magnitude;
    if (magnitude === 0n) throw new DecodeError('zero has no sign');
    return -magnitude;
  }
  switch (first) {
    case tags.true:
      return true;
    case tags.false:
      return false;
    case tags.emptyTuple:
      return unit;
    case tags.emptyString:
      return blob('string', new Uint8Array());
    case tags.posBigInt:
      return readRlpInt(reader) + 64n;
    case tags.negBigInt:
      return -readRlpInt(reader) - 64n;
    case tags.posBits:
      return { kind: 'bits', value: readRlpInt(reader) };
    case tags.negBits: {
      const value = readRlpInt(reader);
      if (value === 0n) throw new DecodeError('zero has no sign');
      return { kind: 'bits', value: -value };
    }
    case tags.longString:
      return blob('string', reader.take(readSize(reader) + 64));
    case tags.contractByteArray:
      return blob('contract_bytearray', reader.take(readSize(reader)));
    case tags.object:
      return readObject(reader);
    case tags.longTuple:
      return frameOf(readRlpInt(reader) + 16n, reader, tuple);
    case tags.longList:
      return frameOf(readRlpInt(reader) + 16n, reader, (items) => listOf(items));
    case tags.map:
      return frameOf(2n * readRlpInt(reader), reader, makeMap);
    case tags.mapId:
      return { kind: 'store_map', cache: emptyMap, id: Number(readRlpInt(reader)) };
    case tags.variant:
      return readVariant(reader);
  }
  if ((first & 3) === 1) return blob('string', reader.take(first >> 2));
  if ((first & 15) === 0x0b) return frameOf(first >> 4, reader, tuple);
  if ((first & 15) === 0x03) return frameOf(first >> 4, reader, (items) => listOf(items));
  if ((first & 15) === 0x07) {
    reader.at--;
    return { kind: 'typerep', type: readType(reader) };
  }
  throw new DecodeError(`no value begins with byte ${first}`);
}

/** A length, written as an integer. */
function readSize(reader: Reader): number {
  const size = readHead(reader);
  if (typeof size !== 'bigint' || size < 0n || size > BigInt(reader.bytes.length))
    throw new DecodeError('a length is no number of the bytes that follow');
  return Number(size);
}

function readObject(reader: Reader): Value {
  const kind = objectKinds[reader.byte()];
  if (!kind) throw new DecodeError('an object of unknown kind');
  if (kind !== 'bytes') return blob(kind, readRlpBytes(reader));
  const content = readHead(reader);
  if (typeof content !== 'object' || !('kind' in content) || content.kind !== 'string')
    throw new DecodeError('bytes are written as a string');
  return blob('bytes', content.bytes);
}

function readVariant(reader: Reader): Frame {
  const arities = [...readRlpBytes(reader)];
  const tag = reader.byte();
  return frameOf(1, reader, ([values]) => {
    const isTuple = typeof values === 'object' && values.kind === 'tuple';
    if (!isTuple || values.items.length !== arities[tag])
      throw new DecodeError('a variant has not the fields of its constructor');
    return { kind: 'variant', arities, tag, items: values.items };
  });
}

function makeMap(items: Value[]): Value {
  const entries: [Value, Value][] = [];
  for (let i = 0; i < items.length; i += 2) {
    const key = items[i]!;
    if (holdsMap(key)) throw new DecodeError('a map is the key of a map');
    if (i > 0) {
      let order: number;
      try {
        order = compareValues(items[i - 2]!, key);
      } catch {
        throw new DecodeError('a key has no order');
      }
      if (order >= 0) throw new DecodeError('the keys of a map are not in order');
    }
    entries.push([key, items[i + 1]!]);
  }
  return mapOf(entries);
}

function holdsMap(key: Value): boolean {
  const left: Value[] = [key];
  while (left.length > 0) {
    const value = left.pop()!;
    if (typeof value !== 'object') continue;
    if (isMap(value) || isStoreMap(value)) return true;
    if (value.kind === 'tuple' || value.kind === 'variant') left.push(...value.items);
    if (value.kind === 'cons') left.push(value.tail, value.head);
  }
  return false;
}

const simpleByTag = new Map<number, SimpleName>(
  (['integer', 'boolean', 'bits', 'string', 'contract_bytearray', 'any'] as const).map((name) => [
    typeTags[name],
    name,
  ]),
);

/** @throws DecodeError */
export function readType(reader: Reader, depth = 0): Type {
  if (depth > maxTypeDepth) throw new DecodeError(`types nest deeper than ${maxTypeDepth}`);
  const tag = reader.byte();
  const name = simpleByTag.get(tag);
  if (name) return simple(name);
  switch (tag) {
    case typeTags.tvar:
      return { is: 'tvar', id: reader.byte() };
    case typeTags.list:
      return { is: 'list', item: readType(reader, depth + 1) };
    case typeTags.map: {
      const key = readType(reader, depth + 1);
      return { is: 'map', key, value: readType(reader, depth + 1) };
    }
    case typeTags.tuple:
    case typeTags.variant: {
      const items: Type[] = [];
      for (let left = reader.byte(); left > 0; left--) items.push(readType(reader, depth + 1));
      return { is: tag === typeTags.tuple ? 'tuple' : 'variant', items };
    }
    case typeTags.bytes: {
      const size = readHead(reader);
      if (typeof size !== 'bigint' || size < -1n) throw new DecodeError('bytes have no such length');
      return { is: 'bytes', size: size === -1n ? undefined : size };
    }
    case typeTags.object: {
      const kind = objectKinds[reader.byte()];
      if (!kind || kind === 'bytes') throw new DecodeError('a type of unknown kind');
      return simple(kind);
    }
  }
  throw new DecodeError(`no type begins with byte ${tag}`);
}
