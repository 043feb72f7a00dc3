/** What the popup draws while the worker starts: kept only of an unlocked wallet, in memory, and not for long. */
import { expect, test } from 'vitest';
import { createLastView } from '../../src/background/last-view.ts';
import { lastViewKey, readLastView } from '../../src/rpc/last-view.ts';
import type { WalletView } from '../../src/rpc/schema.ts';
import { wallet } from '../popup/fixture/views.ts';

function scene() {
  const kept = new Map<string, unknown>();
  let now = 1_000_000;
  let waiting: (() => void)[] = [];
  let writes = 0;
  const session = {
    get: async (key: string) => kept.get(key),
    set: async (key: string, value: unknown) => {
      writes += 1;
      kept.set(key, structuredClone(value));
    },
    remove: async (key: string) => void kept.delete(key),
  };
  const clock = {
    now: () => now,
    after(_ms: number, run: () => void) {
      waiting.push(run);
      return () => {
        waiting = waiting.filter((other) => other !== run);
      };
    },
  };
  const keep = createLastView(session, clock);
  return {
    show: (view: WalletView) => keep(view.vault, () => view),
    kept: () => kept.get(lastViewKey),
    writes: () => writes,
    read: () => readLastView(kept.get(lastViewKey), now),
    pass: (ms: number) => {
      now += ms;
    },
    async elapse() {
      for (const run of waiting.splice(0)) run();
      for (let i = 0; i < 10; i++) await Promise.resolve();
    },
  };
}

test('many changes are one write, of the last of them', async () => {
  const { show, elapse, read, writes } = scene();
  for (const version of [1, 2, 3]) show(wallet({ vault: 'unlocked', version }));
  await elapse();
  expect(writes()).toBe(1);
  expect(read()).toMatchObject({ version: 3 });
});

test('a lock removes it, also where a write was due', async () => {
  const { show, elapse, kept } = scene();
  show(wallet({ vault: 'unlocked' }));
  await elapse();
  expect(kept()).toBeDefined();
  show(wallet({ vault: 'unlocked' }));
  show(wallet({ vault: 'locked' }));
  await elapse();
  expect(kept()).toBeUndefined();
});

test('nothing is drawn of a wallet that has locked itself since, nor of what is no view', async () => {
  const { show, elapse, read, pass } = scene();
  show(wallet({ vault: 'unlocked' }));
  await elapse();
  pass(wallet().settings.autoLockMinutes * 60_000 - 1);
  expect(read()).not.toBeNull();
  pass(1);
  expect(read()).toBeNull();
  expect(readLastView({ view: { vault: 'unlocked' }, at: 0 }, 0)).toBeNull();
  expect(readLastView(undefined, 0)).toBeNull();
});
