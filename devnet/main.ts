/** `tsx devnet/main.ts [flags]`: starts a devnet and prints its URL. */
import { parseArgs } from 'node:util';
import { startDevnet } from './index.ts';
import { DataError } from './log.ts';

const usage = `Usage: tsx devnet/main.ts [flags]
  --port n                     TCP port, 0 for a free one (3013)
  --host address               address to listen on (127.0.0.1)
  --network-id text            (ae_devnet)
  --key-block-ms n             milliseconds between key blocks, 0: on demand only (3000)
  --micro-block-ms n           milliseconds from a transaction to its micro block, 0: on demand only (300)
  --data directory             keep the chain there (default: in memory)
  --start-height n             height of the first key block (1)
  --solo-round-reset-height n  height from which a slash resets solo_round (0; the node's value is 168300)
  --min-gas-price n            aetto for a unit of gas that the miner wants; what pays less waits (1000000000)`;

class UsageError extends Error {}

function readFlags() {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      options: {
        port: text,
        host: text,
        'network-id': text,
        'key-block-ms': text,
        'micro-block-ms': text,
        data: text,
        'start-height': text,
        'solo-round-reset-height': text,
        'min-gas-price': text,
        help: { type: 'boolean' },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

type Flags = ReturnType<typeof readFlags>;

function wholeNumber(flags: Flags, name: keyof Flags, least: number, most: number): number | undefined {
  const text = flags[name];
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!/^\d+$/.test(String(text)) || value < least || value > most) {
    throw new UsageError(`--${name} is "${text}", needs a whole number from ${least} to ${most}`);
  }
  return value;
}

const bigintOf = (value: number | undefined) => (value === undefined ? undefined : BigInt(value));

async function main(): Promise<void> {
  const flags = readFlags();
  if (flags.help) {
    console.log(usage);
    return;
  }
  const day = 24 * 60 * 60 * 1000;
  const devnet = await startDevnet({
    port: wholeNumber(flags, 'port', 0, 65_535),
    host: flags.host,
    networkId: flags['network-id'],
    keyBlockMs: wholeNumber(flags, 'key-block-ms', 0, day),
    microBlockMs: wholeNumber(flags, 'micro-block-ms', 0, day),
    data: flags.data,
    startHeight: wholeNumber(flags, 'start-height', 1, 1e12),
    soloRoundResetHeight: wholeNumber(flags, 'solo-round-reset-height', 0, 1e12),
    minGasPrice: bigintOf(wholeNumber(flags, 'min-gas-price', 0, Number.MAX_SAFE_INTEGER)),
  });
  console.log(`devnet ${devnet.chain.genesis.networkId} at ${devnet.url}, height ${devnet.chain.height}`);
  const stop = () => devnet.close().then(() => process.exit(0));
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
}

function explain(error: unknown): string {
  if (error instanceof UsageError) return `${error.message}\n\n${usage}`;
  if (error instanceof DataError) return error.message;
  const { code, message, port } = error as NodeJS.ErrnoException & { port?: number };
  if (code === 'EADDRINUSE')
    return `port ${port} is in use; stop what uses it, or choose another with --port`;
  if (code === 'EACCES')
    return `no permission: ${message}; choose a port above 1023 and a --data directory of yours`;
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return `cannot listen there: ${message}; check --host`;
  return error instanceof Error ? (error.stack ?? message) : String(error);
}

function fail(error: unknown): never {
  console.error(`devnet: ${explain(error)}`);
  process.exit(1);
}

// A miner's timer that fails, for instance on a full disk, ends the process: the chain on disk is whole.
process.on('uncaughtException', fail);
main().catch(fail);
