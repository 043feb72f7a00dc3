/** A restored channel whose other side never comes back: closed alone only after a while, by a word of its own. */
import { expect, test } from 'vitest';
import { staleOverrideAfter } from '../../src/engine/settings.ts';
import { phase, seenOnChain, until } from './party.ts';
import { ae, scene } from './scene.ts';

const { balance, lastSeed, party, pay, openChannel } = scene(170, 150);

test('a restored channel is closed alone after seven days without its other side, and only by the explicit wish', async () => {
  expect(staleOverrideAfter).toBe(7 * 24 * 3_600_000);
  const { alice, bob, id } = await openChannel();
  expect(await pay(alice, id, ae)).toMatchObject({ ok: true });
  await bob.stop();
  const actor = alice.engine.channel(id);
  await until(
    'gone',
    () => alice.engine.connection(actor),
    (value) => value !== 'online',
  );
  await seenOnChain(alice, id);
  const before = await balance(alice);
  const restoredAt = Date.now() - staleOverrideAfter + 60_000;
  await actor.update({ restoredAt });
  expect(alice.engine.overrideFrom(actor)).toBe(restoredAt + staleOverrideAfter);
  const early = alice.engine.closeWithDoubtfulState(id);
  await expect(early).rejects.toMatchObject({ code: 'maybe_stale' });
  await expect(early).rejects.toThrow(new Date(restoredAt + staleOverrideAfter).toISOString());
  expect(phase(alice, id)()).toBe('open');
  await actor.update({ restoredAt: Date.now() - staleOverrideAfter });
  await expect(alice.engine.wish(id, { type: 'close_solo' })).rejects.toMatchObject({ code: 'maybe_stale' });
  expect(phase(alice, id)()).toBe('open');
  await alice.engine.closeWithDoubtfulState(id);
  const close = actor.channel.solo!.fee;
  await until('closed', phase(alice, id), (value) => value === 'closed');
  expect(await balance(alice)).toBe(before + 7n * ae - close - actor.channel.solo!.fee);
});

test('the other side that comes back ends the doubt: then nothing has to be accepted', async () => {
  const { alice, bob, id } = await openChannel();
  const seedByte = lastSeed();
  await bob.stop();
  const actor = alice.engine.channel(id);
  await until(
    'gone',
    () => alice.engine.connection(actor),
    (value) => value !== 'online',
  );
  await actor.update({ restoredAt: Date.now() - staleOverrideAfter });
  const again = await party({ seedByte, folder: bob.folder, listen: true });
  await actor.update({ addresses: again.transport.addresses() });
  await alice.engine.reconnect(id);
  await until(
    'believed',
    () => alice.engine.overrideFrom(actor),
    (value) => value === null,
  );
});
