/**
 * The accounts of a fresh devnet. Their keys are public: their coins are worth nothing anywhere else. Seed i is the
 * BLAKE2b-256 hash of the text `devnet account i`.
 */
import { toHex } from '../src/protocol/bytes.ts';
import { blake2b256 } from '../src/protocol/chain/signed.ts';
import { type KeyPair, keyPair } from './ed25519.ts';

export const aettoPerAe = 10n ** 18n;

/** Pay out of the faucet, in turn: an account may have only five transactions waiting. */
export const faucetAccounts: readonly KeyPair[] = Array.from({ length: 8 }, (_, i) => devAccount(i));

/** Gets the coins of no block: fees vanish here. */
export const beneficiary: KeyPair = devAccount(1000);

/** What each of them has at genesis, in aetto: a thousand million AE. */
export const faucetBalance = 1_000_000_000n * aettoPerAe;

export function devAccount(index: number): KeyPair {
  return keyPair(blake2b256(new TextEncoder().encode(`devnet account ${index}`)));
}

/** First balances: those of the faucet and the given ones. */
export function genesisBalances(more: Iterable<readonly [Uint8Array, bigint]>): Map<string, bigint> {
  const balances = new Map(faucetAccounts.map(({ publicKey }) => [toHex(publicKey), faucetBalance]));
  for (const [publicKey, balance] of more) balances.set(toHex(publicKey), balance);
  return balances;
}
