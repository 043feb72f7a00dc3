/** `vite build` makes dist/ for Chromium; `vite build --mode firefox` makes dist-firefox/. */
import { crx, type ManifestV3Export } from '@crxjs/vite-plugin';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import manifest from './manifest.json' with { type: 'json' };

/** Firefox has no service workers in extensions: the same module runs as a background script. */
function forFirefox(): ManifestV3Export {
  const { minimum_chrome_version: _, externally_connectable: __, ...shared } = manifest;
  return {
    ...shared,
    background: { scripts: [manifest.background.service_worker], type: 'module' },
    browser_specific_settings: {
      gecko: {
        id: 'tandem@tandem.example',
        strict_min_version: '128.0',
        data_collection_permissions: { required: ['none'] },
      },
    },
  } as ManifestV3Export;
}

export default defineConfig(({ mode }) => {
  const firefox = mode === 'firefox';
  return {
    plugins: [
      react(),
      crx({
        manifest: firefox ? forFirefox() : (manifest as ManifestV3Export),
        browser: firefox ? 'firefox' : 'chrome',
      }),
    ],
    build: {
      outDir: firefox ? 'dist-firefox' : 'dist',
      emptyOutDir: true,
      target: firefox ? 'firefox128' : 'chrome123',
      // The worker may not use import(), and its preload helper touches `document`.
      modulePreload: false,
      sourcemap: false,
      reportCompressedSize: false,
      // The worker is one file on purpose; scripts/measure.mjs holds its limit.
      chunkSizeWarningLimit: 1_500,
    },
  };
});
