/**
 * The wallet while it is locked: it watches the chain and warns, and signs nothing. What it shows could be read by
 * anyone at the screen: how many channels are being closed and how many blocks are left, no names and no amounts.
 */
import { createLookout, type LookoutDeps, type Outlook } from '../engine/lookout.ts';
import type { LockedView } from '../rpc/schema.ts';
import type { Notice } from './notices/index.ts';
import type { Session } from './vault/index.ts';

export interface LockedDeps extends Omit<LookoutDeps, 'seen'> {
  session: Session;
  notify(notice: Notice): void;
  /** So many channels wait for an answer that only the unlocked wallet can give; 0 takes the mark away. */
  alarm(channels: number): void;
  changed(): void;
}

export interface LockedWatch {
  /** Looks now, and on from then. */
  look(): Promise<void>;
  /** The wallet is unlocked: the engine sees to everything. */
  stop(): void;
  view(): LockedView;
}

/** What was seen and warned of, for the next start of the worker: the node may be away then. */
const memoryKey = 'locked';
interface Memory {
  outlook: Outlook;
  /** Blocks that were left at the last warning of each close. */
  warned: Record<string, number>;
}

/** The chain aims at one key block in three minutes. */
const minutesPerBlock = 3;

export function createLockedWatch(deps: LockedDeps): LockedWatch {
  let outlook: Outlook | null = null;
  let warned: Memory['warned'] = {};
  let loaded: Promise<void> | null = null;

  async function load(): Promise<void> {
    const memory = (await deps.session.get(memoryKey)) as Memory | undefined;
    outlook = memory?.outlook ?? null;
    warned = memory?.warned ?? {};
  }

  function warn(seen: Outlook): void {
    const next: Memory['warned'] = {};
    for (const { channel, old, lockedUntil } of seen.closing) {
      const key = `${channel}/${lockedUntil}`;
      const blocks = Math.max(0, lockedUntil - seen.height);
      const last = warned[key];
      // Again each time that half of what was left is over: often enough to be seen, too seldom to be turned off.
      const due = last === undefined || (old && blocks < last && blocks <= last / 2);
      next[key] = due ? blocks : last;
      if (due) deps.notify({ type: 'closing', old, blocks, minutes: blocks * minutesPerBlock });
    }
    warned = next;
  }

  const lookout = createLookout({
    ...deps,
    seen(next) {
      const changed = JSON.stringify(outlook) !== JSON.stringify(next);
      outlook = next;
      deps.alarm(next.closing.filter(({ old }) => old).length);
      warn(next);
      if (!changed) return;
      deps.changed();
      deps.session.set(memoryKey, { outlook, warned } satisfies Memory).catch(() => undefined);
    },
  });

  return {
    async look() {
      loaded ??= load().catch(() => undefined);
      const mine = loaded;
      await mine;
      // Unless it was unlocked meanwhile.
      if (loaded === mine) await lookout.look();
    },
    stop() {
      lookout.stop();
      loaded = null;
      outlook = null;
      warned = {};
      deps.session.remove(memoryKey).catch(() => undefined);
    },
    view: () => ({
      looked: outlook !== null,
      closing: (outlook?.closing ?? [])
        .map(({ old, lockedUntil }) => ({
          old,
          blocksLeft: Math.max(0, lockedUntil - outlook!.height),
          until: lockedUntil,
        }))
        .sort((a, b) => Number(b.old) - Number(a.old) || a.until - b.until),
    }),
  };
}
