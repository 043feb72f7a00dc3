/** A payment is answered before its co-signed state is written: what breaks in between loses and doubles nothing. */
import { describe, expect, test } from 'vitest';
import { number, online, type Party, until } from './party.ts';
import { ae, scene } from './scene.ts';

const { party, lastSeed, pay, openChannel } = scene(80, 200);

const diskFull = (who: Party): (() => void) => {
  const { commit } = who.store;
  who.store.commit = () => Promise.reject(new Error('The disk is full.'));
  return () => {
    who.store.commit = commit;
  };
};
const paid = async (who: Party, id: string) =>
  (await who.engine.history(id, null, 100))
    .flatMap(({ row }) => row.items)
    .filter(({ kind }) => kind === 'paid');
const request = (id: string) => ({ scope: 'test', id, amount: ae, direction: 'pay' as const, note: null });

describe('a payment that is answered and not written yet', () => {
  test('killed in between: the ack comes again, the outcome is the same, and it is paid once', async () => {
    const { alice, bob, id } = await openChannel();
    const seedByte = lastSeed() - 1;
    const outcome = await alice.engine.request(id, request('r'));
    expect(outcome).toMatchObject({ ok: true, number: 1n });
    // Nothing reaches the disk any more.
    diskFull(alice);
    await alice.stop();
    const again = await party({ seedByte, folder: alice.folder });
    expect(again.engine.channel(id).channel.latest!.number).toBe(0n);
    expect(again.engine.channel(id).channel.proposal!.number).toBe(1n);
    expect(await again.engine.request(id, request('r'))).toEqual(outcome);
    await online(again, id);
    expect(await again.engine.request(id, request('r'))).toEqual(outcome);
    expect(bob.engine.channel(id).channel.latest!.balances.responder).toBe(8n * ae);
    expect(await paid(again, id)).toHaveLength(1);
    expect(await pay(again, id, ae)).toMatchObject({ ok: true, number: 2n });
  });

  test('the store fails then: it says so, the channel sends nothing more, and goes on once it can', async () => {
    const { alice, bob, id } = await openChannel();
    const actor = alice.engine.channel(id);
    const outcome = await alice.engine.request(id, request('r'));
    const mend = diskFull(alice);
    await expect(actor.flush()).rejects.toThrow(/disk is full/);
    expect(alice.problems.at(-1)).toMatch(/disk is full/);
    expect(actor.channel.latest!.number).toBe(0n);
    expect(actor.channel.proposal!.number).toBe(1n);
    expect(await alice.engine.request(id, request('r'))).toEqual(outcome);
    expect(await pay(alice, id, ae)).toMatchObject({ ok: false });
    expect(bob.engine.channel(id).channel.latest!.number).toBe(1n);
    mend();
    await online(alice, id);
    expect(await alice.engine.request(id, request('r'))).toEqual(outcome);
    expect(await pay(alice, id, ae)).toMatchObject({ ok: true, number: 2n });
    expect(await paid(alice, id)).toHaveLength(2);
    await until('bob follows', number(bob, id), (value) => value === 2n);
    expect(bob.engine.channel(id).channel.latest!.balances.responder).toBe(9n * ae);
  });

  test('whatever is sent then is sent behind its commit', async () => {
    const { alice, bob, id } = await openChannel();
    const actor = alice.engine.channel(id);
    const disk = async () =>
      (await alice.store.get('channels', id)) as { channel: { latest: { number: bigint } } };
    const latest: Promise<bigint>[] = [];
    const { commit } = alice.store;
    let durable = 0n;
    alice.store.commit = async (writes) => {
      await commit(writes);
      durable = (await disk()).channel.latest.number;
    };
    await pay(alice, id, ae);
    actor.attach(() => void latest.push(Promise.resolve(durable)));
    await actor.post({ type: 'send_inband', data: new Uint8Array([1]) });
    expect(await Promise.all(latest)).toEqual([1n]);
    expect(bob.engine.channel(id).channel.latest!.number).toBe(1n);
  });

  test('a repeated request meets its outcome, and the history shows it', async () => {
    const { alice, bob, id } = await openChannel();
    const outcome = await alice.engine.request(id, request('r'));
    expect(await alice.engine.request(id, request('r'))).toEqual(outcome);
    expect(await alice.engine.outcome('test', 'r')).toEqual(outcome);
    expect(await paid(alice, id)).toHaveLength(1);
    expect(await alice.store.get('requests', 'test/r')).toEqual(outcome);
    expect(bob.engine.channel(id).channel.latest!.balances.responder).toBe(8n * ae);
  });

  test('stopping writes it', async () => {
    const { alice, id } = await openChannel();
    const outcome = await alice.engine.request(id, request('r'));
    await alice.engine.stop();
    expect(await alice.store.get('requests', 'test/r')).toEqual(outcome);
    expect(await alice.store.get('channels', id)).toMatchObject({
      channel: { proposal: null, latest: { number: 1n } },
    });
  });
});
