/** Codes of a page's failed calls: EIP-1193's and JSON-RPC's, the only ones it ever gets (docs/pages.md). */
export const pageErrors = {
  /** The person, or the other side, said no. */
  userRejected: 4001,
  unauthorized: 4100,
  unsupportedMethod: 4200,
  /** Locked, stopped, or out of reach: nobody knows yet what became of the call. Repeat it with its requestId. */
  disconnected: 4900,
  invalidParams: -32602,
  limitExceeded: -32005,
  internal: -32603,
} as const;
