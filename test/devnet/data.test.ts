/** The chain on disk survives restarts and crashes. */
import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Devnet } from '../../devnet/index.ts';
import { address, ae, alice, bob, call, open, pay, post, quietDevnet } from './support.ts';

let data: string;
let log: string;
const running = new Set<Devnet>();

beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'devnet-'));
  log = join(data, 'chain.log');
});
afterEach(async () => {
  await Promise.all([...running].map(stop));
  rmSync(data, { recursive: true });
});

async function start(): Promise<Devnet> {
  const devnet = await quietDevnet({ data });
  running.add(devnet);
  return devnet;
}

async function stop(devnet: Devnet): Promise<void> {
  running.delete(devnet);
  await devnet.close();
}

/** All that a client can see of the chain. */
async function view(devnet: Devnet, ids: string[]) {
  const paths = [
    '/v3/headers/top',
    '/v3/key-blocks/height/0',
    ...[alice, bob].map((account) => `/v3/accounts/${address(account)}`),
    ...ids.map((id) => `/v3/transactions/${id}`),
    ...Array.from({ length: devnet.chain.height + 1 }, (_, height) => `/v3/generations/height/${height}`),
    '/devnet/state',
  ];
  return Promise.all(paths.map(async (path) => (await call(devnet, path)).text));
}

/** Mined, waiting, dropped and reorganised transactions. */
async function live(devnet: Devnet): Promise<string[]> {
  const transactions = [open(1n).transaction, pay(alice, bob, ae, 2n), pay(bob, alice, 2n * ae, 1n)];
  for (const transaction of transactions) {
    expect((await post(devnet, transaction)).status).toBe(200);
    devnet.miner.mineMicro();
    devnet.miner.mineKeys(1);
  }
  await call(devnet, '/devnet/reorg', { depth: 2, drop: [transactions[2]!.id] });
  devnet.miner.mineMicro();
  const waiting = pay(alice, bob, 10_000n * ae, 3n);
  await post(devnet, waiting);
  return [...transactions, waiting].map(({ id }) => id);
}

describe('a restart', () => {
  it('gives the same chain, mempool and hashes', async () => {
    const first = await start();
    const ids = await live(first);
    const before = await view(first, ids);
    await stop(first);
    const second = await start();
    expect(await view(second, ids)).toEqual(before);
    const more = pay(bob, alice, ae, 1n);
    expect((await post(second, more)).status).toBe(200);
    expect(second.miner.mineMicro()?.transactions.map(({ id }) => id)).toEqual([more.id]);
  });

  it('after a crash without closing gives the same chain', async () => {
    const crashed = await start();
    const ids = await live(crashed);
    const before = await view(crashed, ids);
    const copy = readFileSync(log);
    await stop(crashed);
    writeFileSync(log, copy);
    expect(await view(await start(), ids)).toEqual(before);
  });

  it('removes a last line that was cut off at any byte, and goes on', async () => {
    const first = await start();
    await live(first);
    const top = first.chain.topBlock.hash;
    first.miner.mineKeys(1);
    await stop(first);
    const text = readFileSync(log, 'utf8');
    const lastLine = text.trimEnd().lastIndexOf('\n') + 1;
    for (const cut of [lastLine + 1, lastLine + 7, text.length - 1]) {
      writeFileSync(log, text);
      truncateSync(log, cut);
      const again = await start();
      expect(again.chain.topBlock.hash).toEqual(top);
      again.miner.mineKeys(1);
      await stop(again);
      const third = await start();
      expect(third.chain.height).toBe(again.chain.height);
      await stop(third);
    }
  });

  it('refuses a file that is damaged in the middle, with the number of the line', async () => {
    const first = await start();
    await live(first);
    await stop(first);
    const lines = readFileSync(log, 'utf8').split('\n');
    lines[2] = lines[2]!.slice(0, 20);
    writeFileSync(log, lines.join('\n'));
    await expect(start()).rejects.toThrow(/chain\.log: line 3 is damaged .*move the file away/);
  });

  it('refuses the chain of another network', async () => {
    await stop(await start());
    await expect(quietDevnet({ data, networkId: 'ae_other' })).rejects.toThrow(
      /holds a chain of network ae_devnet, not ae_other; use another --data directory/,
    );
  });

  it('starts anew where only a part of the first line was written', async () => {
    appendFileSync(log, '{"version":1,"netw');
    expect((await start()).chain.height).toBe(1);
  });
});
