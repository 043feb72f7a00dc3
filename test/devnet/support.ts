/** A devnet that mines only when told, and transactions by two parties. */

import { type KeyPair, keyPair } from '../../devnet/ed25519.ts';
import { type Devnet, type DevnetOptions, startDevnet } from '../../devnet/index.ts';
import type { Environment } from '../../devnet/rules/index.ts';
import { decodeTransaction, signedSpend, type Transaction } from '../../devnet/transaction.ts';
import { encode } from '../../src/protocol/chain/address.ts';
import { minFee, type Unpriced } from '../../src/protocol/chain/fee.ts';
import { channelId } from '../../src/protocol/chain/ids.ts';
import { signedTx, signingBytes, txHash } from '../../src/protocol/chain/signed.ts';
import { serializeTx, type Tx } from '../../src/protocol/chain/tx.ts';
import { channelTrees, stateHash } from '../../src/protocol/state/trees.ts';

export const ae = 10n ** 18n;
export const networkId = 'ae_devnet';
export const alice = keyPair(new Uint8Array(32).fill(1));
export const bob = keyPair(new Uint8Array(32).fill(2));
export const carol = keyPair(new Uint8Array(32).fill(3));
export const address = ({ publicKey }: KeyPair) => encode('ak', publicKey);

export function quietDevnet(options: DevnetOptions = {}): Promise<Devnet> {
  const balances = { [address(alice)]: 1000n * ae, [address(bob)]: 1000n * ae };
  return startDevnet({ port: 0, keyBlockMs: 0, microBlockMs: 0, networkId, balances, ...options });
}

/** The transaction with the least fee, signed by these. */
export function signed(unpriced: Unpriced, ...signers: KeyPair[]): Transaction {
  const tx = { ...unpriced, fee: unpriced.fee ?? minFee(unpriced) } as Tx;
  const unsigned = serializeTx(tx);
  const bytes = signingBytes(networkId, txHash(unsigned));
  const signatures = signers.map((signer) => signer.sign(bytes));
  return decodeTransaction(signedTx(unsigned, signatures));
}

export function pay(from: KeyPair, to: KeyPair, amount: bigint, nonce: bigint): Transaction {
  return signedSpend({ from, to: to.publicKey, amount, nonce, networkId });
}

/** Alice opens a channel with Bob, 10 and 5 AE. */
export function open(nonce: bigint, lockPeriod = 3n): { transaction: Transaction; id: Uint8Array } {
  const trees = channelTrees([
    { pubkey: alice.publicKey, balance: 10n * ae },
    { pubkey: bob.publicKey, balance: 5n * ae },
  ]);
  const transaction = signed(
    {
      type: 'ChannelCreateTx',
      initiatorId: alice.publicKey,
      initiatorAmount: 10n * ae,
      responderId: bob.publicKey,
      responderAmount: 5n * ae,
      channelReserve: ae,
      lockPeriod,
      ttl: 0n,
      initiatorDelegates: [],
      responderDelegates: [],
      stateHash: stateHash(trees),
      nonce,
    },
    alice,
    bob,
  );
  return { transaction, id: channelId(alice.publicKey, nonce, bob.publicKey) };
}

/** Where a transaction is applied without a chain around it. */
export const blockAt = (height: number, changes: Partial<Environment> = {}): Environment => ({
  networkId,
  height,
  soloRoundResetHeight: 0,
  time: 1_700_000_000_000,
  beneficiary: new Uint8Array(32).fill(0x5a),
  difficulty: 1338n,
  blockHash: () => new Uint8Array(32),
  ...changes,
});

export interface Reply {
  status: number;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of any shape
  body: any;
}

/** One request; a body makes it a POST. */
export async function call(devnet: Devnet, path: string, body?: unknown): Promise<Reply> {
  const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
  const response = await fetch(devnet.url + path, init);
  const text = await response.text();
  return { status: response.status, text, body: text === '' ? undefined : JSON.parse(text) };
}

export function post(devnet: Devnet, { bytes }: Transaction): Promise<Reply> {
  return call(devnet, '/v3/transactions', { tx: encode('tx', bytes) });
}
