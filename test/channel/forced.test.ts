/** What one side makes alone on the chain: snapshots and forced calls, and how both go on from them. */
import { describe, expect, test } from 'vitest';
import { decodeTransaction } from '../../devnet/transaction.ts';
import {
  type CoSigned,
  type Event,
  finalId,
  forceQuote,
  heldByContracts,
  other,
  step,
} from '../../src/protocol/channel/index.ts';
import { updateBytes } from '../../src/protocol/channel/record.ts';
import { madeBy } from './matrix/alone.ts';
import type { ChainParty, ChainWorld } from './matrix/chain-world.ts';
import { escrowKey, forceRelease, release, withEscrow } from './matrix/flows.ts';
import { calling } from './sophia.ts';
import { ae, networkId, payment, sameState, signs } from './world.ts';

const post = (party: ChainParty, event: Event) => party.world.act(party, () => party.post(event));
const live = (world: ChainWorld, blocks: number): void => {
  for (let i = 0; i < blocks; i++) {
    world.connect();
    world.settle();
    world.mine();
    world.look();
    world.settle();
  }
  world.connect();
  world.settle();
};
const pay = (by: ChainParty, amount = ae): void => {
  const request = payment(amount);
  post(by, { type: 'request', request });
  by.world.settle();
  expect(by.decided.get(request.id), by.channel!.reason ?? '').toMatchObject([{ ok: true }]);
};
const object = (world: ChainWorld) => world.chain.state.channel(world.alice.channel!.channelId!)!;
const notes = ({ history }: ChainParty) => history.map(({ note }) => note ?? '').join('|');

describe('snapshot', () => {
  test('records the latest co-signed state, and the channel goes on', () => {
    const world = withEscrow();
    const { alice } = world;
    post(alice, { type: 'snapshot' });
    live(world, 3);
    expect(object(world)).toMatchObject({ round: 2n, soloRound: 0n });
    expect(alice.channel).toMatchObject({ phase: 'open', solo: null });
    expect(alice.post({ type: 'snapshot' }).refused).toMatch(/current balances already/);
    pay(alice);
    expect(sameState(alice, world.bob)).toBe(true);
  });
  test('a close alone after it needs no payload', () => {
    const world = withEscrow();
    post(world.alice, { type: 'snapshot' });
    live(world, 3);
    post(world.alice, { type: 'close_solo' });
    expect(decodeTransaction(world.alice.channel!.solo!.signedTx).tx).toMatchObject({
      payload: new Uint8Array(),
    });
    live(world, 16);
    expect(world.alice.channel!.phase).toBe('closed');
  });
  test('is refused before there is anything to record', () => {
    const world = withEscrow();
    world.alice.channel = { ...world.alice.channel!, onChain: null };
    expect(world.alice.post({ type: 'snapshot' }).refused).toMatch(/not on the chain/);
  });
});

