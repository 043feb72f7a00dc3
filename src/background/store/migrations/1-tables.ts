/** Version 1: one object store for each table, keys kept beside the values. */
import type { Migration } from './index.ts';

/** As they were in version 1: later tables come by later migrations. */
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

export const createTables: Migration = (db) => {
  for (const table of tablesOfVersion1) db.createObjectStore(table);
};
