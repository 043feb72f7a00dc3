import fc from 'fast-check';
import { expect, test } from 'vitest';
import { GAS_PRICE_MIN, gasOf, minFee } from '../../src/protocol/chain/fee.ts';
import type { Tx } from '../../src/protocol/chain/tx.ts';
import { txOf, txVectors } from './vectors.ts';

const paid = txVectors.txs
  .filter(({ fields }) => !(fields.version === 1 && /Create|Offchain/.test(fields.type)))
  .map(txOf)
  .filter((tx): tx is Extract<Tx, { fee: bigint }> => 'fee' in tx);

test('the least fee pays for its own size and one aetto less does not', () => {
  const price = fc.oneof(
    fc.bigInt({ min: 1n, max: 2n ** 80n }),
    fc.nat(6).map((k) => GAS_PRICE_MIN << BigInt(k)),
  );
  fc.assert(
    fc.property(fc.constantFrom(...paid), price, (tx, gasPrice) => {
      const fee = minFee(tx, gasPrice);
      expect(fee >= gasPrice * gasOf({ ...tx, fee })).toBe(true);
      expect(fee - 1n >= gasPrice * gasOf({ ...tx, fee: fee - 1n })).toBe(false);
    }),
  );
});

test('the fee that a transaction has does not matter for the least', () => {
  for (const tx of paid) expect(minFee({ ...tx, fee: 2n ** 100n })).toBe(minFee({ ...tx, fee: undefined }));
});

test('a price of 0 costs nothing', () => {
  expect(minFee(paid[0]!, 0n)).toBe(0n);
});
