import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DemoServer, serve } from '../examples/serve.ts';
import { devnet, shop } from './harness/services.ts';
import { Wallet } from './harness/wallet.ts';

let chain: Awaited<ReturnType<typeof devnet>>;
let peer: Awaited<ReturnType<typeof shop>>;
let demo: DemoServer;
let wallet: Wallet;

beforeAll(async () => {
  chain = await devnet();
  peer = await shop(chain.url);
  demo = await serve(0, peer.url);
  wallet = await Wallet.launch();
});
afterAll(async () => {
  await wallet?.close();
  await demo?.close();
  await peer?.stop();
  await chain?.close();
});

describe('the demo shop’s page', () => {
  it('shows the shop peer’s prices, and sells nothing before there is a channel', async () => {
    const page = await wallet.page(demo.url);
    const items = page.locator('#menu > li');
    await expect.poll(() => items.count()).toBe(Object.keys(peer.info.prices).length);
    expect(await page.locator('#menu').textContent()).toContain('0.02 AE');
    for (const button of await items.getByRole('button').all()) expect(await button.isDisabled()).toBe(true);
    await wallet.shot(page, 'shop-start');
    await page.close();
  });

  it('says why a wallet that is not set up does not connect', async () => {
    const page = await wallet.page(demo.url);
    await page.getByRole('button', { name: 'Connect Tandem' }).click();
    await page.getByText(/wallet is (not|locked)/).waitFor();
    await page.close();
  });

  it('says what to do where the shop does not run', async () => {
    const alone = await serve(0, 'http://127.0.0.1:1');
    try {
      const page = await wallet.page(alone.url);
      await page.getByText('The shop does not answer. Start it').waitFor();
      await page.close();
    } finally {
      await alone.close();
    }
  });
});
