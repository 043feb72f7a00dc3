/**
 * Sequence numbers that may be signed (PROTOCOL 1: gaps are allowed, none is used twice). They stay below a clock, so
 * that a side that lost its record can go on above everything that it may ever have signed.
 */

/** A number may be so far above the highest that was used, whatever the clock says. */
const nearby = 1_000n;
/** The clocks of the two may differ by so much: ms. */
const skew = 600_000;

/** Above all numbers that were signed up to this time. @param now ms since 1970 */
export const numberAfter = (now: number): bigint => BigInt(Math.floor(now) + skew / 2);

/** Whether a peer's number is above what a clock allows. @param used the highest that was used */
export const isTooFar = (number: bigint, used: bigint, now: number): boolean =>
  number > used + nearby && number > BigInt(Math.floor(now) + skew);
