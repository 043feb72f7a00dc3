/** Where the chain decides otherwise than the messages said: the channel follows it, or freezes with a reason. */
import { describe, expect, test } from 'vitest';
import { txHash } from '../../src/protocol/chain/signed.ts';
import { finalId, moveTxHash } from '../../src/protocol/channel/index.ts';
import { hashOf, updateBytes } from '../../src/protocol/channel/record.ts';
import { type ChainParty, ChainWorld } from './matrix/chain-world.ts';
import { soloTx } from './matrix/flows.ts';
import { ae, networkId, payment, signs } from './world.ts';

const post = (party: ChainParty, event: Parameters<ChainParty['post']>[0]) =>
  party.world.act(party, () => party.post(event));
const lives = (world: ChainWorld, blocks: number): void => {
  for (let i = 0; i < blocks; i++) {
    world.mine();
    world.look();
    world.settle();
  }
};

describe('an unanswered proposal of a channel that is closed on the chain', () => {
  function proposed() {
    const world = new ChainWorld().open();
    const request = payment(ae);
    post(world.alice, { type: 'request', request });
    world.wire.toBob = [];
    return { world, request };
  }
  test('is answered at once as undecided, and as not paid when another state is settled', () => {
    const { world, request } = proposed();
    const { alice } = world;
    post(alice, { type: 'close_solo' });
    expect(alice.decided.get(request.id)).toMatchObject([{ ok: false, code: 'undecided' }]);
    lives(world, 20);
    expect(alice.channel!.phase).toBe('closed');
    expect(alice.decided.get(request.id)!.at(-1)).toMatchObject({ ok: false, code: 'closed' });
    expect(alice.history.some(({ kind }) => kind === 'paid')).toBe(false);
  });
  test('is told as paid when the other side closed with it', () => {
    const { world, request } = proposed();
    const { alice, bob } = world;
    const { number, balances, stateHash, signature } = alice.channel!.proposal!;
    const theirs = signs(
      bob.keys,
      updateBytes(networkId, finalId(alice.channel!), number, hashOf(alice.channel!.keys, balances)),
    );
    world.leave(bob);
    const state = {
      number,
      balances,
      stateHash,
      signatures: { initiator: signature, responder: theirs },
      source: 'update' as const,
    };
    world.submit(soloTx(bob, alice.channel!, 'ChannelCloseSoloTx', state));
    lives(world, 20);
    expect(alice.channel!.phase).toBe('closed');
    expect(alice.decided.get(request.id)!.at(-1)).toMatchObject({ ok: true, number });
    expect(alice.history.filter(({ kind }) => kind === 'paid')).toMatchObject([{ amount: ae, number }]);
  });
});

test('an opening that the initiator gave up ends aborted at the responder too, once its nonce is spent otherwise', () => {
  const world = new ChainWorld();
  const { alice, bob } = world;
  world.propose();
  world.settle();
  post(bob, { type: 'accept', minimumDepth: 1 });
  world.deliver(alice);
  // Bob's funding_signed and his transaction are lost; Alice gives up.
  world.chain.mode = { ...world.chain.mode, drop: ['channel_create_tx', 'ChannelCreateTx'] };
  world.deliver(bob);
  world.wire.toAlice = [];
  expect(bob.channel!.phase).toBe('confirming');
  post(alice, { type: 'abort', reason: 'I changed my mind.' });
  lives(world, 6);
  expect(alice.channel!.phase).toBe('aborted');
  expect(bob.channel!.phase).toBe('aborted');
  expect(bob.channel!.reason).toMatch(/never reach the chain/);
});

