/** Looking keys up through a proof: a root hash and the nodes on the way. */
import { equalBytes, toHex } from '../bytes.ts';
import { decodeRlp, encodeRlp, type Item } from '../chain/rlp.ts';
import { blake2b256 } from '../chain/signed.ts';
import { StateError } from './error.ts';
import type { ProofNode } from './mpt.ts';

/** Looks a key up; undefined where the proof shows that the tree lacks it. @throws StateError where it shows neither */
export type Lookup = (key: Uint8Array) => Uint8Array | undefined;

/**
 * Checks that every node has the hash it goes by.
 * @throws StateError where one has not
 */
export function verifyProof(root: Uint8Array, nodes: readonly ProofNode[]): Lookup {
  const known = new Map<string, Uint8Array[]>();
  for (const [hash, items] of nodes) {
    if (!equalBytes(blake2b256(encodeRlp(items as Item)), hash))
      throw new StateError(`the proof's node ${toHex(hash)} has another hash`);
    known.set(toHex(hash), items);
  }
  const byHash = (hash: Uint8Array): Uint8Array[] => {
    const items = known.get(toHex(hash));
    if (!items) throw new StateError(`the proof lacks node ${toHex(hash)}, so it shows nothing of this key`);
    return items;
  };
  return (key) => lookup(byHash(root), toHex(key), byHash);
}

/** @param path the nibbles that are left, as hexadecimal digits */
function lookup(
  start: Uint8Array[],
  startPath: string,
  byHash: (hash: Uint8Array) => Uint8Array[],
): Uint8Array | undefined {
  let items = start;
  let path = startPath;
  for (;;) {
    if (items.length === 17) {
      const next = items[path.length === 0 ? 16 : Number.parseInt(path[0]!, 16)]!;
      if (next.length === 0) return undefined;
      if (path.length === 0) return next;
      items = next.length < 32 ? inlined(next) : byHash(next);
      path = path.slice(1);
    } else {
      const { isLeaf, own } = pathOf(items);
      if (isLeaf) return own === path ? leafValue(items) : undefined;
      if (!path.startsWith(own)) return undefined;
      path = path.slice(own.length);
      items = byHash(items[1]!);
    }
  }
}

function leafValue(items: Uint8Array[]): Uint8Array {
  if (items[1]!.length === 0) throw new StateError('a leaf of the proof is empty');
  return items[1]!;
}

function pathOf(items: Uint8Array[]): { isLeaf: boolean; own: string } {
  const flag = items.length === 2 && items[0]!.length > 0 ? items[0]![0]! >> 4 : -1;
  const digits = items.length === 2 ? toHex(items[0]!) : '';
  const isLeaf = flag === 2 || flag === 3;
  const isOdd = flag === 1 || flag === 3;
  if (flag < 0 || flag > 3 || (!isOdd && digits[1] !== '0') || (!isLeaf && digits === '00'))
    throw new StateError('a node of the proof is neither leaf, extension nor branch');
  return { isLeaf, own: digits.slice(isOdd ? 1 : 2) };
}

function inlined(rlp: Uint8Array): Uint8Array[] {
  let item: Item;
  try {
    item = decodeRlp(rlp);
  } catch {
    throw new StateError(`a node inside a node of the proof is no RLP: ${toHex(rlp)}`);
  }
  if (!Array.isArray(item) || !item.every((part) => part instanceof Uint8Array))
    throw new StateError(`a node inside a node of the proof is no list of bytes: ${toHex(rlp)}`);
  return item;
}
