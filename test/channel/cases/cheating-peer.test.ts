/**
 * A peer that sends what is wrong, by the names of the node's own suite (CHAIN 4): each of create, update, deposit,
 * withdrawal and mutual close with a bad signature, another channel's id, rounds too low and too high, another state.
 * Whatever the answer, the honest side signs nothing but its prior state under a higher number.
 */
import { describe, expect, test } from 'vitest';
import { equalBytes } from '../../../src/protocol/bytes.ts';
import { signingBytes } from '../../../src/protocol/chain/signed.ts';
import { hashOf, updateBytes } from '../../../src/protocol/channel/record.ts';
import { serializeEntry } from '../../../src/protocol/state/entries.ts';
import { encode, type Message, type MessageOf } from '../../../src/protocol/wire/index.ts';
import { ChainWorld } from '../matrix/chain-world.ts';
import { ae, balancesOf, networkId, type Party, signs, World } from '../world.ts';

const otherId = new Uint8Array(32).fill(3);
const badSignature = { signature: new Uint8Array(64).fill(1) };
/** Another transaction than is agreed, validly signed by the sender. */
const another = (by: Party) => {
  const hash = new Uint8Array(32).fill(5);
  return { transaction_data: hash, signature: signs(by.keys, signingBytes(networkId, hash)) };
};

/** What this party signed since: nothing but its state of before under a number above. */
function expectOnlyRefusals(
  party: Party,
  before: { signed: number; number: bigint; hash: Uint8Array },
): void {
  const allowed = Array.from({ length: 20 }, (_, i) =>
    updateBytes(networkId, party.channel!.channelId!, before.number + 1n + BigInt(i), before.hash),
  );
  for (const bytes of party.signed.slice(before.signed))
    expect(allowed.some((refusal) => equalBytes(refusal, bytes))).toBe(true);
}

/** Bob meets it; his coins and his latest state are as before. */
function meet(world: World, message: Message): Message[] {
  const { bob } = world;
  const latest = bob.channel!.latest!;
  const before = { signed: bob.signed.length, number: latest.number, hash: latest.stateHash };
  const sent = bob.sent.length;
  world.wire.toBob = [];
  world.wire.push(world.alice, encode(message));
  world.deliver(bob);
  expectOnlyRefusals(bob, before);
  expect(balancesOf(bob)).toEqual({ initiator: 10n * ae, responder: 5n * ae });
  expect(bob.channel!.latest!.stateHash).toEqual(before.hash);
  expect(world.broadcasts.filter(({ by, what }) => by === bob && what !== 'funding')).toEqual([]);
  return bob.sent.slice(sent);
}

describe('check_incorrect_update', () => {
  /** Alice pays 1 AE in this round, correctly but for `change`. */
  function update(
    world: World,
    number: bigint,
    change: Partial<MessageOf<'update'>> = {},
  ): MessageOf<'update'> {
    const { keys, channelId } = world.alice.channel!;
    const balances = { initiator: 9n * ae, responder: 6n * ae };
    const hash = change.state_hash ?? hashOf(keys, balances);
    const transfer = { type: 'transfer', from: keys.initiator, to: keys.responder, amount: ae } as const;
    return {
      type: 'update',
      channel_id: channelId!,
      sequence_number: number,
      initiator_balance: balances.initiator,
      responder_balance: balances.responder,
      state_hash: hash,
      signature: signs(world.alice.keys, updateBytes(networkId, channelId!, number, hash)),
      entries: [serializeEntry(transfer)],
      ...change,
    };
  }
  test.each([
    ['check_incorrect_update: bad signature', 1n, badSignature],
    ['check_incorrect_update: round too low', 0n, {}],
    ['check_incorrect_update: wrong state_hash', 1n, { state_hash: new Uint8Array(32).fill(5) }],
  ] as const)('%s', (_name, number, change) => {
    const world = new World().open();
    meet(world, update(world, number, change));
  });
  test('check_incorrect_update: wrong channel_id', () => {
    const world = new World().open();
    const { state_hash } = update(world, 1n);
    const signature = signs(world.alice.keys, updateBytes(networkId, otherId, 1n, state_hash));
    meet(world, update(world, 1n, { signature }));
  });
  test('check_incorrect_update: round too high', () => {
    // Numbers may skip (a refusal burns one), so a higher one is no fault: it is co-signed as that number.
    const world = new World().open();
    world.wire.push(world.alice, encode(update(world, 7n)));
    world.deliver(world.bob);
    expect(world.bob.channel!.latest!.number).toBe(7n);
    meet2(world, update(world, 6n));
  });
  /** A number below the latest is refused, however it differs. */
  function meet2(world: World, message: MessageOf<'update'>): void {
    const { bob } = world;
    const latest = bob.channel!.latest!;
    const before = { signed: bob.signed.length, number: latest.number, hash: latest.stateHash };
    world.wire.push(world.alice, encode(message));
    world.deliver(bob);
    expectOnlyRefusals(bob, before);
    expect(bob.channel!.latest!.stateHash).toEqual(before.hash);
  }
});

