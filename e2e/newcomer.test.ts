/** From the fresh extension to the first payment: at most 8 clicks beyond typing, under 90 seconds on the devnet. */
import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { devnet, relay, shop } from './harness/services.ts';
import { Wallet } from './harness/wallet.ts';

const ae = 10n ** 18n;
let chain: Awaited<ReturnType<typeof devnet>>;
let hop: Awaited<ReturnType<typeof relay>>;
let peer: Awaited<ReturnType<typeof shop>>;
let wallet: Wallet;

beforeAll(async () => {
  chain = await devnet({ keyBlockMs: 700, microBlockMs: 50 });
  hop = await relay();
  peer = await shop(chain.url);
  wallet = await Wallet.launch({ name: 'newcomer' });
  await wallet.call('network.set', { nodeUrl: chain.url, relay: hop.address });
  await wallet.until('the network', (view) => view.network.state === 'ok');
});
afterAll(async () => {
  await wallet?.close();
  await peer?.stop();
  await hop?.stop();
  await chain?.close();
});

it('a newcomer pays for the first time after at most 8 clicks and 90 seconds', async () => {
  const started = performance.now();
  const clicks: string[] = [];
  const click = async (target: Locator) => {
    clicks.push((await target.textContent())?.trim() ?? '');
    await target.click();
  };
  const page = await wallet.popup();
  page.setDefaultTimeout(60_000);
  const button = (name: string | RegExp) => page.getByRole('button', { name });

  await click(button('Create a new wallet'));
  await page.getByTestId('phrase').waitFor();
  const items = await page.getByTestId('phrase').locator('li').all();
  const words = await Promise.all(items.map((item) => item.textContent()));
  await click(button('I wrote them down'));
  // From field to field by Tab, as one who types does.
  const labels = await page.locator('label', { hasText: /^Word \d+$/ }).allTextContents();
  expect(labels).toHaveLength(3);
  for (const label of labels)
    await page.getByLabel(label, { exact: true }).fill(words[Number(label.slice(5)) - 1]!);
  await page.getByLabel('Password', { exact: true }).fill('correct horse battery');
  await page.getByLabel('Repeat password').fill('correct horse battery');
  await click(button('Create wallet'));
  await click(button('Get test coins'));
  await click(button('Open channel'));

  await wallet.context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const invite = page.getByLabel('Invite link');
  await invite.waitFor();
  await page.evaluate((link) => navigator.clipboard.writeText(link), peer.info.invite);
  await invite.focus();
  await page.keyboard.press('Control+V');
  await page.getByLabel('You put in').fill('5');
  await page.getByText('Leaves your account').waitFor();
  await click(button('Review'));
  await click(page.getByRole('alertdialog').getByRole('button', { name: 'Open channel' }));

  await page.getByText('You can pay 5 AE now.').waitFor();
  await page.getByLabel('Amount').first().fill('1.5');
  await click(button('Pay 1.5 AE'));
  await page.getByText('Paid 1.5 AE.').waitFor();

  const seconds = (performance.now() - started) / 1000;
  console.log(
    `first payment after ${clicks.length} clicks and ${seconds.toFixed(1)} s: ${clicks.join(', ')}`,
  );
  const [channel] = (await wallet.view()).channels;
  expect(channel).toMatchObject({ phase: 'open', theirs: String((15n * ae) / 10n) });
  expect(clicks.length).toBeLessThanOrEqual(8);
  expect(seconds).toBeLessThan(90);
});
