/** A locked wallet: it watches the chain without its key, warns, and answers as soon as it is unlocked. */
import { afterEach, describe, expect, test } from 'vitest';
import { createHandlers } from '../../src/background/handlers.ts';
import { Vault } from '../../src/background/vault/index.ts';
import { Wallet } from '../../src/background/wallet.ts';
import { signerFromSeed, verify } from '../../src/engine/crypto.ts';
import type { Store } from '../../src/engine/ports.ts';
import { createTransport } from '../../src/engine/transport/index.ts';
import { decode } from '../../src/protocol/chain/address.ts';
import { formatInvite } from '../../src/rpc/invite.ts';
import { installation, password } from '../backup/support.ts';
import { clock, oldDisk, seenOnChain, until } from '../engine/party.ts';
import { ae, scene } from '../engine/scene.ts';

const { url, chain, balance, party, fund, lastSeed, pay } = scene(140, 300);
const lockPeriod = 200;

type Parts = Awaited<ReturnType<typeof installation>>;
const running: Wallet[] = [];
afterEach(async () => {
  for (const wallet of running.splice(0)) await wallet.stop();
});

/** A start of the worker on these parts: everything in memory is new. */
async function start(parts: Parts, store: Store = parts.store) {
  const notices: string[] = [];
  let badge = 0;
  const vault = await Vault.load({
    ...parts,
    clock: { now: clock.now, after: () => () => undefined },
    publicKey: async (seed) => (await signerFromSeed(seed)).publicKey,
    autoLockMinutes: () => 60,
    locked: () => undefined,
  });
  const wallet = await Wallet.load({
    ...parts,
    store,
    vault,
    verify,
    bootId: 'test',
    signerFromSeed,
    transport: (seed) => createTransport({ seed, mode: 'dial', relay: null }),
    changed: () => undefined,
    attention: () => undefined,
    keepWindow: () => undefined,
    wantUnlock: () => undefined,
    alarm: (channels) => {
      badge = channels;
    },
    notify: (title) => notices.push(title),
    pushToPages: () => undefined,
    networkChanged: () => undefined,
  });
  running.push(wallet);
  return {
    wallet,
    notices,
    badge: () => badge,
    handlers: createHandlers(wallet, vault, { ...parts, vault }),
  };
}
type Started = Awaited<ReturnType<typeof start>>;

/** A wallet with an open channel with Bob, in which each has paid the other. */
async function withChannel() {
  const parts = await installation();
  const here = await start(parts);
  await here.handlers['network.set']({ nodeUrl: url(), relay: null });
  const { address } = await here.handlers['vault.create']({
    mnemonic: (await here.handlers['vault.newPhrase']({})).mnemonic,
    password,
  });
  const bob = await party({ listen: true, minimumDepth: 1 });
  await fund(bob);
  const me = decode('ak', address);
  await fetch(`${url()}/devnet/faucet`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ address, amount: (100n * ae).toString() }),
  });
  await until(
    'coins',
    async () => (await chain().account(me)).balance,
    (coins) => coins === 100n * ae,
  );
  const { networkId } = await chain().status();
  const link = formatInvite({
    peer: bob.publicKey,
    networkId,
    addresses: bob.transport.addresses(),
    name: null,
  });
  const { channel: id } = await here.handlers['channel.open']({
    link,
    terms: {
      initiatorAmount: String(10n * ae),
      responderAmount: String(5n * ae),
      pushAmount: '0',
      channelReserve: '0',
      lockPeriod,
    },
  });
  const only = () => here.wallet.view().channels[0]!;
  await until(
    'open',
    () => only()?.phase,
    (phase) => phase === 'open',
  );
  await until(
    'bob opens',
    () => bob.engine.channel(id).channel.phase,
    (phase) => phase === 'open',
  );
  await seenOnChain(bob, id);
  return { parts, here, bob, id, me };
}

async function mine(keyBlocks: number): Promise<void> {
  await fetch(`${url()}/devnet/mine`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ keyBlocks }),
  });
}

const closing = ({ wallet }: Started) => wallet.view().locked?.closing ?? [];
async function sees({ wallet }: Started, what: string, so: (list: ReturnType<typeof closing>) => boolean) {
  await until(
    what,
    async () => {
      await wallet.start();
      return closing({ wallet } as Started);
    },
    so,
  );
}
/** Every write of this store is a failure of the test. */
const readOnly = (store: Store, writes: string[]): Store => ({
  ...store,
  commit: async (rows) => {
    writes.push(...rows.map(({ table, key }) => `${table}/${key}`));
  },
});

