/** Windows that the wallet opens by itself. */
import { beforeEach, expect, test, vi } from 'vitest';

const browser = vi.hoisted(() => {
  const session: Record<string, unknown> = {};
  const removed: ((id: number) => void)[] = [];
  const windows: string[] = [];
  const action = { setBadgeText: async () => undefined, setBadgeBackgroundColor: async () => undefined };
  return {
    session,
    removed,
    windows,
    api: {
      storage: {
        session: {
          get: async (key: string) => ({ [key]: session[key] }),
          set: async (values: object) => void Object.assign(session, values),
        },
      },
      windows: {
        onRemoved: { addListener: (listener: (id: number) => void) => removed.push(listener) },
        create: async ({ url }: { url: string }) => ({ id: windows.push(url) }),
        remove: async () => undefined,
      },
      runtime: { getURL: (path: string) => path },
      action,
    },
  };
});
vi.mock('webextension-polyfill', () => ({ default: browser.api }));
const { createAttention } = await import('../../src/background/attention.ts');

const minute = 60_000;
let attention: ReturnType<typeof createAttention>;
/** A worker that starts on what the last one left. */
function start(): void {
  browser.removed.length = 0;
  attention = createAttention(() => undefined);
}
const turns = () => vi.advanceTimersByTimeAsync(0);
async function ask(): Promise<number> {
  attention.openWallet();
  await turns();
  return browser.windows.length;
}
async function close(): Promise<void> {
  for (const listener of browser.removed) listener(browser.windows.length);
  await turns();
}

beforeEach(() => {
  vi.useFakeTimers();
  browser.windows.length = 0;
  for (const key of Object.keys(browser.session)) delete browser.session[key];
  start();
});

test('a person who closes the window that asks to unlock is left alone for a while, longer each time', async () => {
  expect(await ask()).toBe(1);
  expect(await ask()).toBe(1);
  await close();
  expect(await ask()).toBe(1);
  await vi.advanceTimersByTimeAsync(minute);
  expect(await ask()).toBe(2);
  await close();
  await vi.advanceTimersByTimeAsync(minute);
  expect(await ask()).toBe(2);
  // Also of the worker that starts anew.
  start();
  expect(await ask()).toBe(2);
  await vi.advanceTimersByTimeAsync(minute);
  expect(await ask()).toBe(3);
});

test('a person who unlocked the wallet meanwhile has refused nothing', async () => {
  await ask();
  await close();
  await vi.advanceTimersByTimeAsync(minute);
  await ask();
  attention.show([]);
  await turns();
  await close();
  expect(await ask()).toBe(3);
});
