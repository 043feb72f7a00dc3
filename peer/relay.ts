/**
 * `npm run relay`: a libp2p circuit relay, at which browsers reserve a slot so that others reach them. It carries
 * streams that are encrypted end to end, and keeps nothing but its own key.
 */
import '../src/engine/transport/with-resolvers.ts';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { circuitRelayServer } from '@libp2p/circuit-relay-v2';
import { identify } from '@libp2p/identify';
import { ping } from '@libp2p/ping';
import { webSockets } from '@libp2p/websockets';
import { createLibp2p } from 'libp2p';
import { identityOf } from '../src/engine/transport/identity.ts';
import { commonOptions, listenError } from '../src/engine/transport/index.ts';
import { blake2b256 } from '../src/protocol/chain/signed.ts';
import { seedIn } from './service.ts';

const usage = `npm run relay -- [flags]
  --port N              where wallets connect (WebSocket)            (3015)
  --host ADDRESS        the IP address to listen at                  (127.0.0.1)
  --key-file FILE       the relay's key, made on the first run       (.data/relay.key)
  --devnet              the published key that the wallet's devnet preset names, for this computer only
  --address-file FILE   where to write the relay's multiaddr         (nowhere)`;

/** Wallets that may hold a slot, and connections and streams each may have open over it. */
const mostReservations = 10_000;
const mostStreams = 1_000;

export interface Relay {
  /** Where wallets reserve their slot: /ip4/127.0.0.1/tcp/3015/ws/p2p/<id>. */
  multiaddr: string;
  stop(): Promise<void>;
}

/** Port 0 takes a free one. Rejects with an error whose `code` is EADDRINUSE where the port is taken. */
export async function startRelay(options: { port: number; host: string; seed: Uint8Array }): Promise<Relay> {
  const family = options.host.includes(':') ? 'ip6' : 'ip4';
  const listen = [`/${family}/${options.host}/tcp/${options.port}/ws`];
  const node = await createLibp2p({
    ...commonOptions,
    start: false,
    privateKey: await identityOf(options.seed),
    addresses: { listen },
    transports: [webSockets()],
    connectionManager: {
      maxConnections: 2 * mostReservations,
      // Many wallets may come from one address: behind a proxy, or all at once after a restart.
      inboundConnectionThreshold: mostStreams,
      maxIncomingPendingConnections: mostStreams,
    },
    services: {
      identify: identify(),
      ping: ping(),
      relay: circuitRelayServer({
        maxInboundHopStreams: mostStreams,
        maxOutboundStopStreams: mostStreams,
        reservations: {
          maxReservations: mostReservations,
          // The default cuts a connection after 2 minutes or 128 KiB; a channel's lasts as long as both are there.
          applyDefaultLimit: false,
          // A day, in milliseconds; wallets renew before. Its end would cut the slot's connections.
          reservationTtl: 24 * 60 * 60 * 1000,
        },
      }),
    },
  });
  try {
    await node.start();
  } catch (error) {
    await node.stop();
    throw listenError(error, listen);
  }
  const address = node.getMultiaddrs()[0];
  if (!address) {
    await node.stop();
    throw new Error(`The relay has no address at ${listen.join()}`);
  }
  return { multiaddr: address.toString(), stop: async () => await node.stop() };
}

/** Known to everybody: a relay's key guards nothing but its name. */
export const devnetRelaySeed = blake2b256(new TextEncoder().encode('tandem devnet relay'));

/** Whole or not at all: who waits for the file never reads half an address. */
function writeAddress(file: string, address: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, `${address}\n`);
  renameSync(`${file}.new`, file);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '3015' },
      host: { type: 'string', default: '127.0.0.1' },
      'key-file': { type: 'string', default: '.data/relay.key' },
      'address-file': { type: 'string' },
      devnet: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(usage);
  const port = Number(values.port);
  if (!/^\d+$/.test(values.port) || port > 65_535)
    throw new Error(`--port is "${values.port}": give a whole number from 0 to 65535`);
  const seed = values.devnet
    ? devnetRelaySeed
    : seedIn(values['key-file'], 'Restore it, or delete it for a new relay id');
  const relay = await startRelay({ port, host: values.host, seed });
  if (values['address-file']) writeAddress(values['address-file'], relay.multiaddr);
  console.log(`relay: ${relay.multiaddr}`);
  const stop = () => {
    relay.stop().finally(() => process.exit(0));
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  main().catch((error: NodeJS.ErrnoException) => {
    const advice =
      error.code === 'EADDRINUSE' ? ': stop the program that uses it, or give another by --port' : '';
    const help = error.code?.startsWith('ERR_PARSE_ARGS') ? `\n${usage}` : '';
    console.error(`relay: ${error.message}${advice}${help}`);
    process.exit(1);
  });
}
