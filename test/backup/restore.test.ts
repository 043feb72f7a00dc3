/** An old backup in a new installation, with a real peer and a running chain: nothing is lost, nothing old is acted on. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startDevnet } from '../../devnet/index.ts';
import { exportBackup, importBackup } from '../../src/background/backup/index.ts';
import { createHandlers } from '../../src/background/handlers.ts';
import { createNodeClient } from '../../src/engine/node-client.ts';
import { readStored, type StoredChannel } from '../../src/engine/stored.ts';
import type { Terms } from '../../src/protocol/channel/index.ts';
import { loadWallet } from '../background/installed.ts';
import {
  number,
  online,
  type Party,
  phase,
  seenOnChain,
  settled,
  startParty,
  until,
} from '../engine/party.ts';
import { contents, installation, password } from './support.ts';

const ae = 10n ** 18n;
const terms: Terms = {
  initiatorAmount: 10n * ae,
  responderAmount: 5n * ae,
  pushAmount: 2n * ae,
  channelReserve: ae / 10n,
  lockPeriod: 5,
};
let devnet: Awaited<ReturnType<typeof startDevnet>>;
let seeds = 140;
const parties: Party[] = [];

beforeAll(async () => {
  devnet = await startDevnet({ port: 0, keyBlockMs: 200, microBlockMs: 20 });
});
afterAll(async () => {
  for (const party of parties) await party.stop().catch(() => undefined);
  await devnet.close();
});

async function party(options: Partial<Parameters<typeof startParty>[0]>): Promise<Party> {
  const made = await startParty({ node: devnet.url, seedByte: seeds, ...options });
  parties.push(made);
  return made;
}
const chain = () => createNodeClient({ url: devnet.url, timeoutMs: 5_000 });
const balance = async (who: Party) => (await chain().account(who.publicKey)).balance;
async function fund(who: Party): Promise<void> {
  await fetch(`${devnet.url}/devnet/faucet`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ address: who.address, amount: (100n * ae).toString() }),
  });
  await until(
    'faucet',
    () => balance(who),
    (value) => value === 100n * ae,
  );
}
let ids = 0;
async function pay(from: Party, id: string, amount: bigint): Promise<void> {
  const request = { scope: 'test', id: `r${++ids}`, amount, direction: 'pay' as const, note: null };
  expect(await from.engine.request(id, request)).toMatchObject({ ok: true });
}

/** Alice in an installation of the wallet, Bob as a plain peer, a channel between them with one payment. */
async function openChannel() {
  const home = await installation();
  await home.vault.create({ mnemonic: home.vault.newPhrase(), password });
  const alice = await party({ store: home.store, seed: home.vault.seed()! });
  const bobSeed = ++seeds;
  const bob = await party({ listen: true, seedByte: bobSeed });
  await Promise.all([fund(alice), fund(bob)]);
  const { id } = await alice.engine.open(bob.publicKey, bob.transport.addresses(), terms);
  await until('alice opens', phase(alice, id), (value) => value === 'open');
  await until('bob opens', phase(bob, id), (value) => value === 'open');
  await pay(alice, id, ae);
  await seenOnChain(alice, id);
  return { home, alice, bob, bobSeed, id };
}

