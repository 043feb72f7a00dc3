/** Starts the worker and hands its answer over; the work itself is done in the worker, as in the extension. */
import type { Load, UpdatesResult } from '../updates.ts';

/** What the worker is told. */
export interface Order {
  /** URL of the devnet. */
  node: string;
  where: string;
  load: Load;
}
export type Answer = { result: UpdatesResult } | { problem: string };

function benchUpdates(order: Order): Promise<Answer> {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  return new Promise((resolve) => {
    worker.onmessage = ({ data }: MessageEvent<Answer>) => resolve(data);
    worker.onerror = ({ message }) => resolve({ problem: message || 'the worker did not load' });
    worker.postMessage(order);
  });
}

Object.assign(globalThis, { benchUpdates });
