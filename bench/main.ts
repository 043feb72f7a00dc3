/**
 * `npm run bench -- [updates|startup|store|vm] [--json]`: all benchmarks, or the one that is named. Readable text, or with
 * `--json` one document on stdout; progress goes to stderr.
 */
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { program } from '../e2e/harness/program.ts';
import { storeInBrowser, updatesInBrowser } from './browser/run.ts';
import { storeInNode, updatesInNode, vmInNode } from './node.ts';
import { startupText, storeText, updatesText, vmText } from './report.ts';
import { benchStartup } from './startup.ts';
import type { Size } from './store.ts';
import type { Load } from './updates.ts';
import type { VmLoad } from './vm.ts';

const load: Load = { runs: 9, singles: 100, queued: { size: 1000, times: 2 } };

const size: Size = { channels: 100, points: [100, 1_000, 10_000], singles: 50, loads: 7 };

const vmLoad: VmLoad = { runs: 5, calls: 100, cosigned: 50, entries: [10, 1_000, 100_000] };

const progress = (line: string) => process.stderr.write(`${line}\n`);
const loadAverage = () => loadavg()[0]!;

/**
 * Runs the work beside a devnet, a process of its own as the chain is for a wallet; with the machine's load before and
 * after, as others may be at work.
 */
async function onDevnet<T>(work: (node: string) => Promise<T>): Promise<T & { loadAverage: number[] }> {
  const before = loadAverage();
  const devnet = program('devnet/main.ts', [
    '--port',
    '0',
    '--key-block-ms',
    '500',
    '--micro-block-ms',
    '20',
  ]);
  try {
    const [url] = await devnet.printed(/http:\/\/\S+?(?=,)/);
    const result = await work(url);
    return { ...result, loadAverage: [before, loadAverage()] };
  } finally {
    await devnet.stop();
  }
}

const benchmarks = {
  async updates(): Promise<[result: unknown, text: string]> {
    progress('updates: two engines in Node.js …');
    const node = await onDevnet((url) => updatesInNode(url, load));
    progress('updates: two engines in a worker of Chromium …');
    const browser = await onDevnet((url) => updatesInBrowser(url, load));
    return [[node, browser], [node, browser].map(updatesText).join('\n')];
  },
  async startup(): Promise<[result: unknown, text: string]> {
    progress('startup: the built extension in Chromium …');
    const result = await onDevnet((url) => benchStartup(url, 9));
    return [result, startupText(result)];
  },
  async store(): Promise<[result: unknown, text: string]> {
    progress('store: 10,000 updates over 100 channels in Node.js …');
    const node = await onDevnet((url) => storeInNode(url, size));
    progress('store: the same in a worker of Chromium …');
    const browser = await onDevnet((url) => storeInBrowser(url, size));
    return [[node, browser], [node, browser].map(storeText).join('\n')];
  },
  async vm(): Promise<[result: unknown, text: string]> {
    progress('vm: contract calls, alone and between two engines, in Node.js …');
    const result = await onDevnet((url) => vmInNode(url, vmLoad));
    return [result, vmText(result)];
  },
};
type Name = keyof typeof benchmarks;
const names = Object.keys(benchmarks) as Name[];

function chosen(): { wanted: Name[]; json: boolean } {
  const { values, positionals } = parseArgs({
    options: { json: { type: 'boolean', default: false } },
    allowPositionals: true,
  });
  for (const name of positionals)
    if (!names.includes(name as Name))
      throw new Error(`There is no benchmark "${name}": give ${names.join(' or ')}, or nothing for all.`);
  return { wanted: positionals.length > 0 ? (positionals as Name[]) : names, json: values.json };
}

try {
  const { wanted, json } = chosen();
  const machine = { cores: cpus().length, model: cpus()[0]?.model ?? 'unknown' };
  const results: Record<string, unknown> = { machine };
  const texts = [`${machine.cores} cores, ${machine.model}`];
  for (const name of wanted) {
    const [result, text] = await benchmarks[name]();
    results[name] = result;
    texts.push(text);
  }
  process.stdout.write(json ? `${JSON.stringify(results, null, 2)}\n` : `${texts.join('\n\n')}\n`);
} catch (error) {
  progress(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
