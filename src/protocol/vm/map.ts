/**
 * Persistent ordered maps: an AVL tree in the order of FATE terms, so that an update costs the logarithm of the size
 * and old versions stay usable.
 */
import { compareValues } from './order.ts';
import type { Value } from './value.ts';

interface Node {
  key: Value;
  value: Value;
  left: Node | null;
  right: Node | null;
  height: number;
}

export interface FateMap {
  kind: 'map';
  root: Node | null;
  size: number;
}

export const emptyMap: FateMap = { kind: 'map', root: null, size: 0 };

const heightOf = (node: Node | null): number => (node ? node.height : 0);

function join(key: Value, value: Value, left: Node | null, right: Node | null): Node {
  return { key, value, left, right, height: 1 + Math.max(heightOf(left), heightOf(right)) };
}

function balanced(key: Value, value: Value, left: Node | null, right: Node | null): Node {
  const tilt = heightOf(left) - heightOf(right);
  if (tilt > 1) {
    const l = left!;
    if (heightOf(l.left) >= heightOf(l.right))
      return join(l.key, l.value, l.left, join(key, value, l.right, right));
    const lr = l.right!;
    return join(lr.key, lr.value, join(l.key, l.value, l.left, lr.left), join(key, value, lr.right, right));
  }
  if (tilt < -1) {
    const r = right!;
    if (heightOf(r.right) >= heightOf(r.left))
      return join(r.key, r.value, join(key, value, left, r.left), r.right);
    const rl = r.left!;
    return join(rl.key, rl.value, join(key, value, left, rl.left), join(r.key, r.value, rl.right, r.right));
  }
  return join(key, value, left, right);
}

function insertInto(node: Node | null, key: Value, value: Value): Node {
  if (!node) return { key, value, left: null, right: null, height: 1 };
  const order = compareValues(key, node.key);
  if (order === 0) return { ...node, key, value };
  if (order < 0) return balanced(node.key, node.value, insertInto(node.left, key, value), node.right);
  return balanced(node.key, node.value, node.left, insertInto(node.right, key, value));
}

function deleteFrom(node: Node | null, key: Value): Node | null {
  if (!node) return null;
  const order = compareValues(key, node.key);
  if (order < 0) return balanced(node.key, node.value, deleteFrom(node.left, key), node.right);
  if (order > 0) return balanced(node.key, node.value, node.left, deleteFrom(node.right, key));
  if (!node.left) return node.right;
  if (!node.right) return node.left;
  let next = node.right;
  while (next.left) next = next.left;
  return balanced(next.key, next.value, node.left, deleteFrom(node.right, next.key));
}

export function mapGet(map: FateMap, key: Value): Value | undefined {
  let node = map.root;
  while (node) {
    const order = compareValues(key, node.key);
    if (order === 0) return node.value;
    node = order < 0 ? node.left : node.right;
  }
  return undefined;
}

export function mapPut(map: FateMap, key: Value, value: Value): FateMap {
  const size = mapGet(map, key) === undefined ? map.size + 1 : map.size;
  return { kind: 'map', root: insertInto(map.root, key, value), size };
}

export function mapDelete(map: FateMap, key: Value): FateMap {
  if (mapGet(map, key) === undefined) return map;
  return { kind: 'map', root: deleteFrom(map.root, key), size: map.size - 1 };
}

/** The entries in the order of their keys. */
export function* entriesOf(map: FateMap): Generator<[key: Value, value: Value]> {
  const path: Node[] = [];
  let node = map.root;
  while (node || path.length > 0) {
    while (node) {
      path.push(node);
      node = node.left;
    }
    const top = path.pop()!;
    yield [top.key, top.value];
    node = top.right;
  }
}

/** Of entries of which a later one replaces an earlier one of the same key. */
export function mapOf(entries: Iterable<readonly [Value, Value]>): FateMap {
  let map = emptyMap;
  for (const [key, value] of entries) map = mapPut(map, key, value);
  return map;
}
