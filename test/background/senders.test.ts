/** Who may ask the worker what: each test tries what it must not let through. */
import { describe, expect, test } from 'vitest';
import type { Runtime } from 'webextension-polyfill';
import { PageError } from '../../src/background/dapps/errors.ts';
import { createPageServer, type PageWallet } from '../../src/background/page-server.ts';
import { createPopupServer, type PopupHandlers } from '../../src/background/popup-server.ts';

const extension = 'tandem-id';
const url = `chrome-extension://${extension}/`;

class Port {
  cut = false;
  readonly got: { kind: string; id: unknown; error?: { code: unknown } }[] = [];
  #listener: (message: unknown) => void = () => undefined;
  readonly sender: unknown;
  constructor(sender: unknown) {
    this.sender = sender;
  }
  readonly onMessage = {
    addListener: (listener: (message: unknown) => void) => {
      this.#listener = listener;
    },
  };
  readonly onDisconnect = { addListener: () => undefined };
  /** As a browser's port, which carries so many characters of JSON; here fewer. */
  postMessage(message: never): void {
    if (JSON.stringify(message).length > 100_000) throw new Error('Message length exceeded maximum allowed.');
    this.got.push(message);
  }
  disconnect(): void {
    this.cut = true;
  }
  async send(message: unknown): Promise<Port['got'][number] | undefined> {
    const before = this.got.length;
    this.#listener(message);
    for (let turn = 0; turn < 20 && this.got.length === before; turn++) await Promise.resolve();
    return this.got[before];
  }
}
const asPort = (port: Port) => port as unknown as Runtime.Port;

function pageServer(handle: PageWallet['gate']['handle'] = async () => 'done') {
  const asked: { origin: string; params: unknown }[] = [];
  let now = 0;
  const gate = {
    handle: (origin: string, method: string, params: unknown) => {
      asked.push({ origin, params });
      return handle(origin, method, params);
    },
  };
  const server = createPageServer(
    Promise.resolve({
      gate,
      aepp: gate,
      sites: { get: () => undefined },
      networkForPages: () => ({ networkId: 'ae_devnet', node: { name: 'n', url: 'http://n' } }),
    }),
    extension,
    () => now,
  );
  const connect = (sender: unknown, aepp = false) => {
    const port = new Port(sender);
    if (aepp) server.acceptAepp(asPort(port));
    else server.accept(asPort(port));
    return port;
  };
  const pass = (ms: number) => {
    now += ms;
  };
  return { server, asked, connect, pass };
}
const page = (origin: string, more = {}) => ({ id: extension, origin, frameId: 0, tab: { id: 1 }, ...more });

