/**
 * Payments per second over one channel between two engines with durable stores, beside the limit of the same run:
 * two signatures, two verifications and two durable commits in a row, nothing else: of one small row each, and of the
 * rows that a payment writes. Runs in Node.js and in a worker.
 */
import { signerFromSeed, verify } from '../src/engine/crypto.ts';
import { Engine } from '../src/engine/engine.ts';
import { createNodeClient } from '../src/engine/node-client.ts';
import type { Clock, Signer, Store, Write } from '../src/engine/ports.ts';
import { defaultSettings, watchInterval } from '../src/engine/settings.ts';
import { encode } from '../src/protocol/chain/address.ts';
import type { ContractWish, Terms } from '../src/protocol/channel/index.ts';
import { pipe } from './pipe.ts';
import { mean, median, quantile } from './statistics.ts';

const ae = 10n ** 18n;

/** How much is measured. */
export interface Load {
  /** Each part is measured so many times, in turn with the others; the medians of them are the result. */
  runs: number;
  /** Payments one after the other, in each run. */
  singles: number;
  /** So many payments asked for at once, so many times in each run. */
  queued: { size: number; times: number };
}

export type UpdatesOptions = Load & Surroundings;

/** Where two engines run. */
export interface Surroundings {
  /** Of what the numbers are, for the reader. */
  where: string;
  /** URL of a devnet. */
  node: string;
  /** A fresh store. */
  openStore(name: string): Promise<Store>;
  clock: Clock;
  random(length: number): Uint8Array;
}

/** Milliseconds from asking for a payment to its outcome, which is durable on both sides then. */
export interface Rate {
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
}

export interface UpdatesResult {
  where: string;
  load: Load;
  /** Updates per second if an update were two signatures, two verifications and two durable commits in a row. */
  limit: Rate;
  /** The same where the commits are of as many rows, and as large ones, as a payment's: what is left of it without our code. */
  sameRows: Rate;
  /** One payment after the other. */
  single: Rate & {
    /** Part of the limit that is reached. */
    ofLimit: number;
    ofSameRows: number;
    /** Where a payment's milliseconds go: `other` is this project's own code and the event loop. */
    spentMs: Spent;
  };
  /** Many payments asked for at once: they share rounds. */
  queued: Rate & { paymentsPerRound: number };
}

export interface Spent {
  commits: number;
  signatures: number;
  verifications: number;
  other: number;
}

export async function benchUpdates(options: UpdatesOptions): Promise<UpdatesResult> {
  const meter = createMeter();
  const pair = await openChannel(options, meter);
  try {
    // The engines are warm when they are measured, as the limit is.
    for (let i = 0; i < 1000; i++) await pair.pay();
    await rawLimit(pair, 100, smallRow);
    const limits: Measured[] = [];
    const sameRows: Measured[] = [];
    const singles: (Measured & { spent: Spent })[] = [];
    const queues: (Measured & { rounds: number })[] = [];
    for (let run = 0; run < options.runs; run++) {
      limits.push(await rawLimit(pair, options.singles, smallRow));
      meter.reset();
      const single = await measure(options.singles, pair.pay);
      singles.push({ ...single, spent: meter.spent(single.seconds * 1000, options.singles) });
      sameRows.push(await rawLimit(pair, options.singles, rowsOf(pair)));
    }
    // Apart from the others: what it leaves for the store to tidy up, they would pay.
    for (let run = 0; run < options.runs; run++) queues.push(await queued(pair, options.queued));
    const limit = summary(limits);
    const single = summary(singles);
    const spent = (part: keyof Spent) => median(singles.map((one) => one.spent[part]));
    return {
      where: options.where,
      load: { runs: options.runs, singles: options.singles, queued: options.queued },
      limit,
      sameRows: summary(sameRows),
      single: {
        ...single,
        // Of neighbours in time: what else the machine does meets both alike.
        ofLimit: median(singles.map((one, run) => limits[run]!.seconds / one.seconds)),
        ofSameRows: median(singles.map((one, run) => sameRows[run]!.seconds / one.seconds)),
        spentMs: {
          commits: spent('commits'),
          signatures: spent('signatures'),
          verifications: spent('verifications'),
          other: spent('other'),
        },
      },
      queued: {
        ...summary(queues),
        paymentsPerRound: mean(queues.map((one) => one.times.length / one.rounds)),
      },
    };
  } finally {
    await pair.close();
  }
}

