/**
 * The view as the worker last showed it of an unlocked wallet, in the browser's session storage: memory that only the
 * extension's own pages can read, and where the unlocked account lies too. The popup draws it while the worker starts.
 */
import * as v from 'valibot';
import { WalletView } from './schema.ts';

export const lastViewKey = 'lastView';

export const LastView = v.object({
  view: WalletView,
  /** ms since 1970. */
  at: v.number(),
});
export type LastView = v.InferOutput<typeof LastView>;

/** The view, unless it is none, or so old that the wallet has locked itself since. */
export function readLastView(stored: unknown, now: number): WalletView | null {
  const parsed = v.safeParse(LastView, stored);
  if (!parsed.success) return null;
  const { view, at } = parsed.output;
  const isFresh = now - at < view.settings.autoLockMinutes * 60_000;
  return view.vault === 'unlocked' && isFresh ? view : null;
}
