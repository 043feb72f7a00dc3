/** A forced round over HTTP: what the node's API shows of it, and what a reorganisation takes back. */
import { afterEach, expect, it } from 'vitest';
import type { Devnet } from '../../devnet/index.ts';
import { encode } from '../../src/protocol/chain/address.ts';
import { GAS_PRICE_MIN, minFee } from '../../src/protocol/chain/fee.ts';
import { signedTx, signingBytes, txHash } from '../../src/protocol/chain/signed.ts';
import { serializeTx } from '../../src/protocol/chain/tx.ts';
import { forceProgress } from '../../src/protocol/channel/force-progress.ts';
import { serializeEntry } from '../../src/protocol/state/entries.ts';
import { stateHash } from '../../src/protocol/state/trees.ts';
import { applyContractEntry, nothingOnChain } from '../../src/protocol/vm/index.ts';
import { counter } from './cases/contract-world.ts';
import { treesOf } from './cases/world.ts';
import { ae, alice, bob, call, networkId, open, post, quietDevnet, signed } from './support.ts';

let devnet: Devnet;
afterEach(() => devnet.close());

/** Alice and Bob have agreed on a counter in round 2; Alice forces `inc(5)`. */
async function forced() {
  devnet = await quietDevnet();
  const { transaction, id } = open(1n);
  await post(devnet, transaction);
  devnet.miner.mineMicro();
  const block = devnet.chain.environment(0);
  const env = {
    height: BigInt(block.height),
    time: BigInt(block.time),
    beneficiary: block.beneficiary,
    difficulty: block.difficulty,
    networkId,
    blockHash: block.blockHash,
    reserve: ae,
    onChain: nothingOnChain,
  };
  const made = applyContractEntry(
    treesOf(10n, 5n),
    { ...counter.create, deposit: 0n },
    { ...env, round: 2n },
  );
  if (made.status === 'refused') throw new Error(made.reason);
  const { trees } = made;
  const agreed = serializeTx({
    type: 'ChannelOffChainTx',
    channelId: id,
    round: 2n,
    stateHash: stateHash(trees),
  });
  const bytes = signingBytes(networkId, txHash(agreed));
  const payload = signedTx(agreed, [alice.sign(bytes), bob.sign(bytes)]);
  const update = { ...counter.call('inc(5)'), caller: alice.publicKey };
  const base = { payload, round: 2n, trees };
  const round = forceProgress({
    channelId: id,
    from: alice.publicKey,
    base,
    update,
    env,
    ttl: 0n,
    nonce: 2n,
  });
  if (round.status === 'refused') throw new Error(round.reason);
  return { id, update, round, transaction: signed(round.tx, alice) };
}

const channelAt = async (id: Uint8Array) => (await call(devnet, `/v3/channels/${encode('ch', id)}`)).body;

it('the channel has the round, its receipt is the transaction’s info, fee and gas are paid by who forced it', async () => {
  const { id, round, transaction } = await forced();
  const before = devnet.chain.state.account(alice.publicKey)!.balance;
  expect((await post(devnet, transaction)).status).toBe(200);
  expect((await call(devnet, `/v3/transactions/${transaction.id}/info`)).status).toBe(400);
  devnet.miner.mineMicro();
  expect(await channelAt(id)).toMatchObject({
    round: 3,
    solo_round: 3,
    locked_until: 0,
    state_hash: encode('st', round.tx.stateHash),
  });
  const { status, body } = await call(devnet, `/v3/transactions/${transaction.id}/info`);
  expect(status).toBe(200);
  expect(body).toEqual({
    call_info: {
      caller_id: encode('ak', alice.publicKey),
      caller_nonce: 3,
      contract_id: encode('ct', transaction.hash),
      gas_price: 1_000_000_000,
      gas_used: Number(round.call.gasUsed),
      height: 3,
      log: [],
      return_type: 'ok',
      return_value: encode('cb', round.call.returnValue),
    },
  });
  const shown = (await call(devnet, `/v3/transactions/${transaction.id}`)).body;
  expect(shown.tx).toMatchObject({ type: 'ChannelForceProgressTx', round: 3 });
  const paid = before - devnet.chain.state.account(alice.publicKey)!.balance;
  expect(paid).toBe(minFee(round.tx) + round.call.gasUsed * GAS_PRICE_MIN);
});

it('a reorganisation takes the round and its receipt back, and it is mined again', async () => {
  const { id, transaction } = await forced();
  devnet.miner.mineKeys(1);
  await post(devnet, transaction);
  devnet.miner.mineMicro();
  devnet.chain.fork(1, 1, [], [[]]);
  expect(await channelAt(id)).toMatchObject({ round: 1, solo_round: 0 });
  expect((await call(devnet, `/v3/transactions/${transaction.id}/info`)).status).toBe(400);
  devnet.miner.mineMicro();
  expect(await channelAt(id)).toMatchObject({ round: 3, solo_round: 3 });
});

it('the mempool refuses a call whose gas price no miner takes', async () => {
  const { round, update } = await forced();
  const posted = async (gasPrice: bigint) =>
    (await post(devnet, signed({ ...round.tx, update: serializeEntry({ ...update, gasPrice }) }, alice)))
      .body;
  expect(await posted(999_999n)).toMatchObject({ error_code: 'too_low_gas_price' });
  expect(await posted(GAS_PRICE_MIN - 1n)).toMatchObject({ error_code: 'too_low_gas_price_for_miner' });
});

it('a call with more gas than a block has is not mined', async () => {
  const { round, update } = await forced();
  const huge = signed({ ...round.tx, update: serializeEntry({ ...update, gas: 6_000_000n }) }, alice);
  expect((await post(devnet, huge)).status).toBe(200);
  expect(devnet.miner.mineMicro()).toBeUndefined();
});
