/** Closing alone and disputes, over real stores and a running chain: what a party gets is never less than it signed. */

import { describe, expect, test } from 'vitest';
import { encode } from '../../src/protocol/chain/address.ts';
import { closingTxHash, fundingTxHash, soloTxHash } from '../../src/protocol/channel/index.ts';
import { number, oldDisk, type Party, phase, seenOnChain, until } from './party.ts';
import { ae, scene } from './scene.ts';

const { url, chain, balance, party, lastSeed, pay, openChannel } = scene(80, 150);

const fees = (who: Party, id: string) =>
  who.items
    .filter((item) => item.id === id && item.entry.kind === 'chain' && item.entry.txHash)
    .map((item) => item.entry.note);

describe('closing alone', () => {
  test('the peer is gone: after the lock each has its balance of the latest co-signed state', async () => {
    const { alice, bob, id } = await openChannel();
    expect(await pay(alice, id, ae)).toMatchObject({ ok: true });
    await bob.stop();
    const before = { alice: await balance(alice), bob: await balance(bob) };
    await seenOnChain(alice, id);
    await alice.engine.wish(id, { type: 'close_solo' });
    const close = alice.engine.channel(id).channel.solo!;
    await until(
      'closing',
      () => alice.engine.channel(id).channel.onChain?.lockedUntil ?? 0,
      (value) => value > 0,
    );
    await until(
      'settling',
      () => alice.engine.channel(id).channel.solo?.kind,
      (value) => value === 'settle',
    );
    const settle = alice.engine.channel(id).channel.solo!;
    await until('closed', phase(alice, id), (value) => value === 'closed');
    expect(await balance(bob)).toBe(before.bob + 8n * ae);
    expect(await balance(alice)).toBe(before.alice + 7n * ae - close.fee - settle.fee);
    expect(fees(alice, id)).toHaveLength(2);
  });

  test('nothing was paid yet: the state on chain is shown by an empty payload', async () => {
    const { alice, bob, id } = await openChannel();
    await bob.stop();
    await seenOnChain(alice, id);
    const before = await balance(bob);
    await alice.engine.wish(id, { type: 'close_solo' });
    await until('closed', phase(alice, id), (value) => value === 'closed');
    expect(await balance(bob)).toBe(before + 7n * ae);
  });

  test('a wallet that stops in between goes on after its restart', async () => {
    const { alice, bob, id } = await openChannel();
    const seedByte = lastSeed() - 1;
    await pay(alice, id, ae);
    await bob.stop();
    await seenOnChain(alice, id);
    const before = await balance(bob);
    await alice.engine.wish(id, { type: 'close_solo' });
    await alice.stop();
    const again = await party({ seedByte, folder: alice.folder });
    await until('closed', phase(again, id), (value) => value === 'closed');
    expect(await balance(bob)).toBe(before + 8n * ae);
  });

  test('a payment that is not co-signed does not count, one that is does', async () => {
    const { alice, bob, id } = await openChannel();
    await pay(alice, id, ae);
    expect(alice.engine.channel(id).channel.latest!.number).toBe(1n);
    await expect(
      alice.engine.wish(id, { type: 'close_solo' }).then(() => alice.engine.wish(id, { type: 'close_solo' })),
    ).rejects.toThrow(/already/);
    expect(await pay(alice, id, ae)).toMatchObject({ ok: false, code: 'not_open' });
    void bob;
  });
});

