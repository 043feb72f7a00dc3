/** Pays coins out of the dev accounts by ordinary spend transactions. */
import { faucetAccounts } from './accounts.ts';
import type { Chain } from './chain.ts';
import type { Miner } from './miner.ts';
import { signedSpend, type Transaction } from './transaction.ts';

/** Transactions that the mempool takes ahead of an account's nonce. */
const nonceWindow = 5;

export class Faucet {
  readonly #chain: Chain;
  readonly #miner: Miner;
  #turn = 0;

  constructor(chain: Chain, miner: Miner) {
    this.#chain = chain;
    this.#miner = miner;
  }

  /** Posts a spend of so many aetto; where all dev accounts are busy it mines a micro block first. */
  pay(recipient: Uint8Array, amount: bigint): Transaction {
    if (!this.#free()) this.#miner.mineMicro();
    const account = this.#free() ?? faucetAccounts[this.#turn % faucetAccounts.length]!;
    this.#turn += 1;
    const transaction = signedSpend({
      from: account,
      to: recipient,
      amount,
      nonce: this.#chain.nextNonce(account.publicKey, 'continuity'),
      networkId: this.#chain.genesis.networkId,
    });
    this.#chain.post(transaction);
    this.#miner.wake();
    return transaction;
  }

  #free() {
    for (let i = 0; i < faucetAccounts.length; i += 1) {
      const account = faucetAccounts[(this.#turn + i) % faucetAccounts.length]!;
      const used = this.#chain.state.account(account.publicKey)?.nonce ?? 0n;
      if (this.#chain.nextNonce(account.publicKey, 'continuity') <= used + BigInt(nonceWindow))
        return account;
    }
    return undefined;
  }
}
