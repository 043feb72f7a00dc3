/**
 * JSON as the node writes it: integers of any size in full digits, keys sorted, no spaces. A query
 * `int-as-string=true` turns every integer (never a float) into a string.
 */

/** A number that the node prints with a fraction even where it is whole (`sync_progress`: 100.0). */
export class Float {
  constructor(readonly value: number) {}
}

export type Json =
  | null
  | boolean
  | string
  | number
  | bigint
  | Float
  | readonly Json[]
  | { readonly [key: string]: Json | undefined };

/** Serializes; members that are undefined are left out. */
export function toJson(value: Json, intAsString = false): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'bigint') return intAsString ? `"${value}"` : String(value);
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value))
      throw new TypeError(`json: ${value} is no safe integer; use bigint or Float`);
    return intAsString ? `"${value}"` : String(value);
  }
  if (value instanceof Float)
    return Number.isInteger(value.value) ? value.value.toFixed(1) : String(value.value);
  if (Array.isArray(value)) return `[${value.map((item) => toJson(item as Json, intAsString)).join(',')}]`;
  const members = Object.entries(value as { [key: string]: Json | undefined })
    .filter((entry): entry is [string, Json] => entry[1] !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([key, item]) => `${JSON.stringify(key)}:${toJson(item, intAsString)}`);
  return `{${members.join(',')}}`;
}
