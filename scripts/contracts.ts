/**
 * `npm run contracts`: compiles the contracts of examples, bench and tests with the compiler that comes with the chain's SDK, and writes
 * beside each source a JSON file with byte code, ACI and hashes. A test holds the files against the sources.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decode } from '../src/protocol/chain/address.ts';
import { blake2b256 } from '../src/protocol/chain/signed.ts';
import { codeHash } from '../src/protocol/channel/index.ts';

const directories = ['examples', 'bench', 'test', 'test/vm'].map((name) =>
  join(import.meta.dirname, '..', name, 'contracts'),
);
const compiler = join(import.meta.dirname, '../node_modules/@aeternity/aepp-sdk/bin/aesophia_cli');

/** What is kept of a compiled contract. */
export interface Compiled {
  /** Of the Sophia compiler. */
  compiler: string;
  /** blake2b-256 of the source's bytes, 64 hex digits. */
  sourceHash: string;
  /** By which a policy names the contract: blake2b-256 of the contract code, 64 hex digits. */
  codeHash: string;
  /** `cb_` text. */
  code: string;
  aci: unknown[];
}

const sources = new Map(
  directories.flatMap((directory) =>
    readdirSync(directory)
      .filter((file) => file.endsWith('.aes'))
      .map((file) => [file.slice(0, -'.aes'.length), join(directory, file)] as const),
  ),
);

export const contractNames = [...sources.keys()];

function sourceOf(name: string): string {
  const source = sources.get(name);
  if (!source) throw new Error(`There is no contract "${name}": there are ${contractNames.join(', ')}.`);
  return source;
}
const resultOf = (name: string): string => sourceOf(name).replace(/aes$/, 'json');

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

export const sourceHashOf = (name: string): string => hex(blake2b256(readFileSync(sourceOf(name))));

export const compiled = (name: string): Compiled => JSON.parse(readFileSync(resultOf(name), 'utf8'));

/** Whether Erlang is installed, which the compiler runs on. */
export const canCompile = (): boolean => spawnSync('escript', [], { stdio: 'ignore' }).error === undefined;

function run(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync('escript', [compiler, ...args], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`The compiler ended with ${status}:\n${stdout}${stderr}`);
  return stdout.trim();
}

/** @throws Error with the compiler's own words */
export function compile(name: string): Compiled {
  const source = sourceOf(name);
  const code = run('-e', source);
  if (!/^cb_\S+$/.test(code)) throw new Error(`The compiler gave no byte code for ${name}:\n${code}`);
  return {
    compiler: run('--version').replace(/^.*version /, ''),
    sourceHash: sourceHashOf(name),
    codeHash: hex(codeHash(decode('cb', code))),
    code,
    aci: JSON.parse(run('--create_json_aci', source)),
  };
}

if (process.argv[1] === import.meta.filename) {
  if (canCompile()) {
    for (const name of contractNames) {
      const made = compile(name);
      writeFileSync(resultOf(name), `${JSON.stringify(made, null, 2)}\n`);
      console.log(`${name}: code hash ${made.codeHash}`);
    }
  } else {
    console.error(
      'The Sophia compiler runs on Erlang, which is not installed here: install it ("apt-get install erlang-base" on Debian, "brew install erlang" on macOS), then run this again.',
    );
    process.exitCode = 1;
  }
}
