/** Rules of the seed's closing by agreement, and PROTOCOL 7. */
import { describe, expect, test } from 'vitest';
import { minFee } from '../../src/protocol/chain/fee.ts';
import { parseSignedTx } from '../../src/protocol/chain/signed.ts';
import { parseTx } from '../../src/protocol/chain/tx.ts';
import { ChainWorld } from './matrix/chain-world.ts';
import { ae, payment, World } from './world.ts';

function closeOf(world: World) {
  const posted = world.broadcasts.filter((broadcast) => broadcast.what === 'closing');
  const tx = parseTx(parseSignedTx(posted[0]!.tx).tx);
  if (tx.type !== 'ChannelCloseMutualTx') throw new Error(tx.type);
  return { tx, posted };
}
const phasesOf = (world: World) => [world.alice.channel!.phase, world.bob.channel!.phase];

describe('seed: shutdown', () => {
  test('shutdown, shutdown_ack, closing_created by the side that received it, closing_signed', () => {
    const world = new World().open();
    world.alice.post({ type: 'shutdown' });
    world.settle();
    expect(world.alice.sent.map((message) => message.type).slice(-2)).toEqual(['shutdown', 'closing_signed']);
    expect(world.bob.sent.map((message) => message.type).slice(-2)).toEqual([
      'shutdown_ack',
      'closing_created',
    ]);
    expect(phasesOf(world)).toEqual(['closing_confirming', 'closing_confirming']);
    world.confirm(1, 'closing');
    expect(phasesOf(world)).toEqual(['closed', 'closed']);
  });
  test('crossing shutdowns count as the acks, and the responder builds', () => {
    const world = new World().open();
    world.alice.post({ type: 'shutdown' });
    world.bob.post({ type: 'shutdown' });
    world.settle();
    const types = [...world.alice.sent, ...world.bob.sent].map((message) => message.type);
    expect(types).not.toContain('shutdown_ack');
    expect(world.bob.sent.at(-1)?.type).toBe('closing_created');
    expect(phasesOf(world)).toEqual(['closing_confirming', 'closing_confirming']);
  });
  test('after its shutdown a side MUST NOT propose any more update messages', () => {
    const world = new World().open();
    world.alice.post({ type: 'shutdown' });
    world.alice.post({ type: 'request', request: payment(ae) });
    expect(world.alice.sent.at(-1)?.type).toBe('shutdown');
    expect(world.alice.outcomes.at(-1)).toMatchObject({ ok: false });
  });
  test('a side that proposes after its shutdown is answered with error', () => {
    const world = new World().open();
    world.alice.post({ type: 'request', request: payment(ae) });
    const update = world.alice.sent.at(-1)!;
    world.bob.post({
      type: 'message',
      message: { type: 'shutdown', channel_id: world.bob.channel!.channelId! },
    });
    world.bob.post({ type: 'message', message: update });
    expect(world.bob.channel!.phase).toBe('failed');
  });
  test('what crossed another proposal is not proposed again, and is answered', () => {
    const world = new World().open();
    const { alice, bob } = world;
    const requests = [payment(ae), payment(ae)] as const;
    alice.post({ type: 'request', request: requests[0] });
    bob.post({ type: 'request', request: requests[1] });
    alice.post({ type: 'shutdown' });
    world.settle();
    bob.post({ type: 'timer', name: 'yield' });
    world.settle();
    expect(alice.outcomes).toEqual([
      expect.objectContaining({ id: requests[0].id, ok: false, code: 'closing' }),
    ]);
    expect(bob.outcomes).toHaveLength(1);
    expect(phasesOf(world)).toEqual(['closing_confirming', 'closing_confirming']);
  });
  test('an update under way is resolved first', () => {
    const world = new World().open();
    world.alice.post({ type: 'request', request: payment(ae) });
    world.alice.post({ type: 'shutdown' });
    expect(world.alice.sent.at(-1)?.type).toBe('update');
    world.settle();
    expect(closeOf(world).tx.responderAmountFinal).toBeGreaterThan(59n * (ae / 10n));
    expect(world.alice.outcomes).toEqual([expect.objectContaining({ ok: true })]);
  });
  test("the peer's update that crosses the shutdown is resolved too", () => {
    const world = new World().open();
    world.bob.post({ type: 'request', request: payment(ae) });
    world.alice.post({ type: 'shutdown' });
    world.settle();
    expect(world.bob.outcomes).toEqual([expect.objectContaining({ ok: true })]);
    expect(phasesOf(world)).toEqual(['closing_confirming', 'closing_confirming']);
  });
  test('the initiator MUST NOT send shutdown before funding_created, the responder not before funding_signed', () => {
    const early = new World();
    early.accounts.clear();
    early.establish();
    expect(early.bob.post({ type: 'shutdown' }).refused).toMatch(/not possible/);
    expect(early.alice.post({ type: 'shutdown' }).refused).toMatch(/not possible/);
    const world = new World();
    world.establish();
    // Once both signed it is allowed, even before the chain confirmed.
    world.bob.post({ type: 'shutdown' });
    expect(world.bob.sent.at(-1)?.type).toBe('shutdown');
  });
});

