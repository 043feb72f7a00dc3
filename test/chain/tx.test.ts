import { verifyAsync } from '@noble/ed25519';
import { describe, expect, it, test } from 'vitest';
import { fromHex, toHex } from '../../src/protocol/bytes.ts';
import { decode, encode } from '../../src/protocol/chain/address.ts';
import { gasOf, minFee } from '../../src/protocol/chain/fee.ts';
import { parseSignedTx, signedTx, signingBytes, txHash } from '../../src/protocol/chain/signed.ts';
import { parseTx, serializeTx, TxError } from '../../src/protocol/chain/tx.ts';
import { keys, type TxVector, txOf, txVectors } from './vectors.ts';

const isOld = ({ fields }: TxVector) =>
  fields.version === 1 && ['ChannelCreateTx', 'ChannelOffchainTx'].includes(fields.type);
const current = txVectors.txs.filter((vector) => !isOld(vector));
const old = txVectors.txs.filter(isOld);
const named = (list: TxVector[]) => list.map((vector) => [vector.name, vector] as const);

test('the vectors cover every transaction of the table and the two old versions', () => {
  expect(new Set(current.map((vector) => txOf(vector).type)).size).toBe(12);
  expect(old.map((vector) => vector.name)).toEqual(['create_v1_pre_iris', 'offchain_tx_v1_pre_fortuna']);
});

describe.each(named(current))('%s as the node makes it', (_name, vector) => {
  const tx = txOf(vector);
  const bytes = fromHex(vector.unsigned_hex);

  it('serializes to the same bytes and parses back', () => {
    expect(toHex(serializeTx(tx))).toBe(vector.unsigned_hex);
    expect(parseTx(bytes)).toEqual(tx);
  });
  it('has the same hash and signing input', () => {
    expect(toHex(txHash(bytes))).toBe(vector.unsigned_hash);
    expect(toHex(signingBytes(txVectors.network_id, txHash(bytes)))).toBe(vector.sign_input_hex);
  });
  it('has the same gas and least fees', () => {
    expect(minFee(tx)).toBe(BigInt(vector.min_fee_mempool));
    if (tx.type === 'ChannelOffChainTx' || tx.fee === minFee(tx))
      expect(gasOf(tx)).toBe(BigInt(vector.min_gas));
  });
  it('has signatures that verify, and the same signed form and transaction hash', async () => {
    const signatures = vector.signatures_sorted.map(fromHex);
    const signed = signedTx(bytes, signatures.toReversed());
    expect(toHex(signed)).toBe(vector.signed_hex);
    expect(encode('tx', signed)).toBe(vector.signed_tx);
    expect(decode('tx', vector.signed_tx)).toEqual(signed);
    expect(encode('th', txHash(signed))).toBe(vector.th);
    expect(parseSignedTx(signed)).toEqual({ signatures, tx: bytes });
    const signers = keys.keys.filter((key) => vector.signed_by_seed_byte.includes(key.seed_byte));
    const verified = await Promise.all(
      signers.map(async ({ pubkey_hex }) => {
        const each = signatures.map((s) =>
          verifyAsync(s, fromHex(vector.sign_input_hex), fromHex(pubkey_hex)),
        );
        return (await Promise.all(each)).filter(Boolean).length;
      }),
    );
    expect(verified).toEqual(signers.map(() => 1));
  });
});

test.each(named(old))('%s is refused as an unsupported version', (_name, vector) => {
  expect(() => parseTx(fromHex(vector.unsigned_hex))).toThrow(TxError);
  expect(() => parseTx(fromHex(vector.unsigned_hex))).toThrow(/version 1 is not supported, only 2/);
});
