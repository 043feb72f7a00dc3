/** Ed25519 key derivation (SLIP-0010): all steps hardened. */
import { hmac } from '@noble/hashes/hmac.js';
import { sha512 } from '@noble/hashes/sha2.js';

const encoder = new TextEncoder();

/** The path of the chain's wallets, m/44'/457'/account'/0'/0'. */
export const accountPath = (account: number): number[] => [44, 457, account, 0, 0];

/** The 32-byte Ed25519 seed at a path of hardened steps. @param seed the phrase's seed, 16 to 64 bytes */
export function deriveSeed(seed: Uint8Array, path: readonly number[]): Uint8Array {
  let node = hmac(sha512, encoder.encode('ed25519 seed'), seed);
  for (const step of path) {
    const data = new Uint8Array(37);
    data.set(node.subarray(0, 32), 1);
    new DataView(data.buffer).setUint32(33, 0x80000000 + step);
    node = hmac(sha512, node.subarray(32), data);
  }
  return node.slice(0, 32);
}
