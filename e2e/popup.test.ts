/** What a person keeps and chooses in the popup, in the real extension: address book, fees, report, camera, wide page. */
import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encode } from '../src/protocol/chain/address.ts';
import { devnet, type ShopJson, shop } from './harness/services.ts';
import { password, Wallet } from './harness/wallet.ts';

const ae = 10n ** 18n;
const nora = encode('ak', new Uint8Array(32).fill(7));
let chain: Awaited<ReturnType<typeof devnet>>;
let peer: Awaited<ReturnType<typeof shop>>;
let cafe: ShopJson;
let wallet: Wallet;
let own: string;
let words: string;

beforeAll(async () => {
  chain = await devnet({ keyBlockMs: 700, microBlockMs: 50 });
  peer = await shop(chain.url);
  cafe = peer.info;
  wallet = await Wallet.launch({ name: 'popup' });
  words = (await wallet.call('vault.newPhrase', {})).mnemonic;
  own = await wallet.setUp(chain, 100n * ae, { mnemonic: words });
});
afterAll(async () => {
  await wallet?.close();
  await peer?.stop();
  await chain?.close();
});

interface Chrome {
  chrome: { storage: { local: { get(key: string): Promise<Record<string, unknown>> } } };
}

async function open(hash: string): Promise<Page> {
  const page = await wallet.popup(hash);
  page.setDefaultTimeout(60_000);
  return page;
}

