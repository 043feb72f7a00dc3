/** A local Aeternity chain behind the node's HTTP API v3. See README.md. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { beneficiary, devAccount, genesisBalances } from './accounts.ts';
import { adminRoutes } from './api/admin.ts';
import { nodeRoutes } from './api/routes.ts';
import { Chain, type Genesis } from './chain.ts';
import { decode } from './codes.ts';
import { Faucet } from './faucet.ts';
import { requestHandler } from './http.ts';
import { type OpenedChain, openChain } from './log.ts';
import { Miner } from './miner.ts';

export { devAccount } from './accounts.ts';
export type { Chain } from './chain.ts';

export interface DevnetOptions {
  /** TCP port; 0 takes a free one. Default 3013. */
  port?: number;
  /** Address to listen on. Default 127.0.0.1: whoever reaches it commands the chain. */
  host?: string;
  /** Default `ae_devnet`. */
  networkId?: string;
  /** Milliseconds between key blocks; 0: only on demand. Default 3000. */
  keyBlockMs?: number;
  /** Milliseconds from a transaction to its micro block; 0: only on demand. Default 300. */
  microBlockMs?: number;
  /** Directory in which the chain is kept; without it, it lives in memory. */
  data?: string;
  /** Height of the first key block after the genesis block. Default 1. */
  startHeight?: number;
  /** Height from which a close or slash with payload resets solo_round. Default 0: as the public chains today. */
  soloRoundResetHeight?: number;
  /** Further first balances: address -> aetto. */
  balances?: { [address: string]: bigint };
  /** Aetto for a unit of gas that the miner wants; what pays less waits. Default 10^9, which the mempool asks too. */
  minGasPrice?: bigint;
  /** Milliseconds since 1970. */
  now?: () => number;
}

export interface Devnet {
  /** `http://host:port`, without a slash at the end. */
  url: string;
  port: number;
  chain: Chain;
  miner: Miner;
  /** Stops mining and listening, and closes the file. */
  close(): Promise<void>;
}

/** Starts a devnet. Rejects where the port cannot be had (`EADDRINUSE`), or with DataError for an unusable directory. */
export async function startDevnet(options: DevnetOptions = {}): Promise<Devnet> {
  const {
    host = '127.0.0.1',
    keyBlockMs = 3000,
    microBlockMs = 300,
    startHeight = 1,
    now = Date.now,
  } = options;
  if (!Number.isSafeInteger(startHeight) || startHeight < 1) {
    throw new RangeError(`startHeight is ${startHeight}, needs a whole number from 1`);
  }
  const balances = Object.entries(options.balances ?? {}).map(
    ([address, amount]) => [decode(address, ['ak']), amount] as const,
  );
  const genesis: Genesis = {
    networkId: options.networkId ?? 'ae_devnet',
    height: startHeight - 1,
    time: now(),
    balances: genesisBalances(balances),
    soloRoundResetHeight: options.soloRoundResetHeight ?? 0,
  };
  // The port first: a second devnet by mistake fails there and leaves the first one's files alone.
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    // Once it listens: a connection that could not be taken, as with too many open files.
    server.on('error', reject);
    server.listen(options.port ?? 3013, host, resolve);
  });
  const closeServer = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  let opened: OpenedChain;
  try {
    opened = options.data ? openChain(options.data, genesis) : { chain: new Chain(genesis), close: () => {} };
  } catch (error) {
    await closeServer();
    throw error;
  }

  const { chain } = opened;
  if (chain.height === chain.genesis.height) chain.mineKey(now());
  if (options.minGasPrice !== undefined) chain.mode = { ...chain.mode, minGasPrice: options.minGasPrice };
  const miner = new Miner(chain, { keyBlockMs, microBlockMs }, now);
  const context = {
    chain,
    beneficiary: beneficiary.publicKey,
    peerKey: devAccount(1001).publicKey,
    posted: () => miner.wake(),
    now,
    startedAt: now(),
  };
  const routes = [...nodeRoutes, ...adminRoutes(miner, new Faucet(chain, miner))];
  server.on('request', requestHandler(context, routes));
  const { port } = server.address() as AddressInfo;
  const shown = host.includes(':') ? `[${host}]` : host;
  const close = async () => {
    miner.stop();
    await closeServer();
    opened.close();
  };
  return { url: `http://${shown}:${port}`, port, chain, miner, close };
}
