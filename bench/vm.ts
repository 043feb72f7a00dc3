/**
 * The contract machine: calls per second of small functions by themselves and co-signed between two engines with durable
 * stores, and what a call costs beside a store of 10, 1,000 and 100,000 map entries.
 */

import { callData } from '../examples/shared/fate.ts';
import { compiled } from '../scripts/contracts.ts';
import { decode } from '../src/protocol/chain/address.ts';
import type { EntryOf } from '../src/protocol/state/entries.ts';
import { channelTrees, type Trees } from '../src/protocol/state/trees.ts';
import { applyContractEntry, nothingOnChain, pruneCalls } from '../src/protocol/vm/index.ts';
import { median } from './statistics.ts';
import { measure, openChannel, type Rate, type Surroundings, summary } from './updates.ts';

/** How much is measured. */
export interface VmLoad {
  /** Each part is measured so many times; the medians are the result. */
  runs: number;
  /** Calls in each run, by themselves and co-signed. */
  calls: number;
  cosigned: number;
  /** Entries of the map in the store. */
  entries: number[];
}

/** Of one size of store. */
export interface SizeResult {
  entries: number;
  /** Milliseconds of a call that leaves the map alone, of one that changes an entry, and of one of another contract. */
  untouchedMs: number;
  touchedMs: number;
  besideMs: number;
  /** Milliseconds of a co-signed call that changes an entry. */
  cosignedMs: number;
}

export interface VmResult {
  where: string;
  load: VmLoad;
  calls: { name: string; perSecond: number; ms: number }[];
  cosigned: { payment: Rate; call: Rate };
  sizes: SizeResult[];
}

const owner = new Uint8Array(32).fill(1);
const other = new Uint8Array(32).fill(2);
const code = () => decode('cb', compiled('Bench').code);
const data = (name: string, ...args: number[]) => decode('cb', callData(name, ...args));

export async function benchVm(options: Surroundings & VmLoad): Promise<VmResult> {
  const { runs, calls, cosigned, entries } = options;
  const machine = new Machine();
  const [contract, beside] = [machine.create(), machine.create()];
  const rate = (work: () => void) => {
    const ms = machine.time(runs, calls, work);
    return { perSecond: 1000 / ms, ms };
  };
  const small = [
    { name: 'identity', ...rate(() => machine.call(contract, 'identity', 42)) },
    { name: 'counter', ...rate(() => machine.call(contract, 'increment')) },
    { name: 'map update', ...rate(() => machine.call(contract, 'update', 1, 2)) },
    { name: 'fold of 1,000 elements', ...rate(() => machine.call(contract, 'fold', 1_000)) },
  ];
  const sizes: Omit<SizeResult, 'cosignedMs'>[] = [];
  let filled = 0;
  for (const size of entries) {
    machine.call(contract, 'fill', filled + 1, size);
    filled = size;
    const next = keys(size);
    sizes.push({
      entries: size,
      untouchedMs: machine.time(runs, calls, () => machine.call(contract, 'increment')),
      touchedMs: machine.time(runs, calls, () => machine.call(contract, 'update', ...next())),
      besideMs: machine.time(runs, calls, () => machine.call(beside, 'increment')),
    });
  }
  const together = await benchCosigned(options);
  return {
    where: options.where,
    load: { runs, calls, cosigned, entries },
    calls: small,
    cosigned: { payment: together.payment, call: together.call },
    sizes: sizes.map((size, index) => ({ ...size, cosignedMs: together.sizes[index]! })),
  };
}

/** Between two engines, which work while nothing else does. */
async function benchCosigned(options: Surroundings & VmLoad) {
  const pair = await openChannel(options);
  try {
    const contract = await pair.request({ type: 'create', ctVersion, code: code(), callData: data('init') });
    const call = (name: string, ...args: number[]) =>
      pair.request({
        type: 'call',
        contract,
        abiVersion: 3n,
        gas: 6_000_000n,
        gasPrice: 10n ** 9n,
        callData: data(name, ...args),
      });
    const rate = async (work: () => Promise<unknown>) => {
      await measure(options.cosigned, work);
      const measured = [];
      for (let run = 0; run < options.runs; run++) measured.push(await measure(options.cosigned, work));
      return summary(measured);
    };
    const payment = await rate(() => pair.pay());
    const increment = await rate(() => call('increment'));
    const sizes: number[] = [];
    let filled = 0;
    for (const size of options.entries) {
      while (filled < size) {
        const next = Math.min(size, filled + fillStep);
        await call('fill', filled + 1, next);
        filled = next;
      }
      const next = keys(size);
      sizes.push((await rate(() => call('update', ...next()))).p50Ms);
    }
    return { payment, call: increment, sizes };
  } finally {
    await pair.close();
  }
}

/** Key and value for one update after the other, all over a map of this size. */
function keys(size: number): () => [key: number, value: number] {
  let value = 0;
  return () => {
    value += 1;
    return [1 + ((value * 7919) % size), value];
  };
}

const ctVersion = 0x80003n;
/** Entries that one call adds: within the gas of a block. */
const fillStep = 2_000;

/** The machine by itself, on a channel's trees. */
class Machine {
  #trees: Trees = channelTrees([
    { pubkey: owner, balance: 10n ** 20n },
    { pubkey: other, balance: 10n ** 20n },
  ]);
  #round = 1n;

  create(): Uint8Array {
    return this.#apply({
      type: 'create',
      owner,
      ctVersion,
      code: code(),
      deposit: 0n,
      callData: data('init'),
    });
  }

  call(contract: Uint8Array, name: string, ...args: number[]): void {
    this.#apply({
      type: 'call',
      caller: owner,
      contract,
      abiVersion: 3n,
      amount: 0n,
      // The map is filled in one call: far more than a block takes.
      gas: 2n ** 40n,
      gasPrice: 10n ** 9n,
      callData: data(name, ...args),
      callStack: [],
    });
  }

  /** Milliseconds of one call. */
  time(runs: number, calls: number, work: () => void): number {
    for (let i = 0; i < calls; i++) work();
    const times: number[] = [];
    for (let run = 0; run < runs; run++) {
      const began = performance.now();
      for (let i = 0; i < calls; i++) work();
      times.push((performance.now() - began) / calls);
    }
    return median(times);
  }

  #apply(entry: EntryOf<'create' | 'call'>): Uint8Array {
    this.#round += 1n;
    const applied = applyContractEntry(pruneCalls(this.#trees), entry, {
      round: this.#round,
      reserve: 0n,
      height: 1n,
      time: 0n,
      beneficiary: other,
      difficulty: 0n,
      networkId: 'ae_devnet',
      blockHash: () => new Uint8Array(32),
      onChain: nothingOnChain,
    });
    if (applied.status === 'refused') throw new Error(`a call was refused: ${applied.reason}`);
    if (applied.outcome !== 'ok') throw new Error(`a call failed: ${applied.outcome}`);
    this.#trees = applied.trees;
    // What both sign is the hash: without it the trees would be left unhashed.
    applied.trees.contracts.rootHash;
    return applied.contract;
  }
}
