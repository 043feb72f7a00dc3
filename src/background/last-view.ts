/** Keeps the view of an unlocked wallet for a popup that opens while the worker is stopped (src/rpc/last-view.ts). */
import type { Clock } from '../engine/ports.ts';
import { type LastView, lastViewKey } from '../rpc/last-view.ts';
import type { WalletView } from '../rpc/schema.ts';
import type { Session } from './vault/index.ts';

/** Many changes within this time are one write: ms. */
const pause = 250;

/** @returns hears of every change, and makes the view only to keep it; a wallet that is not unlocked keeps none, at once */
export function createLastView(
  session: Session,
  clock: Clock,
): (vault: WalletView['vault'], view: () => WalletView) => void {
  let latest: (() => WalletView) | null = null;
  let cancel: (() => void) | null = null;
  let tail: Promise<unknown> = Promise.resolve();
  // One after the other, so that a late write never comes behind the removal. Without it the popup waits for the worker.
  const then = (work: () => Promise<unknown>) => {
    tail = tail.then(work).catch(() => undefined);
  };
  return (vault, view) => {
    latest = vault === 'unlocked' ? view : null;
    if (!latest) {
      cancel?.();
      cancel = null;
      then(() => session.remove(lastViewKey));
      return;
    }
    cancel ??= clock.after(pause, () => {
      cancel = null;
      then(async () => {
        if (latest) await session.set(lastViewKey, { view: latest(), at: clock.now() } satisfies LastView);
      });
    });
  };
}
