/**
 * Values and types as the Erlang terms by which the chain's node holds them, one level at a time. Error texts print
 * them, and the texts are part of the state.
 */
import { entriesOf } from './map.ts';
import { compareTerms } from './order.ts';
import type { Type } from './types.ts';
import type { List, Value } from './value.ts';

export type TermView =
  | { is: 'int'; value: bigint }
  | { is: 'atom'; name: string }
  | { is: 'bin'; bytes: Uint8Array }
  | { is: 'tuple'; items: readonly (() => TermView)[] }
  | { is: 'list'; next(): { head: () => TermView; tail: TermView & { is: 'list' } } | undefined }
  | { is: 'map'; size: number; entries(): readonly (readonly [() => TermView, () => TermView])[] };

export const atom = (name: string): TermView => ({ is: 'atom', name });
export const int = (value: bigint | number): TermView => ({ is: 'int', value: BigInt(value) });
export const termTuple = (...items: readonly TermView[]): TermView => ({
  is: 'tuple',
  items: items.map((item) => () => item),
});

export function termList(items: readonly (() => TermView)[], from = 0): TermView & { is: 'list' } {
  return {
    is: 'list',
    next: () => (from < items.length ? { head: items[from]!, tail: termList(items, from + 1) } : undefined),
  };
}

function viewOfList(list: List): TermView & { is: 'list' } {
  return {
    is: 'list',
    next: () =>
      list.kind === 'cons' ? { head: () => viewOf(list.head), tail: viewOfList(list.tail) } : undefined,
  };
}

const tagged = (name: string, ...rest: readonly (() => TermView)[]): TermView => ({
  is: 'tuple',
  items: [() => atom(name), ...rest],
});
const tupleOf = (items: readonly Value[]): TermView => ({
  is: 'tuple',
  items: items.map((item) => () => viewOf(item)),
});

export function viewOf(value: Value): TermView {
  if (typeof value === 'bigint') return { is: 'int', value };
  if (typeof value === 'boolean') return atom(value ? 'true' : 'false');
  switch (value.kind) {
    case 'string':
      return { is: 'bin', bytes: value.bytes };
    case 'bits':
      return tagged('bits', () => int(value.value));
    case 'tuple':
      return tagged('tuple', () => tupleOf(value.items));
    case 'variant':
      return tagged(
        'variant',
        () => termList(value.arities.map((arity) => () => int(arity))),
        () => int(value.tag),
        () => tupleOf(value.items),
      );
    case 'nil':
    case 'cons':
      return viewOfList(value);
    case 'map':
      return {
        is: 'map',
        size: value.size,
        entries: () =>
          [...entriesOf(value)]
            .sort(([a], [b]) => compareTerms(a, b))
            .map(([key, entry]) => [() => viewOf(key), () => viewOf(entry)]),
      };
    case 'store_map':
      return tagged(
        'store_map',
        () => viewOf(value.cache),
        () => int(value.id),
      );
    case 'typerep':
      return tagged('typerep', () => viewOfType(value.type));
    case 'void':
      return atom('void');
    case 'tombstone':
      return atom('__DELETED__');
    default:
      return tagged(value.kind, () => ({ is: 'bin', bytes: value.bytes }));
  }
}

export function viewOfType(type: Type): TermView {
  if (typeof type === 'number') return int(type);
  switch (type.is) {
    case 'list':
      return tagged('list', () => viewOfType(type.item));
    case 'map':
      return tagged(
        'map',
        () => viewOfType(type.key),
        () => viewOfType(type.value),
      );
    case 'tuple':
    case 'variant':
      return tagged(type.is, () => termList(type.items.map((item) => () => viewOfType(item))));
    case 'bytes':
      return tagged('bytes', () => (type.size === undefined ? atom('any') : int(type.size)));
    case 'tvar':
      return tagged('tvar', () => int(type.id));
    default:
      return atom(type.is);
  }
}
