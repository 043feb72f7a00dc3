/**
 * Merkle Patricia tree as the chain's: keys are paths of nibbles, nodes are RLP lists, hash is BLAKE2b-256. A tree is
 * immutable: insert and delete give a new one that shares all but the changed path, and each node remembers its hash.
 */
import { compareBytes, concatBytes, equalBytes, toHex } from '../bytes.ts';
import { decodeRlp, encodeRlp, type Item } from '../chain/rlp.ts';
import { blake2b256 } from '../chain/signed.ts';
import { StateError } from './error.ts';

/** A path: one byte for each nibble, 0 to 15. */
type Path = Uint8Array;

interface Leaf {
  kind: 'leaf';
  path: Path;
  value: Uint8Array;
  reference?: Uint8Array;
}
interface Extension {
  kind: 'extension';
  /** not empty */
  path: Path;
  child: Branch;
  reference?: Uint8Array;
}
interface Branch {
  kind: 'branch';
  /** 16, by the next nibble */
  children: readonly (Node | null)[];
  /** of the key that ends here; empty: none */
  value: Uint8Array;
  reference?: Uint8Array;
}
type Node = Leaf | Extension | Branch;

/** A node of a proof: its hash, and the byte strings of its RLP list (2 of a leaf or extension, 17 of a branch). */
export type ProofNode = [hash: Uint8Array, items: Uint8Array[]];

const none = new Uint8Array();

/** A node as it is kept: its hash and its RLP. `node` is its identity, to be remembered as kept. */
export interface KeptNode {
  hash: Uint8Array;
  rlp: Uint8Array;
  node: object;
}

/** Entries of a tree, half bytes of all their keys, bytes of all their values. */
export interface Weight {
  entries: number;
  nibbles: number;
  bytes: number;
}

/** A key whose value differs between two trees; undefined where a tree lacks it. */
export interface Difference {
  key: Uint8Array;
  before: Uint8Array | undefined;
  after: Uint8Array | undefined;
}

export class Mpt {
  /** The tree with no entries. */
  static readonly empty = new Mpt(null);

  readonly #root: Node | null;
  #hash: Uint8Array | undefined;

  private constructor(root: Node | null) {
    this.#root = root;
  }

  /** 32 bytes; all zero for the empty tree. Do not change them. */
  get rootHash(): Uint8Array {
    this.#hash ??= this.#root ? hashOf(this.#root) : new Uint8Array(32);
    return this.#hash;
  }

  get isEmpty(): boolean {
    return this.#root === null;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    let node = this.#root;
    let path = nibblesOf(key);
    while (node) {
      if (node.kind === 'branch') {
        if (path.length === 0) return node.value.length > 0 ? node.value : undefined;
        node = node.children[path[0]!]!;
        path = path.subarray(1);
      } else {
        if (node.kind === 'leaf') return equalBytes(node.path, path) ? node.value : undefined;
        if (sharedLength(node.path, path) < node.path.length) return undefined;
        path = path.subarray(node.path.length);
        node = node.child;
      }
    }
    return undefined;
  }

  /**
   * The tree with this value at the key. The chain knows no empty value: it removes the key. The value is kept, not
   * copied, so do not change its bytes later.
   */
  insert(key: Uint8Array, value: Uint8Array): Mpt {
    if (value.length === 0) return this.delete(key);
    const root = this.#root;
    const next = root ? insertInto(root, nibblesOf(key), value) : leaf(nibblesOf(key), value);
    return next === root ? this : new Mpt(next);
  }

