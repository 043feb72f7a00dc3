/**
 * Puts a site's events in order: each number is delivered once, in rising order. Where numbers are missing (the worker
 * restarted, the page slept) the missing ones are fetched first, and what comes meanwhile waits.
 */
import type { PageEvent } from '../rpc/page.ts';

export interface EventOrderDeps {
  deliver(event: PageEvent): void;
  /** Asks the worker for the events after a number; the answer comes to `fetched` or `notFetched`. */
  fetch(after: number): void;
}

export class EventOrder {
  readonly #deps: EventOrderDeps;
  /** Number of the last event delivered; null until one is known. */
  #last: number | null;
  #fetching = false;
  #waiting: PageEvent[] = [];

  /** @param last number of the last event that was delivered earlier; without it only what is new is delivered */
  constructor(deps: EventOrderDeps, last: number | null = null) {
    this.#deps = deps;
    this.#last = last;
  }

  /** A connection to the worker is new: finds out what was missed, or at first what the latest number is. */
  connected(): void {
    this.#fetch();
  }

  /** The connection is gone, and with it the answer to `fetch`. */
  disconnected(): void {
    this.#fetching = false;
    // What waited is fetched again after the last number delivered, or before the first that came.
    if (this.#last === null && this.#waiting[0]) this.#last = this.#waiting[0].number - 1;
    this.#waiting = [];
  }

  receive(event: PageEvent): void {
    if (this.#fetching) {
      this.#waiting.push(event);
      return;
    }
    if (this.#last !== null && event.number > this.#last + 1) {
      this.#waiting.push(event);
      this.#fetch();
      return;
    }
    this.#deliver(event);
  }

  fetched(events: readonly PageEvent[]): void {
    if (!this.#fetching) return;
    if (this.#last === null) {
      // The first answer only tells where to start: what happened before the page listened is not news to it.
      const latest = Math.max(0, ...events.map((event) => event.number));
      this.#last = Math.min(latest, ...this.#waiting.map((event) => event.number - 1));
    }
    this.#waiting.push(...events);
    this.#flush();
  }

  /** The worker refused (a site that is not connected has no events). */
  notFetched(): void {
    if (this.#fetching) this.#flush();
  }

  #fetch(): void {
    this.#fetching = true;
    this.#deps.fetch(this.#last ?? 0);
  }

  #flush(): void {
    this.#fetching = false;
    const events = this.#waiting.sort((a, b) => a.number - b.number);
    this.#waiting = [];
    for (const event of events) this.#deliver(event);
  }

  #deliver(event: PageEvent): void {
    if (this.#last !== null && event.number <= this.#last) return;
    this.#last = event.number;
    this.#deps.deliver(event);
  }
}
