/** Something about the phrase, the password or the stored vault, in one sentence for the person. */
export class VaultError extends Error {
  override name = 'VaultError';
}
