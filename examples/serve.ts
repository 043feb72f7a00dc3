/**
 * Serves the demo pages on this computer: `tsx examples/serve.ts [port] [address of the shop peer's HTTP]`.
 * `/config.json` tells the page which shop it belongs to; no link to the page can change who is paid.
 */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, resolve, sep } from 'node:path';

const root = resolve(import.meta.dirname, 'shop');
const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

export interface DemoServer {
  /** `http://localhost:port` */
  url: string;
  close(): Promise<void>;
}

/** @param shop where the shop peer answers `/shop.json`. Rejects where the port is taken (`EADDRINUSE`). */
export async function serve(port: number, shop: string): Promise<DemoServer> {
  const server = createServer(async (request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://page').pathname);
    const answer = (status: number, type: string, body: string | Buffer) => {
      response.writeHead(status, { 'content-type': type, 'cache-control': 'no-cache' });
      response.end(request.method === 'HEAD' ? undefined : body);
    };
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return answer(405, 'text/plain', 'only GET is answered here');
    if (path === '/config.json') return answer(200, 'application/json', JSON.stringify({ shop }));
    const file = join(root, path === '/' ? 'index.html' : path);
    const type = types[extname(file)];
    if (!type || !file.startsWith(root + sep)) return answer(404, 'text/plain', 'there is no such file');
    try {
      answer(200, type, await readFile(file));
    } catch {
      answer(404, 'text/plain', 'there is no such file');
    }
  });
  await new Promise<void>((listening, failed) => {
    server.once('error', failed);
    server.listen(port, '127.0.0.1', listening);
  });
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

if (process.argv[1] === import.meta.filename) {
  const [port = '3017', shop = 'http://127.0.0.1:3016'] = process.argv.slice(2);
  const { url } = await serve(Number(port), shop);
  console.log(`demo shop: ${url}`);
}
