/** Finds Chromium and says how it is started. Plain JavaScript: scripts use it before anything is installed. */
import { findProgram } from './program.mjs';

const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/snap/bin/chromium'];

/** @returns {string} path of the browser; throws with a sentence that says what to do */
export const findChromium = () =>
  findProgram(
    'Chromium',
    'TANDEM_CHROMIUM',
    places,
    'Chromium is missing. Install it (Debian: apt-get install chromium), or set TANDEM_CHROMIUM to its path. ' +
      "Google's own Chrome builds do not load an unpacked extension from the command line.",
  );

/**
 * @param {string} extension directory of the unpacked extension
 * @returns {string[]}
 */
export function browserFlags(extension) {
  return [
    `--disable-extensions-except=${extension}`,
    `--load-extension=${extension}`,
    '--no-first-run',
    '--no-default-browser-check',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--disable-quic',
    '--disable-gpu',
    // Chromium's sandbox does not start for root, as in containers.
    ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
  ];
}
