/**
 * Sites that pay at once, out of small budgets, over a channel between two real engines, while the link drops, the disk
 * fails, the other side pays too and the worker is killed between any two writes: nobody overspends, nothing is paid
 * twice or lost, and what is left of each budget is exact.
 */
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { pipe } from '../../bench/pipe.ts';
import { loadSiteAsks } from '../../src/background/dapps/approvals.ts';
import type { Budget } from '../../src/background/dapps/budget-rules.ts';
import { reservedOf } from '../../src/background/dapps/budget-rules.ts';
import { Budgets } from '../../src/background/dapps/budgets.ts';
import { PageError } from '../../src/background/dapps/errors.ts';
import { Gate } from '../../src/background/dapps/gate.ts';
import { loadSites } from '../../src/background/dapps/sites.ts';
import { signerFromSeed, verify } from '../../src/engine/crypto.ts';
import { Engine } from '../../src/engine/engine.ts';
import type { Clock, Link, Signer, Store, Transport } from '../../src/engine/ports.ts';
import { defaultSettings } from '../../src/engine/settings.ts';
import { encode } from '../../src/protocol/chain/address.ts';
import { pageErrors } from '../../src/rpc/page-errors.ts';
import { phase, random, until } from '../engine/party.ts';
import { scene } from '../engine/scene.ts';
import { copyDisk, type Disk, diskOf, type MortalStore, mortalStore } from './mortal.ts';

const { party, fund, chain } = scene(600, 150);
const unit = 10n ** 15n;
const origins = ['https://one.example', 'https://two.example', 'https://three.example'];
let signers: [Signer, Signer];
let disks: [Disk, Disk];
let channel: string;
let network: { networkId: string; chainHash: Uint8Array };

beforeAll(async () => {
  const seeds = [601, 602].map((n) => new Uint8Array(32).fill(n % 256)) as [Uint8Array, Uint8Array];
  signers = [await signerFromSeed(seeds[0]), await signerFromSeed(seeds[1])];
  const wallet = await party({ seed: seeds[0] });
  const shop = await party({ seed: seeds[1], listen: true });
  await fund(wallet);
  await fund(shop);
  const terms = {
    initiatorAmount: 60n * unit,
    responderAmount: 60n * unit,
    pushAmount: 0n,
    channelReserve: unit,
    lockPeriod: 10,
  };
  ({ id: channel } = await wallet.engine.open(shop.publicKey, shop.transport.addresses(), terms));
  for (const one of [wallet, shop]) await until('open', phase(one, channel), (value) => value === 'open');
  for (const one of [wallet, shop]) await one.engine.stop();
  disks = [await diskOf(wallet.store), await diskOf(shop.store)];
  network = await chain().status();
}, 120_000);

/** Time runs faster than outside, and ends with a life. */
function clockOf(): Clock & { end(): void } {
  const fast = 20;
  let ended = false;
  return {
    now: () => Date.now(),
    after(ms, callback) {
      const timer = setTimeout(() => ended || callback(), ms / fast);
      timer.unref();
      return () => clearTimeout(timer);
    },
    end() {
      ended = true;
    },
  };
}

/** The shop's way to whichever life of the wallet there is. */
function wires() {
  let incoming: (link: Link) => void = () => undefined;
  const links = new Set<Link>();
  const shop: Transport = {
    connect: async () => {
      throw new Error('the shop dials nobody');
    },
    onLink: (handler) => {
      incoming = handler;
    },
    addresses: () => ['/memory'],
    onAddresses: () => undefined,
    stop: async () => undefined,
  };
  return {
    shop,
    drop() {
      for (const link of [...links]) link.close();
      links.clear();
    },
    /** @param alive false: nothing of this life gets through any more */
    wallet(alive: () => boolean): Transport {
      const [mine, theirs] = pipe(signers[0].publicKey, signers[1].publicKey);
      theirs.onLink((link) => {
        links.add(link);
        if (alive()) incoming(link);
        else link.close();
      });
      return mine;
    },
  };
}

const startEngine = (own: 0 | 1, store: Store, transport: Transport, clock: Clock) =>
  Engine.start({
    store,
    signer: signers[own],
    verify,
    clock,
    random,
    transport,
    chain,
    network,
    settings: () => defaultSettings,
    acceptIncoming: () => false,
    watchInterval: 600_000,
    on: {
      changed: () => undefined,
      considering: () => undefined,
      committed: () => undefined,
      inband: () => undefined,
      storeFailed: () => undefined,
      chain: () => undefined,
      rival: () => undefined,
      foreign: () => undefined,
    },
  });

interface Life {
  gate: Gate;
  budgets: Budgets;
  engine: Engine;
  store: MortalStore;
  end(): void;
}

/** A worker that starts on what the last one left. */
async function live(disk: Disk, transportOf: (alive: () => boolean) => Transport): Promise<Life> {
  const store = mortalStore(disk);
  const clock = clockOf();
  let alive = true;
  const sites = await loadSites(store);
  const asks = await loadSiteAsks({
    store,
    clock,
    // What no budget covers is asked, and the person says no.
    changed: (ask) => ask && void asks.decide(ask.id, false).catch(() => undefined),
  });
  const push = () => undefined;
  const budgets = await Budgets.load({ store, clock, sites, asks, push, changed: push });
  const engine = await startEngine(
    0,
    store,
    transportOf(() => alive),
    clock,
  );
  await budgets.reconcile(engine);
  const address = encode('ak', signers[0].publicKey);
  const running = () => ({ engine, address, networkId: network.networkId });
  const gate = new Gate({ store, clock, random, sites, asks, budgets, running, wantUnlock: push, push });
  return {
    gate,
    budgets,
    engine,
    store,
    end() {
      alive = false;
      clock.end();
    },
  };
}

