/** Rules of the seed's establishment, named after them. */
import { describe, expect, test } from 'vitest';
import { toHex } from '../../src/protocol/bytes.ts';
import { parseSignedTx, txHash } from '../../src/protocol/chain/signed.ts';
import { parseTx } from '../../src/protocol/chain/tx.ts';
import { consider, type Event, initiate, type Terms } from '../../src/protocol/channel/index.ts';
import { sum } from '../../src/protocol/channel/record.ts';
import type { Message, MessageOf } from '../../src/protocol/wire/index.ts';
import { encode } from '../../src/protocol/wire/index.ts';
import { ae, balancesOf, chainHash, networkId, payment, standardTerms, World } from './world.ts';

const push: Terms = { ...standardTerms, pushAmount: 2n * ae };

function offered(world = new World(), terms = standardTerms): MessageOf<'channel_open'> {
  world.establish(terms);
  const open = world.alice.sent.find((message) => message.type === 'channel_open');
  if (!open) throw new Error('no channel_open');
  return open as MessageOf<'channel_open'>;
}

/** Bob's answer to a changed channel_open: a channel, or the text of its error. */
function considered(change: Partial<MessageOf<'channel_open'>>, isUnique = true, policy = {}) {
  const world = new World();
  const open = { ...offered(world), ...change };
  const env = {
    ...world.bob.env,
    settings: { ...world.bob.env.settings, policy: { ...world.bob.env.settings.policy, ...policy } },
  };
  return consider(
    open,
    { key: world.bob.keys.publicKey, networkId, chainHash, peer: world.alice.keys.publicKey, isUnique },
    env,
  );
}

/** Alice and Bob up to where Bob's next message is ready; it is changed on its way to Alice. */
function withChanged<T extends Message['type']>(
  type: T,
  from: 'alice' | 'bob',
  change: Partial<MessageOf<T>>,
  terms = standardTerms,
) {
  const world = new World();
  const queue = from === 'bob' ? world.wire.toAlice : world.wire.toBob;
  const original = queue.push.bind(queue);
  const wire = world.wire;
  const send = wire.push.bind(wire);
  wire.push = (party, bytes) => {
    const sender = world[from];
    const last = sender.sent.at(-1);
    if (party === sender && last?.type === type)
      send(party, encode({ ...(last as MessageOf<T>), ...change } as unknown as Message));
    else send(party, bytes);
  };
  void original;
  world.establish(terms);
  return world;
}

describe('opening without a push', () => {
  test('open, accept, funding_created, funding_signed, funding_locked both ways: the channel is open', () => {
    const world = new World().open();
    expect(world.alice.sent.map((message) => message.type)).toEqual([
      'channel_open',
      'funding_created',
      'funding_locked',
    ]);
    expect(world.bob.sent.map((message) => message.type)).toEqual([
      'channel_accept',
      'funding_signed',
      'funding_locked',
    ]);
    expect(balancesOf(world.alice)).toEqual({ initiator: 10n * ae, responder: 5n * ae });
    expect(balancesOf(world.bob)).toEqual(balancesOf(world.alice));
  });

  test('both broadcast the same channel_create, which names the terms and the first state', () => {
    const world = new World().open();
    const [a, b] = world.broadcasts;
    expect(toHex(a!.tx)).toBe(toHex(b!.tx));
    const tx = parseTx(parseSignedTx(a!.tx).tx);
    if (tx.type !== 'ChannelCreateTx') throw new Error(tx.type);
    expect(tx.initiatorAmount).toBe(10n * ae);
    expect(tx.stateHash).toEqual(world.alice.channel!.latest!.stateHash);
  });
});

