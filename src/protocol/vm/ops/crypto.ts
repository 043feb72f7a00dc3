/** Hashes and signatures. */
import { ed25519 } from '@noble/curves/ed25519.js';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToBigint, concatBytes, equalBytes } from '../../bytes.ts';
import { blake2b256 } from '../../chain/signed.ts';
import { encode } from '../encode.ts';
import { Crash } from '../failure.ts';
import { costModels } from '../traversal.ts';
import { type Blob, blob, isBlob, none, some, type Value } from '../value.ts';
import { frModulus } from './field.ts';
import { binary, fate3, type Group, type Run, since, ternary } from './op.ts';
import { poseidonHash } from './poseidon.ts';

/** Strings and bytes are hashed as they are, anything else in its serialization. */
function hashed(value: Value): Uint8Array {
  if (typeof value === 'object' && (value.kind === 'string' || value.kind === 'bytes')) return value.bytes;
  return encode(value);
}

const hash =
  (digest: (bytes: Uint8Array) => Uint8Array): Run =>
  (vm, args) => {
    const value = vm.unfold(vm.get(args[1]!), costModels.unfoldSerial);
    vm.set(args[0]!, blob('bytes', digest(hashed(value))));
  };

const isBytes = (value: Value, size: number): value is Blob =>
  typeof value === 'object' && value.kind === 'bytes' && value.bytes.length === size;

function verifyEd25519(message: Uint8Array, key: Uint8Array, signature: Uint8Array): boolean {
  if (key.length !== 32) throw new Crash('a public key has 32 bytes');
  try {
    return ed25519.verify(signature, message, key, { zip215: false });
  } catch {
    return false;
  }
}

/** The message is the 32-byte digest itself; s may be high. */
function verifySecp256k1(digest: Uint8Array, key: Uint8Array, signature: Uint8Array): boolean {
  const point = concatBytes(Uint8Array.of(4), key);
  try {
    secp256k1.Point.fromBytes(point);
  } catch {
    throw new Crash('a public key that is no point');
  }
  try {
    return secp256k1.verify(signature, digest, point, { prehash: false, lowS: false });
  } catch {
    return false;
  }
}

/** The 20-byte address of the key that made the signature: a byte 27 or 28, r, s. */
function recover(digest: Uint8Array, signature: Uint8Array): Uint8Array | undefined {
  const parity = signature[0]! - 27;
  if (parity !== 0 && parity !== 1) return undefined;
  try {
    const [r, s] = [bytesToBigint(signature.subarray(1, 33)), bytesToBigint(signature.subarray(33))];
    const key = new secp256k1.Signature(r, s, parity).recoverPublicKey(digest).toBytes(false);
    return keccak_256(key.subarray(1)).subarray(12);
  } catch {
    return undefined;
  }
}

const isFieldElement = (value: Value): value is bigint =>
  // the chain excludes the highest element too
  typeof value === 'bigint' && value >= 0n && value < frModulus - 1n;

export const crypto: Group = {
  SHA3: hash(keccak_256),
  SHA256: hash(sha256),
  BLAKE2B: hash(blake2b256),
  VERIFY_SIG: ternary('verify_sig', (message, key, signature) =>
    isBlob(message, 'bytes') && isBlob(key, 'address') && isBytes(signature, 64)
      ? verifyEd25519(message.bytes, key.bytes, signature.bytes)
      : undefined,
  ),
  VERIFY_SIG_SECP256K1: ternary('verify_sig_secp256k1', (digest, key, signature) =>
    isBytes(digest, 32) && isBytes(key, 64) && isBytes(signature, 64)
      ? verifySecp256k1(digest.bytes, key.bytes, signature.bytes)
      : undefined,
  ),
  ECRECOVER_SECP256K1: binary('ecrecover_secp256k1', (digest, signature) => {
    if (!isBytes(digest, 32) || !isBytes(signature, 65)) return undefined;
    const address = recover(digest.bytes, signature.bytes);
    return address ? some(blob('bytes', address)) : none;
  }),
  ECVERIFY_SECP256K1: ternary('ecverify_secp256k1', (digest, address, signature) => {
    if (!isBytes(digest, 32) || !isBytes(address, 20) || !isBytes(signature, 65)) return undefined;
    const signer = recover(digest.bytes, signature.bytes);
    return signer !== undefined && equalBytes(signer, address.bytes);
  }),
  POSEIDON: since(
    fate3,
    'poseidon',
    binary('poseidon', (a, b) => (isFieldElement(a) && isFieldElement(b) ? poseidonHash(a, b) : undefined)),
  ),
};
