/**
 * The main job, as a person does it: a wallet made in the popup, test coins, a channel with the shop, payments both
 * ways, a page that asks, a worker that dies, and a close whose balances are exact to the aetto.
 */

import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DemoServer, serve } from '../examples/serve.ts';
import { devnet, relay, shop } from './harness/services.ts';
import { answer, Wallet } from './harness/wallet.ts';

const ae = 10n ** 18n;
const password = 'correct horse battery';
let chain: Awaited<ReturnType<typeof devnet>>;
let hop: Awaited<ReturnType<typeof relay>>;
let peer: Awaited<ReturnType<typeof shop>>;
let demo: DemoServer;
let wallet: Wallet;

beforeAll(async () => {
  chain = await devnet({ keyBlockMs: 700, microBlockMs: 50 });
  hop = await relay();
  peer = await shop(chain.url);
  demo = await serve(0, peer.url);
  wallet = await Wallet.launch({ name: 'alice' });
});
afterAll(async () => {
  await wallet?.close();
  await demo?.close();
  await peer?.stop();
  await hop?.stop();
  await chain?.close();
});

/** Makes a wallet by the popup: words, check, password. */
async function onboard(it: Wallet): Promise<Page> {
  const page = await it.popup();
  await page
    .getByRole('button', { name: 'Create a new wallet' })
    .or(page.getByRole('link', { name: 'Create a new wallet' }))
    .click();
  await page.getByText('Write down your 12 words').waitFor();
  await it.shot(page, `${it.name}-words`);
  const words = (
    await page.getByRole('list', { name: 'Your phrase' }).getByRole('listitem').allTextContents()
  ).map((text) => text.replace(/[^a-z]/g, ''));
  expect(words).toHaveLength(12);
  await page.getByRole('button', { name: 'I wrote them down' }).click();
  await page.getByText('Check your paper').waitFor();
  for (const field of await page.getByRole('textbox').all()) {
    const label =
      (await field.getAttribute('aria-label')) ??
      (await page.locator(`label[for="${await field.getAttribute('id')}"]`).textContent());
    await field.fill(words[Number(/\d+/.exec(label ?? '')?.[0]) - 1] ?? '');
  }
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByLabel('Repeat password').fill(password);
  await page.getByRole('button', { name: 'Create wallet' }).click();
  await page.getByText('Your wallet is ready').waitFor({ timeout: 60_000 });
  await it.shot(page, `${it.name}-ready`);
  await page
    .getByRole('button', { name: 'Open wallet' })
    .or(page.getByRole('link', { name: 'Open wallet' }))
    .click();
  return page;
}

/** Points the wallet at this test's chain and relay. */
async function useNetwork(it: Wallet): Promise<void> {
  await it.call('network.set', { nodeUrl: chain.url, relay: hop.address });
  await it.until('the network', (view) => view.network.state === 'ok');
}

const only = (view: Awaited<ReturnType<Wallet['view']>>) => view.channels[0]!;
const open = (view: Awaited<ReturnType<Wallet['view']>>) => view.channels[0]?.phase === 'open';

