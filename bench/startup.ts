/**
 * How long one waits for the built extension: sizes of its code, the worker's cold start, the popup's first useful
 * paint. In Debian's Chromium, with an account that is unlocked, on a local chain.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Page } from 'playwright-core';
import { Wallet } from '../e2e/harness/wallet.ts';
import { popupPort } from '../src/rpc/popup.ts';
import { median } from './statistics.ts';

/** What must not be exceeded. */
export const limits = { workerGzip: 350_000, workerReadyMs: 250, popupMs: 300 };

export interface Size {
  files: number;
  bytes: number;
  gzip: number;
}

export interface StartupResult {
  runs: number;
  /** Code that each context loads at its start, by scripts/measure.mjs. */
  sizes: Record<'worker' | 'popup' | 'content', Size>;
  /** Medians. The worker is stopped before each. */
  worker: {
    /** From its first own line to serving, all code loaded by then. */
    readyAfterMs: number;
    /** From a page's opening of a port until it has the view: the browser's start of the worker included. */
    firstViewMs: number;
  };
  /** Medians, from the navigation's start. */
  popup: {
    /** First paint of anything, the worker running. */
    firstPaintMs: number;
    /** The frame that shows the first view, its worker running. */
    usefulMs: number;
    /** The same with the worker stopped before. */
    usefulColdMs: number;
  };
}

/**
 * @param node URL of a chain for the wallet
 * @throws Error where dist/ holds no build
 */
export async function benchStartup(node: string, runs: number): Promise<StartupResult> {
  const dist = resolve(import.meta.dirname, '..', process.env.TANDEM_DIST ?? 'dist');
  if (!existsSync(join(dist, 'manifest.json')))
    throw new Error(`${dist} holds no build: run "npm run build" first.`);
  const wallet = await Wallet.launch({ name: 'bench' });
  try {
    const { mnemonic } = await wallet.call('vault.newPhrase', {});
    await wallet.call('vault.create', { mnemonic, password: 'correct horse battery' });
    await wallet.call('network.set', { nodeUrl: node, relay: null });
    const page = await wallet.page(wallet.url('manifest.json'));
    const starts: StartupResult['worker'][] = [];
    const warm: PopupTimes[] = [];
    const cold: PopupTimes[] = [];
    for (let run = 0; run < runs; run++) {
      await wallet.stopWorker();
      const firstViewMs = await page.evaluate(timeToView, popupPort);
      starts.push({ firstViewMs, readyAfterMs: await ownWord(wallet) });
      warm.push(await popupTimes(wallet));
      await wallet.stopWorker();
      cold.push(await popupTimes(wallet));
    }
    return {
      runs,
      sizes: sizesOf(dist),
      worker: {
        readyAfterMs: median(starts.map((one) => one.readyAfterMs)),
        firstViewMs: median(starts.map((one) => one.firstViewMs)),
      },
      popup: {
        firstPaintMs: median(warm.map((one) => one.firstPaintMs)),
        usefulMs: median(warm.map((one) => one.usefulMs)),
        usefulColdMs: median(cold.map((one) => one.usefulMs)),
      },
    };
  } finally {
    await wallet.close();
  }
}

function sizesOf(dist: string): StartupResult['sizes'] {
  const script = resolve(import.meta.dirname, '../scripts/measure.mjs');
  const { stdout, stderr } = spawnSync(process.execPath, [script, '--json', dist], { encoding: 'utf8' });
  // A limit that is missed is told by its exit code, but measured all the same.
  if (!stdout) throw new Error(`the code of ${dist} could not be measured: ${stderr}`);
  const { worker, popup, content } = JSON.parse(stdout) as StartupResult['sizes'];
  return { worker, popup, content };
}

/** How long the running worker says that its own start took. */
async function ownWord(wallet: Wallet): Promise<number> {
  // The browser tells of a worker that was started again a little later than it runs.
  const { context } = wallet;
  const worker = context.serviceWorkers().at(-1) ?? (await context.waitForEvent('serviceworker'));
  return worker.evaluate(() => (globalThis as unknown as { readyAfter: Promise<number> }).readyAfter);
}

interface PopupTimes {
  firstPaintMs: number;
  usefulMs: number;
}

async function popupTimes(wallet: Wallet): Promise<PopupTimes> {
  const page: Page = await wallet.context.newPage();
  try {
    await page.setViewportSize({ width: 400, height: 640 });
    await page.addInitScript(watchFirstView);
    await page.goto(wallet.url('src/popup/index.html'));
    return await page.evaluate(async () => ({
      usefulMs: await (globalThis as unknown as { useful: Promise<number> }).useful,
      firstPaintMs: performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Number.NaN,
    }));
  } finally {
    await page.close();
  }
}

// The functions below run in pages: they may use nothing from outside, nor name a function (tsx marks named ones).

/** Notes when the frame with the first view is drawn: its heading is there, and no sign of waiting beside it. */
function watchFirstView(): void {
  const useful = new Promise<number>((resolve) => {
    new MutationObserver((_, observer) => {
      const root = document.getElementById('root');
      if (!root?.querySelector('h1') || root.querySelector('[role=status][aria-label]')) return;
      observer.disconnect();
      // The first callback comes before the frame is drawn, a task behind it after.
      requestAnimationFrame(() => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => resolve(performance.now());
        port2.postMessage(null);
      });
    }).observe(document, { childList: true, subtree: true });
  });
  Object.assign(globalThis, { useful });
}

interface Port {
  disconnect(): void;
  onMessage: { addListener(listener: (message: { kind?: string }) => void): void };
}
declare const chrome: { runtime: { connect(options: { name: string }): Port } };

function timeToView(name: string): Promise<number> {
  return new Promise((resolve) => {
    const began = performance.now();
    const port = chrome.runtime.connect({ name });
    port.onMessage.addListener(({ kind }) => {
      if (kind !== 'view') return;
      resolve(performance.now() - began);
      port.disconnect();
    });
  });
}
