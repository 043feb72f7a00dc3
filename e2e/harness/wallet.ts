/** One browser with the built extension in a fresh profile, as a person or a page would use it. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type BrowserContext, chromium, type Locator, type Page } from 'playwright-core';
import { browserFlags, findChromium } from '../../scripts/chromium.mjs';
import type { ParamsOf, PopupMethod, ResultOf } from '../../src/rpc/popup.ts';
import { popupPort } from '../../src/rpc/popup.ts';
import type { WalletView } from '../../src/rpc/schema.ts';
import { callWorker, firstView, untilView } from './worker-calls.ts';

const root = resolve(import.meta.dirname, '../..');
const shots = join(root, 'e2e/shots');
/** Of every wallet that `setUp` makes. */
export const password = 'correct horse battery';

export interface WalletOptions {
  /** For screenshots and messages. */
  name?: string;
  /** A profile to keep; without it a fresh one, removed by `close`. */
  profile?: string;
  colorScheme?: 'light' | 'dark';
  /** Directory of another extension that is installed too. */
  beside?: string;
}

/** A click that answers the question of a window: it closes on the answer, at times before the click is told as done. */
export async function answer(button: Locator): Promise<void> {
  await button.click().catch((error) => {
    if (!button.page().isClosed()) throw error;
  });
}

export class Wallet {
  readonly name: string;
  readonly context: BrowserContext;
  /** The extension's id in this browser. */
  readonly id: string;
  /** Warnings and errors of every page and of the worker, in order. */
  readonly complaints: string[] = [];
  readonly #remove: () => void;
  #control: Page | null = null;

  private constructor(name: string, context: BrowserContext, id: string, remove: () => void) {
    this.name = name;
    this.context = context;
    this.id = id;
    this.#remove = remove;
    context.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') this.complaints.push(message.text());
    });
    context.on('weberror', (error) => this.complaints.push(String(error.error())));
  }

  static async launch({
    name = 'wallet',
    profile,
    colorScheme,
    beside,
  }: WalletOptions = {}): Promise<Wallet> {
    const dist = resolve(root, process.env.TANDEM_DIST ?? 'dist');
    if (!existsSync(join(dist, 'manifest.json')))
      throw new Error(`${dist} holds no build: run "npm run build" first.`);
    const directory = profile ?? mkdtempSync(join(tmpdir(), 'tandem-e2e-'));
    const context = await chromium.launchPersistentContext(directory, {
      executablePath: findChromium(),
      headless: true,
      colorScheme: colorScheme ?? null,
      // The popup's clock and language are the tester's otherwise.
      locale: 'en-GB',
      // Of Playwright's own flags: ours is an extension, and people's browsers have the back/forward cache.
      ignoreDefaultArgs: ['--disable-extensions', '--disable-back-forward-cache'],
      args: ['--headless=new', ...browserFlags(beside ? `${dist},${beside}` : dist)],
    });
    const ours = (candidate: { url(): string }) => candidate.url().endsWith('/service-worker-loader.js');
    const worker =
      context.serviceWorkers().find(ours) ??
      (await context.waitForEvent('serviceworker', { predicate: ours, timeout: 30_000 }));
    const remove = () => {
      if (!profile) rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
    };
    return new Wallet(name, context, new URL(worker.url()).host, remove);
  }

  url(path: string): string {
    return `chrome-extension://${this.id}/${path}`;
  }

  /** The popup's page in a tab, at its small size. `hash` is the view, `/` at first. */
  async popup(hash = '/'): Promise<Page> {
    const page = await this.context.newPage();
    await page.setViewportSize({ width: 400, height: 640 });
    await page.goto(this.url(`src/popup/index.html#${hash}`));
    return page;
  }

  async page(url: string): Promise<Page> {
    const page = await this.context.newPage();
    await page.goto(url);
    return page;
  }

  /** The window that asks the person: `act` causes it (a page's request, an incoming channel). */
  async approval(act: () => unknown, timeout = 30_000): Promise<Page> {
    const popup = (url: URL) => url.href.startsWith(this.url('src/popup/'));
    const opened = this.context.waitForEvent('page', {
      // A new page may be told of before it is anywhere.
      predicate: (page) =>
        page.waitForURL(popup, { waitUntil: 'commit', timeout }).then(
          () => true,
          () => false,
        ),
      timeout,
    });
    const [page] = await Promise.all([opened, act()]);
    await page.waitForLoadState();
    return page;
  }

  /** The worker's view of the wallet, as the popup gets it. Starts the worker where it is stopped. */
  async view(): Promise<WalletView> {
    const control = await this.#controlPage();
    return (await control.evaluate(firstView, popupPort)) as WalletView;
  }

  /** Calls a method of the popup without its UI. Rejects with what the worker answered. */
  async call<M extends PopupMethod>(method: M, params: ParamsOf<M>): Promise<ResultOf<M>> {
    const control = await this.#controlPage();
    const call = { port: popupPort, method, params };
    return (await control.evaluate(callWorker, call)) as ResultOf<M>;
  }

  /** Waits until the view is as wanted. */
  until(what: string, wanted: (view: WalletView) => boolean, timeout = 60_000): Promise<WalletView> {
    return untilView(`${this.name}: ${what}`, () => this.view(), wanted, timeout);
  }

  /** Makes a wallet without its UI, and gets it this much from the faucet. @returns its address */
  async setUp(
    chain: { url: string; fund(address: string, amount: bigint): Promise<unknown> },
    coins: bigint,
    { relay = null, mnemonic }: { relay?: string | null; mnemonic?: string } = {},
  ): Promise<string> {
    await this.call('network.set', { nodeUrl: chain.url, relay });
    await this.until('the network', (view) => view.network.state === 'ok');
    const words = mnemonic ?? (await this.call('vault.newPhrase', {})).mnemonic;
    const { address } = await this.call('vault.create', { mnemonic: words, password });
    await this.until('an account', (view) => view.account !== null);
    await chain.fund(address, coins);
    await this.until('coins', (view) => view.account?.balance === String(coins));
    return address;
  }

  /** Its invite link, once it holds a slot at the relay. */
  async invite(): Promise<string> {
    for (let i = 0; i < 200; i++) {
      const { link, reachable } = await this.call('invite.mine', {});
      if (reachable) return link;
      await new Promise((done) => setTimeout(done, 100));
    }
    throw new Error(`${this.name} gets no slot at the relay`);
  }

  /**
   * Stops the worker as the browser would, at any instant, and waits until it is down. What has a port open may start
   * it again at once; `view().bootId` tells one start from another.
   */
  async stopWorker(): Promise<void> {
    const session = await this.context.newCDPSession(await this.#controlPage());
    try {
      const down = new Promise<void>((done) => {
        session.on('ServiceWorker.workerVersionUpdated', ({ versions }) => {
          if (versions.some(({ runningStatus }) => runningStatus === 'stopped')) done();
        });
      });
      await session.send('ServiceWorker.enable');
      await session.send('ServiceWorker.stopAllWorkers');
      await down;
    } finally {
      await session.detach();
    }
  }

  /** A picture in e2e/shots. */
  async shot(page: Page, name: string): Promise<void> {
    await page.screenshot({ path: join(shots, `${name}.png`) });
  }

  async close(): Promise<void> {
    await this.context.close();
    this.#remove();
  }

  /** A bare page of the extension, from which its ports can be opened. */
  async #controlPage(): Promise<Page> {
    if (!this.#control || this.#control.isClosed()) {
      this.#control = await this.context.newPage();
      await this.#control.goto(this.url('manifest.json'));
    }
    return this.#control;
  }
}
