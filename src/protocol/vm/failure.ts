/** How an execution ends other than by returning. */

/**
 * The chain's node would raise here, so the whole update is refused: no call object, no change. The text is ours; both
 * sides need only agree that it is refused.
 */
export class Crash extends Error {
  override name = 'Crash';
}

/** A limit of this VM that the chain does not know; not even a protected call survives it. */
export class Limit extends Crash {
  override name = 'Limit';
}

/** A runtime error of the VM: the call fails and takes its gas. */
export class VmError extends Error {
  override name = 'VmError';
  /** gas held back by the caps of outer frames, which the failure does not take */
  readonly gasLeft: number;
  readonly #text: () => Uint8Array;
  constructor(text: () => Uint8Array, gasLeft: number) {
    super('FATE runtime error');
    this.#text = text;
    this.gasLeft = gasLeft;
  }
  /** The return value of the call object; made only where it is asked for, as printing costs. */
  get text(): Uint8Array {
    return this.#text();
  }
}

/** The contract aborted: the call fails and takes the gas spent so far. */
export class Revert extends Error {
  override name = 'Revert';
  readonly reason: Uint8Array;
  readonly gasLeft: number;
  constructor(reason: Uint8Array, gasLeft: number) {
    super('FATE revert');
    this.reason = reason;
    this.gasLeft = gasLeft;
  }
}