describe('a cheating peer', () => {
  test('closes with an old state that suits it: answered at once by the latest, without asking', async () => {
    const { alice, bob, id } = await openChannel();
    expect(await pay(bob, id, ae)).toMatchObject({ ok: true });
    await until('alice follows', number(alice, id), (value) => value === 1n);
    // Bob keeps the state in which he has one AE more than he will have.
    const folder = oldDisk(bob);
    expect(await pay(bob, id, 3n * ae)).toMatchObject({ ok: true });
    const seedByte = lastSeed();
    await bob.stop();
    const before = { alice: await balance(alice), bob: await balance(bob) };
    const cheat = await party({ seedByte, folder });
    await seenOnChain(cheat, id);
    await cheat.engine.wish(id, { type: 'close_solo' });
    await until(
      'slashed',
      () => alice.engine.channel(id).channel.onChain?.round ?? 0n,
      (round) => round === 3n,
      20_000,
    );
    const slash = alice.items.find((item) => item.entry.note?.includes('answered an old state'));
    expect(slash).toBeDefined();
    await until('closed', phase(alice, id), (value) => value === 'closed', 20_000);
    // Initiator 8 + 1 + 3 = 12, responder 7 - 1 - 3 = 3.
    expect((await balance(alice)) - before.alice).toBeGreaterThan(12n * ae - 10n ** 15n);
    expect((await balance(bob)) - before.bob).toBeLessThanOrEqual(3n * ae);
    expect((await balance(bob)) - before.bob).toBeGreaterThan(3n * ae - 10n ** 15n);
  });

  test('closes with the latest state: nothing to answer, both get theirs', async () => {
    const { alice, bob, id } = await openChannel();
    await pay(alice, id, ae);
    await seenOnChain(bob, id);
    await bob.engine.wish(id, { type: 'close_solo' });
    await until('closed', phase(alice, id), (value) => value === 'closed', 20_000);
    await until('closed', phase(bob, id), (value) => value === 'closed', 20_000);
    expect(alice.items.some((item) => item.entry.note?.includes('answered an old state'))).toBe(false);
  });
});

describe('reorganisations', () => {
  /** Replaces all blocks from that of this transaction on, and forgets it. */
  const reorg = async (hash: Uint8Array) => {
    const place = await chain().transaction(hash);
    if (typeof place === 'string')
      throw new Error(`the transaction is ${place}, so nothing can be taken away`);
    const depth = (await chain().status()).height - place.height + 1;
    const drop = [encode('th', hash)];
    const response = await fetch(`${url()}/devnet/reorg`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ depth, drop }),
    });
    expect(response.ok, await response.text()).toBe(true);
  };
  const fundingHash = (of: Party, id: string) => fundingTxHash(of.engine.channel(id).channel);

  test('the funding is taken away and forgotten: it is posted again, and payments go on once it is back', async () => {
    const { alice, bob, id } = await openChannel();
    await seenOnChain(alice, id);
    await reorg(fundingHash(alice, id));
    await until(
      'back on chain',
      () => chain().channel(alice.engine.channel(id).channel.channelId!),
      (value) => value !== null,
    );
    const paid = await until(
      'payment',
      () => pay(alice, id, ae),
      (outcome) => outcome.ok,
    );
    expect(paid.number).toBeGreaterThan(0n);
    await until(
      'bob follows',
      () => bob.engine.channel(id).channel.latest!.balances.responder,
      (b) => b === 8n * ae,
    );
  });

  test('an agreed close is taken away: it is posted again', async () => {
    const { alice, bob, id } = await openChannel(8);
    await alice.engine.wish(id, { type: 'shutdown' });
    await until(
      'close posted',
      () => alice.engine.channel(id).channel.closing?.confirmations ?? -2,
      (n) => n >= 0,
    );
    await reorg(closingTxHash(alice.engine.channel(id).channel));
    await until('alice closed', phase(alice, id), (value) => value === 'closed');
    await until('bob closed', phase(bob, id), (value) => value === 'closed');
    expect(await chain().channel(alice.engine.channel(id).channel.channelId!)).toBeNull();
  });

  test('a close alone is taken away: it is posted again, and settled', async () => {
    const { alice, bob, id } = await openChannel();
    await pay(alice, id, ae);
    await bob.stop();
    const before = await balance(bob);
    await seenOnChain(alice, id);
    await alice.engine.wish(id, { type: 'close_solo' });
    await until(
      'closing',
      () => alice.engine.channel(id).channel.onChain?.lockedUntil ?? 0,
      (value) => value > 0,
    );
    await reorg(soloTxHash(alice.engine.channel(id).channel));
    await until('closed', phase(alice, id), (value) => value === 'closed', 20_000);
    expect(await balance(bob)).toBe(before + 8n * ae);
  });
});
