/** The benchmark of updates in a browser's worker: the wallet's own store and keys. */
import { openIdbStore } from '../../src/background/store/idb.ts';
import { benchUpdates } from '../updates.ts';
import type { Answer, Order } from './page.ts';

const answer = (it: Answer) => self.postMessage(it);

self.onmessage = ({ data: { node, where, load } }: MessageEvent<Order>) => {
  benchUpdates({
    where,
    node,
    openStore: (name) => openIdbStore(`bench-${name}`),
    clock: {
      now: () => Date.now(),
      after(ms, callback) {
        const timer = setTimeout(callback, ms);
        return () => clearTimeout(timer);
      },
    },
    random: (length) => crypto.getRandomValues(new Uint8Array(length)),
    ...load,
  }).then(
    (result) => answer({ result }),
    (error) => answer({ problem: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  );
};
