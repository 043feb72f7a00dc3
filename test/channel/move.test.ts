/** Rules of the seed's deposit and withdrawal, and PROTOCOL 5. */
import { describe, expect, test } from 'vitest';
import { equalBytes } from '../../src/protocol/bytes.ts';
import { parseSignedTx } from '../../src/protocol/chain/signed.ts';
import { parseTx } from '../../src/protocol/chain/tx.ts';
import { finalId, moveTxHash } from '../../src/protocol/channel/index.ts';
import { updateBytes } from '../../src/protocol/channel/record.ts';
import type { Message } from '../../src/protocol/wire/index.ts';
import { ChainWorld, richness } from './matrix/chain-world.ts';
import {
  ae,
  balancesOf,
  networkId,
  type Party,
  payment,
  sameState,
  signs,
  standardTerms,
  World,
} from './world.ts';

const posted = (world: World) => world.broadcasts.filter((broadcast) => broadcast.what === 'move');
const types = (party: Party, from = 0) => party.sent.slice(from).map((message) => message.type);
function confirmMove(world: World, confirmations: number | null = 1): void {
  for (const party of [world.alice, world.bob])
    if (party.channel!.move) party.post({ type: 'chain', what: 'move', confirmations });
  world.settle();
}
function cancelled(party: Party, world: World): void {
  party.post({ type: 'chain', what: 'cancel', confirmations: 1 });
  world.settle();
}

describe.each([
  ['deposit', 'ChannelDepositTx', 13n],
  ['withdraw', 'ChannelWithdrawTx', 7n],
] as const)('%s', (kind, txType, mine) => {
  test('created, signed, on chain, locked both ways: the new state is usable', () => {
    const world = new World().open();
    const from = [world.alice.sent.length, world.bob.sent.length] as const;
    expect(world.alice.post({ type: kind, amount: 3n * ae }).refused).toBeUndefined();
    world.settle();
    const name = kind === 'deposit' ? 'update_deposit' : 'update_withdrawal';
    expect(types(world.alice, from[0])).toEqual([`${name}_created`]);
    expect(types(world.bob, from[1])).toEqual([`${name}_signed`]);
    expect(balancesOf(world.alice).initiator).toBe(10n * ae);
    confirmMove(world);
    expect(types(world.alice, from[0]).at(-1)).toBe(`${name}_locked`);
    for (const party of [world.alice, world.bob]) {
      expect(party.channel!.latest).toMatchObject({ number: 1n, source: 'move' });
      expect(balancesOf(party)).toEqual({ initiator: mine * ae, responder: 5n * ae });
    }
    const tx = parseTx(parseSignedTx(posted(world)[0]!.tx).tx);
    expect(tx).toMatchObject({
      type: txType,
      amount: 3n * ae,
      round: 2n,
      stateHash: world.alice.channel!.latest!.stateHash,
    });
    world.bob.post({ type: 'request', request: payment(ae) });
    world.settle();
    expect(world.alice.channel!.latest!.number).toBe(2n);
  });

  test('until both have locked it no update is proposed', () => {
    const world = new World().open();
    world.alice.post({ type: kind, amount: ae });
    world.settle();
    world.bob.post({ type: 'request', request: payment(ae) });
    world.settle();
    expect(types(world.bob)).not.toContain('update');
    confirmMove(world);
    expect(world.bob.outcomes.at(-1)).toMatchObject({ ok: true });
  });

  test('a reorganisation before the locks: posted again, locked anew', () => {
    const world = new World().open();
    world.alice.post({ type: kind, amount: ae });
    world.settle();
    world.alice.post({ type: 'chain', what: 'move', confirmations: 1 });
    const before = posted(world).length;
    world.alice.post({ type: 'chain', what: 'move', confirmations: null });
    expect(posted(world)).toHaveLength(before + 1);
    expect(world.alice.channel!.move!.locked.mine).toBe(false);
    confirmMove(world);
    expect(sameState(world.alice, world.bob)).toBe(true);
  });

  test.each([0, 1, 2, 3])('the connection breaks after %i messages: it goes on', (count) => {
    const world = new World().open();
    world.alice.post({ type: kind, amount: ae });
    for (let i = 0; i < count; i++) if (!world.deliver(world.bob)) world.deliver(world.alice);
    world.disconnect();
    world.connect();
    world.settle();
    for (const party of [world.alice, world.bob])
      party.post({ type: 'chain', what: 'move', confirmations: 1 });
    if (count % 2 === 0) world.disconnect();
    world.connect();
    world.settle();
    expect(world.alice.channel!.move).toBeNull();
    expect(world.alice.channel!.latest!.number).toBe(1n);
    expect(sameState(world.alice, world.bob)).toBe(true);
  });

  test.each(['alice', 'bob'] as const)('%s dies after each of its effects: it goes on', (who) => {
    for (let at = 0; at < 6; at++) {
      const world = new World().open();
      const victim = world[who];
      victim.killBefore = victim.effects + at;
      world.guard(world.alice, () => world.alice.post({ type: kind, amount: ae }));
      for (let round = 0; round < 4; round++) {
        world.connect();
        world.settle();
        if (!world.alice.channel!.move && world.alice.channel!.latest!.number === 0n)
          world.guard(world.alice, () => world.alice.post({ type: kind, amount: ae }));
        world.settle();
        for (const party of [world.alice, world.bob])
          if (party.channel!.move)
            world.guard(party, () => party.post({ type: 'chain', what: 'move', confirmations: 1 }));
      }
      world.connect();
      world.settle();
      expect(world.alice.channel!.phase, world.alice.channel!.reason ?? '').toBe('open');
      expect(world.alice.channel!.move).toBeNull();
      expect(sameState(world.alice, world.bob)).toBe(true);
    }
  });
});

