/** Whether 32 bytes are an Ed25519 public key: a point of the curve (seed: channel_open, MUST). */
import { Point } from '@noble/ed25519';

export function isValidKey(key: Uint8Array): boolean {
  if (key.length !== 32) return false;
  try {
    return !Point.fromBytes(key).isSmallOrder();
  } catch {
    return false;
  }
}
