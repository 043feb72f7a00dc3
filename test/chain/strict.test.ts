import { RLP } from '@ethereumjs/rlp';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import {
  bigintToBytes,
  bigintToFixedBytes,
  bytesToBigint,
  compareBytes,
  concatBytes,
  equalBytes,
  fromHex,
  toHex,
} from '../../src/protocol/bytes.ts';
import { decodeRlp, encodeRlp, type Item, RlpError } from '../../src/protocol/chain/rlp.ts';
import { parseSignedTx, signedTx } from '../../src/protocol/chain/signed.ts';
import { parseTx, serializeTx, type Tx, TxError } from '../../src/protocol/chain/tx.ts';
import { txOf, txVectors } from './vectors.ts';

const hexOf = (name: string) => txVectors.txs.find((vector) => vector.name === name)!.unsigned_hex;
const offChain = hexOf('offchain_tx_v2');

describe('parseTx refuses', () => {
  const changed = (from: string, to: string) => () => {
    const hex = offChain.replace(from, to);
    expect(hex).not.toBe(offChain);
    return parseTx(fromHex(hex));
  };
  const items = RLP.decode(fromHex(offChain)) as Uint8Array[];
  const relisted = (list: Item) => () => parseTx(encodeRlp(list));

  it.each([
    ['an unknown tag', changed('f8463902', 'f8460502'), /not a serialized transaction: tag 5 is unknown/],
    [
      'another version',
      changed('f8463902', 'f8463903'),
      /ChannelOffChainTx: version 3 is not supported, only 2/,
    ],
    [
      'an id of another kind',
      changed('a106', 'a101'),
      /ChannelOffChainTx: channelId has id tag 1, not that of channel/,
    ],
    ['too few fields', relisted(items.slice(0, -1)), /ChannelOffChainTx: 2 fields, not 3/],
    ['too many fields', relisted([...items, fromHex('01')]), /4 fields, not 3/],
    [
      'a leading zero',
      relisted([...items.slice(0, 3), fromHex('0005'), items[4]!]),
      /round has a leading zero byte/,
    ],
    ['an empty integer', relisted([...items.slice(0, 3), fromHex(''), items[4]!]), /round is empty/],
    [
      'an integer over 32 bytes',
      relisted([...items.slice(0, 3), new Uint8Array(33).fill(1), items[4]!]),
      /round has 33 bytes/,
    ],
    ['a list for bytes', relisted([...items.slice(0, 3), [], items[4]!]), /round is a list/],
    ['a short hash', relisted([...items.slice(0, 4), new Uint8Array(31)]), /stateHash has 31 bytes, not 32/],
    ['bytes for the whole', relisted(fromHex('3902')), /bytes 3902, not a list/],
    ['an empty list', relisted([]), /no tag and version/],
    ['nothing', () => parseTx(new Uint8Array()), /no bytes/],
    ['trailing bytes', () => parseTx(fromHex(`${offChain}00`)), /remainder/],
    ['missing bytes', () => parseTx(fromHex(offChain.slice(0, -2))), /RLP/],
    [
      'a length that is not the shortest',
      () => parseTx(fromHex(`f90046${offChain.slice(4)}`)),
      /extra zeros/,
    ],
    ['a signed transaction', () => parseTx(fromHex(txVectors.txs[0]!.signed_hex)), /tag 11 is unknown/],
  ])('%s', (_what, parse, message) => {
    expect(parse).toThrow(TxError);
    expect(parse).toThrow(message);
  });
});

describe('serializeTx refuses, naming the field,', () => {
  const tx = txOf(txVectors.txs.find(({ name }) => name === 'close_mutual')!) as Extract<
    Tx,
    { type: 'ChannelCloseMutualTx' }
  >;
  it.each([
    ['a negative amount', { fee: -1n }, /ChannelCloseMutualTx: fee is -1/],
    ['an amount beyond 2^256', { fee: 2n ** 256n }, /fee is 2\^256 or more/],
    ['a number', { nonce: 1 }, /nonce is number, not bigint/],
    ['a missing field', { nonce: undefined }, /nonce is undefined, not bigint/],
    ['an id of another size', { fromId: new Uint8Array(33) }, /fromId has 33 bytes, not 32/],
    ['text for bytes', { fromId: 'ak_2' }, /fromId is no Uint8Array/],
  ])('%s', (_what, change, message) => {
    expect(() => serializeTx({ ...tx, ...change } as Tx)).toThrow(TxError);
    expect(() => serializeTx({ ...tx, ...change } as Tx)).toThrow(message);
  });
});

