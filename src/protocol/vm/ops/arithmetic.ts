/** Integers of any size. A result costs a cell for each word; POW and BSL pay before they compute. */
import { type Abort, aborts } from '../abort.ts';
import type { Operand } from '../bytecode.ts';
import { Crash } from '../failure.ts';
import { spendWork } from '../meter.ts';
import type { Value } from '../value.ts';
import type { Vm } from '../vm.ts';
import { fate3, type Group, type Run, resultOf, since, wordsOf } from './op.ts';

type Result = bigint | Abort;

/** Longer results the chain's node cannot hold. */
const maxBits = 1n << 26n;

const paid =
  (name: string, count: number, apply: (...values: bigint[]) => Result): Run =>
  (vm, args) => {
    const values = args.slice(1, count + 1).map((arg) => vm.get(arg));
    const allInts = values.every((value) => typeof value === 'bigint');
    if (allInts) spendForSize(values as bigint[]);
    const result = resultOf(vm, name, allInts ? apply(...(values as bigint[])) : undefined, values) as bigint;
    vm.spendCells(wordsOf(result));
    vm.set(args[0]!, result);
  };

/** Huge operands cost more than a small result is priced. */
function spendForSize(values: readonly bigint[]): void {
  const words = values.reduce((sum, value) => sum + wordsOf(value), 0);
  if (words > 32) spendWork(1000 * words);
}

const step =
  (by: bigint, operand: (args: readonly Operand[]) => Operand): Run =>
  (vm, args) => {
    const target = operand(args);
    const value = vm.get(target);
    if (typeof value !== 'bigint') throw vm.abort(aborts.valueNotOfType(value, 'integer'));
    vm.set(target, value + by);
  };
const accumulator: Operand = { mode: 'stack', value: 0n, key: 0 };

const shiftRight = (a: bigint, by: bigint): bigint => {
  if (by < 0n) return shiftLeft(a, -by);
  return by > maxBits ? (a < 0n ? -1n : 0n) : a >> by;
};
function shiftLeft(a: bigint, by: bigint): bigint {
  if (by < 0n) return shiftRight(a, -by);
  if (a === 0n) return 0n;
  if (by > maxBits) throw new Crash(`a shift by ${by} bits`);
  return a << by;
}

/** The cells for the index of a bit: one for each word below it, counted before the sign is looked at. */
export function spendForBit(vm: Vm, index: Value): void {
  if (typeof index !== 'bigint') throw new Crash('the index of a bit is no integer');
  const cells = index / 64n + 1n;
  if (cells > BigInt(vm.gas)) throw vm.abort(aborts.outOfGas);
  vm.spendCells(cells < -BigInt(vm.gas) ? -vm.gas - 1 : Number(cells));
}

function power(vm: Vm, base: bigint, exponent: bigint): bigint {
  let [a, b, result] = [base, exponent, 1n];
  while (b > 0n) {
    const isOdd = (b & 1n) === 1n;
    vm.spendCells(isOdd ? wordsOf(result) + 3 * wordsOf(a) : 2 * wordsOf(a));
    if (isOdd) result *= a;
    b >>= 1n;
    if (b > 0n) a *= a;
  }
  return result;
}

export const arithmetic: Group = {
  ADD: paid('add', 2, (a, b) => a! + b!),
  SUB: paid('sub', 2, (a, b) => a! - b!),
  MUL: paid('mul', 2, (a, b) => a! * b!),
  DIV: paid('div', 2, (a, b) => (b === 0n ? aborts.divisionByZero : a! / b!)),
  MOD: paid('mod', 2, (a, b) => (b === 0n ? aborts.modByZero : a! % b!)),
  MULMOD: since(
    fate3,
    'mulmod',
    paid('mulmod', 3, (a, b, q) => (q === 0n ? aborts.modByZero : (a! * b!) % q!)),
  ),
  BAND: since(
    fate3,
    'bin_and',
    paid('band', 2, (a, b) => a! & b!),
  ),
  BOR: since(
    fate3,
    'bin_or',
    paid('bor', 2, (a, b) => a! | b!),
  ),
  BXOR: since(
    fate3,
    'bin_xor',
    paid('bxor', 2, (a, b) => a! ^ b!),
  ),
  BNOT: since(
    fate3,
    'bin_not',
    paid('bnot', 1, (a) => ~a!),
  ),
  BSR: since(
    fate3,
    'bin_sr',
    paid('bsr', 2, (a, b) => shiftRight(a!, b!)),
  ),
  BSL: since(fate3, 'bin_sl', (vm, args) => {
    const a = vm.get(args[1]!);
    const by = vm.get(args[2]!);
    spendForBit(vm, by);
    const result = typeof a === 'bigint' ? shiftLeft(a, by as bigint) : undefined;
    vm.set(args[0]!, resultOf(vm, 'bsl', result, [a, by]));
  }),
  POW: (vm, args) => {
    const base = vm.get(args[1]!);
    const exponent = vm.get(args[2]!);
    if (typeof base !== 'bigint' || typeof exponent !== 'bigint') throw new Crash('a power of no integer');
    if (exponent < 0n) throw vm.abort(aborts.arithmetic('negative_exponent'));
    vm.set(args[0]!, power(vm, base, exponent));
  },
  INC: step(1n, ([target]) => target!),
  INCA: step(1n, () => accumulator),
  DEC: step(-1n, ([target]) => target!),
  DECA: step(-1n, () => accumulator),
};
