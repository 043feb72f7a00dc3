/** Reorganisations: what returns to the mempool, what is lost, what the API says of it. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Devnet } from '../../devnet/index.ts';
import { encode } from '../../src/protocol/chain/address.ts';
import { address, ae, alice, bob, call, carol, open, pay, post, quietDevnet } from './support.ts';

let devnet: Devnet;
beforeEach(async () => {
  devnet = await quietDevnet();
});
afterEach(() => devnet.close());

const transaction = async (id: string) => (await call(devnet, `/v3/transactions/${id}`)).body;
const balance = async (of: typeof alice) => (await call(devnet, `/v3/accounts/${address(of)}`)).text;

describe('a reorganisation', () => {
  it('puts a transaction back into the mempool, and it is mined again', async () => {
    const payment = pay(alice, bob, ae, 1n);
    const before = await balance(alice);
    await post(devnet, payment);
    devnet.miner.mineMicro();
    const mined = await transaction(payment.id);
    expect(mined.block_height).toBe(1);

    const top = (await call(devnet, '/v3/key-blocks/current')).body;
    const reply = await call(devnet, '/devnet/reorg', { depth: 1 });
    expect(reply.body).toMatchObject({ height: 1, pending: [{ hash: payment.id }], not_mined: [] });
    const newTop = (await call(devnet, '/v3/key-blocks/current')).body;
    expect(newTop.hash).not.toBe(top.hash);
    expect(newTop.prev_hash).toBe(top.prev_hash);
    expect((await transaction(payment.id)).block_height).toBe(-1);
    expect(await balance(alice)).toBe(before);

    devnet.miner.mineKeys(1);
    devnet.miner.mineMicro();
    const again = await transaction(payment.id);
    expect(again.block_height).toBe(2);
    expect(again.block_hash).not.toBe(mined.block_hash);
    expect(await balance(alice)).not.toBe(before);
  });

  it('makes a dropped transaction unknown, and takes it when it is posted again', async () => {
    const payment = pay(alice, bob, ae, 1n);
    await post(devnet, payment);
    devnet.miner.mineMicro();
    await call(devnet, '/devnet/reorg', { depth: 1, drop: [payment.id] });
    expect((await call(devnet, `/v3/transactions/${payment.id}`)).status).toBe(404);
    expect((await post(devnet, payment)).status).toBe(200);
    devnet.miner.mineMicro();
    expect((await transaction(payment.id)).block_height).toBe(1);
  });

  it('takes a channel off the chain', async () => {
    const { transaction: create, id } = open(1n);
    const path = `/v3/channels/${encode('ch', id)}`;
    const before = [await balance(alice), await balance(bob)];
    await post(devnet, create);
    devnet.miner.mineMicro();
    devnet.miner.mineKeys(2);
    expect((await call(devnet, path)).status).toBe(200);
    await call(devnet, '/devnet/reorg', { depth: 3, drop: [create.id] });
    expect((await call(devnet, path)).status).toBe(404);
    expect([await balance(alice), await balance(bob)]).toEqual(before);
  });

  it('can give the new generations transactions of its own, in its own order', async () => {
    const [first, second] = [pay(alice, carol, ae, 1n), pay(bob, carol, 2n * ae, 1n)];
    await post(devnet, first);
    devnet.miner.mineMicro();
    devnet.miner.mineKeys(1);
    await post(devnet, second);
    devnet.miner.mineMicro();
    const reply = await call(devnet, '/devnet/reorg', {
      depth: 2,
      generations: [[second.id], [], [first.id]],
    });
    expect(reply.body).toMatchObject({ height: 3, pending: [], not_mined: [] });
    expect((await transaction(second.id)).block_height).toBe(1);
    expect((await transaction(first.id)).block_height).toBe(3);
  });

  it('says which transactions it could not mine, and keeps them waiting', async () => {
    const [first, second] = [pay(alice, bob, ae, 1n), pay(alice, bob, ae, 2n)];
    await post(devnet, first);
    await post(devnet, second);
    devnet.miner.mineMicro();
    const reply = await call(devnet, '/devnet/reorg', { depth: 1, generations: [[second.id, first.id]] });
    expect(reply.body).toMatchObject({ not_mined: [second.id], pending: [{ hash: second.id }] });
    expect((await transaction(first.id)).block_height).toBe(1);
  });

  it('leaves the genesis block: a depth beyond it is refused and changes nothing', async () => {
    const top = (await call(devnet, '/v3/key-blocks/current')).text;
    const reply = await call(devnet, '/devnet/reorg', { depth: 2 });
    expect(reply.status).toBe(400);
    expect(reply.body.reason).toBe('depth is 2, the chain can lose at most 1 generations');
    expect((await call(devnet, '/v3/key-blocks/current')).text).toBe(top);
  });

  it('of any depth gives back the state of the block below', async () => {
    const states = [];
    for (let nonce = 1n; nonce <= 5n; nonce += 1n) {
      states.push([await balance(alice), await balance(bob), devnet.chain.topBlock.stateHash]);
      devnet.miner.mineKeys(1);
      await post(devnet, nonce === 3n ? open(3n).transaction : pay(alice, bob, nonce, nonce));
      devnet.miner.mineMicro();
    }
    for (const state of states.reverse()) {
      await call(devnet, '/devnet/reorg', { depth: 1, generations: [] });
      expect([await balance(alice), await balance(bob), devnet.chain.topBlock.stateHash]).toEqual(state);
    }
  });
});

describe('the network mode', () => {
  it('delays a transaction by key blocks', async () => {
    await call(devnet, '/devnet/mode', { delay: 2 });
    const payment = pay(alice, bob, ae, 1n);
    await post(devnet, payment);
    for (const height of [1, 2, 3]) {
      expect((await call(devnet, '/devnet/micro', {})).body.transactions).toEqual(
        height === 3 ? [payment.id] : [],
      );
      devnet.miner.mineKeys(1);
    }
  });

  it('loses accepted transactions of a type, for as long as it is set', async () => {
    await call(devnet, '/devnet/mode', { drop: ['SpendTx'] });
    const payment = pay(alice, bob, ae, 1n);
    expect((await post(devnet, payment)).body).toEqual({ tx_hash: payment.id });
    expect((await call(devnet, `/v3/transactions/${payment.id}`)).status).toBe(404);
    expect((await post(devnet, open(1n).transaction)).status).toBe(200);
    expect(devnet.chain.pool.size).toBe(1);
    await call(devnet, '/devnet/mode', {});
    expect((await post(devnet, payment)).status).toBe(200);
    expect(devnet.chain.pool.size).toBe(2);
  });

  it('mines by fee, the other way round, or by arrival', async () => {
    const cheap = pay(alice, carol, 1n, 1n);
    const dear = { ...pay(bob, carol, 10n ** 20n, 1n) };
    expect(dear.fee).toBeGreaterThan(cheap.fee);
    const minedOrder = async () => (await call(devnet, '/devnet/micro', {})).body.transactions;
    for (const [order, expected] of [
      ['fee', [dear.id, cheap.id]],
      ['reverse', [cheap.id, dear.id]],
      ['arrival', [dear.id, cheap.id]],
    ] as const) {
      expect((await call(devnet, '/devnet/mode', { order })).body.order).toBe(order);
      await post(devnet, dear);
      await post(devnet, cheap);
      expect(await minedOrder()).toEqual(expected);
      await call(devnet, '/devnet/reorg', { depth: 1, drop: [dear.id, cheap.id] });
    }
  });
});
