/** Where the chain decides otherwise than the messages said: the channel follows it, or freezes with a reason. */
import { describe, expect, test } from 'vitest';
import { toHex } from '../../src/protocol/bytes.ts';
import { txHash } from '../../src/protocol/chain/signed.ts';
import { finalId, moveTxHash } from '../../src/protocol/channel/index.ts';
import { hashOf, updateBytes } from '../../src/protocol/channel/record.ts';
import { goesOnWithout } from '../../src/protocol/channel/undone.ts';
import { serializeEntry } from '../../src/protocol/state/entries.ts';
import { encode } from '../../src/protocol/wire/index.ts';
import { type ChainParty, ChainWorld } from './matrix/chain-world.ts';
import { soloTx } from './matrix/flows.ts';
import { ae, networkId, payment, sameState, signs } from './world.ts';

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
  lives(world, 14);
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

describe('a deposit that was given up, and a proposal of the number that refuses it', () => {
  const bothPay = (world: ChainWorld, paid: ReturnType<typeof payment>): void => {
    world.settle();
    post(world.alice, { type: 'timer', name: 'yield' });
    world.settle();
    for (const { channel } of world.parties) expect(channel!.phase, channel!.reason ?? '').toBe('open');
    expect(world.alice.decided.get(paid.id)).toMatchObject([{ ok: true }]);
    expect(sameState(world.alice, world.bob)).toBe(true);
  };
  test('where the refusal is sent again after a reconnect', () => {
    const world = new ChainWorld().open();
    const { alice, bob } = world;
    post(alice, { type: 'deposit', amount: ae });
    post(bob, { type: 'request', request: payment(ae) });
    // Bob refuses it by number 2; that is lost.
    world.deliver(bob);
    world.disconnect();
    post(alice, { type: 'abort', reason: 'No answer.' });
    lives(world, 3);
    expect(alice.channel!.move).toBeNull();
    world.connect();
    world.deliver(alice);
    const request = payment(ae);
    post(alice, { type: 'request', request });
    bothPay(world, request);
  });
  test('where it arrives late, and is refused', () => {
    const world = new ChainWorld().open();
    const { alice } = world;
    post(alice, { type: 'deposit', amount: ae });
    post(alice, { type: 'abort', reason: 'No answer.' });
    const request = payment(ae);
    post(alice, { type: 'request', request });
    for (let i = 0; i < 2; i++) {
      world.mine();
      world.look();
    }
    expect(alice.channel!.proposal!.number).toBe(2n);
    bothPay(world, request);
  });
});