describe('a locked wallet', () => {
  test('warns of a close with an old state, again after a restart and as time runs out, and answers once unlocked', async () => {
    const { parts, here, bob, id, me } = await withChannel();
    const seedByte = lastSeed();
    expect(await pay(bob, id, ae)).toMatchObject({ ok: true });
    const folder = oldDisk(bob);
    expect(await pay(bob, id, 3n * ae)).toMatchObject({ ok: true });
    await until(
      'both have it',
      () => here.wallet.view().channels[0]!.mine,
      (coins) => coins === String(14n * ae),
    );
    await here.handlers['vault.lock']({});
    here.notices.splice(0);
    await bob.stop();
    expect(here.wallet.view()).toMatchObject({ vault: 'locked', account: null, channels: [] });
    await sees(here, 'nothing yet', (list) => list.length === 0);
    expect(here.notices).toEqual([]);
    const before = { me: (await chain().account(me)).balance, bob: await balance(bob) };

    const cheat = await party({ seedByte, folder });
    await seenOnChain(cheat, id);
    await cheat.engine.wish(id, { type: 'close_solo' });
    await sees(here, 'a warning', (list) => list.length === 1);
    expect(closing(here)[0]).toMatchObject({ old: true });
    expect(closing(here)[0]!.blocksLeft).toBeGreaterThan(lockPeriod / 2);
    expect(here.notices).toEqual(['Unlock your wallet to defend a channel']);
    expect(here.badge()).toBe(1);
    await cheat.stop();

    // The worker is stopped, and started by an alarm: no key, no second notice, nothing written.
    await here.wallet.stop();
    const writes: string[] = [];
    const again = await start(parts, readOnly(parts.store, writes));
    await sees(again, 'still warned', (list) => list.length === 1);
    await until('looked by itself', again.badge, (badge) => badge === 1);
    expect(again.notices).toEqual([]);
    await mine(lockPeriod / 2);
    await sees(again, 'half the time', (list) => list[0]!.blocksLeft <= lockPeriod / 2);
    await until(
      'warned',
      () => again.notices.length,
      (count) => count > 0,
    );
    expect(again.notices).toEqual(['Unlock your wallet to defend a channel']);
    expect(JSON.stringify(again.wallet.view().locked)).not.toMatch(/ak_|ch_|[0-9a-f]{16}|\d{10}/);
    expect(writes).toEqual([]);
    await again.wallet.stop();

    const unlocked = await start(parts);
    await unlocked.handlers['vault.unlock']({ password });
    expect(unlocked.wallet.view().locked).toBeNull();
    const channelId = unlocked.wallet.running().engine.channel(id).channel.channelId!;
    await until(
      'answered',
      async () => (await chain().channel(channelId))?.round,
      (round) => round === 3n,
    );
    await mine(lockPeriod + 1);
    await until(
      'closed',
      () => unlocked.wallet.view().channels[0]!.phase,
      (phase) => phase === 'closed',
    );
    const gained = (await chain().account(me)).balance - before.me;
    expect(gained).toBeGreaterThan(14n * ae - 10n ** 15n);
    expect((await balance(bob)) - before.bob).toBeLessThanOrEqual(ae);
  }, 60_000);

  test('tells a close with the latest state calmly: no mark, one notice', async () => {
    const { here, bob, id } = await withChannel();
    expect(await pay(bob, id, ae)).toMatchObject({ ok: true });
    await until(
      'both have it',
      () => here.wallet.view().channels[0]!.mine,
      (coins) => coins === String(11n * ae),
    );
    await here.handlers['vault.lock']({});
    here.notices.splice(0);
    await bob.engine.wish(id, { type: 'close_solo' });
    await sees(here, 'the close', (list) => list.length === 1);
    expect(closing(here)[0]).toMatchObject({ old: false });
    await mine(lockPeriod / 2);
    await sees(here, 'half the time', (list) => list[0]!.blocksLeft <= lockPeriod / 2);
    expect(here.notices).toEqual(['A channel is being closed']);
    expect(here.badge()).toBe(0);
    await mine(lockPeriod);
    await sees(here, 'settled', (list) => list.length === 0);
  }, 60_000);

  test('keeps its warning while the node is away, and says that it does not see', async () => {
    const { parts, here, bob, id } = await withChannel();
    const seedByte = lastSeed();
    const folder = oldDisk(bob);
    expect(await pay(bob, id, ae)).toMatchObject({ ok: true });
    await until(
      'both have it',
      () => here.wallet.view().channels[0]!.mine,
      (coins) => coins === String(11n * ae),
    );
    await here.handlers['vault.lock']({});
    here.notices.splice(0);
    await bob.stop();
    const cheat = await party({ seedByte, folder });
    await seenOnChain(cheat, id);
    await cheat.engine.wish(id, { type: 'close_solo' });
    await sees(here, 'a warning', (list) => list[0]?.old === true);
    await here.wallet.stop();
    const network = (await parts.store.get('meta', 'network')) as object;
    await parts.store.commit([
      { table: 'meta', key: 'network', value: { ...network, nodeUrl: 'http://127.0.0.1:9' } },
    ]);
    const blind = await start(parts);
    await sees(blind, 'the warning of before', (list) => list[0]?.old === true);
    expect(blind.wallet.view().network.state).toBe('unreachable');
    expect(blind.notices).toEqual([]);
  }, 60_000);
});
