/** What an open popup asks by itself is not the person's doing: it does not put the automatic lock off. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import type { Runtime } from 'webextension-polyfill';
import { createPopupServer, type PopupHandlers } from '../../src/background/popup-server.ts';

const own = 'extension://me/';

/** Whether this method counts as the person's doing. */
function counts(method: string): boolean {
  const used = vi.fn();
  let hear: (message: unknown) => void = () => undefined;
  const handlers = new Proxy({}, { get: (_, name) => (name === 'then' ? undefined : async () => ({})) });
  const server = createPopupServer(Promise.resolve(handlers as PopupHandlers), own, used);
  server.accept({
    sender: { url: `${own}popup.html` },
    onDisconnect: { addListener: () => undefined },
    onMessage: {
      addListener: (listener: typeof hear) => {
        hear = listener;
      },
    },
    postMessage: () => undefined,
    disconnect: () => undefined,
  } as unknown as Runtime.Port);
  hear({ id: 1, method, params: {} });
  return used.mock.calls.length > 0;
}

/** What the views read anew whenever something changes. */
const loaded = readdirSync('src/popup', { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.tsx?$/.test(file))
  .map((file) => readFileSync(`src/popup/${file}`, 'utf8'))
  .flatMap((text) => [...text.matchAll(/\buse(?:Load|Quote)\([\s\S]*?client\s*\.call\('([\w.]+)'/g)])
  .map(([, method]) => method!);

describe('the automatic lock', () => {
  test.each([...new Set(loaded)].filter((method) => method !== 'vault.newPhrase'))(
    '%s is read by a view by itself, and does not put it off',
    (method) => expect(counts(method)).toBe(false),
  );
  test('what those are is found', () => {
    expect(loaded).toEqual(expect.arrayContaining(['channel.forcePreview', 'fee.quote', 'channel.history']));
  });
  test.each(['channel.pay', 'approval.decide', 'invite.read', 'channel.force'])(
    '%s puts it off',
    (method) => {
      expect(counts(method)).toBe(true);
    },
  );
});
