/** A record that was restored signs nothing with its other side until what may have been signed before is void. */
import { describe, expect, test } from 'vitest';
import { hashOf, updateBytes } from '../../src/protocol/channel/record.ts';
import { serializeEntry } from '../../src/protocol/state/entries.ts';
import { encode } from '../../src/protocol/wire/index.ts';
import { ae, balancesOf, networkId, type Party, payment, sameState, signs, World } from './world.ts';

const now = 1_800_000_000_000;

/** Bob's record was restored; both have met again, and Alice has paid 1 before. */
function restored(over = false): World {
  const world = new World().open();
  for (const party of [world.alice, world.bob]) party.env = { ...party.env, now };
  world.alice.post({ type: 'request', request: payment(ae) });
  world.settle();
  world.bob.post({ type: 'doubt', over: false });
  if (over) finish(world);
  return world;
}
/** The nonces are spent; the connection that this renews is there again. */
function finish(world: World): void {
  world.bob.post({ type: 'doubt', over: true });
  world.disconnect();
  meet(world);
}
function meet(world: World): void {
  world.connect();
  world.settle();
}
const pays = (world: World, party: Party, amount = ae) => {
  const request = payment(amount);
  party.post({ type: 'request', request });
  world.settle();
  return party.outcomes.filter(({ id }) => id === request.id).at(-1);
};

describe('in doubt', () => {
  test('nothing is signed, whatever the other side proposes', () => {
    for (const propose of [
      { type: 'request', request: payment(ae) },
      { type: 'deposit', amount: ae },
      { type: 'withdraw', amount: ae },
      { type: 'shutdown' },
    ] as const) {
      const world = restored();
      const before = world.bob.signed.length;
      world.alice.post(propose);
      world.settle();
      expect(world.bob.signed.length, propose.type).toBe(before);
      expect(world.bob.channel!.latest!.number).toBe(1n);
    }
  });
  test('the own wishes are refused with a sentence, and nothing changes', () => {
    const world = restored();
    const { bob } = world;
    expect(pays(world, bob)).toMatchObject({ ok: false, code: 'restored' });
    for (const type of ['deposit', 'withdraw'] as const)
      expect(bob.post({ type, amount: ae }).refused).toMatch(/restored/);
    expect(bob.channel).toMatchObject({ phase: 'open', move: null, proposal: null });
  });
  test('it outlives a restart', () => {
    const world = restored();
    world.kill(world.bob);
    meet(world);
    expect(world.bob.channel!.doubt).toBe(true);
    expect(pays(world, world.bob)).toMatchObject({ ok: false });
  });
  test('what was proposed meanwhile goes through afterwards', () => {
    const world = restored();
    const request = payment(2n * ae);
    world.alice.post({ type: 'request', request });
    world.settle();
    finish(world);
    world.alice.post({ type: 'timer', name: 'yield' });
    world.settle();
    expect(world.alice.outcomes.find(({ id }) => id === request.id)).toMatchObject({ ok: true });
    expect(balancesOf(world.bob)).toEqual({ initiator: 7n * ae, responder: 8n * ae });
    expect(sameState(world.alice, world.bob)).toBe(true);
  });
  test('a close that was wanted meanwhile goes on afterwards', () => {
    const world = restored();
    world.bob.post({ type: 'shutdown' });
    world.settle();
    expect(world.alice.channel!.phase).toBe('open');
    finish(world);
    expect(world.alice.channel!.phase).toBe('closing_confirming');
    expect(world.bob.channel!.phase).toBe('closing_confirming');
  });
});

