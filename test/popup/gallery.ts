/** The popup over the fixture worker, built and served; and every view a person meets, for tests and pictures. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { build, preview } from 'vite';
import { findChromium } from '../../scripts/chromium.mjs';
import { cafe } from './fixture/views.ts';

const configFile = fileURLToPath(new URL('./fixture/vite.config.ts', import.meta.url));
const channel = 'a'.repeat(64);

export type Place = {
  name: string;
  scene: string;
  hash: string;
  /** What a person does before there is what is meant. Finds things by place, not by text: it runs in any language. */
  then?(page: Page): Promise<void>;
  /** In a tab with room for two columns, else as the toolbar's popup. */
  wide?: boolean;
};

const place = (name: string, scene: string, hash: string, then?: Place['then']): Place => ({
  name,
  scene,
  hash,
  then,
});
const wide = (place: Place): Place => ({ ...place, wide: true });
const onTab = (name: string, tab: number) =>
  place(name, 'calm', `/channel/${channel}`, (page) => page.getByRole('tab').nth(tab).click());
const typeTerms = async (page: Page) => {
  await page.locator('.page-foot .button.primary').click();
  await page.locator('.control.amount input').first().fill('10');
  await page.locator('.page-foot .facts').waitFor();
};

export const places: readonly Place[] = [
  place('welcome', 'empty', '/'),
  place('create', 'empty', '/create'),
  place('create-check', 'empty', '/create', async (page) => {
    await page.getByTestId('phrase').waitFor();
    await page.locator('.page-foot .button.primary').click();
    await page.locator('input').first().waitFor();
    await page.locator('.page-foot .button.primary').click();
  }),
  place('import', 'empty', '/import'),
  place('restore', 'empty', '/restore'),
  place('unlock', 'locked', '/'),
  place('unlock-disputed', 'disputed', '/'),
  place('home', 'full', '/'),
  place('home-fresh', 'fresh', '/'),
  place('home-trouble', 'trouble', '/'),
  place('home-rival', 'rival', '/'),
  place('home-stuck', 'stuck', '/'),
  place('receive', 'calm', '/receive'),
  place('receive-address', 'calm', '/receive?tab=address'),
  ...['call', 'call-unchecked', 'call-fails', 'their-contract'].map((id) =>
    place(`approval-${id}`, 'contracts', `/approval/${id}`, (page) => page.locator('.compare').waitFor()),
  ),
  place('contracts', 'contracts', `/channel/${channel}?tab=details`),
  place('force', 'unsigned', `/channel/${channel}`),
  place('force-question', 'unsigned', `/channel/${channel}`, async (page) => {
    await page.locator('.notice .button.secondary').first().click();
    await page.locator('.dialog .compare').waitFor();
  }),
  place('force-running', 'forcing', `/channel/${channel}`),
  place('open', 'calm', '/open'),
  place('open-terms', 'calm', '/open?link=tandem:x', typeTerms),
  place('open-confirm', 'calm', '/open?link=tandem:x', async (page) => {
    await typeTerms(page);
    await page.locator('.page-foot .button.primary').click();
    await page.getByRole('alertdialog').waitFor();
  }),
  place('channel-pay', 'calm', `/channel/${channel}`),
  place('channel-pay-over', 'calm', `/channel/${channel}`, async (page) => {
    await page.locator('.control.amount input').first().fill('77');
  }),
  onTab('channel-request', 1),
  onTab('channel-history', 2),
  onTab('channel-details', 3),
  place('channel-close', 'calm', `/channel/${channel}`, async (page) => {
    await page.locator('.button.danger-quiet').first().click();
    await page.getByRole('alertdialog').waitFor();
  }),
  place('channel-opening', 'opening', `/channel/${channel}`),
  place('channel-closing', 'closing', `/channel/${channel}`),
  place('channel-failed', 'failed', `/channel/${channel}`),
  place('channel-stuck', 'stuck', `/channel/${channel}`),
  place('channel-restored', 'restored', `/channel/${channel}`),
  place('approval-connect', 'full', '/approval/connect'),
  place('approval-payment', 'full', '/approval/payment'),
  place('approval-budget', 'full', '/approval/budget'),
  place('approval-incoming', 'full', '/approval/incoming'),
  place('approval-counter', 'full', '/approval/counter'),
  place('approval-update', 'full', '/approval/update'),
  place('approval-transaction', 'full', '/approval/transaction'),
  place('approval-operation', 'full', '/approval/operation'),
  place('approval-message', 'full', '/approval/message'),
  place('approval-gone', 'full', '/approval/none'),
  place('history', 'calm', '/history'),
  place('send', 'calm', '/send'),
  place('contacts', 'known', '/contacts'),
  place('contacts-empty', 'calm', '/contacts'),
  place('contact', 'known', `/contacts/${cafe.address}`),
  place('contact-new', 'calm', '/contacts/new', (page) => page.locator('.page-foot .button.primary').click()),
  place('open-known', 'known', '/open'),
  place('send-known', 'known', '/send'),
  place('send-fee', 'calm', `/send?to=${cafe.address}`, async (page) => {
    await page.locator('.control.amount input').first().fill('1.5');
    await page.getByTestId('fee').locator('.amount').waitFor();
  }),
  place('raise-fee', 'stuck', `/channel/${channel}`, async (page) => {
    await page.locator('.button.secondary.small').first().click();
    await page.getByRole('alertdialog').waitFor();
  }),
  place('close-alone', 'abandoned', `/channel/${channel}`, async (page) => {
    await page.locator('.button.danger-quiet').last().click();
    await page.getByRole('alertdialog').locator('.amount').nth(2).waitFor();
  }),
  place('diagnostics', 'calm', '/diagnostics', (page) => page.locator('.report').first().waitFor()),
  place('open-scan', 'known', '/open?scan=1', (page) => page.locator('.notice.warn').waitFor()),
  wide(place('wide-home', 'full', '/')),
  wide(place('wide-channel', 'calm', `/channel/${channel}`)),
  wide(place('wide-approval', 'full', '/approval/payment')),
  place('settings', 'calm', '/settings'),
  place('settings-sites', 'budgets', '/settings'),
  place('settings-budget', 'budgets', '/settings', async (page) => {
    await page
      .getByTestId('budget-left')
      .locator('xpath=ancestor::section[1]')
      .locator('button')
      .first()
      .click();
    await page.getByRole('alertdialog').waitFor();
  }),
  place('backup', 'calm', '/backup'),
  place('recover', 'calm', '/recover'),
  place('recover-missing', 'calm', '/recover', (page) => page.locator('.page-foot .button.primary').click()),
  place('not-found', 'calm', '/nowhere'),
];

