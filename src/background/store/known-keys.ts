/**
 * The keys of a packed table in memory: of many keys that are asked for at once, as those of many payments are, the
 * new ones need no look-up each. It may have keys that were deleted since, but lacks none: keys come only in packs of
 * higher numbers, and those are read first, in the same transaction, whoever wrote them.
 */
import type { Pack } from './packs.ts';

/** So many packs are read at once; where there are more, the next time goes on. */
const packsAtOnce = 256;
/** About 20 MB. A table with more keys is looked up key by key. */
const maxKeys = 200_000;

export interface KnownKeys {
  /** Calls `ready`, while the store's transaction is active, with what tells keys that may be there from those that are not. */
  update(
    store: IDBObjectStore,
    ready: (mayHave: (key: string) => boolean) => void,
    failed: (event: Event) => void,
  ): void;
}

export function createKnownKeys(): KnownKeys {
  const known = new Set<string>();
  /** Number of the last pack whose keys are known; so are those of all before it. */
  let upTo = 0;
  return {
    update(store, ready, failed) {
      if (known.size > maxKeys) return ready(() => true);
      const later = IDBKeyRange.lowerBound(upTo, true);
      // Where this one fails the transaction ends, and the next request fails with it.
      const numbers = store.getAllKeys(later, packsAtOnce);
      const packs = store.getAll(later, packsAtOnce);
      packs.onerror = failed;
      packs.onsuccess = () => {
        for (const { keys } of packs.result as Pack[]) for (const key of keys) known.add(key);
        upTo = Math.max(upTo, (numbers.result.at(-1) ?? 0) as number);
        const isComplete = packs.result.length < packsAtOnce;
        ready(isComplete ? (key) => known.has(key) : () => true);
      };
    },
  };
}
