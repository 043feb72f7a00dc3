import { expect, test } from 'vitest';
import { fromHex, toHex } from '../../src/protocol/bytes.ts';
import { minFee } from '../../src/protocol/chain/fee.ts';
import { parseSignedTx, signedTx } from '../../src/protocol/chain/signed.ts';
import { parseTx, serializeTx } from '../../src/protocol/chain/tx.ts';
import { parseEntry, serializeEntry } from '../../src/protocol/state/entries.ts';
import { verifyPoi } from '../../src/protocol/state/poi.ts';
import { parseTrees, serializeTrees, stateHash } from '../../src/protocol/state/trees.ts';
import { vectors } from './vectors.ts';

interface Step {
  step: string;
  result: string;
  fee?: number | string;
  signed_tx_hex: string;
  tx_hex: string;
}
interface Lifecycle {
  scenarios: { scenario: string; steps: Step[] }[];
}

const same = (bytes: Uint8Array, hex: string) => expect(toHex(bytes)).toBe(hex);

test.each([
  ['channel_lifecycle', 50],
  ['random_lifecycle', 500],
])('every transaction of %s parses and serializes to the same bytes', (file, least) => {
  let count = 0;
  for (const { steps } of vectors<Lifecycle>(file).scenarios)
    for (const step of steps) {
      const { signatures, tx } = parseSignedTx(fromHex(step.signed_tx_hex));
      same(tx, step.tx_hex);
      same(signedTx(tx, signatures), step.signed_tx_hex);
      count++;
      if (step.tx_hex.slice(4, 8) === '3201') {
        expect(() => parseTx(tx)).toThrow(/ChannelCreateTx: version 1 is not supported/);
        continue;
      }
      const parsed = parseTx(tx);
      same(serializeTx(parsed), step.tx_hex);
      if (step.result === 'ok' && 'fee' in parsed) {
        expect(parsed.fee).toBe(BigInt(step.fee!));
        expect(minFee(parsed, 10n ** 6n)).toBeLessThanOrEqual(parsed.fee);
      }
      if (
        step.result === 'ok' &&
        'payload' in parsed &&
        parsed.type !== 'SpendTx' &&
        parsed.payload.length > 0
      )
        same(serializePayload(parsed.payload), toHex(parsed.payload));
      if ('poi' in parsed && step.result === 'ok') verifyPoi(parsed.poi);
      if (parsed.type === 'ChannelForceProgressTx') {
        same(serializeEntry(parseEntry(parsed.update)), toHex(parsed.update));
        const trees = parseTrees(parsed.offChainTrees);
        same(serializeTrees(trees), toHex(parsed.offChainTrees));
        if (step.result === 'ok') expect(stateHash(trees)).toHaveLength(32);
      }
    }
  expect(count).toBeGreaterThan(least);
});

function serializePayload(payload: Uint8Array): Uint8Array {
  const { signatures, tx } = parseSignedTx(payload);
  return signedTx(serializeTx(parseTx(tx)), signatures);
}
