/** A wallet's store and vault in memory. */
import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import type { BackupDeps } from '../../src/background/backup/index.ts';
import { openIdbStore } from '../../src/background/store/idb.ts';
import { type Session, Vault } from '../../src/background/vault/index.ts';
import { signerFromSeed } from '../../src/engine/crypto.ts';
import { type Store, type Table, tables } from '../../src/engine/ports.ts';
import { clock, random } from '../engine/party.ts';

export const password = 'correct horse battery';
export const phrase =
  'abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about';

/** An installation: empty until a wallet is made or restored in it. */
export async function installation(): Promise<BackupDeps & { session: Session }> {
  const store = await openIdbStore('backup-test', new IDBFactory());
  const memory = new Map<string, unknown>();
  const session: Session = {
    get: async (key) => memory.get(key),
    set: async (key, value) => void memory.set(key, value),
    remove: async (key) => void memory.delete(key),
  };
  const vault = await loadVault({ store, session });
  return { store, vault, session, clock, random };
}

/** The vault of these parts, as a worker that starts has it: nothing but what is stored. */
export const loadVault = ({ store, session }: { store: Store; session: Session }): Promise<Vault> =>
  Vault.load({
    store,
    session,
    random,
    clock: { now: clock.now, after: () => () => undefined },
    publicKey: async (seed) => (await signerFromSeed(seed)).publicKey,
    autoLockMinutes: () => 60,
    locked: () => undefined,
  });

/** Everything that a store holds but the encrypted phrase, what this installation alone has seen, and how events are numbered. */
export async function contents(store: Store): Promise<Partial<Record<Table, [string, unknown][]>>> {
  const all: Partial<Record<Table, [string, unknown][]>> = {};
  for (const table of tables) {
    const rows = (await store.list(table)).filter(
      ({ key }) => table !== 'meta' || !/^(vault$|nonce\/|rival\/|events\/)/.test(key),
    );
    if (rows.length > 0) all[table] = rows.map(({ key, value }) => [key, value]);
  }
  return all;
}