describe('a wallet and the shop', () => {
  let popup: Page;
  let address: string;

  it('a wallet is made: phrase, check of the phrase, password', async () => {
    await useNetwork(wallet);
    popup = await onboard(wallet);
    address = (await wallet.until('an account', (view) => view.account !== null)).account!.address;
    expect(address).toMatch(/^ak_/);
  });

  it('a wrong password is one clear sentence, the right one unlocks', async () => {
    await wallet.call('vault.lock', {});
    await popup.getByLabel('Password', { exact: true }).fill('not this one');
    await popup.getByRole('button', { name: 'Unlock' }).click();
    await popup.getByText('Wrong password').waitFor({ timeout: 30_000 });
    await wallet.shot(popup, 'unlock-wrong');
    await popup.getByLabel('Password', { exact: true }).fill(password);
    await popup.getByRole('button', { name: 'Unlock' }).click();
    await wallet.until('unlocked', (view) => view.account?.address === address);
  });

  it('test coins arrive', async () => {
    await popup.getByRole('button', { name: 'Get test coins' }).click();
    await wallet.until('coins', (view) => BigInt(view.account?.balance ?? 0) >= 1000n * ae);
    await wallet.shot(popup, 'home-funded');
  });

  it('a malformed invite and an amount over the balance are each one clear sentence', async () => {
    await popup
      .getByRole('button', { name: 'Open channel' })
      .or(popup.getByRole('link', { name: 'Open channel' }))
      .first()
      .click();
    await popup.getByLabel('Invite link').fill('tandem:ak_broken?net=ae_devnet');
    await popup.getByRole('button', { name: 'Continue' }).click();
    await popup.getByText(/account in this invite is damaged/).waitFor();
    await wallet.shot(popup, 'open-bad-invite');
    await expect(
      wallet.call('invite.read', { link: peer.info.invite.replace('ae_devnet', 'ae_mainnet') }),
    ).rejects.toThrow(/for ae_mainnet; your wallet is on ae_devnet/);
  });

  it('a channel with the shop: terms, fee, confirmation; open after the chain confirmed', async () => {
    await popup.getByLabel('Invite link').fill(peer.info.invite);
    await popup.getByRole('button', { name: 'Continue' }).click();
    await popup.getByLabel('You put in').fill('10');
    await popup.getByLabel('They put in').fill('5');
    await popup.getByLabel('Give at once').fill('2');
    await popup.getByText('Reserve and dispute time').click();
    await popup.getByLabel('Reserve', { exact: true }).fill('0.1');
    await wallet.shot(popup, 'open-terms');
    await popup.getByRole('button', { name: 'Review' }).click();
    await popup.getByRole('alertdialog').waitFor();
    await wallet.shot(popup, 'open-confirm');
    await popup.getByRole('alertdialog').getByRole('button', { name: 'Open channel' }).click();
    const confirming = await wallet.until('funding on its way', (view) =>
      ['confirming', 'locking', 'open'].includes(only(view)?.phase),
    );
    expect(only(confirming).peer.name).toBe('Demo shop');
    await wallet.shot(popup, 'channel-funding');
    const view = await wallet.until('an open channel', open);
    expect(only(view)).toMatchObject({ mine: String(8n * ae), theirs: String(7n * ae) });
    await wallet.shot(popup, 'channel-open');
  });

  it('an amount over the reserve is refused in the form, a payment is co-signed', async () => {
    await popup.getByLabel('Amount').first().fill('8');
    await popup.getByRole('button', { name: 'Pay', exact: true }).click();
    await popup.getByText(/You can pay at most/).waitFor();
    await wallet.shot(popup, 'pay-over-reserve');
    await popup.getByLabel('Amount').first().fill('1.5');
    await popup.getByLabel(/^Note/).first().fill('for the beans');
    await popup.getByRole('button', { name: /^Pay 1\.5 AE/ }).click();
    await popup.getByText('Paid 1.5 AE.').waitFor();
    const view = await wallet.until('paid', (now) => only(now).mine === String((65n * ae) / 10n));
    expect(only(view).sequenceNumber).toBe('1');
    await wallet.shot(popup, 'paid');
  });

  it('repeating a request pays once', async () => {
    const channel = only(await wallet.view()).id;
    const once = { channel, amount: String(ae / 2n), note: null, requestId: 'the very same' };
    const first = await wallet.call('channel.pay', once);
    expect(await wallet.call('channel.pay', once)).toEqual(first);
    expect(only(await wallet.view()).mine).toBe(String(6n * ae));
  });

  it('the worker is stopped in the middle of payments, and all goes on', async () => {
    const { bootId } = await wallet.view();
    const channel = only(await wallet.view()).id;
    const paying = Array.from({ length: 5 }, (_, i) =>
      wallet
        .call('channel.pay', { channel, amount: String(ae / 10n), note: null, requestId: `during ${i}` })
        .catch(() => null),
    );
    await wallet.stopWorker();
    await Promise.all(paying);
    // Each is asked for again with its own id: none is paid twice, none is lost.
    await wallet.until(
      'reestablished',
      (view) => view.bootId !== bootId && only(view)?.connection === 'online',
    );
    for (let i = 0; i < 5; i++)
      await wallet.call('channel.pay', {
        channel,
        amount: String(ae / 10n),
        note: null,
        requestId: `during ${i}`,
      });
    expect(only(await wallet.view()).mine).toBe(String(6n * ae - ae / 2n));
  });

  let page: Page;
  it('the shop page connects after the person said so', async () => {
    page = await wallet.page(demo.url);
    const asked = await wallet.approval(() => page.getByRole('button', { name: 'Connect Tandem' }).click());
    await asked.getByRole('button', { name: 'Connect' }).waitFor();
    await wallet.shot(asked, 'approve-connect');
    await answer(asked.getByRole('button', { name: 'Connect' }));
    await wallet.until('connected', (view) => view.sites.length === 1);
  });

  it('the page asks for a payment: the person declines one by closing the window, approves another', async () => {
    const buy = () => page.locator('#menu > li').first().getByRole('button').click();
    const before = only(await wallet.view());
    const refused = await wallet.approval(buy);
    await refused.getByRole('button', { name: 'Decline' }).waitFor();
    await refused.close();
    await wallet.until('no approval', (view) => view.approvals.length === 0);
    expect(only(await wallet.view()).mine).toBe(before.mine);
    await page
      .getByText(/declined/i)
      .first()
      .waitFor();

    const asked = await wallet.approval(buy);
    await asked.getByRole('button', { name: /^Pay/ }).waitFor();
    await wallet.shot(asked, 'approve-payment');
    await answer(asked.getByRole('button', { name: /^Pay/ }));
    const price = BigInt(Object.values(peer.info.prices)[0]!);
    await wallet.until('paid', (view) => BigInt(only(view).mine) === BigInt(before.mine) - price);
    await page
      .getByText(/paid|delivered|ready/i)
      .first()
      .waitFor();
    await wallet.shot(page, 'shop-paid');
  });

  it('the worker is stopped while the person decides: the request is still there, and is paid once', async () => {
    const before = only(await wallet.view());
    const asked = await wallet.approval(() => page.locator('#menu > li').nth(1).getByRole('button').click());
    await asked.getByRole('button', { name: /^Pay/ }).waitFor();
    await wallet.stopWorker();
    await wallet.until(
      'online again',
      (view) => only(view)?.connection === 'online' && view.approvals.length === 1,
    );
    await answer(asked.getByRole('button', { name: /^Pay/ }));
    const price = BigInt(Object.values(peer.info.prices)[1]!);
    await wallet.until('paid', (view) => BigInt(only(view).mine) === BigInt(before.mine) - price);
  });

  it('history tells it all', async () => {
    const { items } = await wallet.call('channel.history', { channel: null, before: null, limit: 50 });
    expect(items.map((item) => item.kind)).toEqual(expect.arrayContaining(['opened', 'paid']));
    expect(items.find((item) => item.note === 'for the beans')).toMatchObject({
      amount: String((15n * ae) / 10n),
    });
    expect(items.some((item) => item.origin === demo.url)).toBe(true);
  });

  it('closing by agreement: on-chain balances exact to the aetto', async () => {
    const before = await wallet.view();
    const channel = only(before);
    const mineBefore = await chain.balance(address);
    const shopBefore = await chain.balance(peer.info.address);
    await popup.bringToFront();
    await popup.getByRole('button', { name: 'Close channel' }).first().click();
    await popup.getByRole('alertdialog').waitFor();
    await wallet.shot(popup, 'close-confirm');
    await popup.getByRole('alertdialog').getByRole('button', { name: 'Close channel' }).click();
    await wallet.until('closed', (view) => only(view).phase === 'closed');
    await wallet.shot(popup, 'closed');
    const quote = channel.closeQuote!;
    expect(await chain.balance(address)).toBe(mineBefore + BigInt(quote.mine));
    expect(await chain.balance(peer.info.address)).toBe(shopBefore + BigInt(quote.theirs));
    expect(BigInt(quote.mine) + BigInt(quote.theirs) + BigInt(quote.fee)).toBe(15n * ae);
  });
});
