/** Proof of inclusion (TreesPoi, tag 60): balances and contracts of a state, provable from its hash alone. */
import { compareBytes, concatBytes, toHex } from '../bytes.ts';
import { binary, hash, list, pair, readObject, writeObject } from '../chain/layout.ts';
import { parseAccount } from './account.ts';
import { StateError } from './error.ts';
import type { ProofNode } from './mpt.ts';
import { type Lookup, verifyProof } from './proof.ts';
import { hashOfRoots, hashOrder, type TreeName, type Trees } from './trees.ts';

/** Of one tree: nothing where it is empty, else its root hash and the nodes of the proof. */
const part = list(pair(hash, list(pair(hash, list(binary)))));
type Part = [root: Uint8Array, nodes: ProofNode[]][];

const layout = {
  tag: 60,
  version: 1,
  fields: { accounts: part, calls: part, channels: part, contracts: part, ns: part, oracles: part },
} as const;
const failure = (message: string) => new StateError(message);

/** A contract's store lies behind its public key and this byte. */
const storePrefix = Uint8Array.of(16);

/**
 * Serialized proof of these accounts and contracts (with their stores), nodes sorted as the chain demands.
 * @param what public keys, 32 bytes each
 * @throws StateError where the trees lack one
 */
export function proofOfInclusion(
  trees: Trees,
  what: { accounts: readonly Uint8Array[]; contracts?: readonly Uint8Array[] },
): Uint8Array {
  const keys: Partial<Record<TreeName, readonly Uint8Array[]>> = {
    accounts: what.accounts,
    contracts: what.contracts?.flatMap((contract) => [contract, ...storeKeys(trees, contract)]),
  };
  const parts = hashOrder.map((name): [TreeName, Part] => {
    const tree = trees[name];
    const nodes = tree.prove(keys[name] ?? []);
    return [name, tree.isEmpty ? [] : [[tree.rootHash, nodes]]];
  });
  return writeObject(layout, 'proof of inclusion', Object.fromEntries(parts), failure);
}

/** Every key behind the prefix; the chain leaves the prefix's own key out. */
function* storeKeys(trees: Trees, contract: Uint8Array): Generator<Uint8Array> {
  const prefix = concatBytes(contract, storePrefix);
  for (const [key] of trees.contracts.entries(prefix)) if (key.length > prefix.length) yield key;
}

/** A proof of inclusion whose nodes have been checked. */
export interface VerifiedPoi {
  /** Hash of the state that it is about: compare it with the agreed one. */
  stateHash: Uint8Array;
  /**
   * In aetto; undefined where the proof shows that the state has no such account.
   * @throws StateError where the proof shows neither, or the account cannot be read
   */
  balanceOf(pubkey: Uint8Array): bigint | undefined;
}

/** @throws StateError where the bytes are no canonical proof of inclusion, or a node has another hash than it says */
export function verifyPoi(bytes: Uint8Array): VerifiedPoi {
  const parts = readObject(layout, 'proof of inclusion', bytes, failure);
  const roots = hashOrder.map((name) => verifyPart(name, parts[name]));
  const accounts = roots[hashOrder.indexOf('accounts')]!;
  return {
    stateHash: hashOfRoots(roots.map(({ root }) => root)),
    balanceOf(pubkey) {
      const account = accounts.lookup(pubkey);
      return account && parseAccount(account).balance;
    },
  };
}

function verifyPart(name: TreeName, part: Part): { root: Uint8Array; lookup: Lookup } {
  if (part.length > 1) throw new StateError(`proof of inclusion: ${part.length} proofs of ${name}, not one`);
  if (!part[0]) return { root: new Uint8Array(32), lookup: () => undefined };
  const [root, nodes] = part[0];
  for (const [index, [hash]] of nodes.entries())
    if (index > 0 && compareBytes(nodes[index - 1]![0], hash) >= 0)
      throw new StateError(`proof of inclusion: node ${toHex(hash)} of ${name} is not in order`);
  return { root, lookup: verifyProof(root, nodes) };
}
