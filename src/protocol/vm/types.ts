/**
 * FATE types and the checks at calls: the type of a value is inferred, then matched against the declared one.
 * Inference and intersection run on a heap stack, since values may nest as deep as gas allows.
 */
import { entriesOf } from './map.ts';
import { run, type Step } from './recursion.ts';
import { itemsOf, type Value } from './value.ts';

const simpleNames = [
  'any',
  'integer',
  'boolean',
  'string',
  'bits',
  'address',
  'contract',
  'oracle',
  'oracle_query',
  'channel',
  'contract_bytearray',
] as const;

/** A number stands for the arity of a constructor whose field types are unknown; only in inferred variants. */
export type Type =
  | { is: (typeof simpleNames)[number] }
  | { is: 'bytes'; size: bigint | undefined }
  | { is: 'tvar'; id: number }
  | { is: 'list'; item: Type }
  | { is: 'map'; key: Type; value: Type }
  | { is: 'tuple'; items: readonly Type[] }
  | { is: 'variant'; items: readonly Type[] }
  | number;

export type SimpleName = (typeof simpleNames)[number];
const simpleTypes = Object.fromEntries(simpleNames.map((is) => [is, { is }])) as Record<
  SimpleName,
  { is: SimpleName }
>;
export const simple = (is: SimpleName): Type => simpleTypes[is];
export const any = simple('any');

/** Types that the type variables stand for, by their id. */
export type Bindings = ReadonlyMap<number, Type>;
const noBindings: Bindings = new Map();

class Incompatible extends Error {}

/** The type of a value without inner structure. */
function leafType(value: Value): Type | undefined {
  if (typeof value === 'bigint') return simpleTypes.integer;
  if (typeof value === 'boolean') return simpleTypes.boolean;
  switch (value.kind) {
    case 'bytes':
      return { is: 'bytes', size: BigInt(value.bytes.length) };
    case 'channel':
    case 'contract_bytearray':
    case 'typerep':
    case 'tombstone':
    case 'void':
      throw new Incompatible();
    case 'store_map':
      return { is: 'map', key: any, value: any };
    case 'tuple':
    case 'variant':
    case 'nil':
    case 'cons':
    case 'map':
      return undefined;
    default:
      return simpleTypes[value.kind];
  }
}

function* infer(value: Value): Step<Type> {
  const leaf = leafType(value);
  if (leaf) return leaf;
  const compound = value as Extract<Value, { kind: 'tuple' | 'variant' | 'nil' | 'cons' | 'map' }>;
  switch (compound.kind) {
    case 'tuple':
    case 'variant': {
      if (compound.kind === 'variant' && compound.tag >= compound.arities.length) throw new Incompatible();
      const items: Type[] = [];
      for (const item of compound.items) items.push((leafType(item) ?? (yield infer(item))) as Type);
      const own: Type = { is: 'tuple', items };
      if (compound.kind === 'tuple') return own;
      return {
        is: 'variant',
        items: compound.arities.map((arity, tag) => (tag === compound.tag ? own : arity)),
      };
    }
    case 'map': {
      let [key, item]: [Type, Type] = [any, any];
      for (const [k, v] of entriesOf(compound)) {
        key = (yield intersect((leafType(k) ?? (yield infer(k))) as Type, key)) as Type;
        item = (yield intersect((leafType(v) ?? (yield infer(v))) as Type, item)) as Type;
      }
      return { is: 'map', key, value: item };
    }
    default: {
      let item: Type = any;
      for (const element of itemsOf(compound)) {
        const type = (leafType(element) ?? (yield infer(element))) as Type;
        if (item === any) item = type;
        else if (type !== item) item = (yield intersect(type, item)) as Type;
      }
      return { is: 'list', item };
    }
  }
}

function* intersect(a: Type, b: Type): Step<Type> {
  if (a === b) return a;
  if (typeof a === 'number' || typeof b === 'number') throw new Incompatible();
  if (b.is === 'any') return a;
  if (a.is === 'any') return b;
  if (a.is !== b.is) throw new Incompatible();
  switch (a.is) {
    case 'list':
      return { is: 'list', item: (yield intersect(a.item, (b as typeof a).item)) as Type };
    case 'map': {
      const other = b as typeof a;
      const key = (yield intersect(a.key, other.key)) as Type;
      return { is: 'map', key, value: (yield intersect(a.value, other.value)) as Type };
    }
    case 'tuple':
    case 'variant': {
      const other = b as typeof a;
      if (a.items.length !== other.items.length) throw new Incompatible();
      const items: Type[] = [];
      for (const [i, mine] of a.items.entries()) {
        const theirs = other.items[i]!;
        if (a.is === 'variant' && (typeof mine === 'number' || typeof theirs === 'number'))
          items.push(constructorOf(mine, theirs));
        else items.push((yield intersect(mine, theirs)) as Type);
      }
      return { is: a.is, items };
    }
    case 'bytes':
      if (a.size !== (b as typeof a).size) throw new Incompatible();
      return a;
    case 'tvar':
      if (a.id !== (b as typeof a).id) throw new Incompatible();
      return a;
    default:
      return a;
  }
}