describe('an old backup', () => {
  test('the peer brings its channel up to date: close_solo waits for that, nothing is lost', async () => {
    const { home, alice, bob, bobSeed, id } = await openChannel();
    const backup = await exportBackup(home, 'ae_devnet', password);
    const old = alice.engine.channel(id).channel.latest!;
    await pay(bob, id, 3n * ae);
    await pay(alice, id, ae / 2n);
    await until('bob follows', number(bob, id), (value) => value === number(alice, id)());
    const latest = alice.engine.channel(id).channel.latest!;
    expect(latest.number).toBeGreaterThan(old.number);
    // The browser is lost, and the peer is away.
    await alice.stop();
    await bob.stop();

    const there = await installation();
    await importBackup(there, backup.file, password);
    const again = await party({ store: there.store, seed: there.vault.seed()! });
    expect(again.address).toBe(alice.address);
    const restored = again.engine.channel(id);
    expect(restored.channel.latest).toEqual(old);
    expect(restored.stored.restoredAt).toBeGreaterThan(0);
    await expect(again.engine.wish(id, { type: 'close_solo' })).rejects.toThrow(/backup.*Connect/);
    expect(restored.channel).toMatchObject({ phase: 'open', solo: null });

    const peer = await party({ listen: true, seedByte: bobSeed, folder: bob.folder });
    await restored.update({ addresses: peer.transport.addresses() });
    await again.engine.reconnect(id);
    await online(again, id);
    expect(restored.channel.latest).toEqual(latest);
    expect(restored.channel.recovered).toBe(true);
    await until(
      'believed',
      async () => ((await there.store.get('channels', id)) as StoredChannel).restoredAt,
      (value) => value === null,
    );

    await settled(again, id);
    await pay(again, id, ae);
    await pay(peer, id, 2n * ae);
    const { balances } = restored.channel.latest!;
    // 10 - 2 pushed - 1 + 3 - 0.5 - 1 + 2
    expect(balances).toEqual({ initiator: (21n * ae) / 2n, responder: (9n * ae) / 2n });
    const before = { alice: await balance(again), bob: await balance(peer) };
    await again.engine.wish(id, { type: 'close_solo' });
    await until('closed', phase(again, id), (value) => value === 'closed', 30_000);
    const gained = (await balance(again)) - before.alice;
    expect(gained).toBeGreaterThan(balances.initiator - 10n ** 15n);
    expect(gained).toBeLessThan(balances.initiator);
    expect((await balance(peer)) - before.bob).toBe(balances.responder);
  }, 90_000);

  test('without a later state at the peer it is believed as soon as the peer has shown so', async () => {
    const { home, alice, id } = await openChannel();
    await alice.engine.channel(id).flush();
    const before = await contents(home.store);
    const backup = await exportBackup(home, 'ae_devnet', password);
    await alice.stop();
    const there = await installation();
    await importBackup(there, backup.file, password);
    const after = await contents(there.store);
    const unmarked = after.channels!.map(([key, value]) => {
      const { doubt, ...channel } = (value as StoredChannel).channel;
      expect(doubt).toBe(true);
      return [key, { ...(value as StoredChannel), channel, restoredAt: null }];
    });
    expect({ ...after, channels: unmarked }).toEqual(before);

    const again = await party({ store: there.store, seed: there.vault.seed()! });
    await online(again, id);
    await until(
      'believed',
      () => again.engine.channel(id).stored.restoredAt,
      (value) => value === null,
    );
    expect(again.engine.channel(id).channel.recovered).toBe(false);
    await again.engine.wish(id, { type: 'close_solo' });
    expect(again.engine.channel(id).channel.phase).toBe('closing_solo');
  }, 90_000);

  test('a closed channel does not change any more, so it is not marked; an old row reads as not restored', async () => {
    const { home, alice, id } = await openChannel();
    await alice.engine.wish(id, { type: 'shutdown' });
    await until('closed', phase(alice, id), (value) => value === 'closed');
    const backup = await exportBackup(home, 'ae_devnet', password);
    const there = await installation();
    await importBackup(there, backup.file, password);
    const row = (await there.store.get('channels', id)) as StoredChannel;
    expect(row.restoredAt).toBeNull();
    const { restoredAt: _, ...older } = row;
    expect(readStored(older)).toEqual(row);
  }, 90_000);
});

describe('the wallet', () => {
  test('runs on what was restored: account, network, settings and sites of the backup', async () => {
    async function wallet() {
      const deps = await installation();
      const made = await loadWallet(deps);
      return { made, deps, handlers: createHandlers(made, deps.vault, deps) };
    }
    const here = await wallet();
    await here.handlers['vault.create']({ mnemonic: here.deps.vault.newPhrase(), password });
    await here.handlers['network.set']({ nodeUrl: devnet.url, relay: null });
    await here.handlers['settings.set']({ autoLockMinutes: 77, acceptIncoming: false });
    await here.made.sites.connect('https://shop.example', 5);
    const { file } = await here.handlers['backup.export']({ password });
    const old = here.made.view();
    await here.made.stop();

    const there = await wallet();
    void there.made.start();
    await expect(there.handlers['backup.import']({ file, password: 'not this one' })).rejects.toMatchObject({
      code: 'wrong_password',
    });
    expect(there.made.view()).toMatchObject({ vault: 'empty', account: null });
    const { address } = await there.handlers['backup.import']({ file, password });
    const view = there.made.view();
    expect(view.account?.address).toBe(address);
    expect(address).toBe(old.account!.address);
    expect(view.network.nodeUrl).toBe(devnet.url);
    expect([view.vault, view.settings, view.sites]).toEqual(['unlocked', old.settings, old.sites]);
    const running = there.made.running();
    await expect(there.handlers['backup.import']({ file, password })).rejects.toMatchObject({
      code: 'not_empty',
    });
    expect(there.made.running()).toBe(running);
    await there.made.stop();
  }, 90_000);
});
