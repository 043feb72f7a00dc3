/** Runs in the page's own world, before its scripts. */
import { announce, uuid } from './announce.ts';
import { handoverEvent, readyEvent } from './frames.ts';
import { createProvider } from './provider.ts';

const { port1, port2 } = new MessageChannel();

/** The bridge takes the port by preventDefault. Nobody else can: no script of the page has run yet. */
const handOver = () => {
  const taken = !window.dispatchEvent(new MessageEvent(handoverEvent, { ports: [port2], cancelable: true }));
  if (taken) window.removeEventListener(readyEvent, handOver);
};
window.addEventListener(readyEvent, handOver);
handOver();

const provider = createProvider({
  post: (text) => port1.postMessage(text),
  onText: (listener) => {
    port1.onmessage = (event) => listener(event.data);
  },
});
announce(window, uuid(crypto.getRandomValues(new Uint8Array(16))), provider);