describe('a page’s port', () => {
  test('of another extension, a frame, no tab, a file or a sandbox is cut at once', () => {
    const { connect, asked } = pageServer();
    for (const sender of [
      undefined,
      page('https://a.example', { id: 'other-extension' }),
      page('https://a.example', { frameId: 3 }),
      page('https://a.example', { tab: undefined }),
      page('null'),
      page('file://'),
      page(`chrome-extension://${extension}`),
    ])
      for (const aepp of [false, true]) expect(connect(sender, aepp).cut).toBe(true);
    expect(asked).toEqual([]);
  });
  test('is known by the browser’s word for its origin; an origin in what it sends changes nothing', async () => {
    const { connect, asked } = pageServer();
    const port = connect(page('https://evil.example'));
    await port.send({
      id: '1',
      method: 'connect',
      params: { origin: 'https://bank.example' },
      origin: 'https://bank.example',
      sender: page('https://bank.example'),
    });
    expect(asked.map(({ origin }) => origin)).toEqual(['https://evil.example']);
  });
  test('events of one origin go to no other', async () => {
    const { server, connect } = pageServer();
    const [mine, other] = [connect(page('https://a.example')), connect(page('https://b.example'))];
    server.push('https://a.example', {
      number: 1,
      type: 'connected',
      id: null,
      channelId: null,
      sequenceNumber: null,
      detail: {},
    });
    expect([mine.got.length, other.got.length]).toEqual([1, 0]);
  });
  test('what is no request is left unanswered', async () => {
    const { connect, asked } = pageServer();
    const port = connect(page('https://a.example'));
    for (const message of [null, 1, 'x', {}, { id: 1, method: 'x' }, { id: 'x', method: 'x'.repeat(65) }])
      expect(await port.send(message)).toBeUndefined();
    expect(asked).toEqual([]);
  });
  test('a flood is turned away over all tabs of a site, by both ways, and only of that site; a minute later it may ask', async () => {
    const { connect, asked, pass } = pageServer();
    const [one, two] = [connect(page('https://a.example')), connect(page('https://a.example'), true)];
    for (let n = 0; n < 300; n++) {
      await one.send({ id: `${n}`, method: 'connect' });
      await two.send({ id: `${n}`, method: 'hello' });
    }
    expect(asked.length).toBe(600);
    expect((await one.send({ id: 'x', method: 'connect' }))?.error?.code).toBe(-32005);
    expect((await two.send({ id: 'x', method: 'hello' }))?.error?.code).toBe(12);
    expect(asked.length).toBe(600);
    expect((await connect(page('https://b.example')).send({ id: '1', method: 'connect' }))?.kind).toBe(
      'result',
    );
    pass(60_001);
    expect((await one.send({ id: 'y', method: 'connect' }))?.kind).toBe('result');
  });
  test('fifty requests of a site wait at once, no more', async () => {
    const { connect } = pageServer(() => new Promise(() => undefined));
    const port = connect(page('https://a.example'));
    for (let n = 0; n < 50; n++) void port.send({ id: `${n}`, method: 'connect' });
    expect((await port.send({ id: 'x', method: 'connect' }))?.error?.code).toBe(-32005);
  });
  test('hears that an answer is too large for it, instead of waiting', async () => {
    const { connect } = pageServer(async () => 'x'.repeat(200_000));
    const [one, two] = [connect(page('https://a.example')), connect(page('https://a.example'), true)];
    expect(await one.send({ id: '1', method: 'x' })).toMatchObject({ id: '1', error: { code: -32603 } });
    expect(await two.send({ id: '2', method: 'x' })).toMatchObject({ id: '2', error: { code: 12 } });
  });
  test('hears nothing of inner errors', async () => {
    const secret = pageServer(async () => {
      throw new Error('the seed is …');
    });
    for (const aepp of [false, true])
      expect(
        JSON.stringify(await secret.connect(page('https://a.example'), aepp).send({ id: '1', method: 'x' })),
      ).not.toContain('seed');
    const meant = pageServer(async () => {
      throw new PageError('unauthorized', 'not connected');
    });
    expect((await meant.connect(page('https://a.example')).send({ id: '1', method: 'x' }))?.error?.code).toBe(
      4100,
    );
  });
});

describe('the popup’s port', () => {
  const called: string[] = [];
  const handlers = new Proxy({} as PopupHandlers, {
    get: (_, method: string) =>
      method === 'then'
        ? undefined
        : async () => {
            called.push(method);
            return {};
          },
  });
  const server = createPopupServer(Promise.resolve(handlers), url, () => undefined);
  const connect = (sender: unknown) => {
    const port = new Port(sender);
    server.accept(asPort(port));
    return port;
  };

  test('of a content script, a page or another extension is cut, though it has the same name', () => {
    for (const sender of [
      undefined,
      { id: extension, url: 'https://a.example/' },
      { id: extension, url: `https://a.example/?${url}` },
      { id: 'other', url: 'chrome-extension://other/popup.html' },
      { id: 'other', url: `chrome-extension://${extension}x/` },
    ])
      expect(connect(sender).cut).toBe(true);
    expect(called).toEqual([]);
  });
  test('names of the prototype are no methods, and wrong parameters reach no handler', async () => {
    const port = connect({ id: extension, url: `${url}src/popup/index.html` });
    // The view that every new port gets comes first.
    await new Promise((done) => setTimeout(done, 0));
    called.length = 0;
    port.got.length = 0;
    for (const method of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', ''])
      expect((await port.send({ id: 1, method, params: {} }))?.error?.code).toBe('unknown_method');
    for (const params of [{}, { password: 1 }, { password: 'x'.repeat(1025) }, null])
      expect((await port.send({ id: 1, method: 'backup.export', params }))?.error?.code).toBe(
        'invalid_params',
      );
    expect(called.filter((method) => method !== 'wallet.view')).toEqual([]);
  });
});
