import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mutualCloseAmounts } from '../../src/protocol/chain/closing.ts';
import { TxError } from '../../src/protocol/chain/tx.ts';

describe('the amounts of a mutual close', () => {
  it.each([
    ['split the fee evenly', 100n, 50n, 20n, 90n, 40n],
    ['let the initiator pay the odd aetto', 100n, 50n, 21n, 89n, 40n],
    ['take all of a responder who has less than its share', 100n, 3n, 20n, 83n, 0n],
    ['take all of an initiator who has less than its share', 3n, 100n, 20n, 0n, 83n],
    ['take an initiator’s one missing aetto from the responder', 10n, 100n, 21n, 0n, 89n],
    ['are zero where the fee is all there is', 7n, 4n, 11n, 0n, 0n],
    ['are the balances where there is no fee', 7n, 4n, 0n, 7n, 4n],
  ])('%s', (_rule, initiatorBalance, responderBalance, fee, initiator, responder) => {
    expect(mutualCloseAmounts(initiatorBalance, responderBalance, fee)).toEqual({ initiator, responder });
  });
  it('are refused where the fee is more than both have, or a value is negative', () => {
    expect(() => mutualCloseAmounts(7n, 4n, 12n)).toThrow(TxError);
    expect(() => mutualCloseAmounts(7n, 4n, 12n)).toThrow(/fee of 12 aetto is more than the channel's 11/);
    expect(() => mutualCloseAmounts(-1n, 4n, 1n)).toThrow(/initiatorBalance is -1/);
    expect(() => mutualCloseAmounts(1n, 4n, -1n)).toThrow(/fee is -1/);
  });
  it('and the fee are the balances; no side gains, and a side pays more than its half only for what the other lacks', () => {
    const aetto = fc.bigInt({ min: 0n, max: 2n ** 70n });
    const small = fc.bigInt({ min: 0n, max: 5n });
    fc.assert(
      fc.property(fc.oneof(aetto, small), fc.oneof(aetto, small), fc.oneof(aetto, small), (a, b, anyFee) => {
        const fee = anyFee % (a + b + 1n);
        const { initiator, responder } = mutualCloseAmounts(a, b, fee);
        expect(initiator + responder + fee).toBe(a + b);
        expect(initiator >= 0n && responder >= 0n && initiator <= a && responder <= b).toBe(true);
        if (a - initiator > fee - fee / 2n) expect(responder).toBe(0n);
        if (b - responder > fee / 2n) expect(initiator).toBe(0n);
      }),
    );
  });
});
