/** The main path in stock Firefox: onboarding, a channel with the shop, payments, a page that asks, the close. */
import type { Page } from 'puppeteer-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type DemoServer, serve } from '../examples/serve.ts';
import { FirefoxWallet } from './harness/firefox.ts';
import { devnet, relay, shop } from './harness/services.ts';

const ae = 10n ** 18n;
const password = 'correct horse battery';
let chain: Awaited<ReturnType<typeof devnet>>;
let hop: Awaited<ReturnType<typeof relay>>;
let peer: Awaited<ReturnType<typeof shop>>;
let demo: DemoServer;
let wallet: FirefoxWallet;
let popup: Page;
let page: Page;
let address = '';

beforeAll(async () => {
  chain = await devnet({ keyBlockMs: 700, microBlockMs: 50 });
  hop = await relay();
  peer = await shop(chain.url);
  demo = await serve(0, peer.url);
  wallet = await FirefoxWallet.launch();
});
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await wallet.shot(popup, 'failed');
});
afterAll(async () => {
  await wallet?.close();
  await demo?.close();
  await peer?.stop();
  await hop?.stop();
  await chain?.close();
});

type View = Awaited<ReturnType<FirefoxWallet['view']>>;
const only = (view: View) => view.channels[0]!;
/** A tab that is not in front draws nothing, so a locator must not wait for its element to stand still there. */
const at = (page: Page, selector: string) =>
  page.locator(selector).setWaitForStableBoundingBox(false).setEnsureElementIsInTheViewport(false);
/** By the accessible name, as a screen reader hears it. */
const named = (page: Page, role: string, name: string) =>
  at(page, `::-p-aria([name="${name}"][role="${role}"])`);
/**
 * Says yes to a question: it is taken a moment after the question is shown. The window closes on it, at times before
 * the click is told as done; a locator would look for the button until its time is over.
 */
async function yes(window: Page): Promise<void> {
  const closed = new Promise<void>((done) => window.once('close', () => done()));
  const click = at(window, '.button-pair .primary:not([aria-disabled])').click();
  await Promise.race([click, closed]);
  click.catch(() => undefined);
}
/** Types into a form's empty field, found by its label. */
async function type(page: Page, label: string, value: string): Promise<void> {
  const control = `//label[starts-with(normalize-space(), "${label}")]/following::*[self::input or self::textarea][1]`;
  await (await at(page, `::-p-xpath(${control})`).waitHandle()).type(value);
}
const text = (page: Page, words: string) => at(page, `::-p-text(${words})`);

describe('the wallet in Firefox', () => {
  it('a wallet is made: phrase, check of the phrase, password', async () => {
    await wallet.call('network.set', { nodeUrl: chain.url, relay: hop.address });
    popup = await wallet.popup();
    await text(popup, 'Create a new wallet').click();
    await text(popup, 'Write down your 12 words').wait();
    const words = await popup.$$eval('[aria-label="Your phrase"] li', (items) =>
      items.map((item) => (item.textContent ?? '').replace(/[^a-z]/g, '')),
    );
    expect(words).toHaveLength(12);
    await named(popup, 'button', 'I wrote them down').click();
    await text(popup, 'Check your paper').wait();
    const asked = await popup.$$eval('input', (fields) =>
      fields.map((field) => field.getAttribute('aria-label') ?? field.labels?.[0]?.textContent ?? ''),
    );
    const fields = await popup.$$('input');
    for (const [index, field] of fields.entries())
      await field.type(words[Number(/\d+/.exec(asked[index]!)?.[0]) - 1] ?? '');
    await type(popup, 'Password', password);
    await type(popup, 'Repeat password', password);
    await wallet.shot(popup, 'password');
    await named(popup, 'button', 'Create wallet').click();
    await text(popup, 'Your wallet is ready').wait();
    await text(popup, 'Open wallet').click();
    address = (await wallet.until('an account', (view) => view.account !== null)).account!.address;
  });

  it('test coins arrive', async () => {
    await named(popup, 'button', 'Get test coins').click();
    await wallet.until('coins', (view) => BigInt(view.account?.balance ?? 0) >= 1000n * ae);
    await wallet.shot(popup, 'home');
  });

  it('a channel with the shop opens after the chain confirmed', async () => {
    await text(popup, 'Open channel').click();
    await type(popup, 'Invite link', peer.info.invite);
    await named(popup, 'button', 'Continue').click();
    await type(popup, 'You put in', '10');
    await named(popup, 'button', 'Review').click();
    await at(popup, '[role=alertdialog] button ::-p-text(Open channel)').click();
    const view = await wallet.until('an open channel', (now) => only(now)?.phase === 'open');
    expect(only(view).mine).toBe(String(10n * ae));
    await wallet.shot(popup, 'channel');
  });

  it('a payment is co-signed', async () => {
    await type(popup, 'Amount', '1.5');
    await at(popup, 'button ::-p-text(Pay 1.5 AE)').click();
    await text(popup, 'Paid 1.5 AE.').wait();
    await wallet.until('paid', (now) => only(now).mine === String((85n * ae) / 10n));
  });

  it('a page connects and is paid, after the person said so each time', async () => {
    page = await wallet.page(demo.url);
    const connect = await wallet.approval(() => named(page, 'button', 'Connect Tandem').click());
    await yes(connect);
    await wallet.until('connected', (view) => view.sites.length === 1);
    const before = only(await wallet.view());
    const asked = await wallet.approval(() => at(page, '#menu > li button').click());
    await wallet.shot(asked, 'approve-payment');
    await yes(asked);
    const price = BigInt(Object.values(peer.info.prices)[0]!);
    await wallet.until('paid', (view) => BigInt(only(view).mine) === BigInt(before.mine) - price);
  });

  it('the channel stays connected while nobody looks at the wallet, beyond the 30 s after which Firefox ends what is idle', async () => {
    const { bootId } = await wallet.view();
    await wallet.leave();
    await popup.close();
    await new Promise((done) => setTimeout(done, 40_000));
    const view = await wallet.view();
    expect(view.bootId).toBe(bootId);
    expect(only(view).connection).toBe('online');
    popup = await wallet.popup(`/channel/${only(view).id}`);
  });

  it('closing by agreement: on-chain balances exact to the aetto', async () => {
    const channel = only(await wallet.view());
    const before = await chain.balance(address);
    await at(popup, 'button ::-p-text(Close channel)').click();
    await at(popup, '[role=alertdialog] button ::-p-text(Close channel)').click();
    await wallet.until('closed', (view) => only(view).phase === 'closed');
    expect(await chain.balance(address)).toBe(before + BigInt(channel.closeQuote!.mine));
    await wallet.shot(popup, 'closed');
  });
});
