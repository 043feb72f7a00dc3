/** Recursion on the heap: values may nest deeper than the engine's stack. */

/** A recursion written with `yield` in place of the call. */
export type Step<T> = Generator<Generator<unknown, unknown, unknown>, T, unknown>;

/** Runs it to its end. */
export function run<T>(start: Step<T>): T {
  const stack: Generator<unknown, unknown, unknown>[] = [start];
  let result: unknown;
  for (;;) {
    const { done, value } = stack[stack.length - 1]!.next(result);
    if (!done) {
      stack.push(value as Generator<unknown, unknown, unknown>);
      result = undefined;
      continue;
    }
    stack.pop();
    if (stack.length === 0) return value as T;
    result = value;
  }
}
