/** What the chain did while a side was away, by the names of the node's own suite (CHAIN 4). */
import { expect, test } from 'vitest';
import { ChainWorld } from '../matrix/chain-world.ts';
import { soloTx } from '../matrix/flows.ts';
import { ae, payment } from '../world.ts';

/** Bob once had 2 AE more; now Alice's browser is closed. */
function aliceIsAway() {
  const world = new ChainWorld().open();
  const request = (who: 'alice' | 'bob', amount: bigint) => {
    world.act(world[who], () => world[who].post({ type: 'request', request: payment(amount) }));
    world.settle();
  };
  request('alice', 2n * ae);
  const old = world.alice.channel!.latest!;
  request('bob', 4n * ae);
  const latest = world.alice.channel!.latest!;
  world.leave(world.alice);
  return { world, old, latest, id: world.alice.channel!.channelId! };
}
/** Alice is back, and looks at each block. */
function back(world: ChainWorld, blocks: number): void {
  world.absent.delete(world.alice);
  for (let i = 0; i < blocks; i++) {
    world.act(world.alice, () => world.alice.look());
    world.mine();
  }
}

test('missing_close_tx', () => {
  const { world, latest, id } = aliceIsAway();
  world.submit(soloTx(world.bob, world.bob.channel!, 'ChannelCloseSoloTx', latest));
  world.mine(2);
  world.absent.add(world.bob);
  back(world, 20);
  expect(world.chain.state.channel(id)).toBeUndefined();
  expect(world.alice.channel!.phase).toBe('closed');
  expect([...world.mined()].map(({ type }) => type)).not.toContain('ChannelSlashTx');
});

test('missing_malicious_close', () => {
  const { world, old, latest, id } = aliceIsAway();
  world.submit(soloTx(world.bob, world.bob.channel!, 'ChannelCloseSoloTx', old));
  world.mine(2);
  world.absent.add(world.bob);
  expect(world.chain.state.channel(id)!.initiatorAmount).toBe(old.balances.initiator);
  back(world, 3);
  expect(world.chain.state.channel(id)).toMatchObject({
    round: latest.number + 1n,
    initiatorAmount: latest.balances.initiator,
    responderAmount: latest.balances.responder,
  });
  back(world, 20);
  expect(world.alice.channel!.phase).toBe('closed');
});