describe('refused', () => {
  const sentence = (
    kind: 'deposit' | 'withdraw',
    amount: bigint,
    change: (world: World) => void = () => undefined,
  ) => {
    const world = new World().open();
    change(world);
    const signed = world.alice.signed.length;
    const done = world.alice.post({ type: kind, amount });
    expect(world.alice.signed).toHaveLength(signed);
    return done.refused;
  };
  test('a withdrawal never leaves a side below the reserve', () => {
    expect(sentence('withdraw', 10n * ae)).toMatch(/less than channel_reserve/);
  });
  test('an amount that is no whole unit, or nothing', () => {
    expect(sentence('deposit', ae + 1n)).toMatch(/whole multiple/);
    expect(sentence('deposit', 0n)).toMatch(/above zero/);
  });
  test('more than the account holds', () => {
    expect(sentence('deposit', 2000n * ae)).toMatch(/Your account holds/);
  });
  test('while another operation is under way, or nobody is there', () => {
    expect(
      sentence('deposit', ae, (world) => void world.alice.post({ type: 'request', request: payment(ae) })),
    ).toMatch(/another operation/i);
    expect(sentence('deposit', ae, (world) => world.disconnect())).toMatch(/not connected/);
  });

  /** Alice's created message, changed on its way. */
  function changed(kind: 'deposit' | 'withdraw', change: object) {
    const world = new World().open();
    world.alice.post({ type: kind, amount: ae });
    const created = world.alice.sent.at(-1)!;
    world.wire.toBob = [];
    world.bob.post({ type: 'message', message: { ...created, ...change } as Message });
    return world;
  }
  test.each([
    ['another amount', 'deposit', { amount: 7n }],
    ['another transaction', 'deposit', { transaction_data: new Uint8Array(32) }],
    ['an invalid signature', 'deposit', { signature: new Uint8Array(64) }],
    ['a withdrawal to another account', 'withdraw', { to: new Uint8Array(32).fill(3) }],
    ['a withdrawal of the other side', 'withdraw', { from: new Uint8Array(32).fill(3) }],
    ['a withdrawal below the reserve', 'withdraw', { amount: 10n * 10n ** 9n }],
  ] as const)('%s: update_error, nothing else is signed', (_name, kind, change) => {
    const world = changed(kind, change);
    expect(world.bob.sent.at(-1)).toMatchObject({ type: 'update_error', reason: 1 });
    expect(world.bob.channel!.move).toBeNull();
    expect(posted(world)).toEqual([]);
  });

  /** A withdrawal in the name of nobody. */
  const foreign = (party: Party): Message => ({
    type: 'update_withdrawal_created',
    channel_id: party.channel!.channelId!,
    from: new Uint8Array(32),
    to: new Uint8Array(32),
    amount: 1n,
    fee: 1n,
    transaction_data: new Uint8Array(32),
    signature: new Uint8Array(64),
  });
  test.each([
    ['a co-signed deposit', 'deposit', 'alice'],
    ['an own half-signed deposit', 'half', 'alice'],
    ['an update that waits for the person', 'ask', 'bob'],
    ['an own refusal', 'refusal', 'alice'],
    ['a shutdown', 'shutdown', 'bob'],
  ] as const)('a withdrawal of a foreign account during %s: nothing is signed', (_name, what, who) => {
    const world = new World().open();
    const { alice, bob } = world;
    if (what === 'deposit' || what === 'half') world[who].post({ type: 'deposit', amount: ae });
    if (what === 'ask') world[who].post({ type: 'request', request: payment(ae, 'ask') });
    if (what === 'shutdown') world[who].post({ type: 'shutdown' });
    if (what === 'refusal') alice.post({ type: 'message', message: foreign(bob) });
    if (what === 'half') world.wire.toBob = [];
    if (what === 'shutdown') world.deliver(alice);
    else if (what !== 'refusal') world.settle();
    expect(alice.channel!.refusal !== null).toBe(what === 'refusal');
    const signed = alice.signed.length;
    alice.post({ type: 'message', message: foreign(bob) });
    expect(alice.signed).toHaveLength(signed);
  });
  test('a refusal signs one state: acknowledged once another is the latest, it freezes the channel', () => {
    const world = new World().open();
    const { alice, bob } = world;
    alice.post({ type: 'message', message: foreign(bob) });
    const { number } = alice.channel!.refusal!;
    const later = { ...alice.channel!.latest!, stateHash: new Uint8Array(32).fill(1) };
    alice.channel = { ...alice.channel!, latest: later };
    const bytes = updateBytes(networkId, alice.channel!.channelId!, number, later.stateHash);
    const ack: Message = {
      type: 'update_ack',
      channel_id: alice.channel!.channelId!,
      sequence_number: number,
      signature: signs(bob.keys, bytes),
    };
    alice.post({ type: 'message', message: ack });
    expect(alice.channel).toMatchObject({ phase: 'failed', latest: later });
  });

  test('PROTOCOL 1: the half-signed transaction is made void on chain before anything else is signed', () => {
    const world = changed('deposit', { signature: new Uint8Array(64) });
    const signed = world.alice.signed.length;
    world.settle();
    expect(world.cancelled).toHaveLength(1);
    expect(world.alice.signed).toHaveLength(signed);
    world.alice.post({ type: 'request', request: payment(ae) });
    expect(world.alice.signed).toHaveLength(signed);
    cancelled(world.alice, world);
    expect(world.alice.outcomes.at(-1)).toMatchObject({ ok: true });
    expect(sameState(world.alice, world.bob)).toBe(true);
    expect(balancesOf(world.alice)).toEqual({ initiator: 9n * ae, responder: 6n * ae });
  });
});

