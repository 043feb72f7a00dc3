/** A channel at work: what it does once it was stopped, and with a clock that is not to be trusted. */
import { expect, test, vi } from 'vitest';
import { defaultSettings } from '../../src/engine/settings.ts';
import { readStored } from '../../src/engine/stored.ts';
import { number, phase, until } from './party.ts';
import { ae, scene, terms } from './scene.ts';

const { party, fund, lastSeed, pay, openChannel } = scene(290, 150);

test('one that was stopped writes nothing over what the next engine has stored', async () => {
  const { alice, bob, id } = await openChannel();
  const seedByte = lastSeed() - 1;
  await pay(alice, id, ae);
  const late = alice.engine.channel(id);
  // The store stays open, as in the worker: only the engine ends.
  await alice.engine.stop();
  await alice.transport.stop();
  const again = await party({ seedByte, store: alice.store });
  await again.engine.reconnect(id);
  await until(
    'the connection',
    () => again.engine.connection(again.engine.channel(id)),
    (value) => value === 'online',
  );
  expect(await pay(again, id, ae)).toMatchObject({ ok: true });
  await until('bob follows', number(bob, id), (value) => value === 2n);
  await again.engine.channel(id).flush();
  // As what waited for the node meanwhile would.
  await late.update({ cancelTx: new Uint8Array(1) });
  expect(readStored(await alice.store.get('channels', id)).channel.latest!.number).toBe(2n);
});

test('a clock that is set back by a month sets no timer for longer than timers can', async () => {
  let back = 0;
  const timeouts = { ...defaultSettings.timeouts, silence: 150 };
  const alice = await party({ now: () => Date.now() - back, settings: { timeouts } });
  const bob = await party({ listen: true });
  await fund(alice);
  await fund(bob);
  const { id } = await alice.engine.open(bob.publicKey, bob.transport.addresses(), terms);
  await until('open', phase(alice, id), (value) => value === 'open');
  back = 30 * 24 * 3_600_000;
  const timers = vi.spyOn(globalThis, 'setTimeout');
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const set = timers.mock.calls.map(([, ms]) => ms ?? 0);
  timers.mockRestore();
  // Silence was looked at meanwhile, each time anew.
  expect(set.filter((ms) => ms > 100 && ms <= 150).length).toBeGreaterThan(2);
  expect(Math.max(...set)).toBeLessThan(2 ** 31);
});
