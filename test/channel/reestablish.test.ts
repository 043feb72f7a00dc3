/** PROTOCOL 6: every row of its table. */
import { describe, expect, test } from 'vitest';
import type { ChannelRow } from '../../src/engine/nodes.ts';
import { ae, balancesOf, payment, sameState, standardTerms, World } from './world.ts';

/** An open channel after one payment of Alice's, with each side's disk from before it. */
function paid() {
  const world = new World().open();
  const old = { alice: structuredClone(world.alice.disk!), bob: structuredClone(world.bob.disk!) };
  world.alice.post({ type: 'request', request: payment(ae) });
  world.settle();
  return { world, old };
}
const restore = (world: World, who: 'alice' | 'bob', disk: ChannelRow) => {
  world.disconnect();
  world[who].disk = structuredClone(disk);
  world[who].restart();
  world.connect();
  world.settle();
};

describe('a record from before the funding was locked', () => {
  test.each(['confirming', 'locking'] as const)(
    '%s: what the peer shows tells that it has locked',
    (phase) => {
      const world = new World();
      world.establish();
      const { alice, bob } = world;
      if (phase === 'locking') bob.post({ type: 'chain', what: 'funding', confirmations: 1 });
      const old = structuredClone(bob.disk!);
      expect(old.phase).toBe(phase);
      world.confirm(1);
      alice.post({ type: 'request', request: payment(ae) });
      world.settle();
      restore(world, 'bob', old);
      bob.post({ type: 'chain', what: 'funding', confirmations: 5 });
      world.settle();
      expect(bob.channel).toMatchObject({ phase: 'open', recovered: true });
      expect(bob.disk).toMatchObject({ phase: 'open', locked: { mine: true, theirs: true } });
      alice.post({ type: 'request', request: payment(ae) });
      world.settle();
      expect(bob.channel!.latest!.number).toBe(2n);
      expect(sameState(alice, bob)).toBe(true);
    },
  );
});

describe('equal numbers', () => {
  test('resume', () => {
    const { world } = paid();
    world.disconnect();
    world.connect();
    world.settle();
    world.bob.post({ type: 'request', request: payment(ae) });
    world.settle();
    expect(balancesOf(world.alice)).toEqual({ initiator: 10n * ae, responder: 5n * ae });
  });
  test('the unanswered proposal is sent again, byte for byte', () => {
    const world = new World().open();
    world.alice.post({ type: 'request', request: payment(ae) });
    const first = world.alice.sent.at(-1);
    world.kill(world.alice);
    world.connect();
    world.settle();
    const again = world.alice.sent.filter((message) => message.type === 'update');
    expect(again).toEqual([first, first]);
    expect(sameState(world.alice, world.bob)).toBe(true);
    expect(world.alice.outcomes.at(-1)).toMatchObject({ ok: true });
  });
  test('the unanswered refusal is sent again', () => {
    const world = new World().open();
    world.alice.post({ type: 'request', request: payment(ae, 'ask') });
    world.settle();
    world.bob.post({ type: 'decide_update', number: 1n, accept: false });
    world.kill(world.bob);
    world.connect();
    world.settle();
    expect(sameState(world.alice, world.bob)).toBe(true);
    expect(world.bob.channel!.latest!.number).toBe(2n);
    expect(world.alice.channel!.phase).toBe('open');
  });
  test('another hash under the same number freezes the channel', () => {
    const { world, old } = paid();
    const forked = structuredClone(old.bob);
    world.disconnect();
    world.bob.disk = { ...forked, latest: { ...forked.latest!, number: 1n } };
    world.bob.restart();
    world.connect();
    world.settle();
    expect(world.alice.channel).toMatchObject({ phase: 'failed' });
    expect(world.alice.channel?.reason).toMatch(/two different states/);
    expect(world.bob.channel!.phase).toBe('failed');
  });
});

