/**
 * Faults that the crash matrix and the chain model found once: each the smallest run that showed it, as a rule that holds
 * now.
 */
import { expect, test } from 'vitest';
import { finalId } from '../../../src/protocol/channel/index.ts';
import { hashOf, updateBytes } from '../../../src/protocol/channel/record.ts';
import { encode } from '../../../src/protocol/wire/index.ts';
import { ae, chainHash, networkId, payment, signs } from '../world.ts';
import { type ChainParty, ChainWorld } from './chain-world.ts';
import { flowOf, run, soloTx } from './flows.ts';

const opened = () => new ChainWorld().open();
const post = (party: ChainParty, event: Parameters<ChainParty['post']>[0]) =>
  party.world.act(party, () => party.post(event));
const lives = (world: ChainWorld, party: ChainParty, blocks: number): void => {
  for (let i = 0; i < blocks; i++) {
    world.mine();
    world.act(party, () => party.look());
  }
};

/** A channel in which Bob had more once; Bob's old state is returned. */
function bobHadMore(world: ChainWorld) {
  post(world.alice, { type: 'request', request: payment(2n * ae) });
  world.settle();
  const old = world.alice.channel!.latest!;
  post(world.bob, { type: 'request', request: payment(4n * ae) });
  world.settle();
  return old;
}

// dispute.ts `post`: the refused close_solo keeps nonce n, so the slash gets n + 1 and waits for n until the lock ends.
test('an old state is slashed also where an own close came too late', () => {
  const world = opened();
  const { alice, bob } = world;
  const old = bobHadMore(world);
  world.leave(bob);
  post(alice, { type: 'close_solo' });
  // Bob's pays more, so it is mined first, and Alice's is refused: the channel is not active any more.
  world.submit(soloTx(bob, alice.channel!, 'ChannelCloseSoloTx', old, 10n ** 15n));
  lives(world, alice, 9);
  expect(world.chain.state.channel(alice.channel!.channelId!)!.round).toBe(
    alice.channel!.latest!.number + 1n,
  );
});

// dispute.ts `post`, as above: nonce n is the half-signed close's, which nobody posts.
test('a close alone is mined although a mutual close is half signed', () => {
  const { world } = run(flowOf('close alone, the mutual close half signed'), null);
  expect(world.alice.channel!.phase).toBe('closed');
});

// dispute.ts `post`, as above: nonce n is the half-signed deposit's.
test('a close alone is mined although a deposit is half signed', () => {
  const world = opened();
  const { alice } = world;
  post(alice, { type: 'deposit', amount: ae });
  world.leave(world.bob);
  post(alice, { type: 'close_solo' });
  lives(world, alice, 30);
  expect(alice.channel!.phase).toBe('closed');
});

// dispute.ts `gone`: the own settle that the peer's made needless keeps its nonce, every later one waits behind it.
test('a nonce of a solo transaction is free again when the channel is gone', () => {
  const { world } = run(flowOf('both close alone'), { who: 'alice', effect: 8, arrives: false });
  const used = world.chain.state.account(world.alice.keys.publicKey)!.nonce;
  expect(world.alice.channel!.phase).toBe('closed');
  expect([...world.alice.held.keys()].filter((nonce) => nonce > used)).toEqual([]);
});

// dispute.ts `gone`: without having seen the lock it ignores that the object is gone; the peer's `error` then fails it.
test('a side that was away while the channel was closed and settled learns that it is closed', () => {
  const { world } = run(flowOf('close alone, the other side gone until it is settled'), null);
  expect(world.bob.channel!.phase).toBe('closed');
});

// actor.ts/watcher.ts: `cancel_nonce` is not made up for where the process died between it and `persist`.
test('an opening that was given up ends although the process died before the nonce was cancelled', () => {
  const kill = { who: 'alice', effect: 1, arrives: false } as const;
  const { world } = run(flowOf('opening given up half signed'), kill);
  expect(world.alice.channel!.phase).toBe('aborted');
});

// move.ts `onCancelledMove`: Bob, who signed it, waits for it for ever and sends update_deposit_signed again.
test('a deposit that is given up after the other side signed it leaves the channel usable', () => {
  const kill = { who: 'bob', effect: 1, arrives: false } as const;
  const { world } = run(flowOf('deposit given up half signed'), kill);
  expect(world.alice.channel!.reason).toBe(null);
  expect(world.alice.channel!.phase).toBe('open');
});

// dispute.ts `onOnChain`: phase stays closing_solo, where close_solo is refused, and no update is possible.
test('a close that a reorganisation undid leaves a way out', () => {
  const world = opened();
  const { alice, bob } = world;
  const old = bobHadMore(world);
  world.leave(bob);
  world.mine(2);
  world.submit(soloTx(bob, alice.channel!, 'ChannelCloseSoloTx', old));
  lives(world, alice, 1);
  expect(alice.channel!.phase).toBe('closing_solo');
  const undone = [...world.mined()].filter(({ type }) => type === 'ChannelCloseSoloTx');
  // The block with the close, and the empty one on top.
  world.chain.fork(
    2,
    0,
    undone.map(({ hash }) => hash),
    [[], []],
  );
  lives(world, alice, 12);
  expect(alice.channel!.onChain!.lockedUntil).toBe(0);
  post(alice, { type: 'close_solo' });
  lives(world, alice, 20);
  expect(alice.channel!.phase).toBe('closed');
});

