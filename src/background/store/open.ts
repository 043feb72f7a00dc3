/** Opens the IndexedDB database and brings it to this program's schema version. */
import { type IDBPDatabase, type IDBPTransaction, wrap } from 'idb';
import { StoreError } from '../../engine/ports.ts';
import { explain } from './explain.ts';
import { migrations, schemaVersion } from './migrations/index.ts';

/** @throws StoreError where the database cannot be opened: blocked, newer, damaged, no space */
export function openDatabase(name: string, factory: IDBFactory): Promise<IDBPDatabase> {
  return new Promise((resolve, reject) => {
    let given = false;
    let problem: unknown = null;
    let request: IDBOpenDBRequest;
    try {
      request = factory.open(name, schemaVersion);
    } catch (error) {
      return reject(explain('open', error));
    }
    const refuse = (error: StoreError) => {
      given = true;
      reject(error);
    };
    request.onupgradeneeded = ({ oldVersion }) => {
      migrate(request, oldVersion).catch((error) => {
        problem = error;
        request.transaction?.abort();
      });
    };
    request.onblocked = () =>
      refuse(
        new StoreError(
          'The wallet’s data is being updated, but another window of the wallet still uses the old form. Close all of its windows and open it again.',
        ),
      );
    request.onerror = () => refuse(explain('open', problem ?? request.error));
    request.onsuccess = () => {
      // It was refused while blocked: nobody waits for this connection any more.
      if (given) return request.result.close();
      resolve(wrap(request.result) as unknown as IDBPDatabase);
    };
  });
}

async function migrate(request: IDBOpenDBRequest, from: number): Promise<void> {
  const db = wrap(request.result) as unknown as IDBPDatabase;
  const transaction = wrap(request.transaction!) as unknown as IDBPTransaction<
    unknown,
    string[],
    'versionchange'
  >;
  transaction.done.catch(() => undefined);
  for (const migration of migrations.slice(from)) await migration(db, transaction);
}