describe('the address book', () => {
  it("names who is paid, whose channel it is and who asks, above the peer's own name, also after a restart", async () => {
    const page = await open('/contacts/new');
    await page.getByLabel('Name').fill('My café');
    await page.getByLabel('Address or invite').fill(cafe.invite);
    await page.getByLabel('Note').fill('a secret of ours');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('link', { name: /My café/ }).waitFor();
    await wallet.call('contact.save', { name: 'Nora', at: nora, note: null, was: null });

    await page.goto(page.url().replace(/#.*/, '#/open'));
    await page.getByLabel('From the address book').selectOption('My café');
    await page.getByLabel('You put in').fill('10');
    await page.getByRole('slider', { name: 'Network fee' }).focus();
    await page.keyboard.press('End');
    await page.getByText('Leaves your account').waitFor();
    const fee = await page.getByTestId('fee').textContent();
    await page.getByRole('button', { name: 'Review' }).click();
    const dialog = page.getByRole('alertdialog');
    await dialog.getByText('My café').waitFor();
    await dialog.getByRole('button', { name: 'Open channel' }).click();
    await page.getByRole('heading', { level: 1, name: 'My café' }).waitFor();
    await wallet.until('an open channel', ({ channels }) => channels[0]?.phase === 'open');
    // Exactly the fee that was shown has left the account.
    const paid = 90n * ae - (await chain.balance(own));
    expect(fee).toBe(`0.${paid.toString().padStart(18, '0').replace(/0+$/, '')} AE`);
    expect(paid).toBeGreaterThan(16n * 15_000n * 10n ** 9n);

    await wallet.stopWorker();
    const view = await wallet.until('the channel again', ({ channels }) => channels.length > 0);
    expect(view.channels[0]!.peer).toEqual({ address: cafe.address, name: 'My café', known: true });
    await page.close();
  });

  it('is hidden while the wallet is locked', async () => {
    await wallet.call('vault.lock', {});
    expect((await wallet.view()).contacts).toEqual([]);
    await expect(wallet.call('contact.list', {})).rejects.toThrow(/locked/);
    await expect(wallet.call('contact.save', { name: 'X', at: nora, note: null, was: null })).rejects.toThrow(
      /locked/,
    );
    await wallet.call('vault.unlock', { password });
    await wallet.until('running', (view) => view.account !== null);
    expect((await wallet.view()).contacts.map(({ name }) => name)).toEqual(['My café', 'Nora']);
  });

  it('fills in whom to send to; the fee shown is the fee paid', async () => {
    const page = await open('/send');
    await page.getByLabel('From the address book').selectOption('Nora');
    await page.getByLabel('Amount').fill('1.5');
    await page.getByRole('slider', { name: 'Network fee' }).focus();
    await page.keyboard.press('ArrowRight');
    const shown = page.getByTestId('fee').locator('.amount');
    await shown.waitFor();
    const fee = await shown.textContent();
    const before = await chain.balance(own);
    await page.getByRole('button', { name: 'Review' }).click();
    await page.getByRole('alertdialog').getByText('Nora').waitFor();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Send' }).click();
    await page.getByRole('heading', { name: 'Sent' }).waitFor();
    await expect.poll(() => chain.balance(nora), { timeout: 30_000 }).toBe((3n * ae) / 2n);
    const paid = before - (3n * ae) / 2n - (await chain.balance(own));
    expect(fee).toBe(`0.${paid.toString().padStart(18, '0').replace(/0+$/, '')} AE`);
    await page.close();
  });
});

describe('the report', () => {
  it('is saved as a file that says how the wallet is, and none of its secrets', async () => {
    await wallet.call('vault.revealPhrase', { password: 'not the password' }).catch(() => undefined);
    const page = await open('/diagnostics');
    const saved = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Save as a file' }).click();
    const download = await saved;
    expect(download.suggestedFilename()).toMatch(/^tandem-report-\d{4}-\d\d-\d\d\.txt$/);
    const report = readFileSync(await download.path(), 'utf8');
    const [channel] = (await wallet.view()).channels;
    for (const said of [
      'Version: 0.1.0',
      `Node: ${chain.url}`,
      'Network: ae_devnet',
      'State: ok',
      `${channel!.id.slice(0, 8)}: initiator, open`,
      'vault.revealPhrase: vault',
    ])
      expect(report).toContain(said);
    // The worker was stopped once.
    expect(Number(/Worker starts, the latest: (\d+)/.exec(report)?.[1])).toBeGreaterThanOrEqual(2);
    expect(Number(/\n {2}history: (\d+)/.exec(report)?.[1])).toBeGreaterThan(0);
    for (const secret of [
      words,
      words.split(' ').slice(0, 2).join(' '),
      password,
      own.slice(3, 15),
      nora.slice(3, 15),
      cafe.address.slice(3, 15),
      channel!.id.slice(0, 9),
      channel!.channelId!.slice(3, 15),
      'My café',
      'Nora',
      'a secret of ours',
      cafe.name,
    ])
      expect(report).not.toContain(secret);
    await page.close();
  });
});

describe('the language', () => {
  it('that is chosen holds for the popup, and is what the worker reads for its notifications', async () => {
    const page = await open('/settings');
    const stored = () =>
      page.evaluate(async () => {
        const { storage } = (globalThis as unknown as Chrome).chrome;
        return (await storage.local.get('language')).language;
      });
    await expect.poll(stored).toBe('en');
    await page.getByRole('combobox', { name: 'Language' }).selectOption('Deutsch');
    await page.getByRole('heading', { level: 1, name: 'Einstellungen' }).waitFor();
    await expect.poll(stored).toBe('de');
    await page.getByRole('combobox', { name: 'Sprache' }).selectOption('English');
    await page.getByRole('heading', { level: 1, name: 'Settings' }).waitFor();
    await expect.poll(stored).toBe('en');
    await page.close();
  });
});

describe('a tab', () => {
  it('without a camera says so, and breaks no rule of the extension’s own', async () => {
    const page = await open('/open?scan=1');
    await page.getByText('Choose a picture of the code.').waitFor();
    const code = page.locator('input[type=file]');
    await code.setInputFiles({ name: 'none.png', mimeType: 'image/png', buffer: await page.screenshot() });
    await page.getByText('No code can be read in this picture.').waitFor();
    expect(wallet.complaints.filter((text) => text.includes('Content Security Policy'))).toEqual([]);
    await page.close();
  });

  it('that is wide has the channels beside what was chosen', async () => {
    const page = await open('/');
    await page.setViewportSize({ width: 1100, height: 800 });
    await page.getByText('No channel chosen').waitFor();
    await page.getByTestId('channel-card').first().click();
    await page.getByRole('main').getByRole('heading', { level: 1, name: 'My café' }).waitFor();
    await wallet.shot(page, 'wide');
    await page.close();
  });
});
