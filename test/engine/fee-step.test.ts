/** A payer chooses how dear its transaction is: both sides build the same one, and exactly what was quoted is paid. */
import { describe, expect, test } from 'vitest';
import { openSqliteStore } from '../../peer/store.ts';
import { spendOf } from '../../src/engine/sends.ts';
import type { StoredChannel } from '../../src/engine/stored.ts';
import { gasOf } from '../../src/protocol/chain/fee.ts';
import { parseTx } from '../../src/protocol/chain/tx.ts';
import { phase, seenOnChain, until } from './party.ts';
import { ae, scene, terms } from './scene.ts';

const { chain, balance, party, fund } = scene(180, 150);

describe('a dearer fee', () => {
  test('of the funding, a deposit, a withdrawal and a close alone is what was quoted, and the other side signs it', async () => {
    const alice = await party({ listen: true });
    const bob = await party({ listen: true });
    await Promise.all([fund(alice), fund(bob)]);
    const [least, , dear] = await alice.engine.quote({ type: 'open', terms });
    expect(dear).toBeGreaterThanOrEqual(4n * least!);
    const { id } = await alice.engine.open(
      bob.publicKey,
      bob.transport.addresses(),
      terms,
      null,
      undefined,
      2,
    );
    await until('alice opens', phase(alice, id), (value) => value === 'open');
    await until('bob opens', phase(bob, id), (value) => value === 'open');
    expect(await balance(alice)).toBe(100n * ae - terms.initiatorAmount - dear!);

    for (const [type, sign, feeStep] of [
      ['deposit', -1n, 3],
      ['withdraw', 1n, 4],
    ] as const) {
      const before = await balance(alice);
      const fees = await alice.engine.quote({ type: 'move', channel: id, amount: ae });
      await alice.engine.wish(id, { type, amount: ae, feeStep });
      await until(
        type,
        () => alice.engine.channel(id).channel.move,
        (move) => move === null,
      );
      expect(await balance(alice)).toBe(before + sign * ae - fees[feeStep]!);
    }

    await seenOnChain(alice, id);
    await bob.stop();
    const before = (await chain().account(alice.publicKey)).nonce;
    const fees = await alice.engine.quote({ type: 'close_alone', channel: id });
    await alice.engine.wish(id, { type: 'close_solo', feeStep: 1 });
    expect(alice.engine.channel(id).channel.solo).toMatchObject({ fee: fees[1], nonce: before + 1n });
    await until('closed', phase(alice, id), (value) => value === 'closed', 30_000);
  }, 60_000);

  test('of a funding that is given up is outbid by what makes it void', async () => {
    const alice = await party();
    const store = openSqliteStore(':memory:');
    // His disk fails before he completes the funding.
    const bob = await party({
      listen: true,
      store: {
        ...store,
        async commit(writes) {
          for (const { table, value } of writes)
            if (table === 'channels' && (value as StoredChannel | undefined)?.channel.phase === 'confirming')
              throw new Error('the disk is full');
          return store.commit(writes);
        },
      },
    });
    await Promise.all([fund(alice), fund(bob)]);
    const { id } = await alice.engine.open(
      bob.publicKey,
      bob.transport.addresses(),
      terms,
      null,
      undefined,
      4,
    );
    await until('half signed', phase(alice, id), (value) => value === 'half_signed');
    const funding = alice.engine.channel(id).channel.funding!;
    await alice.engine.wish(id, { type: 'abort', reason: 'given up' });
    await until('aborted', phase(alice, id), (value) => value === 'aborted');
    const paid = 100n * ae - (await balance(alice));
    const { cancelTx } = alice.engine.channel(id).stored;
    const cancel = spendOf(cancelTx!);
    expect(paid).toBe(cancel.fee);
    expect(cancel.fee / gasOf(cancel)).toBe(2n * (funding.fee / gasOf(parseTx(funding.tx))));
    expect(funding.fee / gasOf(parseTx(funding.tx))).toBe(16n * 10n ** 9n);
  });

  test('of a payment on chain: five to choose from, none below what the chain takes', async () => {
    const alice = await party();
    const bob = await party();
    await fund(alice);
    const fees = await alice.engine.quote({ type: 'send', to: bob.publicKey, amount: ae });
    expect(fees).toHaveLength(5);
    for (const [step, fee] of fees.entries()) {
      if (step > 0) expect(fee).toBeGreaterThanOrEqual(2n * fees[step - 1]!);
    }
    const sent = await alice.engine.spend(bob.publicKey, ae, 'dear', 3);
    expect(sent.fee).toBe(fees[3]);
    await until(
      'arrived',
      () => balance(bob),
      (value) => value === ae,
    );
    expect(await balance(alice)).toBe(99n * ae - fees[3]!);
    const least = await alice.engine.quote({ type: 'send', to: bob.publicKey, amount: ae });
    expect((await alice.engine.spend(bob.publicKey, ae, 'cheap')).fee).toBe(least[0]);
    await until(
      'the cheapest is taken, too',
      () => balance(bob),
      (value) => value === 2n * ae,
    );
  });
});
