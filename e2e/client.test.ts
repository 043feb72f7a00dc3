/**
 * The client package in Chromium: a page opens a channel, pays with and without a question, calls a contract, is loaded
 * anew, loses no event, closes. On the other side a service in Node.js with the same class, over the peer's socket.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DemoServer, serve } from '../examples/serve.ts';
import { type Program, program } from './harness/program.ts';
import { devnet, freePort, shop } from './harness/services.ts';
import { answer, Wallet } from './harness/wallet.ts';

const ae = 10n ** 18n;
const coffee = 2n * 10n ** 16n;
/** Also the price of a question. */
const discount = 10n ** 15n;
let chain: Awaited<ReturnType<typeof devnet>>;
let peer: Awaited<ReturnType<typeof shop>>;
let demo: DemoServer;
let wallet: Wallet;
let page: Page;
let bar: Program;
const data = mkdtempSync(join(tmpdir(), 'tandem-bar-'));
let socket: string;

const startBar = () =>
  program('examples/tab/service.ts', [socket, join(data, 'api-token'), join(data, 'bar.json')]);

beforeAll(async () => {
  chain = await devnet();
  const port = await freePort();
  socket = `http://127.0.0.1:${port}`;
  peer = await shop(chain.url, { data, args: ['--api', String(port)] });
  bar = startBar();
  demo = await serve(0, peer.url);
  wallet = await Wallet.launch({ name: 'client' });
  await wallet.setUp(chain, 50n * ae);
});
afterAll(async () => {
  await wallet?.close();
  await demo?.close();
  await bar?.stop();
  await peer?.stop();
  await chain?.close();
  rmSync(data, { recursive: true, force: true });
});

const button = (name: string | RegExp) => page.getByRole('button', { name });
/** The page's button, and the person's yes in each window that opens. */
async function approved(trigger: string | RegExp, ...answers: string[]): Promise<void> {
  let act = () => button(trigger).click();
  for (const [index, name] of answers.entries()) {
    const asked = await wallet.approval(act);
    const yes = asked.getByRole('button', { name, exact: true });
    await yes.waitFor();
    const next = answers[index + 1];
    if (next === undefined) await answer(yes);
    else act = () => answer(yes);
  }
}
const channel = async () => (await wallet.view()).channels[0]!;
/** What the page has written down of every event, over all its lives. */
const slip = () =>
  page.evaluate(
    () => JSON.parse(localStorage.getItem('tab.slip') ?? '[]') as { number: number; line: string }[],
  );
/** The wallet's log from the first event of the slip on. */
const log = async (from: number) => {
  const events = await page.evaluate(
    (after) =>
      (
        window as unknown as { tandem: { request(call: object): Promise<{ number: number; id: string }[]> } }
      ).tandem.request({ method: 'events.since', params: { after } }),
    from - 1,
  );
  return events.filter(({ id }) => id !== null).map(({ number }) => number);
};
async function nothingLost(): Promise<void> {
  await expect
    .poll(async () => {
      const numbers = (await slip()).map(({ number }) => number);
      return JSON.stringify(numbers) === JSON.stringify(await log(numbers[0]!));
    })
    .toBe(true);
}
const said = (words: string | RegExp) => page.locator('#said').getByText(words).waitFor();

