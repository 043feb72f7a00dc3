/**
 * Everything that must hold: `npm test`, or `npm test -- lint unit build e2e` for some of it. The last line counts
 * every test of the suites, and each other step (lint, types, builds) as one.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { findChromium } from './chromium.mjs';
import { findFirefox } from './firefox.mjs';
import { checkNode, installDependencies, main, run, SetupError, tool } from './setup.mjs';

/** A step that passes or fails as a whole. */
const step = (label, act) => async () => {
  const passed = (await act()) === 0;
  return [{ label, passed: passed ? 1 : 0, failed: passed ? 0 : 1, skipped: 0, failures: [] }];
};

/** A suite of vitest: its own counts, from its report. */
const suite = (label, args) => async () => {
  const directory = mkdtempSync(join(tmpdir(), 'tandem-test-'));
  const report = join(directory, 'report.json');
  const code = await tool('vitest', [
    'run',
    ...args,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
  ]);
  let counts = {
    numPassedTests: 0,
    numFailedTests: 0,
    numPendingTests: 0,
    numTodoTests: 0,
    testResults: [],
  };
  try {
    counts = JSON.parse(readFileSync(report, 'utf8'));
  } catch {
    console.error(`${label}: vitest left no report.`);
  }
  rmSync(directory, { recursive: true });
  const { numPassedTests: passed, numFailedTests } = counts;
  // A file that does not load, or an error outside of any test, fails the suite without a failed test.
  const failed = numFailedTests === 0 && (code !== 0 || passed === 0) ? 1 : numFailedTests;
  const skipped = counts.numPendingTests + counts.numTodoTests;
  return [{ label, passed, failed, skipped, failures: failuresIn(counts) }];
};

/** A line for each test that failed: where, which, and the first line of why. */
const failuresIn = ({ testResults }) =>
  testResults.flatMap(({ name, message, assertionResults }) => {
    const file = relative(process.cwd(), name);
    const failed = assertionResults.filter(({ status }) => status === 'failed');
    if (failed.length === 0) return message ? [`${file}: ${message.split('\n', 1)[0]}`] : [];
    return failed.map(
      ({ fullName, failureMessages: [why = 'no reason given'] }) =>
        `${file}: ${fullName}: ${why.split('\n', 1)[0]}`,
    );
  });

const inOrder =
  (...steps) =>
  async () => {
    const results = [];
    for (const each of steps) results.push(...(await each()));
    return results;
  };

const suites = {
  lint: inOrder(
    step('lint (biome)', () => tool('biome', ['check', '.'])),
    step('types (tsc)', () => tool('tsc', [])),
  ),
  unit: suite('unit tests', []),
  build: inOrder(
    step('build for Chromium', () => tool('vite', ['build', '--logLevel=warn'])),
    step('build for Firefox', () => tool('vite', ['build', '--mode=firefox', '--logLevel=warn'])),
    step('bundle: size, no import() in the worker', () => run(process.execPath, ['scripts/measure.mjs'])),
  ),
  e2e: suite('end to end in Chromium and Firefox', ['--config', 'e2e/vitest.config.ts']),
};

main(async () => {
  const began = Date.now();
  const chosen = process.argv.slice(2);
  const unknown = chosen.filter((name) => !Object.hasOwn(suites, name));
  if (unknown.length > 0)
    throw new SetupError(`There is no suite "${unknown[0]}": choose of ${Object.keys(suites).join(', ')}.`);
  const names = chosen.length > 0 ? chosen : Object.keys(suites);

  checkNode();
  if (names.includes('e2e')) checkBrowsers();
  await installDependencies();

  const results = [];
  for (const [index, name] of names.entries()) {
    console.log(`\n── ${index + 1}/${names.length} ${name} ${'─'.repeat(60 - name.length)}`);
    const unbuilt =
      name === 'e2e' && results.some(({ label, failed }) => failed > 0 && label.startsWith('build'));
    if (unbuilt) console.error('Not run: there is no build to run it on.');
    results.push(
      ...(unbuilt
        ? [{ label: 'end to end (not run)', passed: 0, failed: 1, skipped: 0, failures: [] }]
        : await suites[name]()),
    );
  }

  const sum = (key) => results.reduce((total, result) => total + result[key], 0);
  console.log(`\n── summary, ${Math.round((Date.now() - began) / 1000)} s ${'─'.repeat(50)}`);
  for (const { label, passed, failed, skipped, failures } of results) {
    console.log(
      `${failed > 0 ? 'FAILED' : 'passed'}  ${label}: ${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`,
    );
    for (const failure of failures) console.log(`        ${failure}`);
  }
  console.log(`${sum('passed')} passed, ${sum('failed')} failed`);
  return sum('failed') > 0 ? 1 : 0;
});

function checkBrowsers() {
  try {
    findChromium();
    findFirefox();
  } catch (error) {
    throw new SetupError(error.message);
  }
}
