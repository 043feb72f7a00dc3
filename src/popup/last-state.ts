/**
 * What the wallet was when it was last seen: enough to draw the first view while the worker still starts, whose own word
 * replaces it as soon as it comes. On disk is only whether there is a wallet, and whether it was locked; what an
 * unlocked one holds is in the browser's memory (src/rpc/last-view.ts).
 */
import browser from 'webextension-polyfill';
import { lastViewKey, readLastView } from '../rpc/last-view.ts';
import type { WalletView } from '../rpc/schema.ts';

const key = 'vault';

export type LastVault = 'empty' | 'locked' | 'unlocked';

export function lastVault(): LastVault | null {
  try {
    const value = localStorage.getItem(key);
    return value === 'empty' || value === 'locked' || value === 'unlocked' ? value : null;
  } catch {
    return null;
  }
}

export function rememberVault(vault: LastVault): void {
  try {
    if (localStorage.getItem(key) !== vault) localStorage.setItem(key, vault);
  } catch {
    // Without it the first view waits for the worker.
  }
}

/** Null where the wallet was not unlocked, or the worker has to be asked. */
export async function lastView(): Promise<WalletView | null> {
  try {
    const stored = await browser.storage.session.get(lastViewKey);
    return readLastView(stored[lastViewKey], Date.now());
  } catch {
    return null;
  }
}
