/**
 * The chain's objects: an RLP list of tag, version, then fields in fixed order. A layout names the fields once;
 * types, writer and strict reader all come from it.
 */
import { bigintToBytes, bytesToBigint, toHex } from '../bytes.ts';
import { decodeRlp, encodeRlp, type Item, RlpError } from './rlp.ts';

/** Writes and reads one field. Both throw FieldError with what is wrong; the name is put before it by the caller. */
export interface Field<T> {
  write(value: T): Item;
  read(item: Item): T;
}

class FieldError extends Error {}

/** Name of a tag, its version and its fields in the order of the serialization. */
export interface Layout {
  tag: number;
  version: number;
  // biome-ignore lint/suspicious/noExplicitAny: a table holds fields of every type
  fields: Record<string, Field<any>>;
}

/** The object that a layout describes. */
export type Fields<L extends Layout> = {
  -readonly [K in keyof L['fields']]: L['fields'][K] extends Field<infer T> ? T : never;
};

/** Objects of a table of layouts, told apart by `type`, the key in the table. */
export type ObjectOf<Table extends Record<string, Layout>> = {
  [K in keyof Table & string]: { type: K } & Fields<Table[K]>;
}[keyof Table & string];

/** No amount, nonce or height comes near 2^256; longer ones only cost time. */
const maxIntBytes = 32;

function bytesOf(item: Item): Uint8Array {
  if (!(item instanceof Uint8Array)) throw new FieldError('is a list, not bytes');
  return item;
}

function listOf(item: Item): Item[] {
  if (item instanceof Uint8Array) throw new FieldError('is bytes, not a list');
  return item;
}

/** Unsigned integer below 2^256 in its shortest form. */
export const int: Field<bigint> = {
  write(value) {
    if (typeof value !== 'bigint') throw new FieldError(`is ${typeof value}, not bigint`);
    if (value < 0n) throw new FieldError(`is ${value}: give 0 or more`);
    const bytes = bigintToBytes(value);
    if (bytes.length > maxIntBytes) throw new FieldError('is 2^256 or more');
    return bytes;
  },
  read(item) {
    const bytes = bytesOf(item);
    if (bytes.length === 0) throw new FieldError('is empty, not an integer');
    if (bytes.length > maxIntBytes)
      throw new FieldError(`has ${bytes.length} bytes, an integer at most ${maxIntBytes}`);
    if (bytes.length > 1 && bytes[0] === 0) throw new FieldError('has a leading zero byte');
    return bytesToBigint(bytes);
  },
};

/** Bytes of any length. */
export const binary: Field<Uint8Array> = {
  write(value) {
    if (!(value instanceof Uint8Array)) throw new FieldError('is no Uint8Array');
    return value;
  },
  read: bytesOf,
};

/** Exactly `size` bytes. */
export function fixed(size: number): Field<Uint8Array> {
  const check = (bytes: Uint8Array) => {
    if (bytes.length !== size) throw new FieldError(`has ${bytes.length} bytes, not ${size}`);
    return bytes;
  };
  return {
    write: (value) => check(binary.write(value) as Uint8Array),
    read: (item) => check(bytesOf(item)),
  };
}

/** A 32-byte hash. */
export const hash = fixed(32);

/** Items of one type. */
export function list<T>(field: Field<T>): Field<T[]> {
  return {
    write: (values) => values.map((value) => field.write(value)),
    read: (item) => listOf(item).map((value) => field.read(value)),
  };
}

/** A list of exactly two items, each of its own type. */
export function pair<A, B>(first: Field<A>, second: Field<B>): Field<[A, B]> {
  return {
    write: ([a, b]) => [first.write(a), second.write(b)],
    read(item) {
      const items = listOf(item);
      if (items.length !== 2) throw new FieldError(`has a list of ${items.length}, not a pair`);
      return [first.read(items[0]!), second.read(items[1]!)];
    },
  };
}

const idTags = { account: 1, name: 2, commitment: 3, oracle: 4, contract: 5, channel: 6 } as const;
export type IdKind = keyof typeof idTags;

/** An id whose kind the field leaves open. */
export interface Id<K extends IdKind = IdKind> {
  kind: K;
  /** 32 bytes */
  key: Uint8Array;
}

/** An id of one of several kinds. */
export function anyId<K extends IdKind>(...kinds: readonly K[]): Field<Id<K>> {
  return {
    write({ kind, key }) {
      if (!kinds.includes(kind)) throw new FieldError(`is the id of a ${kind}, not of ${kinds.join(' or ')}`);
      const bytes = new Uint8Array(33);
      bytes[0] = idTags[kind];
      bytes.set(hash.write(key) as Uint8Array, 1);
      return bytes;
    },
    read(item) {
      const bytes = bytesOf(item);
      if (bytes.length !== 33) throw new FieldError(`has ${bytes.length} bytes, an id 33`);
      const kind = kinds.find((known) => idTags[known] === bytes[0]);
      if (!kind) throw new FieldError(`has id tag ${bytes[0]}, not that of ${kinds.join(' or ')}`);
      return { kind, key: bytes.slice(1) };
    },
  };
}

