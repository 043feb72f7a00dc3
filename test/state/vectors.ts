/** The node's state trees and off-chain updates. */
import { fromHex } from '../../src/protocol/bytes.ts';
import type { TreeName } from '../../src/protocol/state/trees.ts';
import { vectors } from '../chain/vectors.ts';

export interface StateVector {
  balances: { account_hex: string; balance: string | number; pubkey: string }[];
  roots: Record<TreeName, string>;
  state_hash: string;
  state_trees_hex: string;
}
export interface TwoPartyVector extends StateVector {
  poi_both_hex: string;
  poi_initiator_only_hex: string;
  poi_empty_hex: string;
  poi_hash: string;
  poi_both: string;
  offchain_tx_round2: {
    unsigned_hex: string;
    unsigned_hash: string;
    sign_input_hex: string;
    signed_hex: string;
  };
}

export const states = vectors<{
  channel_id_hex: string;
  two_party: TwoPartyVector[];
  many_accounts: (StateVector & { n: number; poi_first_hex: string | null })[];
  shared_prefix: StateVector & { poi_all_hex: string };
}>('offchain_states');

export const accountsOf = (vector: StateVector) =>
  vector.balances.map(({ pubkey, balance }) => ({ pubkey: fromHex(pubkey), balance: BigInt(balance) }));
