/** What went wrong lately, for the report that a person may pass on: kinds and times, no words of the person's. */
import type { Clock } from '../engine/ports.ts';
import type { Failure } from '../rpc/diagnostics.ts';
import type { Session } from './vault/index.ts';

export interface Failures {
  /** `where`: a method, or the part of the worker. */
  record(where: string, code: string, words: string): void;
  /** Latest first. */
  list(): Failure[];
}

const kept = 20;
const longestWords = 200;
const key = 'failures';
/** What these say repeats what was typed: phrases, names. */
const speaksOfSecrets = /^(vault|backup|contact)\b/;

/** Of accounts, hashes, links and keys only as much as tells them apart; what stands in quotes is not ours. */
export const withoutIds = (words: string): string =>
  words
    .replace(/"[^"]*"/g, '"…"')
    .replace(/[\w+/=%.-]{17,}/g, (long) => `${long.slice(0, 8)}…`)
    .slice(0, longestWords);

/** They outlive a restart of the worker, not of the browser. */
export async function loadFailures(session: Session, clock: Clock): Promise<Failures> {
  const stored = (await session.get(key).catch(() => undefined)) as Failure[] | undefined;
  let failures = stored ?? [];
  return {
    record(where, code, words) {
      const said = speaksOfSecrets.test(where) ? '' : withoutIds(words);
      failures = [{ at: clock.now(), where, code, words: said }, ...failures].slice(0, kept);
      // Losing them costs nothing.
      session.set(key, failures).catch(() => undefined);
    },
    list: () => failures,
  };
}
