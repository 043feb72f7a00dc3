/** Entry of the toolbar's popup, and of the same page in a tab or a window of its own. */
import { createRoot } from 'react-dom/client';
import browser from 'webextension-polyfill';
import { popupPort } from '../rpc/popup.ts';
import { App } from './app.tsx';
import { WalletClient } from './client.ts';
import { inActionPopup } from './surface.ts';
import { ClientContext } from './wallet.tsx';

document.documentElement.dataset.surface = inActionPopup() ? 'popup' : 'page';

const client = new WalletClient(() => browser.runtime.connect({ name: popupPort }));
createRoot(document.getElementById('root')!).render(
  <ClientContext value={client}>
    <App />
  </ClientContext>,
);
