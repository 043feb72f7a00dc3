/** The benchmark of updates in a worker of Debian's Chromium, its IndexedDB on the disk. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { build, preview } from 'vite';
import { findChromium } from '../../scripts/chromium.mjs';
import type { Load, UpdatesResult } from '../updates.ts';
import type { Answer, Order } from './page.ts';

const configFile = join(import.meta.dirname, 'vite.config.ts');

/** @param node URL of the devnet */
export async function updatesInBrowser(node: string, load: Load): Promise<UpdatesResult> {
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
    const answer = await page.evaluate(run, { node, where, load });
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
  return (globalThis as unknown as { benchUpdates(order: Order): Promise<Answer> }).benchUpdates(order);
}
