/** Gas for walking through a value: counted in thousandths, rounded up once for each walk. */
import { Crash } from './failure.ts';
import { entriesOf, type FateMap } from './map.ts';
import type { Type } from './types.ts';
import { unit, type Value } from './value.ts';

export interface CostModel {
  /** for each node */
  node: number;
  /** for each byte of a leaf */
  leaf: number;
  /** for each entry of a store map */
  unfold: number;
}
/** In thousandths of gas. */
export const costModels = {
  simple: { node: 800, leaf: 0, unfold: 0 },
  serial: { node: 800, leaf: 300, unfold: 0 },
  unfold: { node: 800, leaf: 0, unfold: 20_000_000 },
  unfoldCompare: { node: 800, leaf: 4, unfold: 20_000_000 },
  unfoldSerial: { node: 800, leaf: 300, unfold: 20_000_000 },
  final: { node: 800, leaf: 1000, unfold: 0 },
} as const satisfies Record<string, CostModel>;

/** How to look into a map that lies in the store. */
export interface StoreMaps {
  size(id: number): number;
  load(id: number): Value;
}
/** Store maps are not looked into. */
const closed: StoreMaps = { size: () => 0, load: () => unit };

/**
 * In whole gas; more than `limit` where it is more than that, without having walked through everything.
 * @throws Crash where the value may not be walked through
 */
export function traversalCost(
  value: Value,
  model: CostModel,
  limit: number,
  maps: StoreMaps = closed,
): number {
  const most = limit * 1000;
  let cost = 0;
  const left: Value[] = [value];
  while (left.length > 0) {
    if (cost > most) return limit + 1;
    cost += stepCost(left.pop()!, model, maps, left, most - cost);
  }
  return Math.ceil(cost / 1000);
}

function stepCost(value: Value, model: CostModel, maps: StoreMaps, left: Value[], limit: number): number {
  if (typeof value !== 'object') {
    if (model.leaf === 0) return model.node;
    return model.node + model.leaf * (typeof value === 'boolean' ? 1 : byteLength(value));
  }
  switch (value.kind) {
    case 'tuple':
      if (value.items.length === 0) return model.node + model.leaf;
      for (const item of value.items) left.push(item);
      return model.node * (value.items.length + 2);
    case 'variant':
      for (const item of value.items) left.push(item);
      return model.node * (value.items.length + 2);
    case 'nil':
      return model.node;
    case 'cons':
      left.push(value.tail, value.head);
      return model.node;
    case 'map':
      return mapCost(value, model, left);
    case 'store_map': {
      const own = maps.size(value.id) * model.unfold + model.node;
      if (own > limit) return own;
      left.push(maps.load(value.id));
      return own + mapCost(value.cache, model, left);
    }
    case 'bits':
      return model.node + model.leaf * byteLength(value.value);
    case 'string':
    case 'bytes':
      return model.node + model.leaf * value.bytes.length;
    case 'tombstone':
      return model.node + model.leaf;
    case 'typerep':
      return model.node + typeCost(value.type, model);
    case 'contract_bytearray':
    case 'void':
      throw new Crash(`a ${value.kind} may not be walked through`);
    default:
      return model.node + model.leaf * 32;
  }
}

function mapCost(map: FateMap, model: CostModel, left: Value[]): number {
  for (const [key, value] of entriesOf(map)) left.push(key, value);
  return model.node * (map.size + 1);
}

function typeCost(type: Type, model: CostModel): number {
  if (typeof type === 'number') throw new Crash('an inferred type may not be walked through');
  switch (type.is) {
    case 'tuple':
    case 'variant':
      return type.items.reduce<number>((sum, item) => sum + typeCost(item, model), model.node + model.leaf);
    case 'list':
      return model.node + typeCost(type.item, model);
    case 'map':
      return model.node + typeCost(type.key, model) + typeCost(type.value, model);
    case 'any':
    case 'tvar':
    case 'bytes':
    case 'oracle_query':
      throw new Crash(`the type ${type.is} may not be walked through`);
    default:
      return model.leaf;
  }
}

/** Bytes of the magnitude, at least 1. */
function byteLength(value: bigint): number {
  const magnitude = value < 0n ? -value : value;
  if (magnitude < 256n) return 1;
  return Math.ceil(magnitude.toString(16).length / 2);
}
