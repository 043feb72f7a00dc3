/** Codes of failed calls: EIP-1193's and JSON-RPC's, as docs/pages.md lists them. */
export const codes = {
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

/** A call that failed. The message says what was wrong and what to do. */
export class ChannelError extends Error {
  override name = 'ChannelError';
  readonly code: number;
  constructor(code: keyof typeof codes | number, message: string) {
    super(message);
    this.code = typeof code === 'number' ? code : codes[code];
  }
}

export const invalid = (message: string): ChannelError => new ChannelError('invalidParams', message);

/** Any failure of a transport as one of ours. */
export function asChannelError(error: unknown): ChannelError {
  if (error instanceof ChannelError) return error;
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  return new ChannelError(
    typeof code === 'number' ? code : codes.disconnected,
    typeof message === 'string' ? message : String(error),
  );
}

/** Whether it is not known what became of the call. */
export const isUndecided = (error: unknown): boolean => asChannelError(error).code === codes.disconnected;
