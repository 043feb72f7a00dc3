import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AddressError, decode, encode, type Kind } from '../../src/protocol/chain/address.ts';
import { keys } from './vectors.ts';

const { address } = keys.keys[0]!;
const sized: [Kind, number][] = [
  ['ak', 32],
  ['ch', 32],
  ['sg', 64],
  ['st', 32],
  ['th', 32],
];

describe('decode refuses, naming the text,', () => {
  it.each([
    ['another prefix', `ok_${address.slice(3)}`, /"ok_.*" does not begin with ak_/],
    ['no prefix', address.slice(3), /does not begin with ak_/],
    ['no digits', 'ak_', /"ak_" is too short/],
    ['a foreign digit', `${address.slice(0, -1)}0`, /has a character that is not base58/],
    [
      'a mistyped digit',
      `${address.slice(0, -1)}${address.endsWith('A') ? 'B' : 'A'}`,
      /has a wrong checksum/,
    ],
    ['more than any address has', `ak_${'1'.repeat(5000)}`, /…" is too long/],
    ['another size', encode('ba', new Uint8Array(3)), /does not begin/],
  ])('%s', (_what, text, message) => {
    expect(() => decode('ak', text)).toThrow(AddressError);
    expect(() => decode('ak', text)).toThrow(message);
  });
  it('a size that the kind has not', () => {
    const nonce = encode('nm', new Uint8Array(31));
    expect(() => decode('ak', `ak_${nonce.slice(3)}`)).toThrow(/holds 31 bytes, not 32/);
    expect(() => encode('ak', new Uint8Array(31))).toThrow(/takes 32 bytes, not 31/);
    expect(() => decode('st', encode('ba', new Uint8Array(33)).replace('ba_', 'st_'))).toThrow(/holds 33/);
  });
  it('base64 that is not the canonical form', () => {
    const text = encode('ba', new Uint8Array(3));
    expect(() => decode('ba', `${text}=`)).toThrow(/not base64/);
    expect(() => decode('ba', ` ${text}`)).toThrow(/does not begin/);
  });
});

describe('encode and decode', () => {
  it('are inverse', () => {
    const any = fc.oneof(
      ...sized.map(([kind, size]) =>
        fc.tuple(fc.constant(kind), fc.uint8Array({ minLength: size, maxLength: size })),
      ),
      ...(['tx', 'ba', 'cb', 'pi', 'ss', 'nm'] as Kind[]).map((kind) =>
        fc.tuple(fc.constant(kind), fc.uint8Array({ maxLength: 40 })),
      ),
    );
    fc.assert(
      fc.property(any, ([kind, bytes]) => {
        expect(decode(kind, encode(kind, bytes))).toEqual(bytes);
      }),
    );
  });
  it('throw nothing but AddressError on any text', () => {
    fc.assert(
      fc.property(fc.constantFrom<Kind>('ak', 'tx'), fc.string(), (kind, text) => {
        for (const all of [text, `${kind}_${text}`])
          try {
            decode(kind, all);
          } catch (error) {
            if (!(error instanceof AddressError)) return false;
          }
        return true;
      }),
    );
  });
});
