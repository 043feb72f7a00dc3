/**
 * Amounts as people write and read them, in AE, and as the wallet holds them, in aetto (1 AE = 10^18 aetto).
 * All exact: bigint and text, never floating point.
 */
import { t } from './texts/index.ts';

export const aettoPerAe = 10n ** 18n;
/** The draft's 8-byte amounts count 10^9 aetto (PROTOCOL 1). */
export const channelUnit = 10n ** 9n;
/** The largest amount that channel terms can hold: 2^64-1 units. */
export const largestInTerms = (2n ** 64n - 1n) * channelUnit;
/** The rpc carries at most 39 digits of aetto. */
const largest = 10n ** 39n - 1n;
const decimals = 18;
/** The decimal mark of the language in use. */
export const decimalMark =
  new Intl.NumberFormat(t.locale).formatToParts(1.5).find((part) => part.type === 'decimal')?.value ?? '.';
/** Between groups of three digits: narrow enough to read as one number, and never mistaken for a decimal mark. */
const groupMark = '\u202f';

export type AmountRules = {
  /** Channel terms hold whole channel units only. */
  wholeUnits?: boolean;
  allowZero?: boolean;
  /** What may be given at most, and what of the balance stays as reserve (for the message). */
  limit?: { most: bigint; reserve?: bigint };
};

export type AmountProblem =
  | { code: 'empty' | 'not_a_number' | 'two_marks' | 'negative' | 'too_precise' | 'not_whole_unit' | 'zero' }
  | { code: 'too_large'; most: bigint }
  | { code: 'over'; most: bigint; reserve: bigint };

export type ParsedAmount = { ok: true; aetto: bigint } | { ok: false; problem: AmountProblem };

const bad = (problem: AmountProblem): ParsedAmount => ({ ok: false, problem });
const grouped = /^\d{1,3}([ \u00a0\u202f]\d{3})+(?=$|[.,])/;

/**
 * Reads an amount of AE exactly. `.` and `,` are both the decimal mark; spaces between groups of three digits are
 * taken, a thousands separator is not. Says what is wrong instead of rounding.
 */
export function parseAmount(text: string, rules: AmountRules = {}): ParsedAmount {
  let plain = text.trim();
  if (plain === '') return bad({ code: 'empty' });
  if (/^[-\u2212]/.test(plain)) return bad({ code: 'negative' });
  if (grouped.test(plain)) plain = plain.replace(/[ \u00a0\u202f]/g, '');
  if (/^[0-9.,]+$/.test(plain) && (plain.match(/[.,]/g)?.length ?? 0) > 1) return bad({ code: 'two_marks' });
  const match = /^(\d*)(?:[.,](\d*))?$/.exec(plain);
  const whole = match?.[1] ?? '';
  const fraction = match?.[2] ?? '';
  if (!match || whole + fraction === '') return bad({ code: 'not_a_number' });
  if (fraction.length > decimals && /[1-9]/.test(fraction.slice(decimals)))
    return bad({ code: 'too_precise' });
  if (whole.replace(/^0+/, '').length > 21) return bad({ code: 'too_large', most: largest });

  const aetto = BigInt(whole || '0') * aettoPerAe + BigInt(fraction.slice(0, decimals).padEnd(decimals, '0'));
  if (aetto === 0n && !rules.allowZero) return bad({ code: 'zero' });
  if (rules.wholeUnits && aetto % channelUnit !== 0n) return bad({ code: 'not_whole_unit' });
  const most = rules.wholeUnits ? largestInTerms : largest;
  if (aetto > most) return bad({ code: 'too_large', most });
  if (rules.limit && aetto > rules.limit.most)
    return bad({ code: 'over', most: rules.limit.most, reserve: rules.limit.reserve ?? 0n });
  return { ok: true, aetto };
}

/** An amount's digits before and after the decimal mark, the latter without trailing zeros. */
export function splitAe(aetto: bigint): { whole: string; fraction: string } {
  const size = aetto < 0n ? -aetto : aetto;
  const whole = (size / aettoPerAe).toString().replace(/\B(?=(\d{3})+$)/g, groupMark);
  const fraction = (size % aettoPerAe).toString().padStart(decimals, '0').replace(/0+$/, '');
  return { whole: aetto < 0n ? `\u2212${whole}` : whole, fraction };
}

/** All digits: for everything a person decides on. */
export function formatAe(aetto: bigint): string {
  const { whole, fraction } = splitAe(aetto);
  return fraction ? `${whole}${decimalMark}${fraction}` : whole;
}

/**
 * For lists and headings: four digits after the mark (below 1 AE: four significant digits), cut and never rounded
 * up, so that nobody reads more than there is. `cut` says that digits are missing.
 */
export function shortAe(aetto: bigint): { whole: string; fraction: string; cut: boolean } {
  const { whole, fraction } = splitAe(aetto);
  const zeros = /^0*/.exec(fraction)![0].length;
  const keep = /^\u2212?0$/.test(whole) ? zeros + 4 : 4;
  const kept = fraction.slice(0, keep).replace(/0+$/, '');
  return { whole, fraction: kept, cut: fraction.length > kept.length };
}

/** What a person would type for this amount: no grouping. */
export const editableAe = (aetto: bigint): string => formatAe(aetto).replaceAll(groupMark, '');

/** The amount for a program to read: all digits, no grouping, `.` in every language. */
export const plainAe = (aetto: bigint): string => {
  const { whole, fraction } = splitAe(aetto);
  const plain = whole.replaceAll(groupMark, '').replace('\u2212', '-');
  return fraction ? `${plain}.${fraction}` : plain;
};