// dispute.ts `gone`: `closed` at the first sight, while a mutual close waits for minimum_depth.
test('a settle that a reorganisation undid is settled again', () => {
  const world = opened();
  const { alice } = world;
  const id = alice.channel!.channelId!;
  world.leave(world.bob);
  post(alice, { type: 'close_solo' });
  while (world.chain.state.channel(id)) lives(world, alice, 1);
  const undone = [...world.mined()].filter(({ type }) => type === 'ChannelSettleTx');
  expect(undone.length).toBe(1);
  const hashes = undone.map(({ hash }) => hash);
  world.chain.fork(2, 0, hashes, [[], []]);
  lives(world, alice, 20);
  expect(world.chain.state.channel(id)).toBeUndefined();
});

// dispute.ts `onSoloConfirmations` releases the nonce: the next settle is the same transaction, `already_known`.
test('a settle that a late slash made too early is made anew so that the node takes it', () => {
  const world = opened();
  const { alice, bob } = world;
  bobHadMore(world);
  const prior = alice.channel!.latest!;
  // Alice declines: her refusal is the prior state under a higher number, which Bob signs and keeps to himself.
  post(bob, { type: 'request', request: payment(ae, 'ask') });
  world.deliver(alice);
  post(alice, { type: 'decide_update', number: alice.channel!.live.incoming!.number, accept: false });
  const { number, signature } = alice.channel!.refusal!;
  const bytes = updateBytes(networkId, finalId(alice.channel!), number, prior.stateHash);
  const signatures = { initiator: signature, responder: signs(bob.keys, bytes) };
  const newer = { ...prior, number, signatures, source: 'update' as const };
  world.leave(bob);
  world.submit(soloTx(bob, alice.channel!, 'ChannelCloseSoloTx', prior));
  while (alice.channel!.solo?.kind !== 'settle') lives(world, alice, 1);
  world.submit(soloTx(bob, alice.channel!, 'ChannelSlashTx', newer, 10n ** 15n));
  lives(world, alice, 60);
  expect(alice.channel!.phase).toBe('closed');
});

// reestablish.ts `onAhead` and `onReestablishAck` commit a proposal whose refusal this side has signed already (a
// conflict): the peer holds both signatures for either, and may publish the refusal, which takes the coins back.
test('a proposal is not called paid once its refusal is signed', () => {
  const world = opened();
  const { alice, bob } = world;
  post(alice, { type: 'request', request: payment(3n * ae, 'ask') });
  post(bob, { type: 'request', request: payment(ae) });
  // Alice meets Bob's proposal and signs the prior state under a higher number.
  world.deliver(alice);
  const { proposal, refusal } = alice.channel!;
  expect(proposal && refusal).toBeTruthy();
  const { keys } = alice.channel!;
  const channelId = finalId(alice.channel!);
  const bobs = (number: bigint, hash: Uint8Array) =>
    signs(bob.keys, updateBytes(networkId, channelId, number, hash));
  const prior = alice.channel!.latest!;
  world.disconnect();
  world.wire.up = true;
  post(alice, { type: 'connected' });
  world.wire.push(
    bob,
    encode({
      type: 'channel_reestablish',
      chain_hash: chainHash,
      channel_id: channelId,
      sequence_number: proposal!.number,
      state_hash: proposal!.stateHash,
      signature: bobs(proposal!.number, proposal!.stateHash),
      pending: 0n,
    }),
  );
  world.deliver(alice);
  // What Bob can now show besides: the prior state under the refusal's higher number.
  const hash = hashOf(keys, prior.balances);
  const shown = {
    ...prior,
    number: refusal!.number,
    signatures: { initiator: refusal!.signature, responder: bobs(refusal!.number, hash) },
    source: 'update' as const,
  };
  world.leave(bob);
  world.submit(soloTx(bob, alice.channel!, 'ChannelCloseSoloTx', shown));
  lives(world, alice, 20);
  const paid = alice.history.filter(({ kind }) => kind === 'received');
  const gained = alice.channel!.onChain!.balances.initiator - prior.balances.initiator;
  expect(gained).toBe(paid.reduce((total, { amount }) => total + (amount ?? 0n), 0n));
});