describe('seed: push_amount', () => {
  test('with a push the initiator sends update 0 before funding_created', () => {
    const world = new World().open(push);
    expect(world.alice.sent.map((message) => message.type)).toEqual([
      'channel_open',
      'update',
      'funding_created',
      'funding_locked',
    ]);
    expect(balancesOf(world.alice)).toEqual({ initiator: 8n * ae, responder: 7n * ae });
  });

  test('channel_create carries the amounts before the push and the state_hash after it', () => {
    const world = new World().open(push);
    const tx = parseTx(parseSignedTx(world.broadcasts[0]!.tx).tx);
    if (tx.type !== 'ChannelCreateTx') throw new Error(tx.type);
    expect(tx.initiatorAmount).toBe(10n * ae);
    expect(tx.stateHash).toEqual(world.bob.channel!.latest!.stateHash);
  });

  test('the responder MUST NOT send funding_signed before it holds the pushed state', () => {
    const world = new World();
    const wire = world.wire;
    const send = wire.push.bind(wire);
    // The push is lost, and funding_created is sent as if it had been acknowledged.
    wire.push = (party, bytes) => {
      if (world.alice.sent.at(-1)?.type === 'update' && party === world.alice)
        send(
          party,
          encode({
            type: 'funding_created',
            temporary_channel_id: world.alice.channel!.temporaryId,
            transaction_data: new Uint8Array(32),
            signature: new Uint8Array(64),
          }),
        );
      else send(party, bytes);
    };
    world.establish(push);
    expect(world.bob.sent.map((message) => message.type)).not.toContain('funding_signed');
    expect(world.bob.channel?.phase).toBe('aborted');
    expect(world.bob.channel?.reason).toMatch(/before update 0/);
  });

  test('an update 0 that is not the promised push is refused', () => {
    for (const change of [
      { sequence_number: 1n },
      { initiator_balance: 9n * ae },
      { state_hash: new Uint8Array(32) },
      { entries: [] },
      { signature: new Uint8Array(64) },
    ]) {
      const world = withChanged('update', 'alice', change, push);
      expect(world.bob.channel?.phase).toBe('aborted');
      expect(world.alice.channel?.phase).toBe('aborted');
    }
  });
});

describe('seed: channel_open, the initiator', () => {
  const start = (terms: Terms) => {
    const world = new World();
    return initiate(
      {
        temporaryId: new Uint8Array(32),
        keys: { initiator: world.alice.keys.publicKey, responder: world.bob.keys.publicKey },
        networkId,
        chainHash,
      },
      terms,
      world.alice.env,
    );
  };
  test('push_amount MUST be less or equal to initiator_amount', () => {
    expect(start({ ...standardTerms, pushAmount: 11n * ae })).toMatch(
      /push_amount .* is more than initiator_amount/,
    );
    expect(start({ ...standardTerms, channelReserve: 0n, pushAmount: 10n * ae })).toHaveProperty(
      'phase',
      'opening',
    );
  });
  test('an amount that is not a whole number of units is an error, never a rounding', () => {
    expect(start({ ...standardTerms, initiatorAmount: 10n * ae + 1n })).toMatch(
      /initiator_amount .* whole multiple/,
    );
  });
  test('2^64-1 units are the most an amount can be', () => {
    const most = (2n ** 64n - 1n) * 10n ** 9n;
    expect(start({ ...standardTerms, initiatorAmount: most })).toHaveProperty('phase', 'opening');
    expect(start({ ...standardTerms, initiatorAmount: most + 10n ** 9n })).toMatch(/at most/);
  });
  test('the reserve holds before the push and after it', () => {
    expect(start({ ...standardTerms, channelReserve: 6n * ae })).toMatch(
      /responder_amount .* less than channel_reserve/,
    );
    expect(start({ ...standardTerms, channelReserve: 4n * ae, pushAmount: 7n * ae })).toMatch(
      /after push_amount/,
    );
  });
  test('the initiator does not sign what its account cannot pay', () => {
    const world = new World();
    world.accounts.set(toHex(world.alice.keys.publicKey), { balance: 10n * ae, nonce: 0n });
    world.establish();
    expect(world.alice.channel?.phase).toBe('aborted');
    expect(world.alice.signed).toEqual([]);
    expect(world.alice.channel?.reason).toMatch(/the account holds/);
  });
});

describe('seed: channel_open, the responder MUST abort', () => {
  test('if chain_hash is unrecognised', () => {
    expect(considered({ chain_hash: new Uint8Array(32) })).toMatch(/chain_hash is unrecognised/);
  });
  test('if initiator_pubkey is not a valid ed25519 pubkey', () => {
    const notAPoint = new Uint8Array(32).fill(255);
    expect(considered({ initiator_pubkey: notAPoint })).toMatch(/not a valid ed25519/);
    expect(considered({ initiator_pubkey: new Uint8Array(32) })).toMatch(/not a valid ed25519/);
  });
  test('if temporary_channel_id is not unique between the parties', () => {
    expect(considered({}, false)).toMatch(/temporary_channel_id is not unique/);
  });
  test('if initiator_pubkey is not the key that authenticated the connection', () => {
    expect(considered({ initiator_pubkey: new World().bob.keys.publicKey })).toMatch(/authenticated/);
  });
});

