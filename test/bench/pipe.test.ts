import { expect, test } from 'vitest';
import { pipe } from '../../bench/pipe.ts';
import { median, quantile } from '../../bench/statistics.ts';
import type { Link } from '../../src/engine/ports.ts';

const keys = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)] as const;
const turn = () => new Promise((resolve) => setTimeout(resolve, 0));

async function linked(): Promise<[Link, Link]> {
  const [a, b] = pipe(...keys);
  const incoming = new Promise<Link>((resolve) => b.onLink(resolve));
  return [await a.connect(keys[1], []), await incoming];
}

test('a pipe carries bytes both ways, in order, also those that came before there was a handler', async () => {
  const [a, b] = await linked();
  a.send(Uint8Array.of(1));
  a.send(Uint8Array.of(2));
  await turn();
  const got: number[] = [];
  b.onData((chunk) => got.push(...chunk));
  a.send(Uint8Array.of(3));
  a.onData((chunk) => got.push(...chunk));
  b.send(Uint8Array.of(4));
  await turn();
  expect(got).toEqual([1, 2, 3, 4]);
});

test('each end knows the other’s key, and closing one closes both once', async () => {
  const [a, b] = await linked();
  expect([a.peer, b.peer]).toEqual([keys[1], keys[0]]);
  expect([a.dialled, b.dialled]).toEqual([true, false]);
  const closed: string[] = [];
  a.onClose(() => closed.push('a'));
  b.onClose(() => closed.push('b'));
  b.close();
  a.close();
  expect(closed.sort()).toEqual(['a', 'b']);
});

test('nobody else can be reached', async () => {
  const [a] = pipe(...keys);
  await expect(a.connect(new Uint8Array(32).fill(3), [])).rejects.toThrow('there is one peer only');
});

test('quantiles are values that were measured', () => {
  const values = [5, 1, 4, 2, 3];
  expect(median(values)).toBe(3);
  expect(quantile(values, 0)).toBe(1);
  expect(quantile(values, 0.99)).toBe(5);
  expect(values).toEqual([5, 1, 4, 2, 3]);
  expect(median([])).toBeNaN();
});
