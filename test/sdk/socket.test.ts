/** The peer's socket under attack: only a program of this computer with the token gets anything. */
import { chmodSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { type IncomingHttpHeaders, request } from 'node:http';
import { connect as dial } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Devnet } from '../../devnet/index.ts';
import { readFlags } from '../../peer/flags.ts';
import { readPolicy } from '../../peer/policy.ts';
import { connect } from '../../src/sdk/index.ts';
import { chainHere, peerHere, until } from './world.ts';

let chain: Devnet;
let here: Awaited<ReturnType<typeof peerHere>>;
let url: URL;

beforeAll(async () => {
  chain = await chainHere();
  here = await peerHere(chain.url);
  url = new URL(here.peer.api!.url);
}, 60_000);
afterAll(async () => {
  await here?.peer.stop();
  await chain?.close();
});

interface Sent {
  method?: string;
  path?: string;
  headers?: Record<string, string>;
  body?: string;
}
interface Answered {
  status: number;
  headers: IncomingHttpHeaders;
  body: { result?: unknown; error?: { code: number; message: string } };
}
const json = { 'content-type': 'application/json' };
const withToken = () => ({ ...json, authorization: `Bearer ${here.token}` });

function send({ method = 'POST', path = '/rpc', headers = withToken(), body = '' }: Sent): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: url.hostname, port: url.port, method, path, headers }, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode!, headers: response.headers, body: JSON.parse(text) }),
      );
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
const call = (method: string, params: unknown = {}) => send({ body: JSON.stringify({ method, params }) });