describe('a forced call', () => {
  test('is run by the chain for a silent peer, who takes the result over when it comes back', () => {
    const world = withEscrow();
    const { alice, bob } = world;
    world.leave(alice);
    post(bob, forceRelease());
    live(world, 3);
    expect(object(world)).toMatchObject({ round: 3n, soloRound: 3n });
    expect(bob.channel!.latest).toMatchObject({
      number: 2n,
      source: 'chain',
      balances: { initiator: 6n * ae, responder: 9n * ae },
    });
    expect(bob.channel!.solo).toBeNull();
    world.absent.clear();
    world.look();
    live(world, 3);
    expect(sameState(alice, bob)).toBe(true);
    expect(notes(alice)).toMatch(/other side had the chain run a call/);
    pay(alice);
    pay(bob, 2n * ae);
    expect(alice.channel!.latest).toMatchObject({ source: 'update', number: 4n });
    world.checkCoins();
  });
  test('counts for a peer who has not seen the block from what the other side shows', () => {
    const world = withEscrow();
    const { alice, bob } = world;
    world.leave(alice);
    post(bob, forceRelease());
    live(world, 3);
    world.absent.clear();
    world.connect();
    world.settle();
    expect(sameState(alice, bob)).toBe(true);
    expect(alice.channel).toMatchObject({ recovered: false, phase: 'open' });
    pay(alice);
  });
  test('can be followed by another on top, a mutual close, or a close alone', () => {
    for (const end of ['shutdown', 'close_solo'] as const) {
      const world = withEscrow();
      const { bob } = world;
      post(bob, forceRelease());
      live(world, 3);
      const first = bob.channel!.latest!;
      post(bob, { ...forceRelease(), callData: callDataOf('balance') });
      live(world, 3);
      expect(object(world)).toMatchObject({ round: 4n, soloRound: 3n });
      expect(bob.channel!.latest!.number).toBe(first.number + 1n);
      expect(heldByContracts(bob.channel!.latest!)).toBe(0n);
      post(bob, { type: end });
      live(world, 16);
      for (const party of world.parties)
        expect(party.channel!.phase, party.channel!.reason ?? '').toBe('closed');
      expect(bob.onAccount).toBeGreaterThan(1004n * ae - ae / 100n);
      world.checkCoins();
    }
  });
  test('waits where the person cannot pay for it, or the wish is none', () => {
    const world = withEscrow();
    const { bob } = world;
    expect(bob.post({ ...forceRelease(), contract: new Uint8Array(32) }).refused).toMatch(/no such contract/);
    expect(bob.post({ ...forceRelease(), gas: 6_000_000n }).refused).toMatch(/has room for/);
    expect(bob.post({ ...forceRelease(), gasPrice: 1n }).refused).toMatch(/cannot be forced/);
    expect(bob.post({ ...forceRelease(), gasPrice: 10n ** 18n }).refused).toMatch(/holds .* needs/);
    expect(bob.channel!.solo).toBeNull();
    post(bob, forceRelease());
    expect(bob.post(forceRelease()).refused).toMatch(/already/);
    const request = payment(ae);
    post(bob, { type: 'request', request });
    expect(bob.outcomes.find(({ id }) => id === request.id)).toMatchObject({ ok: false, code: 'not_open' });
  });
  test('on an unanswered call: that one is superseded, and never counts besides', () => {
    const world = withEscrow();
    const { alice, bob } = world;
    const request = calling('escrow', escrowKey(), 'balance');
    post(bob, { type: 'request', request });
    world.leave(alice);
    post(bob, forceRelease());
    live(world, 3);
    expect(bob.channel!.latest!.number).toBe(2n);
    world.absent.clear();
    live(world, 3);
    expect(bob.channel!.proposal).toBeNull();
    expect(bob.decided.get(request.id)).toMatchObject([{ ok: false }]);
    expect(sameState(alice, bob)).toBe(true);
    pay(bob);
  });
});

/** Bob calls the escrow while Alice's node is behind: she refuses, and her refusal is on its way back. */
function refusedCall(deliver = true) {
  const world = withEscrow();
  const { alice, bob } = world;
  const request = calling('escrow', escrowKey(), release);
  const seen = alice.answer.bind(alice);
  alice.answer = (ask) => (ask.ask === 'key_block' ? null : seen(ask));
  post(bob, { type: 'request', request });
  if (deliver) world.settle();
  else world.deliver(alice);
  alice.answer = seen;
  return { world, alice, bob, request };
}

