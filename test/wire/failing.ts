import { WireError } from '../../src/protocol/wire/index.ts';

/** The WireError that `work` throws. Anything else that happens fails the test. */
export function wireError(work: () => unknown): WireError {
  let result: unknown;
  try {
    result = work();
  } catch (error) {
    if (error instanceof WireError) return error;
    throw error;
  }
  throw new Error(`no WireError was thrown, the result was ${String(result)}`);
}
