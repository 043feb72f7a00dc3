/** Nonces and balances. */
import { require } from './refusal.ts';
import type { Account, Overlay } from './state.ts';

function find(state: Overlay, publicKey: Uint8Array): Account {
  const account = state.account(publicKey);
  require(account !== undefined, 'account_not_found');
  return account;
}

function requireNonce(account: Account, nonce: bigint): void {
  require(nonce > account.nonce, 'tx_nonce_already_used_for_account');
  require(nonce === account.nonce + 1n, 'tx_nonce_too_high_for_account');
}

/** Uses up the account's next nonce. */
export function bumpNonce(state: Overlay, publicKey: Uint8Array, nonce: bigint): void {
  const account = find(state, publicKey);
  requireNonce(account, nonce);
  state.putAccount(publicKey, { ...account, nonce });
}

/** Takes an amount in aetto. */
export function spend(state: Overlay, publicKey: Uint8Array, amount: bigint): void {
  const account = find(state, publicKey);
  require(account.balance >= amount, 'insufficient_funds');
  state.putAccount(publicKey, { ...account, balance: account.balance - amount });
}

/** Refuses where the account has less than an amount in aetto. */
export function requireFunds(state: Overlay, publicKey: Uint8Array, amount: bigint): void {
  require(find(state, publicKey).balance >= amount, 'insufficient_funds');
}

/** Gives an amount in aetto; the account comes to be where it was not. */
export function earn(state: Overlay, publicKey: Uint8Array, amount: bigint): void {
  const account = state.account(publicKey) ?? { balance: 0n, nonce: 0n };
  state.putAccount(publicKey, { ...account, balance: account.balance + amount });
}

/** The order of the solo transactions: the balance is looked at before the nonce. */
export function payFee(state: Overlay, publicKey: Uint8Array, fee: bigint, nonce: bigint): void {
  spend(state, publicKey, fee);
  bumpNonce(state, publicKey, nonce);
}
