/** A headless party: the wallet's own engine over SQLite, listening for wallets, deciding by a policy. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ChannelActor } from '../src/engine/actor.ts';
import { signerFromSeed, verify } from '../src/engine/crypto.ts';
import { Engine } from '../src/engine/engine.ts';
import { createNodeClient } from '../src/engine/node-client.ts';
import { defaultSettings, watchInterval } from '../src/engine/settings.ts';
import { startTowerClient, type TowerClient } from '../src/engine/tower-client.ts';
import { createTransport } from '../src/engine/transport/index.ts';
import { encode } from '../src/protocol/chain/address.ts';
import { formatInvite, parseTowerLink } from '../src/rpc/invite.ts';
import { createApi } from './api/index.ts';
import type { Flags } from './flags.ts';
import { startHttp } from './http.ts';
import { loadOrders } from './orders.ts';
import type { Policy } from './policy.ts';
import { clock, faucetOf, random, seedIn, topUp, untilAnswered } from './service.ts';
import { openSqliteStore } from './store.ts';

export interface Peer {
  address: string;
  invite: string;
  engine: Engine;
  /** The socket for programs, and where its token is. */
  api: { url: string; tokenFile: string } | null;
  stop(): Promise<void>;
}

export async function startPeer(flags: Flags, policy: Policy, log: (line: string) => void): Promise<Peer> {
  mkdirSync(flags.data, { recursive: true });
  const seed = seedIn(join(flags.data, 'key'));
  const signer = await signerFromSeed(seed);
  const chain = createNodeClient({ url: flags.node, timeoutMs: 10_000 });
  const status = await untilAnswered(() => chain.status(), flags.node, log);
  const store = openSqliteStore(join(flags.data, 'channels.sqlite'));
  const transport = await createTransport({
    seed,
    mode: 'listen',
    listen: [`/ip4/127.0.0.1/tcp/${flags.listen}/ws`],
  });
  // Before the engine, which commits what counts here too.
  const account = { networkId: status.networkId, key: signer.publicKey };
  const orders = await loadOrders(store, account, policy.prices);
  const tower = flags.tower === null ? null : parseTowerLink(flags.tower);
  if (tower && tower.networkId !== status.networkId)
    throw new Error(`--tower is for ${tower.networkId}, the node is on ${status.networkId}: give another.`);
  const delegates = tower ? [tower.peer] : [];
  let client: TowerClient | null = null;
  const address = encode('ak', signer.publicKey);
  let running: { engine: Engine; address: string; networkId: string } | null = null;
  const limits = policy.api;
  const api =
    flags.api === null
      ? null
      : await createApi({
          ...{ port: flags.api, data: flags.data, store, clock, random, limits, log },
          running: () => running,
        });
  const faucet = faucetOf(flags.faucet, flags.node, status.networkId);
  /** A shop on a test network keeps itself able to fund channels. */
  const refill = () =>
    topUp({ chain, faucet, account: signer.publicKey }, 1_000n * 10n ** 18n, 5_000n * 10n ** 18n);
  // The engine calls back while it starts: it ends openings of before, and wallets propose new ones.
  let started: Engine | null = null;
  const proposed: ChannelActor[] = [];
  function accept(engine: Engine, actor: ChannelActor): void {
    log(`channel ${actor.id.slice(0, 8)}: accepted by policy`);
    engine
      .wish(actor.id, { type: 'accept', minimumDepth: flags.minimumDepth })
      .catch((error) => log(String(error)));
  }
  const engine = await Engine.start({
    store,
    signer,
    verify,
    clock,
    random,
    transport,
    chain: () => chain,
    network: { networkId: status.networkId, chainHash: status.chainHash },
    settings: () => ({ ...defaultSettings, policy: policy.accept, delegates, contracts: policy.contracts }),
    acceptIncoming: () => true,
    watchInterval,
    on: {
      changed(actor) {
        client?.changed(actor);
        api?.changed(actor);
      },
      considering(actor) {
        if (started) accept(started, actor);
        else proposed.push(actor);
      },
      committed(actor, items) {
        for (const item of items) {
          orders.take(item);
          log(`channel ${actor.id.slice(0, 8)}: ${item.kind} ${item.amount ?? ''} ${item.note ?? ''}`.trim());
        }
        refill().catch(() => undefined);
      },
      inband: (actor, data) => api?.message(actor, data),
      storeFailed: (error) =>
        log(`The store failed, nothing was sent: ${error instanceof Error ? error.message : error}`),
      chain: (_, problem) => problem && log(`The node cannot be asked: ${problem.message}`),
      rival: () =>
        log(
          'Another process uses this key: a channel has a later state than this store. This peer has stopped. Stop the other one, then start this one with --take-over.',
        ),
      foreign: () => log('A transaction of this account was made by another program.'),
    },
  });
  started = engine;
  for (const actor of proposed) accept(engine, actor);
  if (flags.takeOver) await engine.takeOver();
  else if (engine.rival())
    log(
      'This peer has stopped: another process uses its key. Start it with --take-over once that one is stopped.',
    );
  if (tower)
    client = await startTowerClient({
      tower: { account: tower.peer, addresses: tower.addresses },
      transport,
      store,
      clock,
      chainHash: status.chainHash,
      actors: () => engine.channels(),
      changed: () => undefined,
    });

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
  running = { engine, address, networkId: status.networkId };
  await api?.start();
  return {
    address,
    invite: invite(),
    engine,
    api,
    async stop() {
      await api?.stop();
      http.close();
      http.closeAllConnections();
      client?.stop();
      await engine.stop();
      await transport.stop();
      await store.close();
    },
  };
}
