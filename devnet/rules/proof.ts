import { Refusal } from './refusal.ts';
export interface Proof {
  stateHash: Uint8Array;
  balance(publicKey: Uint8Array): bigint | undefined;
}
export function readProof(_bytes: Uint8Array): Proof {
  throw new Refusal('TODO');
}
