/** The peer's command line: every flag with its meaning, checked before anything starts. */
import { parseArgs } from 'node:util';

export const usage = `npm run peer -- [flags]
  --data DIR            where key and channels are kept              (.data/peer)
  --node URL            the chain's node                             (http://127.0.0.1:3013)
  --listen PORT         where wallets connect (WebSocket, loopback)  (3014)
  --http PORT           shop data and orders over HTTP               (3016)
  --api PORT            methods for your own programs, by the token  (none)
                        in DIR/api-token
  --name TEXT           shown in invites                             (Demo shop)
  --policy FILE         JSON: channels and contracts taken, prices   (peer/policy.json)
  --faucet URL          asks for test coins when the account is low  (NODE/devnet/faucet on ae_devnet)
  --minimum-depth N     blocks until a funding counts                (1)
  --tower LINK          a watchtower for new channels                (none)
  --take-over           goes on although another process used this key; only once that one is stopped`;

export interface Flags {
  data: string;
  node: string;
  listen: number;
  http: number;
  /** Null: no socket for programs. 0: any port. */
  api: number | null;
  name: string;
  policy: string;
  faucet: string | null;
  minimumDepth: number;
  tower: string | null;
  /** Goes on here, although another installation of the key was found at work. */
  takeOver: boolean;
}

/** A command line that cannot be used; the message says what to give instead. */
export class FlagError extends Error {
  override name = 'FlagError';
}

export function readFlags(args: string[]): Flags {
  let values: Record<string, string | undefined>;
  let takeOver: boolean;
  try {
    ({ 'take-over': takeOver = false, ...values } = parseArgs({
      args,
      options: {
        data: { type: 'string' },
        node: { type: 'string' },
        listen: { type: 'string' },
        http: { type: 'string' },
        api: { type: 'string' },
        name: { type: 'string' },
        policy: { type: 'string' },
        faucet: { type: 'string' },
        'minimum-depth': { type: 'string' },
        tower: { type: 'string' },
        'take-over': { type: 'boolean' },
      },
    }).values);
  } catch (error) {
    throw new FlagError(`${error instanceof Error ? error.message : error}\n${usage}`);
  }
  const whole = (name: string, fallback: number, most: number): number => {
    const text = values[name];
    if (text === undefined) return fallback;
    const value = Number(text);
    if (!/^\d+$/.test(text) || value > most)
      throw new FlagError(`--${name} is "${text}": give a whole number from 0 to ${most}`);
    return value;
  };
  const node = values.node ?? 'http://127.0.0.1:3013';
  if (!URL.canParse(node))
    throw new FlagError(`--node is "${node}": give a URL such as http://127.0.0.1:3013`);
  return {
    data: values.data ?? '.data/peer',
    node,
    listen: whole('listen', 3014, 65_535),
    http: whole('http', 3016, 65_535),
    api: values.api === undefined ? null : whole('api', 0, 65_535),
    name: values.name ?? 'Demo shop',
    policy: values.policy ?? 'peer/policy.json',
    faucet: values.faucet ?? null,
    takeOver,
    minimumDepth: whole('minimum-depth', 1, 1_000),
    tower: values.tower ?? null,
  };
}
