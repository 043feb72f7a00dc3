import { configDefaults, defineConfig } from 'vitest/config';

/** The popup's views over a fixture, in a real browser: they run beside the end-to-end tests. */
export const inBrowser = ['test/popup/views.test.ts', 'test/popup/scan.test.ts'];

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts', 'test/**/*.test.tsx'],
    exclude: [...configDefaults.exclude, ...inBrowser],
    // On two cores Vitest would take one, and twice as long.
    maxWorkers: 2,
    testTimeout: 30_000,
    reporters: ['default'],
  },
});