describe('conflicts', () => {
  test('a deposit crosses an update: the deposit is given up, the update is paid', () => {
    const world = new World().open();
    world.alice.post({ type: 'deposit', amount: ae });
    world.bob.post({ type: 'request', request: payment(ae) });
    world.settle();
    cancelled(world.alice, world);
    world.bob.post({ type: 'timer', name: 'yield' });
    world.settle();
    expect(world.bob.outcomes).toEqual([expect.objectContaining({ ok: true })]);
    expect(world.alice.channel).toMatchObject({ phase: 'open', move: null });
    expect(balancesOf(world.alice)).toEqual({ initiator: 11n * ae, responder: 4n * ae });
    expect(sameState(world.alice, world.bob)).toBe(true);
  });
  test('a deposit crosses a withdrawal: both are given up, both sides agree', () => {
    const world = new World().open();
    world.alice.post({ type: 'deposit', amount: ae });
    world.bob.post({ type: 'withdraw', amount: ae });
    world.settle();
    expect(world.cancelled).toHaveLength(2);
    cancelled(world.alice, world);
    cancelled(world.bob, world);
    for (const party of [world.alice, world.bob]) {
      expect(party.channel).toMatchObject({ phase: 'open', move: null, refusal: null });
      expect(balancesOf(party)).toEqual({ initiator: 10n * ae, responder: 5n * ae });
    }
    expect(sameState(world.alice, world.bob)).toBe(true);
    world.alice.post({ type: 'deposit', amount: ae });
    world.settle();
    confirmMove(world);
    expect(sameState(world.alice, world.bob)).toBe(true);
  });
});

test('the number was used up by an own one that was given up: conflict, and the next try is made', () => {
  const world = new ChainWorld().open();
  const { alice, bob } = world;
  world.act(alice, () => alice.post({ type: 'deposit', amount: ae }));
  world.disconnect();
  world.act(alice, () => alice.post({ type: 'abort', reason: 'no answer' }));
  world.lives(3);
  expect([alice.channel!.move, alice.channel!.used, bob.channel!.used]).toEqual([null, 1n, 0n]);
  world.act(bob, () => bob.post({ type: 'deposit', amount: ae }));
  world.settle();
  expect(alice.sent.findLast(({ type }) => type === 'update_error')).toMatchObject({ reason: 2 });
  world.lives(3);
  world.act(bob, () => bob.post({ type: 'deposit', amount: ae }));
  world.settle();
  world.lives(3);
  expect(alice.channel!.latest!.balances.responder).toBe(6n * ae);
  expect(sameState(alice, bob)).toBe(true);
});

