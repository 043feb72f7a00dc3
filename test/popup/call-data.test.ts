/** A contract call in words: what the site says counts only where it fits what is signed. */
import { describe, expect, test } from 'vitest';
import { readCall, valueText } from '../../src/popup/call-data.ts';
import { aci, callData, idOf, yes } from './fixture/contract.ts';

const json = JSON.stringify(aci);
const changed = (change: (fn: (typeof aci)[0]['contract']['functions'][0]) => object) =>
  JSON.stringify([
    {
      contract: {
        ...aci[0]!.contract,
        functions: aci[0]!.contract.functions.map((fn) => ({ ...fn, ...change(fn) })),
      },
    },
  ]);

describe('an ACI that fits', () => {
  test('names the function and its arguments', () => {
    expect(readCall(json, idOf('play'), callData)).toMatchObject({
      contract: 'TicTacToe',
      name: 'play',
      args: [
        { name: 'field', value: '4' },
        { name: 'by', value: expect.stringMatching(/^ak_2swhL/) },
        { name: 'remark', value: '"mine"' },
      ],
    });
  });
  test('tells what a result means, and nothing of one of another type', () => {
    const call = readCall(json, idOf('play'), callData)!;
    expect(call.resultOf(yes)).toBe('true');
    expect(call.resultOf('cb_nonsense')).toBeNull();
  });
});

describe('an ACI that does not fit tells nothing', () => {
  test.each([
    ['another function’s name', changed(() => ({ name: 'win' }))],
    [
      'another type',
      changed((fn) => ({ arguments: [{ name: 'field', type: 'string' }, ...fn.arguments.slice(1)] })),
    ],
    ['an argument less', changed((fn) => ({ arguments: fn.arguments.slice(1) }))],
    ['an argument more', changed((fn) => ({ arguments: [...fn.arguments, { name: 'x', type: 'int' }] }))],
    ['no contract', '[]'],
    ['no JSON', '{'],
    ['something else', '[{"contract":{"name":1}}]'],
  ])('%s', (_, text) => {
    expect(readCall(text, idOf('play'), callData)).toBeNull();
  });
  test('another function hash', () => {
    expect(readCall(json, idOf('win'), callData)).toBeNull();
  });
});

test('values are written about as Sophia does', () => {
  const record = { board: new Map([[1n, 'x']]), turn: [true, undefined], hash: Uint8Array.of(1, 255) };
  expect(valueText(record)).toBe('{board: {[1] = "x"}, turn: [true, None], hash: #01ff}');
});
