/** Starts the worker and hands its answer over; the work itself is done in the worker, as in the extension. */
import type { Size, StoreResult } from '../store.ts';
import type { Load, UpdatesResult } from '../updates.ts';

/** What the worker is told. `node` is the URL of the devnet. */
export type Order = { node: string; where: string } & (
  | { bench: 'updates'; load: Load }
  | { bench: 'store'; size: Size }
);
export type Answer = { result: UpdatesResult | StoreResult } | { problem: string };

function runBench(order: Order): Promise<Answer> {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  return new Promise((resolve) => {
    worker.onmessage = ({ data }: MessageEvent<Answer>) => resolve(data);
    worker.onerror = ({ message }) => resolve({ problem: message || 'the worker did not load' });
    worker.postMessage(order);
  });
}

Object.assign(globalThis, { runBench });
