/**
 * Faults that are known and not mended yet. Each has a test in known.test.ts that fails as long as the fault is there;
 * whoever mends one takes it out here and turns its test round.
 */
export const known = {
  /** The nonce of an own solo transaction that the chain refused or that became needless stays held: later ones wait behind it. */
  strandedSoloNonce: true,
  /** Dying between `persist` and `cancel_nonce`: nothing spends the nonce after the restart. */
  lostCancel: true,
  /** A reconnect commits an own proposal for which this side has signed a refusal already. */
  commitsRefusedProposal: true,
  /** The peer's close that a reorganisation undid leaves `closing_solo` without a way out. */
  stuckAfterLostClose: true,
  /** A settle counts as final at once: undone by a reorganisation, nobody settles again. */
  closedTooEarly: true,
  /** A settle or slash that the node dropped is made again with the same bytes, which the node does not take again. */
  sameSoloAgain: true,
};

/** Flows that fail without any death. */
export const brokenFlows: ReadonlySet<string> = new Set([
  // The object left the chain while this side was away: it never learns that the channel is closed.
  'close alone, the other side gone until it is settled',
  // The side that had signed it never hears of that.
  'deposit given up half signed',
  // The nonce of the half-signed close is never spent, so close_solo waits behind it for ever.
  'close alone, the mutual close half signed',
]);
