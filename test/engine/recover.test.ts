/** A channel of which only the key is left: the chain tells its terms, the peer its state. */
import { expect, test } from 'vitest';
import { number, type Party, phase, seenOnChain, settled, until } from './party.ts';
import { ae, scene } from './scene.ts';

const { chain, balance, party, lastSeed, pay, openChannel } = scene(220, 200);

/** Alice with nothing but her key, beside an open channel with Bob in which so much was paid. */
async function lost(payments: number) {
  const { alice, bob, id } = await openChannel();
  for (let i = 0; i < payments; i++) expect(await pay(alice, id, ae)).toMatchObject({ ok: true });
  const { channelId } = alice.engine.channel(id).channel;
  const seedByte = lastSeed() - 1;
  await alice.stop();
  const again = await party({ seedByte });
  return { bob, again, channelId: channelId!, terms: alice.engine.channel(id).channel.terms };
}
const recover = (who: Party, channelId: Uint8Array, peer: Party) =>
  who.engine.recover(channelId, peer.publicKey, peer.transport.addresses(), 'Bob');

test.each([0, 3])(
  'after %i payments the state comes back from the peer, and payments go on',
  async (payments) => {
    const { bob, again, channelId, terms } = await lost(payments);
    const actor = await recover(again, channelId, bob);
    await until('the state', number(again, actor.id), (n) => n === BigInt(payments));
    const paid = BigInt(payments) * ae;
    expect(again.engine.channel(actor.id).channel).toMatchObject({
      recovered: true,
      phase: 'open',
      latest: { balances: { initiator: 8n * ae - paid, responder: 7n * ae + paid } },
      terms: { channelReserve: terms.channelReserve, lockPeriod: terms.lockPeriod },
    });
    expect(again.engine.rival()).toBeNull();
    await settled(again, actor.id);
    const paidOnce = await pay(again, actor.id, ae);
    expect(paidOnce).toMatchObject({ ok: true });
    // Above everything that the lost installation may have signed.
    expect(paidOnce.number).toBeGreaterThan(1_700_000_000_000n);
    expect(await pay(bob, bob.engine.channels()[0]!.id, ae)).toMatchObject({ ok: true });
    // Before Bob, whom it would dial again.
    await again.stop();
  },
  60_000,
);

test('before the peer has shown its state the channel is not closed alone; after it, it is', async () => {
  const { bob, again, channelId } = await lost(0);
  const addresses = bob.transport.addresses();
  const actor = await again.engine.recover(channelId, null, ['/ip4/127.0.0.1/tcp/9/ws']);
  await seenOnChain(again, actor.id);
  await expect(again.engine.wish(actor.id, { type: 'close_solo' })).rejects.toThrow(/other side/);
  expect(await pay(again, actor.id, ae)).toMatchObject({ ok: false });
  await actor.update({ addresses });
  again.engine.poke();
  await until('the state', number(again, actor.id), (n) => n === 0n);
  await until(
    'believed',
    () => actor.stored.restoredAt,
    (at) => at === null,
  );
  const before = await balance(bob);
  await again.engine.wish(actor.id, { type: 'close_solo' });
  await until('closed', phase(again, actor.id), (value) => value === 'closed', 30_000);
  expect(await balance(bob)).toBeGreaterThan(before + 7n * ae - 10n ** 15n);
  expect(await chain().channel(channelId)).toBeNull();
  await again.stop();
}, 60_000);

test('what cannot be restored is said plainly, and nothing is stored', async () => {
  const { bob, again, channelId } = await lost(0);
  const stranger = await party();
  await expect(recover(again, new Uint8Array(32), bob)).rejects.toThrow(/no open channel with this id/);
  await expect(recover(stranger, channelId, bob)).rejects.toThrow(/between two other accounts/);
  await expect(recover(again, channelId, stranger)).rejects.toThrow(/not with the account of this invite/);
  expect(again.engine.channels()).toEqual([]);
  const { id } = await recover(again, channelId, bob);
  await until('the state', number(again, id), (n) => n === 0n);
  await expect(recover(again, channelId, bob)).rejects.toThrow(/in your wallet already/);
  expect(again.engine.channels()).toHaveLength(1);
  await again.stop();
}, 60_000);
