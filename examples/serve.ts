/**
 * Serves the demo pages on this computer: `tsx examples/serve.ts [port] [address of the shop peer's HTTP]`. The shop is
 * at /, the game at /tictactoe/, the meter at /meter/, the tab at /tab/.
 * `/config.json` tells the page which shop it belongs to; no link to the page can change who is paid.
 */
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, sep } from 'node:path';

const root = import.meta.dirname;
/** Directories beside the shop's. */
const besides = ['tictactoe', 'meter', 'tab', 'shared', 'contracts'];
/** What pages import of this repository's own sources, made when it is first asked for. */
const modules: Record<string, string> = {
  '/shared/fate.js': join(root, 'shared/fate.ts'),
  '/shared/sdk.js': join(root, '../src/sdk/index.ts'),
};
const bundles = new Map<string, Promise<string>>();
const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
};

export interface DemoServer {
  /** `http://localhost:port` */
  url: string;
  close(): Promise<void>;
}

/** @param shop where the shop peer answers `/shop.json`. Rejects where the port is taken (`EADDRINUSE`). */
export async function serve(port: number, shop: string): Promise<DemoServer> {
  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = pathOf(request);
    const answer = (status: number, type: string, body: string | Buffer) => {
      response.writeHead(status, { 'content-type': type, 'cache-control': 'no-cache' });
      response.end(request.method === 'HEAD' ? undefined : body);
    };
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return answer(405, 'text/plain', 'only GET is answered here');
    if (path === null) return answer(400, 'text/plain', 'the path of this request cannot be read');
    if (path === '/config.json') return answer(200, 'application/json', JSON.stringify({ shop }));
    const entry = Object.hasOwn(modules, path) ? modules[path]! : null;
    if (entry) return answer(200, types['.js']!, await bundled(entry));
    const place = besides.includes(path.split('/')[1]!) ? root : join(root, 'shop');
    const file = join(place, path.endsWith('/') ? `${path}index.html` : path);
    const type = types[extname(file)];
    if (!type || !file.startsWith(place + sep)) return answer(404, 'text/plain', 'there is no such file');
    try {
      answer(200, type, await readFile(file));
    } catch {
      answer(404, 'text/plain', 'there is no such file');
    }
  }

  const server = createServer((request, response) => {
    respond(request, response).catch((error) => {
      console.error(`demo: ${request.url} was not answered: ${error}`);
      if (!response.headersSent) response.writeHead(500, { 'content-type': 'text/plain' });
      response.end();
    });
  });
  await new Promise<void>((listening, failed) => {
    // Once it listens: a connection that could not be taken, as with too many open files.
    server.on('error', failed);
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

/** Null where it cannot be read, such as that of `GET //`, or one with half an escape. */
function pathOf({ url = '/' }: IncomingMessage): string | null {
  try {
    return decodeURIComponent(new URL(url, 'http://page').pathname);
  } catch {
    return null;
  }
}

function bundled(entry: string): Promise<string> {
  const found = bundles.get(entry);
  if (found) return found;
  const made = bundle(entry);
  bundles.set(entry, made);
  // The next request tries again.
  made.catch(() => bundles.delete(entry));
  return made;
}

/** A TypeScript module with all that it imports, for the browser. */
async function bundle(entry: string): Promise<string> {
  const { build } = await import('vite');
  const built = await build({
    configFile: false,
    logLevel: 'error',
    publicDir: false,
    build: { write: false, target: 'es2022', lib: { entry, formats: ['es'] } },
  });
  const [first] = Array.isArray(built) ? built : [built];
  if (!first || !('output' in first)) throw new Error(`${entry} was not bundled`);
  return first.output[0].code;
}

if (process.argv[1] === import.meta.filename) {
  const [port = '3017', shop = 'http://127.0.0.1:3016'] = process.argv.slice(2);
  const { url } = await serve(Number(port), shop);
  for (const entry of Object.values(modules))
    void bundled(entry).catch((error) => console.error(`demo: ${error}`));
  console.log(`demo shop: ${url}, game: ${url}/tictactoe/, meter: ${url}/meter/, tab: ${url}/tab/`);
}
