/** HTTP: routing, bodies, CORS. Nothing that a client sends makes it throw. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { type Answer, ApiError } from './api/answer.ts';
import type { ApiContext, Route } from './api/routes.ts';
import { type Json, toJson } from './json.ts';

/** Bytes that a request's body may have. */
const maxBody = 1024 * 1024;

/** Browsers ask for the last one before a page or an extension may reach a private address. */
const corsHeaders = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'GET, POST, OPTIONS',
  'access-control-allow-headers': '*',
  'access-control-max-age': '600',
  'access-control-allow-private-network': 'true',
};

export function requestHandler(context: ApiContext, routes: readonly Route[]): RequestListener {
  return (request, response) => {
    respond(context, routes, request)
      .then((answer) => send(response, answer, isIntAsString(request)))
      .catch((error) => {
        console.error('devnet: a request failed unexpectedly:', error);
        send(response, { status: 500, body: { reason: 'Internal server error' } }, false);
      });
  };
}

async function respond(
  context: ApiContext,
  routes: readonly Route[],
  request: IncomingMessage,
): Promise<Answer> {
  const url = parseUrl(request);
  if (!url) return { status: 400, body: { reason: 'Malformed URL' } };
  if (request.method === 'OPTIONS') return { status: 204, body: undefined };
  const path = url.pathname;
  const onPath = routes.filter((route) => route.path.test(path));
  const route = onPath.find(({ method }) => method === request.method);
  if (!route) {
    request.resume();
    return { status: onPath.length > 0 ? 405 : 404, body: undefined };
  }
  try {
    const params = (route.path.exec(path) ?? []).slice(1).map(decodeParameter);
    const body = route.method === 'POST' ? await readBody(request) : undefined;
    return await route.handle({ context, params, query: url.searchParams, body });
  } catch (error) {
    if (error instanceof ApiError) return error.answer;
    throw error;
  }
}

function send(response: ServerResponse, { status, body }: Answer, intAsString: boolean): void {
  if (response.destroyed || response.headersSent) return;
  if (body === undefined) {
    response.writeHead(status, { ...corsHeaders, 'content-length': 0 }).end();
    return;
  }
  const text = toJson(body, intAsString);
  response
    .writeHead(status, {
      ...corsHeaders,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(text),
      'cache-control': 'no-store',
    })
    .end(text);
}

function parseUrl(request: IncomingMessage): URL | undefined {
  try {
    return new URL(request.url ?? '/', 'http://devnet');
  } catch {
    return undefined;
  }
}

function isIntAsString(request: IncomingMessage): boolean {
  return parseUrl(request)?.searchParams.get('int-as-string') === 'true';
}

function decodeParameter(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The body as JSON; undefined where there is none. */
async function readBody(request: IncomingMessage): Promise<Json | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size <= maxBody) chunks.push(chunk);
    }
  } catch {
    throw new ApiError(400, 'The request was cut off');
  }
  if (size > maxBody) throw new ApiError(413, `Body has ${size} bytes, at most ${maxBody} are taken`);
  if (size === 0) return undefined;
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8')) as Json;
  } catch {
    throw new ApiError(400, 'Invalid JSON');
  }
}
