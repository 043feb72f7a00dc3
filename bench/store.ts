/**
 * Whether a wallet gets slower or its records larger with what has happened: payments over many channels, and after some,
 * many and very many of them the time to load the engine, the time of one payment, and the bytes of what is stored.
 */
import { signerFromSeed, verify } from '../src/engine/crypto.ts';
import { Engine } from '../src/engine/engine.ts';
import { createNodeClient } from '../src/engine/node-client.ts';
import type { Clock, Store, Table } from '../src/engine/ports.ts';
import { defaultSettings } from '../src/engine/settings.ts';
import { encode } from '../src/protocol/chain/address.ts';
import { pipe } from './pipe.ts';
import { median, quantile } from './statistics.ts';
import { fund, until } from './updates.ts';

const ae = 10n ** 18n;

/** How much is done and measured. */
export interface Size {
  channels: number;
  /** After so many updates in all, rising. */
  points: number[];
  /** Payments one after the other that are timed at each point; they are the last of its updates. */
  singles: number;
  /** Times that the engine is loaded at each point. */
  loads: number;
}

export interface StoreOptions extends Size {
  /** Of what the numbers are, for the reader. */
  where: string;
  /** URL of a devnet. */
  node: string;
  /** A fresh store. */
  openStore(name: string): Promise<Store>;
  /** What the payer's store takes on the disk. */
  diskBytes(): Promise<number>;
  clock: Clock;
  random(length: number): Uint8Array;
}

export interface StorePoint {
  updates: number;
  /** Until the engine runs on its store, its channels loaded: median. */
  loadMs: number;
  singleP50Ms: number;
  singleP99Ms: number;
  /** Of one channel's record: mean. */
  recordBytes: number;
  /** Of all other rows that the wallet reads at its start: nonces, settings. */
  otherBytes: number;
  /** Of the rows that each payment leaves behind for ever: its history and its outcome. */
  bytesPerUpdate: number;
  diskBytes: number;
}

export interface StoreResult {
  where: string;
  size: Size;
  points: StorePoint[];
}

export async function benchStore(options: StoreOptions): Promise<StoreResult> {
  const { channels, points, singles, loads } = options;
  const wallet = await openChannels(options);
  const results: StorePoint[] = [];
  let updates = 0;
  try {
    for (const point of points) {
      while (updates < point - singles) {
        const wave = Math.min(channels, point - singles - updates);
        await Promise.all(Array.from({ length: wave }, (_, index) => wallet.pay(index)));
        updates += wave;
      }
      const times: number[] = [];
      for (; updates < point; updates++) {
        const start = performance.now();
        await wallet.pay(updates % channels);
        times.push(performance.now() - start);
      }
      const loadTimes: number[] = [];
      for (let load = 0; load < loads; load++) loadTimes.push(await wallet.reload());
      const bytes = async (table: Table) => sum((await wallet.store.list(table)).map(sizeOf));
      results.push({
        updates,
        loadMs: median(loadTimes),
        singleP50Ms: quantile(times, 0.5),
        singleP99Ms: quantile(times, 0.99),
        recordBytes: (await bytes('channels')) / channels,
        otherBytes: (await bytes('nonces')) + (await bytes('meta')),
        bytesPerUpdate: ((await bytes('history')) + (await bytes('requests'))) / updates,
        diskBytes: await options.diskBytes(),
      });
    }
    return { where: options.where, size: { channels, points, singles, loads }, points: results };
  } finally {
    await wallet.close();
  }
}

/** Payer and receiver, with that many open channels between them. */
async function openChannels(options: StoreOptions) {
  const chain = createNodeClient({ url: options.node, timeoutMs: 30_000 });
  const { networkId, chainHash } = await chain.status();
  const signers = [
    await signerFromSeed(options.random(32)),
    await signerFromSeed(options.random(32)),
  ] as const;
  const stores = [await options.openStore('a'), await options.openStore('b')] as const;
  const transports = pipe(signers[0].publicKey, signers[1].publicKey);
  const start = async (index: 0 | 1, watchInterval: number): Promise<Engine> => {
    const engine: Promise<Engine> = Engine.start({
      store: stores[index],
      signer: signers[index],
      verify,
      clock: options.clock,
      random: options.random,
      transport: transports[index],
      chain: () => chain,
      network: { networkId, chainHash },
      settings: () => defaultSettings,
      acceptIncoming: () => true,
      watchInterval,
      on: {
        changed: () => undefined,
        considering: (actor) =>
          void engine.then((it) => it.wish(actor.id, { type: 'accept', minimumDepth: 0 })),
        committed: () => undefined,
        inband: () => undefined,
        storeFailed: () => undefined,
        chain: () => undefined,
        rival: () => undefined,
        foreign: () => undefined,
      },
    });
    return engine;
  };
  let [a, b] = [await start(0, 100), await start(1, 100)];
  for (const { publicKey } of signers) await fund(options.node, encode('ak', publicKey));
  for (const { publicKey } of signers)
    await until('coins', async () => (await chain.account(publicKey)).balance > 0n);
  const ids: string[] = [];
  const isOpen = (engine: Engine, id: string) =>
    engine.channels().some((actor) => actor.id === id && actor.channel.phase === 'open');
  for (let index = 0; index < options.channels; index++) {
    const { id } = await a.open(signers[1].publicKey, ['/memory'], {
      initiatorAmount: ae / 100n,
      responderAmount: 0n,
      pushAmount: 0n,
      channelReserve: 0n,
      lockPeriod: 10,
    });
    ids.push(id);
    // The receiver considers a few at once.
    await until('an open channel', async () => isOpen(a, id) && isOpen(b, id));
  }
  // From here on the chain is looked at once only, as a real wallet does it seldom beside its payments.
  const seldom = 3_600_000;
  await Promise.all([a.stop(), b.stop()]);
  b = await start(1, seldom);
  a = await start(0, seldom);
  const isOnline = () => ids.every((id) => a.channel(id).channel.live.link === 'up');
  await until('a connection', async () => isOnline());

  let requests = 0;
  return {
    store: stores[0],
    /** One payment of 1 aetto over the channel of this index. */
    async pay(index: number) {
      requests += 1;
      const outcome = await a.request(ids[index]!, {
        scope: 'bench',
        id: `r${requests}`,
        amount: 1n,
        direction: 'pay',
        note: null,
      });
      if (!outcome.ok) throw new Error(`a payment failed: ${outcome.code}: ${outcome.message}`);
    },
    /** Stops the payer's engine and starts it anew. @returns the milliseconds of the start */
    async reload(): Promise<number> {
      await a.stop();
      const began = performance.now();
      a = await start(0, seldom);
      const took = performance.now() - began;
      await until('a connection again', async () => isOnline());
      return took;
    },
    async close() {
      await Promise.all([a.stop(), b.stop()]);
      for (const store of stores) await store.close();
    },
  };
}

const sum = (numbers: number[]): number => numbers.reduce((all, one) => all + one, 0);

/** Bytes of a row's content, the same for every store: what it takes on the disk comes on top of this. */
function sizeOf(value: unknown): number {
  if (value instanceof Uint8Array) return value.length;
  if (typeof value === 'string') return value.length;
  if (typeof value === 'bigint') return Math.ceil(value.toString(16).length / 2);
  if (typeof value === 'number') return 8;
  if (Array.isArray(value)) return sum(value.map(sizeOf));
  if (typeof value === 'object' && value !== null)
    return sum(Object.entries(value).map(([key, member]) => key.length + sizeOf(member)));
  return 1;
}