describe('PROTOCOL 7: amounts of a mutual close', () => {
  test('the latest balances less the fee, split evenly, the fee exactly the least', () => {
    const world = new World().open();
    world.alice.post({ type: 'request', request: payment(ae + 1n) });
    world.settle();
    world.alice.post({ type: 'shutdown' });
    world.settle();
    const { tx, posted } = closeOf(world);
    expect(tx.fee).toBe(minFee(tx));
    expect(tx.initiatorAmountFinal).toBe(9n * ae - 1n - tx.fee / 2n);
    expect(tx.responderAmountFinal).toBe(6n * ae + 1n - tx.fee / 2n);
    expect(posted.map((broadcast) => broadcast.by)).toEqual([world.alice, world.bob]);
  });
  test('a closing_created over other amounts is refused', () => {
    const world = new World().open();
    world.alice.post({ type: 'shutdown' });
    world.deliver(world.bob);
    const created = world.bob.sent.at(-1);
    if (created?.type !== 'closing_created') throw new Error(created?.type);
    world.wire.toAlice = [];
    const signed = world.alice.signed.length;
    world.alice.post({ type: 'message', message: { ...created, transaction_data: new Uint8Array(32) } });
    expect(world.alice.channel!.phase).toBe('failed');
    expect(world.alice.signed.length).toBe(signed);
  });
  test('the builder is closed by what the chain shows, where closing_signed was lost', () => {
    const world = new World().open();
    world.alice.post({ type: 'shutdown' });
    world.deliver(world.bob);
    world.deliver(world.alice);
    world.deliver(world.alice);
    world.disconnect();
    expect(phasesOf(world)).toEqual(['closing_confirming', 'closing']);
    world.bob.post({ type: 'chain', what: 'closing', confirmations: 1 });
    expect(world.bob.channel!.phase).toBe('closed');
  });
});

describe('reconnecting while closing', () => {
  test.each([0, 1, 2, 3, 4, 5])('the connection breaks after %i messages; the close goes on', (count) => {
    const world = new World().open();
    world.alice.post({ type: 'shutdown' });
    for (let i = 0; i < count; i++) if (!world.deliver(world.bob)) world.deliver(world.alice);
    world.disconnect();
    world.connect();
    world.settle();
    expect(phasesOf(world)).toEqual(['closing_confirming', 'closing_confirming']);
    expect(closeOf(world).tx.initiatorAmountFinal).toBeGreaterThan(9n * ae);
  });
});

describe('the nonce of the close is spent otherwise', () => {
  const snapshotBehindClose = () => {
    const world = new ChainWorld().open();
    const { alice, bob } = world;
    world.act(alice, () => alice.post({ type: 'request', request: payment(ae) }));
    world.settle();
    // The close takes the nonce of what waits.
    world.act(bob, () => bob.post({ type: 'snapshot' }));
    world.act(alice, () => alice.post({ type: 'shutdown' }));
    world.deliver(bob);
    expect(phasesOf(world)).toEqual(['shutting_down', 'closing']);
    return { world, alice, bob };
  };
  const goesOn = (world: ChainWorld) => {
    for (let i = 0; i < 5; i++) {
      world.connect();
      world.settle();
      world.mine();
      world.look();
    }
    expect(phasesOf(world), world.alice.channel!.reason ?? '').toEqual(['closed', 'closed']);
    world.checkCoins();
  };
  test('closing_created was lost: it is built anew', () => {
    const { world } = snapshotBehindClose();
    world.disconnect();
    world.mine();
    world.look();
    goesOn(world);
  });
  test('closing_created comes after it: it is not answered, and built anew', () => {
    const { world, alice } = snapshotBehindClose();
    world.mine();
    world.deliver(alice);
    world.deliver(alice);
    expect(alice.disconnects.at(-1)).toMatch(/nonce of the close/);
    goesOn(world);
  });
  test.each([true, false])(
    'both had signed (closing_signed arrives: %s): both go back and build anew',
    (arrives) => {
      const { world, alice, bob } = snapshotBehindClose();
      world.chain.mode = { ...world.chain.mode, drop: ['ChannelCloseMutualTx'] };
      if (arrives) world.settle();
      else {
        world.deliver(alice);
        world.deliver(alice);
        world.disconnect();
      }
      expect(alice.channel!.phase).toBe('closing_confirming');
      world.submit(bob.spendOnNothing(bob.channel!.closing!.nonce, 10n * 10n ** 9n));
      world.mine();
      world.chain.mode = { ...world.chain.mode, drop: [] };
      goesOn(world);
    },
  );
});
