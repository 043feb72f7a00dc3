/** What touches the chain, as a person does it: deposit, withdrawal, and closing alone when the shop is gone. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { devnet, relay, shop } from './harness/services.ts';
import { Wallet } from './harness/wallet.ts';

const ae = 10n ** 18n;
let chain: Awaited<ReturnType<typeof devnet>>;
let hop: Awaited<ReturnType<typeof relay>>;
let peer: Awaited<ReturnType<typeof shop>>;
let wallet: Wallet;
let popup: Page;
let address = '';

type View = Awaited<ReturnType<Wallet['view']>>;
const only = (view: View) => view.channels[0]!;

beforeAll(async () => {
  chain = await devnet({ keyBlockMs: 500, microBlockMs: 50 });
  hop = await relay();
  peer = await shop(chain.url);
  wallet = await Wallet.launch({ name: 'alice' });
  address = await wallet.setUp(chain, 100n * ae, { relay: hop.address });
  await wallet.call('channel.open', {
    link: peer.info.invite,
    terms: {
      initiatorAmount: String(10n * ae),
      responderAmount: String(5n * ae),
      pushAmount: '0',
      channelReserve: String(ae / 10n),
      lockPeriod: 6,
    },
  });
  const view = await wallet.until('open', (now) => only(now)?.phase === 'open');
  popup = await wallet.popup(`/channel/${only(view).id}?tab=details`);
});
afterAll(async () => {
  await wallet?.close();
  await peer?.stop();
  await hop?.stop();
  await chain?.close();
});

describe('what touches the chain', () => {
  it('coins are added in the popup, with its progress shown', async () => {
    const before = await chain.balance(address);
    await popup.getByText('Add or take out coins').click();
    const form = popup.locator('form').filter({ hasText: 'Payments wait until it is final' });
    await form.getByLabel('Amount').fill('3');
    await form.getByRole('button', { name: 'Add' }).click();
    await popup.getByRole('heading', { name: 'Deposit' }).waitFor();
    await wallet.shot(popup, 'deposit');
    const view = await wallet.until('deposited', (now) => only(now).mine === String(13n * ae));
    expect(only(view).pending).toBeNull();
    const spent = before - (await chain.balance(address));
    expect(spent).toBeGreaterThan(3n * ae);
    expect(spent).toBeLessThan(3n * ae + 10n ** 14n);
  });

  it('coins are taken out; one below the reserve is refused in a sentence', async () => {
    const channel = only(await wallet.view()).id;
    await expect(wallet.call('channel.withdraw', { channel, amount: String(13n * ae) })).rejects.toThrow(
      /less than channel_reserve/,
    );
    await wallet.call('channel.withdraw', { channel, amount: String(4n * ae) });
    await wallet.until('withdrawn', (now) => only(now).mine === String(9n * ae));
    await wallet.call('channel.pay', { channel, amount: String(ae), note: null, requestId: 'after' });
    expect(only(await wallet.view())).toMatchObject({ mine: String(8n * ae), theirs: String(6n * ae) });
  });

  it('the worker is stopped in the middle of a deposit: it goes on', async () => {
    const channel = only(await wallet.view()).id;
    const { bootId } = await wallet.view();
    await wallet.call('channel.deposit', { channel, amount: String(ae) });
    await wallet.stopWorker();
    const view = await wallet.until(
      'deposited',
      (now) => now.bootId !== bootId && only(now)?.mine === String(9n * ae),
    );
    expect(only(view).phase).toBe('open');
  });

  it('the shop is gone: the person closes alone, and gets its balance after the dispute time', async () => {
    await peer.stop();
    await wallet.until('offline', (now) => only(now).connection !== 'online');
    const before = await chain.balance(address);
    const theirs = await chain.balance(peer.info.address);
    await popup.getByRole('button', { name: 'Close alone' }).first().click();
    await popup.getByRole('alertdialog').waitFor();
    await popup.waitForTimeout(400);
    await wallet.shot(popup, 'close-alone');
    await popup.getByRole('alertdialog').getByRole('button', { name: 'Close alone' }).click();
    await popup.getByText('Being closed by one side').waitFor();
    await wallet.until('locked', (now) => (only(now).progress?.confirmations ?? -1) >= 1);
    await wallet.shot(popup, 'dispute');
    await wallet.stopWorker();
    await wallet.until('closed', (now) => only(now)?.phase === 'closed');
    const got = (await chain.balance(address)) - before;
    expect(got).toBeGreaterThan(9n * ae - 10n ** 14n);
    expect(got).toBeLessThan(9n * ae);
    expect((await chain.balance(peer.info.address)) - theirs).toBe(6n * ae);
    const { items } = await wallet.call('channel.history', { channel: null, before: null, limit: 50 });
    expect(items.map((item) => item.note).filter(Boolean)).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/close this channel alone/),
        expect.stringMatching(/claims the balances/),
      ]),
    );
  });
});
