/** Where this page runs: the toolbar's popup, which closes as soon as it loses focus, or a tab or window. */
import { useSyncExternalStore } from 'react';
import browser from 'webextension-polyfill';

export function inActionPopup(): boolean {
  return browser.extension.getViews({ type: 'popup' }).includes(window);
}

/**
 * Goes to `to` where the person has to leave the page for a moment (paper, another app): in a tab, as the toolbar's
 * popup would close and lose it.
 */
export async function navigateInTab(to: string): Promise<void> {
  if (!inActionPopup()) {
    window.location.hash = to;
    return;
  }
  await browser.tabs.create({ url: `${window.location.href.split('#')[0]}#${to}` });
  window.close();
}

/** Room for two columns: 720 px at the usual size of text. The toolbar's popup never has it. */
const roomy = '(min-width: 45rem)';
const subscribe = (changed: () => void) => {
  const query = window.matchMedia(roomy);
  query.addEventListener('change', changed);
  return () => query.removeEventListener('change', changed);
};
const isWide = () => document.documentElement.dataset.surface === 'page' && window.matchMedia(roomy).matches;

export const useWide = (): boolean => useSyncExternalStore(subscribe, isWide);
