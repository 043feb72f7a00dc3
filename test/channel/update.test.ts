/** Rules of the seed's state updates and of PROTOCOL 4, named after them. */

import { Point } from '@noble/ed25519';
import { describe, expect, test } from 'vitest';
import { updateBytes } from '../../src/protocol/channel/record.ts';
import { serializeEntry } from '../../src/protocol/state/entries.ts';
import { channelTrees, stateHash } from '../../src/protocol/state/trees.ts';
import { encode, type MessageOf } from '../../src/protocol/wire/index.ts';
import { ae, balancesOf, type Party, payment, sameState, signs, World } from './world.ts';

const request = (party: Party, ...args: Parameters<typeof payment>) => {
  const wish = payment(...args);
  party.post({ type: 'request', request: wish });
  return wish;
};

/** A correct update of Alice's over `amount`, changed before it is signed, and after. */
function forged(
  world: World,
  change: { number?: bigint; amount?: bigint; from?: 'initiator' | 'responder' },
  after: Partial<MessageOf<'update'>> = {},
): MessageOf<'update'> {
  const { keys, channelId, latest } = world.alice.channel!;
  const { amount = ae, number = 1n, from = 'initiator' } = change;
  const to = from === 'initiator' ? 'responder' : 'initiator';
  const balances = { ...latest!.balances };
  balances[from] -= amount;
  balances[to] += amount;
  const nonNegative = balances[from] >= 0n ? balances : latest!.balances;
  const hash = stateHash(
    channelTrees([
      { pubkey: keys.initiator, balance: nonNegative.initiator },
      { pubkey: keys.responder, balance: nonNegative.responder },
    ]),
  );
  return {
    type: 'update',
    channel_id: channelId!,
    sequence_number: number,
    initiator_balance: nonNegative.initiator,
    responder_balance: nonNegative.responder,
    state_hash: hash,
    signature: signs(world.alice.keys, updateBytes('ae_devnet', channelId!, number, hash)),
    entries: [serializeEntry({ type: 'transfer', from: keys[from], to: keys[to], amount })],
    ...after,
  };
}

/** Bob meets a message of Alice's making. @returns what Bob sent in answer */
function meet(world: World, message: MessageOf<'update'>) {
  const before = world.bob.sent.length;
  world.wire.push(world.alice, encode(message));
  world.deliver(world.bob);
  return world.bob.sent.slice(before);
}

describe('seed: State update', () => {
  test('an update is proposed, verified, signed, committed on both sides', () => {
    const world = new World().open();
    const wish = request(world.alice, ae);
    world.settle();
    expect(balancesOf(world.alice)).toEqual({ initiator: 9n * ae, responder: 6n * ae });
    expect(sameState(world.alice, world.bob)).toBe(true);
    expect(world.alice.outcomes).toEqual([expect.objectContaining({ id: wish.id, ok: true, number: 1n })]);
  });
  test('the sequence number starts at 0 and strictly increases; the first update is 1', () => {
    const world = new World().open();
    expect(world.alice.channel!.latest!.number).toBe(0n);
    for (const number of [1n, 2n, 3n]) {
      request(number === 2n ? world.bob : world.alice, ae);
      world.settle();
      expect(world.bob.channel!.latest!.number).toBe(number);
    }
  });
  test('only a payment of the own coins, with nothing behind it, is answered before it is written', () => {
    const world = new World().open();
    const { alice, bob } = world;
    const written = () => alice.disk!.latest!.number;
    const step = (party: Party) => world.deliver(party);
    const paid = request(alice, ae);
    step(bob);
    step(alice);
    expect(alice.told.get(paid.id)).toEqual([true]);
    expect([alice.channel!.latest!.number, written()]).toEqual([1n, 0n]);
    // The next proposal is written with it, and only then sent.
    const sent = alice.sent.length;
    const second = request(alice, ae);
    expect([alice.sent.length - sent, written(), alice.disk!.proposal!.number]).toEqual([1, 1n, 2n]);
    // With another payment behind it, both are one commit already.
    request(alice, ae);
    step(bob);
    step(alice);
    expect(alice.told.get(second.id)).toEqual([true]);
    expect([written(), alice.disk!.proposal!.number]).toEqual([2n, 3n]);
    world.settle();
    // Coins that come: not before they are written.
    const asked = request(alice, ae, 'ask');
    step(bob);
    bob.post({ type: 'decide_update', number: 4n, accept: true });
    step(alice);
    expect(alice.told.get(asked.id)).toEqual([true]);
    expect(written()).toBe(4n);
    expect(alice.deferred).toBeNull();
  });
  test('a proposal is durable before it leaves, a co-signed state before its ack leaves', () => {
    const world = new World().open();
    const order: string[] = [];
    for (const party of [world.alice, world.bob]) {
      const carryOut = party.carryOut.bind(party);
      party.carryOut = (effect, next) => {
        order.push(`${party === world.alice ? 'alice' : 'bob'} ${effect.type}`);
        carryOut(effect, next);
      };
    }
    request(world.alice, ae);
    world.settle();
    expect(order).toEqual(['alice persist', 'alice send', 'bob persist', 'bob send', 'alice persist']);
  });
  test('requests that wait go out as one batch in one round', () => {
    const world = new World().open();
    for (let i = 0; i < 20; i++) request(world.alice, 10n ** 9n, 'pay', `note ${i}`);
    world.settle();
    expect(world.alice.channel!.latest!.number).toBe(2n);
    expect(world.alice.outcomes.filter((outcome) => outcome.ok)).toHaveLength(20);
    const received = world.bob.history.filter((item) => item.kind === 'received');
    expect(received.map((item) => item.note)).toEqual(Array.from({ length: 20 }, (_, i) => `note ${i}`));
  });
});

