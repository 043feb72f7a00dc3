/** Version 4: what sites may pay without a question. */
import type { Migration } from './index.ts';

export const createBudgets: Migration = (db) => {
  db.createObjectStore('budgets');
};
