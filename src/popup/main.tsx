/** Entry of the toolbar's popup, and of the same page in a tab or a window of its own. */
import { createRoot } from 'react-dom/client';
import browser from 'webextension-polyfill';
import { languageKey } from '../rpc/language.ts';
import { popupPort } from '../rpc/popup.ts';
import { App } from './app.tsx';
import { WalletClient } from './client.ts';
import { lastVault, lastView, rememberVault } from './last-state.ts';
import { parseHash } from './router.ts';
import { inActionPopup } from './surface.ts';
import { language } from './texts/index.ts';
import { ClientContext } from './wallet.tsx';

document.documentElement.dataset.surface = inActionPopup() ? 'popup' : 'page';

/** Behind the next frame: what it shows and the worker's start both want the processor. */
const afterFrame = (run: () => void) => void requestAnimationFrame(() => setTimeout(run));

/** Where something can be drawn already, the worker is started behind the first frame. */
function begin(open: () => void): void {
  const guess = lastVault();
  if (guess === 'empty' || guess === 'locked') afterFrame(open);
  // Other views may be of something that the last one does not know yet.
  else if (guess !== 'unlocked' || parseHash(location.hash).path.length > 0) open();
  else
    void lastView().then((view) => {
      if (!view) return open();
      client.showLast(view);
      afterFrame(open);
    });
}

const client = new WalletClient(
  () => browser.runtime.connect({ name: popupPort }),
  (run, ms) => void setTimeout(run, ms),
  begin,
);
client.subscribe(() => {
  const { view } = client.snapshot();
  if (view) rememberVault(view.vault);
});
// The worker's notifications speak it too.
void browser.storage.local.set({ [languageKey]: language }).catch(() => undefined);
createRoot(document.getElementById('root')!).render(
  <ClientContext value={client}>
    <App />
  </ClientContext>,
);