describe('a deposit or withdrawal that a reorganisation undoes after both locked it', () => {
  type Kind = 'deposit' | 'withdraw';
  /** Alice deposits or withdraws 1, then pays Bob 1; the blocks with her transaction are gone, and it is forgotten. */
  function undone(kind: Kind = 'deposit', by: 'alice' | 'bob' = 'alice', amount = ae) {
    const world = new ChainWorld().open();
    const { alice, bob } = world;
    post(world[by], { type: kind, amount });
    world.settle();
    lives(world, 3);
    post(alice, { type: 'request', request: payment(ae) });
    world.settle();
    const type = kind === 'deposit' ? 'ChannelDepositTx' : 'ChannelWithdrawTx';
    const tx = [...world.mined()].find((mined) => mined.type === type)!;
    world.chain.fork(4, 0, [tx.hash], [[], [], [], []]);
    /** Its nonce is spent otherwise. */
    const lose = () => {
      const other = world[by].spendOnNothing(tx.nonce);
      world.submit(other);
      world.mine();
      expect(world.depth(txHash(other))).toBe(1);
    };
    return { world, alice, bob, tx, lose };
  }
  const pays = (world: ChainWorld, who: 'alice' | 'bob') => {
    const request = payment(ae);
    post(world[who], { type: 'request', request });
    world.settle();
    return (
      world[who].decided.get(request.id) ?? world[who].outcomes.filter(({ id }) => id === request.id)
    ).at(-1);
  };

  test('is posted again; no update is made meanwhile, and then they go on', () => {
    const { world, alice } = undone();
    world.act(alice, () => alice.look());
    expect(pays(world, 'alice')).toMatchObject({ ok: false, code: 'not_open' });
    expect(alice.post({ type: 'shutdown' }).refused).toMatch(/undid/);
    expect(alice.history.at(-1)!.note).toMatch(/undid the deposit of 1 AE/);
    lives(world, 3);
    expect(pays(world, 'alice')).toMatchObject({ ok: true });
  });
  test.each([
    ['deposit', 'alice', { initiator: 9n, responder: 6n }],
    ['deposit', 'bob', { initiator: 9n, responder: 6n }],
    ['withdraw', 'alice', { initiator: 9n, responder: 6n }],
    ['withdraw', 'bob', { initiator: 9n, responder: 6n }],
  ] as const)(
    'for good, a %s of %s: both go on from the latest balances without it',
    (kind, by, balances) => {
      const { world, alice, bob, lose } = undone(kind, by);
      lose();
      lives(world, 6);
      for (const party of [alice, bob]) {
        expect(party.channel).toMatchObject({ phase: 'open', lastMove: null, proposal: null, refusal: null });
        expect(party.channel!.latest!.balances).toEqual({
          initiator: balances.initiator * ae,
          responder: balances.responder * ae,
        });
        expect(party.history.map(({ note }) => note).join()).toMatch(
          /undid.*for good.*Both sides go on without/,
        );
      }
      expect(pays(world, 'bob')).toMatchObject({ ok: true });
      // What they agreed is worth something: the chain takes it.
      const before = bob.onAccount;
      post(alice, { type: 'close_solo' });
      lives(world, 25);
      expect(alice.channel!.phase).toBe('closed');
      expect(bob.onAccount - before).toBe(5n * ae);
      world.checkCoins();
    },
  );
  test('for good, while one of the two dies at any point: both end with the same', () => {
    for (const who of ['alice', 'bob'] as const)
      for (let effect = 0; effect < 16; effect++) {
        const { world, alice, bob, lose } = undone();
        lose();
        world[who].killBefore = world[who].effects + effect;
        for (let i = 0; i < 10; i++) {
          world.connect();
          lives(world, 1);
        }
        world[who].killBefore = null;
        world.connect();
        lives(world, 3);
        expect(alice.channel!.latest!.balances, `${who} ${effect}`).toEqual({
          initiator: 9n * ae,
          responder: 6n * ae,
        });
        expect(sameState(alice, bob)).toBe(true);
      }
  });
  test('for good, where it would leave less than the reserve: it stays at closing alone, and says so', () => {
    const world = new ChainWorld().open();
    const { alice, bob } = world;
    post(alice, { type: 'deposit', amount: 9n * ae });
    world.settle();
    lives(world, 3);
    post(alice, { type: 'request', request: payment(17n * ae) });
    world.settle();
    const tx = [...world.mined()].find(({ type }) => type === 'ChannelDepositTx')!;
    world.chain.fork(4, 0, [tx.hash], [[], [], [], []]);
    world.submit(alice.spendOnNothing(tx.nonce));
    lives(world, 6);
    expect(alice.history.at(-1)!.note).toMatch(/below the reserve, so the channel can only be closed alone/);
    expect(pays(world, 'alice')).toMatchObject({ ok: false, code: 'not_open' });
    expect(bob.channel!.phase).toBe('open');
    post(bob, { type: 'close_solo' });
    lives(world, 25);
    expect(bob.channel!.phase).toBe('closed');
    world.checkCoins();
  });
  test('for good, without the other side: the channel is closed with the state before it', () => {
    const { world, alice, bob, lose } = undone();
    lose();
    world.leave(bob);
    lives(world, 1);
    post(alice, { type: 'close_solo' });
    lives(world, 25);
    expect(alice.channel!.phase).toBe('closed');
    world.checkCoins();
  });
  /** Two deposits of 1, and the blocks with both are gone. @param lost how many of the nonces are spent otherwise */
  function undoneTwice(by: readonly ('alice' | 'bob')[], lost: number) {
    const world = new ChainWorld().open();
    const { alice, bob } = world;
    for (const one of by) {
      post(world[one], { type: 'deposit', amount: ae });
      world.settle();
      lives(world, 2);
    }
    const txs = [...world.mined()].filter(({ type }) => type === 'ChannelDepositTx');
    expect(alice.channel!.latest!.number).toBe(2n);
    const depth = world.chain.height - world.chain.mined(txs[0]!.hash)!.block.height + 1;
    world.chain.fork(
      depth,
      0,
      txs.map(({ hash }) => hash),
      Array.from({ length: depth }, () => []),
    );
    for (const [index, { nonce }] of txs.slice(0, lost).entries())
      world.submit(world[by[index]!].spendOnNothing(nonce));
    if (lost) world.mine();
    return { world, alice, bob };
  }
  const orders = [
    ['alice', 'alice'],
    ['alice', 'bob'],
  ] as const;
  test.each(orders)('two of them (%s, %s): the older one is posted again first, and they go on', (...by) => {
    const { world, alice } = undoneTwice(by, 0);
    lives(world, 6);
    const object = world.chain.state.channel(finalId(alice.channel!))!;
    expect([object.round, object.channelAmount]).toEqual([3n, 17n * ae]);
    expect(alice.history.map(({ note }) => note).join()).toMatch(/deposit of 1 AE and the deposit of 1 AE/);
    expect(pays(world, 'bob')).toMatchObject({ ok: true });
  });
  test('two of them, for good, without the other side: closed with the state before both', () => {
    const { world, alice, bob } = undoneTwice(['bob', 'bob'], 2);
    world.leave(bob);
    lives(world, 4);
    post(alice, { type: 'close_solo' });
    lives(world, 25);
    expect(alice.channel!.phase).toBe('closed');
    expect(world.chain.state.channel(finalId(alice.channel!))).toBeUndefined();
    world.checkCoins();
  });
  test.each([
    [['bob', 'bob'], 2],
    [['alice', 'bob'], 2],
    [['alice', 'bob'], 1],
  ] as const)('two of them (%j), %i for good: both go on without either', (by, lost) => {
    const { world, alice, bob } = undoneTwice(by, lost);
    lives(world, 8);
    for (const party of [alice, bob])
      expect(party.channel).toMatchObject({
        phase: 'open',
        lastMove: null,
        latest: { balances: { initiator: 10n * ae, responder: 5n * ae } },
      });
    expect(pays(world, 'bob')).toMatchObject({ ok: true });
  });
  test('another batch that claims so is refused while it is not', () => {
    const { world, alice, bob } = undone();
    lives(world, 4);
    const { move } = bob.channel!.lastMove!;
    expect(goesOnWithout(bob.channel!, [undoneEntry(move.hash)])).toBe(true);
    const { keys, channelId, used, latest } = alice.channel!;
    const balances = { initiator: latest!.balances.initiator - ae, responder: latest!.balances.responder };
    const state_hash = hashOf(keys, balances);
    const before = bob.channel!.latest!;
    world.wire.push(
      alice,
      encode({
        type: 'update',
        channel_id: channelId!,
        sequence_number: used + 1n,
        initiator_balance: balances.initiator,
        responder_balance: balances.responder,
        state_hash,
        signature: signs(alice.keys, updateBytes(networkId, channelId!, used + 1n, state_hash)),
        entries: [undoneEntry(move.hash)],
      }),
    );
    world.deliver(bob);
    expect(bob.sent.at(-1)!.type).toBe('update_error');
    expect(bob.channel!.latest).toEqual(before);
  });
});

const undoneEntry = (hash: Uint8Array): Uint8Array =>
  serializeEntry({ type: 'meta', data: new TextEncoder().encode(`{"undone":"${toHex(hash)}"}`) });
