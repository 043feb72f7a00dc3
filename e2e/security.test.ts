/** Attacks where the browser itself is the guard. Each test tries one. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aeppPort } from '../src/rpc/aepp.ts';
import { pagePort } from '../src/rpc/page.ts';
import { popupPort } from '../src/rpc/popup.ts';
import { servePages } from './harness/pages.ts';
import { devnet } from './harness/services.ts';
import { Wallet } from './harness/wallet.ts';

const password = 'correct horse battery';
const mnemonic = 'legal winner thank year wave sausage worth useful legal winner thank yellow';

let chain: Awaited<ReturnType<typeof devnet>>;
let pages: Awaited<ReturnType<typeof servePages>>;
let wallet: Wallet;
let stranger: string;

beforeAll(async () => {
  chain = await devnet();
  pages = await servePages();
  stranger = mkdtempSync(join(tmpdir(), 'stranger-'));
  writeFileSync(
    join(stranger, 'manifest.json'),
    JSON.stringify({
      manifest_version: 3,
      name: 'Stranger',
      version: '1',
      background: { service_worker: 'w.js' },
    }),
  );
  writeFileSync(join(stranger, 'w.js'), '');
  writeFileSync(join(stranger, 'page.html'), '<!doctype html>');
  wallet = await Wallet.launch({ name: 'security', beside: stranger });
  await wallet.call('network.set', { nodeUrl: chain.url, relay: null });
  await wallet.call('vault.create', { mnemonic, password });
  await wallet.until('an account', (view) => view.account !== null);
});
afterAll(async () => {
  await wallet?.close();
  await pages?.close();
  await chain?.close();
  if (stranger) rmSync(stranger, { recursive: true, force: true });
});

/** Runs code where the extension's content script runs: what a bug in it would give an attacker. */
async function inContentScript(page: Page, expression: string): Promise<unknown> {
  const session = await wallet.context.newCDPSession(page);
  const contexts: { id: number; origin: string; name: string }[] = [];
  session.on('Runtime.executionContextCreated', ({ context }) => contexts.push(context));
  await session.send('Runtime.enable');
  const ours = contexts.find(({ origin }) => origin === wallet.url('').replace(/\/$/, ''));
  if (!ours) throw new Error(`no content script among ${JSON.stringify(contexts)}`);
  const { result, exceptionDetails } = await session.send('Runtime.evaluate', {
    contextId: ours.id,
    expression: `(async () => { ${expression} })()`,
    awaitPromise: true,
    returnByValue: true,
  });
  await session.detach();
  if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
  return result.value;
}

describe('another extension', () => {
  it('reaches neither the popup’s port nor the pages’', async () => {
    const worker = wallet.context.serviceWorkers().find((one) => !one.url().includes(wallet.id));
    if (!worker) throw new Error('the other extension did not load');
    const page = await wallet.page(`chrome-extension://${new URL(worker.url()).host}/page.html`);
    for (const name of [popupPort, pagePort, aeppPort]) {
      const outcome = await page.evaluate(
        ({ id, name }) =>
          new Promise<string>((resolve) => {
            const runtime = (globalThis as never as { chrome: { runtime: never } }).chrome.runtime as {
              connect(
                id: string,
                options: { name: string },
              ): {
                onMessage: { addListener(on: (message: unknown) => void): void };
                onDisconnect: { addListener(on: () => void): void };
                postMessage(message: unknown): void;
              };
            };
            const port = runtime.connect(id, { name });
            port.onMessage.addListener((message) => resolve(`answered ${JSON.stringify(message)}`));
            port.onDisconnect.addListener(() => resolve('cut'));
            try {
              port.postMessage({ id: 1, method: 'wallet.view', params: {} });
            } catch {
              resolve('cut');
            }
          }),
        { id: wallet.id, name },
      );
      expect(outcome).toBe('cut');
    }
    await page.close();
  });
});

