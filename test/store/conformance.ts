/** What every store owes the engine; run against each of them. */
import { afterEach, describe, expect, test } from 'vitest';
import { type Store, StoreError, type Write } from '../../src/engine/ports.ts';

export interface Subject {
  /** Opens the store of this name; again after `close`, with what was committed. */
  open(name: string): Promise<Store>;
}

let names = 0;

export function conformance(kind: string, { open }: Subject): void {
  describe(`${kind}: every store`, () => {
    const opened: Store[] = [];
    const fresh = () => `conformance-${process.pid}-${names++}`;
    async function start(name = fresh()): Promise<Store> {
      const store = await open(name);
      opened.push(store);
      return store;
    }
    afterEach(async () => {
      for (const store of opened.splice(0)) await store.close();
    });

    test('gives back what was committed, and undefined for what was not', async () => {
      const store = await start();
      await store.commit([{ table: 'meta', key: 'a', value: 1 }]);
      expect(await store.get('meta', 'a')).toBe(1);
      expect(await store.get('meta', 'b')).toBeUndefined();
      expect(await store.get('channels', 'a')).toBeUndefined();
    });

    test('keeps every kind of value that structured cloning keeps', async () => {
      const store = await start();
      const value = {
        big: 2n ** 200n,
        bytes: Uint8Array.of(0, 1, 255),
        empty: new Uint8Array(),
        part: new Uint8Array(100).fill(7).subarray(3, 5),
        nothing: null,
        missing: undefined,
        list: [1, 'zwei', [3n]],
        map: new Map([['k', Uint8Array.of(1)]]),
        yes: true,
      };
      await store.commit([{ table: 'channels', key: 'c', value }]);
      const found = (await store.get('channels', 'c')) as typeof value;
      expect(found).toEqual(value);
      for (const bytes of [found.bytes, found.empty, found.part, found.map.get('k')]) {
        expect(Object.getPrototypeOf(bytes)).toBe(Uint8Array.prototype);
      }
    });

    test('keeps Node’s Buffer as plain bytes', async () => {
      const store = await start();
      await store.commit([{ table: 'meta', key: 'b', value: { bytes: Buffer.from('abc') } }]);
      const { bytes } = (await store.get('meta', 'b')) as { bytes: Uint8Array };
      expect(Object.getPrototypeOf(bytes)).toBe(Uint8Array.prototype);
      expect([...bytes]).toEqual([97, 98, 99]);
    });

    test('keeps a value as it was when commit was called', async () => {
      const store = await start();
      const value = { n: 1, bytes: Uint8Array.of(1) };
      const first = store.commit([{ table: 'meta', key: 'a', value }]);
      const second = store.commit([{ table: 'meta', key: 'b', value }]);
      value.n = 2;
      value.bytes[0] = 2;
      await Promise.all([first, second]);
      expect(await store.get('meta', 'a')).toEqual({ n: 1, bytes: Uint8Array.of(1) });
      expect(await store.get('meta', 'b')).toEqual({ n: 1, bytes: Uint8Array.of(1) });
    });

    test('overwrites, and deletes where the value is undefined', async () => {
      const store = await start();
      await store.commit([{ table: 'sites', key: 's', value: 'old' }]);
      await store.commit([{ table: 'sites', key: 's', value: 'new' }]);
      expect(await store.get('sites', 's')).toBe('new');
      await store.commit([{ table: 'sites', key: 's', value: undefined }]);
      expect(await store.get('sites', 's')).toBeUndefined();
      await store.commit([{ table: 'sites', key: 'never there', value: undefined }]);
    });

    test('applies the writes of a commit in their order', async () => {
      const store = await start();
      await store.commit([
        { table: 'meta', key: 'a', value: 1 },
        { table: 'meta', key: 'a', value: undefined },
        { table: 'meta', key: 'a', value: 3 },
      ]);
      expect(await store.get('meta', 'a')).toBe(3);
    });

    test('takes an empty commit', async () => {
      const store = await start();
      await store.commit([]);
    });

    test('writes all of a commit or, where one value cannot be kept, none', async () => {
      const store = await start();
      await store.commit([{ table: 'meta', key: 'a', value: 'before' }]);
      const bad: Write[] = [
        { table: 'meta', key: 'a', value: 'after' },
        { table: 'history', key: 'h', value: 1 },
        { table: 'channels', key: 'c', value: { run: () => 1 } },
      ];
      await expect(store.commit(bad)).rejects.toThrow(StoreError);
      expect(await store.get('meta', 'a')).toBe('before');
      expect(await store.get('history', 'h')).toBeUndefined();
    });

    test('a commit that fails takes none of its neighbours down', async () => {
      const store = await start();
      const results = await Promise.allSettled([
        store.commit([{ table: 'meta', key: 'a', value: 1 }]),
        store.commit([{ table: 'meta', key: 'b', value: Symbol('no') }]),
        store.commit([{ table: 'history', key: 'c', value: 3 }]),
      ]);
      expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
      expect(await store.get('meta', 'a')).toBe(1);
      expect(await store.get('history', 'c')).toBe(3);
    });

    test('commits take effect in the order of the calls, whatever tables they touch', async () => {
      const store = await start();
      const finished: number[] = [];
      const commits = Array.from({ length: 60 }, (_, i) =>
        store
          .commit([
            { table: i % 3 === 0 ? 'channels' : 'history', key: 'k', value: i },
            { table: 'meta', key: 'last', value: i },
          ])
          .then(() => finished.push(i)),
      );
      expect(await store.get('meta', 'last')).toBe(59);
      await Promise.all(commits);
      expect(finished).toEqual(Array.from({ length: 60 }, (_, i) => i));
      expect(await store.get('channels', 'k')).toBe(57);
      expect(await store.get('history', 'k')).toBe(59);
    });

    test('a read sees the commits that were called before it', async () => {
      const store = await start();
      void store.commit([{ table: 'meta', key: 'a', value: 1 }]);
      void store.commit([{ table: 'history', key: 'a', value: 2 }]);
      expect(await store.get('history', 'a')).toBe(2);
      void store.commit([{ table: 'history', key: 'b', value: 3 }]);
      expect(await store.list('history')).toHaveLength(2);
    });

    test('lists in the order of the keys, by prefix, before, after, reverse and limit', async () => {
      const store = await start();
      const keys = ['a/000', 'a/001', 'a/002', 'a/010', 'a0', 'b/000', 'b/001', 'a'];
      await store.commit(keys.map((key) => ({ table: 'history', key, value: `v${key}` })));
      const listed = async (range?: Parameters<Store['list']>[1]) =>
        (await store.list('history', range)).map((row) => row.key);
      expect(await store.list('history', { prefix: 'b/' })).toEqual([
        { key: 'b/000', value: 'vb/000' },
        { key: 'b/001', value: 'vb/001' },
      ]);
      expect(await listed()).toEqual(['a', 'a/000', 'a/001', 'a/002', 'a/010', 'a0', 'b/000', 'b/001']);
      expect(await listed({ reverse: true, limit: 2 })).toEqual(['b/001', 'b/000']);
      expect(await listed({ prefix: 'a/' })).toEqual(['a/000', 'a/001', 'a/002', 'a/010']);
      expect(await listed({ prefix: 'a/', reverse: true, limit: 2 })).toEqual(['a/010', 'a/002']);
      expect(await listed({ prefix: 'a/', before: 'a/002' })).toEqual(['a/000', 'a/001']);
      expect(await listed({ prefix: 'a/', before: 'a/002', reverse: true, limit: 1 })).toEqual(['a/001']);
      expect(await listed({ prefix: 'a/', after: 'a/000', before: 'a/010' })).toEqual(['a/001', 'a/002']);
      expect(await listed({ after: 'a0' })).toEqual(['b/000', 'b/001']);
      expect(await listed({ before: 'a/000' })).toEqual(['a']);
      expect(await listed({ prefix: 'a/', after: 'b' })).toEqual([]);
      expect(await listed({ prefix: 'b/', before: 'a' })).toEqual([]);
      expect(await listed({ prefix: 'a/', before: 'z', after: '0' })).toHaveLength(4);
      expect(await listed({ prefix: 'c' })).toEqual([]);
      expect(await listed({ limit: 0 })).toEqual([]);
      expect(await listed({ limit: 3 })).toEqual(['a', 'a/000', 'a/001']);
      expect(await listed({ after: 'b', before: 'b' })).toEqual([]);
      expect(await listed({ prefix: '' })).toHaveLength(8);
    });

    describe.each(['requests', 'history'] as const)('many rows at once in %s', (table) => {
      const keyOf = (n: number) => `site/${String(n).padStart(4, '0')}`;
      const rows = (from: number, to: number, value = (n: number): unknown => ({ n: BigInt(n) })): Write[] =>
        Array.from({ length: to - from }, (_, i) => ({
          table,
          key: keyOf(from + i),
          value: value(from + i),
        }));
      const keys = async (store: Store, range?: Parameters<Store['list']>[1]) =>
        (await store.list(table, range)).map((row) => row.key);

      test.each([1, 2, 7, 8, 255, 256, 257, 1000])(
        '%i rows of one commit are rows like others',
        async (count) => {
          const store = await start();
          await store.commit(rows(0, count));
          const expected = rows(0, count).map(({ key, value }) => ({ key, value }));
          expect(await Promise.all(expected.map(({ key }) => store.get(table, key)))).toEqual(
            expected.map((row) => row.value),
          );
          expect(await store.get(table, keyOf(count))).toBeUndefined();
          expect(await store.get(table, 'site/')).toBeUndefined();
          expect(await store.list(table)).toEqual(expected);
          expect(await store.list(table, { reverse: true, limit: 3 })).toEqual(
            expected.reverse().slice(0, 3),
          );
        },
      );

      test('of a row that is written again the last one counts, alone or among many', async () => {
        const name = fresh();
        const store = await start(name);
        await store.commit(rows(0, 300));
        await store.commit([{ table, key: keyOf(5), value: 'alone' }]);
        await store.commit(rows(290, 310, () => 'among'));
        await store.commit([...rows(20, 30, () => 'lost'), ...rows(20, 30, () => 'last')]);
        const check = async (it: Store) => {
          expect(await it.get(table, keyOf(5))).toBe('alone');
          expect(await it.get(table, keyOf(295))).toBe('among');
          const listed = await it.list(table);
          expect(listed).toHaveLength(310);
          expect(listed.filter((row) => row.value === 'among')).toHaveLength(20);
          expect(listed.filter((row) => row.value === 'last')).toHaveLength(10);
          expect(listed.map((row) => row.key)).toEqual(rows(0, 310).map((row) => row.key));
        };
        await check(store);
        await store.close();
        await check(await start(name));
      });

      test('a row of many is deleted alone, and is gone however often it was written', async () => {
        const store = await start();
        await store.commit(rows(0, 10));
        await store.commit(rows(5, 8, () => 'again'));
        await store.commit([{ table, key: keyOf(6), value: undefined }]);
        expect(await store.get(table, keyOf(6))).toBeUndefined();
        expect(await store.get(table, keyOf(5))).toBe('again');
        expect(await store.get(table, keyOf(4))).toEqual({ n: 4n });
        expect(await keys(store)).toEqual([0, 1, 2, 3, 4, 5, 7, 8, 9].map(keyOf));
        await store.commit(rows(0, 10, () => undefined));
        expect(await store.list(table)).toEqual([]);
        await store.commit([{ table, key: keyOf(6), value: 'back' }]);
        expect(await store.list(table)).toEqual([{ key: keyOf(6), value: 'back' }]);
      });

      test('a commit may write, delete and write again what it has many of', async () => {
        const store = await start();
        await store.commit(rows(0, 20, () => 'before'));
        await store.commit([
          ...rows(0, 10, () => 'lost'),
          ...rows(0, 5, () => undefined),
          ...rows(3, 12),
          ...rows(11, 20, () => undefined),
        ]);
        expect(await store.list(table)).toEqual(rows(3, 11).map(({ key, value }) => ({ key, value })));
      });

      test('ranges cut through what was written together', async () => {
        const store = await start();
        await store.commit([
          ...rows(0, 20),
          { table, key: 'site', value: 1 },
          { table, key: 'site0', value: 1 },
        ]);
        await store.commit(rows(10, 30));
        await store.commit([{ table, key: 'other/1', value: 1 }]);
        const all = rows(0, 30).map((row) => row.key);
        expect(await keys(store)).toEqual(['other/1', 'site', ...all, 'site0']);
        expect(await keys(store, { prefix: 'site/' })).toEqual(all);
        expect(await keys(store, { prefix: 'site/', limit: 12 })).toEqual(all.slice(0, 12));
        expect(await keys(store, { prefix: 'site/', after: keyOf(8), before: keyOf(12) })).toEqual(
          all.slice(9, 12),
        );
        expect(await keys(store, { before: keyOf(2), reverse: true, limit: 3 })).toEqual([
          keyOf(1),
          keyOf(0),
          'site',
        ]);
        expect(await keys(store, { after: keyOf(29) })).toEqual(['site0']);
        expect(await keys(store, { prefix: 'no' })).toEqual([]);
        expect(await keys(store, { limit: 0 })).toEqual([]);
      });

      test('a commit of many that fails leaves every row as it was', async () => {
        const store = await start();
        await store.commit(rows(0, 300, () => 'before'));
        const bad = [...rows(0, 300, () => 'after'), ...rows(300, 301, () => Symbol('no'))];
        await expect(store.commit(bad)).rejects.toThrow(StoreError);
        const listed = await store.list(table);
        expect(listed).toHaveLength(300);
        expect(listed.every((row) => row.value === 'before')).toBe(true);
      });

      test('reads of one turn see all commits before them, those between them too', async () => {
        const store = await start();
        void store.commit(rows(0, 300));
        const first = rows(0, 300).map(({ key }) => store.get(table, key));
        void store.commit([
          { table, key: keyOf(7), value: 'new' },
          { table: 'meta', key: 'm', value: 1 },
        ]);
        const others = [store.get(table, keyOf(7)), store.get('meta', 'm'), store.get('meta', 'none')];
        expect(await Promise.all(others)).toEqual(['new', 1, undefined]);
        const values = await Promise.all(first);
        for (const [n, value] of values.entries()) if (n !== 7) expect(value).toEqual({ n: BigInt(n) });
        expect(values[7]).toBeDefined();
      });
    });

    test('has everything again when it is opened again', async () => {
      const name = fresh();
      const first = await start(name);
      await first.commit([
        { table: 'channels', key: 'c', value: { balance: 10n ** 24n, key: Uint8Array.of(9) } },
        { table: 'events', key: 'e', value: [1] },
      ]);
      void first.commit([{ table: 'meta', key: 'just before closing', value: true }]);
      await first.close();
      const second = await start(name);
      expect(await second.get('channels', 'c')).toEqual({ balance: 10n ** 24n, key: Uint8Array.of(9) });
      expect(await second.list('events')).toEqual([{ key: 'e', value: [1] }]);
      expect(await second.get('meta', 'just before closing')).toBe(true);
    });

    test('says that it is closed instead of losing a write', async () => {
      const store = await start();
      await store.close();
      await store.close();
      await expect(store.commit([{ table: 'meta', key: 'a', value: 1 }])).rejects.toThrow(StoreError);
      await expect(store.commit([{ table: 'meta', key: 'a', value: 1 }])).rejects.toThrow(/closed/);
      await expect(store.get('meta', 'a')).rejects.toThrow(/closed/);
      await expect(store.list('meta')).rejects.toThrow(/closed/);
    });
  });
}
