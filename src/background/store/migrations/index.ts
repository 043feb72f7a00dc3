/** The schema's history: migration n (counted from 1) turns version n - 1 into version n. Never change one that shipped. */
import type { IDBPDatabase, IDBPTransaction } from 'idb';
import { createTables } from './1-tables.ts';
import { packRequests } from './2-request-packs.ts';
import { createNodes } from './3-nodes.ts';
import { createBudgets } from './4-budgets.ts';

export type Migration = (
  db: IDBPDatabase,
  transaction: IDBPTransaction<unknown, string[], 'versionchange'>,
) => void | Promise<void>;

export const migrations: readonly Migration[] = [createTables, packRequests, createNodes, createBudgets];

/** The version that this program reads and writes. */
export const schemaVersion = migrations.length;
