/** Where a page or a service keeps the little that has to outlive it: event numbers, and calls without an outcome. */

/** localStorage has this shape. The promises of another are waited for. */
export interface Storage {
  getItem(key: string): string | null | Promise<string | null>;
  setItem(key: string, value: string): void | Promise<void>;
  removeItem(key: string): void | Promise<void>;
}

/** Forgets with the program. */
export function memoryStorage(): Storage {
  const items = new Map<string, string>();
  return {
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => void items.set(key, value),
    removeItem: (key) => void items.delete(key),
  };
}

/** The browser's localStorage; memory where there is none, or none that may be used. */
export function defaultStorage(): Storage {
  try {
    return globalThis.localStorage ?? memoryStorage();
  } catch {
    return memoryStorage();
  }
}

export async function readJson<T>(storage: Storage, key: string): Promise<T | null> {
  const text = await storage.getItem(key);
  if (text === null) return null;
  try {
    return JSON.parse(text) as T;
  } catch {
    // Not ours, or cut off: as if there were nothing.
    return null;
  }
}
