/**
 * An attempted cheat while the browser is closed: the watchtower, a program of its own, answers the old state on the
 * chain, and the wallet finds its coins when it is opened again.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { feesOf, onChain } from './harness/chain-views.ts';
import { type Cheater, cheater } from './harness/cheater.ts';
import { devnet, watchtower } from './harness/services.ts';
import { password, Wallet } from './harness/wallet.ts';

const ae = 10n ** 18n;
const profile = mkdtempSync(join(tmpdir(), 'tandem-guarded-'));
let chain: Awaited<ReturnType<typeof devnet>>;
let tower: Awaited<ReturnType<typeof watchtower>>;
let bob: Cheater;
let wallet: Wallet;
let address: string;
let channelId: string;
let before: { wallet: bigint; bob: bigint; tower: bigint };

beforeAll(async () => {
  chain = await devnet({ keyBlockMs: 1_000, microBlockMs: 50 });
  tower = await watchtower(chain.url);
  bob = await cheater(chain);
  wallet = await Wallet.launch({ name: 'guarded', profile });
});
afterAll(async () => {
  await wallet?.close();
  await bob?.stop();
  await tower?.stop();
  await chain?.close();
  rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
});

const only = (view: Awaited<ReturnType<Wallet['view']>>) => view.channels[0]!;

describe('a browser that is closed', () => {
  it('the watchtower is chosen in the settings, after it answered', async () => {
    address = await wallet.setUp(chain, 50n * ae);
    const page = await wallet.popup('/settings');
    const field = page.getByLabel('Watchtower link');
    await field.fill(tower.link.replace(/tcp%2F\d+/, 'tcp%2F1'));
    await page.getByRole('button', { name: 'Use this watchtower' }).click();
    await page.getByText(/not online at/).waitFor({ timeout: 30_000 });
    await field.fill(tower.link);
    await page.getByRole('button', { name: 'Use this watchtower' }).click();
    await page.getByText('The watchtower answered.').waitFor({ timeout: 30_000 });
    await field.scrollIntoViewIfNeeded();
    await wallet.shot(page, 'settings-watchtower');
    expect((await wallet.view()).settings.watchtower).toBe(tower.link);
    await page.close();
  });

  it('a channel names it, and each co-signed state is acknowledged', async () => {
    const terms = {
      initiatorAmount: String(10n * ae),
      responderAmount: String(5n * ae),
      pushAmount: '0',
      channelReserve: String(ae / 10n),
      lockPeriod: 15,
    };
    const { channel } = await wallet.call('channel.open', { link: bob.invite, terms });
    channelId = only(await wallet.until('open', (view) => only(view)?.phase === 'open')).channelId!;
    await wallet.call('channel.pay', { channel, amount: String(4n * ae), note: null, requestId: 'first' });
    // Bob keeps the state in which he has 9; after it he pays 6 back.
    expect(await bob.payBack(6n * ae)).toMatchObject({ ok: true });
    const view = await wallet.until('guarded', (now) => only(now).watchtower?.guards === '2');
    expect(only(view)).toMatchObject({ mine: String(12n * ae), watchtower: { named: true, problem: null } });
    const page = await wallet.popup(`/channel/${channel}`);
    await page.getByRole('tab', { name: 'Details' }).click();
    await page.getByText('guards signed state 2').waitFor();
    await wallet.shot(page, 'channel-watchtower');
  });

  it('is answered for by the watchtower: the old state does not stand', async () => {
    before = {
      wallet: await chain.balance(address),
      bob: await chain.balance(bob.address),
      tower: await chain.balance(tower.address),
    };
    await wallet.close();
    await bob.closeWithOldState();
    await tower.printed(/closed with old round 2, seen at block \d+; disputable until block \d+/);
    const [, block] = await tower.printed(/slashed with round 3 by this watchtower, in block (\d+)/);
    const object = await onChain(chain.url, channelId);
    expect(object?.round).toBe(3n);
    expect(object!.lockedUntil).toBe(Number(block) + 15);
    // The fee of the one slash and nothing else has left the watchtower's account; the wallet has paid nothing.
    const fee = await feesOf(chain.url, tower.address, ['ChannelSlashTx']);
    expect(fee).toBeGreaterThan(0n);
    expect(await chain.balance(tower.address)).toBe(before.tower - fee);
    expect(await chain.balance(address)).toBe(before.wallet);
    // The cheater does not collect: that is left to the wallet.
    await bob.party().stop();
  });

  it('opens again and settles: each has its latest co-signed balance, exact to the aetto', async () => {
    wallet = await Wallet.launch({ name: 'guarded', profile });
    await wallet.call('vault.unlock', { password });
    await wallet.until('closed', (view) => only(view)?.phase === 'closed', 90_000);
    const types = ['ChannelSettleTx', 'ChannelSlashTx', 'ChannelCloseSoloTx'];
    const fees = await feesOf(chain.url, address, types);
    expect(fees).toBeGreaterThan(0n);
    expect(await chain.balance(address)).toBe(before.wallet + 12n * ae - fees);
    expect(await chain.balance(bob.address)).toBe(
      before.bob + 3n * ae - (await feesOf(chain.url, bob.address, types)),
    );
    expect(await onChain(chain.url, channelId)).toBeNull();
    await tower.printed(/left the chain, seen at block \d+/);
  });
});
