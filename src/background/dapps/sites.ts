/** Which sites are connected, and the events each was told: kept so that a page that reloads loses none. */
import type { Store, Write } from '../../engine/ports.ts';
import type { PageEvent } from '../../rpc/page.ts';

export interface Site {
  origin: string;
  connectedAt: number;
  /** Accounts (ak_) of the peers whose channels this site asked for: it hears of these only. */
  peers: string[];
  /** Hears of every channel: the socket of a headless peer. */
  all?: true;
}

/** Whether a site may know of the channels with this account (ak_). */
export const follows = (site: Site | undefined, peer: string): boolean =>
  site !== undefined && (site.all === true || site.peers.includes(peer));

type Untold = { origin: string; event: Omit<PageEvent, 'number'> };
export type Told = { origin: string; event: PageEvent };

export interface Sites {
  list(): Site[];
  get(origin: string): Site | undefined;
  connect(origin: string, now: number): Promise<void>;
  /** Of a site that is connected; nothing of any other. */
  addPeer(origin: string, peer: string): Promise<void>;
  /** It is connected no more from the call on, durably when it resolves. */
  disconnect(origin: string): Promise<void>;
  /** Stores an event for each origin under its next number, together with `writes`, and returns what is to be pushed. */
  tell(told: readonly Untold[], writes?: readonly Write[]): Promise<Told[]>;
  /** The same for another commit: what to write with it, and what is to be pushed once it is durable. */
  draft(told: readonly Untold[]): Promise<{ writes: Write[]; told: Told[] }>;
  /**
   * Events with a higher number, and below `before` where that is given, in rising order: as many of the newest as one
   * answer carries. What is missing before them can be asked for by their first number.
   */
  since(origin: string, number: number, before?: number): Promise<PageEvent[]>;
  /** Reads again what is stored, after something else wrote it. */
  reload(): Promise<void>;
}

/**
 * One answer carries so many bytes of events. A browser's port takes 64 MiB and throws above it, and the other side of a
 * channel chooses how long its messages are: no more than 400 kB each, as JSON.
 */
const mostBytes = 16 * 2 ** 20;
const utf8 = new TextEncoder();

const eventKey = (origin: string, number: number) => `${origin}/${number.toString().padStart(12, '0')}`;

/** Row of table `meta`: the last number of an origin whose events did not come along in a backup. */
export const lastNumberPrefix = 'events/';

/** The number of the last event that each origin was told. */
export async function lastNumbers(store: Store): Promise<Map<string, number>> {
  const last = new Map<string, number>();
  for (const { key, value } of await store.list('meta', { prefix: lastNumberPrefix }))
    last.set(key.slice(lastNumberPrefix.length), value as number);
  for (let before: string | undefined; ; ) {
    const [row] = await store.list('events', {
      reverse: true,
      limit: 1,
      ...(before === undefined ? {} : { before }),
    });
    if (!row) return last;
    const origin = row.key.slice(0, row.key.lastIndexOf('/'));
    last.set(origin, (row.value as PageEvent).number);
    before = `${origin}/`;
  }
}

/** @param kept so many events of an origin are kept */
export async function loadSites(store: Store, kept = 500): Promise<Sites> {
  const sites = new Map<string, Site>();
  const last = new Map<string, number>();

  async function lastNumber(origin: string): Promise<number> {
    const known = last.get(origin);
    if (known !== undefined) return known;
    const [row] = await store.list('events', { prefix: `${origin}/`, reverse: true, limit: 1 });
    const number = row
      ? (row.value as PageEvent).number
      : (((await store.get('meta', lastNumberPrefix + origin)) as number | undefined) ?? 0);
    // Meanwhile another event may have taken the next number.
    if (!last.has(origin)) last.set(origin, number);
    return last.get(origin)!;
  }

  async function draft(events: readonly Untold[]): Promise<{ writes: Write[]; told: Told[] }> {
    for (const { origin } of events) await lastNumber(origin);
    const writes: Write[] = [];
    const told = events.map(({ origin, event }) => {
      const number = last.get(origin)! + 1;
      last.set(origin, number);
      const stored: PageEvent = { ...event, number };
      writes.push({ table: 'events', key: eventKey(origin, number), value: stored });
      if (number > kept)
        writes.push({ table: 'events', key: eventKey(origin, number - kept), value: undefined });
      return { origin, event: stored };
    });
    return { writes, told };
  }

  /**
   * What is known changes at once, and the store in the order of the calls: neither takes back what a later call has
   * changed while an earlier one was being written. Where it cannot be written, what was known before is.
   */
  async function put(origin: string, site: Site | undefined): Promise<void> {
    const before = sites.get(origin);
    know(origin, site);
    try {
      await store.commit([{ table: 'sites', key: origin, value: site }]);
    } catch (error) {
      if (sites.get(origin) === site) know(origin, before);
      throw error;
    }
  }

  function know(origin: string, site: Site | undefined): void {
    if (site) sites.set(origin, site);
    else sites.delete(origin);
  }

  async function reload(): Promise<void> {
    const rows = await store.list('sites');
    sites.clear();
    for (const row of rows) sites.set(row.key, row.value as Site);
  }
  await reload();

  return {
    reload,
    list: () => [...sites.values()],
    get: (origin) => sites.get(origin),
    connect: (origin, now) =>
      put(origin, { origin, connectedAt: now, peers: sites.get(origin)?.peers ?? [] }),
    async addPeer(origin, peer) {
      const site = sites.get(origin);
      if (!site || site.peers.includes(peer)) return;
      await put(origin, { ...site, peers: [...site.peers, peer].slice(-50) });
    },
    disconnect: (origin) => put(origin, undefined),
    draft,
    async tell(told, extra = []) {
      const drafted = await draft(told);
      await store.commit([...extra, ...drafted.writes]);
      return drafted.told;
    },
    async since(origin, number, before) {
      const rows = await store.list('events', {
        prefix: `${origin}/`,
        after: eventKey(origin, number),
        ...(before === undefined ? {} : { before: eventKey(origin, before) }),
      });
      const events = rows.map((row) => row.value as PageEvent);
      let bytes = 0;
      const tooMany = events.findLastIndex((event) => {
        bytes += utf8.encode(JSON.stringify(event)).length;
        return bytes > mostBytes;
      });
      return events.slice(tooMany + 1);
    },
  };
}
