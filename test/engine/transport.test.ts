import { setTimeout as sleep } from 'node:timers/promises';
import { webSockets } from '@libp2p/websockets';
import { createLibp2p } from 'libp2p';
import { afterEach, describe, expect, test } from 'vitest';
import { startRelay } from '../../peer/relay.ts';
import { type Link, type Transport, UnreachableError } from '../../src/engine/ports.ts';
import { accountOf, identityOf, peerIdOf } from '../../src/engine/transport/identity.ts';
import {
  channelProtocol,
  commonOptions,
  createTransport,
  ListenError,
} from '../../src/engine/transport/index.ts';
import { mostUnsent } from '../../src/engine/transport/link.ts';

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
});

const seedOf = (n: number) => new Uint8Array(32).fill(n);
const accountOfSeed = async (n: number) => (await identityOf(seedOf(n))).publicKey.raw;
const anyPort = '/ip4/127.0.0.1/tcp/0/ws';
const withoutId = (address = '') => address.replace(/\/p2p\/[^/]+$/, '');
const portOf = (address = '') => Number(/\/tcp\/(\d+)/.exec(address)?.[1]);

async function listener(n: number, listen = anyPort): Promise<Transport> {
  const transport = await createTransport({ seed: seedOf(n), mode: 'listen', listen: [listen] });
  stops.push(() => transport.stop());
  return transport;
}

async function dialler(n: number, relay: string): Promise<Transport> {
  const transport = await createTransport({ seed: seedOf(n), mode: 'dial', relay });
  stops.push(() => transport.stop());
  return transport;
}

async function relayAt(port: number) {
  const relay = await startRelay({ port, host: '127.0.0.1', seed: seedOf(99) });
  stops.push(() => relay.stop());
  return relay;
}

/** Both ends of one stream from `from` to `to`, whose account is that of seed `n`. */
async function linked(from: Transport, to: Transport, n: number): Promise<[Link, Link]> {
  const incoming = new Promise<Link>((resolve) => to.onLink(resolve));
  const outgoing = await from.connect(await accountOfSeed(n), to.addresses());
  return [outgoing, await incoming];
}

async function until(what: string, done: () => boolean, ms = 10_000): Promise<void> {
  const end = Date.now() + ms;
  while (!done()) {
    if (Date.now() > end) throw new Error(`not within ${ms} ms: ${what}`);
    await sleep(20);
  }
}

/** Everything a link receives, in one growing list of bytes. */
function collect(link: Link): { chunks: Uint8Array[]; length: () => number; all: () => Uint8Array } {
  const chunks: Uint8Array[] = [];
  link.onData((chunk) => chunks.push(chunk));
  return {
    chunks,
    length: () => chunks.reduce((sum, chunk) => sum + chunk.length, 0),
    all: () => Uint8Array.from(Buffer.concat(chunks)),
  };
}

test('an account and its peer id lead to each other', async () => {
  const account = await accountOfSeed(7);
  expect(accountOf(peerIdOf(account))).toEqual(Uint8Array.from(account));
  expect(() => peerIdOf(new Uint8Array(33))).toThrow('33 bytes');
});

