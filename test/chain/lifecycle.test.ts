import { expect, test } from 'vitest';
import { fromHex, toHex } from '../../src/protocol/bytes.ts';
import { decode } from '../../src/protocol/chain/address.ts';
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
  channel_after: { state_hash: string } | null;
  fee?: number | string;
  signed_tx_hex: string;
  tx_hex: string;
}
interface Lifecycle {
  scenarios: { scenario: string; steps: Step[] }[];
}

const same = (bytes: Uint8Array, hex: string) => expect(toHex(bytes)).toBe(hex);

/** Each step with the channel's state hash on chain before it. */
function* stepsOf(file: string): Generator<{ step: Step; onChain: string }> {
  for (const { steps } of vectors<Lifecycle>(file).scenarios) {
    let onChain = '';
    for (const step of steps) {
      yield { step, onChain };
      if (step.result === 'ok' && step.channel_after)
        onChain = toHex(decode('st', step.channel_after.state_hash));
    }
  }
}

const isOldCreate = (step: Step) => step.tx_hex.slice(4, 8) === '3201';

test.each([
  ['channel_lifecycle', 50],
  ['random_lifecycle', 500],
])('every transaction of %s, taken or refused, parses and serializes to the same bytes', (file, least) => {
  let count = 0;
  for (const { step } of stepsOf(file)) {
    const { signatures, tx } = parseSignedTx(fromHex(step.signed_tx_hex));
    same(tx, step.tx_hex);
    same(signedTx(tx, signatures), step.signed_tx_hex);
    if (isOldCreate(step)) expect(() => parseTx(tx)).toThrow(/ChannelCreateTx: version 1 is not supported/);
    else same(serializeTx(parseTx(tx)), step.tx_hex);
    count++;
  }
  expect(count).toBeGreaterThan(least);
});

test.each([
  ['channel_lifecycle', 5],
  ['random_lifecycle', 0],
])(
  'what the chain took in %s has a fee, payload, proof and trees that are read as the chain reads them',
  (file, least) => {
    let forced = 0;
    for (const { step, onChain } of stepsOf(file)) {
      if (step.result !== 'ok') continue;
      const tx = parseTx(fromHex(step.tx_hex));
      if ('fee' in tx) {
        expect(tx.fee).toBe(BigInt(step.fee!));
        expect(minFee(tx, 10n ** 6n)).toBeLessThanOrEqual(tx.fee);
      }
      const payload = 'payload' in tx && tx.type !== 'SpendTx' && tx.payload.length > 0 ? tx.payload : null;
      const agreed = payload ? agreedHash(payload) : onChain;
      if ('poi' in tx) same(verifyPoi(tx.poi).stateHash, agreed);
      if (tx.type !== 'ChannelForceProgressTx') continue;
      forced++;
      same(serializeEntry(parseEntry(tx.update)), toHex(tx.update));
      const trees = parseTrees(tx.offChainTrees);
      same(serializeTrees(trees), toHex(tx.offChainTrees));
      same(stateHash(trees), agreed);
    }
    expect(forced).toBeGreaterThanOrEqual(least);
  },
);

/** The state hash in a payload, which is written again as it was. */
function agreedHash(payload: Uint8Array): string {
  const { signatures, tx } = parseSignedTx(payload);
  const parsed = parseTx(tx);
  same(signedTx(serializeTx(parsed), signatures), toHex(payload));
  if (parsed.type !== 'ChannelOffChainTx') throw new Error(`the chain took a ${parsed.type} for a payload`);
  return toHex(parsed.stateHash);
}
