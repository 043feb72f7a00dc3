/**
 * The peer's socket: HTTP on this computer for programs that have the token. No web page reaches it: a foreign Host or any
 * Origin is refused, and no answer allows one.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as v from 'valibot';
import { pageFailure } from '../../src/background/dapps/errors.ts';
import { type PageEvent, PageRequest } from '../../src/rpc/page.ts';
import { pageErrors } from '../../src/rpc/page-errors.ts';
import { tokenCheck } from './token.ts';

/** A call has at most so many bytes: code and call data of a contract, and its ACI. */
const maxBytes = 3 * 1024 * 1024;
/** So many calls may be without an answer, and so many programs listen. */
const maxInFlight = 100;
const maxListeners = 20;
/** A program that does not read its events so far behind is cut off; it fetches them when it is back. Bytes. */
const maxBehind = 4 * 1024 * 1024;
/** Milliseconds between two signs of life. */
const heartbeat = 15_000;

export interface ApiServer {
  url: string;
  push(event: PageEvent): void;
  stop(): Promise<void>;
}

interface Deps {
  /** 0: any. */
  port: number;
  token: string;
  /** Rejects with what `pageFailure` reads. */
  handle(method: string, params: unknown): Promise<unknown>;
}

const Call = v.object({ method: PageRequest.entries.method, params: v.optional(v.unknown()) });

/** Why a request is turned away, before anything is done for it. */
class Refusal extends Error {
  readonly status: number;
  readonly code: number;
  constructor(status: number, code: number, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export async function startApiServer({ port, token, handle }: Deps): Promise<ApiServer> {
  const isToken = tokenCheck(token);
  const listeners = new Set<ServerResponse>();
  let inFlight = 0;
  let hosts: string[] = [];

  async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // A page's request has one of these; a page whose name was made to lead here has another Host.
    if (request.headers.origin !== undefined || request.headers['sec-fetch-site'] !== undefined)
      throw new Refusal(403, pageErrors.unauthorized, 'Web pages have no access: this is for programs.');
    if (!hosts.includes(request.headers.host ?? ''))
      throw new Refusal(
        403,
        pageErrors.unauthorized,
        `Ask ${hosts[0]} by this name, not "${(request.headers.host ?? '').slice(0, 100)}".`,
      );
    if (!isToken(request.headers.authorization))
      throw new Refusal(
        401,
        pageErrors.unauthorized,
        'The token is wrong: send "Authorization: Bearer …" with what is in the peer’s token file.',
      );
    const route = `${request.method} ${request.url}`;
    if (route === 'GET /events') return listen(response);
    if (route !== 'POST /rpc')
      throw new Refusal(404, pageErrors.unsupportedMethod, 'There are POST /rpc and GET /events.');
    if (request.headers['content-type']?.split(';')[0]?.trim() !== 'application/json')
      throw new Refusal(415, pageErrors.invalidParams, 'Send application/json.');
    if (inFlight >= maxInFlight)
      throw new Refusal(
        429,
        pageErrors.limitExceeded,
        `${maxInFlight} calls wait for an answer already: wait for one before the next.`,
      );
    inFlight += 1;
    try {
      const { method, params } = callIn(await read(request));
      answer(response, 200, await handle(method, params).then((result) => ({ result }), failed));
    } finally {
      inFlight -= 1;
    }
  }

  function listen(response: ServerResponse): void {
    if (listeners.size >= maxListeners)
      throw new Refusal(429, pageErrors.limitExceeded, `${maxListeners} programs listen already.`);
    response.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' });
    response.write('\n');
    listeners.add(response);
    response.on('close', () => listeners.delete(response));
  }

  function write(text: string): void {
    for (const response of listeners) {
      if (response.writableLength > maxBehind) response.destroy();
      else response.write(text);
    }
  }

  const server = createServer((request, response) => {
    response.on('error', () => undefined);
    take(request, response).catch((error) => {
      const refusal =
        error instanceof Refusal
          ? error
          : new Refusal(500, pageErrors.internal, 'The peer could not do this.');
      // The rest of what it sends is not read.
      if (!request.complete && !response.headersSent) response.setHeader('connection', 'close');
      answer(response, refusal.status, { error: { code: refusal.code, message: refusal.message } });
    });
  });
  server.maxConnections = 200;
  const beats = setInterval(() => write('\n'), heartbeat);
  beats.unref();
  await new Promise<void>((started, failing) => {
    // Once it listens: a connection that could not be taken, as with too many open files.
    server.on('error', failing);
    server.listen(port, '127.0.0.1', started);
  });
  const actual = (server.address() as AddressInfo).port;
  hosts = [`127.0.0.1:${actual}`, `localhost:${actual}`];
  return {
    url: `http://127.0.0.1:${actual}`,
    push: (event) => write(`${JSON.stringify(event)}\n`),
    stop: () =>
      new Promise((stopped) => {
        clearInterval(beats);
        server.close(() => stopped());
        server.closeAllConnections();
      }),
  };
}

const failed = (error: unknown) => ({ error: pageFailure(error) });

function answer(response: ServerResponse, status: number, body: unknown): void {
  if (response.headersSent || response.destroyed) return;
  const text = JSON.stringify(body);
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(text);
}

async function read(request: IncomingMessage): Promise<string> {
  const tooLong = () => new Refusal(413, pageErrors.invalidParams, `A call has at most ${maxBytes} bytes.`);
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLong();
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) throw tooLong();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function callIn(text: string): v.InferOutput<typeof Call> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new Refusal(400, pageErrors.invalidParams, 'The call is not JSON.');
  }
  const parsed = v.safeParse(Call, json);
  if (!parsed.success)
    throw new Refusal(400, pageErrors.invalidParams, 'A call is { "method": "…", "params": { … } }.');
  return parsed.output;
}
