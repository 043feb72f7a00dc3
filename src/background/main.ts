/** The worker: everything is wired here, and nothing decided. Listeners stand before anything is awaited. */
import browser from 'webextension-polyfill';
import { signerFromSeed, verify } from '../engine/crypto.ts';
import type { Clock, Random } from '../engine/ports.ts';
import { createTransport } from '../engine/transport/index.ts';
import { aeppPort } from '../rpc/aepp.ts';
import { pagePort } from '../rpc/page.ts';
import { popupPort } from '../rpc/popup.ts';
import { createAttention } from './attention.ts';
import { diagnosticsOf } from './diagnostics.ts';
import { loadFailures } from './failures.ts';
import { createHandlers } from './handlers.ts';
import { createLastView } from './last-view.ts';
import { createPageServer } from './page-server.ts';
import { createPopupServer, type PopupHandlers } from './popup-server.ts';
import { openIdbStore } from './store/idb.ts';
import { schemaVersion } from './store/migrations/index.ts';
import { type Session, Vault } from './vault/index.ts';
import { Wallet } from './wallet.ts';

const started = performance.now();
const startedAt = Date.now();
const bootId = crypto.randomUUID();
const clock: Clock = {
  now: () => Date.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};
const random: Random = (length) => crypto.getRandomValues(new Uint8Array(length));
const session: Session = {
  get: async (key) => (await browser.storage.session.get(key))[key],
  set: (key, value) => browser.storage.session.set({ [key]: value }),
  remove: (key) => browser.storage.session.remove(key),
};

const failures = loadFailures(session, clock);
const failed = (where: string, code: string, words: string) =>
  void failures.then((list) => list.record(where, code, words));
const starts = session
  .get('starts')
  .then((before) => {
    const count = (typeof before === 'number' ? before : 0) + 1;
    void session.set('starts', count);
    return count;
  })
  .catch(() => null);
self.addEventListener('error', ({ message }) => failed('worker', 'error', message));
self.addEventListener('unhandledrejection', ({ reason }) =>
  failed('worker', 'rejection', reason instanceof Error ? reason.message : String(reason)),
);

const attention = createAttention((id) => {
  void ready.then(({ wallet }) => wallet.decide(id, false, '')).catch(() => undefined);
});

const keepView = createLastView(session, clock);

let pushed = false;
/** Many changes in one turn are one push. */
function changed(): void {
  if (pushed) return;
  pushed = true;
  queueMicrotask(() => {
    pushed = false;
    void ready.then(({ wallet, vault }) => {
      wallet.showApprovals();
      popup.push(() => wallet.view());
      keepView(vault.status(), () => wallet.view());
    });
  });
}

/**
 * Held as long as this worker lives: one context of the browser writes the wallet's data, any other waits until it has
 * ended. The promise that holds it never settles.
 */
const soleWriter = new Promise<void>((held) => {
  void navigator.locks.request('tandem-writer', () => {
    held();
    return new Promise(() => undefined);
  });
});

async function load(): Promise<{ wallet: Wallet; vault: Vault; handlers: PopupHandlers }> {
  await soleWriter;
  const store = await openIdbStore('tandem');
  const settings = (await store.get('meta', 'settings')) as { autoLockMinutes?: number } | undefined;
  let minutes = () => settings?.autoLockMinutes ?? 30;
  const vault = await Vault.load({
    store,
    session,
    random,
    clock,
    publicKey: async (seed) => (await signerFromSeed(seed)).publicKey,
    autoLockMinutes: () => minutes(),
    locked: () => void ready.then(({ wallet }) => wallet.stop()),
  });
  const wallet = await Wallet.load({
    store,
    vault,
    session,
    verify,
    clock,
    random,
    bootId,
    signerFromSeed,
    transport: (seed, relay) => createTransport({ seed, mode: 'dial', relay }),
    changed,
    attention: (approvals) => attention.show(approvals),
    keepWindow: (id) => attention.keepWindow(id),
    wantUnlock: () => attention.openWallet(),
    alarm: (channels) => attention.alarm(channels),
    notify: (notice) => attention.notify(notice),
    pushToPages: (origin, event) => pages.push(origin, event),
    networkChanged: () => void ready.then(() => pages.networkChanged()),
  });
  minutes = () => wallet.settings.autoLockMinutes;
  void wallet.start();
  const diagnostics = async () =>
    diagnosticsOf(wallet.view(), {
      worker: { starts: (await starts) ?? 1, startedAt },
      store: {
        schema: schemaVersion,
        bytes: (await navigator.storage?.estimate?.().catch(() => null))?.usage ?? null,
        records: await store.records(),
      },
      failures: (await failures).list(),
    });
  const handlers = createHandlers(wallet, vault, { store, vault, clock, random });
  return { wallet, vault, handlers: { ...handlers, 'diagnostics.read': diagnostics } };
}

const ready = load();
const popup = createPopupServer(
  ready.then(({ handlers }) => handlers),
  browser.runtime.getURL(''),
  // Each thing the person does puts the automatic lock off.
  () => void ready.then(({ vault }) => vault.touch()),
  failed,
);
const pages = createPageServer(
  ready.then(({ wallet }) => wallet),
  browser.runtime.id,
  () => Date.now(),
);

browser.runtime.onConnect.addListener((port) => {
  if (port.name === popupPort) popup.accept(port);
  else if (port.name === pagePort) pages.accept(port);
  else if (port.name === aeppPort) pages.acceptAepp(port);
  else port.disconnect();
});

// Starts the worker with the browser: channels are watched from then on, though nobody opens the wallet.
browser.runtime.onStartup.addListener(() => undefined);

const alarm = 'wake';
browser.alarms.onAlarm.addListener(({ name }) => {
  if (name !== alarm) return;
  void ready.then(async ({ wallet, vault }) => {
    await vault.lockIfDue();
    wallet.poke();
  });
});
void browser.alarms.create(alarm, { periodInMinutes: 0.5 });

// Read by the end-to-end tests and the benchmark: which start this is, and how long it took.
Object.assign(globalThis, { bootId, readyAfter: ready.then(() => performance.now() - started) });