// ---- what is measured

interface Measured {
  seconds: number;
  /** Milliseconds of each. */
  times: number[];
}

export async function measure(count: number, work: (index: number) => Promise<unknown>): Promise<Measured> {
  const times: number[] = [];
  const began = performance.now();
  for (let i = 0; i < count; i++) {
    const start = performance.now();
    await work(i);
    times.push(performance.now() - start);
  }
  return { seconds: (performance.now() - began) / 1000, times };
}

export const summary = (runs: readonly Measured[]): Rate => ({
  perSecond: median(runs.map(({ times, seconds }) => times.length / seconds)),
  p50Ms: median(runs.map(({ times }) => quantile(times, 0.5))),
  p99Ms: median(runs.map(({ times }) => quantile(times, 0.99))),
});

async function queued(pair: Pair, { size, times: repeats }: Load['queued']) {
  const times: number[] = [];
  const before = pair.round();
  const { seconds } = await measure(repeats, async () => {
    const start = performance.now();
    const one = async () => {
      await pair.pay();
      times.push(performance.now() - start);
    };
    await Promise.all(Array.from({ length: size }, one));
  });
  return { seconds, times, rounds: Number(pair.round() - before) };
}

/** What a party commits in its turn of the limit, for the n-th time. */
type Rows = (party: 0 | 1, n: number) => Write[];

const smallRow: Rows = (_, n) => [{ table: 'meta', key: 'limit', value: { value: new Uint8Array(1500), n } }];

/** What each party last committed for a payment, as that of another channel: its record anew, the other rows added. */
function rowsOf({ lastCommits }: Pair): Rows {
  const commits = [...lastCommits];
  return (party, n) =>
    commits[party]!.map(({ table, key, value }) => {
      const other = `z${key.slice(1)}`;
      const numbered = () => other.replace(/\d+$/, (digits) => String(n).padStart(digits.length, '0'));
      return { table, key: table === 'channels' ? other : numbered(), value };
    });
}

/** What no update can be faster than, with these keys and these stores. */
function rawLimit(pair: Pair, count: number, rows: Rows): Promise<Measured> {
  const { signers, stores } = pair;
  return measure(count, async (i) => {
    pair.limits += 1;
    const bytes = new Uint8Array(41).fill(i);
    for (const [index, signer] of signers.entries()) {
      const signature = await signer.sign(bytes);
      if (!(await verify(signer.publicKey, bytes, signature))) throw new Error('a signature does not verify');
      await stores[index]!.commit(rows(index as 0 | 1, pair.limits));
    }
  });
}

// ---- the channel

/**
 * Two engines that take every channel, each with coins; `start` starts one on its store, again after it was stopped. What
 * they commit, sign and verify goes through the meter.
 */
export async function parties(options: Surroundings, meter = createMeter()) {
  const chain = createNodeClient({ url: options.node, timeoutMs: 30_000 });
  const { networkId, chainHash } = await chain.status();
  const signers = [
    await signerFromSeed(options.random(32)),
    await signerFromSeed(options.random(32)),
  ] as const;
  const stores = [await options.openStore('a'), await options.openStore('b')] as const;
  const lastCommits: [Write[], Write[]] = [[], []];
  const transports = pipe(signers[0].publicKey, signers[1].publicKey);
  const start = (index: 0 | 1, interval = watchInterval): Promise<Engine> => {
    const { publicKey, sign } = signers[index];
    const store = stores[index];
    const commit = (writes: readonly Write[]) => {
      lastCommits[index] = [...writes];
      return store.commit(writes);
    };
    const engine: Promise<Engine> = Engine.start({
      store: { ...store, commit: meter.timed('commits', commit) },
      signer: { publicKey, sign: meter.timed('signatures', sign) },
      verify: meter.timed('verifications', verify),
      clock: options.clock,
      random: options.random,
      transport: transports[index],
      chain: () => chain,
      network: { networkId, chainHash },
      settings: () => ({
        ...defaultSettings,
        contracts: 'any',
        contractStateLimit: Number.POSITIVE_INFINITY,
      }),
      acceptIncoming: () => true,
      watchInterval: interval,
      on: {
        changed: () => undefined,
        considering: (actor) =>
          void engine.then((it) => it.wish(actor.id, { type: 'accept', minimumDepth: 0 })),
        committed: () => undefined,
        inband: () => undefined,
        // The request that met it is answered with the reason.
        storeFailed: () => undefined,
        chain: () => undefined,
        rival: () => undefined,
        foreign: () => undefined,
      },
    });
    return engine;
  };
  for (const { publicKey } of signers) await fund(options.node, encode('ak', publicKey));
  for (const { publicKey } of signers)
    await until('coins', async () => (await chain.account(publicKey)).balance > 0n);

  let requests = 0;
  /** One payment of 1 aetto, or a contract, made or called. */
  async function request(engine: Engine, channel: string, contract?: ContractWish) {
    requests += 1;
    const outcome = await engine.request(channel, {
      scope: 'bench',
      id: `r${requests}`,
      amount: contract ? 0n : 1n,
      direction: 'pay',
      note: null,
      ...(contract && { contract }),
    });
    const what = contract ? 'contract' : 'payment';
    if (!outcome.ok) throw new Error(`a ${what} failed: ${outcome.code}: ${outcome.message}`);
    return outcome;
  }
  return { signers, stores, start, request, lastCommits };
}

