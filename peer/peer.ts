/** A headless party: the wallet's own engine over SQLite, listening for wallets, deciding by a policy. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { signerFromSeed, verify } from '../src/engine/crypto.ts';
import { Engine } from '../src/engine/engine.ts';
import { createNodeClient } from '../src/engine/node-client.ts';
import type { Clock } from '../src/engine/ports.ts';
import { defaultSettings } from '../src/engine/settings.ts';
import { createTransport } from '../src/engine/transport/index.ts';
import { encode } from '../src/protocol/chain/address.ts';
import { formatInvite } from '../src/rpc/invite.ts';
import type { Flags } from './flags.ts';
import { startHttp } from './http.ts';
import { createOrders } from './orders.ts';
import type { Policy } from './policy.ts';
import { openSqliteStore } from './store.ts';

const clock: Clock = {
  now: () => Date.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};

/** The account's seed: made on the first run, kept beside the channels, readable by its owner only. */
function seedOf(folder: string): Uint8Array {
  const file = join(folder, 'key');
  if (!existsSync(file)) writeFileSync(file, randomBytes(32).toString('hex'), { mode: 0o600 });
  const text = readFileSync(file, 'utf8').trim();
  if (!/^[0-9a-f]{64}$/.test(text))
    throw new Error(`${file} is damaged: it should hold 64 hex digits. Restore it.`);
  return Uint8Array.from(Buffer.from(text, 'hex'));
}

export interface Peer {
  address: string;
  invite: string;
  engine: Engine;
  stop(): Promise<void>;
}

export async function startPeer(flags: Flags, policy: Policy, log: (line: string) => void): Promise<Peer> {
  mkdirSync(flags.data, { recursive: true });
  const seed = seedOf(flags.data);
  const signer = await signerFromSeed(seed);
  const chain = createNodeClient({ url: flags.node, timeoutMs: 10_000 });
  const status = await untilAnswered(() => chain.status(), flags.node, log);
  const store = openSqliteStore(join(flags.data, 'channels.sqlite'));
  const transport = await createTransport({
    seed,
    mode: 'listen',
    listen: [`/ip4/127.0.0.1/tcp/${flags.listen}/ws`],
  });
  const orders = createOrders(policy.prices);
  const engine = await Engine.start({
    store,
    signer,
    verify,
    clock,
    random: (length) => Uint8Array.from(randomBytes(length)),
    transport,
    chain: () => chain,
    network: { networkId: status.networkId, chainHash: status.chainHash },
    settings: () => ({ ...defaultSettings, policy: policy.accept, contracts: policy.contracts }),
    acceptIncoming: () => true,
    watchInterval: 1_000,
    on: {
      changed: () => undefined,
      considering(actor) {
        log(`channel ${actor.id.slice(0, 8)}: accepted by policy`);
        engine
          .wish(actor.id, { type: 'accept', minimumDepth: flags.minimumDepth })
          .catch((error) => log(String(error)));
      },
      committed(actor, items) {
        for (const item of items) {
          orders.take(item);
          log(`channel ${actor.id.slice(0, 8)}: ${item.kind} ${item.amount ?? ''} ${item.note ?? ''}`.trim());
        }
        refill().catch(() => undefined);
      },
      inband: () => undefined,
      storeFailed: (error) =>
        log(`The store failed, nothing was sent: ${error instanceof Error ? error.message : error}`),
      chain: (_, problem) => problem && log(`The node cannot be asked: ${problem}`),
    },
  });
  await orders.rebuild(engine);

  const address = encode('ak', signer.publicKey);
  const faucet = flags.faucet ?? (status.networkId === 'ae_devnet' ? `${flags.node}/devnet/faucet` : null);
  /** A shop on a test network keeps itself able to fund channels. */
  async function refill(): Promise<void> {
    if (!faucet) return;
    const { balance } = await chain.account(signer.publicKey);
    if (balance >= 1_000n * 10n ** 18n) return;
    await fetch(faucet, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ address, amount: (5_000n * 10n ** 18n).toString() }),
    });
  }
  await refill().catch((error) => log(`No test coins: ${error instanceof Error ? error.message : error}`));

  const invite = () =>
    formatInvite({
      peer: signer.publicKey,
      networkId: status.networkId,
      addresses: transport.addresses(),
      name: flags.name,
    });
  const http = await startHttp(
    flags.http,
    () => ({
      name: flags.name,
      address,
      invite: invite(),
      networkId: status.networkId,
      prices: Object.fromEntries([...policy.prices].map(([item, price]) => [item, price.toString()])),
    }),
    orders,
  );
  return {
    address,
    invite: invite(),
    engine,
    async stop() {
      http.close();
      http.closeAllConnections();
      await engine.stop();
      await transport.stop();
      await store.close();
    },
  };
}

async function untilAnswered<T>(ask: () => Promise<T>, url: string, log: (line: string) => void): Promise<T> {
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
