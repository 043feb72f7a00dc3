/**
 * The state trees of a channel. While it has no contracts they are its two balances and nothing else, and are not held;
 * with the first contract a state carries all of them, sharing what a round does not change.
 */
import { parseAccount } from '../state/account.ts';
import { balanceOf, channelTrees, stateHash, type Trees, withBalance } from '../state/trees.ts';
import { pruneCalls } from '../vm/index.ts';
import { hashOf, sum } from './record.ts';
import type { Balances, Channel, CoSigned } from './types.ts';

type Keys = Pick<Channel, 'keys'>;
type State = Pick<CoSigned, 'balances' | 'trees'>;

/** All six trees of a state. */
export const treesOf = ({ keys }: Keys, { balances, trees }: State): Trees =>
  trees ??
  channelTrees([
    { pubkey: keys.initiator, balance: balances.initiator },
    { pubkey: keys.responder, balance: balances.responder },
  ]);

/** The hash that both sign, as the chain computes it. */
export const hashOfState = ({ keys }: Keys, { balances, trees }: State): Uint8Array =>
  trees ? stateHash(trees) : hashOf(keys, balances);

/**
 * The state in a new round in which nothing happens but that the two have these balances: the call objects of the round
 * before are gone (PROTOCOL 4), contracts stay.
 */
export function withBalances({ keys }: Keys, before: State, balances: Balances): State {
  if (!before.trees) return { balances };
  let trees = pruneCalls(before.trees);
  for (const role of ['initiator', 'responder'] as const)
    if (balances[role] !== before.balances[role]) trees = withBalance(trees, keys[role], balances[role]);
  return { balances, trees };
}

/**
 * A state from all of its trees.
 * @returns a sentence where they are not those of a channel between the two
 */
export function stateFrom({ keys }: Keys, trees: Trees): State | string {
  const initiator = balanceOf(trees, keys.initiator);
  const responder = balanceOf(trees, keys.responder);
  if (initiator === undefined || responder === undefined) return 'lacks a party';
  if (!trees.channels.isEmpty || !trees.ns.isEmpty || !trees.oracles.isEmpty)
    return 'holds channels, names or oracles';
  const balances = { initiator, responder };
  return isPlain(trees) ? { balances } : { balances, trees };
}

/** Whether the trees hold two accounts and nothing else. */
function isPlain(trees: Trees): boolean {
  if (!trees.calls.isEmpty || !trees.contracts.isEmpty) return false;
  let accounts = 0;
  for (const _ of trees.accounts.entries()) if (++accounts > 2) return false;
  return true;
}

/** All coins of a state, in aetto: those of the two, of its contracts, and of whom these paid. */
export function coinsOf(state: State): bigint {
  const { trees } = state;
  if (!trees) return sum(state.balances);
  let coins = counted.get(trees.accounts);
  if (coins === undefined) {
    coins = 0n;
    for (const [, account] of trees.accounts.entries()) coins += parseAccount(account).balance;
    counted.set(trees.accounts, coins);
  }
  return coins;
}
const counted = new WeakMap<Trees['accounts'], bigint>();

/** Coins that no close pays out to the two, in aetto: contracts hold them, or have paid them to a third account. */
export const heldByContracts = (state: State): bigint => coinsOf(state) - sum(state.balances);
