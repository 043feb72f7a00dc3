/** The unmodified SDK as a client of a running devnet. */
import {
  AeSdk,
  buildTx,
  decode,
  Encoding,
  encode,
  MemoryAccount,
  Node,
  Tag,
  unpackTx,
} from '@aeternity/aepp-sdk';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Devnet, startDevnet } from '../../devnet/index.ts';
import { channelId } from '../../src/protocol/chain/ids.ts';
import { parseSignedTx, signedTx } from '../../src/protocol/chain/signed.ts';
import { parseTx, type TxOf } from '../../src/protocol/chain/tx.ts';
import { channelTrees, stateHash } from '../../src/protocol/state/trees.ts';

const ae = 10n ** 18n;
const alice = MemoryAccount.generate();
const bob = MemoryAccount.generate();
let devnet: Devnet;
let node: Node;
let sdk: AeSdk;

beforeAll(async () => {
  const balances = { [alice.address]: 100n * ae, [bob.address]: 50n * ae };
  devnet = await startDevnet({ port: 0, keyBlockMs: 200, microBlockMs: 20, balances });
  node = new Node(devnet.url);
  sdk = new AeSdk({
    nodes: [{ name: 'devnet', instance: node }],
    accounts: [alice, bob],
    _expectedMineRate: 200,
    _microBlockCycle: 60,
  });
});
afterAll(() => devnet.close());

const balance = async (account: MemoryAccount) => (await node.getAccountByPubkey(account.address)).balance;
type EncodedTx = ReturnType<typeof buildTx>;

/** The transaction with both signatures. */
async function coSigned(tx: EncodedTx): Promise<EncodedTx> {
  const signed = await Promise.all(
    [alice, bob].map((account) => account.signTransaction(tx, { networkId: 'ae_devnet' })),
  );
  const signatures = signed.flatMap((one) => parseSignedTx(decode(one)).signatures);
  return encode(signedTx(decode(tx), signatures), Encoding.Transaction);
}

async function mined(tx: EncodedTx) {
  const { txHash } = await node.postTransaction({ tx });
  return sdk.poll(txHash, { interval: 20 });
}

async function nextNonce(account: MemoryAccount): Promise<number> {
  return (await node.getAccountNextNonce(account.address)).nextNonce;
}

it('accepts the devnet as a node it supports', async () => {
  const info = await node.getNodeInfo();
  expect(info).toMatchObject({ nodeNetworkId: 'ae_devnet', version: '7.3.0', consensusProtocolVersion: 6 });
});

it('spends and waits for the block; balances are exact to the aetto', async () => {
  const before = { alice: await balance(alice), bob: await balance(bob) };
  const { hash, blockHeight, tx } = await sdk.spend(String(7n * ae), bob.address);
  expect(blockHeight).toBeGreaterThan(0);
  const { fee } = tx as unknown as { fee: bigint };
  expect(await balance(alice)).toBe(before.alice - 7n * ae - fee);
  expect(await balance(bob)).toBe(before.bob + 7n * ae);
  expect((await node.getTransactionByHash(hash)).blockHeight).toBe(blockHeight);
});

it('creates a channel and closes it mutually; the fee of the close comes out of the channel', async () => {
  const before = { alice: await balance(alice), bob: await balance(bob) };
  const trees = channelTrees([
    { pubkey: decode(alice.address), balance: 10n * ae },
    { pubkey: decode(bob.address), balance: 5n * ae },
  ]);
  const create = buildTx({
    tag: Tag.ChannelCreateTx,
    initiator: alice.address,
    initiatorAmount: 10n * ae,
    responder: bob.address,
    responderAmount: 5n * ae,
    channelReserve: ae,
    lockPeriod: 3,
    stateHash: encode(stateHash(trees), Encoding.State),
    initiatorDelegateIds: [],
    responderDelegateIds: [],
    nonce: await nextNonce(alice),
  });
  const { fee: createFee, nonce } = parseTx(decode(create)) as TxOf<'ChannelCreateTx'>;
  const id = encode(channelId(decode(alice.address), nonce, decode(bob.address)), Encoding.Channel);
  expect((await mined(await coSigned(create))).blockHeight).toBeGreaterThan(0);
  expect(await balance(alice)).toBe(before.alice - 10n * ae - createFee);
  expect(await balance(bob)).toBe(before.bob - 5n * ae);
  expect(await node.getChannelByPubkey(id)).toMatchObject({
    channelAmount: 15n * ae,
    round: 1,
    soloRound: 0,
    lockedUntil: 0,
    lockPeriod: 3,
  });

  const fee = 20_000n * 10n ** 9n;
  const close = buildTx({
    tag: Tag.ChannelCloseMutualTx,
    channelId: id,
    fromId: bob.address,
    initiatorAmountFinal: 4n * ae,
    responderAmountFinal: 11n * ae - fee,
    fee,
    nonce: await nextNonce(bob),
  });
  const signed = await coSigned(close);
  const { tx: shown, encodedTx } = await mined(signed);
  expect(encodedTx).toBe(signed);
  // What the API shows is what the SDK reads out of the bytes.
  const read = unpackTx(close);
  expect({ ...shown, fee: undefined }).toMatchObject({
    channelId: id,
    fromId: bob.address,
    type: Tag[read.tag],
  });
  expect(await balance(alice)).toBe(before.alice - 6n * ae - createFee);
  expect(await balance(bob)).toBe(before.bob + 6n * ae - fee);
  await expect(node.getChannelByPubkey(id)).rejects.toThrow('Channel not found');
});

it('takes a transaction that it cannot apply, never mines it, and forgets it', async () => {
  const tx = await alice.signTransaction(
    buildTx({
      tag: Tag.SpendTx,
      senderId: alice.address,
      recipientId: bob.address,
      amount: 10_000n * ae,
      nonce: await nextNonce(alice),
    }),
    { networkId: 'ae_devnet' },
  );
  const { txHash } = await node.postTransaction({ tx });
  devnet.miner.mineMicro();
  expect((await node.getTransactionByHash(txHash)).blockHeight).toBe(-1);
  for (let i = 0; i < 20; i += 1) {
    devnet.miner.mineKeys(1);
    devnet.miner.mineMicro();
  }
  await expect(node.getTransactionByHash(txHash)).rejects.toThrow('Transaction not found');
  await expect(node.postTransaction({ tx })).rejects.toThrow('already_known');
});

it('refuses a transaction of another network with the reason of the node', async () => {
  const tx = await alice.signTransaction(
    buildTx({
      tag: Tag.SpendTx,
      senderId: alice.address,
      recipientId: bob.address,
      amount: 1n,
      nonce: await nextNonce(alice),
    }),
    { networkId: 'ae_mainnet' },
  );
  await expect(node.postTransaction({ tx })).rejects.toThrow('signature_check_failed');
});
