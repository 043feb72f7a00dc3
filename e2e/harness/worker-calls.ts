/**
 * What a bare page of the extension runs to reach the worker: each function but `untilView` stands alone, to be sent into
 * that page.
 */
import type { WalletView } from '../../src/rpc/schema.ts';

type ExtensionPort = {
  postMessage(message: unknown): void;
  disconnect(): void;
  onMessage: { addListener(listener: (message: Record<string, unknown>) => void): void };
  onDisconnect: { addListener(listener: () => void): void };
};
declare const chrome: { runtime: { connect(options: { name: string }): ExtensionPort } };

/** The worker's view of the wallet, as the popup gets it. */
export function firstView(name: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const open = () => {
      const port = chrome.runtime.connect({ name });
      // A worker that is just being stopped drops the port: the next one starts it.
      port.onDisconnect.addListener(() => setTimeout(open, 50));
      port.onMessage.addListener((message) => {
        if (message.kind !== 'view') return;
        port.disconnect();
        resolve(message.view);
      });
    };
    open();
    setTimeout(() => reject(new Error('the worker showed no view within 20 s')), 20_000);
  });
}

/** One call of a popup method; rejects with what the worker answered. */
export function callWorker(call: { port: string; method: string; params: unknown }): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const port = chrome.runtime.connect({ name: call.port });
    port.onDisconnect.addListener(() => reject(new Error(`${call.method}: the worker stopped`)));
    port.onMessage.addListener((message) => {
      if (message.id !== 1) return;
      port.disconnect();
      const failure = message.error as { code: string; message: string } | undefined;
      if (failure) reject(new Error(`${call.method}: ${failure.code}: ${failure.message}`));
      else resolve(message.result);
    });
    port.postMessage({ id: 1, method: call.method, params: call.params });
  });
}

/** Waits until the view is as wanted; fails with what it last was. */
export async function untilView(
  what: string,
  read: () => Promise<WalletView>,
  wanted: (view: WalletView) => boolean,
  timeout: number,
): Promise<WalletView> {
  const deadline = Date.now() + timeout;
  for (;;) {
    const view = await read();
    if (wanted(view)) return view;
    if (Date.now() > deadline)
      throw new Error(`not within ${timeout} ms: ${what}. The last view: ${JSON.stringify(view, null, 1)}`);
    await new Promise((done) => setTimeout(done, 100));
  }
}
