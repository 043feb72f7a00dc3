/** State trees, or parts of them, cannot be read, written or changed as asked; the message says why. */
export class StateError extends Error {
  override name = 'StateError';
}
