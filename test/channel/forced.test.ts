/** What one side makes alone on the chain: snapshots and forced calls, and how both go on from them. */
import { describe, expect, test } from 'vitest';
import { decodeTransaction } from '../../devnet/transaction.ts';
import { type Event, heldByContracts } from '../../src/protocol/channel/index.ts';
import { madeBy } from './matrix/alone.ts';
import type { ChainParty, ChainWorld } from './matrix/chain-world.ts';
import { escrowKey, forceRelease, withEscrow } from './matrix/flows.ts';
import { calling } from './sophia.ts';
import { ae, payment, sameState } from './world.ts';

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

function callDataOf(call: string): Uint8Array {
  const { contract } = calling('escrow', escrowKey(), call);
  return contract!.callData;
}
