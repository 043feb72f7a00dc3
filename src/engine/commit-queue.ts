/** The order of commits: one transaction at a time; what is called meanwhile shares the next one. */

export interface CommitQueue<T> {
  /** Applies these items after all earlier ones, all or none of them. */
  add(items: readonly T[]): Promise<void>;
  /** Resolves when everything added so far is applied or has failed. */
  settled(): Promise<void>;
}

interface Waiting<T> {
  items: readonly T[];
  done(): void;
  failed(error: unknown): void;
}

/**
 * @param apply writes the items in one durable transaction, or throws and writes none of them
 * @param soon when to start while nothing runs: at once, or after what else this turn may add
 */
export function createCommitQueue<T>(
  apply: (items: readonly T[]) => Promise<void> | void,
  soon: (start: () => void) => void = (start) => start(),
): CommitQueue<T> {
  let waiting: Waiting<T>[] = [];
  /** From the moment a start is due until nothing waits any more. */
  let busy = false;

  async function drain(): Promise<void> {
    while (waiting.length > 0) {
      const group = waiting;
      waiting = [];
      try {
        await apply(group.length === 1 ? group[0]!.items : group.flatMap((commit) => commit.items));
        for (const commit of group) commit.done();
      } catch (error) {
        if (group.length === 1) group[0]!.failed(error);
        else await oneByOne(group);
      }
    }
    // In the same turn as the last look at what waits: whatever is added later starts anew.
    busy = false;
  }

  /** One of the group cannot be written: only that one shall fail. */
  async function oneByOne(group: Waiting<T>[]): Promise<void> {
    for (const commit of group) {
      try {
        await apply(commit.items);
        commit.done();
      } catch (error) {
        commit.failed(error);
      }
    }
  }

  return {
    add(items) {
      return new Promise((done, failed) => {
        waiting.push({ items, done, failed });
        if (busy) return;
        busy = true;
        soon(drain);
      });
    },
    async settled() {
      if (busy) await this.add([]).catch(() => undefined);
    },
  };
}