describe('a page with the client package', () => {
  it('opens a channel: the person connects the site and approves the terms', async () => {
    await bar.printed(/the bar serves as ak_/);
    page = await wallet.page(`${demo.url}/tab/`);
    await approved('Open a tab', 'Connect', 'Open channel');
    await page.getByText('Left on your tab').waitFor({ timeout: 60_000 });
    await bar.printed(/channel with ak_/);
    await wallet.shot(page, 'tab');
  });

  it('pays what the person approves; the service hears of it and gives a discount, once', async () => {
    await approved(/^Order a coffee/, 'Pay 0.02 AE');
    await said('One coffee, paid.');
    await bar.printed(/discount given/);
    await said(/your coffee \w+ is ready/);
    await expect.poll(async () => (await channel()).mine).toBe(String(ae - coffee + discount));
  });

  it('pays within a budget without a question', async () => {
    await approved('Order without questions', 'Allow budget');
    await page.getByText('more without a question').waitFor();
    const windows = wallet.context.pages().length;
    for (const count of [2n, 3n, 4n]) {
      await button(/^Order a coffee/).click();
      await expect.poll(async () => (await channel()).mine).toBe(String(ae - count * (coffee - discount)));
    }
    expect(wallet.context.pages().length).toBe(windows);
    await wallet.shot(page, 'tab-budget');
  });

  it('makes a contract and calls it', async () => {
    await approved('Put the quiz on the tab', 'Make contract');
    await said('The quiz is on your tab.');
    await approved(/^Ask the quiz/, 'Call contract', 'Call contract');
    await said('The smallest factor of 994009 is 997.');
  });

  it('is loaded anew, and goes on with the same channel without a question', async () => {
    const { id } = await channel();
    const windows = wallet.context.pages().length;
    await page.reload();
    await page.getByText('Left on your tab').waitFor();
    expect((await channel()).id).toBe(id);
    expect(wallet.context.pages().length).toBe(windows);
    await nothingLost();
  });

  it('hears of everything that happened while it was closed and the worker stopped, in order and once', async () => {
    const before = (await slip()).length;
    await page.goto('about:blank');
    await bar.stop();
    await wallet.call('channel.pay', {
      channel: (await channel()).id,
      amount: String(coffee),
      note: 'at the counter',
      requestId: 'counter',
    });
    await wallet.stopWorker();
    bar = startBar();
    await bar.printed(/the bar serves as ak_/);
    await wallet.until('connected', ({ channels }) => channels[0]?.connection === 'online');
    await page.goto(`${demo.url}/tab/`);
    await page.getByText('Left on your tab').waitFor();
    await nothingLost();
    expect((await slip()).length).toBeGreaterThan(before);
    const numbers = (await slip()).map(({ number }) => number);
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
  });

  it('hears how a call ended that the person approved after the page was loaded anew; it was made once', async () => {
    const { mine } = await channel();
    const asked = await wallet.approval(() => button(/^Ask the quiz/).click());
    await page.reload();
    await page.getByText('Left on your tab').waitFor();
    await answer(asked.getByRole('button', { name: 'Call contract', exact: true }));
    await said('Done, from before: what you had asked for.');
    expect((await channel()).mine).toBe(String(BigInt(mine) - discount));
    expect((await wallet.view()).approvals).toEqual([]);
  });

  it('puts coins in, takes coins out, leaves, and is back by the next initialize', async () => {
    const run = (work: 'deposit' | 'withdraw' | 'leave') =>
      page.evaluate(
        async ({ work, peer }) => {
          const { Channel } = (window as unknown as { sdk: typeof import('../src/sdk/index.ts') }).sdk;
          const channel = await Channel.initialize({ responderId: peer });
          const done = work === 'leave' ? await channel.leave() : await channel[work](10n ** 17n);
          channel.disconnect();
          return done;
        },
        { work, peer: peer.info.address },
      );
    const content = "import * as sdk from '/shared/sdk.js'; window.sdk = sdk;";
    await page.addScriptTag({ type: 'module', content });
    await page.waitForFunction(() => 'sdk' in window);
    const before = BigInt((await channel()).mine);
    for (const [work, name, after] of [
      ['deposit', 'Deposit', before + ae / 10n],
      ['withdraw', 'Withdraw', before],
    ] as const) {
      let moved: ReturnType<typeof run> | null = null;
      const asked = await wallet.approval(() => {
        moved = run(work);
      });
      await answer(asked.getByRole('button', { name, exact: true }));
      expect(await moved).toEqual({ accepted: true });
      expect((await channel()).mine).toBe(String(after));
    }
    expect(await run('leave')).toMatchObject({ channelId: (await channel()).channelId });
    await wallet.until('left', ({ channels }) => channels[0]?.connection === 'offline');
    await page.reload();
    await wallet.until('back', ({ channels }) => channels[0]?.connection === 'online');
    await nothingLost();
  });

  it('closes by agreement', async () => {
    await approved('Settle', 'Call contract', 'Close channel');
    await said('Settled. Come again!');
    expect((await channel()).phase).toBe('closed');
    await nothingLost();
    await wallet.shot(page, 'tab-closed');
    expect(wallet.complaints).toEqual([]);
  });
});
