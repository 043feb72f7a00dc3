/** Bit fields: integers read bit by bit, negative ones with infinitely many bits set. */
import { aborts } from '../abort.ts';
import { spendWork } from '../meter.ts';
import type { Bits, Value } from '../value.ts';
import { spendForBit } from './arithmetic.ts';
import { binary, type Group, type Run, resultOf, unary, wordsOf } from './op.ts';

const bits = (value: bigint): Bits => ({ kind: 'bits', value });
const isBits = (value: Value): value is Bits => typeof value === 'object' && value.kind === 'bits';

const constant =
  (value: bigint): Run =>
  (vm, args) => {
    vm.spendCells(1);
    if (args[0]) vm.set(args[0], bits(value));
    else vm.push(bits(value));
  };

/** Index in operand 2, paid for before anything is checked. */
const atIndex =
  (name: string, apply: (field: bigint, index: bigint) => Value): Run =>
  (vm, args) => {
    const field = vm.get(args[1]!);
    const index = vm.get(args[2]!);
    spendForBit(vm, index);
    vm.set(args[0]!, resultOf(vm, name, bitResult(field, index as bigint, apply), [field, index]));
  };

function bitResult(field: Value, index: bigint, apply: (field: bigint, index: bigint) => Value) {
  if (!isBits(field)) return undefined;
  return index < 0n ? aborts.arithmetic('negative_bit_position') : apply(field.value, index);
}

const combine = (name: string, apply: (a: bigint, b: bigint) => bigint): Run =>
  binary(name, (a, b) => {
    if (!isBits(a) || !isBits(b)) return undefined;
    spendWork(10 * (wordsOf(a.value) + wordsOf(b.value)));
    return bits(apply(a.value, b.value));
  });

/** The number of set bits of a finite field. */
function count(value: bigint): bigint {
  spendWork(1000 * wordsOf(value));
  let sum = 0;
  for (const digit of value.toString(2)) if (digit === '1') sum++;
  return BigInt(sum);
}

function allN(n: Value): Value {
  const length = n as bigint;
  // the chain shifts to the right by a negative number
  return bits(length < 0n ? -1n : (1n << length) - 1n);
}

export const bitFields: Group = {
  BITS_NONE: constant(0n),
  BITS_NONEA: constant(0n),
  BITS_ALL: constant(-1n),
  BITS_ALLA: constant(-1n),
  BITS_ALL_N: (vm, args) => {
    const n = vm.get(args[1]!);
    spendForBit(vm, n);
    vm.set(args[0]!, allN(n));
  },
  BITS_SET: atIndex('bits_set', (field, index) => bits(field | (1n << index))),
  BITS_CLEAR: atIndex('bits_clear', (field, index) => bits(field & ~(1n << index))),
  BITS_TEST: atIndex('bits_test', (field, index) => (field & (1n << index)) > 0n),
  BITS_SUM: unary('bits_sum', (a) => {
    if (!isBits(a)) return undefined;
    return a.value < 0n ? aborts.arithmetic('bits_sum_on_infinite_set') : count(a.value);
  }),
  BITS_OR: combine('bits_union', (a, b) => a | b),
  BITS_AND: combine('bits_intersection', (a, b) => a & b),
  BITS_DIFF: combine('bits_difference', (a, b) => (a & b) ^ a),
};
