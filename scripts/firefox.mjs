/** Finds Firefox. Plain JavaScript: scripts use it before anything is installed. */
import { accessSync, constants } from 'node:fs';

const places = [
  '/usr/bin/firefox-esr',
  '/usr/bin/firefox',
  '/Applications/Firefox.app/Contents/MacOS/firefox',
];

/** @returns {string} path of the browser; throws with a sentence that says what to do */
export function findFirefox() {
  const chosen = process.env.TANDEM_FIREFOX;
  for (const path of chosen ? [chosen] : places) {
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not this one.
    }
  }
  throw new Error(
    chosen
      ? `TANDEM_FIREFOX is "${chosen}", where no program is: set it to Firefox's path.`
      : 'Firefox is missing. Install it (Debian: apt-get install firefox-esr), or set TANDEM_FIREFOX to its path.',
  );
}
