/** Jumps, local calls and returns, the stack. */
import { aborts } from '../abort.ts';
import { Crash } from '../failure.ts';
import { isBlob, isList, itemsOf, type Value, type Variant } from '../value.ts';
import type { Vm } from '../vm.ts';
import type { Flow, Group, Run } from './op.ts';

const leave = (vm: Vm): Flow => (vm.return() ? 'stop' : 'jump');

/** The loop finds out whether there is such a block. */
function jumpTo(vm: Vm, block: Value): Flow {
  vm.block = typeof block === 'bigint' && block >= 0n && block < 2n ** 32n ? Number(block) : -1;
  vm.target = block;
  return 'jump';
}

function variantOf(vm: Vm, value: Value): Variant {
  if (typeof value !== 'object' || value.kind !== 'variant')
    throw vm.abort(aborts.valueNotOfType(value, 'variant'));
  return value;
}

const switchOf =
  (size: number): Run =>
  (vm, args) => {
    const { arities, tag } = variantOf(vm, vm.get(args[0]!));
    if (arities.length !== size) throw vm.abort(aborts.badVariantSize(arities.length));
    return jumpTo(vm, args[tag + 1]!.value);
  };

function call(vm: Vm, id: Value, isTail: boolean): Flow {
  const fn = vm.function(id);
  const args = vm.popArgs(fn.args.length);
  if (!isTail) vm.pushReturnAddress();
  vm.bindArgs(args);
  // from FATE 2 on a contract may not call its own init
  vm.enterFunction(id, vm.vmVersion < 7);
  return 'jump';
}

function duplicate(vm: Vm, depth: Value): void {
  const isDepth = typeof depth === 'bigint' && depth >= 0n && depth <= BigInt(vm.stackSize);
  if (!isDepth || !vm.duplicate(Number(depth))) throw new Crash('the stack has nothing to duplicate');
}

export const control: Group = {
  RETURN: leave,
  RETURNR: (vm, args) => {
    vm.push(vm.get(args[0]!));
    return leave(vm);
  },
  CALL: (vm, args) => call(vm, vm.get(args[0]!), false),
  CALL_T: (vm, args) => call(vm, vm.get(args[0]!), true),
  JUMP: (vm, args) => jumpTo(vm, args[0]!.value),
  JUMPIF: (vm, args) => {
    const condition = vm.get(args[0]!);
    if (typeof condition !== 'boolean') throw vm.abort(aborts.valueNotOfType(condition, 'boolean'));
    return condition ? jumpTo(vm, args[1]!.value) : undefined;
  },
  SWITCH_V2: switchOf(2),
  SWITCH_V3: switchOf(3),
  SWITCH_VN: (vm, args) => {
    const blocks = args[1]!.value;
    if (!isList(blocks)) throw new Crash('a switch has no list of blocks');
    const { arities, tag } = variantOf(vm, vm.get(args[0]!));
    if (arities.length !== blocks.length) throw vm.abort(aborts.badVariantTag(tag));
    return jumpTo(vm, [...itemsOf(blocks)][tag]!);
  },
  CALL_VALUE: (vm, args) => vm.set(args[0]!, vm.callValue),
  PUSH: (vm, args) => vm.push(vm.get(args[0]!)),
  DUPA: (vm) => duplicate(vm, 0n),
  DUP: (vm, args) => duplicate(vm, vm.get(args[0]!)),
  POP: (vm, args) => vm.set(args[0]!, vm.pop()),
  STORE: (vm, args) => vm.set(args[0]!, vm.get(args[1]!)),
  ABORT: (vm, args) => {
    const reason = vm.get(args[0]!);
    if (!isBlob(reason, 'string')) throw vm.abort(aborts.valueNotOfType(reason, 'string'));
    vm.revert(reason.bytes);
  },
  EXIT: (vm, args) => {
    const reason = vm.get(args[0]!);
    if (!isBlob(reason, 'string')) throw vm.abort(aborts.valueNotOfType(reason, 'string'));
    vm.exit(reason.bytes);
  },
  NOP: () => undefined,
  DEACTIVATE: (vm) => vm.abort(aborts.notImplemented('microblock')),
};
