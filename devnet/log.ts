/**
 * The chain on disk: one file, one line of JSON per step, only ever appended. A last line that a crash cut off is
 * removed at the next start; a line damaged anywhere else is refused with its number.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { fromHex, toHex } from '../src/protocol/bytes.ts';
import { Chain, type Genesis, type Step } from './chain.ts';
import { decodeTransaction } from './transaction.ts';

const version = 1;

/** A data directory that cannot be used; the message says what to do. */
export class DataError extends Error {
  override name = 'DataError';
}

export interface OpenedChain {
  chain: Chain;
  /** Flushes and closes the file. */
  close(): void;
}

/** Opens the chain in this directory, or starts one there with this genesis. */
export function openChain(directory: string, genesis: Genesis): OpenedChain {
  mkdirSync(directory, { recursive: true });
  const path = join(directory, 'chain.log');
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  const lines = whole.split('\n').slice(0, -1);
  const file = openSync(path, 'a');
  try {
    if (whole.length < text.length) ftruncateSync(file, Buffer.byteLength(whole));
    let recording = false;
    const write = appender(file, path);
    const record = (step: Step) => {
      if (recording) write(encodeStep(step));
    };
    const start = lines.length > 0 ? readGenesis(path, lines[0]!, genesis) : genesis;
    const chain = new Chain(start, record);
    lines.slice(1).forEach((line, index) => {
      try {
        chain.replay(decodeStep(JSON.parse(line)));
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        throw new DataError(
          `${path}: line ${index + 2} is damaged (${why}); move the file away to start a new chain`,
        );
      }
    });
    if (lines.length === 0) write(encodeGenesis(genesis));
    recording = true;
    return {
      chain,
      close: () => {
        fsyncSync(file);
        closeSync(file);
      },
    };
  } catch (error) {
    closeSync(file);
    throw error;
  }
}

/** Appends lines. After one that failed it takes no more: what follows a half line could not be read. */
function appender(file: number, path: string): (value: unknown) => void {
  let failure: DataError | undefined;
  return (value) => {
    if (failure) throw failure;
    const line = Buffer.from(`${JSON.stringify(value)}\n`);
    try {
      for (let written = 0; written < line.length; ) written += writeSync(file, line, written);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      failure = new DataError(`${path}: cannot be written (${why}); make room and start the devnet again`);
      throw failure;
    }
  };
}

function encodeGenesis(genesis: Genesis) {
  const balances = Object.fromEntries([...genesis.balances].map(([key, amount]) => [key, String(amount)]));
  return { version, ...genesis, balances };
}

/** The genesis that the file was begun with; its network must be the one that is asked for. */
function readGenesis(path: string, line: string, wanted: Genesis): Genesis {
  let stored: ReturnType<typeof encodeGenesis>;
  try {
    stored = JSON.parse(line);
  } catch {
    throw new DataError(`${path}: the first line is damaged; move the file away to start a new chain`);
  }
  if (stored.version !== version) {
    throw new DataError(
      `${path}: has version ${stored.version}, this devnet reads ${version}; move the file away`,
    );
  }
  if (stored.networkId !== wanted.networkId) {
    throw new DataError(
      `${path}: holds a chain of network ${stored.networkId}, not ${wanted.networkId}; use another --data directory`,
    );
  }
  const { networkId, height, time, soloRoundResetHeight } = stored;
  const balances = new Map(Object.entries(stored.balances).map(([key, amount]) => [key, BigInt(amount)]));
  return { networkId, height, time, soloRoundResetHeight, balances };
}

type Line =
  | { step: 'transaction'; tx: string }
  | { step: 'dropped'; hashes: string[]; forgotten: boolean }
  | { step: 'micro'; time: number; hashes: string[] }
  | { step: 'key'; time: number }
  | { step: 'fork'; depth: number; time: number; dropped: string[]; generations: string[][] };

function encodeStep(step: Step): Line {
  switch (step.step) {
    case 'transaction':
      return { step: 'transaction', tx: Buffer.from(step.transaction.bytes).toString('base64') };
    case 'dropped':
      return { ...step, hashes: step.hashes.map(toHex) };
    case 'micro':
      return { ...step, hashes: step.hashes.map(toHex) };
    case 'key':
      return step;
    case 'fork':
      return {
        ...step,
        dropped: step.dropped.map(toHex),
        generations: step.generations.map((of) => of.map(toHex)),
      };
  }
}

function decodeStep(line: Line): Step {
  switch (line.step) {
    case 'transaction':
      return {
        step: 'transaction',
        transaction: decodeTransaction(new Uint8Array(Buffer.from(line.tx, 'base64'))),
      };
    case 'dropped':
      return { ...line, hashes: line.hashes.map(fromHex) };
    case 'micro':
      return { ...line, hashes: line.hashes.map(fromHex) };
    case 'key':
      return line;
    case 'fork':
      return {
        ...line,
        dropped: line.dropped.map(fromHex),
        generations: line.generations.map((of) => of.map(fromHex)),
      };
    default:
      throw new Error(`unknown step ${JSON.stringify((line as { step: unknown }).step)}`);
  }
}