describe('seed: channel_open, the responder SHOULD abort', () => {
  test('if the initiator does not have sufficient balance to cover initiator_amount', () => {
    const world = new World();
    world.accounts.set(toHex(world.alice.keys.publicKey), { balance: 9n * ae, nonce: 0n });
    world.establish();
    expect(world.bob.channel?.phase).toBe('aborted');
    expect(world.bob.channel?.reason).toMatch(/less than initiator_amount/);
    expect(world.alice.channel?.phase).toBe('aborted');
  });
});

describe('seed: channel_open, the responder MAY abort', () => {
  const cases: [string, object, RegExp][] = [
    ['lock_period is too small', { minLockPeriod: 11 }, /lock_period 10 is too small/],
    ['push_amount is too small', { minPushAmount: 1n }, /push_amount 0 AE is too small/],
    ['channel_reserve is too small', { minChannelReserve: ae }, /channel_reserve .* is too small/],
    ['channel_reserve is too large', { maxChannelReserve: 1n }, /channel_reserve .* is too large/],
    ['responder_amount is too large', { maxResponderAmount: ae }, /responder_amount .* is too large/],
    ['initiator_amount is too small', { minInitiatorAmount: 11n * ae }, /initiator_amount .* is too small/],
  ];
  test.each(cases)('if %s', (_name, policy, message) => {
    expect(considered({}, true, policy)).toMatch(message);
  });
});

describe('seed: channel_accept', () => {
  test('a responder_pubkey that is no valid key, or another than invited, ends the opening', () => {
    for (const responder_pubkey of [new Uint8Array(32).fill(255), new World().alice.keys.publicKey]) {
      const world = withChanged('channel_accept', 'bob', { responder_pubkey });
      expect(world.alice.channel?.phase).toBe('aborted');
      expect(world.alice.signed).toEqual([]);
    }
  });
  test('chain_hash MUST identify the chain', () => {
    expect(
      withChanged('channel_accept', 'bob', { chain_hash: new Uint8Array(32) }).alice.channel?.phase,
    ).toBe('aborted');
  });
  test('an absurd minimum_depth is refused', () => {
    expect(withChanged('channel_accept', 'bob', { minimum_depth: 1_000_000 }).alice.channel?.phase).toBe(
      'aborted',
    );
  });
  test('differing amounts are a counter-offer: nothing is signed until the person approves', () => {
    const world = withChanged('channel_accept', 'bob', { initiator_amount: (9n * ae) / 10n ** 9n });
    expect(world.alice.channel?.phase).toBe('reviewing');
    expect(world.alice.signed).toEqual([]);
    expect(world.alice.channel?.asked?.initiatorAmount).toBe(10n * ae);
    world.alice.post({ type: 'decline' });
    world.settle();
    expect(world.alice.channel?.phase).toBe('aborted');
    expect(world.bob.channel?.phase).toBe('aborted');
  });
});

describe('seed: funding_created', () => {
  test('the responder MUST abort if the signature is invalid for the provided transaction data', () => {
    const world = withChanged('funding_created', 'alice', { signature: new Uint8Array(64).fill(1) });
    expect(world.bob.channel?.phase).toBe('aborted');
    expect(world.bob.signed).toEqual([]);
  });
  test('transaction_data of another transaction is refused, naming the nonces that were tried', () => {
    const world = withChanged('funding_created', 'alice', { transaction_data: new Uint8Array(32) });
    expect(world.bob.channel?.reason).toMatch(/nonce 1 to 16/);
  });
  test('the responder finds the transaction among the next 16 nonces of the initiator', () => {
    const world = new World();
    world.alice.nonce = 15n;
    expect(world.open().bob.channel?.funding?.nonce).toBe(16n);
    const far = new World();
    far.alice.nonce = 16n;
    far.establish();
    expect(far.bob.channel?.phase).toBe('aborted');
  });
  test('the same with a push, where the nonce is found by the signature of update 0', () => {
    const world = new World();
    world.alice.nonce = 9n;
    expect(world.open(push).bob.channel?.funding?.nonce).toBe(10n);
  });
  test('an initiator that gives up after funding_created spends the nonce otherwise', () => {
    const world = withChanged('funding_signed', 'bob', { signature: new Uint8Array(64) });
    expect(world.alice.channel?.phase).toBe('cancelling');
    expect(world.cancelled).toEqual([1n]);
    world.alice.post({ type: 'chain', what: 'cancel', confirmations: 1 });
    expect(world.alice.channel?.phase).toBe('aborted');
  });
});

