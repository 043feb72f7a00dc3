/** A nonce of the account that nothing uses holds up all behind it: it is spent on nothing. */
import { afterEach, describe, expect, test } from 'vitest';
import { openSqliteStore } from '../../peer/store.ts';
import { signerFromSeed } from '../../src/engine/crypto.ts';
import { createGaps } from '../../src/engine/gaps.ts';
import { createNonces } from '../../src/engine/nonces.ts';
import type { Store } from '../../src/engine/ports.ts';
import { type StoredSend, spendOf } from '../../src/engine/sends.ts';
import type { StoredRow } from '../../src/engine/stored.ts';
import { toHex } from '../../src/protocol/bytes.ts';
import { encode } from '../../src/protocol/chain/address.ts';
import { minFee } from '../../src/protocol/chain/fee.ts';
import { signedTx, signingBytes, txHash } from '../../src/protocol/chain/signed.ts';
import { serializeTx, type TxOf } from '../../src/protocol/chain/tx.ts';
import { phase, until } from './party.ts';
import { ae, scene, terms } from './scene.ts';

const { blocks, drop, chain, balance, party, fund } = scene(250, 150);

afterEach(() => drop([]));

let seeds = 0x7000;

/** An account with coins, its ledger of nonces, and what sees to gaps in it. */
async function account(isKept: (holder: string, nonce: bigint) => Promise<boolean> = async () => false) {
  const seed = new Uint8Array(32).fill(9);
  new DataView(seed.buffer).setUint32(0, ++seeds);
  const signer = await signerFromSeed(seed);
  const { networkId } = await chain().status();
  const store = openSqliteStore(':memory:');
  await fund({ publicKey: signer.publicKey, address: encode('ak', signer.publicKey) });
  const nonces = await createNonces({ store, chain, networkId, account: signer.publicKey });
  async function spend(nonce: bigint, tries = 0): Promise<Uint8Array> {
    const tx: TxOf<'SpendTx'> = {
      type: 'SpendTx',
      senderId: signer.publicKey,
      recipientId: { kind: 'account', key: signer.publicKey },
      amount: 0n,
      fee: 0n,
      ttl: 0n,
      nonce,
      payload: new Uint8Array(),
    };
    const bytes = serializeTx({ ...tx, fee: minFee(tx, 10n ** 9n * 2n ** BigInt(tries)) });
    return signedTx(bytes, [await signer.sign(signingBytes(networkId, txHash(bytes)))]);
  }
  const made: { nonce: bigint; tries: number }[] = [];
  const gaps = createGaps({
    store,
    chain,
    nonces,
    account: signer.publicKey,
    isKept,
    isUrgent: () => false,
    spend(nonce, tries) {
      made.push({ nonce, tries });
      return spend(nonce, tries);
    },
  });
  const used = async () => (await chain().account(signer.publicKey)).nonce;
  return {
    store,
    nonces,
    made,
    used,
    /** A payment of this nonce waits at the node. */
    pay: async (nonce: bigint) => chain().post(await spend(nonce)),
    /** So many blocks, with a look at the account after each. */
    async looks(count: number) {
      for (let i = 0; i < count; i++) {
        await blocks(1);
        await gaps.look(await used(), (await chain().status()).height);
      }
    },
  };
}

describe('a nonce that was given back', () => {
  test('before one that waits is spent on nothing after two blocks, and what waits is mined', async () => {
    const { store, nonces, made, used, pay, looks } = await account();
    const first = await nonces.reserve('a');
    await pay(await nonces.reserve('b'));
    await store.commit([nonces.release(first)]);
    await looks(1);
    expect(made).toEqual([]);
    await looks(4);
    expect(made).toEqual([{ nonce: first, tries: 0 }]);
    expect(await used()).toBe(first + 1n);
    await store.close();
  });

  test('with nothing behind it is left for what comes next', async () => {
    const { store, nonces, made, looks } = await account();
    const first = await nonces.reserve('a');
    await store.commit([nonces.release(first)]);
    await looks(4);
    expect(made).toEqual([]);
    expect(await nonces.reserve('b')).toBe(first);
    await store.close();
  });

  test('is spent for twice the fee where the node has lost the first try', async () => {
    const { store, nonces, made, used, pay, looks } = await account();
    const first = await nonces.reserve('a');
    await pay(await nonces.reserve('b'));
    await store.commit([nonces.release(first)]);
    await drop(['SpendTx']);
    await until(
      'a first try',
      () => looks(1).then(() => made.length),
      (tries) => tries === 1,
    );
    await drop([]);
    await looks(4);
    expect(made).toEqual([
      { nonce: first, tries: 0 },
      { nonce: first, tries: 1 },
    ]);
    expect(await used()).toBe(first + 1n);
    await store.close();
  });
});

