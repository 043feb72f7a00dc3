/** What IndexedDB's errors mean to the person: what happened and what to do. */
import { StoreError } from '../../engine/ports.ts';
import { schemaVersion } from './migrations/index.ts';

const doing = {
  open: 'The wallet’s data could not be opened',
  read: 'The wallet’s data could not be read',
  write: 'The wallet’s data could not be written, and nothing of this step was kept',
};

export function explain(what: keyof typeof doing, error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const { name = 'Error', message = String(error) } = (error ?? {}) as { name?: string; message?: string };
  return new StoreError(`${doing[what]}: ${reason(name, message)}`, { cause: error });
}

function reason(name: string, message: string): string {
  switch (name) {
    case 'QuotaExceededError':
      return 'the disk is full, or the browser gives this wallet no more space. Free some space, then try again.';
    case 'VersionError':
      return `it was written by a newer version of Tandem than this one (which knows version ${schemaVersion}). Update Tandem.`;
    case 'InvalidStateError':
      return 'the database is closed. Close the wallet’s windows and open it again.';
    case 'AbortError':
      return 'the browser gave up the write, which it does when the disk is full or failing. Free some space, then try again.';
    case 'NotFoundError':
      return 'a table is missing, so the data is damaged. Restore the wallet from its backup.';
    case 'DataCloneError':
      return `a value is of a kind that cannot be kept (${message}). This is a fault of the program: report it.`;
    case 'DataError':
      return `a key is of a kind that cannot be kept (${message}). This is a fault of the program: report it.`;
    default:
      return `${name}: ${message}. Restart the browser; if that does not help, restore the wallet from its backup.`;
  }
}
