/** A store in memory whose owner can be killed between any two of its commits, and whose commits can be made to fail. */
import { type Store, StoreError, tables } from '../../src/engine/ports.ts';

/** What a disk holds: one map for each table. */
export type Disk = Record<string, Map<string, unknown>>;

export const emptyDisk = (): Disk => Object.fromEntries(tables.map((table) => [table, new Map()]));
export const copyDisk = (disk: Disk): Disk => structuredClone(disk);

export async function diskOf(store: Store): Promise<Disk> {
  const disk = emptyDisk();
  for (const table of tables)
    for (const { key, value } of await store.list(table)) disk[table]!.set(key, value);
  return disk;
}

export interface MortalStore extends Store {
  /** Dies with this many more commits written: from then on nothing is written, and nobody gets an answer. */
  dieAfter(commits: number): void;
  /** The next commit fails. */
  failNext(): void;
  readonly died: Promise<void>;
}

export function mortalStore(disk: Disk): MortalStore {
  const never = new Promise<never>(() => undefined);
  let left = Number.POSITIVE_INFINITY;
  let fails = false;
  let dead = false;
  let tell: () => void = () => undefined;
  const died = new Promise<void>((resolve) => {
    tell = resolve;
  });
  /** Reads and writes take a turn, as a disk's do. */
  const turn = () => new Promise((resolve) => setTimeout(resolve, 0));
  let last: Promise<unknown> = Promise.resolve();
  const inOrder = <T>(work: () => T): Promise<T> => {
    const done = last.then(turn).then(() => (dead ? never : work()));
    last = done.catch(() => undefined);
    return done;
  };
  return {
    died,
    dieAfter(commits) {
      left = commits;
    },
    failNext() {
      fails = true;
    },
    async commit(writes) {
      // As a database takes it: what is changed afterwards is not written.
      const taken = structuredClone(writes);
      await inOrder<undefined | Promise<never>>(() => {
        if (left === 0) {
          dead = true;
          tell();
          return never;
        }
        if (fails) {
          fails = false;
          throw new StoreError('injected');
        }
        for (const { table, key, value } of taken) {
          if (value === undefined) disk[table]!.delete(key);
          else disk[table]!.set(key, value);
        }
        left -= 1;
        // Written, and nobody hears of it.
        if (left > 0) return undefined;
        dead = true;
        tell();
        return never;
      });
    },
    get: (table, key) => inOrder(() => structuredClone(disk[table]!.get(key))),
    list: (table, { prefix = '', before, after, reverse = false, limit } = {}) =>
      inOrder(() => {
        const keys = [...disk[table]!.keys()]
          .filter((key) => key.startsWith(prefix))
          .filter((key) => (before === undefined || key < before) && (after === undefined || key > after))
          .sort();
        if (reverse) keys.reverse();
        return keys.slice(0, limit).map((key) => ({ key, value: structuredClone(disk[table]!.get(key)) }));
      }),
    close: async () => undefined,
  };
}
