/** After a loss: what the key half signed before it, and nobody remembers, never takes effect beside what is signed after. */
import { afterEach, expect, test } from 'vitest';
import { signerFromSeed } from '../../src/engine/crypto.ts';
import { signedTx, signingBytes, txHash } from '../../src/protocol/chain/signed.ts';
import { oldDisk, online, type Party, seenOnChain, settled, until } from './party.ts';
import { ae, scene } from './scene.ts';

const { blocks, drop, chain, balance, party, lastSeed, pay, openChannel } = scene(230, 150);

afterEach(() => drop([]));
const nonce = async (who: Party) => (await chain().account(who.publicKey)).nonce;

/**
 * Alice has half signed something that Bob completes and keeps; then she lost all but her key, and Bob goes on from a
 * copy of his disk of before, as if nothing had been.
 */
async function lostAfter(
  sign: (alice: Party, bob: Party, id: string) => Promise<{ tx: Uint8Array; mine: Uint8Array }>,
) {
  const { alice, bob, id } = await openChannel();
  const seeds = { alice: lastSeed() - 1, bob: lastSeed() };
  expect(await pay(alice, id, 5n * ae)).toMatchObject({ ok: true });
  await seenOnChain(alice, id);
  const before = oldDisk(bob);
  const { tx, mine } = await sign(alice, bob, id);
  const { networkId } = alice.engine.channel(id).channel;
  const signer = await signerFromSeed(new Uint8Array(32).fill(seeds.bob));
  const theirs = await signer.sign(signingBytes(networkId, txHash(tx)));
  const { channelId } = alice.engine.channel(id).channel;
  await alice.stop();
  await bob.stop();
  await drop([]);
  const peer = await party({ seedByte: seeds.bob, folder: before, listen: true });
  const again = await party({ seedByte: seeds.alice });
  const actor = await again.engine.recover(channelId!, peer.publicKey, peer.transport.addresses());
  return { again, peer, id: actor.id, peerId: id, channelId: channelId!, old: signedTx(tx, [mine, theirs]) };
}

test('an agreed close of before the loss is void before a payment is possible again', async () => {
  const { again, peer, id, peerId, channelId, old } = await lostAfter(async (alice, bob, id) => {
    await drop(['ChannelCloseMutualTx']);
    await bob.engine.wish(id, { type: 'shutdown' });
    const { tx, signatures } = await until(
      'half signed',
      () => alice.engine.channel(id).channel.closing,
      (closing) => closing?.signatures.initiator !== undefined,
    ).then((closing) => closing!);
    return { tx, mine: signatures.initiator! };
  });
  await online(again, id);
  // Whoever wants to pay meanwhile, nothing is signed.
  expect(again.engine.channel(id).channel.doubt).toBe(true);
  const offered = pay(peer, peerId, 4n * ae);
  expect(await pay(again, id, ae)).toMatchObject({ ok: false, code: 'restored' });
  await expect(again.engine.wish(id, { type: 'deposit', amount: ae })).rejects.toThrow(/restored/);
  const { number } = again.engine.channel(id).channel.latest!;
  await until(
    'spends older nonces',
    () => again.engine.doubt(again.engine.channel(id))?.left ?? 99,
    (left) => left < 16,
  );
  expect(again.engine.channel(id).channel.latest!.number).toBe(number);
  await settled(again, id);
  // What Bob had proposed meanwhile goes through, under a number above all that Alice may have signed.
  expect(await offered).toMatchObject({ ok: true });
  expect(await pay(again, id, ae)).toMatchObject({ ok: true });
  await chain()
    .post(old)
    .catch(() => undefined);
  await blocks(3);
  expect(await chain().channel(channelId)).not.toBeNull();
  const { balances } = again.engine.channel(id).channel.latest!;
  // 10 - 2 pushed - 5 + 4 - 1
  expect(balances).toEqual({ initiator: 6n * ae, responder: 9n * ae });
  const start = await balance(again);
  await again.engine.wish(id, { type: 'close_solo' });
  await until(
    'closed',
    () => again.engine.channel(id).channel.phase,
    (phase) => phase === 'closed',
    30_000,
  );
  expect((await balance(again)) - start).toBeGreaterThan(6n * ae - 10n ** 15n);
}, 60_000);

test('a withdrawal of before the loss, completed late, leaves every later state enforceable', async () => {
  const { again, id, channelId, old } = await lostAfter(async (alice, bob, id) => {
    await drop(['ChannelWithdrawTx']);
    await alice.engine.wish(id, { type: 'withdraw', amount: 2n * ae });
    const move = alice.engine.channel(id).channel.move!;
    void bob;
    return { tx: move.tx, mine: move.signatures.initiator! };
  });
  await settled(again, id);
  expect(await pay(again, id, ae)).toMatchObject({ ok: true });
  await chain()
    .post(old)
    .catch(() => undefined);
  await blocks(3);
  expect((await chain().channel(channelId))!.channelAmount).toBe(15n * ae);
  await again.stop();
}, 60_000);

test('an installation that lost nothing spends nothing: not over a restart, not for a new channel', async () => {
  const { alice, bob, id } = await openChannel();
  const seedByte = lastSeed() - 1;
  const before = await nonce(alice);
  await alice.stop();
  const again = await party({ seedByte, folder: alice.folder });
  await online(again, id);
  await blocks(3);
  expect(again.engine.channel(id).channel.doubt).toBeUndefined();
  expect(await nonce(again)).toBe(before);
  void bob;
}, 60_000);

test('with too few coins in the account it waits, says so, and goes on once they came', async () => {
  const { alice, bob, id } = await openChannel();
  const seedByte = lastSeed() - 1;
  const { channelId } = alice.engine.channel(id).channel;
  // All but a little leaves the account.
  const has = await balance(alice);
  await alice.engine.spend(bob.publicKey, has - 10n ** 15n, 'away');
  await until(
    'spent',
    () => balance(alice),
    (left) => left < 10n ** 15n,
  );
  await alice.stop();
  const again = await party({ seedByte });
  const actor = await again.engine.recover(channelId!, bob.publicKey, bob.transport.addresses());
  await until(
    'says so',
    () => again.engine.doubt(actor)?.short,
    (short) => short === true,
  );
  await blocks(3);
  expect(actor.channel.doubt).toBe(true);
  await bob.engine.spend(again.publicKey, ae, 'help');
  await settled(again, actor.id);
  expect(await pay(again, actor.id, ae)).toMatchObject({ ok: true });
}, 60_000);
