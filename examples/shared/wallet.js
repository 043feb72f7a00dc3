/** The wallet as these pages use it: finding the provider, and what its error codes mean here. */
import { codes } from '/shared/sdk.js';

export { connect, findProvider } from '/shared/sdk.js';

/** With these nothing was paid, and nothing will be. */
const refused = [
  codes.userRejected,
  codes.unauthorized,
  codes.unsupportedMethod,
  codes.invalidParams,
  codes.limitExceeded,
];

export const isDeclined = (error) => error.code === codes.userRejected;
export const isNotConnected = (error) => error.code === codes.unauthorized;
export const isRefused = (error) => refused.includes(error.code);
