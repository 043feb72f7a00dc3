/**
 * Channel units (PROTOCOL 1): the draft's 8-byte amounts count 10^9 aetto, which is also the smallest gas price,
 * so that every fee is a whole number of units.
 */
export const unit = 10n ** 9n;
const maxUnits = 2n ** 64n - 1n;

/** An amount that the draft's 8-byte field cannot hold. */
export class AmountError extends Error {
  override name = 'AmountError';
}

/** @throws AmountError where the amount is negative, not a whole number of units, or above 2^64-1 units. Never rounds. */
export function toUnits(aetto: bigint, name: string): bigint {
  if (aetto < 0n) throw new AmountError(`${name} is negative (${aetto} aetto)`);
  if (aetto % unit !== 0n)
    throw new AmountError(
      `${name} is ${aetto} aetto: give a whole multiple of ${unit} aetto (0.000000001 AE)`,
    );
  const units = aetto / unit;
  if (units > maxUnits) throw new AmountError(`${name} is ${aetto} aetto: at most ${maxUnits * unit} fit`);
  return units;
}

export const fromUnits = (units: bigint): bigint => units * unit;

/** An amount of aetto as a person reads it, in AE with all its digits. */
export const inAe = (aetto: bigint): string => {
  const digits = aetto.toString().padStart(19, '0');
  const fraction = digits.slice(-18).replace(/0+$/, '');
  return fraction ? `${digits.slice(0, -18)}.${fraction}` : digits.slice(0, -18);
};
