/** Two engines over real stores, real streams and a running chain: a channel's whole life, and what breaks it. */
import { describe, expect, test } from 'vitest';
import { startDevnet } from '../../devnet/index.ts';
import { number, online, phase, until } from './party.ts';
import { ae, scene, terms } from './scene.ts';

const { chain, balance, party, fund, lastSeed, pay, openChannel } = scene(40, 200);

describe("a channel's life", () => {
  test('open with a push, pay both ways, close: on-chain balances exact to the aetto', async () => {
    const { alice, bob, id } = await openChannel();
    expect(alice.engine.channel(id).channel.latest!.balances).toEqual({
      initiator: 8n * ae,
      responder: 7n * ae,
    });
    const fundingFee = alice.engine.channel(id).channel.funding!.fee;
    expect(await balance(alice)).toBe(90n * ae - fundingFee);
    expect(await balance(bob)).toBe(95n * ae);

    expect(await pay(alice, id, ae)).toMatchObject({ ok: true });
    expect(await pay(bob, id, 3n * ae + 7n)).toMatchObject({ ok: true });
    const balances = { initiator: 10n * ae + 7n, responder: 5n * ae - 7n };
    expect(alice.engine.channel(id).channel.latest!.balances).toEqual(balances);

    await alice.engine.wish(id, { type: 'shutdown' });
    await until('alice closed', phase(alice, id), (value) => value === 'closed');
    await until('bob closed', phase(bob, id), (value) => value === 'closed');
    const { closing } = alice.engine.channel(id).channel;
    const half = closing!.fee / 2n;
    expect(await balance(alice)).toBe(90n * ae - fundingFee + balances.initiator - (closing!.fee - half));
    expect(await balance(bob)).toBe(95n * ae + balances.responder - half);
    expect(await chain().channel(alice.engine.channel(id).channel.channelId!)).toBeNull();
  });

  test('deposit and withdrawal: on-chain balances exact to the aetto, the channel goes on', async () => {
    const { alice, bob, id } = await openChannel();
    const before = { alice: await balance(alice), bob: await balance(bob) };
    const done = (n: bigint) => async () => {
      for (const party of [alice, bob]) await until('locked', number(party, id), (value) => value >= n);
    };
    await alice.engine.wish(id, { type: 'deposit', amount: 3n * ae });
    const deposit = alice.engine.channel(id).channel.move!;
    await done(1n)();
    expect(await balance(alice)).toBe(before.alice - 3n * ae - deposit.fee);
    expect(await pay(alice, id, 10n * ae)).toMatchObject({ ok: true });
    await bob.engine.wish(id, { type: 'withdraw', amount: 9n * ae });
    const withdrawal = bob.engine.channel(id).channel.move!;
    await done(3n)();
    expect(await balance(bob)).toBe(before.bob + 9n * ae - withdrawal.fee);
    expect(alice.engine.channel(id).channel.latest!.balances).toEqual({ initiator: ae, responder: 8n * ae });
    expect(await pay(bob, id, ae)).toMatchObject({ ok: true });
    const onChain = await chain().channel(alice.engine.channel(id).channel.channelId!);
    expect(onChain).toMatchObject({ channelAmount: 9n * ae, round: 4n });
  });

  test('a hundred payments at once are few rounds, and all are paid', async () => {
    const { alice, bob, id } = await openChannel();
    const outcomes = await Promise.all(Array.from({ length: 100 }, () => pay(alice, id, 10n ** 15n)));
    expect(outcomes.every((outcome) => outcome.ok)).toBe(true);
    expect(bob.engine.channel(id).channel.latest!.balances.responder).toBe(7n * ae + 100n * 10n ** 15n);
    expect(bob.engine.channel(id).channel.latest!.number).toBeLessThan(20n);
  });

  test('repeating a request returns its first outcome and never pays twice', async () => {
    const { alice, bob, id } = await openChannel();
    const request = { scope: 'test', id: 'the same', amount: ae, direction: 'pay' as const, note: null };
    const [first, again] = await Promise.all([
      alice.engine.request(id, request),
      alice.engine.request(id, request),
    ]);
    expect(again).toEqual(first);
    expect(await alice.engine.request(id, request)).toEqual(first);
    expect(bob.engine.channel(id).channel.latest!.balances.responder).toBe(8n * ae);
  });

  test('both pay at once, many times: both agree', async () => {
    const { alice, bob, id } = await openChannel();
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, i) => pay(i % 2 === 0 ? alice : bob, id, 10n ** 15n)),
    );
    expect(outcomes.map((outcome) => outcome.message)).toEqual(Array.from({ length: 20 }, () => ''));
    await until('bob follows', number(bob, id), (value) => value === number(alice, id)());
    expect(bob.engine.channel(id).channel.latest!.stateHash).toEqual(
      alice.engine.channel(id).channel.latest!.stateHash,
    );
  });
});

