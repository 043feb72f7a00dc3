/** Whatever else the account has under way, the answer to a false close is not held up by a nonce before it. */
import { afterAll, afterEach, expect, test, vi } from 'vitest';
import { openSqliteStore } from '../../peer/store.ts';
import { ChainUnavailableError, type Store } from '../../src/engine/ports.ts';
import type { StoredRow } from '../../src/engine/stored.ts';
import type { Phase } from '../../src/protocol/channel/index.ts';
import { number, oldDisk, type Party, phase, seenOnChain, until } from './party.ts';
import { ae, scene, terms } from './scene.ts';

const { party, fund, lastSeed, pay, openChannel } = scene(260, 150);
afterEach(() => void vi.unstubAllGlobals());
/** Commits that hang until the parties are stopped. */
const silent: (() => void)[] = [];
afterAll(() => {
  for (const end of silent) end();
});

/**
 * Bob keeps an old disk, is paid no more by it, and closes with the old state; meanwhile Alice's account does something
 * else. Resolves once the chain has the latest state.
 */
async function answered(meanwhile: (alice: Party, bob: Party) => Promise<void>): Promise<void> {
  const { alice, bob, id } = await openChannel();
  const seedByte = lastSeed();
  await pay(bob, id, ae);
  await until('alice follows', number(alice, id), (value) => value === 1n);
  const folder = oldDisk(bob);
  await pay(bob, id, 3n * ae);
  await bob.stop();
  await meanwhile(alice, bob);
  const cheater = await party({ seedByte, folder });
  await seenOnChain(cheater, id);
  await cheater.engine.wish(id, { type: 'close_solo' });
  const { channel } = alice.engine.channel(id);
  await until(
    'the latest state on the chain',
    () => alice.engine.channel(id).channel,
    ({ onChain }) => (onChain?.round ?? 0n) === channel.latest!.number + 1n,
    25_000,
  );
}

/** A store that hangs from the commit on that would bring a channel to this phase: its party takes and never answers. */
function silentFrom(phase: Phase): Store {
  const store = openSqliteStore(':memory:');
  let isSilent = false;
  return {
    ...store,
    commit(writes) {
      isSilent ||= writes.some(
        ({ table, value }) => table === 'channels' && (value as StoredRow).channel.phase === phase,
      );
      return isSilent ? new Promise((resolve) => void silent.push(resolve)) : store.commit(writes);
    },
  };
}

/** Fetches fail that are like this, and all others go on. */
function failing(like: (url: string, method: string) => boolean): void {
  const real = globalThis.fetch;
  vi.stubGlobal('fetch', (async (input, init) => {
    if (like(String(input), init?.method ?? 'GET')) throw new TypeError('fetch failed');
    return real(input, init);
  }) as typeof fetch);
}

test('nothing is under way', () => answered(async () => undefined), 60_000);

test(
  'a payment whose last question the node did not answer',
  () =>
    answered(async (alice, bob) => {
      let reserved = false;
      failing((url) => {
        const fails = reserved && /\/accounts\/ak_[^/?]+\?/.test(url);
        reserved = url.includes('/next-nonce');
        return fails;
      });
      // Other looks share the node: until it is the payment that meets it.
      for (let i = 0; ; i++) {
        const paid = await alice.engine.spend(bob.publicKey, 10n ** 15n, `p${i}`).then(
          () => true,
          () => false,
        );
        if (!paid) break;
        expect(i).toBeLessThan(30);
      }
      vi.unstubAllGlobals();
    }),
  60_000,
);

test(
  'a payment that was stored and did not reach the node',
  () =>
    answered(async (alice, bob) => {
      failing((url, method) => method === 'POST' && url.includes('/v3/transactions'));
      await expect(alice.engine.spend(bob.publicKey, 10n ** 15n, 'lost')).rejects.toThrow(
        ChainUnavailableError,
      );
      vi.unstubAllGlobals();
    }),
  60_000,
);

test(
  'a funding that its other side never completes',
  () =>
    answered(async (alice) => {
      const mallory = await party({ listen: true, store: silentFrom('confirming') });
      await fund(mallory);
      const { id } = await alice.engine.open(mallory.publicKey, mallory.transport.addresses(), terms);
      await until('half signed', phase(alice, id), (value) => value === 'half_signed');
    }),
  60_000,
);

test(
  'an agreed close that its other side asks for and never completes',
  () =>
    answered(async (alice) => {
      const mallory = await party({ listen: true, store: silentFrom('closing_confirming') });
      await fund(mallory);
      const { id } = await alice.engine.open(mallory.publicKey, mallory.transport.addresses(), terms);
      await until('open', phase(alice, id), (value) => value === 'open');
      await until('open', phase(mallory, id), (value) => value === 'open');
      await mallory.engine.wish(id, { type: 'shutdown' });
      await until('closing', phase(alice, id), (value) => value === 'closing');
    }),
  60_000,
);
