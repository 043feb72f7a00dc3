/**
 * What the wallet was when it was last seen: enough to draw the first view while the worker still starts. Nothing of
 * the wallet's contents is kept here, and the worker's own word replaces it as soon as it comes.
 */
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
