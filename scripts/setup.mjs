/** What must be there before anything runs: Node.js, the locked dependencies. Plain Node.js, no dependency. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '..');
const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';

/** A reason to stop that is the reader's to mend: printed without a stack. */
export class SetupError extends Error {}

export function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  throw new SetupError(
    `Node.js ${process.versions.node} is too old: Tandem needs 20.19 or newer (https://nodejs.org).`,
  );
}

/** Runs a program in the repository with its output shown. @returns its exit code */
export function run(command, args, env = {}) {
  return new Promise((done, failed) => {
    const child = spawn(command, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } });
    child.once('error', failed);
    child.once('exit', (code) => done(code ?? 1));
  });
}

/** Runs a program of an installed package, such as `vite`. */
export const tool = (name, args, env) => run(join(root, 'node_modules/.bin', name), args, env);

/** Installs what the lock file says, where that is not what is installed. */
export async function installDependencies() {
  if (installed()) return;
  console.log('Installing the dependencies of package-lock.json …');
  if ((await run(npm, ['ci', '--no-progress'])) !== 0)
    throw new SetupError('npm ci failed: see above. It needs the network once; then run this again.');
}

function installed() {
  const record = join(root, 'node_modules/.package-lock.json');
  if (!existsSync(record)) return false;
  const packages = (file) => JSON.parse(readFileSync(file, 'utf8')).packages;
  const [have, want] = [packages(record), packages(join(root, 'package-lock.json'))];
  const asLocked = ([path, { version }]) => want[path]?.version === version;
  // Optional packages of other platforms are not installed.
  const present = ([path, entry]) => path === '' || entry.optional || have[path];
  return Object.entries(have).every(asLocked) && Object.entries(want).every(present);
}

/** Runs a script's main function; ends the process with its exit code, or with 1 and the reason. */
export function main(script) {
  script().then(
    (code) => process.exit(code ?? 0),
    (error) => {
      console.error(error instanceof SetupError ? `\n${error.message}` : error);
      process.exit(1);
    },
  );
}