describe('PROTOCOL 4: neither side signs a state that', () => {
  const refuses = (name: string, message: (world: World) => MessageOf<'update'>, reason = 1) =>
    test(name, () => {
      const world = new World().open();
      const signedBefore = world.bob.signed.length;
      const answers = meet(world, message(world));
      expect(answers).toEqual([expect.objectContaining({ type: 'update_error', reason })]);
      // The prior state under a higher number: the only thing signed.
      const refusal = answers[0] as MessageOf<'update_error'>;
      expect(world.bob.signed.slice(signedBefore)).toEqual([
        updateBytes(
          'ae_devnet',
          world.bob.channel!.channelId!,
          refusal.sequence_number,
          world.bob.channel!.latest!.stateHash,
        ),
      ]);
      expect(balancesOf(world.bob)).toEqual({ initiator: 10n * ae, responder: 5n * ae });
    });
  refuses('breaks channel_reserve', (world) => forged(world, { amount: 9n * ae + (9n * ae) / 10n + 1n }), 6);
  refuses('makes a balance negative', (world) => forged(world, { amount: 11n * ae }), 6);
  refuses('changes the total', (world) => forged(world, {}, { responder_balance: 7n * ae }));
  refuses('does not follow from the entries', (world) =>
    forged(world, {}, { initiator_balance: 8n * ae, responder_balance: 7n * ae }),
  );
  refuses('has another state_hash', (world) => forged(world, {}, { state_hash: new Uint8Array(32) }));
  refuses('bears an invalid signature', (world) => forged(world, {}, { signature: new Uint8Array(64) }));
  refuses('has no entries', (world) => forged(world, {}, { entries: [] }));
  refuses('moves nothing', (world) => forged(world, { amount: 0n }));
  refuses('has an entry that cannot be read', (world) =>
    forged(world, {}, { entries: [new Uint8Array([1, 2, 3])] }),
  );
  refuses('reuses number 0', (world) => forged(world, { number: 0n }));
  refuses('is signed by the other key', (world) => {
    const update = forged(world, {});
    const bytes = updateBytes('ae_devnet', update.channel_id, 1n, update.state_hash);
    return { ...update, signature: signs(world.bob.keys, bytes) };
  });
  refuses('moves coins of a third account', (world) =>
    forged(
      world,
      {},
      {
        entries: [
          serializeEntry({
            type: 'transfer',
            from: Point.BASE.toBytes(),
            to: world.bob.keys.publicKey,
            amount: ae,
          }),
        ],
      },
    ),
  );
  test('lowers its own balance unless its person said so', () => {
    const world = new World().open();
    const signed = world.bob.signed.length;
    expect(meet(world, forged(world, { from: 'responder' }))).toEqual([]);
    expect(world.bob.signed).toHaveLength(signed);
    expect(world.bob.channel!.live.incoming?.number).toBe(1n);
  });
  test('lowers its own balance inside a batch that raises it in sum', () => {
    const world = new World().open();
    const { keys, channelId } = world.alice.channel!;
    const balances = { initiator: 9n * ae, responder: 6n * ae };
    const hash = stateHash(
      channelTrees([
        { pubkey: keys.initiator, balance: balances.initiator },
        { pubkey: keys.responder, balance: balances.responder },
      ]),
    );
    const entries = [
      serializeEntry({ type: 'transfer', from: keys.responder, to: keys.initiator, amount: ae }),
      serializeEntry({ type: 'transfer', from: keys.initiator, to: keys.responder, amount: 2n * ae }),
    ];
    const signature = signs(world.alice.keys, updateBytes('ae_devnet', channelId!, 1n, hash));
    meet(world, {
      type: 'update',
      channel_id: channelId!,
      sequence_number: 1n,
      initiator_balance: balances.initiator,
      responder_balance: balances.responder,
      state_hash: hash,
      signature,
      entries,
    });
    expect(world.bob.channel!.live.incoming).not.toBeNull();
  });
});