type Look = {
  theme?: 'light' | 'dark';
  language?: string;
  reducedMotion?: boolean;
};

const narrow = { width: 380, height: 600 };

export interface Gallery {
  browser: Browser;
  /** Of the view at this hash in this scene. */
  url(scene: string, hash: string, surface: string): string;
  /** A blank page: one that was left and has this look, if there is one. To start one costs more than most tests. */
  page(look?: Look, size?: typeof narrow): Promise<Page>;
  visit(place: Place, look?: Look): Promise<Page>;
  /** Gives a page back, blank and with nothing kept. */
  leave(page: Page): Promise<void>;
  close(): Promise<void>;
}

export async function openGallery(): Promise<Gallery> {
  const outDir = mkdtempSync(join(tmpdir(), 'tandem-popup-'));
  await build({ configFile, logLevel: 'error', build: { outDir } });
  const server = await preview({
    configFile,
    logLevel: 'error',
    build: { outDir },
    preview: { port: 0, host: '127.0.0.1' },
  });
  const browser = await chromium.launch({
    executablePath: findChromium(),
    args: ['--no-sandbox', '--disable-gpu', '--headless=new', '--no-first-run', '--disable-component-update'],
  });
  const idle = new Map<string, Set<Page>>();
  const looks = new WeakMap<Page, string>();
  const gallery: Gallery = {
    browser,
    url(scene, hash, surface) {
      const base = server.resolvedUrls!.local[0]!;
      return `${base}test/popup/fixture/index.html?scene=${scene}&surface=${surface}#${hash}`;
    },
    async page({ theme = 'light', language = 'en-GB', reducedMotion = true } = {}, size = narrow) {
      const look = `${language} ${reducedMotion}`;
      const [left] = idle.get(look) ?? [];
      if (left) idle.get(look)!.delete(left);
      const motion = reducedMotion ? 'reduce' : 'no-preference';
      const page = left ?? (await browser.newPage({ locale: language, reducedMotion: motion }));
      looks.set(page, look);
      page.setDefaultTimeout(20_000);
      await page.emulateMedia({ colorScheme: theme });
      await page.setViewportSize(size);
      return page;
    },
    async visit({ scene, hash, then, wide }, look) {
      const page = await gallery.page(look, wide ? { width: 1100, height: 800 } : narrow);
      await page.goto(gallery.url(scene, hash, wide ? 'page' : 'popup'));
      await page.getByRole('heading', { level: 1 }).first().waitFor();
      const settled = () => page.locator('.skeleton').first().waitFor({ state: 'detached' });
      await settled();
      await then?.(page);
      // What it led to may be loaded then.
      await settled();
      // The answers to a question are taken, and drawn so, a moment after it is shown.
      if ((await page.locator('.button-pair .primary').count()) > 0)
        await page.locator('.button-pair .primary:not([aria-disabled])').waitFor();
      return page;
    },
    async leave(page) {
      await page.evaluate(() => localStorage.clear());
      await page.goto('about:blank');
      page.removeAllListeners('pageerror');
      const look = looks.get(page)!;
      idle.set(look, (idle.get(look) ?? new Set()).add(page));
    },
    async close() {
      await browser.close();
      await server.close();
      rmSync(outDir, { recursive: true, force: true });
    },
  };
  return gallery;
}
