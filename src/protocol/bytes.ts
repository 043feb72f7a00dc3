/** Byte strings and the unsigned big-endian integers in them. */
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';

/** Whether both hold the same bytes. Not constant-time: for public data only. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Order of byte strings: by the first byte that differs, a prefix before what it begins. Negative: a before b. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}

/** One new byte string of all the parts, in order. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const joined = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** Lower-case hexadecimal digits, two for each byte, no prefix. */
export const toHex = (bytes: Uint8Array): string => bytesToHex(bytes);

/** @throws Error where the text is not an even number of hexadecimal digits (no prefix) */
export const fromHex = (hex: string): Uint8Array => hexToBytes(hex);

/** The unsigned big-endian integer; 0 for no bytes. */
export function bytesToBigint(bytes: Uint8Array): bigint {
  if (bytes.length > 6) return BigInt(`0x${bytesToHex(bytes)}`);
  let value = 0;
  for (const byte of bytes) value = value * 256 + byte;
  return BigInt(value);
}

/**
 * The shortest big-endian form, as the chain writes integers: no leading zero byte, and one zero byte for 0.
 * @throws RangeError where the value is negative
 */
export function bigintToBytes(value: bigint): Uint8Array {
  if (value < 0n) throw new RangeError(`${value} is negative: give 0 or more`);
  const digits = value.toString(16);
  return hexToBytes(digits.length % 2 === 0 ? digits : `0${digits}`);
}

/**
 * The big-endian form of exactly `width` bytes.
 * @throws RangeError where the value is negative or does not fit
 */
export function bigintToFixedBytes(value: bigint, width: number): Uint8Array {
  const bytes = value === 0n ? new Uint8Array() : bigintToBytes(value);
  if (bytes.length > width)
    throw new RangeError(`${value} does not fit into ${width} bytes: give less than 2^${8 * width}`);
  const padded = new Uint8Array(width);
  padded.set(bytes, width - bytes.length);
  return padded;
}
