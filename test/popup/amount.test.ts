import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  aettoPerAe,
  channelUnit,
  editableAe,
  formatAe,
  largestInTerms,
  parseAmount,
  shortAe,
} from '../../src/popup/amount.ts';

const amounts = fc.bigInt({ min: 1n, max: 10n ** 39n - 1n });
const problemOf = (text: string, rules = {}) => {
  const parsed = parseAmount(text, rules);
  return parsed.ok ? null : parsed.problem;
};

describe('amounts of AE', () => {
  it('reads back exactly what it writes, to the aetto', () => {
    fc.assert(
      fc.property(amounts, (aetto) => {
        expect(parseAmount(formatAe(aetto))).toEqual({ ok: true, aetto });
        expect(parseAmount(editableAe(aetto))).toEqual({ ok: true, aetto });
      }),
    );
  });

  it('takes a comma as the decimal mark like a point', () => {
    fc.assert(
      fc.property(amounts, (aetto) => {
        expect(parseAmount(formatAe(aetto).replace('.', ','))).toEqual({ ok: true, aetto });
      }),
    );
  });

  it.each([
    ['1', aettoPerAe],
    ['1.5', 1_500_000_000_000_000_000n],
    ['1,5', 1_500_000_000_000_000_000n],
    ['.5', 500_000_000_000_000_000n],
    ['5.', 5n * aettoPerAe],
    ['0.000000000000000001', 1n],
    ['0.1', 100_000_000_000_000_000n],
    ['007', 7n * aettoPerAe],
    ['1.5000000000000000000000', 1_500_000_000_000_000_000n],
    ['12 345.5', 12_345_500_000_000_000_000_000n],
    ['12\u202f345\u202f678', 12_345_678n * aettoPerAe],
    ['  3  ', 3n * aettoPerAe],
  ])('reads %j exactly', (text, aetto) => {
    expect(parseAmount(text)).toEqual({ ok: true, aetto });
  });

  it.each([
    ['', 'empty'],
    ['   ', 'empty'],
    ['abc', 'not_a_number'],
    ['.', 'not_a_number'],
    ['1e5', 'not_a_number'],
    ['0x10', 'not_a_number'],
    ['1 2', 'not_a_number'],
    ['12 34', 'not_a_number'],
    ['\u0661', 'not_a_number'],
    ['NaN', 'not_a_number'],
    ['Infinity', 'not_a_number'],
    ['-1', 'negative'],
    ['\u22121', 'negative'],
    ['1,234.5', 'two_marks'],
    ['1.2.3', 'two_marks'],
    ['0.0000000000000000001', 'too_precise'],
    ['0', 'zero'],
    ['0.000', 'zero'],
    [`1${'0'.repeat(21)}`, 'too_large'],
  ])('refuses %j as %s', (text, code) => {
    expect(problemOf(text)?.code).toBe(code);
  });

  it('takes 0 only where 0 makes sense', () => {
    expect(parseAmount('0', { allowZero: true })).toEqual({ ok: true, aetto: 0n });
  });

  it('takes whole channel units alone where the amount goes into channel terms', () => {
    expect(parseAmount('0.000000001', { wholeUnits: true })).toEqual({ ok: true, aetto: channelUnit });
    expect(problemOf('0.0000000001', { wholeUnits: true })?.code).toBe('not_whole_unit');
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: largestInTerms }), (aetto) => {
        expect(parseAmount(formatAe(aetto), { wholeUnits: true }).ok).toBe(aetto % channelUnit === 0n);
      }),
    );
  });

  it('refuses in channel terms what an 8-byte field cannot hold', () => {
    expect(parseAmount(formatAe(largestInTerms), { wholeUnits: true }).ok).toBe(true);
    expect(problemOf(formatAe(largestInTerms + channelUnit), { wholeUnits: true })).toEqual({
      code: 'too_large',
      most: largestInTerms,
    });
  });

  it('says what may be given at most and what stays as reserve', () => {
    const limit = { most: 7n * aettoPerAe, reserve: aettoPerAe / 2n };
    expect(parseAmount('7', { limit }).ok).toBe(true);
    expect(problemOf('7.000000000000000001', { limit })).toEqual({ code: 'over', ...limit });
  });

  it('answers any text without throwing', () => {
    const alphabet = fc.constantFrom(...'0123456789.,- \u202f\u2212eEx+');
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: alphabet })), (text) => {
        const parsed = parseAmount(text);
        if (parsed.ok) expect(parsed.aetto > 0n && parsed.aetto < 10n ** 39n).toBe(true);
      }),
    );
  });
});

describe('the short form', () => {
  const digitsOf = (aetto: bigint) => {
    const short = shortAe(aetto);
    const text = `${short.whole}${short.fraction ? `.${short.fraction}` : ''}`;
    const parsed = parseAmount(text, { allowZero: true });
    if (!parsed.ok) throw new Error(`cannot read ${text}`);
    return { shown: parsed.aetto, cut: short.cut };
  };

  it('never shows more than there is, and says when digits are missing', () => {
    fc.assert(
      fc.property(amounts, (aetto) => {
        const { shown, cut } = digitsOf(aetto);
        expect(shown <= aetto).toBe(true);
        expect(cut).toBe(shown !== aetto);
      }),
    );
  });

  it('never shows something as nothing', () => {
    fc.assert(
      fc.property(amounts, (aetto) => {
        expect(digitsOf(aetto).shown > 0n).toBe(true);
      }),
    );
  });
});