describe('a deposit that the other side completes without a word', () => {
  function completed(world: ChainWorld): void {
    const { alice, bob } = world;
    post(alice, { type: 'deposit', amount: ae });
    // Bob signs and posts it; nothing of his arrives.
    world.deliver(bob);
    world.wire.toAlice = [];
    world.disconnect();
  }
  test('counts once the chain has taken it, and both go on from there', () => {
    const world = new ChainWorld().open();
    const { alice, bob } = world;
    completed(world);
    post(alice, { type: 'abort', reason: 'No answer.' });
    // The deposit was there first, and pays less than what cancels it: here the miner took it all the same.
    const deposit = moveTxHash(bob.channel!.move!);
    world.chain.drop(
      world.chain.pool
        .ofAccount(alice.keys.publicKey)
        .map(({ hash }) => hash)
        .filter((hash) => Buffer.compare(hash, deposit) !== 0),
      false,
    );
    lives(world, 4);
    expect(alice.channel!.move).toBe(null);
    world.connect();
    lives(world, 4);
    for (const { channel } of world.parties) {
      expect(channel!.phase).toBe('open');
      expect(channel!.move).toBe(null);
      expect(channel!.latest!.balances.initiator).toBe(11n * ae);
    }
    const request = payment(ae);
    post(alice, { type: 'request', request });
    world.settle();
    expect(alice.decided.get(request.id)).toMatchObject([{ ok: true }]);
  });
  test('after refusing it freezes the channel with a reason, and the coins are in its state', () => {
    const world = new ChainWorld().open();
    const { alice, bob } = world;
    completed(world);
    const { number } = alice.channel!.move!;
    const { keys, latest } = alice.channel!;
    const refused = number + 1n;
    const hash = hashOf(keys, latest!.balances);
    const signature = signs(bob.keys, updateBytes(networkId, finalId(alice.channel!), refused, hash));
    alice.channel = { ...alice.channel!, live: { ...alice.channel!.live, link: 'up' } };
    const data = new TextEncoder().encode('no');
    post(alice, {
      type: 'message',
      message: {
        type: 'update_error',
        channel_id: finalId(alice.channel!),
        sequence_number: refused,
        state_hash: hash,
        signature,
        reason: 4,
        data,
      },
    });
    const deposit = moveTxHash(bob.channel!.move!);
    world.chain.drop(
      world.chain.pool
        .ofAccount(alice.keys.publicKey)
        .map(({ hash }) => hash)
        .filter((hash) => Buffer.compare(hash, deposit) !== 0),
      false,
    );
    world.leave(bob);
    lives(world, 4);
    expect(alice.channel!.phase).toBe('failed');
    expect(alice.channel!.reason).toMatch(/refused/);
    expect(alice.channel!.latest!.balances.initiator).toBe(11n * ae);
    post(alice, { type: 'close_solo' });
    lives(world, 20);
    expect(alice.channel!.phase).toBe('closed');
  });
});

describe('a deposit that a reorganisation undoes after both locked it', () => {
  function undone() {
    const world = new ChainWorld().open();
    const { alice, bob } = world;
    post(alice, { type: 'deposit', amount: ae });
    world.settle();
    lives(world, 3);
    expect(alice.channel!.latest!.balances.initiator).toBe(11n * ae);
    post(alice, { type: 'request', request: payment(ae) });
    world.settle();
    const tx = [...world.mined()].find(({ type }) => type === 'ChannelDepositTx')!;
    world.chain.fork(4, 0, [tx.hash], [[], [], [], []]);
    return { world, alice, bob, tx };
  }
  test('is posted again; no update is made meanwhile, and then they go on', () => {
    const { world, alice } = undone();
    world.act(alice, () => alice.look());
    const request = payment(ae);
    post(alice, { type: 'request', request });
    expect(alice.outcomes.at(-1)).toMatchObject({ ok: false, code: 'not_open' });
    expect(alice.history.at(-1)!.note).toMatch(/undid the deposit/);
    lives(world, 3);
    const again = payment(ae);
    post(alice, { type: 'request', request: again });
    world.settle();
    expect(alice.decided.get(again.id)).toMatchObject([{ ok: true }]);
  });
  test('for good, its nonce spent otherwise: the channel is closed with the state before it', () => {
    const { world, alice, bob, tx } = undone();
    const other = alice.spendOnNothing(tx.nonce);
    world.submit(other);
    world.mine();
    expect(world.depth(txHash(other))).toBe(1);
    world.leave(bob);
    lives(world, 1);
    post(alice, { type: 'close_solo' });
    lives(world, 25);
    expect(alice.channel!.phase).toBe('closed');
    world.checkCoins();
  });
});
