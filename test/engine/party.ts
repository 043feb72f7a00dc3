/** A whole party in this process: the engine over a real store, real streams and a running chain. */
import { cpSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteStore } from '../../peer/store.ts';
import type { ChannelActor } from '../../src/engine/actor.ts';
import { signerFromSeed, verify } from '../../src/engine/crypto.ts';
import { Engine } from '../../src/engine/engine.ts';
import { createNodeClient } from '../../src/engine/node-client.ts';
import type { Store, Transport } from '../../src/engine/ports.ts';
import { defaultSettings } from '../../src/engine/settings.ts';
import { startTowerClient, type TowerAddress, type TowerClient } from '../../src/engine/tower-client.ts';
import { createTransport } from '../../src/engine/transport/index.ts';
import { encode } from '../../src/protocol/chain/address.ts';
import type { HistoryEntry, Settings } from '../../src/protocol/channel/index.ts';

export const clock = {
  now: () => Date.now(),
  after(ms: number, callback: () => void) {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};
export const random = (length: number) => crypto.getRandomValues(new Uint8Array(length));

export interface Party {
  engine: Engine;
  transport: Transport;
  store: Store;
  address: string;
  publicKey: Uint8Array;
  items: { id: string; entry: HistoryEntry }[];
  problems: string[];
  /** Messages of the application. */
  inband: Uint8Array[];
  folder: string;
  /** Where it has a watchtower. */
  tower: TowerClient | null;
  stop(): Promise<void>;
}

export interface PartyOptions {
  node: string;
  seedByte: number;
  /** The account's seed, where it is not 32 times `seedByte`. */
  seed?: Uint8Array;
  listen?: boolean;
  relay?: string | null;
  /** Where an earlier life of this party kept its channels. */
  folder?: string;
  store?: Store;
  settings?: Partial<Settings>;
  minimumDepth?: number;
  /** Its time, where it is not the machine's. */
  now?(): number;
  /** New channels name it. */
  tower?: TowerAddress;
  /** Decides about proposed channels; accepts all by default. */
  onConsidering?(engine: Engine, actor: ChannelActor): void;
}

export async function startParty(options: PartyOptions): Promise<Party> {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'tandem-party-'));
  const seed = options.seed ?? new Uint8Array(32).fill(options.seedByte);
  const signer = await signerFromSeed(seed);
  const chain = createNodeClient({ url: options.node, timeoutMs: 5_000 });
  const status = await chain.status();
  const store = options.store ?? openSqliteStore(join(folder, 'channels.sqlite'));
  const transport = await createTransport({
    seed,
    mode: options.listen ? 'listen' : 'dial',
    listen: ['/ip4/127.0.0.1/tcp/0/ws'],
    relay: options.relay ?? null,
  });
  let tower: TowerClient | null = null;
  const items: Party['items'] = [];
  const problems: string[] = [];
  const inband: Uint8Array[] = [];
  const engine: Engine = await Engine.start({
    store,
    signer,
    verify,
    clock: options.now ? { ...clock, now: options.now } : clock,
    random,
    transport,
    chain: () => chain,
    network: { networkId: status.networkId, chainHash: status.chainHash },
    settings: () => ({
      ...defaultSettings,
      ...options.settings,
      ...(options.tower ? { delegates: [options.tower.account] } : {}),
    }),
    acceptIncoming: () => true,
    watchInterval: 50,
    on: {
      changed: (actor) => tower?.changed(actor),
      considering(actor) {
        if (options.onConsidering) return options.onConsidering(engine, actor);
        void engine.wish(actor.id, { type: 'accept', minimumDepth: options.minimumDepth ?? 1 });
      },
      committed: (actor, entries) => items.push(...entries.map((entry) => ({ id: actor.id, entry }))),
      inband: (_actor, data) => inband.push(data),
      storeFailed: (error) => problems.push(String(error)),
      chain: () => undefined,
      rival: () => undefined,
      foreign: () => undefined,
    },
  });
  if (options.tower)
    tower = await startTowerClient({
      tower: options.tower,
      transport,
      store,
      clock,
      chainHash: status.chainHash,
      actors: () => engine.channels(),
      changed: () => undefined,
    });
  return {
    engine,
    tower,
    transport,
    store,
    address: encode('ak', signer.publicKey),
    publicKey: signer.publicKey,
    items,
    problems,
    inband,
    folder,
    async stop() {
      tower?.stop();
      await engine.stop();
      await transport.stop();
      await store.close();
    },
  };
}

/** Waits until it is so; fails with what it last was. */
export async function until<T>(
  what: string,
  read: () => T | Promise<T>,
  so: (value: T) => boolean,
  ms = 15_000,
): Promise<T> {
  const end = Date.now() + ms;
  for (;;) {
    const value = await read();
    if (so(value)) return value;
    if (Date.now() > end) throw new Error(`${what}: still ${String(value)} after ${ms} ms`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

export const phase = (party: Party, id: string) => () => party.engine.channel(id).channel.phase;
export const number = (party: Party, id: string) => () =>
  party.engine.channel(id).channel.latest?.number ?? -1n;
export const seenOnChain = (party: Party, id: string) =>
  until(
    'seen on chain',
    () => party.engine.channel(id).channel.onChain,
    (object) => object !== null,
  );
export const online = (party: Party, id: string, ms?: number) =>
  until(
    'online',
    () => party.engine.connection(party.engine.channel(id)),
    (value) => value === 'online',
    ms,
  );

/** Nothing that was signed before the loss is in doubt any more, and the other side is there. */
export async function settled(party: Party, id: string): Promise<void> {
  await until(
    'older transactions are void',
    () => party.engine.channel(id).channel.doubt,
    (doubt) => !doubt,
    30_000,
  );
  await online(party, id, 30_000);
}

/** A copy of what this party has on disk now: what a cheater keeps for later. */
export function oldDisk({ folder }: Party): string {
  const copy = mkdtempSync(join(tmpdir(), 'tandem-old-'));
  cpSync(folder, copy, { recursive: true });
  return copy;
}
