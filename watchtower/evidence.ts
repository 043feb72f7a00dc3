/** What a wallet hands over, read: a co-signed state and the proof of its balances. Nothing in it is believed. */

import type { Verify } from '../src/engine/ports.ts';
import { compareBytes } from '../src/protocol/bytes.ts';
import { parseSignedTx, signingBytes, txHash } from '../src/protocol/chain/signed.ts';
import { parseTx, TxError } from '../src/protocol/chain/tx.ts';
import { StateError } from '../src/protocol/state/error.ts';
import { verifyPoi } from '../src/protocol/state/poi.ts';

/** The most bytes of a payload: two signatures, a channel id, a round and a hash take about 220. */
const maxPayload = 512;

export interface Evidence {
  channelId: Uint8Array;
  /** The chain's round. */
  round: bigint;
  stateHash: Uint8Array;
  /** The sum of both balances in aetto; undefined where the proof does not show both. */
  total(initiator: Uint8Array, responder: Uint8Array): bigint | undefined;
  isSignedBy(accounts: readonly Uint8Array[], networkId: string, verify: Verify): Promise<boolean>;
}

/** What cannot be used; the message says why. */
export class EvidenceError extends Error {
  override name = 'EvidenceError';
}

/** @throws EvidenceError where it is not what a slash takes */
export function readEvidence(payload: Uint8Array, poi: Uint8Array): Evidence {
  if (payload.length > maxPayload)
    throw new EvidenceError(
      `the payload has ${payload.length} bytes, a co-signed state at most ${maxPayload}`,
    );
  const { signatures, unsigned, tx } = readPayload(payload);
  const proof = readProof(poi);
  if (compareBytes(tx.stateHash, proof.stateHash) !== 0)
    throw new EvidenceError('the proof of inclusion is of another state than the payload');
  return {
    channelId: tx.channelId,
    round: tx.round,
    stateHash: tx.stateHash,
    total(initiator, responder) {
      const balances = [initiator, responder].map(proof.balanceOf);
      return balances.reduce((sum, balance) =>
        sum === undefined || balance === undefined ? undefined : sum + balance,
      );
    },
    async isSignedBy(accounts, networkId, verify) {
      if (signatures.length !== accounts.length) return false;
      const bytes = signingBytes(networkId, txHash(unsigned));
      const left = [...accounts];
      for (const signature of signatures) {
        const results = await Promise.all(left.map((account) => verify(account, bytes, signature)));
        const signer = results.indexOf(true);
        if (signer < 0) return false;
        left.splice(signer, 1);
      }
      return true;
    },
  };
}

function readPayload(payload: Uint8Array) {
  try {
    const { signatures, tx: unsigned } = parseSignedTx(payload);
    const tx = parseTx(unsigned);
    if (tx.type !== 'ChannelOffChainTx') throw new EvidenceError(`the payload is a ${tx.type}, not a state`);
    if (signatures.some((signature, i) => i > 0 && compareBytes(signatures[i - 1]!, signature) >= 0))
      throw new EvidenceError('the signatures of the payload are not in the order that the chain wants');
    return { signatures, unsigned, tx };
  } catch (error) {
    if (error instanceof TxError) throw new EvidenceError(`the payload cannot be read: ${error.message}`);
    throw error;
  }
}

function readProof(poi: Uint8Array) {
  try {
    const proof = verifyPoi(poi);
    return {
      stateHash: proof.stateHash,
      balanceOf(account: Uint8Array): bigint | undefined {
        try {
          return proof.balanceOf(account);
        } catch (error) {
          if (error instanceof StateError) return undefined;
          throw error;
        }
      },
    };
  } catch (error) {
    if (error instanceof StateError) throw new EvidenceError(`the proof cannot be read: ${error.message}`);
    throw error;
  }
}
