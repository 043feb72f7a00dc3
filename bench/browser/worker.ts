/** The benchmarks in a browser's worker: the wallet's own store and keys. */
import { openIdbStore } from '../../src/background/store/idb.ts';
import { benchStore } from '../store.ts';
import { benchUpdates } from '../updates.ts';
import type { Answer, Order } from './page.ts';

const answer = (it: Answer) => self.postMessage(it);

const surroundings = {
  openStore: (name: string) => openIdbStore(`bench-${name}`),
  clock: {
    now: () => Date.now(),
    after(ms: number, callback: () => void) {
      const timer = setTimeout(callback, ms);
      return () => clearTimeout(timer);
    },
  },
  random: (length: number) => crypto.getRandomValues(new Uint8Array(length)),
};

function run(order: Order) {
  const { where, node } = order;
  if (order.bench === 'updates') return benchUpdates({ ...surroundings, where, node, ...order.load });
  // The browser tells the sum of both parties' databases, which hold alike.
  const diskBytes = async () => ((await navigator.storage.estimate()).usage ?? 0) / 2;
  return benchStore({ ...surroundings, where, node, diskBytes, ...order.size });
}

self.onmessage = ({ data }: MessageEvent<Order>) => {
  run(data).then(
    (result) => answer({ result }),
    (error) => answer({ problem: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  );
};
