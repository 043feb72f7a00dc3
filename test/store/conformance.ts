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