/** The transaction says which channel, round and state it is about; only its hash is sent, so each fault is another one. */
const faults = [
  ['bad signature', () => badSignature],
  ['another transaction: wrong channel_id, round or state_hash', another],
] as const;

test.each(faults)('check_incorrect_deposit: %s', (_fault, change) => {
  const world = new World().open();
  world.alice.post({ type: 'deposit', amount: ae });
  meet(world, { ...world.alice.sent.at(-1)!, ...change(world.alice) } as Message);
  expect(world.bob.channel!.move).toBeNull();
});
test.each(faults)('check_incorrect_withdrawal: %s', (_fault, change) => {
  const world = new World().open();
  world.alice.post({ type: 'withdraw', amount: ae });
  meet(world, { ...world.alice.sent.at(-1)!, ...change(world.alice) } as Message);
  expect(world.bob.channel!.move).toBeNull();
});

/** Bob wants to close; what Alice builds is changed on its way. */
function close(change: (alice: Party) => object): void {
  const world = new World().open();
  world.bob.post({ type: 'shutdown' });
  world.deliver(world.alice);
  const created = world.alice.sent.at(-1)!;
  expect(created.type).toBe('closing_created');
  const answers = meet(world, { ...created, ...change(world.alice) } as Message);
  expect(answers.map(({ type }) => type)).toEqual(['error']);
  expect(world.bob.channel!.phase).toBe('failed');
}
test('check_incorrect_mutual_close: bad signature', () => close(() => badSignature));
test('check_mutual_close_with_wrong_amounts', () => close(another));

describe('check_incorrect_create', () => {
  /** What Alice's funding_created becomes on its way. */
  function created(change: (alice: Party) => object): World {
    const world = new World();
    const push = world.wire.push.bind(world.wire);
    world.wire.push = (from, bytes) => {
      const last = from.sent.at(-1);
      push(from, last?.type === 'funding_created' ? encode({ ...last, ...change(from) }) : bytes);
    };
    world.establish();
    return world;
  }
  test.each(faults)('check_incorrect_create: %s', (_fault, change) => {
    const world = created(change);
    expect(world.bob.signed).toEqual([]);
    expect(world.broadcasts).toEqual([]);
    expect(world.bob.channel?.phase).not.toBe('open');
  });
});

test('check_mutual_close_after_close_solo', () => {
  // Once it closes alone a wallet signs no other close, whatever the peer sends: the chain has the balances.
  for (const message of ['shutdown', 'closing_created', 'update'] as const) {
    const world = new ChainWorld().open();
    const { alice, bob } = world;
    world.act(alice, () => alice.post({ type: 'close_solo' }));
    const id = alice.channel!.channelId!;
    const signed = alice.signed.length;
    const transaction_data = new Uint8Array(32).fill(5);
    const signature = signs(bob.keys, signingBytes(networkId, transaction_data));
    const bodies: Record<typeof message, Message> = {
      shutdown: { type: 'shutdown', channel_id: id },
      closing_created: { type: 'closing_created', channel_id: id, transaction_data, signature },
      update: {
        type: 'update',
        channel_id: id,
        sequence_number: 1n,
        initiator_balance: 11n * ae,
        responder_balance: 4n * ae,
        state_hash: transaction_data,
        signature,
        entries: [transaction_data],
      },
    };
    world.wire.push(bob, encode(bodies[message]));
    world.deliver(alice);
    expect(alice.signed.length, message).toBe(signed);
    expect(alice.post({ type: 'shutdown' }).refused).toMatch(/not possible/);
    for (let i = 0; i < 20; i++) {
      world.mine();
      world.look();
    }
    expect(alice.channel!.phase).toBe('closed');
    expect(alice.onAccount).toBeGreaterThan(1000n * ae - ae / 100n);
  }
});
