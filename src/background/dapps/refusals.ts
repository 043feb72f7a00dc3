/** How often the person said no to a site in a row: a site that asks again and again may ask no more until unblocked. */
import type { Store, Write } from '../../engine/ports.ts';

export interface Refusals {
  isBlocked(origin: string): boolean;
  blocked(): { origin: string; since: number }[];
  /** One more no. @returns what makes it durable */
  refused(origin: string, now: number): Write[];
  /** A yes, or the person's word that it may ask again: forgets them. @returns what makes it durable */
  heard(origin: string): Write[];
}

/** Row of table `meta` under `refused/${origin}`. */
interface Row {
  /** When the person said no, the latest ones: ms since 1970. */
  at: number[];
  blockedSince: number | null;
}

const prefix = 'refused/';
/** So many in a row within this time block a site. */
const most = 3;
const within = 10 * 60_000;
/** Of so many origins they are kept; the oldest go first. */
const kept = 200;

export async function loadRefusals(store: Store): Promise<Refusals> {
  const rows = new Map<string, Row>();
  for (const { key, value } of await store.list('meta', { prefix }))
    rows.set(key.slice(prefix.length), value as Row);

  function forget(origin: string): Write[] {
    if (!rows.delete(origin)) return [];
    return [{ table: 'meta', key: `${prefix}${origin}`, value: undefined }];
  }

  return {
    isBlocked: (origin) => (rows.get(origin)?.blockedSince ?? null) !== null,
    blocked: () =>
      [...rows].flatMap(([origin, { blockedSince }]) =>
        blockedSince === null ? [] : [{ origin, since: blockedSince }],
      ),
    refused(origin, now) {
      const last = rows.get(origin);
      const at = [...(last?.at ?? []).filter((time) => now - time < within), now].slice(-most);
      const blockedSince = last?.blockedSince ?? (at.length >= most ? now : null);
      rows.delete(origin);
      rows.set(origin, { at, blockedSince });
      const tooMany = [...rows.keys()].slice(0, Math.max(0, rows.size - kept));
      return [
        { table: 'meta', key: `${prefix}${origin}`, value: { at, blockedSince } satisfies Row },
        ...tooMany.flatMap(forget),
      ];
    },
    heard: forget,
  };
}