export const terms = (initiatorAmount: bigint): Terms => ({
  initiatorAmount,
  responderAmount: 0n,
  pushAmount: 0n,
  channelReserve: 0n,
  lockPeriod: 10,
});

interface Pair {
  signers: readonly Signer[];
  stores: readonly Store[];
  /** What each party committed last. */
  lastCommits: readonly [readonly Write[], readonly Write[]];
  /** How often the limit was measured, which tells its rows apart. */
  limits: number;
  /** One payment of 1 aetto from the initiator. */
  pay(): Promise<void>;
  /** Makes or calls a contract, from the initiator. @returns the contract */
  request(contract: ContractWish): Promise<Uint8Array>;
  /** sequence_number of the last co-signed state. */
  round(): bigint;
  close(): Promise<void>;
}

/** Two engines and an open channel between them. */
export async function openChannel(options: Surroundings, meter?: Meter): Promise<Pair> {
  const { signers, stores, start, request, lastCommits } = await parties(options, meter);
  const [a, b] = [await start(0), await start(1)];
  const { id } = await a.open(signers[1].publicKey, ['/memory'], terms(100n * ae));
  const isOpen = (engine: Engine) => engine.channels()[0]?.channel.phase === 'open';
  await until('an open channel', async () => isOpen(a) && isOpen(b));
  return {
    signers,
    stores,
    lastCommits,
    limits: 0,
    pay: async () => void (await request(a, id)),
    async request(wish) {
      const { contract } = await request(a, id, wish);
      if (contract?.returnType !== 'ok')
        throw new Error(`a contract failed: ${new TextDecoder().decode(contract?.returnValue)}`);
      return contract.contract;
    },
    round: () => a.channel(id).channel.latest!.number,
    async close() {
      await Promise.all([a.stop(), b.stop()]);
      for (const store of stores) await store.close();
    },
  };
}

async function fund(node: string, address: string): Promise<void> {
  const answer = await fetch(`${node}/devnet/faucet`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ address }),
  });
  if (!answer.ok) throw new Error(`the faucet answered ${answer.status}: ${await answer.text()}`);
}

export async function until(what: string, so: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (!(await so())) {
    if (performance.now() > deadline) throw new Error(`not within 30 seconds: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

// ---- where the time goes

type Part = Exclude<keyof Spent, 'other'>;

interface Meter {
  timed<A extends unknown[], R>(part: Part, work: (...args: A) => Promise<R>): (...args: A) => Promise<R>;
  reset(): void;
  /** Milliseconds for each of `count` payments that took `ms` together. */
  spent(ms: number, count: number): Spent;
}

/** Adds up waiting times; right where one thing happens after the other, as with single payments. */
function createMeter(): Meter {
  let sums = { commits: 0, signatures: 0, verifications: 0 };
  return {
    timed:
      (part, work) =>
      async (...args) => {
        const start = performance.now();
        try {
          return await work(...args);
        } finally {
          sums[part] += performance.now() - start;
        }
      },
    reset() {
      sums = { commits: 0, signatures: 0, verifications: 0 };
    },
    spent(ms, count) {
      const { commits, signatures, verifications } = sums;
      return {
        commits: commits / count,
        signatures: signatures / count,
        verifications: verifications / count,
        other: (ms - commits - signatures - verifications) / count,
      };
    },
  };
}
