/** A call that fails in a way the person can act on. */
export class WalletError extends Error {
  override name = 'WalletError';
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}
