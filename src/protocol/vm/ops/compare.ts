/** Comparison in FATE's order of any two values, and logic. */
import { aborts } from '../abort.ts';
import { compareValues } from '../order.ts';
import { costModels } from '../traversal.ts';
import { binary, type Group, type Run } from './op.ts';

const compare =
  (holds: (order: number) => boolean): Run =>
  (vm, args) => {
    const a = vm.unfold(vm.get(args[1]!), costModels.unfoldCompare);
    const b = vm.unfold(vm.get(args[2]!), costModels.unfoldCompare);
    vm.set(args[0]!, holds(compareValues(a, b)));
  };

const logic = (name: string, apply: (a: boolean, b: boolean) => boolean): Run =>
  binary(name, (a, b) => (typeof a === 'boolean' && typeof b === 'boolean' ? apply(a, b) : undefined));

export const comparison: Group = {
  LT: compare((order) => order < 0),
  GT: compare((order) => order > 0),
  EQ: compare((order) => order === 0),
  ELT: compare((order) => order <= 0),
  EGT: compare((order) => order >= 0),
  NEQ: compare((order) => order !== 0),
  AND: logic('and', (a, b) => a && b),
  OR: logic('or', (a, b) => a || b),
  NOT: (vm, args) => {
    const value = vm.get(args[1]!);
    if (typeof value !== 'boolean') throw vm.abort(aborts.valueNotOfType(value, 'boolean'));
    vm.set(args[0]!, !value);
  },
};
