/** Amounts as callers write them, to the decimal strings of aetto that the wallet takes. */
import { invalid } from './errors.ts';

/** Aetto (1 AE = 10^18 aetto), whole and not below zero. The last one is how bignumber.js writes itself. */
export type Amount = bigint | string | number | { toFixed(): string };

/**
 * @param name of the parameter, for the error
 * @throws ChannelError for what is no amount, and for a number whose digits were lost before it came here
 */
export function aetto(name: string, amount: Amount): string {
  const text = textOf(amount);
  if (text !== null && /^(0|[1-9][0-9]{0,38})$/.test(text)) return text;
  if (typeof amount === 'number' && Number.isInteger(amount) && amount >= 0)
    throw invalid(
      `${name}: ${amount} is more digits than a number keeps exactly: give a bigint or a string.`,
    );
  throw invalid(`${name}: "${String(amount)}" is no amount: give a whole number of aetto, not below 0.`);
}

function textOf(amount: Amount): string | null {
  switch (typeof amount) {
    case 'bigint':
      return amount.toString();
    case 'string':
      return amount;
    case 'number': {
      if (!Number.isInteger(amount) || amount < 0) return null;
      const text = BigInt(amount).toString();
      // 15 digits in front of zeros are what was written; beyond, it may have been rounded.
      return text.replace(/0+$/, '').length <= 15 ? text : null;
    }
    case 'object':
      return amount !== null && typeof amount.toFixed === 'function' ? amount.toFixed() : null;
    default:
      return null;
  }
}
