/** A transaction that pays miners too little waits, until its sender raises the fee under the same nonce. */
import { afterEach, describe, expect, test } from 'vitest';
import { openSqliteStore } from '../../peer/store.ts';
import type { StoredChannel } from '../../src/engine/stored.ts';
import { type Party, phase, seenOnChain, until } from './party.ts';
import { ae, scene, terms } from './scene.ts';

const { blocks, url, chain, balance, party, fund, pay, openChannel } = scene(140, 150);

/** What miners ask for a unit of gas; transactions of these types that are posted from now on get lost. */
async function miners(minGasPrice: bigint, drop: string[] = []): Promise<void> {
  const response = await fetch(`${url()}/devnet/mode`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ minGasPrice: minGasPrice.toString(), drop }),
  });
  expect(response.status).toBe(200);
}
afterEach(() => miners(10n ** 9n));

const raised = (who: Party, id: string) => who.engine.raisedFee(who.engine.channel(id));
const nonceOf = async (who: Party) => (await chain().account(who.publicKey)).nonce;

describe('a stuck transaction', () => {
  test('of a close alone and of the settle after it is freed, at exactly the raised fees', async () => {
    const { alice, bob, id } = await openChannel();
    await pay(alice, id, ae);
    await bob.stop();
    const before = { alice: await balance(alice), nonce: await nonceOf(alice) };
    await seenOnChain(alice, id);
    await miners(2n * 10n ** 9n);
    await alice.engine.wish(id, { type: 'close_solo' });
    const close = alice.engine.channel(id).channel.solo!;
    await blocks(3);
    expect(await nonceOf(alice)).toBe(before.nonce);
    const fee = raised(alice, id)!;
    expect(fee).toBe(2n * close.fee);
    await expect(alice.engine.raiseFee(id, fee - 1n)).rejects.toThrow(/does not replace/);
    expect(alice.engine.channel(id).channel.solo!.fee).toBe(close.fee);
    await alice.engine.raiseFee(id, fee);
    expect(alice.engine.channel(id).channel.solo).toMatchObject({ nonce: close.nonce, fee });
    await until(
      'closing',
      () => alice.engine.channel(id).channel.onChain?.lockedUntil ?? 0,
      (value) => value > 0,
    );
    await until(
      'the close has its block',
      () => alice.engine.channel(id).channel.solo?.confirmations ?? -1,
      (value) => value >= 0,
    );
    expect(raised(alice, id)).toBeNull();
    await expect(alice.engine.raiseFee(id, 10n * fee)).rejects.toThrow(/no fee to raise/);
    const settle = await until(
      'settling',
      () => alice.engine.channel(id).channel.solo!,
      ({ kind }) => kind === 'settle',
    );
    await blocks(2);
    expect(phase(alice, id)()).toBe('closing_solo');
    const second = raised(alice, id)!;
    await alice.engine.raiseFee(id, second);
    await until('closed', phase(alice, id), (value) => value === 'closed');
    expect(second).toBe(2n * settle.fee);
    expect(await balance(alice)).toBe(before.alice + 7n * ae - fee - second);
    expect(await nonceOf(alice)).toBe(before.nonce + 2n);
  });

  test('whose first form is mined after all: the close goes on, one fee is paid', async () => {
    const { alice, bob, id } = await openChannel();
    await bob.stop();
    const before = await balance(alice);
    await seenOnChain(alice, id);
    await miners(100n * 10n ** 9n);
    await alice.engine.wish(id, { type: 'close_solo' });
    const first = alice.engine.channel(id).channel.solo!;
    // The raised one gets lost on its way; then the miners take less.
    await miners(100n * 10n ** 9n, ['ChannelCloseSoloTx']);
    await alice.engine.raiseFee(id, raised(alice, id)!);
    await miners(10n ** 9n, ['ChannelCloseSoloTx']);
    const settle = await until(
      'settling',
      () => alice.engine.channel(id).channel.solo!,
      ({ kind }) => kind === 'settle',
    );
    await until('closed', phase(alice, id), (value) => value === 'closed');
    expect(await balance(alice)).toBe(before + 8n * ae - settle.fee - first.fee);
  });

  test('of a payment on chain is freed, and the same request never pays twice', async () => {
    const alice = await party();
    const bob = await party();
    await fund(alice);
    await miners(3n * 10n ** 9n);
    const { fee } = await alice.engine.spend(bob.publicKey, ae, 'stuck');
    await blocks(2);
    expect(await balance(bob)).toBe(0n);
    const [waiting] = await alice.engine.waitingSends();
    expect(waiting).toMatchObject({ requestId: 'stuck', amount: ae, fee, raised: 2n * fee });
    await expect(alice.engine.raiseSendFee('stuck', fee)).rejects.toThrow(/does not replace/);
    await expect(alice.engine.raiseSendFee('stuck', 100n * ae)).rejects.toThrow(/needs 101 AE/);
    await alice.engine.raiseSendFee('stuck', 2n * fee);
    await alice.engine.raiseSendFee('stuck', 4n * fee);
    await until(
      'paid',
      () => balance(bob),
      (value) => value === ae,
    );
    expect(await balance(alice)).toBe(99n * ae - 4n * fee);
    expect(await alice.engine.waitingSends()).toEqual([]);
    expect(await alice.engine.spend(bob.publicKey, ae, 'stuck')).toMatchObject({ fee: 4n * fee });
    await expect(alice.engine.raiseSendFee('stuck', 8n * fee)).rejects.toThrow(/block has this payment/);
    await blocks(1);
    expect(await balance(bob)).toBe(ae);
  });

  test('that both signed keeps its fee: neither side can change it alone', async () => {
    const { alice, id } = await openChannel();
    await miners(2n * 10n ** 9n);
    await alice.engine.wish(id, { type: 'shutdown' });
    await until('posted', phase(alice, id), (value) => value === 'closing_confirming');
    expect(raised(alice, id)).toBeNull();
    await expect(alice.engine.raiseFee(id, ae)).rejects.toThrow(/Both sides have signed/);
  });

  describe('that makes a given-up funding void', () => {
    /** Alice has signed the funding, Bob's disk fails before he completes it, and she gives up. */
    async function givenUp() {
      const alice = await party();
      const store = openSqliteStore(':memory:');
      const bob = await party({
        listen: true,
        store: {
          ...store,
          async commit(writes) {
            const rows = writes.filter(({ table }) => table === 'channels');
            if (
              rows.some(({ value }) => (value as StoredChannel | undefined)?.channel.phase === 'confirming')
            )
              throw new Error('the disk is full');
            return store.commit(writes);
          },
        },
      });
      await fund(alice);
      await fund(bob);
      await miners(5n * 10n ** 9n);
      const { id } = await alice.engine.open(bob.publicKey, bob.transport.addresses(), terms);
      await until('half signed', phase(alice, id), (value) => value === 'half_signed');
      await alice.engine.wish(id, { type: 'abort', reason: 'given up' });
      await until(
        'cancelling',
        () => raised(alice, id),
        (value) => value !== null,
      );
      await blocks(2);
      expect(phase(alice, id)()).toBe('cancelling');
      return { alice, id };
    }

    test('is freed', async () => {
      const { alice, id } = await givenUp();
      const fee = 3n * raised(alice, id)!;
      await alice.engine.raiseFee(id, fee);
      await until('aborted', phase(alice, id), (value) => value === 'aborted');
      expect(await balance(alice)).toBe(100n * ae - fee);
    });

    test('is mined in its first form after all: that makes it void too', async () => {
      const { alice, id } = await givenUp();
      const fee = raised(alice, id)!;
      await miners(5n * 10n ** 9n, ['SpendTx']);
      await alice.engine.raiseFee(id, fee);
      await miners(10n ** 9n, ['SpendTx']);
      await until('aborted', phase(alice, id), (value) => value === 'aborted');
      expect(await balance(alice)).toBe(100n * ae - fee / 2n);
    });
  });
});
