/** Races, by the names of the node's own suite (CHAIN 4): both sides act at once, or one takes back what it asked. */
import { expect, test } from 'vitest';
import { hashOf, updateBytes } from '../../../src/protocol/channel/record.ts';
import { encode } from '../../../src/protocol/wire/index.ts';
import { ChainWorld } from '../matrix/chain-world.ts';
import { forceRelease, soloTx, withEscrow } from '../matrix/flows.ts';
import { ae, balancesOf, networkId, type Party, payment, sameState, signs, World } from '../world.ts';

const cancelled = (world: World, ...parties: Party[]) => {
  for (const party of parties)
    if (party.channel!.move) party.post({ type: 'chain', what: 'cancel', confirmations: 1 });
  world.settle();
};
const confirmed = (world: World) => {
  for (const party of [world.alice, world.bob])
    if (party.channel!.move) party.post({ type: 'chain', what: 'move', confirmations: 1 });
  world.settle();
};
/** Both are open in one round, nothing is under way, and a payment and a deposit go through. */
function expectUsable(world: World): void {
  world.bob.post({ type: 'timer', name: 'yield' });
  world.settle();
  const { alice, bob } = world;
  for (const party of [alice, bob])
    expect(party.channel).toMatchObject({ phase: 'open', move: null, refusal: null, proposal: null });
  expect(sameState(alice, bob)).toBe(true);
  const before = balancesOf(alice).initiator;
  alice.post({ type: 'request', request: payment(ae / 100n) });
  world.settle();
  expect(alice.outcomes.at(-1)).toMatchObject({ ok: true });
  expect(bob.post({ type: 'deposit', amount: ae }).refused).toBeUndefined();
  world.settle();
  confirmed(world);
  expect(balancesOf(bob).initiator).toBe(before - ae / 100n);
  expect(sameState(alice, bob)).toBe(true);
}

test('update_with_conflict', () => {
  const world = new World().open();
  world.alice.post({ type: 'request', request: payment(ae) });
  world.bob.post({ type: 'request', request: payment(2n * ae) });
  world.settle();
  expect(balancesOf(world.alice)).toEqual({ initiator: 11n * ae, responder: 4n * ae });
  expectUsable(world);
});
test.each([
  ['deposit_with_conflict', 'deposit', 'deposit'],
  ['withdraw_with_conflict', 'withdraw', 'withdraw'],
  ['dep_wdraw_with_conflict', 'deposit', 'withdraw'],
] as const)('%s', (_name, first, second) => {
  const world = new World().open();
  world.alice.post({ type: first, amount: ae });
  world.bob.post({ type: second, amount: ae });
  world.settle();
  cancelled(world, world.alice, world.bob);
  for (const party of [world.alice, world.bob])
    expect(balancesOf(party)).toEqual({ initiator: 10n * ae, responder: 5n * ae });
  expectUsable(world);
});
test.each([
  ['upd_dep_with_conflict', 'deposit'],
  ['upd_wdraw_with_conflict', 'withdraw'],
] as const)('%s', (_name, kind) => {
  for (const [mover, payer] of [
    ['alice', 'bob'],
    ['bob', 'alice'],
  ] as const) {
    const world = new World().open();
    world[mover].post({ type: kind, amount: ae });
    world[payer].post({ type: 'request', request: payment(ae) });
    world.settle();
    cancelled(world, world[mover]);
    expectUsable(world);
    expect(world[payer].outcomes).toContainEqual(expect.objectContaining({ ok: true }));
  }
});

const post = (world: ChainWorld, who: 'alice' | 'bob', event: Parameters<Party['post']>[0]) =>
  world.act(world[who], () => world[who].post(event));

test('close_solo_and_conflict: a proposal of the peer that crosses it cannot hold it up', () => {
  const world = new ChainWorld().open();
  post(world, 'bob', { type: 'request', request: payment(ae) });
  post(world, 'alice', { type: 'close_solo' });
  world.settle();
  const id = world.alice.channel!.channelId!;
  world.mine();
  expect(world.chain.state.channel(id)!.lockedUntil).toBeGreaterThan(0n);
  for (let i = 0; i < 30; i++) {
    world.mine();
    world.look();
    world.settle();
  }
  expect(world.alice.channel!.phase).toBe('closed');
  expect(world.bob.channel!.phase).toBe('closed');
});