describe('one behind, and it had proposed', () => {
  test('the ack was lost: the proposer commits by the reestablish', () => {
    const world = new World().open();
    world.alice.post({ type: 'request', request: payment(ae) });
    world.deliver(world.bob);
    world.disconnect();
    expect(world.alice.channel!.latest!.number).toBe(0n);
    world.connect();
    world.settle();
    expect(sameState(world.alice, world.bob)).toBe(true);
    expect(world.alice.outcomes.at(-1)).toMatchObject({ ok: true, number: 1n });
    expect(world.alice.channel!.recovered).toBe(false);
    // The peer has the state already: it is not sent.
    const ack = world.bob.sent.find((message) => message.type === 'channel_reestablish_ack');
    expect(ack).toMatchObject({ state: new Uint8Array() });
  });
  test('killed instead of disconnected', () => {
    const world = new World().open();
    world.alice.post({ type: 'request', request: payment(ae) });
    world.deliver(world.bob);
    world.kill(world.alice);
    world.connect();
    world.settle();
    expect(sameState(world.alice, world.bob)).toBe(true);
    expect(world.alice.outcomes.at(-1)).toMatchObject({ ok: true });
  });
});

describe('ahead otherwise: my state is lost or old', () => {
  test.each(['alice', 'bob'] as const)(
    '%s restores an old backup and takes the state from the peer',
    (who) => {
      const { world, old } = paid();
      restore(world, who, old[who]);
      expect(sameState(world.alice, world.bob)).toBe(true);
      expect(world[who].channel).toMatchObject({ recovered: true, phase: 'open' });
      world.alice.post({ type: 'request', request: payment(ae) });
      world.settle();
      expect(world.bob.channel!.latest!.number).toBe(2n);
    },
  );
  test('a state that does not hash to state_hash, or is not signed by both, is not taken', () => {
    const { world, old } = paid();
    world.object = {
      round: 1n,
      stateHash: old.bob.latest!.stateHash,
      lockedUntil: 0,
      balances: { initiator: 10n * ae, responder: 5n * ae },
      total: 15n * ae,
    };
    for (const change of [
      { state: new Uint8Array([1]) },
      { responder_signature: new Uint8Array(64) },
      { initiator_signature: new Uint8Array(64) },
      { state_hash: new Uint8Array(32) },
    ]) {
      world.disconnect();
      world.bob.disk = structuredClone(old.bob);
      world.bob.restart();
      world.connect();
      world.deliver(world.alice);
      const ack = world.alice.sent.findLast((message) => message.type === 'channel_reestablish_ack');
      if (ack?.type !== 'channel_reestablish_ack') throw new Error('no ack');
      world.bob.post({ type: 'message', message: { ...ack, ...change } });
      expect(world.bob.channel!.phase).toBe('failed');
      expect(world.bob.channel!.latest!.number).toBe(0n);
      world.disconnect();
    }
  });
});

