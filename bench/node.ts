/** The benchmarks of updates and of the store in Node.js: as two headless peers run, each with its SQLite file. */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clock, random } from '../peer/service.ts';
import { openSqliteStore } from '../peer/store.ts';
import { benchStore, type Size, type StoreResult } from './store.ts';
import { benchUpdates, type Load, type UpdatesResult } from './updates.ts';
import { benchVm, type VmLoad, type VmResult } from './vm.ts';

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
  random,
});

async function inDirectory<T>(work: (directory: string) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'tandem-bench-'));
  try {
    return await work(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
