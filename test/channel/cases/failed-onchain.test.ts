/**
 * The chain does not take a transaction, by the names of the node's own suite (CHAIN 4): whatever it was, the channel comes
 * back to a state that is enforceable, and nothing is lost.
 */
import { expect, test } from 'vitest';
import { txHash } from '../../../src/protocol/chain/signed.ts';
import type { Event } from '../../../src/protocol/channel/index.ts';
import { madeBy } from '../matrix/alone.ts';
import { type ChainParty, ChainWorld } from '../matrix/chain-world.ts';
import { forceRelease, soloTx, withEscrow } from '../matrix/flows.ts';
import { ae, balancesOf, payment, sameState } from '../world.ts';

const post = (party: ChainParty, event: Event) => party.world.act(party, () => party.post(event));
/** The node takes transactions of these types, and loses them; until the next call. */
function loses(world: ChainWorld, ...types: string[]): void {
  world.chain.mode = { ...world.chain.mode, drop: types };
}
/** Alice's nonce goes elsewhere before what waits for it is mined: then that is refused for good. */
function takeNonce(world: ChainWorld, party: ChainParty, nonce: bigint): void {
  const spend = party.spendOnNothing(nonce);
  world.submit(spend);
  world.mine();
  expect(world.depth(txHash(spend))).not.toBeNull();
}
function pays(world: ChainWorld, who: 'alice' | 'bob') {
  const request = payment(ae);
  post(world[who], { type: 'request', request });
  world.settle();
  expect(world[who].decided.get(request.id), world[who].channel!.reason ?? '').toMatchObject([{ ok: true }]);
}
const object = (world: ChainWorld) => world.chain.state.channel(world.alice.channel!.channelId!);

test.each([
  ['deposit_with_failed_onchain', 'deposit', 'ChannelDepositTx'],
  ['withdraw_with_failed_onchain', 'withdraw', 'ChannelWithdrawTx'],
] as const)('%s', (_name, kind, type) => {
  const world = new ChainWorld().open();
  loses(world, type);
  post(world.alice, { type: kind, amount: ae });
  world.settle();
  const { nonce } = world.alice.channel!.move!;
  world.lives(3);
  // Both outcomes stay possible: no update, and it stays watched.
  for (const party of world.parties) expect(party.channel!.move).not.toBeNull();
  takeNonce(world, world.alice, nonce);
  world.lives(4);
  for (const party of world.parties) expect(party.channel).toMatchObject({ phase: 'open', move: null });
  expect(balancesOf(world.bob)).toEqual({ initiator: 10n * ae, responder: 5n * ae });
  loses(world);
  pays(world, 'alice');
  pays(world, 'bob');
  expect(sameState(world.alice, world.bob)).toBe(true);
  world.checkCoins();
});

test('close_mutual_with_failed_onchain', () => {
  const world = new ChainWorld().open();
  loses(world, 'ChannelCloseMutualTx');
  post(world.bob, { type: 'shutdown' });
  world.settle();
  const { nonce } = world.alice.channel!.closing!;
  world.lives(3);
  expect(object(world)).toBeDefined();
  takeNonce(world, world.alice, nonce);
  world.lives(3);
  // It can never be mined; each can close alone, with the same balances.
  post(world.bob, { type: 'close_solo' });
  loses(world);
  world.lives(20);
  for (const party of world.parties) expect(party.channel!.phase).toBe('closed');
  expect(world.alice.onAccount).toBeGreaterThan(1000n * ae - ae / 100n);
  world.checkCoins();
});

test('slash_with_failed_onchain', () => {
  const world = new ChainWorld().open();
  const old = world.alice.channel!.latest!;
  pays(world, 'bob');
  world.leave(world.bob);
  loses(world, 'ChannelSlashTx');
  world.submit(soloTx(world.bob, world.alice.channel!, 'ChannelCloseSoloTx', old));
  world.lives(2);
  const { nonce } = world.alice.channel!.solo!;
  expect(world.alice.channel!.solo!.kind).toBe('slash');
  takeNonce(world, world.alice, nonce);
  loses(world);
  // It is made anew with another nonce, in time.
  world.lives(7);
  expect(object(world)!.round).toBe(world.alice.channel!.latest!.number + 1n);
  world.lives(20);
  expect(world.alice.channel!.phase).toBe('closed');
  expect(world.alice.onAccount).toBeGreaterThan(1001n * ae - ae / 100n);
});

test('settle_with_failed_onchain', () => {
  const world = new ChainWorld().open();
  world.leave(world.bob);
  post(world.alice, { type: 'close_solo' });
  loses(world, 'ChannelSettleTx');
  world.lives(12);
  const { kind, nonce } = world.alice.channel!.solo!;
  expect(kind).toBe('settle');
  takeNonce(world, world.alice, nonce);
  loses(world);
  world.lives(8);
  expect(object(world)).toBeUndefined();
  expect(world.alice.channel!.phase).toBe('closed');
  world.checkCoins();
});

test('snapshot_with_failed_onchain', () => {
  const world = new ChainWorld().open();
  pays(world, 'alice');
  loses(world, 'ChannelSnapshotSoloTx');
  post(world.alice, { type: 'snapshot' });
  const { nonce } = world.alice.channel!.solo!;
  takeNonce(world, world.alice, nonce);
  world.lives(8);
  expect(world.alice.channel).toMatchObject({ phase: 'open', solo: null });
  expect(world.alice.history.at(-1)!.note).toMatch(/did not take the record/);
  loses(world);
  pays(world, 'alice');
  post(world.alice, { type: 'snapshot' });
  world.lives(3);
  expect(object(world)!.round).toBe(world.alice.channel!.latest!.number + 1n);
});

test('force_progress_with_failed_onchain', () => {
  const world = withEscrow();
  loses(world, 'ChannelForceProgressTx');
  post(world.bob, forceRelease());
  const { nonce } = world.bob.channel!.solo!;
  takeNonce(world, world.bob, nonce);
  world.lives(8);
  expect(world.bob.channel).toMatchObject({ phase: 'open', solo: null });
  expect(world.bob.history.map(({ note }) => note).join()).toMatch(/did not take your call/);
  loses(world);
  pays(world, 'alice');
  expect(madeBy(world.bob, forceRelease()).length).toBeGreaterThan(0);
  expect(sameState(world.alice, world.bob)).toBe(true);
});

test('nonce_stolen_by_an_ordinary_spend', () => {
  // Between signing and posting: the payment of another program with the same key is mined first.
  const world = new ChainWorld().open();
  pays(world, 'alice');
  world.leave(world.bob);
  loses(world, 'ChannelCloseSoloTx');
  post(world.alice, { type: 'close_solo' });
  const { nonce } = world.alice.channel!.solo!;
  takeNonce(world, world.alice, nonce);
  loses(world);
  world.lives(6);
  expect(world.alice.channel!.reason).toMatch(/Close the channel again/);
  post(world.alice, { type: 'close_solo' });
  expect(world.alice.channel!.solo!.nonce).toBeGreaterThan(nonce);
  world.lives(20);
  expect(world.alice.channel!.phase).toBe('closed');
  world.checkCoins();
});
