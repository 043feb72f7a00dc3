/** What the chain did while a side was away, by the names of the node's own suite (CHAIN 4). */
import { expect, test } from 'vitest';
import type { Event } from '../../../src/protocol/channel/index.ts';
import { madeBy, snapshotOf } from '../matrix/alone.ts';
import { type ChainParty, ChainWorld } from '../matrix/chain-world.ts';
import { forceRelease, soloTx, withEscrow } from '../matrix/flows.ts';
import { ae, payment, sameState } from '../world.ts';

/** Bob once had 2 AE more; now Alice's browser is closed. */
function aliceIsAway() {
  const world = new ChainWorld().open();
  const request = (who: 'alice' | 'bob', amount: bigint) => {
    world.act(world[who], () => world[who].post({ type: 'request', request: payment(amount) }));
    world.settle();
  };
  request('alice', 2n * ae);
  const old = world.alice.channel!.latest!;
  request('bob', 4n * ae);
  const latest = world.alice.channel!.latest!;
  world.leave(world.alice);
  return { world, old, latest, id: world.alice.channel!.channelId! };
}
/** Alice is back, and looks at each block. */
function back(world: ChainWorld, blocks: number): void {
  world.absent.delete(world.alice);
  for (let i = 0; i < blocks; i++) {
    world.act(world.alice, () => world.alice.look());
    world.mine();
  }
}

test('missing_close_tx', () => {
  const { world, latest, id } = aliceIsAway();
  world.submit(soloTx(world.bob, world.bob.channel!, 'ChannelCloseSoloTx', latest));
  world.mine(2);
  world.absent.add(world.bob);
  back(world, 20);
  expect(world.chain.state.channel(id)).toBeUndefined();
  expect(world.alice.channel!.phase).toBe('closed');
  expect([...world.mined()].map(({ type }) => type)).not.toContain('ChannelSlashTx');
});

test('missing_malicious_close', () => {
  const { world, old, latest, id } = aliceIsAway();
  world.submit(soloTx(world.bob, world.bob.channel!, 'ChannelCloseSoloTx', old));
  world.mine(2);
  world.absent.add(world.bob);
  expect(world.chain.state.channel(id)!.initiatorAmount).toBe(old.balances.initiator);
  back(world, 3);
  expect(world.chain.state.channel(id)).toMatchObject({
    round: latest.number + 1n,
    initiatorAmount: latest.balances.initiator,
    responderAmount: latest.balances.responder,
  });
  back(world, 20);
  expect(world.alice.channel!.phase).toBe('closed');
});

// ---- snapshots

const object = (world: ChainWorld) => world.chain.state.channel(world.alice.channel!.channelId!)!;
const post = (party: ChainParty, event: Event) => party.world.act(party, () => party.post(event));
const types = (world: ChainWorld) => [...world.mined()].map(({ type }) => type);
/** Both are there again: they meet, and a payment goes through. */
function goOn(world: ChainWorld): void {
  world.absent.clear();
  for (let i = 0; i < 4; i++) {
    world.mine();
    world.look();
    world.connect();
    world.settle();
  }
  const request = payment(ae);
  post(world.alice, { type: 'request', request });
  world.settle();
  expect(world.alice.decided.get(request.id), world.alice.channel!.reason ?? '').toMatchObject([
    { ok: true },
  ]);
  expect(sameState(world.alice, world.bob)).toBe(true);
}
/** Alice comes back and looks until the channel is gone; each has got this, but for own fees. */
function ends(world: ChainWorld, initiator: bigint, responder: bigint): void {
  world.absent.add(world.bob);
  back(world, 30);
  expect(world.alice.channel!.phase).toBe('closed');
  const [alice, bob] = [world.alice.onAccount - 990n * ae, world.bob.onAccount - 995n * ae];
  for (const [got, due] of [
    [alice, initiator],
    [bob, responder],
  ] as const) {
    expect(got).toBeLessThanOrEqual(due);
    expect(got).toBeGreaterThan(due - ae / 100n);
  }
  world.checkCoins();
}

test('missing_snapshot_tx', () => {
  const { world, latest } = aliceIsAway();
  world.submit(snapshotOf(world.bob, latest));
  world.mine(2);
  expect(object(world).round).toBe(latest.number + 1n);
  goOn(world);
});

test('missing_snapshot_and_close_tx', () => {
  const { world, latest } = aliceIsAway();
  world.submit(snapshotOf(world.bob, latest));
  world.mine();
  const onChain = { ...latest, source: 'chain' as const };
  world.submit(soloTx(world.bob, world.bob.channel!, 'ChannelCloseSoloTx', onChain));
  world.mine(2);
  expect(object(world).lockedUntil).toBeGreaterThan(0n);
  ends(world, latest.balances.initiator, latest.balances.responder);
  expect(types(world)).not.toContain('ChannelSlashTx');
});