describe('ahead by a deposit or withdrawal: the chain is looked at first', () => {
  /** A channel in which Alice deposited, and the chain that shows it; Bob's disk is from before. */
  function deposited(amount = 3n * ae) {
    const world = new World().open();
    const old = structuredClone(world.bob.disk!);
    world.alice.post({ type: 'deposit', amount });
    world.settle();
    for (const party of [world.alice, world.bob])
      party.post({ type: 'chain', what: 'move', confirmations: 1 });
    world.settle();
    const { stateHash, balances } = world.alice.channel!.latest!;
    world.object = {
      round: 2n,
      stateHash,
      lockedUntil: 0,
      balances: { initiator: 10n * ae, responder: 5n * ae },
      total: balances.initiator + balances.responder,
    };
    return { world, old };
  }
  test('its state is the latest', () => {
    const { world, old } = deposited();
    restore(world, 'bob', old);
    expect(world.bob.channel).toMatchObject({ phase: 'open', recovered: true, latest: { source: 'chain' } });
    expect(sameState(world.alice, world.bob)).toBe(true);
    world.disconnect();
    world.connect();
    world.settle();
    world.bob.post({ type: 'request', request: payment(ae) });
    world.settle();
    expect(balancesOf(world.alice)).toEqual({ initiator: 14n * ae, responder: 4n * ae });
  });
  test('an update came after it: the total is the chain’s', () => {
    const { world, old } = deposited();
    world.alice.post({ type: 'request', request: payment(ae) });
    world.settle();
    restore(world, 'bob', old);
    expect(world.bob.channel).toMatchObject({ phase: 'open', recovered: true });
    expect(balancesOf(world.bob)).toEqual({ initiator: 12n * ae, responder: 6n * ae });
  });
  test.each([true, false])('the node does not answer: it is tried again (paid since: %s)', (isPaid) => {
    const { world, old } = deposited();
    if (isPaid) world.alice.post({ type: 'request', request: payment(ae) });
    world.settle();
    world.bob.nodeAnswers = false;
    restore(world, 'bob', old);
    expect(world.bob.channel).toMatchObject({ phase: 'open', latest: { number: 0n } });
    expect(world.bob.disconnects.at(-1)).toMatch(/node/);
    world.bob.nodeAnswers = true;
    world.connect();
    world.settle();
    expect(world.bob.channel).toMatchObject({ phase: 'open', recovered: true });
    expect(sameState(world.alice, world.bob)).toBe(true);
  });
  test('a state that the chain does not hold, and that both did not sign, is not taken', () => {
    const { world, old } = deposited();
    world.object = { ...world.object!, stateHash: new Uint8Array(32) };
    restore(world, 'bob', old);
    expect(world.bob.channel).toMatchObject({ phase: 'failed', latest: { number: 0n } });
  });
});

describe('ahead by the deposit or withdrawal that is under way here', () => {
  test('one side has locked it, the other no longer: it waits for its own lock', () => {
    const world = new World().open();
    const { alice, bob } = world;
    alice.post({ type: 'deposit', amount: ae });
    world.settle();
    bob.post({ type: 'chain', what: 'move', confirmations: 1 });
    world.settle();
    bob.post({ type: 'chain', what: 'move', confirmations: null });
    world.disconnect();
    alice.post({ type: 'chain', what: 'move', confirmations: 1 });
    expect(alice.channel!.latest!.source).toBe('move');
    world.connect();
    world.settle();
    expect(bob.channel).toMatchObject({ phase: 'open', recovered: false, latest: { number: 0n } });
    bob.post({ type: 'chain', what: 'move', confirmations: 2 });
    world.settle();
    expect([alice.channel!.phase, bob.channel!.phase]).toEqual(['open', 'open']);
    expect(sameState(alice, bob)).toBe(true);
    expect(bob.channel!.latest!.source).toBe('move');
  });
  test.each([
    ['looks at the chain later', true, false],
    ['died before that', true, true],
    ['has a node that does not answer', false, false],
  ] as const)(
    'the chain took it before a word of the other side, which %s: no false alarm',
    (_, shows, dies) => {
      const world = new World().open();
      const { alice, bob } = world;
      alice.post({ type: 'deposit', amount: ae });
      world.deliver(bob);
      const move = bob.channel!.move!;
      if (dies) world.kill(bob);
      else world.disconnect();
      world.object = {
        round: move.number + 1n,
        stateHash: move.stateHash,
        lockedUntil: 0,
        balances: { initiator: 10n * ae, responder: 5n * ae },
        total: 16n * ae,
      };
      alice.post({ type: 'chain', what: 'move', confirmations: 1 });
      expect(alice.channel!.latest!.source).toBe('chain');
      world.wire.breakSoon = false;
      bob.nodeAnswers = shows;
      const done: string[] = [];
      const carryOut = bob.carryOut.bind(bob);
      bob.carryOut = (effect, next) => {
        done.push(effect.type);
        carryOut(effect, next);
      };
      world.connect();
      world.settle();
      const request = payment(ae);
      alice.post({ type: 'request', request });
      world.settle();
      expect([alice.channel!.phase, bob.channel!.phase]).toEqual(['open', 'open']);
      expect(bob.channel).toMatchObject({ recovered: false, move: { locked: { theirs: true } } });
      expect(done).not.toContain('behind');
      bob.post({ type: 'chain', what: 'move', confirmations: 1 });
      world.connect();
      world.settle();
      expect(sameState(alice, bob)).toBe(true);
      expect(alice.outcomes.at(-1)).toMatchObject({ id: request.id, ok: true });
    },
  );
});

