/** What the shop tells pages: who it is, its prices, and whether an order is paid. Read only, open to any origin. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Orders } from './orders.ts';

export interface ShopInfo {
  name: string;
  address: string;
  invite: string;
  networkId: string;
  /** Item -> aetto. */
  prices: Record<string, string>;
}

export function startHttp(port: number, info: () => ShopInfo, orders: Pick<Orders, 'get'>): Promise<Server> {
  function respond(request: IncomingMessage, response: ServerResponse): void {
    const path = pathOf(request);
    if (request.method === 'OPTIONS') return answer(response, 204, null);
    if (request.method !== 'GET') return answer(response, 405, { error: 'only GET is answered here' });
    if (path === null) return answer(response, 400, { error: 'the path of this request cannot be read' });
    if (path === '/shop.json') return answer(response, 200, info());
    const order = /^\/orders\/([A-Za-z0-9-]{8,64})$/.exec(path);
    if (!order) return answer(response, 404, { error: 'there are /shop.json and /orders/<id>' });
    const found = orders.get(order[1]!);
    answer(response, 200, {
      paid: found?.paid ?? false,
      item: found?.item ?? null,
      amount: found?.amount.toString() ?? '0',
    });
  }

  const server = createServer((request, response) => {
    // What is thrown here would end the peer, with all its channels.
    try {
      respond(request, response);
    } catch {
      answer(response, 500, { error: 'the shop could not answer this' });
    }
  });
  return new Promise((resolve, reject) => {
    // Once it listens: a connection that could not be taken, as with too many open files.
    server.on('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

/** Null where it is none, such as that of `GET //`. */
function pathOf({ url = '/' }: IncomingMessage): string | null {
  return URL.canParse(url, 'http://shop') ? new URL(url, 'http://shop').pathname : null;
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  if (response.headersSent) return;
  response.writeHead(status, {
    'content-type': 'application/json',
    'access-control-allow-origin': '*',
    'access-control-allow-headers': '*',
    'access-control-allow-private-network': 'true',
    'cache-control': 'no-store',
  });
  response.end(body === null ? '' : JSON.stringify(body));
}
