/**
 * Carries between one page and the worker. It knows the page only as text and lets through only methods of
 * src/rpc/page.ts; the worker validates the rest. It outlives the worker: calls that may be repeated are sent again.
 */
import * as v from 'valibot';
import { PageEvent, PageReply, pageErrors, pageMethods } from '../rpc/page.ts';
import { EventOrder } from './events.ts';
import { maxInFlight, type PageFrame, parseFrame } from './frames.ts';

/** What the bridge needs of a `runtime.Port`. */
export interface WorkerPort {
  postMessage(message: unknown): void;
  disconnect(): void;
  onMessage: { addListener(listener: (message: unknown) => void): void };
  onDisconnect: { addListener(listener: () => void): void };
}

/** Thrown by `connect` where the extension was removed or updated: this page's bridge can never connect again. */
export class ExtensionGoneError extends Error {
  override name = 'ExtensionGoneError';
}

export interface BridgeDeps {
  /** Opens a port to the worker, starting it where it is stopped. */
  connect(): WorkerPort;
  toPage(text: string): void;
  after(run: () => void, milliseconds: number): void;
}

/** `connect` repeated finds the question that is already before the person. */
const repeatable: ReadonlySet<string> = new Set([
  'connect',
  'channel.list',
  'channel.get',
  'channel.balances',
  'events.since',
]);
/** A call is sent at most so often before it fails. */
const maxSends = 5;
/** Waits before connecting again, in milliseconds, by connections in a row that brought no message. */
const backoff = [50, 200, 1_000, 3_000, 10_000, 30_000];

interface Call {
  pageId: number;
  method: string;
  params: unknown;
  sends: number;
}

export class Bridge {
  readonly #deps: BridgeDeps;
  readonly #calls = new Map<string, Call>();
  readonly #events: EventOrder;
  #port: WorkerPort | null = null;
  #nextId = 1;
  /** The id of the fetch of missed events, while it runs. */
  #fetchId: string | null = null;
  #subscribed = false;
  #asleep = false;
  #gone = false;
  #failures = 0;
  #retrying = false;

  constructor(deps: BridgeDeps) {
    this.#deps = deps;
    this.#events = new EventOrder({
      deliver: (event) => deps.toPage(JSON.stringify({ kind: 'event', event })),
      fetch: (after) => {
        this.#fetchId = `events-${this.#nextId++}`;
        this.#post({ id: this.#fetchId, method: 'events.since', params: { after } });
      },
    });
  }

  /** Takes a frame of the page. What is no frame is left out. */
  receive(text: unknown): void {
    const frame = parseFrame(text);
    if (frame?.kind === 'request') this.#request(frame);
    else if (frame?.kind === 'subscribe' && !this.#subscribed) {
      this.#subscribed = true;
      if (this.#port) this.#events.connected();
      else this.#open();
    }
  }

  /** The page leaves, perhaps into the back/forward cache, where no port stays open. */
  hide(): void {
    this.#asleep = true;
    const port = this.#port;
    this.#lost();
    port?.disconnect();
  }

  /** The page is shown again. */
  show(): void {
    if (!this.#asleep) return;
    this.#asleep = false;
    this.#failures = 0;
    if (this.#wanted()) this.#open();
  }

  #request({ id, method, params }: PageFrame & { kind: 'request' }): void {
    if (!Object.hasOwn(pageMethods, method))
      return this.#fail(
        id,
        pageErrors.unsupportedMethod,
        `There is no method "${method.slice(0, 64)}". Tandem has: ${Object.keys(pageMethods).join(', ')}.`,
      );
    if (this.#calls.size >= maxInFlight)
      return this.#fail(
        id,
        pageErrors.limitExceeded,
        `This page has ${maxInFlight} requests without an answer: wait for one before the next.`,
      );
    if (this.#gone) return this.#failGone(id);
    const key = `call-${this.#nextId++}`;
    const call = { pageId: id, method, params, sends: 0 };
    this.#calls.set(key, call);
    if (this.#port) this.#send(key, call);
    else this.#open();
  }

  #wanted(): boolean {
    return this.#subscribed || this.#calls.size > 0;
  }

  /** Connects and sends what waits. */
  #open(): void {
    if (this.#port || this.#asleep || this.#gone) return;
    let port: WorkerPort;
    try {
      port = this.#deps.connect();
    } catch (error) {
      if (error instanceof ExtensionGoneError) this.#leave();
      else this.#retry();
      return;
    }
    this.#port = port;
    port.onMessage.addListener((message) => {
      if (port === this.#port) this.#answer(message);
    });
    port.onDisconnect.addListener(() => {
      if (port !== this.#port) return;
      this.#lost();
      this.#retry();
    });
    for (const [key, call] of this.#calls) this.#send(key, call);
    if (this.#subscribed) this.#events.connected();
  }

  #send(key: string, call: Call): void {
    call.sends += 1;
    this.#post({ id: key, method: call.method, params: call.params });
  }

  #post(message: unknown): void {
    try {
      this.#port?.postMessage(message);
    } catch {
      // The port is closing: its onDisconnect follows and decides what becomes of the call.
    }
  }

  /** The worker was stopped: calls that must not be sent twice fail, the others wait for the next connection. */
  #lost(): void {
    this.#port = null;
    this.#fetchId = null;
    this.#events.disconnected();
    for (const [key, call] of this.#calls) {
      if (call.sends === 0 || (mayRepeat(call) && call.sends < maxSends)) continue;
      this.#calls.delete(key);
      this.#fail(
        call.pageId,
        pageErrors.disconnected,
        `The wallet stopped before it answered ${call.method}: it may or may not have taken effect. Look before you repeat it.`,
      );
    }
  }

  #retry(): void {
    if (this.#retrying || !this.#wanted()) return;
    this.#retrying = true;
    const wait = backoff[Math.min(this.#failures, backoff.length - 1)]!;
    this.#failures += 1;
    this.#deps.after(() => {
      this.#retrying = false;
      if (this.#wanted()) this.#open();
    }, wait);
  }

  #leave(): void {
    this.#gone = true;
    for (const { pageId } of this.#calls.values()) this.#failGone(pageId);
    this.#calls.clear();
  }

  #answer(message: unknown): void {
    const parsed = v.safeParse(PageReply, message);
    if (!parsed.success) return;
    this.#failures = 0;
    const reply = parsed.output;
    if (reply.kind === 'event') {
      if (this.#subscribed) this.#events.receive(reply.event);
      return;
    }
    if (reply.id === this.#fetchId) {
      this.#fetchId = null;
      const events = reply.kind === 'result' ? v.safeParse(v.array(PageEvent), reply.result) : null;
      if (events?.success) this.#events.fetched(events.output);
      else this.#events.notFetched();
      return;
    }
    const call = this.#calls.get(reply.id);
    if (!call) return;
    this.#calls.delete(reply.id);
    if (reply.kind === 'error') this.#fail(call.pageId, reply.error.code, reply.error.message);
    else this.#deps.toPage(JSON.stringify({ kind: 'result', id: call.pageId, result: reply.result }));
  }

  #fail(id: number, code: number, message: string): void {
    this.#deps.toPage(JSON.stringify({ kind: 'error', id, error: { code, message } }));
  }

  #failGone(id: number): void {
    this.#fail(
      id,
      pageErrors.disconnected,
      'The wallet was updated or removed: reload this page to reach it again.',
    );
  }
}

/** Whether sending the call twice does what sending it once does. */
function mayRepeat({ method, params }: Call): boolean {
  if (repeatable.has(method)) return true;
  return typeof params === 'object' && params !== null && Object.hasOwn(params, 'requestId');
}
