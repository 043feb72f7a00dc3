/** Calls by the meter: answers, coins, and who may do what. */
import { beforeEach, describe, expect, test } from 'vitest';
import { addressOf, ae, alice, Board, bob, carol } from './board.ts';

const price = ae / 1000n;
let board: Board;

beforeEach(() => {
  board = new Board();
  expect(board.create('Meter', 0n, addressOf(bob))).toMatchObject({ outcome: 'ok' });
});

const buy = (calls: bigint) => board.call(alice, 'buy', [], calls * price);
const ask = (number: number) => board.call(alice, 'factor', [number]);
const meter = () => {
  const [[, , left, used], , held] = board.look() as [bigint[], bigint, bigint];
  return { left, used, held };
};

describe('calls by the meter', () => {
  test('a call answers and pays the service for that call alone', () => {
    expect(buy(3n)).toEqual({ outcome: 'ok', value: 3n });
    expect(board.balance(bob)).toBe(10n * ae);
    expect(ask(91)).toEqual({ outcome: 'ok', value: 7n });
    expect(board.balance(bob)).toBe(10n * ae + price);
    expect(meter()).toEqual({ left: 2n, used: 1n, held: 2n * price });
  });

  test.each([
    [2, 2n],
    [9, 3n],
    [999_983, 999_983n],
    [994_009, 997n],
    [1_000_000, 2n],
  ])('the smallest factor of %i is %s', (number, factor) => {
    buy(1n);
    expect(ask(number)).toEqual({ outcome: 'ok', value: factor });
  });

  test('what is left is given back, once', () => {
    buy(5n);
    ask(15);
    expect(board.call(alice, 'refund')).toEqual({ outcome: 'ok', value: 4n });
    expect([board.balance(alice), board.balance(bob), board.held()]).toEqual([
      10n * ae - price,
      10n * ae + price,
      0n,
    ]);
    expect(board.call(alice, 'refund')).toMatchObject({ outcome: 'revert' });
  });

  test('without a bought call nothing is answered and nothing paid', () => {
    expect(ask(15)).toEqual({ outcome: 'revert', value: 'No calls are left: buy some' });
    expect(board.balance(bob)).toBe(10n * ae);
  });

  test('a question that cannot be answered costs nothing', () => {
    buy(1n);
    for (const number of [-5, 0, 1, 1_000_001])
      expect(ask(number)).toEqual({ outcome: 'revert', value: 'Give a number from 2 to 1000000' });
    expect(meter()).toEqual({ left: 1n, used: 0n, held: price });
  });

  test('only whole calls are sold', () => {
    expect(board.call(alice, 'buy', [], price + 1n)).toMatchObject({ outcome: 'revert' });
    expect(board.call(alice, 'buy', [], 0n)).toMatchObject({ outcome: 'revert' });
    expect(board.held()).toBe(0n);
  });

  test('only the customer buys, asks and is paid back', () => {
    buy(2n);
    expect(board.call(bob, 'buy', [], price)).toMatchObject({ outcome: 'revert' });
    expect(board.call(bob, 'factor', [15])).toMatchObject({ outcome: 'revert' });
    expect(board.call(bob, 'refund')).toMatchObject({ outcome: 'revert' });
    expect(board.held()).toBe(2n * price);
  });

  test('a meter is not made for oneself, nor with coins in it', () => {
    expect(new Board().create('Meter', 0n, addressOf(alice)).outcome).toBe('refused');
    expect(new Board().create('Meter', price, addressOf(bob)).outcome).toBe('refused');
  });

  test('the service that the customer named is paid, and nobody else', () => {
    board = new Board();
    board.create('Meter', 0n, addressOf(carol));
    buy(1n);
    expect(ask(15)).toEqual({ outcome: 'ok', value: 3n });
    expect([board.balance(bob), board.balance(carol)]).toEqual([10n * ae, price]);
  });
});
