/** What travels between provider and bridge: JSON text over a MessagePort, so that no object of the page crosses. */

/** The provider hands its MessagePort over with this event, before any script of the page runs. */
export const handoverEvent = 'tandem:port';
/** The bridge says that it listens: for browsers that run the page's world first. */
export const readyEvent = 'tandem:bridge';

/** A request's text has at most so many bytes. */
export const maxRequestBytes = 64 * 1024;
/** A page may have so many requests without an answer. */
export const maxInFlight = 50;

export type PageFrame =
  | { kind: 'request'; id: number; method: string; params: unknown }
  /** The page listens: events are wanted from now on. */
  | { kind: 'subscribe' };

/** Size in bytes of UTF-8. */
export const byteLength = (text: string): number => new TextEncoder().encode(text).length;

/** @returns null for anything that is not a frame of at most `maxRequestBytes` */
export function parseFrame(text: unknown): PageFrame | null {
  if (typeof text !== 'string' || text.length > maxRequestBytes || byteLength(text) > maxRequestBytes)
    return null;
  let frame: unknown;
  try {
    frame = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof frame !== 'object' || frame === null) return null;
  const { kind, id, method, params } = frame as Record<string, unknown>;
  if (kind === 'subscribe') return { kind };
  if (kind !== 'request' || !Number.isSafeInteger(id) || typeof method !== 'string') return null;
  return { kind, id: id as number, method, params };
}
