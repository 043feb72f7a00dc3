/** Reads of single rows: those of one turn share a transaction, as one for each would take most of their time. */
import type { Table } from '../../engine/ports.ts';
import { getPacked, isPacked } from './packs.ts';

interface Waiting {
  table: Table;
  key: string;
  found(value: unknown): void;
  failed(error: unknown): void;
}

export type Read = (table: Table, key: string) => Promise<unknown>;

export function createReads(db: IDBDatabase): Read {
  let waiting: Waiting[] = [];

  function start(): void {
    const batch = waiting;
    waiting = [];
    try {
      const transaction = db.transaction([...new Set(batch.map((one) => one.table))], 'readonly');
      for (const one of batch) attempt(one, () => place(transaction.objectStore(one.table), one));
    } catch (error) {
      for (const one of batch) one.failed(error);
    }
  }

  return (table, key) =>
    new Promise((found, failed) => {
      waiting.push({ table, key, found, failed });
      // After those that were called in this turn, too.
      if (waiting.length === 1) queueMicrotask(start);
    });
}

function attempt({ failed }: Waiting, work: () => void): void {
  try {
    work();
  } catch (error) {
    failed(error);
  }
}

function place(store: IDBObjectStore, { table, key, found, failed }: Waiting): void {
  const onError = (event: Event) => {
    // One that fails shall not take the others with it.
    event.preventDefault();
    failed((event.target as IDBRequest).error);
  };
  if (isPacked(table)) return getPacked(store, key, found, onError);
  const request = store.get(key);
  request.onerror = onError;
  request.onsuccess = () => found(request.result);
}
