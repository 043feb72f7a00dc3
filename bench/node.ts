/** The benchmarks of updates and of the store in Node.js: as two headless peers run, each with its SQLite file. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteStore } from '../peer/store.ts';
import type { Clock } from '../src/engine/ports.ts';
import { benchStore, type Size, type StoreResult } from './store.ts';
import { benchUpdates, type Load, type UpdatesResult } from './updates.ts';
import { benchVm, type VmLoad, type VmResult } from './vm.ts';

const clock: Clock = {
  now: Date.now,
  after(ms, callback) {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};

/** @param node URL of the devnet */
export const updatesInNode = (node: string, load: Load): Promise<UpdatesResult> =>
  inDirectory((directory) => benchUpdates({ ...surroundings(directory), node, ...load }));

/** @param node URL of the devnet */
export const vmInNode = (node: string, load: VmLoad): Promise<VmResult> =>
  inDirectory((directory) => benchVm({ ...surroundings(directory), node, ...load }));

/** @param node URL of the devnet */
export const storeInNode = (node: string, size: Size): Promise<StoreResult> =>
  inDirectory((directory) =>
    benchStore({
      ...surroundings(directory),
      node,
      ...size,
      // The payer's file and its log.
      diskBytes: async () =>
        readdirSync(directory)
          .filter((name) => name.startsWith('a.sqlite'))
          .reduce((bytes, name) => bytes + statSync(join(directory, name)).size, 0),
    }),
  );

const surroundings = (directory: string) => ({
  where: `Node.js ${process.versions.node}, SQLite`,
  openStore: async (name: string) => openSqliteStore(join(directory, `${name}.sqlite`)),
  clock,
  random: (length: number) => new Uint8Array(randomBytes(length)),
});

async function inDirectory<T>(work: (directory: string) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'tandem-bench-'));
  try {
    return await work(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
