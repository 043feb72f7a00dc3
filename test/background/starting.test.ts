/** Starts that a lock cuts short: nothing of the wallet runs while its vault is locked, and never twice. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createHandlers } from '../../src/background/handlers.ts';
import type { Vault } from '../../src/background/vault/index.ts';
import type { Wallet } from '../../src/background/wallet.ts';
import type { Store, Transport } from '../../src/engine/ports.ts';
import { createTransport } from '../../src/engine/transport/index.ts';
import { installation, loadVault, password, phrase } from '../backup/support.ts';
import { until } from '../engine/party.ts';
import { scene } from '../engine/scene.ts';
import { loadWallet } from './installed.ts';

const { url } = scene(0);

/** Where a start is held up. */
type Place = 'transport' | 'engine';

let vault: Vault;
let wallet: Wallet;
let handlers: ReturnType<typeof createHandlers>;
/** Transports that were made and not stopped. */
let live: Set<Transport>;
/** Holds up whoever gets to that place next: resolves `reached` there, and waits for `go`. */
let hold: (where: Place) => { reached: Promise<void>; go: () => void };
let fail: (() => void) | null;

beforeEach(async () => {
  const parts = await installation();
  vault = await loadVault(parts);
  live = new Set();
  fail = null;
  let held: { where: Place; reach: () => void; gone: Promise<void> } | null = null;
  const pass = async (where: Place) => {
    if (held?.where !== where) return;
    const { reach, gone } = held;
    held = null;
    reach();
    await gone;
  };
  hold = (where) => {
    let go = () => {};
    const gone = new Promise<void>((resolve) => {
      go = resolve;
    });
    const reached = new Promise<void>((reach) => {
      held = { where, reach, gone };
    });
    return { reached, go };
  };
  const store: Store = {
    ...parts.store,
    async list(table, range) {
      // As the engine reads it when it starts; the locked wallet's look reads the same.
      if (table === 'channels' && !range && vault.status() === 'unlocked') await pass('engine');
      return parts.store.list(table, range);
    },
  };
  wallet = await loadWallet(parts, {
    vault,
    store,
    async transport(seed) {
      await pass('transport');
      if (fail) {
        fail();
        throw new Error('no transport');
      }
      const made = await createTransport({ seed, mode: 'dial', relay: null });
      const transport = {
        ...made,
        stop: async () => {
          live.delete(transport);
          await made.stop();
        },
      };
      live.add(transport);
      return transport;
    },
  });
  handlers = createHandlers(wallet, vault, { ...parts, store, vault });
  await handlers['network.set']({ nodeUrl: url(), relay: null });
  await handlers['vault.create']({ mnemonic: phrase, password });
  await until(
    'runs',
    () => wallet.view().account,
    (account) => account !== null,
  );
  await handlers['vault.lock']({});
  expect(live.size).toBe(0);
});
afterEach(() => wallet.stop());

const runs = (): boolean => {
  try {
    wallet.running();
    return true;
  } catch {
    return false;
  }
};

describe.each(['transport', 'engine'] as const)('a lock that falls while the %s starts', (where) => {
  test('leaves nothing running, and the lock is not done before that', async () => {
    const { reached, go } = hold(where);
    const unlocking = handlers['vault.unlock']({ password });
    await reached;
    let locked = false;
    const locking = handlers['vault.lock']({}).then(() => {
      locked = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(locked).toBe(false);
    // Shown at once all the same.
    expect(wallet.view()).toMatchObject({ vault: 'locked', account: null });
    go();
    await Promise.all([unlocking, locking]);
    expect(runs()).toBe(false);
    expect(wallet.view()).toMatchObject({ vault: 'locked', account: null, channels: [] });
    expect(live.size).toBe(0);
  });

  test('and is taken back at once ends in one that runs, with the right key', async () => {
    const { reached, go } = hold(where);
    const first = handlers['vault.unlock']({ password });
    await reached;
    const locking = handlers['vault.lock']({});
    const second = handlers['vault.unlock']({ password });
    await until(
      'unlocked',
      () => vault.status(),
      (status) => status === 'unlocked',
    );
    go();
    await Promise.all([first, locking, second]);
    expect(runs()).toBe(true);
    expect(wallet.running().address).toBe(await vault.address());
    expect(live.size).toBe(1);
  });
});

test('the lock falls before anything is stopped: from then on nothing is answered', async () => {
  await handlers['vault.unlock']({ password });
  expect(runs()).toBe(true);
  const locking = vault.lock();
  expect(runs()).toBe(false);
  expect(wallet.view().account).toBeNull();
  expect(wallet.approvals()).toEqual([]);
  await locking;
});

test('locked and unlocked in a row, several times: one runs, or none', async () => {
  const turns: Promise<unknown>[] = [];
  for (let n = 0; n < 3; n++) {
    await vault.unlock(password);
    turns.push(wallet.start());
    await new Promise((resolve) => setTimeout(resolve, n * 10));
    await vault.lock();
    turns.push(wallet.stop());
  }
  await Promise.all(turns);
  expect(live.size).toBe(0);
  await handlers['vault.unlock']({ password });
  expect(runs()).toBe(true);
  expect(live.size).toBe(1);
});

test('a start that fails while it is stopped holds nobody up', async () => {
  const stops: Promise<void>[] = [];
  fail = () => void stops.push(wallet.stop());
  await expect(handlers['vault.unlock']({ password })).rejects.toThrow('no transport');
  await Promise.all(stops);
  expect(stops).toHaveLength(1);
  fail = null;
  await wallet.start();
  expect(runs()).toBe(true);
});
