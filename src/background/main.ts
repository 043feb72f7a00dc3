/** Stand-in until the wallet's worker lands: says which start of the worker this is, and answers "not ready". */
import browser from 'webextension-polyfill';
import { pageErrors, pagePort } from '../rpc/page.ts';
import { popupPort } from '../rpc/popup.ts';

const bootId = crypto.randomUUID();

browser.runtime.onConnect.addListener((port) => {
  if (port.name === popupPort) port.postMessage({ kind: 'view', view: { bootId } });
  if (port.name !== pagePort) return;
  port.onMessage.addListener((message) => {
    const { id } = message as { id: string };
    const error = { code: pageErrors.disconnected, message: 'The wallet is not ready.' };
    port.postMessage({ kind: 'error', id, error });
  });
});