describe('seed: funding_locked', () => {
  test('a node MUST NOT send funding_locked unless channel_create has minimum_depth confirmations', () => {
    const world = new World();
    world.establish(standardTerms, 3);
    for (const confirmations of [null, -1, 0, 1, 2]) {
      world.confirm(confirmations);
      expect(world.alice.sent.map((message) => message.type)).not.toContain('funding_locked');
    }
    world.confirm(3);
    expect(world.alice.channel?.phase).toBe('open');
  });
  test('only after both agree is the channel open', () => {
    const world = new World();
    world.establish();
    world.alice.post({ type: 'chain', what: 'funding', confirmations: 1 });
    world.settle();
    expect(world.alice.channel?.phase).toBe('locking');
    expect(world.bob.channel?.phase).toBe('confirming');
    world.bob.post({ type: 'chain', what: 'funding', confirmations: 1 });
    world.settle();
    expect([world.alice.channel?.phase, world.bob.channel?.phase]).toEqual(['open', 'open']);
  });
  test('minimum_depth 0 means: seen in a micro block', () => {
    const world = new World();
    world.establish(standardTerms, 0);
    world.confirm(-1);
    expect(world.alice.channel?.phase).toBe('confirming');
    world.confirm(0);
    expect(world.alice.channel?.phase).toBe('open');
  });
  test('funding_locked of another transaction freezes the channel', () => {
    const world = new World();
    world.establish();
    world.bob.post({
      type: 'message',
      message: {
        type: 'funding_locked',
        temporary_channel_id: world.bob.channel!.temporaryId,
        transaction_id: txHash(new Uint8Array(1)),
      },
    });
    expect(world.bob.channel?.phase).toBe('failed');
  });
  test('a funding that a reorganisation removed is posted again, and locked again', () => {
    const world = new World();
    world.establish();
    world.alice.post({ type: 'chain', what: 'funding', confirmations: 1 });
    const posted = world.broadcasts.length;
    world.alice.post({ type: 'chain', what: 'funding', confirmations: null });
    expect(world.alice.channel?.phase).toBe('confirming');
    expect(world.broadcasts.length).toBe(posted + 1);
  });
});

describe('a node that loses sight of the funding for a moment', () => {
  test.each(['request', 'deposit', 'withdraw'] as const)(
    'after both locked: a %s waits until it is back',
    (what) => {
      const world = new World();
      world.establish();
      const { alice, bob } = world;
      bob.post({ type: 'chain', what: 'funding', confirmations: 1 });
      world.settle();
      bob.post({ type: 'chain', what: 'funding', confirmations: null });
      alice.post({ type: 'chain', what: 'funding', confirmations: 1 });
      expect(alice.channel!.phase).toBe('open');
      if (what === 'request') alice.post({ type: what, request: payment(ae) });
      else alice.post({ type: what, amount: ae });
      world.settle();
      expect(bob.channel!.phase).toBe('confirming');
      expect(bob.disconnects.at(-1)).toMatch(/not deep enough/);
      bob.post({ type: 'chain', what: 'funding', confirmations: 2 });
      world.connect();
      world.settle();
      if (what !== 'request') expect(bob.channel!.move).not.toBeNull();
      else expect(bob.channel!.latest!.number).toBe(1n);
      expect([alice.channel!.phase, bob.channel!.phase]).toEqual(['open', 'open']);
    },
  );
  test('an update of a side that has not locked is an error all the same', () => {
    const world = new World();
    world.establish();
    const { alice, bob } = world;
    alice.post({ type: 'chain', what: 'funding', confirmations: 1 });
    world.wire.toBob = [];
    alice.channel = { ...alice.channel!, phase: 'open' };
    alice.post({ type: 'request', request: payment(ae) });
    world.settle();
    expect(bob.channel!.phase).toBe('failed');
  });
  test('of a record that was made anew from the chain there is none to lose', () => {
    const { alice } = new World().open();
    const channel = { ...alice.channel!, funding: null };
    alice.channel = channel;
    alice.post({ type: 'chain', what: 'funding', confirmations: null });
    expect(alice.channel).toBe(channel);
  });
});

