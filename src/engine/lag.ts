/** Whether a node is behind its chain: then a dispute may be seen too late, and an answer may be sent too late. */
import type { Chain, ChainStatus, Clock } from './ports.ts';

/** How a node is behind. */
export type Lag =
  /** It says so itself. */
  | { kind: 'syncing' }
  /** Another answer was from so many blocks later. */
  | { kind: 'behind'; blocks: number }
  /** Its newest block was made so long ago. */
  | { kind: 'old'; minutes: number };

/** A reorganisation takes away fewer; a node of a cluster may be this much behind the others. */
const blocksBehind = 10;
/** A key block comes every three minutes on average: an hour without one is a chain that stands, or a node. */
const oldAfterMs = 60 * 60_000;

/**
 * @param highest height of the latest block that any answer was from
 * @param newest when its newest key block was made, ms since 1970; null where that is not known
 * @param now ms since 1970
 */
export function lagOf(status: ChainStatus, highest: number, newest: number | null, now: number): Lag | null {
  if (status.syncing) return { kind: 'syncing' };
  const blocks = highest - status.height;
  if (blocks > blocksBehind) return { kind: 'behind', blocks };
  const age = newest === null ? 0 : now - newest;
  return age > oldAfterMs ? { kind: 'old', minutes: Math.floor(age / 60_000) } : null;
}

export interface LagWatch {
  /** An answer of the node. */
  seen(status: ChainStatus): void;
  /** How the node was behind at its last answer; null where it was not. */
  lag(): Lag | null;
}

/** Milliseconds between two looks at the newest block's time. */
const newestInterval = 60_000;

/** Remembers what it takes to tell, of one chain, whatever node answers for it. */
export function createLagWatch(deps: { chain(): Chain; clock: Clock; changed(): void }): LagWatch {
  let last: ChainStatus | null = null;
  let highest = 0;
  let newest: number | null = null;
  let askedAt = Number.NEGATIVE_INFINITY;
  let lag: Lag | null = null;

  function judge(): void {
    const before = lag;
    lag = last && lagOf(last, highest, newest, deps.clock.now());
    if (JSON.stringify(lag) !== JSON.stringify(before)) deps.changed();
  }

  async function askNewest(): Promise<void> {
    const found = await deps.chain().keyBlock(null);
    newest = found?.block.time ?? null;
    judge();
  }

  return {
    seen(status) {
      last = status;
      highest = Math.max(highest, status.height);
      const now = deps.clock.now();
      if (now - askedAt >= newestInterval) {
        askedAt = now;
        // That it does not answer is said elsewhere.
        askNewest().catch(() => undefined);
      }
      judge();
    },
    lag: () => lag,
  };
}