describe('a page', () => {
  it('has no way to the extension but its content script', async () => {
    const page = await wallet.page(`${pages.url}/sdk.html`);
    const connect = await page.evaluate(() => {
      const { chrome } = globalThis as never as { chrome?: { runtime?: { connect?: unknown } } };
      return typeof chrome?.runtime?.connect;
    });
    expect(connect).toBe('undefined');
    await page.close();
  });

  it('loads nothing of the extension, by fetch, script, image or frame', async () => {
    const page = await wallet.page(`${pages.url}/sdk.html`);
    const file = wallet.url('src/popup/index.html');
    expect(
      await page.evaluate(
        (file) =>
          fetch(file).then(
            () => 'loaded',
            () => 'refused',
          ),
        file,
      ),
    ).toBe('refused');
    await page.evaluate((file) => {
      const frame = document.createElement('iframe');
      frame.src = file;
      document.body.append(frame);
    }, file);
    await new Promise((done) => setTimeout(done, 1_500));
    expect(page.frames().filter((frame) => frame.url().startsWith(wallet.url('src')))).toEqual([]);
    await page.close();
  });

  it('a frame in it has no provider, and cannot ask as its parent by messages', async () => {
    const inner = `${pages.other}/frame.html`;
    const page = await wallet.page(`${pages.url}/frame.html?inner=${encodeURIComponent(inner)}`);
    await expect.poll(() => page.frames().length).toBe(2);
    const frame = page.frames()[1]!;
    await frame.waitForLoadState();
    await new Promise((done) => setTimeout(done, 1_500));
    expect(await frame.evaluate(() => 'tandem' in window)).toBe(false);
    expect((await wallet.view()).approvals).toEqual([]);
    await page.close();
  });

  it('cannot export, reveal, unlock or decide: these are no methods of pages', async () => {
    const page = await wallet.page(`${pages.url}/sdk.html`);
    for (const method of [
      'backup.export',
      'vault.revealPhrase',
      'vault.unlock',
      'approval.decide',
      '__proto__',
    ])
      expect(
        await page.evaluate(
          (method) => window.tandem.request({ method, params: { password: '' } }).catch(({ code }) => code),
          method,
        ),
      ).toBe(4200);
    await page.close();
  });
});

describe('a broken content script', () => {
  it('reads no storage of the extension, and gets no popup port', async () => {
    const page = await wallet.page(`${pages.url}/sdk.html`);
    const attempt = (what: string) =>
      inContentScript(
        page,
        `try { return JSON.stringify(await (${what})) } catch (error) { return 'refused' }`,
      );
    expect(await attempt('chrome.storage.session.get()')).toBe('refused');
    expect(await attempt('chrome.storage.local.get()')).toMatch(/^(refused|\{\})$/);
    expect(await attempt('indexedDB.databases()')).not.toContain('tandem');
    expect(
      await inContentScript(
        page,
        `return await new Promise((resolve) => {
          const port = chrome.runtime.connect({ name: '${popupPort}' });
          port.onMessage.addListener((message) => resolve(JSON.stringify(message)));
          port.onDisconnect.addListener(() => resolve('cut'));
        })`,
      ),
    ).toBe('cut');
    await page.close();
  });
});

describe('whoever sits at an unlocked wallet', () => {
  it('exports and reveals nothing without the password', async () => {
    for (const wrong of ['', 'wrong']) {
      await expect(wallet.call('backup.export', { password: wrong })).rejects.toThrow(/password/i);
      await expect(wallet.call('vault.revealPhrase', { password: wrong })).rejects.toThrow(/password/i);
    }
  });
});

describe('an approval', () => {
  it('is decided once, and only as it was shown', async () => {
    const page = await wallet.page(`${pages.url}/sdk.html`);
    const connected = page.evaluate(() => window.tandem.request({ method: 'connect' }));
    const view = await wallet.until('the question', ({ approvals }) => approvals.length === 1);
    const { id } = view.approvals[0]!;
    await expect(wallet.call('approval.decide', { id, approve: true, digest: 'forged' })).rejects.toThrow(
      /changed/,
    );
    await wallet.call('approval.decide', { id, approve: true, digest: '' });
    expect(await connected).toMatchObject({ networkId: 'ae_devnet' });
    await expect(wallet.call('approval.decide', { id, approve: true, digest: '' })).rejects.toThrow(/gone/);
    await page.close();
  });
});
