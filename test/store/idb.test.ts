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

const tablesOfVersion1 = [
  'channels',
  'history',
  'nonces',
  'requests',
  'sites',
  'events',
  'approvals',
  'meta',
] as const;

/** A database as version 1 of the schema had it. */
function openVersion1(
  factory: IDBFactory,
  name: string,
  fill: (store: (table: string) => IDBObjectStore) => void,
): Promise<void> {
  const tablesThen = [...tablesOfVersion1];
  return new Promise((resolve, reject) => {
    const request = factory.open(name, 1);
    request.onerror = () => reject(request.error);
    request.onupgradeneeded = () => {
      for (const table of tablesThen) request.result.createObjectStore(table);
    };
    request.onsuccess = () => {
      const transaction = request.result.transaction(tablesThen, 'readwrite');
      fill((table) => transaction.objectStore(table));
      transaction.onabort = () => reject(transaction.error);
      transaction.oncomplete = () => {
        request.result.close();
        resolve();
      };
    };
  });
}

describe('IndexedDB', () => {
  test('has exactly the tables of the port', async () => {
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

  test('a database of version 1 keeps every row', async () => {
    const factory = new FakeFactory();
    const key = (n: number) => `popup/${String(n).padStart(4, '0')}`;
    const outcome = (n: number) => ({ ok: true, number: BigInt(n), note: Uint8Array.of(n % 256) });
    await openVersion1(factory, 'v1', (store) => {
      for (const table of tablesOfVersion1) store(table).put({ of: table, amount: 10n ** 20n }, 'row');
      for (let n = 0; n < 700; n++) store('requests').put(outcome(n), key(n));
    });
    const store = await openIdbStore('v1', factory);
    for (const table of ['nodes', 'budgets'] as const) {
      expect(await store.list(table)).toEqual([]);
      await store.commit([{ table, key: 'a/b', value: Uint8Array.of(1) }]);
      expect(await store.get(table, 'a/b')).toEqual(Uint8Array.of(1));
    }
    for (const table of tablesOfVersion1) {
      expect(await store.get(table, 'row')).toEqual({ of: table, amount: 10n ** 20n });
      expect(await store.list(table, { prefix: 'row' })).toHaveLength(1);
    }
    for (const n of [0, 255, 256, 699]) expect(await store.get('requests', key(n))).toEqual(outcome(n));
    expect(await store.list('requests', { prefix: 'popup/' })).toEqual(
      Array.from({ length: 700 }, (_, n) => ({ key: key(n), value: outcome(n) })),
    );
    await store.commit([
      { table: 'requests', key: key(1), value: 'written again' },
      { table: 'requests', key: key(2), value: undefined },
    ]);
    expect(await store.list('requests', { limit: 3 })).toEqual([
      { key: key(0), value: outcome(0) },
      { key: key(1), value: 'written again' },
      { key: key(3), value: outcome(3) },
    ]);
    await store.close();
  });

  test('a database of version 3 keeps every row, and gets what came later', async () => {
    const factory = new FakeFactory();
    const rows = tables.filter((table) => table !== 'budgets' && table !== 'requests');
    await new Promise<void>((resolve, reject) => {
      const request = factory.open('v3', 3);
      request.onerror = () => reject(request.error);
      request.onupgradeneeded = () => {
        for (const table of rows) request.result.createObjectStore(table).put({ of: table }, 'row');
        const packs = request.result.createObjectStore('requests', { autoIncrement: true });
        packs.createIndex('keys', 'keys', { multiEntry: true });
        packs.put({ keys: ['a', 'b'], values: [1n, 2n] });
      };
      request.onsuccess = () => {
        request.result.close();
        resolve();
      };
    });
    const store = await openIdbStore('v3', factory);
    for (const table of rows) expect(await store.get(table, 'row')).toEqual({ of: table });
    expect(await store.get('requests', 'b')).toBe(2n);
    await store.commit([{ table: 'budgets', key: 'a/b', value: { amount: 1n } }]);
    expect(await store.list('budgets')).toEqual([{ key: 'a/b', value: { amount: 1n } }]);
    await store.close();
  });

  test('a migration of version 1 that fails leaves version 1 as it was', async () => {
    const factory = new FakeFactory();
    await openVersion1(factory, 'v1', (store) => store('requests').put('kept', 'a'));
    const original = IDBObjectStore.prototype.createIndex;
    IDBObjectStore.prototype.createIndex = () => {
      throw new DOMException('injected', 'QuotaExceededError');
    };
    try {
      await expect(openIdbStore('v1', factory)).rejects.toThrow(/could not be opened: the disk is full/);
    } finally {
      IDBObjectStore.prototype.createIndex = original;
    }
    const store = await openIdbStore('v1', factory);
    expect(await store.list('requests')).toEqual([{ key: 'a', value: 'kept' }]);
    await store.close();
  });

  test('a delete that fails half way writes nothing', async () => {
    const store = await openIdbStore('erase', new FakeFactory());
    const put = (key: string, value: unknown) => ({ table: 'requests' as const, key, value });
    await store.commit([put('a', 1), put('b', 2)]);
    const original = IDBCursor.prototype.update;
    IDBCursor.prototype.update = () => {
      throw new DOMException('injected', 'UnknownError');
    };
    try {
      const result = store.commit([put('c', 3), put('a', undefined)]);
      await expect(result).rejects.toThrow(/nothing of this step was kept: UnknownError: injected/);
    } finally {
      IDBCursor.prototype.update = original;
    }
    expect(await store.list('requests')).toEqual([
      { key: 'a', value: 1 },
      { key: 'b', value: 2 },
    ]);
    await store.commit([put('a', undefined)]);
    expect(await store.list('requests')).toEqual([{ key: 'b', value: 2 }]);
    await store.close();
  });

  test('reads of one turn share a transaction over their tables', async () => {
    const store = await openIdbStore('reads', new FakeFactory());
    await store.commit([{ table: 'requests', key: 'r7', value: 7 }]);
    await watching(async (seen) => {
      const reads = Array.from({ length: 100 }, (_, n) => store.get('requests', `r${n}`));
      const values = await Promise.all([...reads, store.get('meta', 'none')]);
      expect(values.filter((value) => value !== undefined)).toEqual([7]);
      expect(values[7]).toBe(7);
      expect(seen).toEqual([{ tables: ['requests', 'meta'], mode: 'readonly', durability: '' }]);
    });
    await store.close();
  });

  describe('many keys asked for at once', () => {
    const key = (n: number) => `r${n}`;
    const rows = (from: number, to: number, value?: unknown) =>
      Array.from({ length: to - from }, (_, i) => ({
        table: 'requests' as const,
        key: key(from + i),
        value,
      }));
    const values = async (store: Store, to: number) =>
      Promise.all(rows(0, to).map((row) => store.get('requests', row.key)));

    test('are found though another connection wrote them after the last look, or deleted them', async () => {
      const factory = new FakeFactory();
      const [one, other] = [await openIdbStore('w', factory), await openIdbStore('w', factory)];
      await one.commit(rows(0, 50, 'one'));
      expect(await values(other, 100)).toEqual([...Array(50).fill('one'), ...Array(50).fill(undefined)]);
      await one.commit(rows(50, 100, 'late'));
      await one.commit(rows(10, 20, undefined));
      await one.commit(rows(15, 20, 'again'));
      const expected = [
        ...Array(10).fill('one'),
        ...Array(5).fill(undefined),
        ...Array(5).fill('again'),
        ...Array(30).fill('one'),
        ...Array(50).fill('late'),
      ];
      expect(await values(other, 100)).toEqual(expected);
      expect(await Promise.all([values(other, 100), values(other, 100)])).toEqual([expected, expected]);
      await Promise.all([one.close(), other.close()]);
    });

    test('are found in more packs than are read at once', async () => {
      const factory = new FakeFactory();
      const store = await openIdbStore('w', factory);
      for (let n = 0; n < 600; n++) await store.commit(rows(n, n + 1, n));
      await store.close();
      const again = await openIdbStore('w', factory);
      const expected = Array.from({ length: 620 }, (_, n) => (n < 600 ? n : undefined));
      for (let time = 0; time < 4; time++) expect(await values(again, 620)).toEqual(expected);
      await again.close();
    });

    test('that are new cost no request each', async () => {
      const store = await openIdbStore('w', new FakeFactory());
      await store.commit(rows(0, 10, 1));
      const original = IDBIndex.prototype.getKey;
      const asked: unknown[] = [];
      IDBIndex.prototype.getKey = function (query) {
        asked.push(query);
        return original.call(this, query);
      };
      try {
        expect((await values(store, 500)).filter((value) => value === 1)).toHaveLength(10);
      } finally {
        IDBIndex.prototype.getKey = original;
      }
      expect(asked).toEqual(rows(0, 10).map((row) => row.key));
      await store.close();
    });

    test('are all refused where the packs cannot be read, and found the next time', async () => {
      const store = await openIdbStore('w', new FakeFactory());
      await store.commit(rows(0, 50, 1));
      const original = IDBObjectStore.prototype.getAllKeys;
      IDBObjectStore.prototype.getAllKeys = () => {
        throw new DOMException('injected', 'UnknownError');
      };
      try {
        const results = await Promise.allSettled(rows(0, 50).map((row) => store.get('requests', row.key)));
        for (const result of results)
          expect(result).toMatchObject({ status: 'rejected', reason: expect.any(StoreError) });
      } finally {
        IDBObjectStore.prototype.getAllKeys = original;
      }
      expect(await values(store, 50)).toEqual(Array(50).fill(1));
      await store.close();
    });
  });

  test('a read that fails fails alone', async () => {
    const store = await openIdbStore('bad key', new FakeFactory());
    await store.commit([{ table: 'meta', key: 'a', value: 1 }]);
    const results = await Promise.allSettled([
      store.get('meta', 'a'),
      store.get('meta', undefined as unknown as string),
      store.get('requests', null as unknown as string),
      store.get('meta', 'a'),
    ]);
    expect(results.map((result) => result.status)).toEqual([
      'fulfilled',
      'rejected',
      'rejected',
      'fulfilled',
    ]);
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
    // The event comes from a factory that only ever blocks.
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
