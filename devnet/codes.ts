/** Texts like `ak_...` at the HTTP API: the protocol's own forms, and those of headers, which only a node shows. */
import {
  AddressError,
  decode as decodeText,
  encode as encodeText,
  type Kind,
} from '../src/protocol/chain/address.ts';

/** Base58 of 32 bytes each: state hash and transactions hash of a block, key of a node. */
const headerKinds = ['bs', 'bx', 'pp'] as const;
type HeaderKind = (typeof headerKinds)[number];

export type Prefix = Kind;

/** A text that is not what it should be; `code` is the node's error code. */
export class CodeError extends Error {
  override name = 'CodeError';
  readonly code: 'invalid_encoding' | 'invalid_prefix';
  constructor(code: CodeError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

export function encode(kind: Kind | HeaderKind, bytes: Uint8Array): string {
  const known: Kind = (headerKinds as readonly string[]).includes(kind) ? 'kh' : (kind as Kind);
  return `${kind}${encodeText(known, bytes).slice(2)}`;
}

/**
 * The bytes of a text with one of these prefixes.
 * @throws CodeError
 */
export function decode(text: string, prefixes: readonly Kind[]): Uint8Array {
  const prefix = prefixes.find((known) => text.startsWith(`${known}_`));
  if (!prefix) {
    throw new CodeError(
      'invalid_prefix',
      `"${text.slice(0, 60)}" does not begin with ${prefixes.join('_ or ')}_`,
    );
  }
  try {
    return decodeText(prefix, text);
  } catch (error) {
    if (error instanceof AddressError) throw new CodeError('invalid_encoding', error.message);
    throw error;
  }
}
