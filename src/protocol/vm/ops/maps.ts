/** Maps: whole ones, and those in the store with the changes on top. */
import { aborts } from '../abort.ts';
import { Crash } from '../failure.ts';
import { emptyMap, entriesOf, type FateMap, mapDelete, mapGet, mapPut } from '../map.ts';
import { spendWork } from '../meter.ts';
import { isTombstone } from '../store-maps.ts';
import {
  isList,
  isMap,
  isStoreMap,
  itemsOf,
  listOf,
  type StoreMap,
  tombstone,
  tuple,
  type Value,
} from '../value.ts';
import type { Vm } from '../vm.ts';
import { binary, type Group, ternary } from './op.ts';

type AnyMap = FateMap | StoreMap;

function mapFor(vm: Vm, name: string, value: Value): AnyMap {
  if (!isMap(value) && !isStoreMap(value)) throw vm.abort(aborts.badMap(name, value));
  return value;
}

function lookup(vm: Vm, map: AnyMap, key: Value): Value | undefined {
  if (isMap(map)) return mapGet(map, key);
  const cached = mapGet(map.cache, key);
  if (cached === undefined) return vm.storeLookup(map.id, key);
  return isTombstone(cached) ? undefined : cached;
}

function sizeOf(vm: Vm, map: AnyMap): number {
  if (isMap(map)) return map.size;
  let size = vm.storeMapSize(map.id);
  // paid before it is counted
  vm.spendStoreReads(map.cache.size);
  for (const [key, value] of entriesOf(map.cache)) {
    const known = vm.storeHas(map.id, key);
    if (isTombstone(value)) size -= known ? 1 : 0;
    else size += known ? 0 : 1;
  }
  return size;
}

/** The map in one piece. */
function whole(vm: Vm, map: AnyMap): FateMap {
  if (isMap(map)) return map;
  vm.spendStoreReads(vm.storeMapSize(map.id));
  let all = vm.loadStoreMap(map.id);
  for (const [key, value] of entriesOf(map.cache))
    all = isTombstone(value) ? mapDelete(all, key) : mapPut(all, key, value);
  return all;
}

export const maps: Group = {
  MAP_EMPTY: (vm, args) => {
    vm.set(args[0]!, emptyMap);
    vm.spendCells(2);
  },
  MAP_LOOKUP: (vm, args) => {
    const [map, key] = [vm.get(args[1]!), vm.get(args[2]!)];
    const value = lookup(vm, mapFor(vm, 'map_lookup', map), key);
    if (value === undefined) throw vm.abort(aborts.missingKey);
    vm.set(args[0]!, value);
  },
  MAP_LOOKUPD: (vm, args) => {
    const [map, key, otherwise] = [vm.get(args[1]!), vm.get(args[2]!), vm.get(args[3]!)];
    vm.set(args[0]!, lookup(vm, mapFor(vm, 'map_lookupd', map), key) ?? otherwise);
  },
  MAP_MEMBER: (vm, args) => {
    const [value, key] = [vm.get(args[1]!), vm.get(args[2]!)];
    vm.set(args[0]!, lookup(vm, mapFor(vm, 'map_member', value), key) !== undefined);
  },
  MAP_UPDATE: (vm, args) => {
    ternary('map_update', (map, key, value) => {
      if (isMap(map) && !isMap(key)) return mapPut(map, key, value);
      return isStoreMap(map) ? { ...map, cache: mapPut(map.cache, key, value) } : undefined;
    })(vm, args);
    vm.spendCells(2);
  },
  MAP_DELETE: binary('map_delete', (map, key) => {
    if (isMap(map) && !isMap(key)) return mapDelete(map, key);
    return isStoreMap(map) ? { ...map, cache: mapPut(map.cache, key, tombstone) } : undefined;
  }),
  MAP_FROM_LIST: (vm, args) => {
    const list = vm.get(args[1]!);
    if (!isList(list)) throw vm.abort(aborts.typeError('map_from_list', [list]));
    spendWork(100 * list.length);
    let map = emptyMap;
    for (const pair of itemsOf(list)) {
      if (typeof pair !== 'object' || pair.kind !== 'tuple') continue;
      if (pair.items.length !== 2) throw new Crash('a map is made of pairs');
      map = mapPut(map, pair.items[0]!, pair.items[1]!);
    }
    vm.set(args[0]!, map);
    vm.spendCells(map.size + 2);
  },
  MAP_SIZE: (vm, args) => {
    const map = vm.get(args[1]!);
    vm.set(args[0]!, BigInt(sizeOf(vm, mapFor(vm, 'map_size', map))));
  },
  MAP_TO_LIST: (vm, args) => {
    const map = whole(vm, mapFor(vm, 'map_to_list', vm.get(args[1]!)));
    vm.set(args[0]!, listOf([...entriesOf(map)].map(tuple)));
    vm.spendCells(2 * map.size);
  },
};