test('update_with_soft_reject', () => {
  const world = new World().open();
  world.alice.post({ type: 'request', request: payment(ae, 'ask') });
  world.settle();
  world.bob.post({ type: 'decide_update', number: 1n, accept: false });
  world.settle();
  expect(balancesOf(world.alice)).toEqual({ initiator: 10n * ae, responder: 5n * ae });
  expect(world.alice.outcomes.at(-1)).toMatchObject({ ok: false });
  expectUsable(world);
});
test.each([
  ['deposit_with_signing_abort', 'deposit'],
  ['withdraw_with_signing_abort', 'withdraw'],
] as const)('%s', (_name, kind) => {
  const world = new World().open();
  world.alice.post({ type: kind, amount: ae });
  // It does not arrive, and Alice takes it back.
  world.wire.toBob = [];
  world.alice.post({ type: 'abort', reason: 'I changed my mind.' });
  world.settle();
  cancelled(world, world.alice);
  expectUsable(world);
});

// What one side does alone is not held up by a proposal of the other's, whichever of the two comes first.
test('slash_and_conflict', () => {
  const world = new ChainWorld().open();
  post(world, 'bob', { type: 'request', request: payment(ae) });
  world.settle();
  const old = world.alice.channel!.latest!;
  post(world, 'bob', { type: 'request', request: payment(ae) });
  world.settle();
  // Bob proposes, and closes with an old state at the same time.
  post(world, 'bob', { type: 'request', request: payment(ae) });
  world.submit(soloTx(world.bob, world.bob.channel!, 'ChannelCloseSoloTx', old));
  world.mine();
  world.act(world.alice, () => world.alice.look());
  expect(world.alice.channel!.solo?.kind).toBe('slash');
  world.settle();
  world.mine();
  const { number } = world.alice.channel!.latest!;
  expect(world.chain.state.channel(world.alice.channel!.channelId!)!.round).toBe(number + 1n);
  world.lives(30);
  expect(world.alice.channel!.phase).toBe('closed');
});

test('snapshot_and_conflict', () => {
  const world = new ChainWorld().open();
  post(world, 'alice', { type: 'request', request: payment(ae) });
  world.settle();
  const request = payment(ae);
  post(world, 'bob', { type: 'request', request });
  post(world, 'alice', { type: 'snapshot' });
  world.settle();
  world.lives(4);
  expect([...world.mined()].map(({ type }) => type)).toContain('ChannelSnapshotSoloTx');
  expect(world.bob.decided.get(request.id)).toMatchObject([{ ok: true }]);
  expect(sameState(world.alice, world.bob)).toBe(true);
});

test('force_progress_and_conflict', () => {
  const world = withEscrow();
  const request = payment(ae);
  post(world, 'alice', { type: 'request', request });
  post(world, 'bob', forceRelease());
  world.settle();
  world.lives(6);
  expect([...world.mined()].map(({ type }) => type)).toContain('ChannelForceProgressTx');
  expect(world.bob.channel!.forced?.round).toBe(3n);
  expect(sameState(world.alice, world.bob)).toBe(true);
  const told = world.alice.decided.get(request.id)!.at(-1)!;
  const paid = told.ok ? 1n : 0n;
  expect(balancesOf(world.alice)).toEqual({ initiator: (6n - paid) * ae, responder: (9n + paid) * ae });
  world.checkCoins();
});

test('ack_for_a_round_I_abandoned', () => {
  const world = new World().open();
  const { alice, bob } = world;
  alice.post({ type: 'request', request: payment(ae, 'ask') });
  world.settle();
  bob.post({ type: 'decide_update', number: 1n, accept: false });
  world.settle();
  const { latest, keys, channelId } = alice.channel!;
  expect(latest!.number).toBe(2n);
  // Bob signs the first after all: it is below what both signed since.
  const balances = { initiator: 11n * ae, responder: 4n * ae };
  const signature = signs(bob.keys, updateBytes(networkId, channelId!, 1n, hashOf(keys, balances)));
  const ack = { type: 'update_ack', channel_id: channelId!, sequence_number: 1n, signature } as const;
  world.wire.push(bob, encode(ack));
  world.deliver(alice);
  expect(alice.channel).toMatchObject({ phase: 'open', latest: { number: 2n } });
  expect(balancesOf(alice)).toEqual({ initiator: 10n * ae, responder: 5n * ae });
  expectUsable(world);
});
