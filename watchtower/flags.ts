/** The watchtower's command line: every flag with its meaning, checked before anything starts. */
import { parseArgs } from 'node:util';
import { FlagError } from '../peer/flags.ts';
import { aettoOf } from '../peer/policy.ts';
import { AddressError, decode } from '../src/protocol/chain/address.ts';

export const usage = `npm run watchtower -- [flags]
  --data DIR            where the guarded channels are kept          (.data/watchtower)
  --key FILE            the account's key, made on the first run     (DATA/key)
  --node URL            the chain's node                             (http://127.0.0.1:3013)
  --listen PORT         where wallets connect (WebSocket)            (3017)
  --host ADDRESS        the IP address to listen at                  (127.0.0.1)
  --announce MULTIADDR  where wallets reach it, if not there: /dns4/tower.example/tcp/443/wss
  --name TEXT           shown in the link                            (Watchtower)
  --accept WHO          any, or accounts (ak_...) with commas between (any)
  --channels N          channels guarded at most                     (1000)
  --per-account N       channels guarded for one account at most     (20)
  --max-fee AE          what one slash may cost at most              (0.1)
  --faucet URL          asks for test coins when the account is low  (NODE/devnet/faucet on ae_devnet)`;

export interface Flags {
  data: string;
  key: string | null;
  node: string;
  listen: number;
  host: string;
  announce: string | null;
  name: string;
  accept: Uint8Array[] | null;
  channels: number;
  perAccount: number;
  /** aetto */
  maxFee: bigint;
  faucet: string | null;
}

/** @throws FlagError that says what to give instead */
export function readFlags(args: string[]): Flags {
  let values: Record<string, string | undefined>;
  const text = { type: 'string' } as const;
  const names = ['data', 'key', 'node', 'listen', 'host', 'announce', 'name', 'accept', 'channels'];
  try {
    const options = Object.fromEntries(
      [...names, 'per-account', 'max-fee', 'faucet'].map((name) => [name, text]),
    );
    values = parseArgs({ args, options }).values;
  } catch (error) {
    throw new FlagError(`${error instanceof Error ? error.message : error}\n${usage}`);
  }
  const whole = (name: string, fallback: number, least: number, most: number): number => {
    const given = values[name];
    if (given === undefined) return fallback;
    const value = Number(given);
    if (!/^\d+$/.test(given) || value < least || value > most)
      throw new FlagError(`--${name} is "${given}": give a whole number from ${least} to ${most}`);
    return value;
  };
  const node = (values.node ?? 'http://127.0.0.1:3013').replace(/\/+$/, '');
  if (!URL.canParse(node))
    throw new FlagError(`--node is "${node}": give a URL such as http://127.0.0.1:3013`);
  const fee = values['max-fee'] ?? '0.1';
  if (!/^\d{1,9}(\.\d{1,18})?$/.test(fee))
    throw new FlagError(`--max-fee is "${fee}": give an amount in AE, such as 0.1`);
  if (values.announce !== undefined && !/^\/.*\/wss?$/.test(values.announce))
    throw new FlagError(
      `--announce is "${values.announce}": give a WebSocket multiaddr such as /dns4/tower.example/tcp/443/wss`,
    );
  return {
    data: values.data ?? '.data/watchtower',
    key: values.key ?? null,
    node,
    listen: whole('listen', 3017, 0, 65_535),
    host: values.host ?? '127.0.0.1',
    announce: values.announce ?? null,
    name: values.name ?? 'Watchtower',
    accept: accounts(values.accept ?? 'any'),
    channels: whole('channels', 1_000, 1, 1_000_000),
    perAccount: whole('per-account', 20, 1, 1_000_000),
    maxFee: aettoOf(fee),
    faucet: values.faucet ?? null,
  };
}

function accounts(text: string): Uint8Array[] | null {
  if (text === 'any') return null;
  return text.split(',').map((address) => {
    try {
      return decode('ak', address.trim());
    } catch (error) {
      if (!(error instanceof AddressError)) throw error;
      throw new FlagError(`--accept has "${address}": give any, or accounts (ak_...) with commas between`);
    }
  });
}
