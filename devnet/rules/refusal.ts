/** Why the chain refuses a transaction, in the node's own word (`old_round`, `insufficient_funds`, ...). */
export class Refusal extends Error {
  override name = 'Refusal';
  readonly reason: string;
  constructor(reason: string) {
    super(`transaction refused: ${reason}`);
    this.reason = reason;
  }
}

/** Refuses unless the condition holds. */
export function require(condition: boolean, reason: string): asserts condition {
  if (!condition) throw new Refusal(reason);
}
