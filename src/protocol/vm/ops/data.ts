/** Tuples, variants and lists. */
import { aborts } from '../abort.ts';
import { Crash } from '../failure.ts';
import { cons, isList, itemsOf, listOf, nil, tuple, type Value } from '../value.ts';
import type { Vm } from '../vm.ts';
import { binary, fate2, type Group, unary } from './op.ts';

/** The n topmost, the top last. */
function popItems(vm: Vm, count: number): Value[] {
  const items: Value[] = [];
  for (let i = 0; i < count; i++) items.push(vm.pop());
  return items.reverse();
}

const isIndex = (value: Value): value is bigint => typeof value === 'bigint' && value >= 0n;

function makeVariant(vm: Vm, arities: Value, tag: Value, count: Value): Value {
  const wrong = () => vm.abort(aborts.typeError('make_variant', [arities, tag, count]));
  if (!isList(arities) || !isIndex(tag) || !isIndex(count) || tag >= BigInt(arities.length)) return wrong();
  const sizes = [...itemsOf(arities)];
  if (sizes.some((size) => typeof size !== 'bigint' || size > 255n || size < -255n)) return wrong();
  if (sizes[Number(tag)] !== count) return wrong();
  const items = popItems(vm, Number(count));
  vm.spendCells(2 * sizes.length + items.length + 4);
  return { kind: 'variant', arities: sizes.map(Number), tag: Number(tag), items };
}

export const data: Group = {
  TUPLE: (vm, args) => {
    const size = args[1]!.value;
    if (!isIndex(size)) throw vm.abort(aborts.badTupleSize(size));
    const items: Value[] = [];
    for (let i = 0n; i < size; i++) items.push(vm.pop());
    vm.spendCells(items.length + 2);
    vm.set(args[0]!, tuple(items.reverse()));
  },
  ELEMENT: (vm, args) => {
    const index = vm.get(args[1]!);
    const from = vm.get(args[2]!);
    if (!isIndex(index) || typeof from !== 'object' || from.kind !== 'tuple')
      throw vm.abort(aborts.typeError('element', [index, from]));
    if (index >= BigInt(from.items.length)) throw vm.abort(aborts.badIndex(index));
    vm.set(args[0]!, from.items[Number(index)]!);
  },
  SETELEMENT: (vm, args) => {
    const index = vm.get(args[1]!);
    const from = vm.get(args[2]!);
    const item = vm.get(args[3]!);
    if (!isIndex(index) || typeof from !== 'object' || from.kind !== 'tuple')
      throw new Crash('bad arguments to setelement');
    if (index >= BigInt(from.items.length)) throw vm.abort(aborts.badIndex(index));
    vm.spendCells(from.items.length + 2);
    vm.set(args[0]!, tuple(from.items.with(Number(index), item)));
  },
  VARIANT: (vm, args) => {
    const [arities, tag, count] = [vm.get(args[1]!), vm.get(args[2]!), vm.get(args[3]!)];
    vm.set(args[0]!, makeVariant(vm, arities, tag, count));
  },
  VARIANT_TEST: binary('variant_test', (a, tag) =>
    typeof a === 'object' && a.kind === 'variant' && isIndex(tag) ? BigInt(a.tag) === tag : undefined,
  ),
  VARIANT_ELEMENT: binary('variant_element', (a, index) =>
    typeof a === 'object' && a.kind === 'variant' && isIndex(index) ? a.items[Number(index)] : undefined,
  ),
  NIL: (vm, args) => vm.set(args[0]!, nil),
  IS_NIL: unary('is_nil', (a) => (isList(a) ? a.kind === 'nil' : undefined)),
  CONS: (vm, args) => {
    binary('cons', (head, tail) => (isList(tail) ? cons(head, tail) : undefined))(vm, args);
    vm.spendCells(2);
  },
  HD: unary('hd', (a) => (isList(a) ? (a.kind === 'nil' ? aborts.headOfNil : a.head) : undefined)),
  TL: unary('tl', (a) => (isList(a) ? (a.kind === 'nil' ? aborts.tailOfNil : a.tail) : undefined)),
  LENGTH: (vm, args) => {
    if (vm.vmVersion >= fate2) throw vm.abort(aborts.primopError('length', 'not_supported'));
    unary('length', (a) => (isList(a) ? BigInt(a.length) : undefined))(vm, args);
  },
  APPEND: (vm, args) => {
    const a = vm.get(args[1]!);
    const b = vm.get(args[2]!);
    if (!isList(a) || !isList(b)) throw vm.abort(aborts.typeError('append', [a, b]));
    // the chain pays after it copied; paying first is the same, but never copies what nobody pays for
    vm.set(args[0]!, listOf([...itemsOf(a)], b));
    vm.spendCells(2 * a.length);
  },
};
