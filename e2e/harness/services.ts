/** The other parts of the world: a chain in this process, relay and shop peer as programs of their own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Devnet, type DevnetOptions, startDevnet } from '../../devnet/index.ts';
import { program } from './program.ts';

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as { port: number };
  await new Promise((done) => server.close(done));
  return port;
}

/** A chain on a free port. Blocks come quickly, unless told otherwise. */
export async function devnet(options: DevnetOptions = {}) {
  const chain = await startDevnet({ port: 0, keyBlockMs: 1_000, microBlockMs: 100, ...options });
  return Object.assign(chain, {
    /** Test coins (aetto) from the faucet. */
    fund: (address: string, amount: bigint) =>
      post(chain, '/devnet/faucet', { address, amount: amount.toString() }),
    mine: (keyBlocks: number) => post(chain, '/devnet/mine', { keyBlocks }),
    /** On-chain balance in aetto; 0 for an account that is not on chain. */
    async balance(address: string): Promise<bigint> {
      const response = await fetch(`${chain.url}/v3/accounts/${address}?int-as-string=true`);
      if (response.status === 404) return 0n;
      // Amounts can be over 2^53: read as text, not as a number.
      const digits = /"balance":\s*"?(\d+)/.exec(await response.text())?.[1];
      if (digits === undefined) throw new Error(`the node told no balance of ${address}`);
      return BigInt(digits);
    },
  });
}

async function post(chain: Devnet, path: string, body: object): Promise<unknown> {
  const response = await fetch(chain.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`devnet: POST ${path}: ${response.status} ${text}`);
  return text ? JSON.parse(text) : null;
}

/** A relay on a free port with a fresh key, and its libp2p address. */
export async function relay() {
  const directory = mkdtempSync(join(tmpdir(), 'tandem-relay-'));
  const args = ['--port', String(await freePort()), '--key-file', join(directory, 'relay.key')];
  const running = program('peer/relay.ts', args);
  const [address] = await running.printed(/\/ip4\/\S+\/p2p\/\w+/);
  return {
    ...running,
    address,
    async stop() {
      await running.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

export interface ShopJson {
  name: string;
  address: string;
  invite: string;
  networkId: string;
  prices: Record<string, string>;
}

/** A shop peer with a fresh key and store (or those in `data`). */
export async function shop(node: string, { data, args = [] }: { data?: string; args?: string[] } = {}) {
  const directory = data ?? mkdtempSync(join(tmpdir(), 'tandem-peer-'));
  const [listen, http] = [await freePort(), await freePort()];
  const peer = program('peer/main.ts', [
    ...['--data', directory, '--node', node, '--listen', String(listen), '--http', String(http)],
    ...args,
  ]);
  await peer.printed(/invite tandem:/);
  const url = `http://127.0.0.1:${http}`;
  return {
    ...peer,
    url,
    info: (await (await fetch(`${url}/shop.json`)).json()) as ShopJson,
    order: async (id: string) =>
      (await (await fetch(`${url}/orders/${id}`)).json()) as { paid: boolean; item: string; amount: string },
    async stop() {
      await peer.stop();
      if (!data) rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** A watchtower with a fresh key and store, and the link that wallets take. */
export async function watchtower(node: string) {
  const directory = mkdtempSync(join(tmpdir(), 'tandem-tower-'));
  const args = ['--data', directory, '--node', node, '--listen', String(await freePort())];
  const running = program('watchtower/main.ts', args);
  const [, address] = await running.printed(/account (ak_\w+)/);
  const [, link] = await running.printed(/link (tandem:tower\S+)/);
  return {
    ...running,
    address: address!,
    link: link!,
    async stop() {
      await running.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
