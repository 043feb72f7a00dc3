/** Reads of single rows: those of one turn share a transaction, as one for each would take most of their time. */
import type { Table } from '../../engine/ports.ts';
import { createKnownKeys, type KnownKeys } from './known-keys.ts';
import { getPacked, isPacked } from './packs.ts';

interface Waiting {
  table: Table;
  key: string;
  found(value: unknown): void;
  failed(error: unknown): void;
}

export type Read = (table: Table, key: string) => Promise<unknown>;

/** From so many keys of a packed table on, knowing all of its keys costs less than to look each up. */
const many = 32;

export function createReads(db: IDBDatabase): Read {
  let waiting: Waiting[] = [];
  const known = new Map<Table, KnownKeys>();

  function start(): void {
    const all = waiting;
    waiting = [];
    const batches = new Map<Table, Waiting[]>();
    for (const one of all) {
      if (!batches.has(one.table)) batches.set(one.table, []);
      batches.get(one.table)!.push(one);
    }
    try {
      const transaction = db.transaction([...batches.keys()], 'readonly');
      for (const [table, batch] of batches) {
        const store = transaction.objectStore(table);
        if (isPacked(table) && batch.length >= many) getMany(store, table, batch);
        else for (const one of batch) get(store, one);
      }
    } catch (error) {
      for (const one of all) one.failed(error);
    }
  }

  function getMany(store: IDBObjectStore, table: Table, batch: readonly Waiting[]): void {
    if (!known.has(table)) known.set(table, createKnownKeys());
    known.get(table)!.update(
      store,
      (mayHave) => {
        for (const one of batch) {
          if (mayHave(one.key)) get(store, one);
          else one.found(undefined);
        }
      },
      (event) => {
        for (const one of batch) refuse(event, one);
      },
    );
  }

  return (table, key) =>
    new Promise((found, failed) => {
      waiting.push({ table, key, found, failed });
      // After those that were called in this turn, too.
      if (waiting.length === 1) queueMicrotask(start);
    });
}

function get(store: IDBObjectStore, one: Waiting): void {
  const failed = (event: Event) => refuse(event, one);
  try {
    if (isPacked(one.table)) return getPacked(store, one.key, one.found, failed);
    const request = store.get(one.key);
    request.onerror = failed;
    request.onsuccess = () => one.found(request.result);
  } catch (error) {
    one.failed(error);
  }
}

function refuse(event: Event, { failed }: Waiting): void {
  // One that fails shall not take the others with it.
  event.preventDefault();
  failed((event.target as IDBRequest).error);
}
