/** Version 3: nodes of the state trees of channels with contracts. */
import type { Migration } from './index.ts';

export const createNodes: Migration = (db) => {
  db.createObjectStore('nodes');
};