describe('aborting', () => {
  test('before funding_created either may abort freely: nothing is committed', () => {
    const world = new World();
    world.alice.channel = null;
    world.establish();
    const opening = withChanged('channel_accept', 'bob', { initiator_amount: 1n });
    expect(opening.alice.signed).toEqual([]);
  });
  test('a connection lost while the person considers ends the opening on both sides', () => {
    const world = new World();
    world.bob.env = { ...world.bob.env };
    const channel = initiate(
      {
        temporaryId: new Uint8Array(32).fill(7),
        keys: { initiator: world.alice.keys.publicKey, responder: world.bob.keys.publicKey },
        networkId,
        chainHash,
      },
      standardTerms,
      world.alice.env,
    );
    if (typeof channel === 'string') throw new Error(channel);
    world.alice.channel = channel;
    world.connect();
    world.settle();
    world.disconnect();
    expect([world.alice.channel?.phase, world.bob.channel?.phase]).toEqual(['aborted', 'aborted']);
  });
});

describe('PROTOCOL 3: delegates', () => {
  test('what both sides name goes into channel_create, in their order', () => {
    const world = new World();
    const delegate = new Uint8Array(32).fill(3);
    world.alice.env = {
      ...world.alice.env,
      settings: { ...world.alice.env.settings, delegates: [delegate] },
    };
    world.open();
    const tx = parseTx(parseSignedTx(world.broadcasts[0]!.tx).tx);
    if (tx.type !== 'ChannelCreateTx') throw new Error(tx.type);
    expect(tx.initiatorDelegates).toEqual([delegate]);
    expect(tx.responderDelegates).toEqual([]);
  });
});

describe('an opening that ends', () => {
  /** Alice waits for the answer to the message before which Bob fell silent. */
  function waiting(phase: 'pushing' | 'half_signed') {
    const world = new World();
    const open = world.wire.push.bind(world.wire);
    const before = phase === 'pushing' ? 'update_ack' : 'funding_signed';
    world.wire.push = (party, bytes) => {
      if (party !== world.bob || world.bob.sent.at(-1)?.type !== before) open(party, bytes);
    };
    world.establish(push);
    const { alice } = world;
    expect(alice.channel!.phase).toBe(phase);
    return { world, alice, nonce: alice.channel!.funding!.nonce, id: alice.channel!.temporaryId };
  }
  const ends: [string, (id: Uint8Array) => Event][] = [
    ['the other side says error', (id) => said({ type: 'error', channel_id: id, data: new Uint8Array() })],
    ['something comes that has no place there', (id) => said({ type: 'shutdown', channel_id: id })],
    ['it is given up', () => ({ type: 'abort', reason: 'given up' })],
  ];
  const said = (message: Message): Event => ({ type: 'message', message });

  test.each([
    ...ends,
    [
      'the signature on update 0 is none',
      (id) =>
        said({ type: 'update_ack', channel_id: id, sequence_number: 0n, signature: new Uint8Array(64) }),
    ],
    ['the connection is lost', () => ({ type: 'disconnected' })],
    ['nothing is answered', () => ({ type: 'timer', name: 'accept' })],
  ] satisfies typeof ends)(
    'before anything is signed for the chain, as %s: its nonce is free again',
    (_, end) => {
      const { alice, nonce, id } = waiting('pushing');
      const { channel, effects } = alice.post(end(id));
      expect(channel.phase).toBe('aborted');
      const kinds = effects.map(({ type }) => type);
      expect(effects).toContainEqual({ type: 'release_nonce', nonce });
      // In the commit that ends the channel.
      expect(kinds.indexOf('release_nonce')).toBeLessThan(kinds.indexOf('persist'));
    },
  );

  test.each([
    ...ends,
    [
      'the signature on the funding is none',
      (id) => said({ type: 'funding_signed', temporary_channel_id: id, signature: new Uint8Array(64) }),
    ],
  ] satisfies typeof ends)('with its funding half signed, as %s: its nonce is spent otherwise', (_, end) => {
    const { alice, nonce, id } = waiting('half_signed');
    const { channel, effects } = alice.post(end(id));
    expect(channel.phase).toBe('cancelling');
    expect(effects.at(-1)).toEqual({ type: 'cancel_nonce', nonce });
  });

  test('and is funded by the other side all the same, can be closed by agreement too', () => {
    const { world, alice } = waiting('half_signed');
    alice.post({ type: 'abort', reason: 'given up' });
    alice.post({ type: 'chain', what: 'funding', confirmations: 1 });
    expect(alice.channel!.phase).toBe('failed');
    world.bob.post({ type: 'chain', what: 'funding', confirmations: 1 });
    alice.post({ type: 'message', message: { type: 'shutdown', channel_id: alice.channel!.channelId! } });
    expect(alice.channel!.phase).toBe('closing');
    expect(sum(alice.channel!.closing!.balances) + alice.channel!.closing!.fee).toBe(15n * ae);
  });
});
