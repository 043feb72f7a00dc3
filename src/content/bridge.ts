/**
 * Carries between one page and the worker. It knows the page only as text and lets through only methods of
 * src/rpc/page.ts; the worker validates the rest. It outlives the worker: calls that may be repeated are sent again.
 */
import * as v from 'valibot';
import { PageEvent, PageReply, pageMethods } from '../rpc/page.ts';
import { pageErrors } from '../rpc/page-errors.ts';
import { mayRepeat } from '../rpc/repeatable.ts';
import { EventOrder } from './events.ts';
import { maxInFlight, type PageFrame, parseFrame } from './frames.ts';
import { WorkerLink, type WorkerPort } from './worker-link.ts';

export interface BridgeDeps {
  /** Opens a port to the worker, starting it where it is stopped. */
  connect(): WorkerPort;
  toPage(text: string): void;
  after(run: () => void, milliseconds: number): void;
}

/** A call is sent at most so often before it fails. */
const maxSends = 5;

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
  readonly #link: WorkerLink;
  #nextId = 1;
  /** The id of the fetch of missed events, while it runs. */
  #fetchId: string | null = null;
  #subscribed = false;

  constructor(deps: BridgeDeps) {
    this.#deps = deps;
    this.#link = new WorkerLink({
      connect: deps.connect,
      after: deps.after,
      wanted: () => this.#subscribed || this.#calls.size > 0,
      opened: () => this.#opened(),
      message: (message) => this.#answer(message),
      lost: () => this.#lost(),
      gone: () => {
        for (const { pageId } of this.#calls.values()) this.#failGone(pageId);
        this.#calls.clear();
      },
    });
    this.#events = new EventOrder({
      deliver: (event) => deps.toPage(JSON.stringify({ kind: 'event', event })),
      fetch: (after) => {
        this.#fetchId = `events-${this.#nextId++}`;
        this.#link.post({ id: this.#fetchId, method: 'events.since', params: { after } });
      },
    });
  }

  /** Takes a frame of the page. What is no frame is left out. */
  receive(text: unknown): void {
    const frame = parseFrame(text);
    if (frame?.kind === 'request') this.#request(frame);
    else if (frame?.kind === 'subscribe' && !this.#subscribed) {
      this.#subscribed = true;
      if (this.#link.isOpen) this.#events.connected();
      else this.#link.open();
    }
  }

  /** The page leaves, perhaps into the back/forward cache. */
  hide(): void {
    this.#link.hide();
  }

  /** The page is shown again. */
  show(): void {
    this.#link.show();
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
    if (this.#link.isGone) return this.#failGone(id);
    const key = `call-${this.#nextId++}`;
    const call = { pageId: id, method, params, sends: 0 };
    this.#calls.set(key, call);
    if (this.#link.isOpen) this.#send(key, call);
    else this.#link.open();
  }

  #opened(): void {
    for (const [key, call] of this.#calls) this.#send(key, call);
    if (this.#subscribed) this.#events.connected();
  }

  #send(key: string, call: Call): void {
    call.sends += 1;
    this.#link.post({ id: key, method: call.method, params: call.params });
  }

  /** The worker was stopped: calls that must not be sent twice fail, the others wait for the next connection. */
  #lost(): void {
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

  #answer(message: unknown): void {
    const parsed = v.safeParse(PageReply, message);
    if (!parsed.success) return;
    this.#link.alive();
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
