/** A node between a wallet and the real one that says of some things that it does not know them. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ForgetfulNode {
  url: string;
  /** What stands in a path after /v3/ of which it knows nothing: hashes, channel ids. */
  forgotten: Set<string>;
  close(): Promise<void>;
}

export async function startForgetfulNode(real: string): Promise<ForgetfulNode> {
  const forgotten = new Set<string>();
  const server = createServer(async (request, response) => {
    const path = request.url ?? '/';
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const forgets = request.method === 'GET' && [...forgotten].some((what) => path.includes(what));
    const answer = forgets
      ? { status: 404, text: '{"reason":"Not found"}' }
      : await fetch(real + path, {
          method: request.method ?? 'GET',
          headers: { 'content-type': 'application/json' },
          ...(chunks.length > 0 ? { body: Buffer.concat(chunks) } : {}),
        })
          .then(async (given) => ({ status: given.status, text: await given.text() }))
          .catch((error: unknown) => ({ status: 502, text: JSON.stringify({ reason: String(error) }) }));
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.text);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    forgotten,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
