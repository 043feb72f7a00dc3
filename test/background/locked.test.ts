/** A locked wallet: it watches the chain without its key, warns, and answers as soon as it is unlocked. */
import { afterEach, describe, expect, test } from 'vitest';
import type { Store } from '../../src/engine/ports.ts';
import { password } from '../backup/support.ts';
import { oldDisk, seenOnChain, until } from '../engine/party.ts';
import { ae, scene } from '../engine/scene.ts';
import { lockPeriod, type Started, start, stopWallets, withChannel } from './installed.ts';

const place = scene(140, 300);
const { url, chain, balance, party, lastSeed, pay } = place;
stopWallets(afterEach);

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
    const { parts, here, bob, id, me } = await withChannel(place);
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
    const { here, bob, id } = await withChannel(place);
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
    const { parts, here, bob, id } = await withChannel(place);
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
