/**
 * Faults that are known and not mended yet: the model and the matrix look away where a flag is set. None is now.
 */
export const known = {
  /** The nonce of an own solo transaction that the chain refused or that became needless stays held: later ones wait behind it. */
  strandedSoloNonce: false,
  /** Dying between `persist` and `cancel_nonce`: nothing spends the nonce after the restart. */
  lostCancel: false,
  /** A reconnect commits an own proposal for which this side has signed a refusal already. */
  commitsRefusedProposal: false,
  /** The peer's close that a reorganisation undid leaves `closing_solo` without a way out. */
  stuckAfterLostClose: false,
  /** A settle counts as final at once: undone by a reorganisation, nobody settles again. */
  closedTooEarly: false,
  /** A settle or slash that the node dropped is made again with the same bytes, which the node does not take again. */
  sameSoloAgain: false,
};

/** Flows that fail without any death. */
export const brokenFlows: ReadonlySet<string> = new Set();
