/** For services in Node.js: a storage in a file. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { Storage } from './storage.ts';

/**
 * Keeps everything in one JSON file, replaced as a whole with every change. For one process.
 * @throws Error where the file is there and cannot be read
 */
export function fileStorage(path: string): Storage {
  const items = read(path);
  const write = () => {
    writeFileSync(`${path}.new`, JSON.stringify(Object.fromEntries(items)), { mode: 0o600, flush: true });
    renameSync(`${path}.new`, path);
  };
  return {
    getItem: (key) => items.get(key) ?? null,
    setItem(key, value) {
      items.set(key, value);
      write();
    },
    removeItem(key) {
      if (items.delete(key)) write();
    },
  };
}

function read(path: string): Map<string, string> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Map();
    throw error;
  }
  try {
    return new Map(Object.entries(JSON.parse(text) as Record<string, string>));
  } catch {
    throw new Error(`${path} is damaged: it should hold JSON. Move it away; events are then told again.`);
  }
}
