/**
 * Version 2: the outcomes of one commit are one record, a pack, found by each of its keys. A thousand payments at once
 * were a thousand records, most of the commit's time.
 */
import type { Migration } from './index.ts';

/** As it was in version 2. */
const rowsOfPack = 256;

export const packRequests: Migration = async (db, transaction) => {
  const old = transaction.objectStore('requests');
  const [keys, values] = await Promise.all([old.getAllKeys(), old.getAll()]);
  db.deleteObjectStore('requests');
  const packs = db.createObjectStore('requests', { autoIncrement: true });
  packs.createIndex('keys', 'keys', { multiEntry: true });
  for (let at = 0; at < keys.length; at += rowsOfPack) {
    const end = at + rowsOfPack;
    await packs.add({ keys: keys.slice(at, end), values: values.slice(at, end) });
  }
};
