/** The chain's text forms: prefix, underscore, then base58 or base64 of the bytes and a 4-byte checksum. */
import { sha256 } from '@noble/hashes/sha2.js';
import { base58, base64 } from '@scure/base';
import { concatBytes, equalBytes } from '../bytes.ts';

/** Encoding and, where it is fixed, the size in bytes of what follows each prefix. */
const kinds = {
  /** account public key */
  ak: { coder: base58, size: 32 },
  /** bytecode or state of a contract: array of bytes */
  ba: { coder: base64, size: null },
  /** bytecode or calldata of a contract */
  cb: { coder: base64, size: null },
  /** channel id */
  ch: { coder: base58, size: 32 },
  /** name commitment */
  cm: { coder: base58, size: 32 },
  /** contract public key */
  ct: { coder: base58, size: 32 },
  /** key block hash */
  kh: { coder: base58, size: 32 },
  /** micro block hash */
  mh: { coder: base58, size: 32 },
  /** name id */
  nm: { coder: base58, size: null },
  /** oracle public key */
  ok: { coder: base58, size: 32 },
  /** proof of inclusion */
  pi: { coder: base64, size: null },
  /** signature */
  sg: { coder: base58, size: 64 },
  /** state trees */
  ss: { coder: base64, size: null },
  /** state hash */
  st: { coder: base64, size: 32 },
  /** transaction hash */
  th: { coder: base58, size: 32 },
  /** serialized transaction */
  tx: { coder: base64, size: null },
} as const;

export type Kind = keyof typeof kinds;

/** A text is not the address it should be; the message shows the text. */
export class AddressError extends Error {
  override name = 'AddressError';
}

const checksum = (bytes: Uint8Array) => sha256(sha256(bytes)).subarray(0, 4);

/** Base58 takes quadratic time, so a text that is far too long is refused unread. */
const longestBase58 = 200;

/**
 * @param kind the prefix without its underscore, for instance `ak`
 * @throws AddressError where the bytes have another size than this kind has
 */
export function encode(kind: Kind, bytes: Uint8Array): string {
  const { coder, size } = kinds[kind];
  if (size !== null && bytes.length !== size)
    throw new AddressError(`${kind}_ takes ${size} bytes, not ${bytes.length}`);
  return `${kind}_${coder.encode(concatBytes(bytes, checksum(bytes)))}`;
}

/**
 * @param kind the prefix that the text must have, without its underscore
 * @throws AddressError where the prefix, a character, the size or the checksum is wrong
 */
export function decode(kind: Kind, text: string): Uint8Array {
  const { coder, size } = kinds[kind];
  const shown = text.length > longestBase58 ? `${text.slice(0, longestBase58)}…` : text;
  const wrong = (what: string) => new AddressError(`"${shown}" ${what}`);
  if (!text.startsWith(`${kind}_`)) throw wrong(`does not begin with ${kind}_`);
  const body = text.slice(kind.length + 1);
  if (coder === base58 && body.length > longestBase58) throw wrong(`is too long for ${kind}_`);
  let all: Uint8Array;
  try {
    all = coder.decode(body);
  } catch {
    throw wrong(`has a character that is not ${coder === base58 ? 'base58' : 'base64'}`);
  }
  if (all.length < 4) throw wrong('is too short');
  const bytes = all.slice(0, -4);
  if (!equalBytes(checksum(bytes), all.subarray(-4)))
    throw wrong('has a wrong checksum: a digit is mistyped');
  if (size !== null && bytes.length !== size) throw wrong(`holds ${bytes.length} bytes, not ${size}`);
  return bytes;
}
