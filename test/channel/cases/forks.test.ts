/** Forks of the chain that have nothing to say to a channel, by the names of the node's own suite (CHAIN 4). */
import { expect, test } from 'vitest';
import { ChainWorld } from '../matrix/chain-world.ts';
import { ae, payment, sameState } from '../world.ts';

/** What is durable of a channel, but for its time. */
const records = (world: ChainWorld) =>
  world.parties.map(({ channel, history }) => ({ ...channel!, updatedAt: 0, items: history.length }));

test('innocent_fork', () => {
  const world = new ChainWorld().open();
  world.lives(5);
  const before = records(world);
  const posts = world.posts.length;
  // Blocks without a transaction of the channel's are replaced.
  world.chain.fork(4, 0, [], [[], [], [], []]);
  world.look();
  expect(records(world)).toEqual(before);
  expect(world.posts.length).toBe(posts);
  const request = payment(ae);
  world.act(world.alice, () => world.alice.post({ type: 'request', request }));
  world.settle();
  expect(world.alice.decided.get(request.id)).toMatchObject([{ ok: true }]);
});

test('fork_touches_but_no_change', () => {
  const world = new ChainWorld().open();
  world.act(world.alice, () => world.alice.post({ type: 'deposit', amount: ae }));
  world.settle();
  world.lives(2);
  const before = records(world);
  const posts = world.posts.length;
  const deposit = [...world.mined()].find(({ type }) => type === 'ChannelDepositTx')!;
  // The block with the deposit is replaced by another one with the same in it.
  const depth = world.chain.height - world.chain.mined(deposit.hash)!.block.height + 1;
  const empty = Array.from({ length: depth - 1 }, () => []);
  world.chain.fork(depth, 0, [], [[deposit.hash], ...empty]);
  expect(world.depth(deposit.hash)).toBe(depth - 1);
  world.look();
  expect(records(world)).toEqual(before);
  expect(world.posts.length).toBe(posts);
  world.lives(2);
  expect(sameState(world.alice, world.bob)).toBe(true);
  world.checkCoins();
});
