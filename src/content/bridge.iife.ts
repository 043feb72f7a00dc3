/** Runs in the extension's isolated world of the page, before the page's scripts. */
import { pagePort } from '../rpc/page.ts';
import { Bridge, ExtensionGoneError, type WorkerPort } from './bridge.ts';
import { handoverEvent, readyEvent } from './frames.ts';

// Firefox has it under this name too, and ports need no promises: no polyfill goes into every page.
declare const chrome: { runtime?: { id?: string; connect(options: { name: string }): WorkerPort } };
const { runtime } = chrome;

function takePort(event: Event): void {
  const port = event instanceof MessageEvent ? event.ports[0] : undefined;
  if (!port) return;
  window.removeEventListener(handoverEvent, takePort);
  event.preventDefault();

  const bridge = new Bridge({
    connect: () => {
      if (!runtime?.id) throw new ExtensionGoneError();
      return runtime.connect({ name: pagePort });
    },
    toPage: (text) => port.postMessage(text),
    after: (run, milliseconds) => void setTimeout(run, milliseconds),
  });
  port.onmessage = (message) => bridge.receive(message.data);
  window.addEventListener('pagehide', () => bridge.hide());
  window.addEventListener('pageshow', () => bridge.show());
}
window.addEventListener(handoverEvent, takePort);
window.dispatchEvent(new Event(readyEvent));