describe('two that listen', () => {
  test('exchange 10,000 small messages each way, in order, and know each other', async () => {
    const [a, b] = await Promise.all([listener(1), listener(2)]);
    const [ab, ba] = await linked(a, b, 2);
    expect([ab.dialled, ba.dialled]).toEqual([true, false]);
    expect(Buffer.from(ba.peer)).toEqual(Buffer.from(await accountOfSeed(1)));
    expect(Buffer.from(ab.peer)).toEqual(Buffer.from(await accountOfSeed(2)));
    const [atA, atB] = [collect(ab), collect(ba)];
    const expected = new Uint8Array(40_000);
    const view = new DataView(expected.buffer);
    for (let i = 0; i < 10_000; i++) {
      view.setUint32(i * 4, i);
      ab.send(expected.slice(i * 4, i * 4 + 4));
      ba.send(expected.slice(i * 4, i * 4 + 4));
      if (i % 1000 === 0) await sleep(0);
    }
    await until('all arrived', () => atA.length() === 40_000 && atB.length() === 40_000);
    expect(Buffer.compare(atA.all(), expected)).toBe(0);
    expect(Buffer.compare(atB.all(), expected)).toBe(0);
  });

  test('pass 1 MiB in one send unchanged', async () => {
    const [a, b] = await Promise.all([listener(1), listener(2)]);
    const [ab, ba] = await linked(a, b, 2);
    const atB = collect(ba);
    const big = Uint8Array.from({ length: 1024 * 1024 }, (_, i) => (i * 31 + (i >> 8)) & 255);
    ab.send(big);
    await until('1 MiB arrived', () => atB.length() === big.length);
    expect(Buffer.compare(atB.all(), big)).toBe(0);
  });

  test('keep what arrives before there is a handler, and tell the close after it', async () => {
    const [a, b] = await Promise.all([listener(1), listener(2)]);
    const [ab, ba] = await linked(a, b, 2);
    ab.send(Uint8Array.of(1, 2, 3));
    ab.close();
    await sleep(200);
    const seen: string[] = [];
    ba.onClose(() => seen.push('closed'));
    ba.onData((chunk) => seen.push(chunk.join()));
    await until('both told', () => seen.length === 2);
    expect(seen).toEqual(['1,2,3', 'closed']);
  });

  test.each(['close', 'stop'])('hear of the end once on each side after %s', async (how) => {
    const [a, b] = await Promise.all([listener(1), listener(2)]);
    const [ab, ba] = await linked(a, b, 2);
    const closes: string[] = [];
    ab.onClose(() => closes.push('a'));
    ba.onClose(() => closes.push('b'));
    if (how === 'close') ab.close();
    else await a.stop();
    await until('both closed', () => closes.length >= 2);
    ab.close();
    ba.close();
    ab.send(Uint8Array.of(1));
    await sleep(300);
    expect(closes.sort()).toEqual(['a', 'b']);
  });

  test('meet at an address without a peer id, but only with the account that was meant', async () => {
    const [a, b] = await Promise.all([listener(1), listener(2)]);
    const address = withoutId(b.addresses()[0]);
    await expect(a.connect(await accountOfSeed(3), [address])).rejects.toThrow(/Someone else answers at/);
    await expect(a.connect(await accountOfSeed(3), b.addresses())).rejects.toThrow('another account');
    expect((await a.connect(await accountOfSeed(2), [address])).dialled).toBe(true);
  });
});

test('a link whose other side takes nothing closes after 8 MiB unsent', async () => {
  const node = await createLibp2p({
    ...commonOptions,
    privateKey: await identityOf(seedOf(2)),
    addresses: { listen: [anyPort] },
    transports: [webSockets()],
  });
  stops.push(async () => await node.stop());
  await node.handle(channelProtocol, (stream) => stream.pause());
  const a = await listener(1);
  const link = await a.connect(await accountOfSeed(2), node.getMultiaddrs().map(String));
  const reasons: string[] = [];
  link.onClose((reason) => reasons.push(reason));
  const part = new Uint8Array(1024 * 1024);
  for (let sent = 0; sent < mostUnsent; sent += part.length) link.send(part);
  await sleep(50);
  expect(reasons).toEqual([]);
  for (let i = 0; i < 3; i++) link.send(part);
  await until('closed', () => reasons.length > 0);
  expect(reasons).toEqual([expect.stringContaining('takes no data')]);
});

test('who cannot be reached gives one sentence, quickly', async () => {
  const a = await listener(1);
  const target = await accountOfSeed(2);
  const start = Date.now();
  for (const [addresses, sentence] of [
    [['/ip4/127.0.0.1/tcp/1/ws'], 'The other side is not online at /ip4/127.0.0.1/tcp/1/ws.'],
    [['junk', '/ip4/127.0.0.1/tcp/1/ws', '/ip4/1.1.1.1/udp/1'], /not online.*"junk" is not a multiaddr.*udp/],
    [['junk'], /not usable.*junk/],
    [[], 'No address of the other side is known'],
  ] as const) {
    const failure = a.connect(target, addresses);
    await expect(failure).rejects.toBeInstanceOf(UnreachableError);
    await expect(failure).rejects.toThrow(sentence);
  }
  expect(Date.now() - start).toBeLessThan(5_000);
});