/** Two views of one constructor, of which at least one knows only the number of its fields. */
function constructorOf(a: Type, b: Type): Type {
  if (a === b) return a;
  const [known, arity] = typeof a === 'number' ? [b, a] : [a, b];
  if (typeof known === 'number' || known.is !== 'tuple' || known.items.length !== arity)
    throw new Incompatible();
  return known;
}

/** Undefined where the value is of no type: one that may not pass a call. */
function inferType(value: Value): Type | undefined {
  try {
    return leafType(value) ?? run(infer(value));
  } catch (error) {
    if (error instanceof Incompatible) return undefined;
    throw error;
  }
}

/** @returns the bindings under which `actual` is of type `expected`, undefined where there are none */
export function matchType(expected: Type, actual: Type): Bindings | undefined {
  if (expected === actual) return noBindings;
  if (typeof expected === 'number' || typeof actual === 'number') return undefined;
  if (expected.is === 'any' || actual.is === 'any') return noBindings;
  if (expected.is === 'tvar') {
    if (actual.is === 'tvar' && actual.id === expected.id) return noBindings;
    return new Map([[expected.id, actual]]);
  }
  if (expected.is !== actual.is) return undefined;
  switch (expected.is) {
    case 'bytes':
      return expected.size === undefined || expected.size === (actual as typeof expected).size
        ? noBindings
        : undefined;
    case 'list':
      return matchType(expected.item, (actual as typeof expected).item);
    case 'map': {
      const other = actual as typeof expected;
      return mergeBindings(matchType(expected.key, other.key), matchType(expected.value, other.value));
    }
    case 'tuple':
    case 'variant': {
      const other = actual as typeof expected;
      if (expected.items.length !== other.items.length) return undefined;
      let bindings: Bindings | undefined = noBindings;
      for (const [i, item] of expected.items.entries()) {
        const theirs = other.items[i]!;
        const match = expected.is === 'variant' ? matchConstructor(item, theirs) : matchType(item, theirs);
        bindings = mergeBindings(match, bindings);
        if (!bindings) return undefined;
      }
      return bindings;
    }
    default:
      return noBindings;
  }
}

function matchConstructor(expected: Type, actual: Type): Bindings | undefined {
  if (expected === actual && typeof expected !== 'number' && expected.is === 'tuple') return noBindings;
  if (typeof expected === 'number' || expected.is !== 'tuple') return undefined;
  if (typeof actual === 'number') return expected.items.length === actual ? noBindings : undefined;
  return actual.is === 'tuple' ? matchType(expected, actual) : undefined;
}

export function mergeBindings(a: Bindings | undefined, b: Bindings | undefined): Bindings | undefined {
  if (!a || !b) return undefined;
  if (a.size === 0) return b;
  if (b.size === 0) return a;
  const merged = new Map(b);
  for (const [id, type] of a) {
    const other = merged.get(id);
    if (other === undefined) merged.set(id, type);
    else
      try {
        merged.set(id, run(intersect(other, type)));
      } catch (error) {
        if (error instanceof Incompatible) return undefined;
        throw error;
      }
  }
  return merged;
}

/** @returns the bindings under which the value is of the type, undefined where it is not */
export function checkType(type: Type, value: Value): Bindings | undefined {
  const actual = inferType(value);
  return actual === undefined ? undefined : matchType(type, actual);
}

/** The type with its variables replaced; unbound ones become `any`. */
export function instantiate(bindings: Bindings, type: Type): Type {
  if (typeof type === 'number') return type;
  switch (type.is) {
    case 'tvar':
      return bindings.get(type.id) ?? any;
    case 'list':
      return { is: 'list', item: instantiate(bindings, type.item) };
    case 'map':
      return {
        is: 'map',
        key: instantiate(bindings, type.key),
        value: instantiate(bindings, type.value),
      };
    case 'tuple':
    case 'variant':
      return { is: type.is, items: type.items.map((item) => instantiate(bindings, item)) };
    default:
      return type;
  }
}
