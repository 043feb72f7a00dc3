/** How calls fail here. */
import { pageErrors } from '../rpc/page-errors.ts';

/** Codes of failed calls: EIP-1193's and JSON-RPC's, as docs/pages.md lists them. */
export const codes = pageErrors;

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
