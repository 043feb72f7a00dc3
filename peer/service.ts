/** What headless programs have in common: clock, key file, waiting for the node, test coins, start and stop. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Chain, Clock, Random } from '../src/engine/ports.ts';
import { encode } from '../src/protocol/chain/address.ts';
import { FlagError } from './flags.ts';

export const clock: Clock = {
  now: () => Date.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};

export const random: Random = (length) => Uint8Array.from(randomBytes(length));

/** The seed in this file: made on the first run, readable by its owner only. */
export function seedIn(file: string, advice = 'Restore it.'): Uint8Array {
  if (!existsSync(file)) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600, flag: 'wx' });
  }
  const text = readFileSync(file, 'utf8').trim();
  if (!/^[0-9a-f]{64}$/.test(text))
    throw new Error(`${file} is damaged: it should hold 64 hex digits. ${advice}`);
  return Uint8Array.from(Buffer.from(text, 'hex'));
}

/** Asks every second, half a minute long. */
export async function untilAnswered<T>(
  ask: () => Promise<T>,
  url: string,
  log: (line: string) => void,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask();
    } catch (error) {
      if (attempt === 30)
        throw new Error(
          `The node at ${url} does not answer: start it (npm run devnet) or give another by --node. ${error}`,
        );
      if (attempt === 1) log(`waiting for the node at ${url}`);
      await new Promise((resolve) => setTimeout(resolve, 1_000));
    }
  }
}

/** Where a program asks for test coins: what the flag says, else the local chain's own faucet. */
export const faucetOf = (flag: string | null, node: string, networkId: string): string | null =>
  flag ?? (networkId === 'ae_devnet' ? `${node}/devnet/faucet` : null);

/** Asks the faucet where the account holds less than `least`. Amounts in aetto. */
export async function topUp(
  { chain, faucet, account }: { chain: Chain; faucet: string | null; account: Uint8Array },
  least: bigint,
  amount: bigint,
): Promise<void> {
  if (!faucet) return;
  const { balance } = await chain.account(account);
  if (balance >= least) return;
  const response = await fetch(faucet, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ address: encode('ak', account), amount: amount.toString() }),
  });
  if (!response.ok) throw new Error(`the faucet at ${faucet} answered ${response.status}`);
}

/** Runs a program until it is told to stop; what fails is one sentence, with the flags that name its ports. */
export function run(
  name: string,
  ports: string,
  start: () => Promise<{ stop(): Promise<void> } | null>,
): void {
  start().then(
    (running) => {
      if (!running) return;
      const stop = () => {
        running.stop().finally(() => process.exit(0));
      };
      process.on('SIGINT', stop);
      process.on('SIGTERM', stop);
    },
    (error: NodeJS.ErrnoException) => {
      const sentence =
        error.code === 'EADDRINUSE'
          ? `${error.message}: another program uses that port. Stop it, or give another by ${ports}.`
          : error.message;
      console.error(error instanceof FlagError ? error.message : `${name}: ${sentence}`);
      process.exit(1);
    },
  );
}
