/**
 * Tables whose rows come many at a time: the rows of one commit are one record, a pack, which an index finds by each
 * of its keys. To write a thousand rows so takes a tenth of the time. Of a key that is in several packs the newest counts.
 */
import type { IDBPObjectStore } from 'idb';
import type { Table } from '../../engine/ports.ts';

/** Row i is `keys[i]` and `values[i]`. Packs are numbered in the order of their commits. */
export interface Pack {
  keys: string[];
  values: unknown[];
}

type Row = { key: string; value: unknown };
type PackStore<Mode extends IDBTransactionMode> = IDBPObjectStore<unknown, string[], string, Mode>;

export const isPacked = (table: Table): boolean => table === 'requests';

/** To read one row, its pack is read whole: that shall not take long. */
const rowsOfPack = 256;

/**
 * Writes the rows, in this transaction; a value `undefined` deletes.
 * @returns null where every request is placed, else when the deletions are
 */
export function writePacked(
  store: PackStore<'readwrite'>,
  rows: ReadonlyMap<string, unknown>,
): Promise<void> | null {
  const puts = [...rows].filter(([, value]) => value !== undefined);
  for (let at = 0; at < puts.length; at += rowsOfPack) {
    const some = puts.slice(at, at + rowsOfPack);
    const pack: Pack = { keys: some.map(([key]) => key), values: some.map(([, value]) => value) };
    store.add(pack).catch(() => undefined);
  }
  if (puts.length === rows.size) return null;
  return erase(
    store,
    [...rows.keys()].filter((key) => rows.get(key) === undefined),
  );
}

/** Takes these keys out of every pack that has them. */
async function erase(store: PackStore<'readwrite'>, keys: readonly string[]): Promise<void> {
  for (const key of keys) {
    let cursor = await store.index('keys').openCursor(key);
    while (cursor) {
      const pack = cursor.value as Pack;
      const kept = pack.keys.map((_, row) => row).filter((row) => pack.keys[row] !== key);
      if (kept.length === 0) await cursor.delete();
      else
        await cursor.update({
          keys: kept.map((row) => pack.keys[row]),
          values: kept.map((row) => pack.values[row]),
        });
      cursor = await cursor.continue();
    }
  }
}

/** Reads one row: of a key that is not there no pack is touched. */
export function getPacked(
  store: IDBObjectStore,
  key: string,
  found: (value: unknown) => void,
  failed: (event: Event) => void,
): void {
  const index = store.index('keys');
  const first = index.getKey(key);
  first.onerror = failed;
  first.onsuccess = () => {
    if (first.result === undefined) return found(undefined);
    const packs = index.getAll(key);
    packs.onerror = failed;
    packs.onsuccess = () => {
      const { keys, values } = packs.result.at(-1) as Pack;
      found(values[keys.indexOf(key)]);
    };
  };
}

/** Every row in these bounds, lowest key first. */
export async function listPacked(
  store: PackStore<'readonly'>,
  query: IDBKeyRange | undefined,
): Promise<Row[]> {
  const numbers = (await store.index('keys').getAllKeys(query)) as unknown as number[];
  if (numbers.length === 0) return [];
  const lowest = numbers.reduce((one, other) => Math.min(one, other));
  const highest = numbers.reduce((one, other) => Math.max(one, other));
  const packs = (await store.getAll(IDBKeyRange.bound(lowest, highest))) as Pack[];
  const rows = new Map<string, unknown>();
  for (const { keys, values } of packs)
    for (const [row, key] of keys.entries()) if (!query || query.includes(key)) rows.set(key, values[row]);
  return [...rows]
    .map(([key, value]) => ({ key, value }))
    .sort((one, other) => (one.key < other.key ? -1 : 1));
}
