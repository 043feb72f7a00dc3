/** A contract call in words: what the site says counts only where it fits what is signed. */
import { AciContractCallEncoder } from '@aeternity/aepp-calldata';
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
    expect(readCall(json, idOf('play'), callData, null)).toMatchObject({
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
    const call = readCall(json, idOf('play'), callData, null)!;
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
    expect(readCall(text, idOf('play'), callData, null)).toBeNull();
  });
  test('another function hash', () => {
    expect(readCall(json, idOf('win'), callData, null)).toBeNull();
  });
});

describe('the name in the contract’s own table', () => {
  // Two names of one hash: found within seconds.
  const truth = 'pay_out_all_49028';
  const lie = 'get_refund_29033';
  const named = (name: string) => changed(() => ({ name, arguments: [{ name: 'n', type: 'int' }] }));
  const data = new AciContractCallEncoder(JSON.parse(named(truth))).encodeCall('TicTacToe', truth, [1n]);
  test('stands above what the page calls the function', () => {
    expect(idOf(lie)).toBe(idOf(truth));
    expect(readCall(named(lie), idOf(truth), data, truth)).toBeNull();
    expect(readCall(named(truth), idOf(truth), data, truth)).toMatchObject({ name: truth });
  });
  test('may be missing: then the page’s is all there is', () => {
    expect(readCall(named(lie), idOf(truth), data, null)).toMatchObject({ name: lie });
  });
});

test('values are written about as Sophia does', () => {
  const record = { board: new Map([[1n, 'x']]), turn: [true, undefined], hash: Uint8Array.of(1, 255) };
  expect(valueText(record)).toBe('{board: {[1] = "x"}, turn: [true, None], hash: #01ff}');
});
