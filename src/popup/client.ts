/**
 * The popup's end of the rpc (src/rpc/popup.ts): one port to the worker, connected again whenever the browser stops
 * the worker, every result and view validated before anything uses it.
 */
import * as v from 'valibot';
import { type ParamsOf, type PopupMethod, PopupPush, popupMethods, type ResultOf } from '../rpc/popup.ts';
import type { WalletView } from '../rpc/schema.ts';
import { t } from './texts/index.ts';

/** What the client needs of a `runtime.Port`. */
export type Port = {
  postMessage(message: unknown): void;
  onMessage: { addListener(listener: (message: unknown) => void): void };
  onDisconnect: { addListener(listener: () => void): void };
  disconnect(): void;
};
export type Timer = (run: () => void, milliseconds: number) => void;

/** A call that failed. `message` is a sentence: the worker's, in English, or (`ofWorker` false) one of the texts. */
export class CallError extends Error {
  override name = 'CallError';
  constructor(
    readonly code: string,
    message: string,
    readonly ofWorker = false,
  ) {
    super(message);
  }
  /** True where the worker was lost before it answered: the call may have taken effect. */
  get unknownOutcome(): boolean {
    return this.code === 'interrupted';
  }
}

export type Snapshot = {
  view: WalletView | null;
  /** `down` after several attempts without an answer. */
  link: 'connecting' | 'up' | 'down';
};

/** Methods that change nothing: safe to send again. */
const reading: ReadonlySet<PopupMethod> = new Set([
  'wallet.view',
  'vault.newPhrase',
  'vault.revealPhrase',
  'backup.export',
  'invite.mine',
  'invite.read',
  'channel.quote',
  'fee.quote',
  'channel.history',
  'contact.list',
  'diagnostics.read',
  // Saved or removed once more it is the same.
  'contact.save',
  'contact.remove',
  'approval.get',
  'approval.contract',
]);
const repeatable = (method: PopupMethod, params: object): boolean =>
  reading.has(method) || 'requestId' in params;

type Pending = {
  method: PopupMethod;
  params: object;
  sent: number;
  resolve(result: unknown): void;
  reject(error: CallError): void;
};

const backoff = [0, 100, 300, 1000, 2000, 5000];
/** Attempts without any word from the worker after which the person is told. */
const patience = 3;
const mostSends = 6;

export class WalletClient {
  #connect: () => Port;
  #after: Timer;
  #port: Port | null = null;
  #failures = 0;
  #nextId = 1;
  #pending = new Map<number, Pending>();
  #listeners = new Set<() => void>();
  #snapshot: Snapshot = { view: null, link: 'connecting' };

  /** `connect` opens a port to the worker, starting it where it is stopped; `begin` says when to do so first. */
  constructor(
    connect: () => Port,
    after: Timer = (run, ms) => void setTimeout(run, ms),
    begin: (open: () => void) => void = (open) => open(),
  ) {
    this.#connect = connect;
    this.#after = after;
    begin(() => this.#open());
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
  snapshot = (): Snapshot => this.#snapshot;

  /** Shows what the worker showed last, until it says something itself. */
  showLast(view: WalletView): void {
    if (!this.#snapshot.view) this.#publish({ ...this.#snapshot, view });
  }

  /**
   * @throws {CallError} as a rejection: what the worker answered; `interrupted` where the worker stopped before it
   * answered a call that must not be sent twice; `invalid_answer` where the answer is not what the contract says.
   */
  call<M extends PopupMethod>(method: M, params: ParamsOf<M>): Promise<ResultOf<M>> {
    return new Promise((resolve, reject) => {
      const id = this.#nextId++;
      const pending: Pending = {
        method,
        params,
        sent: 0,
        resolve: (result) => resolve(result as ResultOf<M>),
        reject,
      };
      this.#pending.set(id, pending);
      if (this.#port) this.#send(id, pending);
    });
  }

  #open(): void {
    let port: Port;
    try {
      port = this.#connect();
    } catch {
      this.#lost();
      return;
    }
    this.#port = port;
    port.onMessage.addListener((message) => {
      if (port === this.#port) this.#receive(message);
    });
    port.onDisconnect.addListener(() => {
      if (port !== this.#port) return;
      this.#port = null;
      this.#lost();
    });
    for (const [id, pending] of this.#pending) this.#send(id, pending);
  }

  #send(id: number, pending: Pending): void {
    pending.sent += 1;
    try {
      this.#port?.postMessage({ id, method: pending.method, params: pending.params });
    } catch {
      // The port is closing: its onDisconnect follows and decides what becomes of this call.
    }
  }

  #lost(): void {
    for (const [id, pending] of this.#pending) {
      if (pending.sent === 0) continue;
      if (repeatable(pending.method, pending.params) && pending.sent < mostSends) continue;
      this.#pending.delete(id);
      pending.reject(new CallError('interrupted', t.errors.interrupted));
    }
    this.#failures += 1;
    this.#publish({ ...this.#snapshot, link: this.#failures > patience ? 'down' : 'connecting' });
    this.#after(() => this.#open(), backoff[Math.min(this.#failures - 1, backoff.length - 1)]!);
  }

  #receive(message: unknown): void {
    const parsed = v.safeParse(PopupPush, message);
    if (!parsed.success) return this.#receiveInvalid(message);
    this.#failures = 0;
    const push = parsed.output;
    if (push.kind === 'view') return this.#receiveView(push.view);
    if (this.#snapshot.link !== 'up') this.#publish({ ...this.#snapshot, link: 'up' });
    const pending = this.#pending.get(push.id);
    if (!pending) return;
    this.#pending.delete(push.id);
    if (push.kind === 'error') {
      pending.reject(new CallError(push.error.code, push.error.message, true));
      return;
    }
    const result = v.safeParse(popupMethods[pending.method].result, push.result);
    if (!result.success) pending.reject(new CallError('invalid_answer', t.errors.invalidAnswer));
    else if (pending.method === 'wallet.view') {
      this.#receiveView(result.output as WalletView);
      pending.resolve(result.output);
    } else pending.resolve(result.output);
  }

  /** Not a message of the contract: where it names a call, that call fails; anything else is left out. */
  #receiveInvalid(message: unknown): void {
    const id = (message as { id?: unknown } | null)?.id;
    const pending = typeof id === 'number' ? this.#pending.get(id) : undefined;
    if (!pending) return;
    this.#pending.delete(id as number);
    pending.reject(new CallError('invalid_answer', t.errors.invalidAnswer));
  }

  /** A view of the same start of the worker never goes backward. */
  #receiveView(view: WalletView): void {
    const shown = this.#snapshot.view;
    const stale = shown !== null && shown.bootId === view.bootId && view.version < shown.version;
    this.#publish({ view: stale ? shown : view, link: 'up' });
  }

  #publish(next: Snapshot): void {
    if (next.view === this.#snapshot.view && next.link === this.#snapshot.link) return;
    this.#snapshot = next;
    for (const listener of this.#listeners) listener();
  }
}
