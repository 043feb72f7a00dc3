/** Builds the benchmark's page; who calls it says where to. */
import { defineConfig } from 'vite';

export default defineConfig({
  root: import.meta.dirname,
  base: './',
  logLevel: 'warn',
  worker: { format: 'es' },
  build: { emptyOutDir: true, target: 'chrome123', reportCompressedSize: false },
});
