/** The peer's store: one SQLite file, write-ahead log, every transaction synced to the disk before it counts. */
import { DefaultSerializer, deserialize } from 'node:v8';
import Database from 'libsql';
import { createCommitQueue } from '../src/engine/commit-queue.ts';
import { type Range, type Store, StoreError, type Table, tables } from '../src/engine/ports.ts';

/**
 * `PRAGMA user_version` of files that this program writes. It reads those of version 1 too, which have no table
 * `nodes`: a missing table is made.
 */
const schemaVersion = 2;
/** Sorts after every key that begins so, in SQLite's order of UTF-8 bytes: no key holds this noncharacter. */
const last = '\u{10ffff}';

export interface SqliteOptions {
  /** Upper bound of the file in pages of 4096 bytes; none by default. */
  maxPages?: number;
}

/** A value that is ready to be written: serialized, null deletes. */
type Ready = { table: Table; key: string; blob: Uint8Array | null };

/**
 * Opens the file, or makes it. The store is its only user until it is closed.
 * @throws StoreError where another process has it, it is damaged, newer, or cannot be made
 */
export function openSqliteStore(path: string, options: SqliteOptions = {}): Store {
  const db = attempt(path, () => open(path, options));
  const statement = Object.fromEntries(
    tables.map((table) => [
      table,
      {
        put: db.prepare(
          `INSERT INTO ${table} (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
        ),
        remove: db.prepare(`DELETE FROM ${table} WHERE key = ?`),
        get: db.prepare(`SELECT value FROM ${table} WHERE key = ?`),
      },
    ]),
  ) as Record<Table, Record<'put' | 'remove' | 'get', Database.Statement>>;
  const begin = db.prepare('BEGIN IMMEDIATE');
  const end = db.prepare('COMMIT');
  let closed = false;

  function write(writes: readonly Ready[]): void {
    if (writes.length === 0) return;
    begin.run();
    try {
      for (const { table, key, blob } of writes) {
        if (blob) statement[table].put.run([key, blob]);
        else statement[table].remove.run([key]);
      }
      end.run();
    } catch (error) {
      // A full disk has rolled back by itself.
      if (db.inTransaction) db.exec('ROLLBACK');
      throw error;
    }
  }

  // After the turn's other events, so that their commits share one sync of the disk.
  const queue = createCommitQueue<Ready>((writes) => attempt(path, () => write(writes)), setImmediate);

  function whileOpen(): void {
    if (closed) throw new StoreError(`${path} is closed: open it again to read or write.`);
  }

  return {
    async commit(writes) {
      whileOpen();
      const ready = writes.map(({ table, key, value }) => ({
        table,
        key: checkKey(key),
        blob: value === undefined ? null : serialize(value),
      }));
      await queue.add(ready);
    },
    async get(table, key) {
      await queue.settled();
      whileOpen();
      return attempt(path, () => {
        // Not `get`: it leaves the statement, and with it a read transaction, open.
        const [row] = statement[table].get.all([key]) as Row[];
        return row && restore(row.value);
      });
    },
    async list(table, range = {}) {
      await queue.settled();
      whileOpen();
      return attempt(path, () => list(db, table, range));
    },
    async close() {
      if (closed) return;
      await queue.settled();
      closed = true;
      // The connection ends only when its statements are collected: fold the log up and give the lock back now.
      db.pragma('journal_mode = DELETE');
      db.pragma('locking_mode = NORMAL');
      statement.meta.get.all(['']);
      db.close();
    },
  };
}

type Row = { key: string; value: ArrayBuffer };

function open(path: string, options: SqliteOptions): Database.Database {
  const db = new Database(path);
  try {
    db.pragma('journal_mode = WAL');
    // From the first transaction on, a second process finds the file locked.
    db.pragma('locking_mode = EXCLUSIVE');
    db.pragma('synchronous = FULL');
    const [{ user_version: version }] = db.pragma('user_version') as [{ user_version: number }];
    if (version > schemaVersion)
      throw new StoreError(
        `${path} was written by a newer version (schema ${version}; this one knows ${schemaVersion}). Update the program.`,
      );
    db.exec('BEGIN EXCLUSIVE');
    for (const table of tables)
      db.exec(
        `CREATE TABLE IF NOT EXISTS ${table} (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID`,
      );
    db.pragma(`user_version = ${schemaVersion}`);
    db.exec('COMMIT');
    if (options.maxPages) db.pragma(`max_page_count = ${options.maxPages}`);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function list(db: Database.Database, table: Table, range: Range): { key: string; value: unknown }[] {
  const { prefix, before, after, reverse = false, limit } = range;
  const where: string[] = [];
  const values: (string | number)[] = [];
  const bound = (condition: string, value: string) => {
    where.push(condition);
    values.push(value);
  };
  if (prefix) {
    bound('key >= ?', prefix);
    bound('key < ?', prefix + last);
  }
  if (after !== undefined) bound('key > ?', after);
  if (before !== undefined) bound('key < ?', before);
  const sql = [
    `SELECT key, value FROM ${table}`,
    where.length > 0 ? `WHERE ${where.join(' AND ')}` : '',
    `ORDER BY key ${reverse ? 'DESC' : 'ASC'}`,
    limit === undefined ? '' : `LIMIT ${Math.max(0, Math.floor(limit))}`,
  ].join(' ');
  return (db.prepare(sql).all(values) as Row[]).map(({ key, value }) => ({ key, value: restore(value) }));
}

/** Structured cloning, but with Node's `Buffer` as the plain bytes that it is everywhere else. */
class Serializer extends DefaultSerializer {
  _writeHostObject(view: ArrayBufferView): void {
    const isBuffer = Buffer.isBuffer(view);
    writeView.call(this, isBuffer ? new Uint8Array(view.buffer, view.byteOffset, view.byteLength) : view);
  }
}
/** Documented as overridable, but not in the types. */
const writeView = (DefaultSerializer.prototype as unknown as Pick<Serializer, '_writeHostObject'>)
  ._writeHostObject;

function serialize(value: unknown): Uint8Array {
  const serializer = new Serializer();
  try {
    serializer.writeHeader();
    serializer.writeValue(value);
  } catch (error) {
    throw new StoreError(
      `A value is of a kind that cannot be kept (${error instanceof Error ? error.message : error}). This is a fault of the program: report it.`,
      { cause: error },
    );
  }
  return serializer.releaseBuffer();
}

const restore = (blob: ArrayBuffer): unknown => deserialize(new Uint8Array(blob));

/** UTF-8 has no lone surrogates: two such keys would become one. */
function checkKey(key: string): string {
  if (/\p{Surrogate}/u.test(key)) throw new StoreError(`The key ${JSON.stringify(key)} is no valid text.`);
  return key;
}

function attempt<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw explain(path, error);
  }
}

function explain(path: string, error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const { code = '', message = String(error) } = (error ?? {}) as { code?: string; message?: string };
  const sentence = (() => {
    if (code.startsWith('SQLITE_FULL'))
      return `${path} could not be written, and nothing of this step was kept: the disk is full. Free some space, then try again.`;
    if (
      code.startsWith('SQLITE_BUSY') ||
      code.startsWith('SQLITE_LOCKED') ||
      /database is locked/.test(message)
    )
      return `${path} is in use by another process. Stop it first: two programs must never run one wallet.`;
    if (code.startsWith('SQLITE_CORRUPT') || code.startsWith('SQLITE_NOTADB') || /deserialize/i.test(message))
      return `${path} is damaged (${message}). Restore it from a backup.`;
    if (code.startsWith('SQLITE_READONLY') || code.startsWith('SQLITE_PERM'))
      return `${path} may not be written (${message}). Give this user the right to write it.`;
    if (code.startsWith('SQLITE_IOERR'))
      return `The disk failed while ${path} was used (${message}), and nothing of this step was kept. Check the disk.`;
    if (/Unable to open|SQLITE_CANTOPEN/.test(`${code} ${message}`))
      return `${path} cannot be opened (${message}). Check that its folder exists and may be written.`;
    return `${path} failed: ${message}.`;
  })();
  return new StoreError(sentence, { cause: error });
}
