/**
 * What gas does not pay for. A few instructions work on values far larger than their price: division of huge integers,
 * comparison of values that share their parts and so are exponentially large. The chain's node would be as busy; here
 * the work of one call is counted, in about nanoseconds, and beyond the limit the update is refused, on both sides
 * alike. No program that a compiler makes comes near.
 */
import { Limit } from './failure.ts';

const maxWork = 2e9;
let left = Number.POSITIVE_INFINITY;

/** @throws Limit where the call has worked too much */
export function spendWork(work: number): void {
  left -= work;
  if (left < 0) throw new Limit('the call works far more than its gas pays for');
}

/** Runs one call with its own limit. */
export function metered<T>(run: () => T): T {
  left = maxWork;
  try {
    return run();
  } finally {
    left = Number.POSITIVE_INFINITY;
  }
}
