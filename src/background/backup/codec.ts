/**
 * Stored values as JSON, without loss: bigint, bytes, undefined and the numbers that JSON has not are tagged objects
 * of one key that starts with `$`. A plain object's own key that starts so gets another `$` in front.
 */
import { base64 } from '@scure/base';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** A value that is no plain data, or text that this codec did not write. */
export class CodecError extends Error {
  override name = 'CodecError';
}

/** @throws CodecError for what is no plain data: functions, symbols, class instances other than Uint8Array */
export const encodeValue = (value: unknown): string => JSON.stringify(toJson(value));

/** @throws CodecError for anything that `encodeValue` does not write */
export function decodeValue(text: string): unknown {
  let json: Json;
  try {
    json = JSON.parse(text) as Json;
  } catch {
    throw new CodecError('This is no JSON.');
  }
  return fromJson(json);
}

function toJson(value: unknown): Json {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0)
        ? value
        : { $number: Object.is(value, -0) ? '-0' : String(value) };
    case 'bigint':
      return { $bigint: value.toString() };
    case 'undefined':
      return { $undefined: null };
    case 'object':
      return value === null ? null : objectToJson(value);
    default:
      throw new CodecError(`A ${typeof value} cannot be written to a backup.`);
  }
}

function objectToJson(value: object): Json {
  if (value instanceof Uint8Array) return { $bytes: base64.encode(value) };
  // Holes of an array are undefined here.
  if (Array.isArray(value)) return Array.from(value, toJson);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null)
    throw new CodecError(`A ${value.constructor?.name ?? 'strange object'} cannot be written to a backup.`);
  // fromEntries defines keys, so that one named __proto__ is a key like any other.
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key.startsWith('$') ? `$${key}` : key, toJson(member)]),
  );
}

function fromJson(json: Json): unknown {
  if (json === null || typeof json !== 'object') return json;
  if (Array.isArray(json)) return json.map(fromJson);
  const entries = Object.entries(json);
  const [first] = entries;
  if (entries.length === 1 && first && /^\$[^$]/.test(first[0])) return untag(first[0], first[1]);
  return Object.fromEntries(
    entries.map(([key, member]) => {
      if (/^\$(?!\$)/.test(key)) throw new CodecError(`An object has the unknown key ${key}.`);
      return [key.startsWith('$') ? key.slice(1) : key, fromJson(member)];
    }),
  );
}

const oddNumbers = new Map([
  ['-0', -0],
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
]);

function untag(tag: string, content: Json): unknown {
  if (tag === '$undefined' && content === null) return undefined;
  if (typeof content === 'string') {
    const number = oddNumbers.get(content);
    if (tag === '$number' && number !== undefined) return number;
    if (tag === '$bigint' && /^(0|-?[1-9][0-9]*)$/.test(content)) return BigInt(content);
    if (tag === '$bytes') return bytesOf(content);
  }
  throw new CodecError(`This is no ${tag.slice(1, 20)} of a backup.`);
}

/** @throws CodecError for text that is not base64 */
export function bytesOf(text: string): Uint8Array {
  try {
    return base64.decode(text);
  } catch {
    throw new CodecError('This is no base64.');
  }
}
