import { Bridge, type BridgeDeps } from '../../src/content/bridge.ts';
import type { WorkerPort } from '../../src/content/worker-link.ts';
import type { PageEvent } from '../../src/rpc/page.ts';

/** A worker's end of one port, in the test's hands. */
export class FakePort implements WorkerPort {
  readonly sent: { id: string; method: string; params: unknown }[] = [];
  disconnected = false;
  #message: (message: unknown) => void = () => {};
  #disconnect: () => void = () => {};
  readonly onMessage = {
    addListener: (listener: (message: unknown) => void) => {
      this.#message = listener;
    },
  };
  readonly onDisconnect = {
    addListener: (listener: () => void) => {
      this.#disconnect = listener;
    },
  };
  postMessage(message: unknown): void {
    this.sent.push(message as FakePort['sent'][number]);
  }
  /** As the browser does it: the own end hears nothing. */
  disconnect(): void {
    this.disconnected = true;
  }
  answer(message: unknown): void {
    this.#message(message);
  }
  /** The worker was stopped. */
  stop(): void {
    this.#disconnect();
  }
  last() {
    return this.sent.at(-1)!;
  }
}

/** A bridge between the test as page and the test as worker. Timers run on `elapse`. */
export function bridgeUnderTest(connect?: BridgeDeps['connect']) {
  const ports: FakePort[] = [];
  const page: Record<string, unknown>[] = [];
  const timers: { run: () => void; milliseconds: number }[] = [];
  const bridge = new Bridge({
    connect:
      connect ??
      (() => {
        const port = new FakePort();
        ports.push(port);
        return port;
      }),
    toPage: (text) => void page.push(JSON.parse(text)),
    after: (run, milliseconds) => void timers.push({ run, milliseconds }),
  });
  return {
    bridge,
    ports,
    /** What the page was told, oldest first. */
    page,
    timers,
    port: () => ports.at(-1)!,
    request: (id: number, method: string, params: unknown = {}) =>
      bridge.receive(JSON.stringify({ kind: 'request', id, method, params })),
    subscribe: () => bridge.receive(JSON.stringify({ kind: 'subscribe' })),
    elapse: () => {
      for (const timer of timers.splice(0)) timer.run();
    },
    events: () =>
      page.filter((frame) => frame.kind === 'event').map((frame) => (frame.event as PageEvent).number),
  };
}

export const event = (number: number): PageEvent => ({
  number,
  type: 'stateChanged',
  id: null,
  channelId: null,
  sequenceNumber: null,
  detail: {},
});