describe('refused', () => {
  test('another chain', () => {
    const { world } = paid();
    const sent = world.alice.channel!;
    world.bob.post({
      type: 'message',
      message: {
        type: 'channel_reestablish',
        chain_hash: new Uint8Array(32),
        channel_id: sent.channelId!,
        sequence_number: 1n,
        state_hash: sent.latest!.stateHash,
        signature: sent.latest!.signatures.initiator,
        pending: 0n,
      },
    });
    expect(world.bob.channel!.phase).toBe('failed');
  });
  test('a signature that is not on the state', () => {
    const { world } = paid();
    const sent = world.alice.channel!;
    world.bob.post({
      type: 'message',
      message: {
        type: 'channel_reestablish',
        chain_hash: sent.chainHash,
        channel_id: sent.channelId!,
        sequence_number: 1n,
        state_hash: sent.latest!.stateHash,
        signature: sent.latest!.signatures.responder,
        pending: 0n,
      },
    });
    expect(world.bob.channel!.phase).toBe('failed');
  });
  test('anything else before channel_reestablish only breaks the connection', () => {
    const { world } = paid();
    world.disconnect();
    world.connect();
    const channel_id = world.alice.channel!.channelId!;
    const done = world.alice.post({ type: 'message', message: { type: 'shutdown', channel_id } });
    expect(done.effects).toEqual([expect.objectContaining({ type: 'disconnect' })]);
    expect(world.alice.channel!.phase).toBe('open');
  });
});

describe('funding', () => {
  test('funding_signed was lost: the peer shows its signature by its reestablish', () => {
    const world = new World();
    const deliver = world.deliver.bind(world);
    world.deliver = (party) => {
      // Loses the connection exactly when funding_signed is under way.
      if (world.bob.sent.at(-1)?.type === 'funding_signed' && party === world.alice) return false;
      return deliver(party);
    };
    world.establish({ ...standardTerms, pushAmount: ae });
    world.deliver = deliver;
    expect([world.alice.channel!.phase, world.bob.channel!.phase]).toEqual(['half_signed', 'confirming']);
    world.kill(world.alice);
    world.connect();
    world.settle();
    expect(world.alice.channel!.phase).toBe('confirming');
    world.confirm(1);
    expect([world.alice.channel!.phase, world.bob.channel!.phase]).toEqual(['open', 'open']);
  });
  test('funding_locked was lost: it is sent again', () => {
    const world = new World();
    world.establish();
    world.alice.post({ type: 'chain', what: 'funding', confirmations: 1 });
    world.disconnect();
    world.bob.post({ type: 'chain', what: 'funding', confirmations: 1 });
    world.connect();
    world.settle();
    expect([world.alice.channel!.phase, world.bob.channel!.phase]).toEqual(['open', 'open']);
  });
  test('funding_locked was lost to one side only', () => {
    const world = new World();
    world.establish();
    world.bob.post({ type: 'chain', what: 'funding', confirmations: 1 });
    world.settle();
    world.alice.post({ type: 'chain', what: 'funding', confirmations: 1 });
    world.disconnect();
    expect([world.alice.channel!.phase, world.bob.channel!.phase]).toEqual(['open', 'locking']);
    world.connect();
    world.settle();
    expect(world.bob.channel!.phase).toBe('open');
  });
});
