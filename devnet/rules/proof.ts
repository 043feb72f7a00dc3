/** The proof of inclusion in a close or slash: hash of the state and the balances in it. */
import { StateError } from '../../src/protocol/state/error.ts';
import { verifyPoi } from '../../src/protocol/state/poi.ts';
import { Refusal } from './refusal.ts';

export interface Proof {
  stateHash: Uint8Array;
  /** In aetto; undefined where the proof does not show the account. */
  balance(publicKey: Uint8Array): bigint | undefined;
}

/** The node serializes a proof again before it verifies the signature: another form than its own fails there. */
export function readProof(bytes: Uint8Array): Proof {
  const poi = unlessUnreadable(() => verifyPoi(bytes));
  if (!poi) throw new Refusal('signature_check_failed');
  return {
    stateHash: poi.stateHash,
    balance: (publicKey) => unlessUnreadable(() => poi.balanceOf(publicKey)),
  };
}

function unlessUnreadable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof StateError) return undefined;
    throw error;
  }
}
