/** Calls that the chain runs for a silent peer, by the names of the node's own suite (CHAIN 4): on what they stand. */
import { expect, test } from 'vitest';
import type { Event } from '../../../src/protocol/channel/index.ts';
import { madeBy } from '../matrix/alone.ts';
import type { ChainParty, ChainWorld } from '../matrix/chain-world.ts';
import { forceRelease, withEscrow } from '../matrix/flows.ts';
import { ae, payment, sameState } from '../world.ts';

const post = (party: ChainParty, event: Event) => party.world.act(party, () => party.post(event));
function live(world: ChainWorld, blocks: number): void {
  for (let i = 0; i < blocks; i++) {
    world.connect();
    world.settle();
    world.mine();
    world.look();
  }
  world.connect();
  world.settle();
}
function pay(by: ChainParty, amount = ae): void {
  const request = payment(amount);
  post(by, { type: 'request', request });
  by.world.settle();
  expect(by.decided.get(request.id), by.channel!.reason ?? '').toMatchObject([{ ok: true }]);
}
const object = (world: ChainWorld) => world.chain.state.channel(world.alice.channel!.channelId!)!;

/** Bob has the chain release 4 AE to him while Alice is away; both go on from it. */
function forceAndGoOn(world: ChainWorld): void {
  const { alice, bob } = world;
  const before = bob.channel!.latest!;
  world.leave(alice);
  post(bob, forceRelease());
  live(world, 3);
  const { number } = bob.channel!.latest!;
  expect(number).toBe(before.number + 1n);
  expect(object(world)).toMatchObject({ round: number + 1n, soloRound: number + 1n });
  expect(bob.channel!.latest!.balances.responder).toBe(before.balances.responder + 4n * ae);
  world.absent.clear();
  world.look();
  live(world, 3);
  expect(sameState(alice, bob)).toBe(true);
  pay(alice);
  pay(bob, 2n * ae);
  world.checkCoins();
}

test('force_progress_based_on_offchain_state', () => {
  const world = withEscrow();
  pay(world.alice);
  forceAndGoOn(world);
});

test('force_progress_based_on_snapshot', () => {
  const world = withEscrow();
  post(world.bob, { type: 'snapshot' });
  live(world, 3);
  expect(object(world).round).toBe(2n);
  forceAndGoOn(world);
});

test.each([
  ['force_progress_based_on_deposit', 'deposit'],
  ['force_progress_based_on_withdrawal', 'withdraw'],
] as const)('%s', (_name, type) => {
  const world = withEscrow();
  post(world.alice, { type, amount: ae });
  live(world, 3);
  expect(world.bob.channel!.latest!.source).toBe('move');
  expect(object(world).round).toBe(world.bob.channel!.latest!.number + 1n);
  forceAndGoOn(world);
});

test('force_progress_on_force_progress', () => {
  const world = withEscrow();
  const { alice, bob } = world;
  world.leave(alice);
  const release = forceRelease();
  post(bob, release);
  live(world, 3);
  // Nothing is left to release: the call reverts, and makes its round all the same.
  post(bob, release);
  live(world, 3);
  expect(object(world)).toMatchObject({ round: 4n, soloRound: 3n });
  world.absent.clear();
  live(world, 3);
  expect(sameState(alice, bob)).toBe(true);
  expect(alice.channel!.latest!.number).toBe(3n);
});

test('force_progress_followed_by_update', () => {
  const world = withEscrow();
  const { alice, bob } = world;
  post(bob, forceRelease());
  live(world, 3);
  pay(alice);
  expect(alice.channel!.latest).toMatchObject({ source: 'update', number: 3n });
  // What both signed after it is what the chain takes.
  post(alice, { type: 'close_solo' });
  live(world, 16);
  expect(bob.channel!.phase).toBe('closed');
  expect(bob.onAccount).toBeGreaterThan(1000n * ae - 5n * ae + 10n * ae - ae / 10n);
  world.checkCoins();
});

test('force_progress_triggers_snapshot', () => {
  const world = withEscrow();
  const { alice, bob } = world;
  const old = madeBy(bob, forceRelease());
  pay(alice);
  const { number, stateHash } = alice.channel!.latest!;
  world.leave(bob);
  expect(world.submit(old)).toBeNull();
  live(world, 6);
  expect(object(world)).toMatchObject({ round: number + 1n, soloRound: 0n, stateHash, lockedUntil: 0n });
  expect([...world.mined()].map(({ type }) => type)).toContain('ChannelSnapshotSoloTx');
});