/** An id of one kind: in the typed form only its 32 bytes. */
export function id(kind: IdKind): Field<Uint8Array> {
  const field = anyId(kind);
  return { write: (key) => field.write({ kind, key }), read: (item) => field.read(item).key };
}

export const account = id('account');
export const contract = id('contract');
export const channel = id('channel');

/** Makes the error that a table's reader and writer throw. */
export type Failure = (message: string) => Error;

/** What a layout says, in the form in which each object needs it; layouts are constants. */
interface Prepared {
  /** tag and version, as they are written */
  head: readonly [Uint8Array, Uint8Array];
  fields: readonly (readonly [key: string, field: Field<unknown>])[];
}
const prepared = new WeakMap<Layout, Prepared>();

function prepare(layout: Layout): Prepared {
  let known = prepared.get(layout);
  if (!known) {
    const bytes = (value: number) => bigintToBytes(BigInt(value));
    known = { head: [bytes(layout.tag), bytes(layout.version)], fields: Object.entries(layout.fields) };
    prepared.set(layout, known);
  }
  return known;
}

/** Serializes one object: RLP of tag, version and fields. */
export function writeObject(layout: Layout, name: string, value: object, failure: Failure): Uint8Array {
  const { head, fields } = prepare(layout);
  const items: Item[] = [...head];
  const values = value as Record<string, unknown>;
  for (const [key, field] of fields) {
    try {
      items.push(field.write(values[key]));
    } catch (error) {
      if (error instanceof FieldError) throw failure(`${name}: ${key} ${error.message}`);
      throw error;
    }
  }
  return encodeRlp(items);
}

/** Reads the RLP list of tag, version and fields. `what` names the object in errors. */
export function readHead(bytes: Uint8Array, what: string, failure: Failure) {
  let item: Item;
  try {
    item = decodeRlp(bytes);
  } catch (error) {
    if (error instanceof RlpError) throw failure(`not a serialized ${what}: ${error.message}`);
    throw error;
  }
  if (item instanceof Uint8Array) throw failure(`not a serialized ${what}: bytes ${short(item)}, not a list`);
  if (item.length < 2)
    throw failure(`not a serialized ${what}: the list has ${item.length} items, no tag and version`);
  return {
    tag: readField(int, item[0]!, () => `${what}: tag`, failure),
    version: readField(int, item[1]!, () => `${what}: version`, failure),
    items: item.slice(2),
  };
}

function readField<T>(field: Field<T>, item: Item, name: () => string, failure: Failure): T {
  try {
    return field.read(item);
  } catch (error) {
    if (error instanceof FieldError) throw failure(`${name()} ${error.message}`);
    throw error;
  }
}

const short = (bytes: Uint8Array) => (bytes.length > 16 ? `${toHex(bytes.subarray(0, 16))}…` : toHex(bytes));

/** Reads the fields that follow tag and version. */
export function readFields<L extends Layout>(
  layout: L,
  name: string,
  items: Item[],
  failure: Failure,
): Fields<L> {
  const { fields } = prepare(layout);
  if (items.length !== fields.length) throw failure(`${name}: ${items.length} fields, not ${fields.length}`);
  const value: Record<string, unknown> = {};
  for (const [index, [key, field]] of fields.entries())
    value[key] = readField(field, items[index]!, () => `${name}: ${key}`, failure);
  return value as Fields<L>;
}

/** Throws unless the head is that of the layout. */
function checkHead(
  layout: Layout,
  name: string,
  head: { tag: bigint; version: bigint },
  failure: Failure,
): void {
  if (head.tag !== BigInt(layout.tag)) throw failure(`${name}: tag ${head.tag}, not ${layout.tag}`);
  if (head.version !== BigInt(layout.version))
    throw failure(`${name}: version ${head.version} is not supported, only ${layout.version}`);
}

/**
 * Reads an object of a known layout. Every value has one form only, in RLP and in its field, so what is read is
 * written again as it was.
 */
export function readObject<L extends Layout>(
  layout: L,
  name: string,
  bytes: Uint8Array,
  failure: Failure,
): Fields<L> {
  const head = readHead(bytes, name, failure);
  checkHead(layout, name, head, failure);
  return readFields(layout, name, head.items, failure);
}

/** Reads an object of whichever layout of the table has its tag. */
export function readAny<Table extends Record<string, Layout>>(
  table: Table,
  what: string,
  bytes: Uint8Array,
  failure: Failure,
): ObjectOf<Table> {
  const head = readHead(bytes, what, failure);
  for (const type in table) {
    const layout = table[type]!;
    if (BigInt(layout.tag) !== head.tag) continue;
    checkHead(layout, type, head, failure);
    return { type, ...readFields(layout, type, head.items, failure) } as ObjectOf<Table>;
  }
  throw failure(`not a serialized ${what}: tag ${head.tag} is unknown`);
}
