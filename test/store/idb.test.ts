import 'fake-indexeddb/auto';
import { IDBFactory as FakeFactory } from 'fake-indexeddb';
import { describe, expect, test } from 'vitest';
import { openIdbStore } from '../../src/background/store/idb.ts';
import { schemaVersion } from '../../src/background/store/migrations/index.ts';
import { type Store, StoreError, tables } from '../../src/engine/ports.ts';
import { conformance } from './conformance.ts';

conformance('IndexedDB', { open: (name) => openIdbStore(name) });

/** Runs the work with transactions watched, and made to fail as a browser would make them. */
async function watching(
  work: (
    seen: { tables: string[]; mode: string; durability: string }[],
    fail: (name: string) => void,
  ) => Promise<void>,
): Promise<void> {
  const seen: { tables: string[]; mode: string; durability: string }[] = [];
  const original = IDBDatabase.prototype.transaction;
  let failure: string | null = null;
  IDBDatabase.prototype.transaction = function (names, mode, options) {
    seen.push({
      tables: [names].flat() as string[],
      mode: mode ?? '',
      durability: options?.durability ?? '',
    });
    const transaction = original.call(this, names, mode, options);
    if (failure && mode === 'readwrite') {
      const error = new DOMException('injected', failure);
      Object.defineProperty(transaction, 'commit', {
        value: () => transaction.abort(),
        configurable: true,
        writable: true,
      });
      Object.defineProperty(transaction, 'error', { get: () => error, configurable: true });
    }
    return transaction;
  };
  try {
    await work(seen, (name) => {
      failure = name;
    });
  } finally {
    IDBDatabase.prototype.transaction = original;
  }
}

describe('IndexedDB', () => {
  test('version 1 has exactly the tables of the port', async () => {
    const factory = new FakeFactory();
    await (await openIdbStore('w', factory)).close();
    const db = await new Promise<IDBDatabase>((resolve) => {
      const request = factory.open('w');
      request.onsuccess = () => resolve(request.result);
    });
    expect(db.version).toBe(schemaVersion);
    expect([...db.objectStoreNames].sort()).toEqual([...tables].sort());
    db.close();
  });

  test('a commit is one strictly durable transaction over exactly its tables', async () => {
    const store = await openIdbStore('strict', new FakeFactory());
    await watching(async (seen) => {
      await store.commit([
        { table: 'channels', key: 'c', value: 1 },
        { table: 'history', key: 'h', value: 1 },
        { table: 'channels', key: 'd', value: 1 },
      ]);
      expect(seen).toEqual([{ tables: ['channels', 'history'], mode: 'readwrite', durability: 'strict' }]);
    });
    await store.close();
  });

  test.each([
    ['QuotaExceededError', /nothing of this step was kept: the disk is full.*Free some space/],
    ['AbortError', /nothing of this step was kept: the browser gave up the write/],
    ['UnknownError', /UnknownError: injected/],
  ])('a write that ends in %s is a StoreError and writes nothing', async (name, message) => {
    const store = await openIdbStore('full', new FakeFactory());
    await store.commit([{ table: 'meta', key: 'a', value: 'kept' }]);
    await watching(async (_, fail) => {
      fail(name);
      const result = store.commit([{ table: 'meta', key: 'a', value: 'lost' }]);
      await expect(result).rejects.toThrow(StoreError);
      await expect(result).rejects.toThrow(message);
    });
    expect(await store.get('meta', 'a')).toBe('kept');
    await store.commit([{ table: 'meta', key: 'a', value: 'works again' }]);
    await store.close();
  });

  test('a database of a newer version is refused, untouched', async () => {
    const factory = new FakeFactory();
    await new Promise<void>((resolve) => {
      const request = factory.open('newer', schemaVersion + 1);
      request.onsuccess = () => {
        request.result.close();
        resolve();
      };
    });
    await expect(openIdbStore('newer', factory)).rejects.toThrow(/newer version of Tandem.*Update/);
  });

  test('a migration that fails says why, and leaves nothing half made', async () => {
    const factory = new FakeFactory();
    const original = IDBDatabase.prototype.createObjectStore;
    IDBDatabase.prototype.createObjectStore = function (name, options) {
      if (name === 'meta') throw new DOMException('injected', 'QuotaExceededError');
      return original.call(this, name, options);
    };
    try {
      await expect(openIdbStore('half', factory)).rejects.toThrow(/could not be opened: the disk is full/);
    } finally {
      IDBDatabase.prototype.createObjectStore = original;
    }
    const store = await openIdbStore('half', factory);
    for (const table of tables) expect(await store.list(table)).toEqual([]);
    await store.close();
  });

  test('gives way to a newer version, and says so afterwards', async () => {
    const factory = new FakeFactory();
    const store: Store = await openIdbStore('old', factory);
    await new Promise<void>((resolve, reject) => {
      const request = factory.open('old', schemaVersion + 1);
      request.onblocked = () => reject(new Error('blocked'));
      request.onsuccess = () => {
        request.result.close();
        resolve();
      };
    });
    await expect(store.commit([{ table: 'meta', key: 'a', value: 1 }])).rejects.toThrow(/newer version/);
    await expect(store.get('meta', 'a')).rejects.toThrow(StoreError);
  });

  test('an update that another window blocks says which window to close', async () => {
    // Version 1 can block nothing: the event comes from a factory that only ever blocks.
    const blocked = {
      open: () => {
        const request = {} as IDBOpenDBRequest;
        setTimeout(() => request.onblocked?.(new Event('blocked') as IDBVersionChangeEvent));
        return request;
      },
    } as unknown as IDBFactory;
    await expect(openIdbStore('blocked', blocked)).rejects.toThrow(/Close all of its windows/);
  });
});
