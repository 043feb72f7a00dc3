/** Finds a program on this computer. Plain JavaScript: scripts use it before anything is installed. */
import { accessSync, constants } from 'node:fs';

/**
 * @param {string} name
 * @param {string} variable of the environment, that names its path
 * @param {string[]} places
 * @param {string} missing the sentence where none of the places has it
 * @returns {string} its path; throws with a sentence that says what to do
 */
export function findProgram(name, variable, places, missing) {
  const chosen = process.env[variable];
  for (const path of chosen ? [chosen] : places) {
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not this one.
    }
  }
  throw new Error(
    chosen ? `${variable} is "${chosen}", where no program is: set it to ${name}'s path.` : missing,
  );
}