test('a port that is taken is named', async () => {
  const a = await listener(1);
  const address = withoutId(a.addresses()[0]);
  const failure = createTransport({ seed: seedOf(2), mode: 'listen', listen: [address] });
  await expect(failure).rejects.toBeInstanceOf(ListenError);
  await expect(failure).rejects.toMatchObject({
    code: 'EADDRINUSE',
    message: expect.stringContaining(String(portOf(address))),
  });
  await expect(
    startRelay({ port: portOf(address), host: '127.0.0.1', seed: seedOf(3) }),
  ).rejects.toMatchObject({ code: 'EADDRINUSE' });
});

describe('two that only dial', () => {
  test('meet through a relay, which carries more than its default limit', async () => {
    const relay = await relayAt(0);
    const [a, b] = await Promise.all([dialler(1, relay.multiaddr), dialler(2, relay.multiaddr)]);
    await until('reserved', () => b.addresses().length > 0);
    expect(b.addresses()).toEqual([
      `${relay.multiaddr}/p2p-circuit/p2p/${peerIdOf(await accountOfSeed(2)).toString()}`,
    ]);
    const [ab, ba] = await linked(a, b, 2);
    const atB = collect(ba);
    ab.send(new Uint8Array(1024 * 1024));
    await until('1 MiB over the relay', () => atB.length() === 1024 * 1024);
  });

  test('are told when the relay goes, and reserve again when it is back', async () => {
    const relay = await relayAt(0);
    const [a, b] = await Promise.all([dialler(1, relay.multiaddr), dialler(2, relay.multiaddr)]);
    await until('reserved', () => a.addresses().length + b.addresses().length === 2);
    const [ab, ba] = await linked(a, b, 2);
    let closes = 0;
    ab.onClose(() => closes++);
    ba.onClose(() => closes++);
    let changes = 0;
    b.onAddresses(() => changes++);
    await relay.stop();
    await until('both links closed', () => closes === 2, 5_000);
    await until('no address while unreachable', () => b.addresses().length === 0, 5_000);
    await expect(a.connect(await accountOfSeed(2), [relay.multiaddr])).rejects.toThrow(UnreachableError);
    await relayAt(portOf(relay.multiaddr));
    await until('reserved again', () => b.addresses().length === 1, 15_000);
    const [again] = await linked(a, b, 2);
    expect(again.dialled).toBe(true);
    expect([changes, closes]).toEqual([2, 2]);
  });

  test('start while the relay is down, and are reachable once it is up', async () => {
    const relay = await relayAt(0);
    await relay.stop();
    const b = await dialler(2, relay.multiaddr);
    expect(b.addresses()).toEqual([]);
    await sleep(700);
    await relayAt(portOf(relay.multiaddr));
    await until('reserved', () => b.addresses().length === 1, 15_000);
  });

  test('who holds no slot at the relay is not online', async () => {
    const relay = await relayAt(0);
    const a = await dialler(1, relay.multiaddr);
    const id = peerIdOf(await accountOfSeed(5)).toString();
    await expect(
      a.connect(await accountOfSeed(5), [`${relay.multiaddr}/p2p-circuit/p2p/${id}`]),
    ).rejects.toThrow('not online');
  });

  test.each(['relay.example:3015', '/ip4/127.0.0.1/tcp/3015/ws', '/ip4/127.0.0.1/tcp/3015'])(
    'a relay address that cannot work is refused: %s',
    async (relay) => {
      await expect(createTransport({ seed: seedOf(1), mode: 'dial', relay })).rejects.toThrow(
        `The relay's address "${relay}"`,
      );
    },
  );
});
