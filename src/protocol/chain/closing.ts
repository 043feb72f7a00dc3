/** What each side gets when both close a channel (PROTOCOL 7). */
import { TxError } from './tx.ts';

/**
 * The balances less the fee, which is split evenly; the initiator pays the odd aetto. A side that has less than its
 * share pays all it has and the other side the rest. All in aetto.
 * @throws TxError where the fee is more than both have, or a value is negative
 */
export function mutualCloseAmounts(
  initiatorBalance: bigint,
  responderBalance: bigint,
  fee: bigint,
): { initiator: bigint; responder: bigint } {
  for (const [name, value] of Object.entries({ initiatorBalance, responderBalance, fee }))
    if (value < 0n) throw new TxError(`${name} is ${value} aetto: give 0 or more`);
  if (fee > initiatorBalance + responderBalance)
    throw new TxError(
      `the fee of ${fee} aetto is more than the channel's ${initiatorBalance + responderBalance}: lower the gas price or close alone`,
    );
  const responderShare = least(fee / 2n, responderBalance);
  const initiatorPays = least(fee - responderShare, initiatorBalance);
  return {
    initiator: initiatorBalance - initiatorPays,
    responder: responderBalance - (fee - initiatorPays),
  };
}

const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);