// engine.ts `cancelNonce`, watcher.ts `watchMove`: the one stored cancelTx may be an earlier one's.
test('a deposit counts as void only once its own nonce is spent', () => {
  const world = opened();
  const { alice } = world;
  const giveUp = { type: 'abort', reason: 'I changed my mind.' } as const;
  post(alice, { type: 'deposit', amount: ae });
  // Bob does not get it.
  world.wire.toBob = [];
  post(alice, giveUp);
  lives(world, alice, 3);
  expect(alice.channel!.move).toBe(null);
  post(alice, { type: 'deposit', amount: ae });
  world.wire.toBob = [];
  const { nonce } = alice.channel!.move!;
  alice.killBefore = alice.effects + 1;
  post(alice, giveUp);
  lives(world, alice, 3);
  const used = world.chain.state.account(alice.keys.publicKey)!.nonce;
  expect(alice.channel!.move !== null || used >= nonce).toBe(true);
});

// close.ts `createClosing`: proposed again after a failure it got another nonce, and the first was forgotten.
test('a mutual close that is proposed again has the nonce that it had', () => {
  const world = opened();
  const { alice, bob } = world;
  post(bob, { type: 'shutdown' });
  world.deliver(alice);
  const { nonce } = alice.channel!.closing!;
  world.wire.toBob = [];
  post(alice, {
    type: 'message',
    message: {
      type: 'update_ack',
      channel_id: finalId(alice.channel!),
      sequence_number: 9n,
      signature: new Uint8Array(64),
    },
  });
  expect(alice.channel!.phase).toBe('failed');
  world.disconnect();
  world.connect();
  post(alice, { type: 'shutdown' });
  expect(alice.channel!.phase).toBe('closing');
  expect(alice.channel!.closing!.nonce).toBe(nonce);
  world.leave(bob);
  post(alice, { type: 'close_solo' });
  lives(world, alice, 20);
  expect(alice.channel!.phase).toBe('closed');
});

// dispute.ts `gone`: only a solo transaction's nonce was spent, not that of a half-signed deposit.
test('a half-signed deposit of a channel that the other side closed holds up no later payment', () => {
  const world = opened();
  const { alice, bob } = world;
  post(alice, { type: 'deposit', amount: ae });
  world.wire.toBob = [];
  const { nonce } = alice.channel!.move!;
  world.disconnect();
  post(bob, { type: 'close_solo' });
  for (let i = 0; i < 30; i++) {
    world.mine();
    world.look();
  }
  expect(alice.channel!.phase).toBe('closed');
  expect(alice.channel!.held).toEqual([]);
  expect(world.chain.state.account(alice.keys.publicKey)!.nonce).toBeGreaterThanOrEqual(nonce);
});

// dispute.ts `onNoncesSpent`: forgotten at the first sight, a nonce that a reorganisation brings back is nobody's.
test('a nonce counts as spent only once no reorganisation brings it back', () => {
  const world = new ChainWorld().open(undefined, 2);
  const { alice, bob } = world;
  post(alice, { type: 'deposit', amount: ae });
  world.wire.toBob = [];
  const { nonce } = alice.channel!.move!;
  const used = () => world.chain.state.account(alice.keys.publicKey)!.nonce;
  world.disconnect();
  post(bob, { type: 'close_solo' });
  for (let i = 0; i < 40 && used() < nonce; i++) {
    world.mine();
    world.look();
  }
  expect(used()).toBe(nonce);
  // The block that spent it is gone, and its transaction forgotten.
  const last = [...world.mined()].at(-1)!;
  world.chain.fork(2, 0, [last.hash], [[], []]);
  expect(used()).toBeLessThan(nonce);
  lives(world, alice, 8);
  expect(used()).toBe(nonce);
  expect(alice.channel!.held).toEqual([]);
});

// machine.ts: closing_solo ignored that the deposit was gone, and the close waited behind its nonce for ever.
test.each([true, false])(
  'a close alone is possible although a reorganisation takes away the deposit before it (both halves known: %s)',
  (both) => {
    const world = opened();
    const { alice } = world;
    post(alice, { type: 'deposit', amount: ae });
    world.settle();
    if (!both) {
      // The other side completed it without a word.
      const move = alice.channel!.move!;
      alice.channel = {
        ...alice.channel!,
        move: { ...move, signatures: { initiator: move.signatures.initiator! } },
      };
    }
    world.mine();
    world.look();
    world.leave(world.bob);
    post(alice, { type: 'close_solo' });
    const deposit = [...world.mined()].find(({ type }) => type === 'ChannelDepositTx')!;
    const depth = world.chain.height - world.chain.mined(deposit.hash)!.block.height + 1;
    world.chain.fork(
      depth,
      0,
      [deposit.hash],
      Array.from({ length: depth }, () => []),
    );
    for (let i = 0; i < 40; i++) {
      const { phase, onChain } = alice.channel!;
      if (onChain?.lockedUntil === 0 && phase !== 'closing_solo') post(alice, { type: 'close_solo' });
      lives(world, alice, 1);
    }
    expect(alice.channel!.phase).toBe('closed');
    expect(alice.onAccount).toBeGreaterThan(1000n * ae - ae / 100n);
    world.checkCoins();
  },
);
