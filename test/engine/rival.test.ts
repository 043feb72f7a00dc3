/** Two installations of one key: whichever is behind what the key has signed stops, until it is chosen again. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openSqliteStore } from '../../peer/store.ts';
import { createNonces } from '../../src/engine/nonces.ts';
import { number, oldDisk, online, seenOnChain, until } from './party.ts';
import { ae, scene } from './scene.ts';

const { url, chain, party, lastSeed, pay, openChannel } = scene(200, 200);

test('the installation that is behind stops; chosen again, it goes on from the latest state and the other one stops', async () => {
  const { alice, bob, id } = await openChannel();
  const seedByte = lastSeed() - 1;
  const folder = oldDisk(alice);
  expect(await pay(alice, id, ae)).toMatchObject({ ok: true });

  const second = await party({ seedByte, folder });
  await until(
    'stops',
    () => second.engine.rival(),
    (rival) => rival !== null,
  );
  expect(second.engine.rival()).toMatchObject({ channel: id });
  expect(second.engine.channel(id).channel.latest!.number).toBe(1n);
  expect(await pay(second, id, ae)).toMatchObject({ ok: false, code: 'rival' });
  await expect(second.engine.wish(id, { type: 'close_solo' })).rejects.toThrow(/Another installation/);
  await expect(second.engine.wish(id, { type: 'shutdown' })).rejects.toThrow(/Another installation/);
  expect(second.engine.connection(second.engine.channel(id))).toBe('offline');

  // The first one is not disturbed by it any more.
  alice.engine.poke();
  await online(alice, id);
  expect(await pay(alice, id, ae)).toMatchObject({ ok: true, number: 2n });
  expect(alice.engine.rival()).toBeNull();

  // It stays so over a restart.
  await second.stop();
  const again = await party({ seedByte, folder });
  expect(again.engine.rival()).not.toBeNull();
  again.engine.poke();
  expect(await pay(again, id, ae)).toMatchObject({ ok: false, code: 'rival' });

  await again.engine.takeOver();
  expect(again.engine.rival()).toBeNull();
  await online(again, id);
  await until('the latest state', number(again, id), (n) => n === 2n);
  await until(
    'believed',
    () => again.engine.channel(id).stored.restoredAt,
    (at) => at === null,
  );
  // Both want the peer for a moment; whichever is connected may pay, and the other sees it.
  await until(
    'paid here',
    () => pay(again, id, ae),
    (outcome) => outcome.ok,
    30_000,
  );
  await until(
    'the first one stops',
    () => alice.engine.rival(),
    (rival) => rival !== null,
    30_000,
  );
  await until(
    'paid here',
    () => pay(again, id, ae),
    (outcome) => outcome.ok,
    30_000,
  );
  expect(again.engine.rival()).toBeNull();
  await until('agree', number(bob, id), (n) => n === again.engine.channel(id).channel.latest!.number);
}, 90_000);

test('the one that stands still answers an old state on the chain all the same', async () => {
  const { alice, bob, id } = await openChannel();
  const seedByte = lastSeed() - 1;
  const older = oldDisk(bob);
  const folder = oldDisk(alice);
  expect(await pay(alice, id, ae)).toMatchObject({ ok: true });
  const second = await party({ seedByte, folder });
  await until(
    'stops',
    () => second.engine.rival(),
    (rival) => rival !== null,
  );
  await alice.stop();
  await bob.stop();
  const cheat = await party({ seedByte: seedByte + 1, folder: older });
  await seenOnChain(cheat, id);
  await cheat.engine.wish(id, { type: 'close_solo' });
  await until(
    'answered',
    () => second.engine.channel(id).channel.onChain?.round,
    (round) => round === 2n,
    20_000,
  );
}, 60_000);

test('a nonce that this installation did not give out is told once; its own never are', async () => {
  const path = () => join(mkdtempSync(join(tmpdir(), 'tandem-nonces-')), 'store.sqlite');
  const file = path();
  const account = new Uint8Array(32).fill(9);
  const deps = { chain, networkId: 'test', account };
  expect(url()).toBeTruthy();
  let store = openSqliteStore(file);
  let nonces = await createNonces({ ...deps, store });
  expect(await nonces.isForeign(4n)).toBe(false);
  const own = await nonces.reserve('spend');
  expect(await nonces.isForeign(own > 4n ? own : 4n)).toBe(false);
  expect(await nonces.isForeign(5n)).toBe(true);
  expect(await nonces.isForeign(5n)).toBe(false);
  await store.close();
  store = openSqliteStore(file);
  nonces = await createNonces({ ...deps, store });
  expect(await nonces.isForeign(5n)).toBe(false);
  expect(await nonces.isForeign(6n)).toBe(true);
  await store.close();
});
