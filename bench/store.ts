/**
 * Whether a wallet gets slower or its records larger with what has happened: payments over many channels, and after some,
 * many and very many of them the time to load the engine, the time of one payment, and the bytes of what is stored.
 */
import type { Engine } from '../src/engine/engine.ts';
import type { Table } from '../src/engine/ports.ts';
import { median, quantile } from './statistics.ts';
import { measure, parties, type Surroundings, terms, until } from './updates.ts';

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

export interface StoreOptions extends Size, Surroundings {
  /** What the payer's store takes on the disk. */
  diskBytes(): Promise<number>;
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
      const { times } = await measure(point - updates, (index) => wallet.pay((updates + index) % channels));
      updates = point;
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
  const { signers, stores, start, request } = await parties(options);
  let [a, b] = [await start(0, 100), await start(1, 100)];
  const ids: string[] = [];
  const isOpen = (engine: Engine, id: string) =>
    engine.channels().some((actor) => actor.id === id && actor.channel.phase === 'open');
  for (let index = 0; index < options.channels; index++) {
    const { id } = await a.open(signers[1].publicKey, ['/memory'], terms(ae / 100n));
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

  return {
    store: stores[0],
    /** One payment of 1 aetto over the channel of this index. */
    pay: (index: number) => request(a, ids[index]!),
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
