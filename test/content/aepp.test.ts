/** The wallet's side of aepp-sdk's RPC in a page, between a page and a worker that the test plays. */
import { describe, expect, test } from 'vitest';
import { AeppBridge } from '../../src/content/aepp.ts';
import { FakePort } from './fakes.ts';

type Posted = {
  type: string;
  data: { id?: number; method: string; params?: unknown; result?: unknown; error?: { code: number } };
};

function pageUnderTest() {
  const ports: FakePort[] = [];
  const posted: Posted[] = [];
  const timers: (() => void)[] = [];
  let visible = true;
  const bridge = new AeppBridge({
    connect: () => {
      const port = new FakePort();
      ports.push(port);
      return port;
    },
    toPage: (message) => void posted.push(message as Posted),
    after: (run) => void timers.push(run),
    origin: 'https://page.example',
    visible: () => visible,
  });
  const page = {
    bridge,
    ports,
    posted,
    port: () => ports.at(-1)!,
    elapse: () => {
      for (const run of timers.splice(0)) run();
    },
    hide: () => {
      visible = false;
    },
    send: (method: string, params: unknown = {}, id: number | undefined = 1) =>
      bridge.receive({ type: 'to_waellet', data: { jsonrpc: '2.0', id, method, params } }),
    answer: (result: unknown) => page.port().answer({ kind: 'result', id: page.port().last().id, result }),
    announced: () => posted.filter(({ data }) => data.method === 'connection.announcePresence').length,
    last: () => posted.at(-1)!.data,
    greet() {
      bridge.greet();
      page.answer({ networkId: 'ae_devnet' });
    },
    connect(connectNode = false) {
      page.send('connection.open', { name: 'x', version: 1, connectNode });
      page.answer({ networkId: 'ae_devnet', node: { name: 'n', url: 'http://n' } });
    },
  };
  return page;
}

describe('announcing', () => {
  test('again and again, until there is a session', () => {
    const page = pageUnderTest();
    page.greet();
    expect(page.announced()).toBe(1);
    page.elapse();
    expect(page.announced()).toBe(2);
    page.connect();
    page.elapse();
    page.elapse();
    expect(page.announced()).toBe(2);
  });
  test('not where there is no wallet, nor in a page that nobody sees', () => {
    const page = pageUnderTest();
    page.bridge.greet();
    page.answer(null);
    expect(page.announced()).toBe(0);
    const hidden = pageUnderTest();
    hidden.hide();
    hidden.bridge.greet();
    expect(hidden.ports).toEqual([]);
  });
  test('again after the page closed its session', () => {
    const page = pageUnderTest();
    page.greet();
    page.connect();
    page.elapse();
    page.send('connection.close', { reason: 'bye' }, undefined);
    expect(page.announced()).toBe(2);
  });
});

describe('requests', () => {
  test('before the session only connection.open goes to the worker', () => {
    const page = pageUnderTest();
    page.send('transaction.sign', { tx: 'tx_' });
    expect(page.last()).toMatchObject({ id: 1, error: { code: 10 } });
    expect(page.ports).toEqual([]);
  });
  test('unknown methods, the bridge’s own and names of the prototype are not found', () => {
    const page = pageUnderTest();
    page.connect();
    for (const method of ['data.unsafeSign', 'hello', '__proto__', 'constructor', 'toString']) {
      page.send(method, {}, 5);
      expect(page.last()).toMatchObject({ id: 5, error: { code: -32601 } });
    }
  });
  test('what is no request to a wallet is left alone', () => {
    const page = pageUnderTest();
    for (const message of [
      null,
      'text',
      { type: 'to_aepp', data: { jsonrpc: '2.0', id: 1, method: 'connection.open' } },
      { type: 'to_waellet', data: { jsonrpc: '1.0', id: 1, method: 'connection.open' } },
      { type: 'to_waellet', data: { jsonrpc: '2.0', id: 1, method: 'connection.open', result: 1 } },
      { type: 'to_waellet', data: { jsonrpc: '2.0', id: {}, method: 'connection.open' } },
    ])
      page.bridge.receive(message);
    expect(page.posted).toEqual([]);
    expect(page.ports).toEqual([]);
  });
  test('params that are too long or no JSON fail without reaching the worker', () => {
    const page = pageUnderTest();
    page.connect();
    const sent = page.port().sent.length;
    page.send('message.sign', { message: 'x'.repeat(300_000) });
    expect(page.last()).toMatchObject({ error: { code: 12 } });
    page.send('message.sign', { message: 1n });
    expect(page.last()).toMatchObject({ error: { code: 12 } });
    expect(page.port().sent.length).toBe(sent);
  });
  test('are sent again after the worker was stopped, five times at most', () => {
    const page = pageUnderTest();
    page.connect();
    page.send('message.sign', { message: 'x' }, 9);
    for (let round = 0; round < 4; round++) {
      page.port().stop();
      page.elapse();
      expect(page.port().sent).toContainEqual(expect.objectContaining({ method: 'message.sign' }));
    }
    page.port().stop();
    expect(page.last()).toMatchObject({ id: 9, error: { code: 12 } });
  });
});

describe('a session', () => {
  test('gets the node only where it asked for it', () => {
    const page = pageUnderTest();
    page.connect();
    expect(page.last().result).toEqual({
      id: 'tandem',
      name: 'Tandem',
      networkId: 'ae_devnet',
      origin: 'https://page.example',
      type: 'extension',
    });
    page.connect(true);
    expect(page.last().result).toMatchObject({ node: { url: 'http://n' } });
  });
  test('hears of another network, also of one that changed while the worker was down', () => {
    const page = pageUnderTest();
    page.connect();
    page.port().answer({ kind: 'network', networkId: 'ae_uat', node: { name: 'n', url: 'http://n' } });
    expect(page.last()).toMatchObject({ method: 'networkId.update', params: { networkId: 'ae_uat' } });
    page.port().stop();
    page.elapse();
    expect(page.port().last().method).toBe('hello');
    page.answer({ networkId: 'ae_mainnet', node: { name: 'n', url: 'http://n' } });
    expect(page.last()).toEqual({
      jsonrpc: '2.0',
      method: 'networkId.update',
      params: { networkId: 'ae_mainnet' },
    });
  });
  test('ends when the person disconnects the site', () => {
    const page = pageUnderTest();
    page.connect();
    page.port().answer({ kind: 'closed' });
    expect(page.posted.some(({ data }) => data.method === 'connection.close')).toBe(true);
    page.send('address.get', undefined, 3);
    expect(page.last()).toMatchObject({ id: 3, error: { code: 10 } });
  });
});
