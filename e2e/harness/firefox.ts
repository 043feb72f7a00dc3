/** Stock Firefox with the built extension in a fresh profile, driven through WebDriver BiDi. */
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import puppeteer, { type Browser, type Page } from 'puppeteer-core';
import { findFirefox } from '../../scripts/firefox.mjs';
import { type ParamsOf, type PopupMethod, popupPort, type ResultOf } from '../../src/rpc/popup.ts';
import type { WalletView } from '../../src/rpc/schema.ts';
import { callWorker, firstView, untilView } from './worker-calls.ts';

const root = resolve(import.meta.dirname, '../..');
const shots = join(root, 'e2e/shots');
/** The extension's id in vite.config.ts. */
const extensionId = 'tandem@tandem.example';
const patience = 60_000;
/** Firefox gives each installation a random address; this test's profile gives it this one. */
const host = '6f5f9d34-2b7f-4c0e-9e3e-2f6f2a0b7a11';

export class FirefoxWallet {
  readonly browser: Browser;
  #control: Page | null = null;

  private constructor(browser: Browser) {
    this.browser = browser;
  }

  static async launch(): Promise<FirefoxWallet> {
    const dist = resolve(root, process.env.TANDEM_DIST_FIREFOX ?? 'dist-firefox');
    if (!existsSync(join(dist, 'manifest.json')))
      throw new Error(`${dist} holds no build: run "npm run build:firefox" first.`);
    const browser = await puppeteer.launch({
      browser: 'firefox',
      executablePath: findFirefox(),
      headless: true,
      // Without it the protocol opens no page of an extension.
      args: ['--remote-allow-system-access'],
      extraPrefsFirefox: {
        'extensions.webextensions.uuids': JSON.stringify({ [extensionId]: host }),
        'intl.accept_languages': 'en-GB',
        'ui.prefersReducedMotion': 1,
      },
      defaultViewport: { width: 400, height: 640 },
    });
    await browser.installExtension(dist);
    return new FirefoxWallet(browser);
  }

  url(path: string): string {
    return `moz-extension://${host}/${path}`;
  }

  /** A page of the extension in a tab. Its load is not reported to the protocol, so that its content is awaited. */
  async #extensionPage(path: string): Promise<Page> {
    const page = await this.browser.newPage();
    page.setDefaultTimeout(patience);
    const url = this.url(path);
    void page.goto(url, { timeout: 1_000 }).catch(() => undefined);
    const deadline = Date.now() + 20_000;
    for (;;) {
      const there = await page
        .evaluate(() => document.readyState === 'complete' && location.href)
        .catch(() => null);
      if (there === url) return page;
      if (Date.now() > deadline) throw new Error(`Firefox did not show ${url}`);
      await new Promise((done) => setTimeout(done, 50));
    }
  }

  popup(hash = '/'): Promise<Page> {
    return this.#extensionPage(`src/popup/index.html#${hash}`);
  }

  async page(url: string): Promise<Page> {
    const page = await this.browser.newPage();
    page.setDefaultTimeout(patience);
    await page.goto(url);
    return page;
  }

  /** The window that asks the person: `act` causes it. */
  async approval(act: () => unknown, timeout = 30_000): Promise<Page> {
    const before = new Set(await this.browser.pages());
    await act();
    const deadline = Date.now() + timeout;
    for (;;) {
      for (const page of await this.browser.pages()) {
        if (before.has(page)) continue;
        // The protocol tells no navigation of a page of an extension: only the page itself knows where it is.
        const there = await page.evaluate(() => location.href).catch(() => '');
        if (!there.startsWith(this.url('src/popup/'))) continue;
        page.setDefaultTimeout(patience);
        return page;
      }
      if (Date.now() > deadline) throw new Error(`no window asked within ${timeout} ms`);
      await new Promise((done) => setTimeout(done, 100));
    }
  }

  async view(): Promise<WalletView> {
    const control = await this.#controlPage();
    return (await control.evaluate(firstView, popupPort)) as WalletView;
  }

  async call<M extends PopupMethod>(method: M, params: ParamsOf<M>): Promise<ResultOf<M>> {
    const control = await this.#controlPage();
    return (await control.evaluate(callWorker, { port: popupPort, method, params })) as ResultOf<M>;
  }

  until(what: string, wanted: (view: WalletView) => boolean, timeout = 60_000): Promise<WalletView> {
    return untilView(`Firefox: ${what}`, () => this.view(), wanted, timeout);
  }

  async shot(page: Page, name: string): Promise<void> {
    const path = join(shots, `firefox-${name}.png`) as `${string}.png`;
    mkdirSync(dirname(path), { recursive: true });
    await page.screenshot({ path });
  }

  /** Closes the page through which `view` and `call` go, so that nothing of the tests keeps the worker awake. */
  async leave(): Promise<void> {
    await this.#control?.close();
    this.#control = null;
  }

  async close(): Promise<void> {
    await this.browser.close();
  }

  async #controlPage(): Promise<Page> {
    if (!this.#control || this.#control.isClosed())
      this.#control = await this.#extensionPage('manifest.json');
    return this.#control;
  }
}