describe('on top of what a reorganisation took away', () => {
  /** Alice's deposit of 2, undone after both locked it; both have seen so. */
  function undone(lose: boolean) {
    const world = new ChainWorld().open();
    const { alice } = world;
    world.act(alice, () => alice.post({ type: 'deposit', amount: 2n * ae }));
    world.settle();
    world.lives(3);
    const hash = moveTxHash(alice.channel!.lastMove!.move);
    const { block, transaction } = world.chain.mined(hash)!;
    const depth = world.chain.height - block.height + 1;
    world.chain.fork(
      depth,
      0,
      [hash],
      Array.from({ length: depth }, () => []),
    );
    if (lose) {
      world.submit(alice.spendOnNothing(transaction.nonce));
      world.mine();
    }
    return world;
  }
  test.each([true, false])('a deposit is not asked for; all coins come out (undone for good: %s)', (lose) => {
    const world = undone(lose);
    const { alice, bob } = world;
    world.look();
    const signed = bob.signed.length;
    for (const type of ['deposit', 'withdraw'] as const)
      expect(bob.post({ type, amount: ae }).refused).toMatch(/reorganisation.*undid/);
    expect(bob.signed).toHaveLength(signed);
    world.lives(8);
    expect(sameState(alice, bob)).toBe(true);
    world.act(alice, () => alice.post({ type: 'close_solo' }));
    world.lives(20);
    expect(world.chain.state.channel(finalId(alice.channel!))).toBeUndefined();
    expect(alice.onAccount).toBeGreaterThan(richness - ae / 10n);
    world.checkCoins();
  });
  test('nor is one signed that the other side asks for, which has not seen it: busy', () => {
    const world = undone(true);
    const { alice, bob } = world;
    world.act(alice, () => alice.look());
    world.act(bob, () => bob.post({ type: 'deposit', amount: ae }));
    world.deliver(alice);
    expect(alice.sent.at(-1)).toMatchObject({ type: 'update_error', reason: 7 });
    expect(alice.channel!.move).toBeNull();
    world.lives(10);
    const { latest } = alice.channel!;
    expect(latest!.balances).toEqual({ initiator: 10n * ae, responder: 5n * ae });
    expect(sameState(alice, bob)).toBe(true);
  });
  test('nor while the funding is not on the chain', () => {
    const world = new World().open();
    world.alice.post({ type: 'deposit', amount: ae });
    for (const party of [world.alice, world.bob])
      party.channel = { ...party.channel!, funding: { ...party.channel!.funding!, confirmations: null } };
    world.deliver(world.bob);
    expect(world.bob.sent.at(-1)).toMatchObject({ type: 'update_error', reason: 7 });
    const other = new World().open();
    other.bob.channel = {
      ...other.bob.channel!,
      funding: { ...other.bob.channel!.funding!, confirmations: null },
    };
    expect(other.bob.post({ type: 'withdraw', amount: ae }).refused).toMatch(/lost the funding/);
  });
});

