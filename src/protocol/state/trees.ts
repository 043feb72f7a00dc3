/** The channel's own state trees and their hash, to which both sign (PROTOCOL 1). */
import { compareBytes, concatBytes, toHex } from '../bytes.ts';
import { binary, list, readObject, writeObject } from '../chain/layout.ts';
import { blake2b256 } from '../chain/signed.ts';
import { type Account, parseAccount, serializeAccount } from './account.ts';
import { StateError } from './error.ts';
import { Mpt } from './mpt.ts';

/** The six trees, immutable. In a channel channels, ns and oracles stay empty. */
export interface Trees {
  /** serialized account by its public key */
  readonly accounts: Mpt;
  /** call objects of the last update */
  readonly calls: Mpt;
  readonly channels: Mpt;
  /** contracts by their public key, and their stores behind it */
  readonly contracts: Mpt;
  readonly ns: Mpt;
  readonly oracles: Mpt;
}
export type TreeName = keyof Trees;

/** In the order in which the state hash and a proof of inclusion take them. */
export const hashOrder = ['accounts', 'calls', 'channels', 'contracts', 'ns', 'oracles'] as const;

export const emptyTrees: Trees = {
  accounts: Mpt.empty,
  calls: Mpt.empty,
  channels: Mpt.empty,
  contracts: Mpt.empty,
  ns: Mpt.empty,
  oracles: Mpt.empty,
};

/** The trees of these accounts alone, balances in aetto. */
export const channelTrees = (accounts: readonly { pubkey: Uint8Array; balance: bigint }[]): Trees =>
  accounts.reduce(
    (trees, { pubkey, balance }) => withAccount(trees, pubkey, { balance, nonce: 0n, flags: 0n }),
    emptyTrees,
  );

/** Undefined where the trees have no such account. */
export function accountOf(trees: Trees, pubkey: Uint8Array): Account | undefined {
  const bytes = trees.accounts.get(pubkey);
  return bytes && parseAccount(bytes);
}

/**
 * The trees with this account in place of what the key had.
 * @throws StateError where a value is negative or the key has not 32 bytes
 */
export function withAccount(trees: Trees, pubkey: Uint8Array, account: Account): Trees {
  checkKey(pubkey);
  return { ...trees, accounts: trees.accounts.insert(pubkey, serializeAccount(account)) };
}

/** In aetto; undefined where the trees have no such account. */
export const balanceOf = (trees: Trees, pubkey: Uint8Array): bigint | undefined =>
  accountOf(trees, pubkey)?.balance;

/**
 * The trees with this balance; nonce and flags stay, and the account is made where there is none.
 * @throws StateError where the balance is negative or the key has not 32 bytes
 */
export const withBalance = (trees: Trees, pubkey: Uint8Array, balance: bigint): Trees =>
  withAccount(trees, pubkey, { ...(accountOf(trees, pubkey) ?? { nonce: 0n, flags: 0n }), balance });

function checkKey(pubkey: Uint8Array): void {
  if (pubkey.length !== 32)
    throw new StateError(`the account key ${toHex(pubkey)} has ${pubkey.length} bytes, not 32`);
}

/** state_hash: Hash of 1 as 8 bytes and the six root hashes. */
export const stateHash = (trees: Trees): Uint8Array =>
  hashOfRoots(hashOrder.map((name) => trees[name].rootHash));

const hashVersion = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 1);
/** @param roots in `hashOrder` */
export const hashOfRoots = (roots: readonly Uint8Array[]): Uint8Array =>
  blake2b256(concatBytes(hashVersion, ...roots));

const treesLayout = {
  tag: 62,
  version: 0,
  fields: {
    contracts: binary,
    calls: binary,
    channels: binary,
    ns: binary,
    oracles: binary,
    accounts: binary,
  },
} as const;
const tags: Record<TreeName, number> = {
  contracts: 621,
  calls: 622,
  channels: 623,
  ns: 624,
  oracles: 625,
  accounts: 626,
};
const treeLayout = (name: TreeName) => ({ tag: tags[name], version: 1, fields: { tree: binary } }) as const;
const entriesLayout = { tag: 63, version: 1, fields: { values: list(binary) } } as const;
const entryLayout = { tag: 64, version: 1, fields: { key: binary, value: binary } } as const;
const failure = (message: string) => new StateError(message);

/** All entries of all trees: the offChainTrees of a force progress, the state of a channel_reestablish_ack. */
export function serializeTrees(trees: Trees): Uint8Array {
  const parts = hashOrder.map((name) => [name, serializeTree(name, trees[name])]);
  return writeObject(treesLayout, 'state trees', Object.fromEntries(parts), failure);
}

function serializeTree(name: TreeName, tree: Mpt): Uint8Array {
  const values: Uint8Array[] = [];
  for (const [key, value] of tree.entries())
    values.push(writeObject(entryLayout, 'entry', { key, value }, failure));
  const all = writeObject(entriesLayout, 'entries', { values: values.reverse() }, failure);
  return writeObject(treeLayout(name), `${name} tree`, { tree: all }, failure);
}

/**
 * Reads what serializeTrees wrote; serializing the result gives the same bytes. Compare its state hash with the
 * agreed one before any use.
 * @throws StateError where the bytes are not the canonical form, or an account cannot be read
 */
export function parseTrees(bytes: Uint8Array): Trees {
  const parts = readObject(treesLayout, 'state trees', bytes, failure);
  const trees = Object.fromEntries(hashOrder.map((name) => [name, parseTree(name, parts[name])])) as Record<
    TreeName,
    Mpt
  >;
  for (const [key, value] of trees.accounts.entries()) {
    checkKey(key);
    parseAccount(value);
  }
  return trees;
}

function parseTree(name: TreeName, bytes: Uint8Array): Mpt {
  const what = `${name} tree`;
  const { tree: all } = readObject(treeLayout(name), what, bytes, failure);
  const { values } = readObject(entriesLayout, what, all, failure);
  let tree = Mpt.empty;
  let before: Uint8Array | null = null;
  for (const bytes of values) {
    const { key, value } = readObject(entryLayout, `${what}'s entry`, bytes, failure);
    if (before && compareBytes(key, before) >= 0)
      throw new StateError(`${what}: key ${toHex(key)} is not below the one before it`);
    if (value.length === 0) throw new StateError(`${what}: key ${toHex(key)} has an empty value`);
    tree = tree.insert(key, value);
    before = key;
  }
  return tree;
}
