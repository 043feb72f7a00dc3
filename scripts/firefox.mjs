/** Finds Firefox. Plain JavaScript: scripts use it before anything is installed. */
import { findProgram } from './program.mjs';

const places = [
  '/usr/bin/firefox-esr',
  '/usr/bin/firefox',
  '/Applications/Firefox.app/Contents/MacOS/firefox',
];

/** @returns {string} path of the browser; throws with a sentence that says what to do */
export const findFirefox = () =>
  findProgram(
    'Firefox',
    'TANDEM_FIREFOX',
    places,
    'Firefox is missing. Install it (Debian: apt-get install firefox-esr), or set TANDEM_FIREFOX to its path.',
  );
