import { describe, expect, test } from 'vitest';
import { createCommitQueue } from '../../src/engine/commit-queue.ts';

/** A queue whose transactions take until they are let go. */
function held() {
  const applied: number[][] = [];
  const ends: { done(): void; fail(error: Error): void }[] = [];
  const queue = createCommitQueue<number>((items) => {
    applied.push([...items]);
    return new Promise<void>((done, fail) => ends.push({ done, fail }));
  });
  return { queue, applied, ends };
}
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('the order of commits', () => {
  test('a first commit starts at once; those called meanwhile share the next transaction', async () => {
    const { queue, applied, ends } = held();
    const first = queue.add([1]);
    const others = [queue.add([2, 3]), queue.add([4])];
    expect(applied).toEqual([[1]]);
    ends[0]!.done();
    await first;
    await turn();
    expect(applied).toEqual([[1], [2, 3, 4]]);
    ends[1]!.done();
    await Promise.all(others);
  });

  test('none resolves before its own transaction is done', async () => {
    const { queue, ends } = held();
    const finished: number[] = [];
    const all = [1, 2].map((n) => queue.add([n]).then(() => finished.push(n)));
    await turn();
    expect(finished).toEqual([]);
    ends[0]!.done();
    await turn();
    expect(finished).toEqual([1]);
    ends[1]!.done();
    await Promise.all(all);
    expect(finished).toEqual([1, 2]);
  });

  test('a commit called the moment another is done is not forgotten', async () => {
    const queue = createCommitQueue<number>(async () => undefined);
    let chained = queue.add([0]);
    for (let n = 1; n < 50; n++) chained = chained.then(() => queue.add([n]));
    await chained;
    const inOneTurn = await new Promise((resolve) => {
      queue.add([1]).then(() => queue.add([2]).then(() => resolve('done')));
    });
    expect(inOneTurn).toBe('done');
  });

  test('where a shared transaction fails, each is tried alone, in order', async () => {
    const applied: number[][] = [];
    const queue = createCommitQueue<number>(async (items) => {
      await turn();
      applied.push([...items]);
      if (items.includes(3)) throw new Error('no room for 3');
    });
    const results = await Promise.allSettled([1, 2, 3, 4].map((n) => queue.add([n])));
    expect(results.map((result) => result.status)).toEqual([
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
    expect(applied).toEqual([[1], [2, 3, 4], [2], [3], [4]]);
  });

  test('settled waits for what was added before, failed or not', async () => {
    const { queue, ends } = held();
    await queue.settled();
    queue.add([1]).catch(() => undefined);
    let settled = false;
    const waiting = queue.settled().then(() => {
      settled = true;
    });
    await turn();
    expect(settled).toBe(false);
    ends[0]!.fail(new Error('full'));
    await turn();
    ends[1]!.done();
    await waiting;
    expect(settled).toBe(true);
  });
});