describe('one that both signed, whose nonce is spent otherwise', () => {
  /** Alice gave her deposit up, Bob signed it all the same: both wait for it, and what cancels it was mined first. */
  function overtaken(minimumDepth = 1) {
    const world = new ChainWorld().open(standardTerms, minimumDepth);
    world.lives(minimumDepth + 1);
    const { alice, bob } = world;
    world.act(alice, () => alice.post({ type: 'deposit', amount: 5n * ae }));
    world.act(alice, () => alice.post({ type: 'abort', reason: 'no answer' }));
    world.deliver(bob);
    world.deliver(alice);
    const deposit = moveTxHash(alice.channel!.move!);
    world.mine();
    expect(world.depth(deposit)).toBeNull();
    return { world, alice, bob, deposit };
  }
  test('until that is minimum_depth deep no update is made: a reorganisation may bring it back', () => {
    const { world, alice, deposit } = overtaken(3);
    world.look();
    const request = payment(ae);
    world.act(alice, () => alice.post({ type: 'request', request }));
    world.settle();
    expect(alice.decided.get(request.id)).toBeUndefined();
    expect(alice.channel!.latest!.number).toBe(0n);
    const { transaction } = world.posts.find(({ transaction: { hash } }) => equalBytes(hash, deposit))!;
    if (!world.chain.pool.get(deposit)) world.chain.pool.add(transaction, world.chain.height);
    world.chain.fork(2, 0, [], [[deposit], []]);
    world.lives(7);
    const { balances } = alice.channel!.latest!;
    const object = world.chain.state.channel(finalId(alice.channel!))!;
    expect(balances.initiator + balances.responder).toBe(object.channelAmount);
    expect(object.channelAmount).toBe(20n * ae);
    expect(alice.decided.get(request.id)).toMatchObject([{ ok: true }]);
  });
  test('then it is forgotten, and what waited goes on', () => {
    const { world, alice, bob } = overtaken(3);
    world.look();
    const request = payment(ae);
    world.act(alice, () => alice.post({ type: 'request', request }));
    world.lives(2);
    for (const { channel } of [alice, bob]) expect(channel!.move).not.toBeNull();
    world.lives(3);
    for (const { channel } of [alice, bob]) expect(channel).toMatchObject({ phase: 'open', move: null });
    expect(alice.decided.get(request.id)).toMatchObject([{ ok: true }]);
  });
  test.each(['request', 'deposit'] as const)(
    'one side has seen it, the other not yet: a %s waits',
    (type) => {
      const { world, alice, bob } = overtaken();
      for (let i = 0; i < 2; i++) {
        world.act(bob, () => bob.look());
        world.mine();
      }
      expect(bob.channel!.move).toBeNull();
      const request = payment(ae);
      world.act(bob, () => bob.post(type === 'request' ? { type, request } : { type, amount: ae }));
      world.settle();
      world.connect();
      world.settle();
      expect([alice.channel!.phase, bob.channel!.phase]).toEqual(['open', 'open']);
      world.lives(5);
      expect(sameState(alice, bob)).toBe(true);
      const { initiator, responder } = alice.channel!.latest!.balances;
      expect([initiator, responder]).toEqual(type === 'request' ? [11n * ae, 4n * ae] : [10n * ae, 6n * ae]);
    },
  );
  test('the mover has seen it, the other side not yet: the next one waits, and is made', () => {
    const { world, alice, bob } = overtaken();
    for (let i = 0; i < 2; i++) {
      world.act(alice, () => alice.look());
      world.mine();
    }
    expect(alice.channel!.move).toBeNull();
    world.act(alice, () => alice.post({ type: 'deposit', amount: ae }));
    world.settle();
    world.connect();
    world.settle();
    world.lives(6);
    expect(sameState(alice, bob)).toBe(true);
    expect(alice.channel!.latest!.balances).toEqual({ initiator: 11n * ae, responder: 5n * ae });
  });
  test('one side has seen it, the other, which has sent shutdown, not yet: a close waits', () => {
    const world = new ChainWorld().open();
    const { alice, bob } = world;
    world.act(bob, () => bob.post({ type: 'deposit', amount: ae }));
    world.act(alice, () => alice.post({ type: 'shutdown' }));
    world.act(bob, () => bob.post({ type: 'abort', reason: 'no answer' }));
    world.deliver(alice);
    world.settle();
    for (let i = 0; i < 2; i++) {
      world.mine();
      world.act(bob, () => bob.look());
    }
    expect([alice.channel!.move === null, bob.channel!.phase]).toEqual([false, 'closing']);
    world.settle();
    expect(alice.disconnects.at(-1)).toMatch(/deposit under way is not done/);
    world.lives(6);
    expect([alice.channel!.phase, bob.channel!.phase]).toEqual(['closed', 'closed']);
  });
  test('one side has locked it, the other no longer: an update waits', () => {
    const world = new World().open();
    const { alice, bob } = world;
    alice.post({ type: 'deposit', amount: ae });
    world.settle();
    bob.post({ type: 'chain', what: 'move', confirmations: 1 });
    world.settle();
    bob.post({ type: 'chain', what: 'move', confirmations: null });
    const request = payment(ae);
    alice.post({ type: 'chain', what: 'move', confirmations: 1 });
    alice.post({ type: 'request', request });
    world.settle();
    expect([alice.channel!.phase, bob.channel!.phase]).toEqual(['open', 'open']);
    bob.post({ type: 'chain', what: 'move', confirmations: 1 });
    world.connect();
    world.settle();
    expect(alice.outcomes.at(-1)).toMatchObject({ id: request.id, ok: true });
  });
});
