/** What waits, in which order it is mined, and when it is dropped. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Devnet, devAccount } from '../../devnet/index.ts';
import { Refusal } from '../../devnet/rules/refusal.ts';
import type { Transaction } from '../../devnet/transaction.ts';
import { address, ae, alice, bob, call, carol, open, pay, post, quietDevnet, signed } from './support.ts';

let devnet: Devnet;
beforeEach(async () => {
  devnet = await quietDevnet();
});
afterEach(() => devnet.close());

const mine = () => devnet.miner.mineMicro()?.transactions.map(({ id }) => id) ?? [];
const nextNonce = async (strategy: string) =>
  (await call(devnet, `/v3/accounts/${address(alice)}/next-nonce?strategy=${strategy}`)).body.next_nonce;

function refusal(transaction: Transaction): string {
  try {
    devnet.chain.post(transaction);
    return 'taken';
  } catch (error) {
    if (error instanceof Refusal) return error.reason;
    throw error;
  }
}

function spend(changes: { fee?: bigint; ttl?: bigint; nonce?: bigint; amount?: bigint }): Transaction {
  return signed(
    {
      type: 'SpendTx',
      senderId: alice.publicKey,
      recipientId: { kind: 'account', key: carol.publicKey },
      amount: changes.amount ?? 1n,
      ttl: changes.ttl ?? 0n,
      nonce: changes.nonce ?? 1n,
      payload: new Uint8Array(),
      fee: changes.fee,
    },
    alice,
  );
}

describe('the mempool refuses', () => {
  it('fees below the consensus and below what miners take, with different reasons', () => {
    const least = spend({}).fee;
    expect(refusal(spend({ fee: 10n ** 10n }))).toBe('too_low_fee');
    expect(refusal(spend({ fee: least - 1n }))).toBe('too_low_gas_price_for_miner');
    expect(refusal(spend({ fee: least }))).toBe('taken');
  });

  it('a nonce that is used, and one more than five ahead', () => {
    expect(refusal(spend({ nonce: 0n }))).toBe('nonce_too_low');
    expect(refusal(spend({ nonce: 6n }))).toBe('nonce_too_high');
    expect(refusal(spend({ nonce: 5n }))).toBe('taken');
    expect(refusal(pay(carol, bob, 1n, 2n))).toBe('nonce_too_high');
    expect(refusal(pay(carol, bob, 1n, 1n))).toBe('taken');
  });

  it('a ttl below the height', () => {
    devnet.miner.mineKeys(9);
    expect(refusal(spend({ ttl: 9n }))).toBe('ttl_expired');
    expect(refusal(spend({ ttl: 10n }))).toBe('taken');
  });
});

describe('nonces', () => {
  it('with a gap wait until the gap is filled', async () => {
    const [first, second, third] = [1n, 2n, 3n].map((nonce) => pay(alice, bob, ae, nonce)) as Transaction[];
    await post(devnet, third!);
    await post(devnet, second!);
    expect(mine()).toEqual([]);
    expect(await nextNonce('max')).toBe(4);
    expect(await nextNonce('continuity')).toBe(1);
    await post(devnet, first!);
    expect(mine()).toEqual([first!.id, second!.id, third!.id]);
    expect(await nextNonce('continuity')).toBe(4);
  });

  it('used twice: the higher fee is mined, the other is dropped and not taken again', async () => {
    const least = spend({}).fee;
    const low = spend({ fee: least + 1n });
    const high = spend({ fee: least * 2n });
    await post(devnet, low);
    await post(devnet, high);
    const pending = await call(devnet, `/v3/accounts/${address(alice)}/transactions/pending`);
    expect(pending.body.transactions.map(({ hash }: { hash: string }) => hash)).toEqual([high.id, low.id]);
    expect(mine()).toEqual([high.id]);
    expect((await call(devnet, `/v3/transactions/${low.id}`)).status).toBe(404);
    expect((await post(devnet, low)).body.error_code).toBe('already_known');
  });
});

describe('what pays less than the miners ask', () => {
  it('is taken and waits, uncounted, until it is replaced under its nonce or they ask less', async () => {
    await devnet.close();
    devnet = await quietDevnet({ minGasPrice: 2n * 10n ** 9n });
    const low = spend({});
    const other = pay(bob, alice, 1n, 1n);
    for (const waiting of [low, other]) expect((await post(devnet, waiting)).status).toBe(200);
    for (let i = 0; i < 10; i += 1) {
      expect(mine()).toEqual([]);
      devnet.miner.mineKeys(1);
    }
    expect((await call(devnet, `/v3/transactions/${low.id}`)).body.block_height).toBe(-1);
    const high = spend({ fee: 2n * low.fee });
    await post(devnet, high);
    expect(mine()).toEqual([high.id]);
    const asked = await call(devnet, '/devnet/mode', { minGasPrice: '1000000000' });
    expect(asked.body.minGasPrice).toBe(10 ** 9);
    // What was replaced is dropped as soon as it is tried.
    expect(mine()).toEqual([other.id]);
    expect((await call(devnet, `/v3/transactions/${low.id}`)).status).toBe(404);
  });
});

describe('what cannot be applied', () => {
  it('waits, and is mined once it can be', async () => {
    const tooMuch = pay(carol, bob, ae, 1n);
    await post(devnet, tooMuch);
    expect(mine()).toEqual([]);
    expect((await call(devnet, '/devnet/state')).body.pending).toEqual([
      { hash: tooMuch.id, type: 'SpendTx', not_mined_because: 'account_not_found' },
    ]);
    const gift = pay(alice, carol, 2n * ae, 1n);
    await post(devnet, gift);
    expect(mine().sort()).toEqual([gift.id, tooMuch.id].sort());
  });

  it('is dropped after the ttl', async () => {
    const transaction = spend({ ttl: 4n, amount: 10n ** 24n });
    await post(devnet, transaction);
    for (const status of [200, 200, 200, 200, 404]) {
      expect((await call(devnet, `/v3/transactions/${transaction.id}`)).status).toBe(status);
      mine();
      devnet.miner.mineKeys(1);
    }
  });

  it('is dropped after 6720 key blocks where nobody tries it', async () => {
    const transaction = spend({ nonce: 2n });
    await post(devnet, transaction);
    devnet.miner.mineKeys(6720);
    expect((await call(devnet, `/v3/transactions/${transaction.id}`)).status).toBe(200);
    devnet.miner.mineKeys(1);
    expect((await call(devnet, `/v3/transactions/${transaction.id}`)).status).toBe(404);
  });
});

describe('a micro block', () => {
  it('holds no more gas than the chain allows; the rest follows in the next', async () => {
    const senders = Array.from({ length: 400 }, (_, i) => devAccount(5000 + i));
    const balances = Object.fromEntries(senders.map((sender) => [address(sender), ae]));
    const crowded = await quietDevnet({ balances });
    for (const sender of senders) crowded.chain.post(pay(sender, carol, 1n, 1n));
    const blocks = [crowded.miner.mineMicro()!, crowded.miner.mineMicro()!];
    const gas = blocks.map(({ transactions }) => transactions.reduce((sum, { gas }) => sum + gas, 0n));
    expect(gas[0]).toBeLessThanOrEqual(6_000_000n);
    expect(gas[0]).toBeGreaterThan(6_000_000n - 17_000n);
    expect(blocks[0]!.transactions.length + blocks[1]!.transactions.length).toBe(400);
    await crowded.close();
  });

  it('takes both a channel and a payment of one account in order of nonce', async () => {
    const { transaction } = open(2n);
    await post(devnet, transaction);
    const first = pay(alice, bob, ae, 1n);
    await post(devnet, first);
    expect(mine()).toEqual([first.id, transaction.id]);
  });
});
