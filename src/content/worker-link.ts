/**
 * A content script's connection to the worker: opened when something is wanted, opened again after the worker was
 * stopped, closed while the page sleeps in the back/forward cache, given up where the extension is gone.
 */

/** What is needed of a `runtime.Port`. */
export interface WorkerPort {
  postMessage(message: unknown): void;
  disconnect(): void;
  onMessage: { addListener(listener: (message: unknown) => void): void };
  onDisconnect: { addListener(listener: () => void): void };
}

/** Thrown by `connect` where the extension was removed or updated: this page can never connect again. */
export class ExtensionGoneError extends Error {
  override name = 'ExtensionGoneError';
}

export interface LinkDeps {
  /** Opens a port to the worker, starting it where it is stopped. */
  connect(): WorkerPort;
  after(run: () => void, milliseconds: number): void;
  /** Whether a connection is worth opening again. */
  wanted(): boolean;
  opened(): void;
  message(message: unknown): void;
  /** The worker was stopped, or the page fell asleep: answers that were waited for do not come. */
  lost(): void;
  gone(): void;
}

/** Waits before connecting again, in milliseconds, by connections in a row that brought no message. */
const backoff = [50, 200, 1_000, 3_000, 10_000, 30_000];

export class WorkerLink {
  readonly #deps: LinkDeps;
  #port: WorkerPort | null = null;
  #asleep = false;
  #gone = false;
  #failures = 0;
  #retrying = false;

  constructor(deps: LinkDeps) {
    this.#deps = deps;
  }

  get isOpen(): boolean {
    return this.#port !== null;
  }
  get isGone(): boolean {
    return this.#gone;
  }

  open(): void {
    if (this.#port || this.#asleep || this.#gone) return;
    let port: WorkerPort;
    try {
      port = this.#deps.connect();
    } catch (error) {
      if (error instanceof ExtensionGoneError) {
        this.#gone = true;
        this.#deps.gone();
      } else this.#retry();
      return;
    }
    this.#port = port;
    port.onMessage.addListener((message) => {
      if (port === this.#port) this.#deps.message(message);
    });
    port.onDisconnect.addListener(() => {
      if (port !== this.#port) return;
      this.#port = null;
      this.#deps.lost();
      this.#retry();
    });
    this.#deps.opened();
  }

  post(message: unknown): void {
    try {
      this.#port?.postMessage(message);
    } catch {
      // The port is closing: its onDisconnect follows and decides what becomes of the call.
    }
  }

  /** The worker answered: the next reconnection need not wait long. */
  alive(): void {
    this.#failures = 0;
  }

  /** The page leaves, perhaps into the back/forward cache, where no port stays open. */
  hide(): void {
    this.#asleep = true;
    const port = this.#port;
    this.#port = null;
    this.#deps.lost();
    port?.disconnect();
  }

  /** The page is shown again. */
  show(): void {
    if (!this.#asleep) return;
    this.#asleep = false;
    this.#failures = 0;
    if (this.#deps.wanted()) this.open();
  }

  #retry(): void {
    if (this.#retrying || !this.#deps.wanted()) return;
    this.#retrying = true;
    const wait = backoff[Math.min(this.#failures, backoff.length - 1)]!;
    this.#failures += 1;
    this.#deps.after(() => {
      this.#retrying = false;
      if (this.#deps.wanted()) this.open();
    }, wait);
  }
}