test('missing_malicious_snapshot', () => {
  const { world, old, latest } = aliceIsAway();
  world.submit(snapshotOf(world.bob, old));
  world.mine(2);
  expect(object(world).round).toBe(old.number + 1n);
  // An old snapshot takes nothing: the later state is above it, and is what both go on from.
  goOn(world);
  expect(world.alice.channel!.latest!.balances.initiator).toBe(latest.balances.initiator - ae);
  post(world.alice, { type: 'close_solo' });
  ends(world, latest.balances.initiator - ae, latest.balances.responder + ae);
});

test('missing_malicious_snapshot_and_close_solo', () => {
  const { world, old, latest } = aliceIsAway();
  world.submit(snapshotOf(world.bob, old));
  world.mine();
  const onChain = { ...old, source: 'chain' as const };
  world.submit(soloTx(world.bob, world.bob.channel!, 'ChannelCloseSoloTx', onChain));
  world.mine(2);
  expect(object(world).initiatorAmount).toBe(old.balances.initiator);
  ends(world, latest.balances.initiator, latest.balances.responder);
  expect(types(world)).toContain('ChannelSlashTx');
});

// ---- forced rounds

/** A channel with an escrow of Alice's; whatever is made here first stands on the state in which she has 6 and Bob 5. */
function escrowAlone(make: (bob: ChainParty) => Uint8Array[] = () => []) {
  const world = withEscrow();
  const old = make(world.bob);
  if (old.length > 0) {
    post(world.alice, { type: 'request', request: payment(ae) });
    world.settle();
  }
  world.leave(world.alice);
  return { world, old, latest: world.alice.channel!.latest! };
}
/** Bob lives on alone. */
function bobLives(world: ChainWorld, blocks: number): void {
  for (let i = 0; i < blocks; i++) {
    world.mine();
    world.act(world.bob, () => world.bob.look());
  }
}

test('missing_force_progress_tx', () => {
  const { world } = escrowAlone();
  post(world.bob, forceRelease());
  bobLives(world, 3);
  expect(object(world).soloRound).toBe(3n);
  goOn(world);
  expect(world.alice.channel!.latest!.balances).toEqual({ initiator: 5n * ae, responder: 10n * ae });
});

test('missing_couple_force_progress_tx', () => {
  const { world } = escrowAlone();
  for (let i = 0; i < 2; i++) {
    post(world.bob, forceRelease());
    bobLives(world, 3);
  }
  expect(object(world)).toMatchObject({ round: 4n, soloRound: 3n });
  goOn(world);
  expect(world.alice.channel!.latest!.balances).toEqual({ initiator: 5n * ae, responder: 10n * ae });
});

test('missing_close_tx_and_force_progress', () => {
  const { world } = escrowAlone();
  post(world.bob, { type: 'close_solo' });
  bobLives(world, 2);
  world.submit(madeBy(world.bob, forceRelease()));
  world.mine(2);
  expect(object(world)).toMatchObject({ round: 3n, soloRound: 3n });
  expect(object(world).lockedUntil).toBeGreaterThan(0n);
  ends(world, 6n * ae, 9n * ae);
});

test('missing_malicious_forced_progress', () => {
  const { world, old, latest } = escrowAlone((bob) => [madeBy(bob, forceRelease())]);
  for (const tx of old) expect(world.submit(tx)).toBeNull();
  world.mine(2);
  expect(object(world).soloRound).toBe(3n);
  world.absent.add(world.bob);
  back(world, 4);
  const { number, stateHash } = latest;
  expect(object(world)).toMatchObject({ round: number + 1n, soloRound: 0n, stateHash });
  goOn(world);
});

test('missing_malicious_snapshot_and_fp', () => {
  const { world, old, latest } = escrowAlone((bob) => {
    const state = bob.channel!.latest!;
    const snapshot = snapshotOf(bob, state);
    // The call stands on what the snapshot will have made of the chain's object.
    const channel = bob.channel!;
    const { number, stateHash } = state;
    bob.channel = { ...channel, onChain: { ...channel.onChain!, round: number + 1n, stateHash } };
    const forced = madeBy(bob, forceRelease());
    bob.channel = channel;
    return [snapshot, forced];
  });
  for (const tx of old) {
    expect(world.submit(tx)).toBeNull();
    world.mine();
  }
  expect(object(world)).toMatchObject({ round: 3n, soloRound: 3n });
  world.absent.add(world.bob);
  back(world, 4);
  expect(object(world)).toMatchObject({
    round: latest.number + 1n,
    soloRound: 0n,
    stateHash: latest.stateHash,
  });
  goOn(world);
});