test('a nonce whose holder will use it is left to it', async () => {
  const asked: string[] = [];
  const { store, nonces, made, pay, looks } = await account(async (holder) => {
    asked.push(holder);
    return holder === 'kept';
  });
  await nonces.reserve('kept');
  await pay(await nonces.reserve('behind'));
  await looks(4);
  expect(made).toEqual([]);
  expect(new Set(asked)).toEqual(new Set(['kept']));
  await store.close();
});

test('a nonce that waits at the node is nobody’s gap, whoever posted it', async () => {
  const { store, nonces, made, used, pay, looks } = await account();
  const first = await nonces.reserve('a');
  await store.commit([nonces.release(first)]);
  await pay(first);
  expect(await nonces.take(first + 5n, 'far')).toBe(true);
  await looks(4);
  expect(await used()).toBeGreaterThanOrEqual(first);
  // The one behind it is a gap by then.
  expect(made.map(({ nonce }) => nonce)).not.toContain(first);
  await store.close();
});

/** A party's time goes a hundred times as fast: it looks at its account every 0.1 instead of every 10 seconds. */
const fast = () => Date.now() * 100;

test('a payment behind an opening that was given up, with another one before it, gets its block', async () => {
  // Bob takes the opening and then falls silent: Alice waits with its nonce reserved and nothing signed for it.
  let silence: Promise<void> | null = null;
  let speak: () => void = () => undefined;
  const inner = openSqliteStore(':memory:');
  const store: Store = {
    ...inner,
    async commit(writes) {
      const isPush = writes.some(
        ({ table, value }) => table === 'channels' && (value as StoredRow).channel.latest !== null,
      );
      if (isPush)
        silence ??= new Promise((resolve) => {
          speak = resolve;
        });
      await silence;
      await inner.commit(writes);
    },
  };
  const alice = await party({ now: fast });
  const bob = await party({ listen: true, store });
  await fund(alice);
  await fund(bob);
  const { id } = await alice.engine.open(bob.publicKey, bob.transport.addresses(), terms);
  await until('the push', phase(alice, id), (value) => value === 'pushing');
  await alice.engine.spend(bob.publicKey, 1n, 'payment');
  await alice.engine.wish(id, { type: 'abort', reason: 'given up' });
  speak();
  await until(
    'the payment',
    () => balance(bob),
    (coins) => coins === 100n * ae + 1n,
  );
  expect((await chain().account(alice.publicKey)).nonce).toBe(2n);
});

describe('a payment that the node has lost', () => {
  test('is posted again', async () => {
    const alice = await party({ now: fast });
    await fund(alice);
    await drop(['SpendTx']);
    const { hash } = await alice.engine.spend(alice.publicKey, 1n, 'lost');
    expect(await chain().transaction(hash)).toBe('unknown');
    await drop([]);
    await until(
      'its block',
      async () => (await chain().account(alice.publicKey)).nonce,
      (nonce) => nonce === 1n,
    );
    expect(await alice.engine.waitingSends()).toEqual([]);
  });

  test('and takes no more is made anew for an aetto more, under its nonce', async () => {
    let time = Date.now();
    const store = openSqliteStore(':memory:');
    const seedByte = 0x71;
    const { publicKey } = await signerFromSeed(new Uint8Array(32).fill(seedByte));
    const { networkId } = await chain().status();
    // The nonce before it was promised to something that is gone: the node waits for it, and at last drops the payment.
    const key = `${networkId}/${toHex(publicKey)}/${'1'.padStart(20, '0')}`;
    await store.commit([{ table: 'nonces', key, value: { holder: 'gone' } }]);
    const alice = await party({ seedByte, store, now: () => time });
    await fund(alice);
    const { hash, fee } = await alice.engine.spend(publicKey, 1n, 'payment');
    await until(
      'that the node drops it',
      () => chain().transaction(hash),
      (place) => place === 'unknown',
    );
    await until(
      'both nonces in blocks',
      async () => {
        time += 10_001;
        return (await chain().account(publicKey)).nonce;
      },
      (nonce) => nonce === 2n,
    );
    const { signed, replaced } = (await store.get('requests', 'spend/payment')) as StoredSend;
    expect(await chain().transaction(txHash(signed))).toEqual({ height: expect.any(Number) });
    expect(spendOf(signed)).toMatchObject({ nonce: 2n, amount: 1n, fee: fee + 1n });
    expect(replaced).toHaveLength(1);
    // Asked for again it is the one that was paid.
    expect(await alice.engine.spend(publicKey, 1n, 'payment')).toEqual({
      hash: txHash(signed),
      fee: fee + 1n,
    });
  });
});