describe('a call that is not co-signed', () => {
  const waiting = (party: ChainParty) => forceQuote(party.channel!)?.call.code;

  test('because the other side is away is kept, and the chain runs it', () => {
    const world = withEscrow();
    const { alice, bob } = world;
    world.leave(alice);
    const request = calling('escrow', escrowKey(), release);
    post(bob, { type: 'request', request });
    expect(bob.decided.get(request.id)).toBeUndefined();
    expect(bob.outcomes.at(-1)).toMatchObject({ id: request.id, ok: false, code: 'offline' });
    expect(waiting(bob)).toBe('offline');
    bob.restart();
    post(bob, forceQuote(bob.channel!)!.wish);
    expect(waiting(bob)).toBeUndefined();
    live(world, 3);
    expect(bob.channel).toMatchObject({
      latest: { source: 'chain', balances: { responder: 9n * ae } },
      unsignedCall: null,
    });
    // Asked again by the same id, it has this outcome.
    expect(bob.decided.get(request.id)).toMatchObject([{ ok: true, contract: { returnType: 'ok' } }]);
    expect(waiting(bob)).toBeUndefined();
  });
  test('because the other side refused it is kept, and the chain runs it', () => {
    const { world, alice, bob, request } = refusedCall();
    expect(bob.decided.get(request.id)).toMatchObject([{ ok: false, code: 'busy' }]);
    expect(waiting(bob)).toBe('busy');
    post(bob, forceQuote(bob.channel!)!.wish);
    live(world, 3);
    expect(sameState(alice, bob)).toBe(true);
    expect(bob.channel!.latest!.balances.responder).toBe(9n * ae);
    pay(bob);
    world.checkCoins();
  });
  test('because no answer comes is run by the chain with the very result that was proposed', () => {
    const world = withEscrow();
    const { alice, bob } = world;
    const request = calling('escrow', escrowKey(), release);
    post(bob, { type: 'request', request });
    world.leave(alice);
    const { stateHash } = bob.channel!.proposal!;
    post(bob, forceQuote(bob.channel!)!.wish);
    live(world, 3);
    expect(bob.channel).toMatchObject({ proposal: null, solo: null, latest: { source: 'chain', stateHash } });
    expect(bob.decided.get(request.id)).toMatchObject([
      { ok: true, number: 2n, contract: { returnType: 'ok' } },
    ]);
    world.absent.clear();
    live(world, 3);
    expect(sameState(alice, bob)).toBe(true);
    pay(bob);
    pay(alice);
  });
  test('waits for an answer, as long as none came', () => {
    const { world, bob } = refusedCall(false);
    expect(waiting(bob)).toBe('waiting');
    world.disconnect();
    expect(waiting(bob)).toBe('waiting');
  });
  test('is forgotten once a contract ran, or the person says so; a payment leaves it', () => {
    const { world, alice, bob } = refusedCall();
    pay(alice);
    expect(waiting(bob)).toBe('busy');
    post(alice, { type: 'request', request: calling('escrow', escrowKey(), 'balance') });
    world.settle();
    expect(waiting(bob)).toBeUndefined();
    expect(bob.post({ type: 'forget_call' }).refused).toMatch(/No call of yours/);
    const again = refusedCall();
    post(again.bob, { type: 'forget_call' });
    expect(waiting(again.bob)).toBeUndefined();
  });
  test('can be run while the other side closes alone, or after the channel stopped', () => {
    const world = withEscrow();
    const { alice, bob } = world;
    post(alice, { type: 'close_solo' });
    world.mine();
    world.leave(alice);
    world.look();
    expect(bob.channel!.phase).toBe('closing_solo');
    const request = calling('escrow', escrowKey(), release);
    post(bob, { type: 'request', request });
    expect(bob.outcomes.at(-1)).toMatchObject({ code: 'not_open', message: /chain can run/ });
    post(bob, forceQuote(bob.channel!)!.wish);
    live(world, 16);
    expect(bob.channel!.phase).toBe('closed');
    expect(bob.onAccount).toBeGreaterThan(1004n * ae - ae / 100n);
    world.checkCoins();
  });
});

