/**
 * The wallet's log of events as one consumer reads it: every event once and in order, over reloads, restarts and lost
 * connections. What was handled is kept under a key; what the wallet told meanwhile is fetched.
 */
import { EventOrder } from '../content/events.ts';
import type { Client } from './client.ts';
import { ChannelError, codes } from './errors.ts';
import { defaultStorage, readJson, type Storage } from './storage.ts';
import type { WalletEvent } from './types.ts';

export interface FeedOptions {
  /** Names this consumer: what it has handled is kept under it. */
  key: string;
  /** localStorage where it is left out. */
  storage?: Storage | undefined;
  /** As soon as it is known, in order, before `deliver`; what was missed before `start` too. */
  seen?(event: WalletEvent): void;
  /** May be asynchronous: then the event counts as handled once the promise is settled. */
  listener(event: WalletEvent): unknown;
  /** Events that are gone for good, and other trouble. */
  problem?(error: ChannelError): void;
  /** Where nothing was handled under `key` yet: the number after which to begin. Left out: with what is new. */
  after?: number | undefined;
}

/** What is kept: the last event that was handled, and how it is told from one of another wallet's log. */
interface Position {
  number: number;
  name: string | null;
}

/** Milliseconds before the log is asked for again. */
const backoff = [500, 1_000, 3_000, 10_000, 30_000];

export class Feed {
  readonly #client: Client;
  readonly #options: FeedOptions;
  readonly #storage: Storage;
  #order: EventOrder | null = null;
  /** The last event that was put in order, handled or not. */
  #seen: Position = { number: 0, name: null };
  #held: WalletEvent[] | null = [];
  #handled: Promise<unknown> = Promise.resolve();
  #end: () => void = () => undefined;
  readonly #forget: () => void;
  #ended = false;
  #failures = 0;

  constructor(client: Client, options: FeedOptions) {
    this.#client = client;
    this.#options = options;
    this.#storage = options.storage ?? defaultStorage();
    this.#forget = client.onClose(() => this.stop());
  }

  /** Number of the last event known: of what happens from now on, every number is above it. */
  get last(): number {
    return this.#seen.number;
  }

  /** Resolves once what was missed is known. It is held until `deliver`. */
  async start(): Promise<void> {
    const kept = await readJson<Position>(this.#storage, this.#key);
    if (kept && Number.isSafeInteger(kept.number)) this.#seen = kept;
    else await this.#begin(this.#options.after ?? (await newest(this.#client)));
    await new Promise<void>((started) => {
      this.#order = this.#ordered(started);
      this.#end = this.#client.transport.listen({
        event: (event) => this.#order?.receive(event),
        opened: () => this.#order?.connected(),
        lost: () => this.#order?.disconnected(),
      });
    });
  }

  /** From now on the listener hears of them, those that were held first. */
  deliver(): void {
    const held = this.#held ?? [];
    this.#held = null;
    for (const event of held) this.#hand(event);
  }

  stop(): void {
    this.#ended = true;
    this.#forget();
    this.#end();
  }

  get #key(): string {
    return `tandem.events.${this.#options.key}`;
  }

  async #begin(number: number): Promise<void> {
    this.#seen = { number, name: null };
    await this.#storage.setItem(this.#key, JSON.stringify(this.#seen));
  }

  #ordered(started: () => void): EventOrder {
    const order: EventOrder = new EventOrder(
      {
        deliver: (event) => this.#take(event),
        fetch: (after) => void this.#fetch(order, after, started),
      },
      this.#seen.number,
    );
    return order;
  }

  /** The last event handled is asked for too: it tells whether this is the log that it was in. */
  async #fetch(order: EventOrder, after: number, started: () => void): Promise<void> {
    if (this.#ended) return;
    try {
      const events = await this.#client.request('events.since', { after: Math.max(0, after - 1) });
      this.#failures = 0;
      if (order !== this.#order) return;
      if (after > 0 && after === this.#seen.number && isOther(events[0], this.#seen)) {
        // Another wallet, or this one installed anew: its log begins again, and all of it is news.
        this.#seen = { number: 0, name: null };
        this.#order = this.#ordered(started);
        this.#order.connected();
        return;
      }
      const first = events.find(({ number }) => number > after);
      if (first && first.number > after + 1)
        this.#options.problem?.(
          new ChannelError(
            'internal',
            `Events ${after + 1} to ${first.number - 1} are gone: the wallet keeps the last ones only. Look at the channel itself.`,
          ),
        );
      order.fetched(events);
      started();
    } catch (error) {
      if (this.#ended) return started();
      if (error instanceof ChannelError && error.code === codes.unauthorized) {
        // The person has disconnected the site: there is no log to read until it is connected again.
        this.#options.problem?.(error);
        order.notFetched();
        return started();
      }
      const wait = backoff[Math.min(this.#failures, backoff.length - 1)]!;
      this.#failures += 1;
      setTimeout(() => {
        if (order === this.#order) void this.#fetch(order, after, started);
      }, wait);
    }
  }

  #take(event: WalletEvent): void {
    if (this.#ended) return;
    this.#seen = { number: event.number, name: nameOf(event) };
    this.#options.seen?.(event);
    if (this.#held) this.#held.push(event);
    else this.#hand(event);
  }

  #hand(event: WalletEvent): void {
    let work: unknown;
    try {
      work = this.#options.listener(event);
    } catch (error) {
      console.error(error);
    }
    const position: Position = { number: event.number, name: nameOf(event) };
    this.#handled = Promise.allSettled([this.#handled, work]).then(() =>
      this.#storage.setItem(this.#key, JSON.stringify(position)),
    );
  }
}

/** Number of the newest event there is; 0 where there is none. */
export async function newest(client: Client): Promise<number> {
  const events = await client.request('events.since', { after: 0 });
  return events.at(-1)?.number ?? 0;
}

/** Whether the log has something else than the last event that was handled. */
function isOther(found: WalletEvent | undefined, last: Position): boolean {
  if (found === undefined) return true;
  // It was removed from the log as too old: the numbers go on behind it.
  if (found.number !== last.number) return false;
  return last.name !== null && last.name !== nameOf(found);
}

/** Tells an event from another one of the same number. */
function nameOf({ type, id, sequenceNumber, detail }: WalletEvent): string {
  const details = Object.entries(detail).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([type, id, sequenceNumber, details]).slice(0, 300);
}
