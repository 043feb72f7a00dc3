/** No request ends a program that listens: each is answered, and the next one too. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startDevnet } from '../../devnet/index.ts';
import { serve } from '../../examples/serve.ts';
import { startApiServer } from '../../peer/api/server.ts';
import { startHttp } from '../../peer/http.ts';

interface Program {
  port: number;
  /** A path that is answered with 200, and headers that this takes. */
  works: string;
  headers?: string;
  stop(): Promise<unknown>;
}

const portOf = (url: string) => Number(new URL(url).port);
const programs: Record<string, () => Promise<Program>> = {
  async 'the shop'() {
    const info = { name: 'Shop', address: 'ak_', invite: '', networkId: 'ae_devnet', prices: {} };
    const server = await startHttp(0, () => info, { get: () => undefined });
    const { port } = server.address() as { port: number };
    return { port, works: '/shop.json', stop: async () => server.close() };
  },
  async 'the socket for programs'() {
    const server = await startApiServer({ port: 0, token: 'a'.repeat(64), handle: async () => 1n });
    return {
      port: portOf(server.url),
      works: '/events',
      headers: `authorization: Bearer ${'a'.repeat(64)}\r\n`,
      stop: () => server.stop(),
    };
  },
  async 'the demo pages'() {
    const server = await serve(0, 'http://127.0.0.1:1');
    return { port: portOf(server.url), works: '/config.json', stop: () => server.close() };
  },
  async 'the devnet'() {
    const devnet = await startDevnet({ port: 0 });
    return { port: devnet.port, works: '/v3/status', stop: () => devnet.close() };
  },
};

/** What is answered to these bytes, up to its status; empty where the connection is closed without. */
async function says(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let found = '';
  socket.on('data', (data) => {
    found += data;
    if (found.includes('\r\n')) socket.destroy();
  });
  socket.on('error', () => undefined);
  socket.write(text);
  await once(socket, 'close');
  return found.split('\r\n')[0]!;
}

const targets = ['//', '///', 'http://[', 'http://', '*', '/%', '/%ff', '/\\', '/%00.html', '?', 'foo:bar'];
const get = (target: string, headers: string, host: string) =>
  `GET ${target} HTTP/1.1\r\nhost: ${host}\r\n${headers}connection: close\r\n\r\n`;

describe.each(Object.entries(programs))('%s', (_, start) => {
  let program: Program;
  const thrown: unknown[] = [];
  const note = (error: unknown) => thrown.push(error);
  beforeAll(async () => {
    program = await start();
    process.on('uncaughtException', note);
    process.on('unhandledRejection', note);
  });
  afterAll(async () => {
    process.off('uncaughtException', note);
    process.off('unhandledRejection', note);
    await program.stop();
  });

  test('answers any path and any half request, and goes on', async () => {
    const { port, headers = '', works } = program;
    const host = `127.0.0.1:${port}`;
    for (const target of targets)
      expect(await says(port, get(target, headers, host)), target).toMatch(/^HTTP\/1\.1 4\d\d |200 OK$/);
    for (const text of [
      'GET / HTTP/1.1\r\n\r\n',
      `CONNECT // HTTP/1.1\r\nhost: ${host}\r\n\r\n`,
      `GET // HTTP/1.1\r\nhost: ${host}\r\n${headers}upgrade: websocket\r\nconnection: upgrade\r\n\r\n`,
      `OPTIONS // HTTP/1.1\r\nhost: ${host}\r\n${headers}\r\n`,
      `POST /rpc HTTP/1.1\r\nhost: ${host}\r\n${headers}content-type: application/json\r\ncontent-length: 21\r\n\r\n{"method":"a.status"}`,
      `POST // HTTP/1.1\r\nhost: ${host}\r\n${headers}content-length: 9\r\n\r\n1`,
      'nonsense\r\n\r\n',
    ])
      await says(port, text);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(thrown).toEqual([]);
    expect(await says(port, get(works, headers, host))).toBe('HTTP/1.1 200 OK');
  });
});
