/** The wallet's store: IndexedDB, each commit one strictly durable transaction. */
import { type IDBPDatabase, unwrap } from 'idb';
import { createCommitQueue } from '../../engine/commit-queue.ts';
import { type Range, type Store, StoreError, type Table, type Write } from '../../engine/ports.ts';
import { explain } from './explain.ts';
import { openDatabase } from './open.ts';
import { isPacked, listPacked, writePacked } from './packs.ts';
import { keyRange } from './ranges.ts';
import { createReads } from './reads.ts';

export interface IdbStore extends Store {
  /** How many records each table has; those of one commit may be one record (packs.ts). */
  records(): Promise<Record<string, number>>;
}

/**
 * Opens the database, makes or migrates its tables.
 * @param factory another one than the browser's; IndexedDB's classes must be globals all the same (idb needs them)
 * @throws StoreError with a sentence that says what to do
 */
export async function openIdbStore(
  name: string,
  factory: IDBFactory = globalThis.indexedDB,
): Promise<IdbStore> {
  const db = await openDatabase(name, factory);
  /** Why the store serves no more; null while it does. */
  let closed: string | null = null;

  // A newer version of the wallet waits for the database: let it have it.
  db.addEventListener('versionchange', () => {
    closed =
      'A newer version of Tandem took over the wallet’s data. Close this window and open the wallet again.';
    db.close();
  });
  db.addEventListener('close', () => {
    closed ??=
      'The browser closed the wallet’s data, because the site data was cleared or the disk failed. Restart the browser.';
  });

  const queue = createCommitQueue<Write>((writes) => write(db, writes));
  const read = createReads(unwrap(db));

  async function use<T>(what: 'read' | 'write', work: () => Promise<T>): Promise<T> {
    if (closed) throw new StoreError(closed);
    try {
      return await work();
    } catch (error) {
      throw closed ? new StoreError(closed, { cause: error }) : explain(what, error);
    }
  }

  return {
    commit: (writes) =>
      // Copied now: it may have to wait, and the caller may go on with its objects.
      use('write', async () => queue.add(structuredClone(writes))),
    async get(table, key) {
      await queue.settled();
      return use('read', () => read(table, key));
    },
    async list(table, range = {}) {
      await queue.settled();
      return use('read', () => list(db, table, range));
    },
    records: () =>
      use('read', async () => {
        const names = [...db.objectStoreNames];
        const counts = await Promise.all(names.map((table) => db.count(table)));
        return Object.fromEntries(names.map((table, index) => [table, counts[index]!]));
      }),
    async close() {
      await queue.settled();
      closed ??= 'The wallet’s data is closed. Open the wallet again.';
      db.close();
    },
  };
}

async function write(db: IDBPDatabase, writes: readonly Write[]): Promise<void> {
  if (writes.length === 0) return;
  const tables: string[] = [...new Set(writes.map((one) => one.table))];
  const transaction = db.transaction(tables, 'readwrite', { durability: 'strict' });
  // The transaction's own error says why; each request's would be unhandled beside it.
  const done = transaction.done;
  done.catch(() => undefined);
  try {
    /** The last write of each key counts, as if they were written in their order. */
    const packed = new Map<string, Map<string, unknown>>();
    for (const { table, key, value } of writes) {
      if (isPacked(table)) {
        if (!packed.has(table)) packed.set(table, new Map());
        packed.get(table)!.set(key, value);
        continue;
      }
      const store = transaction.objectStore(table);
      const request = value === undefined ? store.delete(key) : store.put(value, key);
      request.catch(() => undefined);
    }
    for (const [table, rows] of packed) {
      const erased = writePacked(transaction.objectStore(table), rows);
      if (erased) await erased;
    }
    transaction.commit();
  } catch (error) {
    const reason = transaction.error ?? error;
    abort(transaction);
    throw reason;
  }
  await done;
}

function abort(transaction: { abort(): void }): void {
  try {
    transaction.abort();
  } catch {
    // It ended by itself.
  }
}

async function list(
  db: IDBPDatabase,
  table: Table,
  range: Range,
): Promise<{ key: string; value: unknown }[]> {
  const { limit = Number.POSITIVE_INFINITY, reverse = false } = range;
  const query = keyRange(range);
  if (limit <= 0 || query === 'none') return [];
  const rows: { key: string; value: unknown }[] = [];
  const name: string = table;
  const { store } = db.transaction(name, 'readonly');
  if (isPacked(table)) {
    const all = await listPacked(store, query);
    return (reverse ? all.reverse() : all).slice(0, limit);
  }
  if (!reverse && limit === Number.POSITIVE_INFINITY) {
    const [keys, values] = await Promise.all([store.getAllKeys(query), store.getAll(query)]);
    return keys.map((key, index) => ({ key: key as string, value: values[index] }));
  }
  let cursor = await store.openCursor(query, reverse ? 'prev' : 'next');
  while (cursor) {
    rows.push({ key: cursor.key as string, value: cursor.value });
    if (rows.length >= limit) break;
    cursor = await cursor.continue();
  }
  return rows;
}
