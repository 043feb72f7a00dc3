/** The wallet as this page uses it: finding the provider, and what its error codes mean here. */

/** The provider, or null where no wallet announces itself. */
export function findProvider() {
  return new Promise((found) => {
    addEventListener('tandem:announceProvider', ({ detail }) => found(detail.provider), { once: true });
    dispatchEvent(new Event('tandem:requestProvider'));
    // A wallet answers in the same turn: this waits only for one that is just being switched on.
    setTimeout(() => found(null), 300);
  });
}

/** EIP-1193 and JSON-RPC codes. */
const declined = 4001;
const notConnected = 4100;
/** With these nothing was paid, and nothing will be. */
const refused = [declined, notConnected, 4200, -32602, -32005];

export const isDeclined = (error) => error.code === declined;
export const isNotConnected = (error) => error.code === notConnected;
export const isRefused = (error) => refused.includes(error.code);