describe('a refusal that crosses the forced call', () => {
  test('is not signed, and both go on from what the chain made', () => {
    const { world, alice, bob } = refusedCall(false);
    world.disconnect();
    post(bob, forceQuote(bob.channel!)!.wish);
    world.connect();
    world.settle();
    expect(bob.channel!.latest!.number).toBe(1n);
    live(world, 4);
    expect(alice.channel!.reason).toBeNull();
    expect(sameState(alice, bob)).toBe(true);
    expect(bob.channel!.latest!.balances.responder).toBe(9n * ae);
    pay(bob);
    pay(alice);
    expect(alice.channel!.beforeChain).toBeNull();
    world.checkCoins();
  });
  test('can be shown to the chain by who holds it; the other side follows, and can close alone', () => {
    const { world, alice, bob } = refusedCall(false);
    const { number, signature } = alice.channel!.refusal!;
    const before = bob.channel!.latest!;
    world.disconnect();
    post(bob, forceQuote(bob.channel!)!.wish);
    live(world, 3);
    world.leave(bob);
    expect(alice.channel!.latest).toMatchObject({ number: 2n, source: 'chain' });
    alice.restart();
    expect(world.submit(snapshotBy(bob, { ...before, number }, signature))).toBeNull();
    live(world, 3);
    expect(object(world)).toMatchObject({ round: number + 1n, soloRound: 0n });
    expect(alice.channel!.latest).toMatchObject({ number, source: 'chain', balances: before.balances });
    expect(heldByContracts(alice.channel!.latest!)).toBe(4n * ae);
    // Whoever comes back with both signatures meets no other state here.
    const [mine, theirs] = [alice.channel!.latest!, bob.channel!];
    const bytes = updateBytes(networkId, finalId(theirs), number, mine.stateHash);
    const signatures = { initiator: signature, responder: signs(bob.keys, bytes) };
    const both: CoSigned = { ...mine, signatures, source: 'update' };
    bob.write({ ...theirs, latest: both, used: number, proposal: null, solo: null });
    bob.restart();
    world.absent.clear();
    live(world, 2);
    expect(alice.channel!.reason ?? bob.channel!.reason).toBeNull();
    expect(sameState(alice, bob)).toBe(true);
    world.leave(bob);
    post(alice, { type: 'close_solo' });
    live(world, 16);
    expect(alice.channel!.phase).toBe('closed');
    world.checkCoins();
  });
  test('of a conflict is followed on the chain behind the proposal that it refused', () => {
    const world = withEscrow();
    const { alice, bob } = world;
    const prior = bob.channel!.latest!;
    for (const party of [alice, bob]) post(party, { type: 'request', request: payment(ae) });
    world.wire.toBob = [];
    // Alice refuses by a number above both; Bob shows first what she proposed, then her refusal of it.
    world.deliver(alice);
    const { proposal, refusal } = alice.channel!;
    world.leave(bob);
    const { number, balances, trees, stateHash, signature } = proposal!;
    const paid = { ...prior, number, balances, stateHash, ...(trees ? { trees } : {}) };
    for (const [state, theirs] of [
      [paid, signature],
      [{ ...prior, number: refusal!.number }, refusal!.signature],
    ] as const) {
      expect(world.submit(snapshotBy(bob, state, theirs))).toBeNull();
      live(world, 3);
      expect(alice.channel!.latest).toMatchObject({ number: state.number, balances: state.balances });
    }
    expect(alice.channel).toMatchObject({ refusal: null, outstanding: null });
    expect(alice.post({ type: 'close_solo' }).refused).toBeUndefined();
    live(world, 16);
    expect(alice.channel!.phase).toBe('closed');
    world.checkCoins();
  });
  test('that the other side shows to the chain untold, without a forced call, is no other state', () => {
    for (const end of ['close_solo', 'return'] as const) {
      const { world, alice, bob } = refusedCall(false);
      const { number, signature } = alice.channel!.refusal!;
      world.leave(bob);
      expect(world.submit(snapshotBy(bob, { ...bob.channel!.latest!, number }, signature))).toBeNull();
      live(world, 2);
      expect(object(world).round).toBe(number + 1n);
      if (end === 'close_solo') {
        post(alice, { type: 'close_solo' });
        live(world, 16);
        expect(alice.channel!.phase).toBe('closed');
        world.checkCoins();
        continue;
      }
      world.absent.clear();
      world.look();
      live(world, 2);
      expect(sameState(alice, bob)).toBe(true);
      pay(alice);
    }
  });
});