  /** The tree without the key; the same tree where it has none. */
  delete(key: Uint8Array): Mpt {
    const next = this.#root && deleteFrom(this.#root, nibblesOf(key));
    if (next === this.#root) return this;
    return next ? new Mpt(next) : Mpt.empty;
  }

  /** The entries whose keys begin with `prefix`, in the order of their keys. */
  *entries(prefix: Uint8Array = none): Generator<[key: Uint8Array, value: Uint8Array]> {
    if (this.#root) yield* entriesOf(this.#root, none, nibblesOf(prefix));
  }

  /**
   * The nodes that go by their hash and are not in `kept`, with which this tree can be read again (`read`). What is
   * below a kept node is taken for kept, so the cost follows from what changed.
   */
  *nodes(kept: { has(node: object): boolean } = keepsNone): Generator<KeptNode> {
    if (this.#root) yield* nodesOf(this.#root, true, kept);
  }

  /**
   * Reads the tree of this root hash from its nodes.
   * @param find the RLP of a node by its hash
   * @throws StateError where a node is missing or is no node
   */
  static read(rootHash: Uint8Array, find: (hash: Uint8Array) => Uint8Array | undefined): Mpt {
    return rootHash.every((byte) => byte === 0) ? Mpt.empty : new Mpt(readNode(rootHash, find));
  }

  /** How much there is to serialize. Nodes remember theirs, so that the cost follows from what changed. */
  get weight(): Weight {
    return this.#root ? weightOf(this.#root) : nothing;
  }

  /**
   * What differs from an earlier tree, in the order of the keys. What both share is not looked at. It goes down one
   * call for each nibble, so it is for trees of short keys, such as accounts.
   */
  *differences(before: Mpt): Generator<Difference> {
    yield* differencesOf(placeOf(before.#root), placeOf(this.#root), none);
  }

  /**
   * What one needs beside the root hash to look these keys up, sorted by hash as the chain wants it.
   * @throws StateError where the tree lacks a key
   */
  prove(keys: Iterable<Uint8Array>): ProofNode[] {
    const found = new Map<string, ProofNode>();
    for (const key of keys) {
      if (!this.get(key)) throw new StateError(`the tree has no key ${toHex(key)}: nothing proves it`);
      addProof(this.#root!, nibblesOf(key), true, found);
    }
    return [...found.values()].sort(([a], [b]) => compareBytes(a, b));
  }
}

function nibblesOf(key: Uint8Array): Path {
  const path = new Uint8Array(2 * key.length);
  for (let i = 0; i < key.length; i++) {
    path[2 * i] = key[i]! >> 4;
    path[2 * i + 1] = key[i]! & 15;
  }
  return path;
}

function keyOf(path: Path): Uint8Array {
  const key = new Uint8Array(path.length / 2);
  for (let i = 0; i < key.length; i++) key[i] = (path[2 * i]! << 4) | path[2 * i + 1]!;
  return key;
}

function sharedLength(a: Path, b: Path): number {
  const most = Math.min(a.length, b.length);
  let length = 0;
  while (length < most && a[length] === b[length]) length++;
  return length;
}

const leaf = (path: Path, value: Uint8Array): Leaf => ({ kind: 'leaf', path, value });

/** The branch, behind an extension where a path leads to it. */
const behind = (path: Path, child: Branch): Node =>
  path.length > 0 ? { kind: 'extension', path, child } : child;

/** A branch of at most two children, of which an empty path is its value. */
function fork(
  entries: readonly (readonly [path: Path, node: (rest: Path) => Node, value: Uint8Array])[],
): Branch {
  const children: (Node | null)[] = new Array(16).fill(null);
  let value: Uint8Array = none;
  for (const [path, node, own] of entries) {
    if (path.length === 0) value = own;
    else children[path[0]!] = node(path.subarray(1));
  }
  return { kind: 'branch', children, value };
}

function withChild(branch: Branch, at: number, child: Node | null): Branch {
  const children = branch.children.slice();
  children[at] = child;
  return { kind: 'branch', children, value: branch.value };
}

/** The same node where the value is there already. */
function insertInto(node: Node, path: Path, value: Uint8Array): Node {
  if (node.kind === 'branch') {
    if (path.length === 0)
      return equalBytes(node.value, value) ? node : { kind: 'branch', children: node.children, value };
    const old = node.children[path[0]!]!;
    const rest = path.subarray(1);
    const next = old ? insertInto(old, rest, value) : leaf(rest, value);
    return next === old ? node : withChild(node, path[0]!, next);
  }
  const length = sharedLength(node.path, path);
  const shared = path.subarray(0, length);
  const rest = path.subarray(length);
  if (node.kind === 'extension' && length === node.path.length) {
    const child = insertInto(node.child, rest, value) as Branch;
    return child === node.child ? node : { kind: 'extension', path: node.path, child };
  }
  if (node.kind === 'leaf' && length === node.path.length && rest.length === 0)
    return equalBytes(node.value, value) ? node : leaf(path, value);
  const added = [rest, (p: Path) => leaf(p, value), value] as const;
  const kept =
    node.kind === 'leaf'
      ? ([node.path.subarray(length), (p: Path) => leaf(p, node.value), node.value] as const)
      : ([node.path.subarray(length), (p: Path) => behind(p, node.child), none] as const);
  return behind(shared, fork([kept, added]));
}

/** The same node where it lacks the key, null where nothing is left. */
function deleteFrom(node: Node, path: Path): Node | null {
  if (node.kind === 'leaf') return equalBytes(node.path, path) ? null : node;
  if (node.kind === 'extension') {
    if (sharedLength(node.path, path) < node.path.length) return node;
    const child = deleteFrom(node.child, path.subarray(node.path.length))!;
    return child === node.child ? node : prefixed(node.path, child);
  }
  if (path.length === 0)
    return node.value.length === 0 ? node : reduced({ kind: 'branch', children: node.children, value: none });
  const old = node.children[path[0]!]!;
  const next = old && deleteFrom(old, path.subarray(1));
  if (next === old) return node;
  const branch = withChild(node, path[0]!, next);
  return next ? branch : reduced(branch);
}

/** A branch of one entry is no branch. */
function reduced(branch: Branch): Node {
  const used = branch.children.flatMap((child, at) => (child ? [{ child, at }] : []));
  if (used.length === 0) return leaf(none, branch.value);
  if (used.length > 1 || branch.value.length > 0) return branch;
  return prefixed(Uint8Array.of(used[0]!.at), used[0]!.child);
}

function prefixed(path: Path, node: Node): Node {
  if (node.kind === 'branch') return behind(path, node);
  const joined = concatBytes(path, node.path);
  return node.kind === 'leaf' ? leaf(joined, node.value) : behind(joined, node.child);
}

function* entriesOf(node: Node, before: Path, prefix: Path): Generator<[Uint8Array, Uint8Array]> {
  if (node.kind === 'branch') {
    if (prefix.length === 0 && node.value.length > 0) yield [keyOf(before), node.value];
    for (const [at, child] of node.children.entries())
      if (child && (prefix.length === 0 || prefix[0] === at))
        yield* entriesOf(child, concatBytes(before, Uint8Array.of(at)), prefix.subarray(1));
    return;
  }
  const shared = sharedLength(node.path, prefix);
  if (shared < Math.min(node.path.length, prefix.length)) return;
  const path = concatBytes(before, node.path);
  if (node.kind === 'extension') yield* entriesOf(node.child, path, prefix.subarray(shared));
  else if (shared === prefix.length) yield [keyOf(path), node.value];
}

/** Compact form of a path: a flag nibble (2 leaf, +1 odd length), a zero nibble if even, then the nibbles in pairs. */
function compact(path: Path, isLeaf: boolean): Uint8Array {
  const odd = path.length % 2;
  const bytes = new Uint8Array((path.length - odd) / 2 + 1);
  bytes[0] = ((isLeaf ? 2 : 0) + odd) << 4;
  if (odd) bytes[0]! |= path[0]!;
  for (let i = 1; i < bytes.length; i++) bytes[i] = (path[2 * i - 2 + odd]! << 4) | path[2 * i - 1 + odd]!;
  return bytes;
}

function itemsOf(node: Node): Uint8Array[] {
  if (node.kind === 'leaf') return [compact(node.path, true), node.value];
  if (node.kind === 'extension') return [compact(node.path, false), hashOf(node.child)];
  return [...node.children.map((child) => (child ? referenceOf(child) : none)), node.value];
}

/** How a branch names a child: the hash of its RLP, or the RLP itself, as bytes, where that is under 32 bytes. */
function referenceOf(node: Node): Uint8Array {
  if (!node.reference) {
    const rlp = encodeRlp(itemsOf(node) as Item);
    node.reference = rlp.length < 32 ? rlp : blake2b256(rlp);
  }
  return node.reference;
}

/** The root and the child of an extension go by their hash, however short they are. */
function hashOf(node: Node): Uint8Array {
  const reference = referenceOf(node);
  return reference.length < 32 ? blake2b256(reference) : reference;
}

function addProof(node: Node, path: Path, byHash: boolean, found: Map<string, ProofNode>): void {
  if (byHash || referenceOf(node).length === 32) {
    const hash = hashOf(node);
    const hex = toHex(hash);
    if (!found.has(hex)) found.set(hex, [hash, itemsOf(node)]);
  }
  if (node.kind === 'extension') addProof(node.child, path.subarray(node.path.length), true, found);
  if (node.kind === 'branch' && path.length > 0)
    addProof(node.children[path[0]!]!, path.subarray(1), false, found);
}

const nothing: Weight = { entries: 0, nibbles: 0, bytes: 0 };
const weights = new WeakMap<Node, Weight>();

function weightOf(node: Node): Weight {
  let weight = weights.get(node);
  if (!weight) {
    weight = weigh(node);
    weights.set(node, weight);
  }
  return weight;
}

function weigh(node: Node): Weight {
  if (node.kind === 'leaf') return { entries: 1, nibbles: node.path.length, bytes: node.value.length };
  if (node.kind === 'extension') {
    const { entries, nibbles, bytes } = weightOf(node.child);
    return { entries, nibbles: nibbles + entries * node.path.length, bytes };
  }
  const sum = { entries: node.value.length > 0 ? 1 : 0, nibbles: 0, bytes: node.value.length };
  for (const child of node.children) {
    if (!child) continue;
    const { entries, nibbles, bytes } = weightOf(child);
    sum.entries += entries;
    sum.nibbles += nibbles + entries;
    sum.bytes += bytes;
  }
  return sum;
}

const keepsNone = { has: () => false };

/** An inlined node has only inlined ones below it, so that none of them is kept apart. */
function* nodesOf(node: Node, byHash: boolean, kept: { has(node: object): boolean }): Generator<KeptNode> {
  if (kept.has(node) || (!byHash && referenceOf(node).length < 32)) return;
  yield { hash: hashOf(node), rlp: encodeRlp(itemsOf(node) as Item), node };
  if (node.kind === 'extension') yield* nodesOf(node.child, true, kept);
  if (node.kind === 'branch')
    for (const child of node.children) if (child) yield* nodesOf(child, false, kept);
}

function readNode(hash: Uint8Array, find: (hash: Uint8Array) => Uint8Array | undefined): Node {
  const rlp = find(hash);
  if (!rlp) throw new StateError(`node ${toHex(hash)} of a state tree is missing`);
  const node = parseNode(rlp, find);
  if (!equalBytes(hashOf(node), hash))
    throw new StateError(`node ${toHex(hash)} of a state tree holds something else`);
  return node;
}

function parseNode(rlp: Uint8Array, find: (hash: Uint8Array) => Uint8Array | undefined): Node {
  const items = decodeRlp(rlp);
  if (!Array.isArray(items) || !items.every((item) => item instanceof Uint8Array))
    throw new StateError(`${toHex(rlp)} is no node of a state tree`);
  if (items.length === 17) {
    const child = (reference: Uint8Array): Node | null => {
      if (reference.length === 0) return null;
      return reference.length === 32 ? readNode(reference, find) : parseNode(reference, find);
    };
    return { kind: 'branch', children: items.slice(0, 16).map(child), value: items[16]! };
  }
  const [head, rest] = items as [Uint8Array, Uint8Array];
  const flag = items.length === 2 && head.length > 0 ? head[0]! >> 4 : 4;
  if (flag > 3) throw new StateError(`${toHex(rlp)} is no node of a state tree`);
  const path = nibblesOf(head).subarray(flag % 2 === 1 ? 1 : 2);
  if (flag >= 2) return leaf(path, rest);
  const child = readNode(rest, find);
  if (child.kind !== 'branch') throw new StateError('an extension of a state tree leads to no branch');
  return { kind: 'extension', path, child };
}

/** A position in a tree: a node, and how much of its path is behind. */
type Place = { node: Node; at: number } | null;

const placeOf = (node: Node | null): Place => node && { node, at: 0 };

const valueAt = (place: Place): Uint8Array | undefined => {
  if (!place || place.node.kind === 'extension') return undefined;
  const { node, at } = place;
  if (node.kind === 'leaf') return node.path.length === at ? node.value : undefined;
  return node.value.length > 0 ? node.value : undefined;
};

function below(place: Place, nibble: number): Place {
  if (!place) return null;
  const { node, at } = place;
  if (node.kind === 'branch') return placeOf(node.children[nibble]!);
  if (node.path[at] !== nibble) return null;
  if (node.kind === 'extension' && at + 1 === node.path.length) return placeOf(node.child);
  return { node, at: at + 1 };
}

function* differencesOf(before: Place, after: Place, path: Path): Generator<Difference> {
  if (before?.node === after?.node && before?.at === after?.at) return;
  const [old, now] = [valueAt(before), valueAt(after)];
  if (old ? !now || !equalBytes(old, now) : now) yield { key: keyOf(path), before: old, after: now };
  for (let nibble = 0; nibble < 16; nibble++) {
    const [one, other] = [below(before, nibble), below(after, nibble)];
    if (one || other) yield* differencesOf(one, other, concatBytes(path, Uint8Array.of(nibble)));
  }
}