describe('what breaks', () => {
  test('the responder dies in the middle of a payment, comes back, and all goes on', async () => {
    const { alice, bob, id } = await openChannel();
    const paying = pay(alice, id, ae);
    await bob.stop();
    const [address] = bob.transport.addresses();
    void address;
    const outcome = await Promise.race([
      paying,
      new Promise<null>((resolve) => setTimeout(() => resolve(null), 300)),
    ]);
    const again = await party({ listen: true, seedByte: lastSeed(), folder: bob.folder });
    expect(again.address).toBe(bob.address);
    // Its port changed: the initiator learns where it is now.
    await alice.engine.channel(id).update({ addresses: again.transport.addresses() });
    await alice.engine.reconnect(id);
    if (outcome === null) expect(await paying).toMatchObject({ ok: true });
    await online(alice, id);
    expect(await pay(alice, id, ae)).toMatchObject({ ok: true });
    await until('bob follows', number(again, id), (value) => value === number(alice, id)());
  });

  test('the initiator restarts: the channel is reestablished and its requests keep their outcomes', async () => {
    const { alice, bob, id } = await openChannel();
    const seedByte = lastSeed() - 1;
    const request = {
      scope: 'test',
      id: 'before the restart',
      amount: ae,
      direction: 'pay' as const,
      note: 'x',
    };
    const outcome = await alice.engine.request(id, request);
    await alice.stop();
    const again = await party({ seedByte, folder: alice.folder });
    expect(again.address).toBe(alice.address);
    await online(again, id);
    expect(await again.engine.request(id, request)).toEqual(outcome);
    expect(bob.engine.channel(id).channel.latest!.balances.responder).toBe(8n * ae);
    expect(
      (await again.engine.history(id, null, 10)).flatMap(({ row }) => row.items.map((item) => item.kind)),
    ).toContain('paid');
  });

  test('a peer that cannot be reached: the opening ends with one clear sentence', async () => {
    const alice = await party();
    await fund(alice);
    const { id } = await alice.engine.open(new Uint8Array(32).fill(1), ['/ip4/127.0.0.1/tcp/1/ws'], terms);
    await until('aborted', phase(alice, id), (value) => value === 'aborted');
    expect(alice.engine.channel(id).channel.reason).toMatch(/cannot be reached/);
  });

  test('no funds: refused before anything is proposed', async () => {
    const alice = await party();
    await expect(alice.engine.open(new Uint8Array(32).fill(1), [], terms)).rejects.toThrow(
      /holds 0 AE; this channel needs 10\.0000/,
    );
  });

  test('the store fails in the middle of a payment: nothing is sent, nothing is lost, and it goes on', async () => {
    const { alice, bob, id } = await openChannel();
    const commit = alice.store.commit.bind(alice.store);
    alice.store.commit = () => Promise.reject(new Error('The disk is full.'));
    expect(await pay(alice, id, ae)).toMatchObject({ ok: false, message: 'The disk is full.' });
    expect(alice.problems.at(-1)).toMatch(/disk is full/);
    alice.store.commit = commit;
    // The connection starts over, at any moment now.
    await until(
      'a payment',
      () => pay(alice, id, ae),
      ({ ok }) => ok,
    );
    expect(bob.engine.channel(id).channel.latest!.balances.responder).toBe(8n * ae);
  });

  test('a peer on another chain is refused', async () => {
    const other = await startDevnet({ port: 0, keyBlockMs: 200, microBlockMs: 20, networkId: 'ae_other' });
    try {
      const alice = await party();
      await fund(alice);
      const bob = await party({ listen: true, node: other.url });
      const { id } = await alice.engine.open(bob.publicKey, bob.transport.addresses(), terms);
      await until('aborted', phase(alice, id), (value) => value === 'aborted');
      expect(alice.engine.channel(id).channel.reason).toMatch(/another chain/);
      await bob.stop();
    } finally {
      await other.close();
    }
  });
});