describe('PROTOCOL 4: refusal', () => {
  test('the prior state under a higher number, acknowledged: the refused signature is worthless', () => {
    const world = new World().open();
    const wish = request(world.alice, ae, 'ask');
    world.settle();
    world.bob.post({ type: 'decide_update', number: 1n, accept: false });
    world.settle();
    expect(sameState(world.alice, world.bob)).toBe(true);
    expect(world.alice.channel!.latest!.number).toBe(2n);
    expect(balancesOf(world.alice)).toEqual({ initiator: 10n * ae, responder: 5n * ae });
    expect(world.alice.outcomes).toEqual([
      expect.objectContaining({ id: wish.id, ok: false, code: 'declined' }),
    ]);
    request(world.alice, ae);
    world.settle();
    expect(world.bob.channel!.latest!.number).toBe(3n);
  });
  test('the person agrees to pay what was asked', () => {
    const world = new World().open();
    request(world.alice, ae, 'ask', 'for lunch');
    world.settle();
    world.bob.post({ type: 'decide_update', number: 1n, accept: true });
    world.settle();
    expect(balancesOf(world.alice)).toEqual({ initiator: 11n * ae, responder: 4n * ae });
    expect(world.bob.history.at(-1)).toMatchObject({ kind: 'paid', amount: ae, note: 'for lunch' });
  });
  test('nobody decides in time: refused with reason 3', () => {
    const world = new World().open();
    request(world.alice, ae, 'ask');
    world.settle();
    world.bob.post({ type: 'timer', name: 'person' });
    world.settle();
    expect(world.alice.outcomes.at(-1)).toMatchObject({ code: 'timeout' });
  });
  test('a decision about an update that is gone is refused', () => {
    const world = new World().open();
    expect(world.bob.post({ type: 'decide_update', number: 4n, accept: true }).refused).toMatch(
      /no longer waiting/,
    );
  });
  test('an update_error about another state freezes the channel', () => {
    const world = new World().open();
    request(world.alice, ae);
    world.alice.post({
      type: 'message',
      message: {
        type: 'update_error',
        channel_id: world.alice.channel!.channelId!,
        sequence_number: 2n,
        state_hash: new Uint8Array(32),
        signature: new Uint8Array(64),
        reason: 4,
        data: new Uint8Array(),
      },
    });
    expect(world.alice.channel!.phase).toBe('failed');
  });
  test('an update_error under the number of the refused update itself is no refusal', () => {
    const world = new World().open();
    request(world.alice, ae);
    const { channelId, latest } = world.alice.channel!;
    const signature = signs(world.bob.keys, updateBytes('ae_devnet', channelId!, 1n, latest!.stateHash));
    world.alice.post({
      type: 'message',
      message: {
        type: 'update_error',
        channel_id: channelId!,
        sequence_number: 1n,
        state_hash: latest!.stateHash,
        signature,
        reason: 4,
        data: new Uint8Array(),
      },
    });
    // It is not completed: this side has signed another state of that number.
    expect(world.alice.channel!.latest!.number).toBe(0n);
    expect(world.alice.sent.at(-1)).toMatchObject({ type: 'update_error', sequence_number: 2n, reason: 2 });
    expect(world.alice.channel!.phase).toBe('open');
  });
});

describe('PROTOCOL 1: no number is ever used twice', () => {
  /** Bob asks for 1 AE, Alice's person is asked; whatever Bob says from here on is made by hand. */
  function waiting() {
    const world = new World().open();
    const { alice, bob } = world;
    request(bob, ae, 'ask');
    world.settle();
    const { channelId, latest } = alice.channel!;
    const errors = (number: bigint) =>
      alice.post({
        type: 'message',
        message: {
          type: 'update_error',
          channel_id: channelId!,
          sequence_number: number,
          state_hash: latest!.stateHash,
          signature: signs(bob.keys, updateBytes('ae_devnet', channelId!, number, latest!.stateHash)),
          reason: 3,
          data: new Uint8Array(),
        },
      });
    return { world, alice, bob, errors };
  }
  test.each([1n, 2n])(
    'an update_error of number %i takes back the update that waits for the person',
    (number) => {
      const { alice, errors } = waiting();
      errors(number);
      expect(alice.channel).toMatchObject({ phase: 'open', used: number, live: { incoming: null } });
      const signed = alice.signed.length;
      const { refused } = alice.post({ type: 'decide_update', number: 1n, accept: true });
      expect(refused).toMatch(/no longer waiting/);
      expect(alice.signed).toHaveLength(signed);
      expect(alice.channel!.latest!.number).toBe(number);
    },
  );
  test('an update whose number was used up while it waited is refused under a higher one', () => {
    const { world, alice } = waiting();
    // As after a forced round, or after a loss.
    alice.channel = { ...alice.channel!, used: 7n };
    alice.post({ type: 'decide_update', number: 1n, accept: true });
    expect(alice.sent.at(-1)).toMatchObject({ type: 'update_error', sequence_number: 8n, reason: 2 });
    world.settle();
    expect(sameState(alice, world.bob)).toBe(true);
    expect(alice.channel).toMatchObject({ phase: 'open', used: 8n });
  });
});

