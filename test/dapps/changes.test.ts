/** What pages hear of deposits and withdrawals, out of the channel's own records between two looks. */
import { describe, expect, test } from 'vitest';
import { type Change, changesOf, type Told, toldOf } from '../../src/background/dapps/changes.ts';
import type { Channel } from '../../src/protocol/channel/index.ts';
import { ae, type Party, World } from '../channel/world.ts';

/** One side as a page follows it. */
function follower(party: Party) {
  let told: Told = toldOf(party.channel!);
  return (): Change[] => {
    const channel: Channel = party.channel!;
    const changes = changesOf(told, channel);
    told = toldOf(channel);
    return changes;
  };
}
const ofMoves = (changes: Change[]) =>
  changes.filter(({ type }) => ['depositLocked', 'withdrawLocked', 'error'].includes(type));

function confirm(world: World): void {
  for (const party of [world.alice, world.bob])
    if (party.channel!.move) party.post({ type: 'chain', what: 'move', confirmations: 1 });
  world.settle();
}

describe('a deposit or withdrawal', () => {
  test.each([
    ['deposit', 'depositLocked'],
    ['withdraw', 'withdrawLocked'],
  ] as const)('%s: both sides hear that it is locked, and whose it was', (kind, type) => {
    const world = new World().open();
    const [mine, theirs] = [follower(world.alice), follower(world.bob)];
    world.alice.post({ type: kind, amount: ae });
    world.settle();
    expect(ofMoves(mine())).toEqual([]);
    theirs();
    confirm(world);
    const detail = { amount: String(ae) };
    expect(ofMoves(mine())).toEqual([{ type, detail: { ...detail, by: 'me' } }]);
    expect(ofMoves(theirs())).toEqual([{ type, detail: { ...detail, by: 'peer' } }]);
  });

  test('the transaction on chain comes whole, once both have signed it', () => {
    const world = new World().open();
    const look = follower(world.alice);
    world.alice.post({ type: 'deposit', amount: ae });
    expect(look().filter(({ type }) => type === 'onChainTx')).toEqual([]);
    world.settle();
    const [told, ...more] = look().filter(({ type }) => type === 'onChainTx');
    expect(more).toEqual([]);
    expect(told!.detail).toMatchObject({
      what: 'deposit',
      txHash: expect.stringMatching(/^th_/),
      tx: expect.stringMatching(/^tx_/),
    });
  });

  test('one that the other side never answered is told as given up, though nobody else had signed it', () => {
    const world = new World().open();
    const look = follower(world.alice);
    world.alice.post({ type: 'deposit', amount: ae });
    look();
    world.disconnect();
    world.alice.post({ type: 'abort', reason: 'no answer' });
    expect(ofMoves(look())).toEqual([]);
    world.alice.post({ type: 'chain', what: 'cancel', confirmations: 1 });
    expect(world.alice.channel!.move).toBeNull();
    expect(ofMoves(look())).toEqual([
      {
        type: 'error',
        detail: { message: 'The deposit was given up.', what: 'deposit', amount: String(ae), by: 'me' },
      },
    ]);
  });

  test('the end of one is told although the next has begun before the look', () => {
    const world = new World().open();
    const look = follower(world.alice);
    world.alice.post({ type: 'deposit', amount: ae });
    world.settle();
    look();
    confirm(world);
    world.alice.post({ type: 'withdraw', amount: 2n * ae });
    world.settle();
    expect(ofMoves(look())).toEqual([{ type: 'depositLocked', detail: { amount: String(ae), by: 'me' } }]);
    confirm(world);
    expect(ofMoves(look())).toEqual([
      { type: 'withdrawLocked', detail: { amount: String(2n * ae), by: 'me' } },
    ]);
  });
});
