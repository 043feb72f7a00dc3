/** State trees in the store: nothing that a record needs is missing, nothing is written twice, what is needless goes. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { openSqliteStore } from '../../peer/store.ts';
import {
  hasRoots,
  KeptNodes,
  nodeKey,
  plant,
  readNodes,
  withoutTrees,
  withRoots,
} from '../../src/engine/nodes.ts';
import { type Store, StoreError } from '../../src/engine/ports.ts';
import { type Channel, hashOfState, idle, type Move } from '../../src/protocol/channel/index.ts';
import { stateHash } from '../../src/protocol/state/trees.ts';
import { calling, creation } from '../channel/sophia.ts';
import { World } from '../channel/world.ts';

const folder = mkdtempSync(join(tmpdir(), 'tandem-nodes-'));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
const open = () => openSqliteStore(join(folder, `${++files}.sqlite`));

/** A channel with a ledger, and a way to let it change. */
function ledger() {
  const world = new World().open();
  for (const party of [world.alice, world.bob])
    party.env = { ...party.env, settings: { ...party.env.settings, contracts: 'any' } };
  const wish = creation('counter');
  world.alice.post({ type: 'request', request: wish });
  world.settle();
  const { contract } = world.alice.outcomes.at(-1)!;
  return {
    world,
    channel: () => world.alice.channel!,
    change() {
      world.alice.post({ type: 'request', request: calling('counter', contract!.contract, 'inc(5)') });
      world.settle();
      return world.alice.channel!;
    },
  };
}

async function save(store: Store, kept: KeptNodes, channel: Channel): Promise<number> {
  const { writes, done } = kept.writes(channel);
  const row = withRoots({ ...channel, live: idle });
  await store.commit([...writes, { table: 'channels', key: 'c', value: row }]);
  done();
  return writes.length;
}

async function load(store: Store): Promise<Channel> {
  const row = (await store.get('channels', 'c')) as ReturnType<typeof withRoots>;
  return plant(row, (await readNodes(store, 'c')).find, 'c');
}

async function sweep(store: Store, kept: KeptNodes): Promise<number> {
  const { writes, done } = await kept.sweep(store);
  await store.commit(writes);
  done();
  return writes.length;
}

describe('state trees in the store', () => {
  test('are read again with the hash that both signed', async () => {
    const store = open();
    const { channel } = ledger();
    await save(store, new KeptNodes('c', channel(), 0), channel());
    const read = await load(store);
    expect(stateHash(read.latest!.trees!)).toEqual(channel().latest!.stateHash);
    expect(read.latest).toMatchObject({ number: 1n, balances: channel().latest!.balances });
    await store.close();
  });

  test('are written as far as they changed', async () => {
    const store = open();
    const { channel, change } = ledger();
    const kept = new KeptNodes('c', channel(), 0);
    const all = await save(store, kept, channel());
    expect(all).toBeGreaterThan(5);
    expect(await save(store, kept, channel())).toBe(0);
    const some = await save(store, kept, change());
    expect(some).toBeGreaterThan(0);
    expect(some).toBeLessThan(all);
    expect(stateHash((await load(store)).latest!.trees!)).toEqual(channel().latest!.stateHash);
    await store.close();
  });

  test('a node that is missing is named, and nothing is guessed', async () => {
    const store = open();
    const { channel } = ledger();
    await save(store, new KeptNodes('c', channel(), 0), channel());
    const hash = channel().latest!.trees!.contracts.rootHash;
    await store.commit([{ table: 'nodes', key: nodeKey('c', hash), value: undefined }]);
    await expect(load(store)).rejects.toThrow(StoreError);
    await expect(load(store)).rejects.toThrow(/contracts of channel c cannot be read .*is missing.*restore/);
    await store.close();
  });

  test('what no record needs is removed once it is more than what one needs; the rest stays', async () => {
    const store = open();
    const { channel, change } = ledger();
    const kept = new KeptNodes('c', channel(), 0);
    await save(store, kept, channel());
    await store.commit([{ table: 'nodes', key: 'd/00', value: Uint8Array.of(1) }]);
    let rounds = 0;
    while (!kept.isDue) {
      await save(store, kept, change());
      rounds += 1;
      if (rounds > 2_000) throw new Error('it is never due');
    }
    expect(rounds).toBeGreaterThan(50);
    expect(await sweep(store, kept)).toBeGreaterThan(500);
    expect(kept.isDue).toBe(false);
    expect(stateHash((await load(store)).latest!.trees!)).toEqual(channel().latest!.stateHash);
    // Of another channel nothing is touched, and what comes later is whole again.
    expect(await store.get('nodes', 'd/00')).toEqual(Uint8Array.of(1));
    await save(store, kept, change());
    expect(stateHash((await load(store)).latest!.trees!)).toEqual(channel().latest!.stateHash);
    await store.close();
  });

  test('what was removed while it was in memory only is written with the record that needs it', async () => {
    const store = open();
    const { channel, change } = ledger();
    const first = channel();
    const kept = new KeptNodes('c', first, 0);
    await save(store, kept, first);
    const second = change();
    await save(store, kept, second);
    // The older record comes back: its own nodes were swept meanwhile.
    await sweep(store, kept);
    await save(store, kept, first);
    expect(stateHash((await load(store)).latest!.trees!)).toEqual(first.latest!.stateHash);
    await store.close();
  });

  test('those of the last deposits and of the states before them are kept as well: a reorganisation may bring them back', async () => {
    const store = open();
    const { channel, change } = ledger();
    const before = channel().latest!;
    const { number, balances, trees, stateHash, signatures } = change().latest!;
    const move: Move = {
      kind: 'deposit',
      by: 'initiator',
      amount: 1n,
      tx: new Uint8Array(),
      hash: new Uint8Array(32),
      nonce: 1n,
      fee: 1n,
      confirmations: 0,
      locked: { mine: true, theirs: true },
      cancel: null,
      ...{ number, balances, trees, stateHash, signatures },
    };
    const later: Channel = { ...change(), lastMove: { move, before }, earlierMoves: [{ move, before }] };
    const kept = new KeptNodes('c', later, 0);
    await save(store, kept, later);
    await sweep(store, kept);
    const { lastMove, earlierMoves } = await load(store);
    for (const read of [lastMove!, ...earlierMoves!]) {
      expect(hashOfState(later, read.before)).toEqual(before.stateHash);
      expect(hashOfState(later, read.move)).toEqual(stateHash);
    }
    await store.close();
  });

  test('all are removed once the channel is over, and none is looked for then', async () => {
    const store = open();
    const { channel } = ledger();
    const kept = new KeptNodes('c', channel(), 0);
    await save(store, kept, channel());
    expect(kept.isDue).toBe(false);
    const closed: Channel = { ...channel(), phase: 'closed' };
    await save(store, kept, closed);
    expect(kept.isDue).toBe(true);
    // A death here: the nodes are still there, the record says so.
    const row = (await store.get('channels', 'c')) as ReturnType<typeof withRoots>;
    expect(hasRoots(row)).toBe(true);
    const { rows } = await readNodes(store, 'c');
    const again = new KeptNodes('c', await load(store), rows);
    expect(again.isDue).toBe(true);
    await sweep(store, again);
    expect(again.isDue).toBe(false);
    expect(await store.list('nodes')).toEqual([]);
    expect((await load(store)).latest!.trees).toBeUndefined();
    expect(hasRoots(withRoots(withoutTrees(closed)))).toBe(false);
    await store.close();
  });
});
