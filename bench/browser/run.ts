/** The benchmarks of updates and of the store in a worker of Debian's Chromium, its IndexedDB on the disk. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { build, preview } from 'vite';
import { findChromium } from '../../scripts/chromium.mjs';
import type { Size, StoreResult } from '../store.ts';
import type { Load, UpdatesResult } from '../updates.ts';
import type { Answer, Order } from './page.ts';

const configFile = join(import.meta.dirname, 'vite.config.ts');

/** @param node URL of the devnet */
export const updatesInBrowser = (node: string, load: Load): Promise<UpdatesResult> =>
  inBrowser({ bench: 'updates', node, load }) as Promise<UpdatesResult>;

/** @param node URL of the devnet */
export const storeInBrowser = (node: string, size: Size): Promise<StoreResult> =>
  inBrowser({ bench: 'store', node, size }) as Promise<StoreResult>;

type Work = { node: string } & ({ bench: 'updates'; load: Load } | { bench: 'store'; size: Size });

async function inBrowser(work: Work): Promise<UpdatesResult | StoreResult> {
  const directory = mkdtempSync(join(tmpdir(), 'tandem-bench-'));
  const outDir = join(directory, 'page');
  await build({ configFile, build: { outDir } });
  const server = await preview({ configFile, build: { outDir }, preview: { host: 'localhost', port: 0 } });
  // A profile on the disk: without one, the browser keeps databases in memory.
  const context = await chromium.launchPersistentContext(join(directory, 'profile'), {
    executablePath: findChromium(),
    headless: true,
    args: ['--headless=new', '--disable-gpu', ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])],
  });
  try {
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    await page.goto(server.resolvedUrls!.local[0]!);
    const where = `Chromium ${context.browser()?.version() ?? ''} worker, IndexedDB strict`;
    const answer = await page.evaluate(run, { ...work, where });
    if ('problem' in answer) throw new Error([`in the browser: ${answer.problem}`, ...complaints].join('\n'));
    return answer.result;
  } finally {
    await context.close();
    await server.close();
    rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Runs in the page. */
function run(order: Order): Promise<Answer> {
  return (globalThis as unknown as { runBench(order: Order): Promise<Answer> }).runBench(order);
}