describe('after it', () => {
  test('both meet under a number above all that can have been signed before', () => {
    const world = restored(true);
    const { alice, bob } = world;
    expect(alice.channel!.latest!.number).toBeGreaterThan(BigInt(now));
    expect(sameState(alice, bob)).toBe(true);
    expect(balancesOf(bob)).toEqual({ initiator: 9n * ae, responder: 6n * ae });
    expect(alice.history.filter(({ kind }) => kind === 'paid')).toHaveLength(1);
    expect(pays(world, alice)).toMatchObject({ ok: true });
    expect(pays(world, bob)).toMatchObject({ ok: true });
  });
  test.each(['alice', 'bob'] as const)('a deposit of %s is found at once', (who) => {
    const world = restored(true);
    expect(world[who].post({ type: 'deposit', amount: ae }).refused).toBeUndefined();
    world.settle();
    for (const party of [world.alice, world.bob])
      party.post({ type: 'chain', what: 'move', confirmations: 1 });
    world.settle();
    expect(sameState(world.alice, world.bob)).toBe(true);
    expect(world.bob.channel!.move).toBeNull();
  });
  test('no number is signed that a clock does not allow: it would leave none for after a loss', () => {
    const world = new World().open();
    for (const party of [world.alice, world.bob]) party.env = { ...party.env, now };
    const { keys, channelId } = world.alice.channel!;
    const number = BigInt(now) + 3_600_000n;
    const balances = { initiator: 9n * ae, responder: 6n * ae };
    const state_hash = hashOf(keys, balances);
    const transfer = { type: 'transfer', from: keys.initiator, to: keys.responder, amount: ae } as const;
    world.wire.push(
      world.alice,
      encode({
        type: 'update',
        channel_id: channelId!,
        sequence_number: number,
        initiator_balance: balances.initiator,
        responder_balance: balances.responder,
        state_hash,
        signature: signs(world.alice.keys, updateBytes(networkId, channelId!, number, state_hash)),
        entries: [serializeEntry(transfer)],
      }),
    );
    world.deliver(world.bob);
    expect(world.bob.channel!.latest!.number).toBe(0n);
    expect(world.bob.channel!.used).toBe(1n);
    expect(world.bob.sent.at(-1)).toMatchObject({ type: 'update_error', sequence_number: 1n });
  });
});

describe('a refusal of before the loss', () => {
  test('is met after it, although its number was left out', () => {
    for (const propose of [
      { type: 'deposit', amount: ae },
      { type: 'request', request: payment(ae, 'ask') },
    ] as const) {
      const world = new World().open();
      for (const party of [world.alice, world.bob]) party.env = { ...party.env, now };
      const { alice, bob } = world;
      // Alice refuses what Bob proposed; his record of before it is restored.
      bob.post(propose);
      world.wire.toAlice = world.wire.toAlice.map((bytes) =>
        propose.type === 'deposit' ? bytes.with(60, bytes[60]! ^ 1) : bytes,
      );
      world.deliver(alice);
      if (propose.type === 'request') alice.post({ type: 'decide_update', number: 1n, accept: false });
      expect(alice.channel!.refusal).not.toBeNull();
      world.wire.toBob = [];
      bob.post({ type: 'doubt', over: false });
      finish(world);
      if (bob.channel!.move) bob.post({ type: 'chain', what: 'cancel', confirmations: 1 });
      world.settle();
      for (const party of [alice, bob]) {
        expect(party.channel!.reason, propose.type).toBeNull();
        expect(party.channel).toMatchObject({ phase: 'open', refusal: null, proposal: null, move: null });
      }
      expect(pays(world, bob)).toMatchObject({ ok: true });
      expect(sameState(alice, bob)).toBe(true);
    }
  });
  test('of a proposal that the record does not know any more, too', () => {
    const world = new World().open();
    for (const party of [world.alice, world.bob]) party.env = { ...party.env, now };
    const { alice, bob } = world;
    bob.post({ type: 'request', request: payment(ae, 'ask') });
    world.deliver(alice);
    alice.post({ type: 'decide_update', number: 1n, accept: false });
    world.wire.toBob = [];
    bob.channel = { ...bob.channel!, proposal: null, used: 0n };
    bob.post({ type: 'doubt', over: false });
    finish(world);
    for (const party of [alice, bob]) expect(party.channel!.reason).toBeNull();
    expect(pays(world, alice)).toMatchObject({ ok: true });
    expect(sameState(alice, bob)).toBe(true);
  });
});
