/** Something about the phrase, the password or the stored vault, in one sentence for the person. */
export class VaultError extends Error {
  override name = 'VaultError';
  /** What a program may want to tell apart. */
  readonly code: 'vault' | 'wrong_password' | 'damaged';
  constructor(message: string, code: VaultError['code'] = 'vault') {
    super(message);
    this.code = code;
  }
}
