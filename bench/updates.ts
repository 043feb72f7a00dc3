/**
 * Payments per second over one channel between two engines with durable stores, beside the limit of the same run:
 * two signatures, two verifications and two durable commits in a row, nothing else. Runs in Node.js and in a worker.
 */

import { signerFromSeed, verify } from '../src/engine/crypto.ts';
import { Engine } from '../src/engine/engine.ts';
import { createNodeClient } from '../src/engine/node-client.ts';
import type { Clock, Signer, Store } from '../src/engine/ports.ts';
import { defaultSettings } from '../src/engine/settings.ts';
import { encode } from '../src/protocol/chain/address.ts';
import { pipe } from './pipe.ts';

const ae = 10n ** 18n;

export interface UpdatesResult {
  where: string;
  /** One payment after the other, each durable on both sides before the next. */
  single: { payments: number; perSecond: number; p50Ms: number; p99Ms: number; ofLimit: number };
  /** So many payments asked for at once, over and over: they share rounds. */
  queued: { payments: number; perSecond: number; rounds: number };
  /** Updates per second if an update were its two signatures, two verifications and two durable commits. */
  limit: { perSecond: number; p50Ms: number };
}

export interface UpdatesOptions {
  where: string;
  node: string;
  openStore(name: string): Promise<Store>;
  clock: Clock;
  random(length: number): Uint8Array;
  singles: number;
  queued: { batches: number; size: number };
}

export async function benchUpdates(options: UpdatesOptions): Promise<UpdatesResult> {
  const chain = createNodeClient({ url: options.node, timeoutMs: 10_000 });
  const { networkId, chainHash } = await chain.status();
  const signers = [
    await signerFromSeed(options.random(32)),
    await signerFromSeed(options.random(32)),
  ] as const;
  const [toB, toA] = pipe(signers[0].publicKey, signers[1].publicKey);
  const stores = [await options.openStore('a'), await options.openStore('b')] as const;
  const start = (signer: Signer, index: 0 | 1) => {
    const engine = Engine.start({
      store: stores[index],
      signer,
      verify,
      clock: options.clock,
      random: options.random,
      transport: index === 0 ? toB : toA,
      chain: () => chain,
      network: { networkId, chainHash },
      settings: () => defaultSettings,
      acceptIncoming: () => true,
      watchInterval: 100,
      on: {
        changed: () => undefined,
        considering: (actor) =>
          void engine.then((it) => it.wish(actor.id, { type: 'accept', minimumDepth: 0 })),
        committed: () => undefined,
        inband: () => undefined,
        storeFailed: (error) => {
          throw error;
        },
        chain: () => undefined,
      },
    });
    return engine;
  };
  const [a, b] = [await start(signers[0], 0), await start(signers[1], 1)];
  for (const signer of signers) await faucet(options.node, encode('ak', signer.publicKey));
  await until(async () => (await chain.account(signers[1].publicKey)).balance > 0n);
  await until(async () => (await chain.account(signers[0].publicKey)).balance > 0n);
  const { id } = await a.open(signers[1].publicKey, ['/memory'], {
    initiatorAmount: 100n * ae,
    responderAmount: 0n,
    pushAmount: 0n,
    channelReserve: 0n,
    lockPeriod: 10,
  });
  await until(async () => a.channel(id).channel.phase === 'open' && b.channel(id).channel.phase === 'open');

  let requests = 0;
  const pay = async () => {
    const request = {
      scope: 'bench',
      id: `r${++requests}`,
      amount: 1n,
      direction: 'pay' as const,
      note: null,
    };
    const outcome = await a.request(id, request);
    if (!outcome.ok) throw new Error(outcome.message);
  };
  for (let i = 0; i < 50; i++) await pay();

  const limit = await rawLimit(signers, stores, options.singles);
  const times: number[] = [];
  const began = performance.now();
  for (let i = 0; i < options.singles; i++) {
    const start = performance.now();
    await pay();
    times.push(performance.now() - start);
  }
  const singleRate = options.singles / ((performance.now() - began) / 1000);

  const { batches, size } = options.queued;
  const roundsBefore = a.channel(id).channel.latest!.number;
  const queuedBegan = performance.now();
  for (let i = 0; i < batches; i++) await Promise.all(Array.from({ length: size }, pay));
  const queuedRate = (batches * size) / ((performance.now() - queuedBegan) / 1000);
  const rounds = Number(a.channel(id).channel.latest!.number - roundsBefore);

  await a.stop();
  await b.stop();
  for (const store of stores) await store.close();
  return {
    where: options.where,
    single: {
      payments: options.singles,
      perSecond: round(singleRate),
      p50Ms: round(quantile(times, 0.5)),
      p99Ms: round(quantile(times, 0.99)),
      ofLimit: round(singleRate / limit.perSecond),
    },
    queued: { payments: batches * size, perSecond: round(queuedRate), rounds },
    limit,
  };
}

/** What no update can be faster than, with these keys and these stores. */
async function rawLimit(signers: readonly [Signer, Signer], stores: readonly [Store, Store], count: number) {
  const value = new Uint8Array(1500);
  const times: number[] = [];
  const began = performance.now();
  for (let i = 0; i < count; i++) {
    const start = performance.now();
    const bytes = new Uint8Array(41).fill(i);
    for (const [index, signer] of signers.entries()) {
      const signature = await signer.sign(bytes);
      if (!(await verify(signer.publicKey, bytes, signature))) throw new Error('a signature does not verify');
      await stores[index as 0 | 1].commit([{ table: 'meta', key: 'limit', value: { value, i } }]);
    }
    times.push(performance.now() - start);
  }
  return {
    perSecond: round(count / ((performance.now() - began) / 1000)),
    p50Ms: round(quantile(times, 0.5)),
  };
}

async function faucet(node: string, address: string): Promise<void> {
  await fetch(`${node}/devnet/faucet`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ address }),
  });
}

async function until(so: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 1000; i++) {
    if (await so()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('the benchmark did not get under way within 20 seconds');
}

const round = (value: number): number => Math.round(value * 1000) / 1000;
function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((x, y) => x - y);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}
