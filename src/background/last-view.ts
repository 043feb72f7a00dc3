/** Keeps the view of an unlocked wallet for a popup that opens while the worker is stopped (src/rpc/last-view.ts). */
import type { Clock } from '../engine/ports.ts';
import { type LastView, lastViewKey } from '../rpc/last-view.ts';
import type { WalletView } from '../rpc/schema.ts';
import type { Session } from './vault/index.ts';

/** Many changes within this time are one write: ms. */
const pause = 250;

/** @returns takes every view that is shown; one of a wallet that is not unlocked removes what was kept, at once */
export function createLastView(session: Session, clock: Clock): (view: WalletView) => void {
  let latest: WalletView | null = null;
  let cancel: (() => void) | null = null;
  let tail: Promise<unknown> = Promise.resolve();
  // One after the other, so that a late write never comes behind the removal. Without it the popup waits for the worker.
  const then = (work: () => Promise<unknown>) => {
    tail = tail.then(work).catch(() => undefined);
  };
  return (view) => {
    latest = view;
    if (view.vault !== 'unlocked') {
      cancel?.();
      cancel = null;
      then(() => session.remove(lastViewKey));
      return;
    }
    cancel ??= clock.after(pause, () => {
      cancel = null;
      then(async () => {
        if (latest?.vault === 'unlocked')
          await session.set(lastViewKey, { view: latest, at: clock.now() } satisfies LastView);
      });
    });
  };
}
