import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DemoServer, serve } from '../examples/serve.ts';
import type { TandemProvider } from '../src/content/provider.ts';
import { Wallet } from './harness/wallet.ts';

declare global {
  interface Window {
    tandem: TandemProvider;
    /** What a script of the page, run as early as a page's script can, has seen. */
    seen: string[];
  }
}

let demo: DemoServer;
let wallet: Wallet;

beforeAll(async () => {
  demo = await serve(0, 'http://127.0.0.1:1');
  wallet = await Wallet.launch();
});
afterAll(async () => {
  await wallet?.close();
  await demo?.close();
});

/** Asks as a page does; the failure's code and message. */
const failure = (call: { method: string; params?: unknown }) =>
  window.tandem.request(call).then(
    () => null,
    (error) => ({ code: error.code, message: error.message }),
  );

const firstPage = `<!doctype html><script>
  const ask = (when) => tandem.request({ method: 'connect' }).catch(({ code }) => fetch('/report?' + when + ' ' + code));
  addEventListener('pageshow', ({ persisted }) => {
    if (persisted) ask('restored');
    else ask('first').then(() => setTimeout(() => (location.href = '/next'), 200));
  });
</script>`;
const nextPage = `<!doctype html><script>
  addEventListener('pageshow', () => setTimeout(() => history.back(), 200));
</script>`;

describe('the extension in a browser', () => {
  it('loads, and its worker starts', async () => {
    expect((await wallet.view()).bootId).toMatch(/.{8}/);
  });

  it('the popup shows itself without breaking the page’s security policy', async () => {
    const popup = await wallet.popup();
    await expect.poll(() => popup.locator('#root').textContent()).not.toBe('');
    await wallet.shot(popup, 'popup-first');
    expect(wallet.complaints.filter((text) => text.includes('Content Security Policy'))).toEqual([]);
    await popup.close();
  });

  it('no page can frame the popup', async () => {
    const page = await wallet.page(demo.url);
    const popup = wallet.url('src/popup/index.html');
    await page.evaluate((source) => {
      document.body.append(Object.assign(document.createElement('iframe'), { src: source, name: 'framed' }));
    }, popup);
    await page.waitForTimeout(500);
    expect(page.frame('framed')?.url()).not.toBe(popup);
    await page.close();
  });

  it('the provider is there before the page’s first script, announced, and window.ethereum is not touched', async () => {
    const page = await wallet.context.newPage();
    await page.route('**/early', (route) =>
      route.fulfill({
        contentType: 'text/html',
        body: `<!doctype html><script>
          seen = [typeof tandem];
          addEventListener('tandem:announceProvider', ({ detail }) =>
            seen.push(detail.info.name + ' ' + (detail.provider === tandem)));
          for (const stolen of ['tandem:port', 'message']) addEventListener(stolen, () => seen.push('stolen'));
          dispatchEvent(new Event('tandem:requestProvider'));
          dispatchEvent(new Event('tandem:bridge'));
          seen.push(typeof ethereum);
        </script>`,
      }),
    );
    await page.goto(`${demo.url}/early`);
    await page.evaluate(failure, { method: 'connect' });
    expect(await page.evaluate(() => window.seen)).toEqual(['object', 'Tandem true', 'undefined']);
    await page.close();
  });

  it('a wallet that is not set up connects no site: the page hears why', async () => {
    const page = await wallet.page(demo.url);
    expect(await page.evaluate(failure, { method: 'connect' })).toMatchObject({
      code: 4900,
      message: expect.stringMatching(/wallet/),
    });
    expect(await page.evaluate(failure, { method: '__proto__' })).toMatchObject({ code: 4200 });
    await page.close();
  });

  it('a stopped worker comes back for a page that asks', async () => {
    const page = await wallet.page(demo.url);
    const ask = () => page.evaluate(failure, { method: 'connect' });
    const before = await ask();
    const { bootId } = await wallet.view();
    await wallet.stopWorker();
    expect(await ask()).toEqual(before);
    expect((await wallet.view()).bootId).not.toBe(bootId);
    await page.close();
  });

  it('a page back from the back/forward cache still reaches the wallet', async () => {
    // The pages go and come back by themselves and report here: the test driver loses pages that the cache restores.
    const reports: string[] = [];
    const server = createServer((request, response) => {
      if (request.url?.startsWith('/report?')) reports.push(decodeURIComponent(request.url.slice(8)));
      response.setHeader('content-type', 'text/html');
      response.end(request.url === '/next' ? nextPage : firstPage);
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const page = await wallet.context.newPage();
    await page.goto(`http://localhost:${(server.address() as AddressInfo).port}/`);
    await expect.poll(() => reports, { timeout: 20_000 }).toEqual(['first 4900', 'restored 4900']);
    await page.close();
    server.close();
  });

  it('frames of a page have no provider', async () => {
    const page = await wallet.page(demo.url);
    await page.evaluate((url) => {
      document.body.append(Object.assign(document.createElement('iframe'), { src: url, name: 'inner' }));
    }, demo.url);
    await expect.poll(() => page.frame('inner')?.url()).toMatch(/^http/);
    expect(await page.frame('inner')!.evaluate(() => typeof window.tandem)).toBe('undefined');
    await page.close();
  });

  it('two browsers have two wallets', async () => {
    const other = await Wallet.launch({ name: 'other' });
    try {
      const [mine, theirs] = [await wallet.view(), await other.view()];
      expect(theirs.bootId).not.toBe(mine.bootId);
    } finally {
      await other.close();
    }
  });
});