describe('while a forced call is under way nothing is signed with the other side', () => {
  /** Bob's call is on its way, or in a block that is not deep enough; Alice may have asked him for coins before. */
  function forcing(asked: boolean, mined: boolean) {
    const world = withEscrow();
    const { alice, bob } = world;
    for (const party of world.parties) party.channel = { ...party.channel!, minimumDepth: 4 };
    if (asked) {
      post(alice, { type: 'request', request: payment(ae, 'ask') });
      world.settle();
      expect(bob.channel!.live.incoming).not.toBeNull();
    }
    post(bob, forceRelease());
    if (mined) world.mine();
    if (mined) world.act(bob, () => bob.look());
    return { world, alice, bob, signed: bob.signed.length };
  }
  test.each([false, true])(
    'not when the person decides about an update, or does not (mined: %s)',
    (mined) => {
      const { world, bob, signed } = forcing(true, mined);
      const { number } = bob.channel!.live.incoming!;
      for (const accept of [true, false])
        expect(bob.post({ type: 'decide_update', number, accept }).refused).toMatch(/through the chain/);
      post(bob, { type: 'timer', name: 'person' });
      expect(bob.signed).toHaveLength(signed);
      expect(bob.channel!.live.incoming).toBeNull();
      expect(bob.disconnects.at(-1)).toMatch(/forced round/);
      live(world, 8);
      // What was asked is refused in the end: it was meant for the state before.
      expect(bob.channel!.latest!.balances).toEqual({ initiator: 6n * ae, responder: 9n * ae });
      expect(sameState(world.alice, bob)).toBe(true);
    },
  );
  test.each([false, true])('not for a deposit of either side (mined: %s)', (mined) => {
    const { world, alice, bob, signed } = forcing(false, mined);
    expect(bob.post({ type: 'deposit', amount: ae }).refused).toMatch(/through the chain/);
    post(alice, { type: 'deposit', amount: ae });
    expect(alice.channel!.move).not.toBeNull();
    world.deliver(bob);
    expect(bob.signed).toHaveLength(signed);
    expect(bob.disconnects.at(-1)).toMatch(/forced round/);
  });
});

describe('an old forced call', () => {
  test('is answered by a snapshot while the channel is open, without asking', () => {
    const world = withEscrow();
    const { alice, bob } = world;
    const old = madeBy(bob, forceRelease());
    pay(alice);
    const agreed = alice.channel!.latest!;
    world.leave(bob);
    expect(world.submit(old)).toBeNull();
    live(world, 1);
    expect(object(world).soloRound).toBe(3n);
    live(world, 4);
    expect(notes(alice)).toMatch(/records the latest balances/);
    const { number, stateHash } = agreed;
    expect(object(world)).toMatchObject({ round: number + 1n, soloRound: 0n, stateHash });
    expect(alice.channel).toMatchObject({ phase: 'open', latest: { number } });
  });
  test('is answered by a slash while the channel is being closed', () => {
    const world = withEscrow();
    const { alice, bob } = world;
    // Both of the same nonce: the second is signed anew behind the first.
    const old = madeBy(bob, forceRelease());
    pay(alice);
    const { number, stateHash } = alice.channel!.latest!;
    world.leave(bob);
    expect(world.submit(old)).toBeNull();
    world.mine();
    world.act(bob, () => undefined);
    bob.channel = { ...bob.channel!, onChain: null };
    bob.look();
    const close = madeBy(bob, { type: 'close_solo' });
    world.submit(close);
    live(world, 4);
    expect(object(world)).toMatchObject({ round: number + 1n, stateHash });
    live(world, 16);
    expect(alice.channel!.phase).toBe('closed');
    world.checkCoins();
  });
});

/** A snapshot of a state that the other side signed, completed by this one and told to nobody. */
function snapshotBy(party: ChainParty, state: CoSigned, theirs: Uint8Array): Uint8Array {
  const channel = party.channel!;
  const bytes = updateBytes(networkId, finalId(channel), state.number, state.stateHash);
  const mine = signs(party.keys, bytes);
  const role = channel.role;
  const signatures = { [role]: mine, [other(role)]: theirs } as CoSigned['signatures'];
  const latest: CoSigned = { ...state, signatures, source: 'update' };
  const made = step(
    { ...channel, latest, proposal: null, forced: undefined!, solo: null },
    { type: 'snapshot' },
    party.env,
  );
  let turn = made.next();
  while (!turn.done) turn = made.next(party.answer(turn.value));
  expect(turn.value.refused).toBeUndefined();
  return turn.value.channel.solo!.signedTx;
}

function callDataOf(call: string): Uint8Array {
  const { contract } = calling('escrow', escrowKey(), call);
  return contract!.callData;
}
