import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serialize } from 'node:v8';
import Database from 'libsql';
import { afterAll, describe, expect, test } from 'vitest';
import { openSqliteStore } from '../../peer/store.ts';
import { StoreError } from '../../src/engine/ports.ts';
import { conformance } from './conformance.ts';

const folder = mkdtempSync(join(tmpdir(), 'tandem-store-'));
const file = (name: string) => join(folder, `${name}.sqlite`);
afterAll(() => rmSync(folder, { recursive: true }));

conformance('SQLite', { open: async (name) => openSqliteStore(file(name)) });

describe('SQLite', () => {
  test('a full disk refuses the commit, keeps what was there, and works again with smaller writes', async () => {
    const store = openSqliteStore(file('full'), { maxPages: 40 });
    await store.commit([{ table: 'meta', key: 'kept', value: 1 }]);
    const big = store.commit([
      { table: 'meta', key: 'kept', value: 2 },
      { table: 'channels', key: 'big', value: new Uint8Array(400_000) },
    ]);
    await expect(big).rejects.toThrow(StoreError);
    await expect(big).rejects.toThrow(/nothing of this step was kept: the disk is full/);
    expect(await store.get('meta', 'kept')).toBe(1);
    expect(await store.get('channels', 'big')).toBeUndefined();
    await store.commit([{ table: 'meta', key: 'small', value: 1 }]);
    await store.close();
  });

  test('of commits that share a transaction only the one that does not fit fails', async () => {
    const store = openSqliteStore(file('neighbours'), { maxPages: 40 });
    const results = await Promise.allSettled([
      store.commit([{ table: 'meta', key: 'a', value: 1 }]),
      store.commit([{ table: 'channels', key: 'big', value: new Uint8Array(400_000) }]),
      store.commit([{ table: 'meta', key: 'b', value: 2 }]),
    ]);
    expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect((await store.list('meta')).map((row) => row.key)).toEqual(['a', 'b']);
    await store.close();
  });

  test('a second process finds the file in use', async () => {
    const path = file('locked');
    const store = openSqliteStore(path);
    const script = `
      import { openSqliteStore } from ${JSON.stringify(join(process.cwd(), 'peer/store.ts'))};
      try { openSqliteStore(${JSON.stringify(path)}); console.log('opened'); }
      catch (error) { console.log(error.name + ': ' + error.message); }`;
    const said = execFileSync(process.execPath, [
      '--import',
      'tsx',
      '--input-type=module',
      '-e',
      script,
    ]).toString();
    expect(said).toMatch(/^StoreError: .*in use by another process/);
    await store.commit([{ table: 'meta', key: 'a', value: 1 }]);
    await store.close();
    const again = openSqliteStore(path);
    expect(await again.get('meta', 'a')).toBe(1);
    await again.close();
  });

  test('what a killed process committed is there, what it did not commit is not', async () => {
    const path = file('killed');
    const script = `
      import { openSqliteStore } from ${JSON.stringify(join(process.cwd(), 'peer/store.ts'))};
      const store = openSqliteStore(${JSON.stringify(path)});
      await store.commit([{ table: 'meta', key: 'a', value: 1 }]);
      void store.commit([{ table: 'meta', key: 'b', value: 1 }]);
      process.kill(process.pid, 'SIGKILL');`;
    try {
      execFileSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script]);
    } catch {
      // it killed itself
    }
    const store = openSqliteStore(path);
    expect(await store.list('meta')).toEqual([{ key: 'a', value: 1 }]);
    await store.close();
  });

  test('a file that is no database, and one with a damaged value, is said to be damaged', async () => {
    writeFileSync(file('garbage'), 'this is not a database '.repeat(500));
    expect(() => openSqliteStore(file('garbage'))).toThrow(/damaged.*Restore it/);
    const store = openSqliteStore(file('value'));
    await store.commit([{ table: 'meta', key: 'a', value: 1 }]);
    await store.close();
    const db = new Database(file('value'));
    db.exec(`UPDATE meta SET value = x'00'`);
    db.close();
    const again = openSqliteStore(file('value'));
    await expect(again.get('meta', 'a')).rejects.toThrow(/damaged.*Restore it/);
    await again.close();
  });

  test('a file of version 1 keeps every row, and gets the table of nodes', async () => {
    const db = new Database(file('v1'));
    for (const table of ['channels', 'history', 'nonces', 'requests', 'sites', 'events', 'approvals', 'meta'])
      db.exec(`CREATE TABLE ${table} (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID`);
    db.prepare('INSERT INTO channels (key, value) VALUES (?, ?)').run(['c', serialize({ amount: 7n })]);
    db.pragma('user_version = 1');
    db.close();
    const store = openSqliteStore(file('v1'));
    expect(await store.list('channels')).toEqual([{ key: 'c', value: { amount: 7n } }]);
    expect(await store.list('nodes')).toEqual([]);
    await store.commit([{ table: 'nodes', key: 'c/00', value: Uint8Array.of(1) }]);
    await store.close();
    const again = openSqliteStore(file('v1'));
    expect(await again.get('nodes', 'c/00')).toEqual(Uint8Array.of(1));
    await again.close();
  });

  test('a file of a newer version is refused', () => {
    const db = new Database(file('newer'));
    db.pragma('user_version = 3');
    db.close();
    expect(() => openSqliteStore(file('newer'))).toThrow(/newer version/);
  });

  test('a folder that does not exist is named', () => {
    expect(() => openSqliteStore(join(folder, 'nowhere/x.sqlite'))).toThrow(
      /nowhere\/x.sqlite cannot be opened/,
    );
  });

  test('writes through a log while open, which is folded up when it is closed', async () => {
    const store = openSqliteStore(file('modes'));
    await store.commit([{ table: 'meta', key: 'a', value: 1 }]);
    expect(existsSync(`${file('modes')}-wal`)).toBe(true);
    await store.close();
    expect(existsSync(`${file('modes')}-wal`)).toBe(false);
  });
});
