/** Runs in the extension's isolated world of the page, before the page's scripts. */
import { aeppPort } from '../rpc/aepp.ts';
import { pagePort } from '../rpc/page.ts';
import { AeppBridge } from './aepp.ts';
import { Bridge } from './bridge.ts';
import { handoverEvent, readyEvent } from './frames.ts';
import { ExtensionGoneError, type WorkerPort } from './worker-link.ts';

// Firefox has it under this name too, and ports need no promises: no polyfill goes into every page.
declare const chrome: { runtime?: { id?: string; connect(options: { name: string }): WorkerPort } };
const { runtime } = chrome;

const connect = (name: string) => () => {
  if (!runtime?.id) throw new ExtensionGoneError();
  return runtime.connect({ name });
};
const after = (run: () => void, milliseconds: number) => void setTimeout(run, milliseconds);

function takePort(event: Event): void {
  const port = event instanceof MessageEvent ? event.ports[0] : undefined;
  if (!port) return;
  window.removeEventListener(handoverEvent, takePort);
  event.preventDefault();

  const bridge = new Bridge({ connect: connect(pagePort), toPage: (text) => port.postMessage(text), after });
  port.onmessage = (message) => bridge.receive(message.data);
  window.addEventListener('pagehide', () => bridge.hide());
  window.addEventListener('pageshow', () => bridge.show());
}
window.addEventListener(handoverEvent, takePort);
window.dispatchEvent(new Event(readyEvent));

// A page without an origin (a file, a sandbox) has no permissions, and no wallet.
if (/^https?:/.test(window.origin)) {
  const aepp = new AeppBridge({
    connect: connect(aeppPort),
    toPage: (message) => window.postMessage(message, window.origin),
    after,
    origin: window.origin,
    visible: () => document.visibilityState === 'visible',
  });
  // Of frames in the page nothing is taken: they have other windows.
  window.addEventListener('message', ({ source, data }) => {
    if (source === window) aepp.receive(data);
  });
  window.addEventListener('pagehide', () => aepp.hide());
  window.addEventListener('pageshow', () => aepp.show());
  document.addEventListener('visibilitychange', () => aepp.greet());
}
