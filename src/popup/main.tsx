/** Entry of the toolbar's popup, and of the same page in a tab or a window of its own. */
import { createRoot } from 'react-dom/client';
import browser from 'webextension-polyfill';
import { popupPort } from '../rpc/popup.ts';
import { App } from './app.tsx';
import { WalletClient } from './client.ts';
import { lastVault, rememberVault } from './last-state.ts';
import { inActionPopup } from './surface.ts';
import { ClientContext } from './wallet.tsx';

document.documentElement.dataset.surface = inActionPopup() ? 'popup' : 'page';

/** Where something can be drawn already, the worker is started behind the first frame: both want the processor. */
function begin(open: () => void): void {
  const guess = lastVault();
  if (guess !== 'empty' && guess !== 'locked') return open();
  requestAnimationFrame(() => setTimeout(open));
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
createRoot(document.getElementById('root')!).render(
  <ClientContext value={client}>
    <App />
  </ClientContext>,
);