describe('the peer’s socket', () => {
  test('answers a program with the token', async () => {
    const { status, body } = await call('connect');
    expect(status).toBe(200);
    expect(body.result).toEqual({ address: here.peer.address, networkId: 'ae_devnet' });
  });

  test('no token, a wrong one, one in another place, a shorter, a longer: 401, and nothing is done', async () => {
    const wrong = '0'.repeat(64);
    for (const authorization of [
      undefined,
      '',
      'Bearer',
      `Bearer ${wrong}`,
      here.token,
      `Basic ${here.token}`,
      `bearer ${here.token}`,
      `Bearer ${here.token}0`,
      `Bearer ${here.token.slice(1)}`,
      `Bearer ${here.token.toUpperCase()}!`,
    ]) {
      const headers = { ...json, ...(authorization === undefined ? {} : { authorization }) };
      const { status, body } = await send({ headers, body: '{"method":"connect"}' });
      expect([status, body.error?.code, body.result]).toEqual([401, 4100, undefined]);
    }
    const inPath = await send({
      path: `/rpc?token=${here.token}`,
      headers: json,
      body: '{"method":"connect"}',
    });
    expect(inPath.status).toBe(401);
    for (const path of ['/events', '/'])
      expect((await send({ method: 'GET', path, headers: {} })).status).toBe(401);
  });

  test('a web page is refused though it had the token: any Origin, any fetch of a browser, the preflight', async () => {
    const ofPages: Record<string, string>[] = [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: url.origin },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-origin' },
    ];
    for (const more of ofPages) {
      const { status, headers } = await send({
        headers: { ...withToken(), ...more },
        body: '{"method":"connect"}',
      });
      expect(status).toBe(403);
      expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
    }
    const preflight = await send({
      method: 'OPTIONS',
      headers: {
        origin: 'https://evil.example',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type',
        'access-control-request-private-network': 'true',
      },
    });
    expect(preflight.status).toBe(403);
    expect(Object.keys(preflight.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  test('a name that was made to lead to this computer is refused', async () => {
    for (const host of [
      'evil.example',
      `evil.example:${url.port}`,
      '127.0.0.1',
      `127.0.0.1:1`,
      `[::1]:${url.port}`,
    ])
      expect((await send({ headers: { ...withToken(), host }, body: '{"method":"connect"}' })).status).toBe(
        403,
      );
    const named = { ...withToken(), host: `localhost:${url.port}` };
    expect((await send({ headers: named, body: '{"method":"connect"}' })).status).toBe(200);
  });

  test('it listens on this computer’s own address only', async () => {
    const addresses = Object.values(networkInterfaces())
      .flatMap((all) => all ?? [])
      .filter(({ internal, family }) => !internal && family === 'IPv4')
      .map(({ address }) => address);
    for (const address of addresses) {
      const reached = await new Promise<boolean>((done) => {
        const socket = dial({ host: address, port: Number(url.port) }, () => done(true));
        socket.on('error', () => done(false));
      });
      expect(reached).toBe(false);
    }
    expect(url.hostname).toBe('127.0.0.1');
  });

  test('unknown methods and names of the prototype are no methods', async () => {
    for (const method of [
      'channel.slash',
      'channel.close_solo',
      '__proto__',
      'constructor',
      'toString',
      'hasOwnProperty',
      '',
    ])
      expect((await call(method)).body.error?.code).toBe(4200);
    const polluted = await send({
      body: '{"method":"channel.list","params":{"__proto__":{"peer":"x"},"constructor":{"prototype":{"a":1}}}}',
    });
    expect(polluted.body.result).toEqual([]);
    expect(({} as Record<string, unknown>).a).toBeUndefined();
  });

  test('what is no call is refused: other paths, methods, types, no JSON, wrong shapes', async () => {
    const refused: [Sent, number][] = [
      [{ path: '/' }, 404],
      [{ path: '/rpc/../rpc' }, 404],
      [{ path: '/events' }, 404],
      [{ method: 'GET' }, 404],
      [{ method: 'PUT' }, 404],
      [{ headers: { ...withToken(), 'content-type': 'text/plain' }, body: '{"method":"connect"}' }, 415],
      [{ headers: { authorization: `Bearer ${here.token}` }, body: '{"method":"connect"}' }, 415],
      [{ body: '' }, 400],
      [{ body: '{' }, 400],
      [{ body: '[]' }, 400],
      [{ body: 'null' }, 400],
      [{ body: '{"method":7}' }, 400],
      [{ body: JSON.stringify({ method: 'x'.repeat(65) }) }, 400],
    ];
    for (const [sent, status] of refused) expect((await send(sent)).status).toBe(status);
    for (const params of [null, 7, 'x', [], { id: 7 }, { id: 'x' }])
      expect((await call('channel.get', params)).body.error?.code).toBe(-32602);
  });

  test('a call that is too long is refused, said or not said beforehand', async () => {
    const said = await send({ headers: { ...withToken(), 'content-length': String(2 ** 30) } }).catch(
      (error) => error,
    );
    expect((said as Answered).status ?? (said as NodeJS.ErrnoException).code).toBe(413);
    const long = `{"method":"connect","params":"${'x'.repeat(3 * 1024 * 1024)}"}`;
    const unsaid = await send({
      headers: { ...withToken(), 'transfer-encoding': 'chunked' },
      body: long,
    }).catch((error) => error);
    expect([413, 'ECONNRESET', 'EPIPE']).toContain(
      (unsaid as Answered).status ?? (unsaid as NodeJS.ErrnoException).code,
    );
    expect((await call('connect')).status).toBe(200);
  });

  test('a flood of listeners is cut, and those there go on', async () => {
    const open = await Promise.all(
      Array.from(
        { length: 25 },
        () =>
          new Promise<{ status: number; end(): void }>((done, failed) => {
            const sent = request(
              { host: url.hostname, port: url.port, path: '/events', headers: withToken() },
              (response) => {
                response.resume();
                done({ status: response.statusCode!, end: () => sent.destroy() });
              },
            );
            sent.on('error', failed);
            sent.end();
          }),
      ),
    );
    expect(open.filter(({ status }) => status === 200).length).toBe(20);
    expect(open.filter(({ status }) => status === 429).length).toBe(5);
    for (const { end } of open) end();
    await until(
      'a place',
      () => connect({ url: url.origin, token: here.token }).then(({ client }) => client.close()),
      () => true,
    );
  });

  test('a wrong token says so in the class, too', async () => {
    const wrong = await connect({ url: url.origin, token: '0'.repeat(64) }).catch((error) => error);
    expect(wrong).toMatchObject({ code: 4100, message: expect.stringContaining('token') });
    for (const [at, token] of [
      ['ws://127.0.0.1:1', here.token],
      ['x', here.token],
      [url.origin, 'short'],
    ] as const)
      expect(await connect({ url: at, token }).catch((error) => error)).toMatchObject({ code: -32602 });
  });
});

describe('the token’s file', () => {
  test('one that others can read stops the peer, and says what to do', async () => {
    const data = mkdtempSync(join(tmpdir(), 'tandem-peer-'));
    writeFileSync(join(data, 'api-token'), `${'a'.repeat(64)}\n`);
    chmodSync(join(data, 'api-token'), 0o644);
    await expect(peerHere(chain.url, { data })).rejects.toThrow(
      /can be read by others \(mode 644\): delete it/,
    );
  });
  test('a damaged one stops the peer; the text is not shown', async () => {
    const data = mkdtempSync(join(tmpdir(), 'tandem-peer-'));
    writeFileSync(join(data, 'api-token'), 'secret', { mode: 0o600 });
    const error = await peerHere(chain.url, { data }).catch((caught: Error) => caught);
    expect((error as Error).message).toMatch(/64 hex digits/);
    expect((error as Error).message).not.toMatch(/secret/);
  });
  test('it is kept over restarts, and each peer has its own', async () => {
    expect(readFileSync(here.peer.api!.tokenFile, 'utf8').trim()).toBe(here.token);
    const other = await peerHere(chain.url);
    expect(other.token).not.toBe(here.token);
    await other.peer.stop();
  });
});

describe('flags and policy', () => {
  test('without --api there is no socket', () => {
    expect(readFlags([]).api).toBe(null);
    expect(readFlags(['--api', '3018']).api).toBe(3018);
    expect(() => readFlags(['--api', 'x'])).toThrow(/whole number/);
  });
  test('limits are amounts in AE; without them there are none', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'tandem-policy-')), 'policy.json');
    writeFileSync(file, '{ "api": { "maxPayment": "0.5" } }');
    expect(readPolicy(file).api).toEqual({ maxPayment: 5n * 10n ** 17n, maxFunding: null });
    writeFileSync(file, '{ "api": { "maxPaiment": "0.5" } }');
    expect(() => readPolicy(file)).toThrow(/api/);
  });
});
