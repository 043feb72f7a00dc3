/** Stored values as text: nothing is lost, and what is no such text is refused. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CodecError, decodeValue, encodeValue } from '../../src/background/backup/codec.ts';

const leaf = fc.oneof(
  fc.string(),
  fc.boolean(),
  fc.double(),
  fc.integer(),
  fc.bigInt(),
  fc.uint8Array({ maxLength: 80 }),
  fc.constant(null),
  fc.constant(undefined),
);
const key = fc.oneof(
  fc.string(),
  fc.constantFrom(
    '$bytes',
    '$bigint',
    '$number',
    '$undefined',
    '$$bytes',
    '$',
    '$$',
    '__proto__',
    'toString',
  ),
);
const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.array(tie('any'), { maxLength: 5 }),
    fc.dictionary(key, tie('any'), { maxKeys: 5, noNullPrototype: true }),
  ),
})).any;

describe('codec', () => {
  test('every value that the store keeps comes back the same', () => {
    fc.assert(
      fc.property(value, (original) => {
        expect(decodeValue(encodeValue(original))).toStrictEqual(original);
      }),
      { numRuns: 2_000 },
    );
  });
  test('an object that looks like a tag stays an object', () => {
    for (const original of [{ $bytes: 'AA==' }, { $$bytes: 'AA==' }, { $: 1 }, { $bigint: '1', other: 2n }])
      expect(decodeValue(encodeValue(original))).toStrictEqual(original);
  });
  test('text that the codec does not write is refused, never read as something else', () => {
    for (const text of [
      '',
      '{',
      '{"$bigint":"01"}',
      '{"$bigint":"-0"}',
      '{"$bigint":1}',
      '{"$bytes":"A"}',
      '{"$bytes":"====" }',
      '{"$number":"1"}',
      '{"$undefined":1}',
      '{"$else":"1"}',
      '{"$bigint":"1","b":1}',
    ])
      expect(() => decodeValue(text), text).toThrow(CodecError);
  });
  test('any text is read or refused with a CodecError', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        try {
          decodeValue(text);
        } catch (error) {
          expect(error).toBeInstanceOf(CodecError);
        }
      }),
      { numRuns: 1_000 },
    );
  });
  test('what is no plain data is refused when it is written', () => {
    for (const original of [() => 1, Symbol('x'), new Map(), new Date(0), new Uint16Array(2)])
      expect(() => encodeValue({ original })).toThrow(CodecError);
  });
});
