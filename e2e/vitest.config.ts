import { defineConfig } from 'vitest/config';
import { inBrowser } from '../vitest.config.ts';

export default defineConfig({
  test: {
    include: ['e2e/**/*.test.ts', ...inBrowser],
    // Most of a test's time is waiting for blocks; more than two browsers' files at once would fill two cores.
    maxWorkers: 2,
    maxConcurrency: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: ['default'],
  },
});
