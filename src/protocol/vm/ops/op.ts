/** What instructions share. */
import type { Abort } from '../abort.ts';
import { aborts } from '../abort.ts';
import type { Operand } from '../bytecode.ts';
import type { Value } from '../value.ts';
import type { Vm } from '../vm.ts';

/** What follows an instruction: the next one (nothing), the block that `vm.block` names, or the end. */
export type Flow = 'jump' | 'stop' | undefined;
/** Runs one instruction whose base gas is paid. */
// biome-ignore lint/suspicious/noConfusingVoidType: most instructions return nothing
export type Run = (vm: Vm, args: readonly Operand[]) => Flow | void;
export type Group = Readonly<Record<string, Run>>;

/** FATE 2 (Iris) and FATE 3 (Ceres). */
export const fate2 = 7;
export const fate3 = 8;

/** The instruction from this version of the VM on. */
export const since =
  (version: number, name: string, run: Run): Run =>
  (vm, args) => {
    if (vm.vmVersion < version) throw vm.abort(aborts.primopError(name, 'not_supported'));
    return run(vm, args);
  };

/** Reads operand 1, writes the result to operand 0. */
export const unary =
  (name: string, apply: (a: Value, vm: Vm) => Value | Abort | undefined): Run =>
  (vm, args) => {
    const a = vm.get(args[1]!);
    vm.set(args[0]!, resultOf(vm, name, apply(a, vm), [a]));
  };

/** Reads operands 1 and 2, writes the result to operand 0. */
export const binary =
  (name: string, apply: (a: Value, b: Value, vm: Vm) => Value | Abort | undefined): Run =>
  (vm, args) => {
    const a = vm.get(args[1]!);
    const b = vm.get(args[2]!);
    vm.set(args[0]!, resultOf(vm, name, apply(a, b, vm), [a, b]));
  };

/** Reads operands 1 to 3, writes the result to operand 0. */
export const ternary =
  (name: string, apply: (a: Value, b: Value, c: Value, vm: Vm) => Value | Abort | undefined): Run =>
  (vm, args) => {
    const a = vm.get(args[1]!);
    const b = vm.get(args[2]!);
    const c = vm.get(args[3]!);
    vm.set(args[0]!, resultOf(vm, name, apply(a, b, c, vm), [a, b, c]));
  };

/** The result, unless it is an error, or nothing: operands of the wrong type. */
export function resultOf(
  vm: Vm,
  name: string,
  result: Value | Abort | undefined,
  args: readonly Value[],
): Value {
  if (result === undefined) throw vm.abort(aborts.typeError(name, args));
  if (typeof result === 'object' && 'format' in result) throw vm.abort(result);
  return result;
}

/** Words of 64 bits that an integer fills, at least 1. */
export function wordsOf(value: bigint): number {
  const magnitude = value < 0n ? -value : value;
  if (magnitude < 0x10000000000000000n) return 1;
  return Math.ceil(magnitude.toString(16).length / 16);
}
