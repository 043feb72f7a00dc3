/** Ed25519 by Node's own crypto: ten times as fast as JavaScript, which a chain that checks every signature wants. */
import {
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign as nodeSign,
  verify as nodeVerify,
} from 'node:crypto';
import { toHex } from '../src/protocol/bytes.ts';

const publicPrefix = Buffer.from('302a300506032b6570032100', 'hex');
const privatePrefix = Buffer.from('302e020100300506032b657004220420', 'hex');

/** Keys that were read lately: reading one takes longer than to verify with it. */
const known = new Map<string, KeyObject>();
const knownMost = 1000;

function keyOf(publicKey: Uint8Array): KeyObject {
  const name = toHex(publicKey);
  const cached = known.get(name);
  if (cached) return cached;
  const key = createPublicKey({ key: Buffer.concat([publicPrefix, publicKey]), format: 'der', type: 'spki' });
  if (known.size >= knownMost) known.clear();
  known.set(name, key);
  return key;
}

/** True where `signature` (64 bytes) is the key's (32 bytes) over exactly `bytes`; false for anything malformed. */
export function verify(publicKey: Uint8Array, bytes: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== 32 || signature.length !== 64) return false;
  try {
    return nodeVerify(null, bytes, keyOf(publicKey), signature);
  } catch {
    return false;
  }
}

export interface KeyPair {
  publicKey: Uint8Array;
  sign(bytes: Uint8Array): Uint8Array;
}

/** The key pair of a 32-byte seed. */
export function keyPair(seed: Uint8Array): KeyPair {
  if (seed.length !== 32) throw new TypeError(`keyPair: seed has ${seed.length} bytes, needs 32`);
  const secret: KeyObject = createPrivateKey({
    key: Buffer.concat([privatePrefix, seed]),
    format: 'der',
    type: 'pkcs8',
  });
  const spki = createPublicKey(secret).export({ format: 'der', type: 'spki' });
  return {
    publicKey: new Uint8Array(spki.subarray(spki.length - 32)),
    sign: (bytes) => new Uint8Array(nodeSign(null, bytes, secret)),
  };
}
