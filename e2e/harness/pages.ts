/** Serves e2e/pages and the installed aepp-sdk, as it was published, on two origins of this computer. */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');
const sdk = join(root, 'node_modules/@aeternity/aepp-sdk/dist/aepp-sdk.browser-script.cjs');

export async function servePages() {
  const server = createServer(async (request, response) => {
    const name = /^\/([a-z-]+\.html)$/.exec(new URL(request.url ?? '/', 'http://page').pathname)?.[1];
    const file = request.url === '/aepp-sdk.js' ? sdk : name && join(root, 'e2e/pages', name);
    try {
      const body = await readFile(file ?? '');
      response.writeHead(200, { 'content-type': name ? 'text/html; charset=utf-8' : 'text/javascript' });
      response.end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://localhost:${port}`,
    /** The same pages under another origin. */
    other: `http://127.0.0.1:${port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