const site = fc.nat({ max: origins.length - 1 });
const step = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant('pay' as const),
      site,
      id: fc.nat({ max: 7 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.nat({ max: 30 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('drop' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('fail' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('shop' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('kill' as const), after: fc.nat({ max: 6 }) }) },
);
const run = fc.record({
  budgets: fc.array(
    fc.record({ amount: fc.integer({ min: 1, max: 12 }), once: fc.integer({ min: 1, max: 5 }) }),
    {
      minLength: origins.length,
      maxLength: origins.length,
    },
  ),
  /** What each request of a site is about: the same whenever it is repeated. */
  amounts: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 8, maxLength: 8 }),
  steps: fc.array(step, { minLength: 5, maxLength: 30 }),
});

test('parallel sites, failures and kills: no overspend, no lost or doubled payment, exact sums', async () => {
  await fc.assert(
    fc.asyncProperty(run, async ({ budgets: granted, amounts, steps }) => {
      const disk = copyDisk(disks[0]);
      const peer = encode('ak', signers[1].publicKey);
      const limits = granted.map(({ amount, once }) => ({
        amount: BigInt(amount) * unit,
        perUpdate: BigInt(Math.min(amount, once)) * unit,
      }));
      for (const [index, origin] of origins.entries()) {
        disk.sites!.set(origin, { origin, connectedAt: 1, peers: [peer] });
        const budget: Budget = {
          origin,
          channel,
          channelId: 'ch_',
          peer,
          ...limits[index]!,
          contracts: [],
          expiresAt: Date.now() + 3_600_000,
          requestId: 'granted',
          spent: 0n,
          reserved: [],
        };
        disk.budgets!.set(`${origin}/${channel}`, budget);
      }
      const net = wires();
      const shopClock = clockOf();
      const shop = await startEngine(1, mortalStore(copyDisk(disks[1])), net.shop, shopClock);
      let life = await live(disk, net.wallet);
      let shopPaid = 0;
      /** Answers that a page got: true where it was paid. Without one it does not know. */
      const answers = new Map<string, boolean>();
      const calls: Promise<unknown>[] = [];

      async function pay(index: number, id: number): Promise<void> {
        const origin = origins[index]!;
        const key = `${index} ${id}`;
        answers.delete(key);
        const params = {
          id: channel,
          amount: String(BigInt(amounts[id]!) * unit),
          note: key,
          requestId: `r${id}`,
        };
        try {
          await life.gate.handle(origin, 'channel.transfer', params);
          answers.set(key, true);
        } catch (error) {
          const stopped = error instanceof PageError && error.code === pageErrors.disconnected;
          if (!stopped) answers.set(key, false);
        }
      }
      /** The dead answer nobody: only the living are waited for. */
      const settled = () =>
        Promise.race([Promise.all(calls), life.store.died, new Promise((done) => setTimeout(done, 5_000))]);
      async function next(): Promise<void> {
        life.end();
        net.drop();
        calls.length = 0;
        life = await live(disk, net.wallet);
      }

      const online = () =>
        until(
          'online',
          () => life.engine.connection(life.engine.channel(channel)),
          (value) => value === 'online',
          10_000,
        );
      await online();
      for (const one of steps) {
        if (one.do === 'pay') calls.push(pay(one.site, one.id));
        else if (one.do === 'wait') await new Promise((done) => setTimeout(done, one.ms));
        else if (one.do === 'drop') net.drop();
        else if (one.do === 'fail') life.store.failNext();
        else if (one.do === 'shop') {
          const request = { scope: 'shop', id: `s${++shopPaid}`, amount: unit, note: null };
          void shop.request(channel, { ...request, direction: 'pay' });
        } else {
          life.store.dieAfter(one.after);
          await Promise.race([life.store.died, new Promise((done) => setTimeout(done, 150))]);
          await next();
        }
      }
      await settled();
      await next();
      await online();
      // Every page asks once more for what it ever wanted, one after the other: each hears how it ended.
      const wanted = new Set(steps.flatMap((one) => (one.do === 'pay' ? [`${one.site} ${one.id}`] : [])));
      for (const key of wanted) {
        const [index, id] = key.split(' ').map(Number) as [number, number];
        await pay(index, id);
      }

      const rows = await shop.history(channel, null, 10_000);
      const received = rows.flatMap(({ row }) => row.items.filter(({ kind }) => kind === 'received'));
      const notes = received.map(({ note }) => note!);
      expect(new Set(notes).size, 'nothing is paid twice').toBe(notes.length);
      expect(new Set(notes), 'what a page was told is what came').toEqual(
        new Set([...answers].flatMap(([key, paid]) => (paid ? [key] : []))),
      );
      for (const [index, origin] of origins.entries()) {
        const mine = received.filter(({ note }) => note!.startsWith(`${index} `));
        const sum = mine.reduce((total, { amount }) => total + amount!, 0n);
        const { amount, perUpdate } = limits[index]!;
        expect(sum, 'in all').toBeLessThanOrEqual(amount);
        for (const item of mine) expect(item.amount, 'at once').toBeLessThanOrEqual(perUpdate);
        const budget = life.budgets.of(origin, channel)!;
        expect(budget.spent, 'spent is what came').toBe(sum);
        expect(reservedOf(budget), 'nothing stays reserved').toBe(0n);
        const onDisk = () => disk.budgets!.get(`${origin}/${channel}`) as Budget;
        await until('on disk', onDisk, (row) => row.spent === sum && row.reserved.length === 0);
      }
      life.end();
      await life.engine.stop();
      await shop.stop();
      shopClock.end();
    }),
    { numRuns: Number(process.env.RUNS ?? 12), endOnFailure: true },
  );
}, 300_000);