describe('PROTOCOL 4: simultaneous proposals', () => {
  test('both supersede both, the initiator proposes first, both are paid', () => {
    const world = new World().open();
    request(world.alice, ae);
    request(world.bob, 2n * ae);
    world.settle();
    expect(world.alice.outcomes).toEqual([expect.objectContaining({ ok: true })]);
    expect(world.bob.outcomes).toEqual([expect.objectContaining({ ok: true })]);
    expect(balancesOf(world.alice)).toEqual({ initiator: 11n * ae, responder: 4n * ae });
    expect(sameState(world.alice, world.bob)).toBe(true);
  });
  test('the two refusals complete each other: no ack follows', () => {
    const world = new World().open();
    request(world.alice, ae);
    request(world.bob, ae);
    world.deliver(world.alice);
    world.deliver(world.bob);
    world.deliver(world.alice);
    expect(world.alice.channel!.latest!.number).toBe(2n);
    expect(world.alice.sent.filter((message) => message.type === 'update_ack')).toHaveLength(0);
  });
  test('the responder proposes by itself when the initiator has nothing more', () => {
    const world = new World().open();
    request(world.alice, ae);
    request(world.bob, ae);
    world.alice.channel = {
      ...world.alice.channel!,
      proposal: { ...world.alice.channel!.proposal!, requests: [] },
    };
    world.settle();
    expect(world.bob.outcomes).toEqual([]);
    world.bob.post({ type: 'timer', name: 'yield' });
    world.settle();
    expect(world.bob.outcomes).toEqual([expect.objectContaining({ ok: true })]);
  });
});

describe('requests', () => {
  test('over what is spendable: the reserve stays, and the sentence says how much can be paid', () => {
    const world = new World().open();
    request(world.alice, 10n * ae);
    expect(world.alice.outcomes.at(-1)).toMatchObject({ ok: false, code: 'insufficient_funds' });
    expect(world.alice.outcomes.at(-1)?.message).toMatch(/at most 9\.9 AE now: 0\.1 AE stay/);
    request(world.alice, (99n * ae) / 10n);
    world.settle();
    expect(world.alice.outcomes.at(-1)).toMatchObject({ ok: true });
  });
  test('what waits counts as spent', () => {
    const world = new World().open();
    request(world.alice, 5n * ae);
    request(world.alice, 5n * ae);
    expect(world.alice.outcomes.at(-1)).toMatchObject({ ok: false, code: 'insufficient_funds' });
  });
  test('without a connection nothing is promised', () => {
    const world = new World().open();
    world.disconnect();
    request(world.alice, ae);
    expect(world.alice.outcomes.at(-1)).toMatchObject({ ok: false, code: 'offline' });
  });
});

describe('seed: error', () => {
  test('once a channel returns an error it is unusable: no update is taken any more', () => {
    const world = new World().open();
    world.alice.post({
      type: 'message',
      message: {
        type: 'error',
        channel_id: world.alice.channel!.channelId!,
        data: Buffer.from('out of order'),
      },
    });
    expect(world.alice.channel).toMatchObject({
      phase: 'failed',
      reason: 'The other side reported: out of order',
    });
    request(world.alice, ae);
    expect(world.alice.outcomes.at(-1)).toMatchObject({ ok: false, code: 'not_open' });
    request(world.bob, ae);
    world.settle();
    expect(world.alice.channel!.latest!.number).toBe(0n);
  });
  test('a message that no phase expects is an error', () => {
    const world = new World().open();
    world.bob.post({
      type: 'message',
      message: {
        type: 'closing_signed',
        channel_id: world.bob.channel!.channelId!,
        signature: new Uint8Array(64),
      },
    });
    expect(world.bob.channel!.phase).toBe('failed');
    world.settle();
    expect(world.alice.channel!.phase).toBe('failed');
  });
});
