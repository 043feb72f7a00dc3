/** The benchmark of updates in Node.js: as two headless peers run, each with its SQLite file. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteStore } from '../peer/store.ts';
import type { Clock } from '../src/engine/ports.ts';
import { benchUpdates, type Load, type UpdatesResult } from './updates.ts';

const clock: Clock = {
  now: Date.now,
  after(ms, callback) {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};

/** @param node URL of the devnet */
export async function updatesInNode(node: string, load: Load): Promise<UpdatesResult> {
  const directory = mkdtempSync(join(tmpdir(), 'tandem-bench-'));
  try {
    return await benchUpdates({
      where: `Node.js ${process.versions.node}, SQLite`,
      node,
      openStore: async (name) => openSqliteStore(join(directory, `${name}.sqlite`)),
      clock,
      random: (length) => new Uint8Array(randomBytes(length)),
      ...load,
    });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