test('a signed transaction sorts its signatures and takes none but of 64 bytes', () => {
  const [a, b] = [new Uint8Array(64).fill(1), new Uint8Array(64).fill(2)];
  const tx = fromHex(offChain);
  expect(signedTx(tx, [b, a])).toEqual(signedTx(tx, [a, b]));
  expect(parseSignedTx(signedTx(tx, [b, a])).signatures).toEqual([a, b]);
  expect(() => signedTx(tx, [new Uint8Array(63)])).toThrow(/signatures has 63 bytes, not 64/);
  expect(() => parseSignedTx(tx)).toThrow(/SignedTx: tag 57, not 11/);
});

test('parsing throws nothing but TxError on damaged or random bytes, and what is taken is written again', () => {
  const good = txVectors.txs.flatMap((vector) => [vector.unsigned_hex, vector.signed_hex].map(fromHex));
  const damaged = fc
    .tuple(fc.constantFrom(...good), fc.nat(), fc.integer({ min: 1, max: 255 }), fc.nat(3))
    .map(([bytes, at, flip, how]) => {
      const copy = bytes.slice(0, how === 0 ? at % bytes.length : bytes.length);
      // Half of the changes go to the head, where tags, versions and lengths are.
      const place = how === 1 ? at % copy.length : at % Math.min(copy.length, 12);
      if (copy.length > 0) copy[place]! ^= flip;
      return copy;
    });
  fc.assert(
    fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 100 })), (bytes) => {
      for (const again of [
        () => serializeTx(parseTx(bytes)),
        () => {
          const { signatures, tx } = parseSignedTx(bytes);
          const sorted = signatures.every((s, i) => i === 0 || compareBytes(signatures[i - 1]!, s) <= 0);
          return sorted ? signedTx(tx, signatures) : bytes;
        },
      ])
        try {
          if (!equalBytes(again(), bytes)) return false;
        } catch (error) {
          if (!(error instanceof TxError)) return false;
        }
      return true;
    }),
    { numRuns: 3000 },
  );
});

describe('RLP', () => {
  it('has one form: what is read is written as it was', () => {
    const { item } = fc.letrec<{ item: Item }>((tie) => ({
      item: fc.oneof(
        { maxDepth: 5 },
        fc.uint8Array({ maxLength: 70 }),
        fc.array(tie('item'), { maxLength: 6 }),
      ),
    }));
    fc.assert(
      fc.property(item, (value) => {
        expect(decodeRlp(encodeRlp(value))).toEqual(value);
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), (bytes) => {
        try {
          return equalBytes(encodeRlp(decodeRlp(bytes)), bytes);
        } catch (error) {
          return error instanceof RlpError;
        }
      }),
      { numRuns: 5000 },
    );
  });
  it('refuses deep nesting at once, though each level costs but a few bytes', () => {
    const size = 1 << 20;
    const short = new Uint8Array(size).fill(0xc1);
    const long = new Uint8Array(size);
    for (let at = 0; at + 4 <= size; at += 4) {
      const rest = size - at - 4;
      long.set([0xfa, rest >> 16, (rest >> 8) & 255, rest & 255], at);
    }
    for (const bytes of [short, long]) expect(() => decodeRlp(bytes)).toThrow(/nest deeper than 16/);
  });
});

describe('integers in bytes', () => {
  it('have one shortest form and one of each width', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }), (value) => {
        const shortest = bigintToBytes(value);
        expect(shortest.length === 1 || shortest[0] !== 0).toBe(true);
        expect(bytesToBigint(shortest)).toBe(value);
        const wide = bigintToFixedBytes(value, 32);
        expect(wide.length).toBe(32);
        expect(bytesToBigint(wide)).toBe(value);
      }),
    );
    expect(toHex(bigintToBytes(0n))).toBe('00');
    expect(bytesToBigint(new Uint8Array())).toBe(0n);
    expect(bigintToFixedBytes(0n, 0)).toEqual(new Uint8Array());
  });
  it('are refused where they are negative or do not fit', () => {
    expect(() => bigintToBytes(-1n)).toThrow(/-1 is negative/);
    expect(() => bigintToFixedBytes(256n, 1)).toThrow(/256 does not fit into 1 bytes/);
  });
  it('concatenate and compare like their text in hexadecimal', () => {
    const bytes = fc.uint8Array({ maxLength: 8 });
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        expect(toHex(concatBytes(a, b))).toBe(toHex(a) + toHex(b));
        expect(Math.sign(compareBytes(a, b))).toBe(toHex(a) < toHex(b) ? -1 : toHex(a) > toHex(b) ? 1 : 0);
        expect(equalBytes(a, b)).toBe(toHex(a) === toHex(b));
      }),
    );
  });
});
