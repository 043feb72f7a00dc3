/**
 * Ed25519: by WebCrypto where the browser has it (ten times as fast, key not extractable), by Node's own functions in
 * Node.js, else in JavaScript. All accept exactly the same signatures, and none that the chain's nodes refuse: what the
 * wallet takes for co-signed must be enforceable.
 */
import type { KeyObject } from 'node:crypto';
import * as ed from '@noble/ed25519';
import { bigintToFixedBytes, concatBytes, toHex } from '../protocol/bytes.ts';
import type { Signer, Verify } from './ports.ts';

/** One implementation of Ed25519. Its verification gets only keys and signatures that passed `wellFormed`. */
export interface Ed25519 {
  verify: Verify;
  /** @param seed the 32-byte secret of RFC 8032 */
  signer(seed: Uint8Array): Promise<Signer>;
}

/** How many peers' imported keys are kept. */
const keptKeys = 256;

const importedKeys = new Map<string, Promise<CryptoKey>>();

/** WebCrypto's. */
export const native: Ed25519 = {
  async verify(publicKey, bytes, signature) {
    if (!wellFormed(publicKey, signature)) return false;
    try {
      const key = await imported(publicKey);
      return await crypto.subtle.verify('Ed25519', key, exact(signature), exact(bytes));
    } catch {
      return false;
    }
  },
  async signer(seed) {
    const pkcs8 = privateKeyInfo(seed);
    const key = await crypto.subtle.importKey('pkcs8', exact(pkcs8), 'Ed25519', false, ['sign']);
    pkcs8.fill(0);
    return {
      publicKey: await ed.getPublicKeyAsync(seed),
      sign: async (bytes) => new Uint8Array(await crypto.subtle.sign('Ed25519', key, exact(bytes))),
    };
  },
};

/**
 * Node's, at once: its WebCrypto computes in another thread, and the way there and back takes longer than the work
 * (30 us to sign, 80 us to verify). Undefined in a browser, whose bundle must not import it either.
 */
export const immediate: Ed25519 | undefined = nodeEd25519();

function nodeEd25519(): Ed25519 | undefined {
  const node = globalThis.process?.getBuiltinModule?.('node:crypto');
  if (!node) return undefined;
  // RFC 8410: SubjectPublicKeyInfo.
  const spki = Uint8Array.of(0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0);
  const known = new Map<string, KeyObject>();
  const keyOf = (publicKey: Uint8Array): KeyObject => {
    const name = toHex(publicKey);
    let key = known.get(name);
    if (!key) {
      const der = Buffer.from(concatBytes(spki, publicKey));
      key = node.createPublicKey({ key: der, format: 'der', type: 'spki' });
      keep(known, name, key);
    }
    return key;
  };
  return {
    async verify(publicKey, bytes, signature) {
      if (!wellFormed(publicKey, signature)) return false;
      try {
        return node.verify(null, bytes, keyOf(publicKey), signature);
      } catch {
        return false;
      }
    },
    async signer(seed) {
      const pkcs8 = privateKeyInfo(seed);
      const key = node.createPrivateKey({ key: Buffer.from(pkcs8.buffer), format: 'der', type: 'pkcs8' });
      pkcs8.fill(0);
      return {
        publicKey: await ed.getPublicKeyAsync(seed),
        sign: async (bytes) => new Uint8Array(node.sign(null, bytes, key)),
      };
    },
  };
}

/** In JavaScript. */
export const portable: Ed25519 = {
  async verify(publicKey, bytes, signature) {
    if (!wellFormed(publicKey, signature)) return false;
    try {
      const r = signature.subarray(0, 32);
      const a = ed.Point.fromBytes(publicKey, false);
      const k = littleEndian(await sha512(concatBytes(r, publicKey, bytes))) % order;
      const s = littleEndian(signature.subarray(32));
      // RFC 8032 5.1.7, without the cofactor as WebCrypto and the nodes: R must be [s]B - [k]A to the byte.
      const expected = ed.Point.BASE.multiply(s, false).subtract(a.multiply(k, false)).toBytes();
      return expected.every((byte, index) => byte === r[index]);
    } catch {
      return false;
    }
  },
  async signer(seed) {
    checkSeed(seed);
    const secret = seed.slice();
    return {
      publicKey: await ed.getPublicKeyAsync(secret),
      sign: (bytes) => ed.signAsync(bytes, secret),
    };
  },
};

let chosen: Promise<Ed25519> | undefined;

/** The faster one that works here; found out once. */
function best(): Promise<Ed25519> {
  chosen ??= immediate ? Promise.resolve(immediate) : isNative().then((works) => (works ? native : portable));
  return chosen;
}

async function isNative(): Promise<boolean> {
  try {
    const signer = await native.signer(new Uint8Array(32).fill(1));
    const bytes = Uint8Array.of(1, 2, 3);
    return await native.verify(signer.publicKey, bytes, await signer.sign(bytes));
  } catch {
    return false;
  }
}

export const verify: Verify = async (publicKey, bytes, signature) =>
  (await best()).verify(publicKey, bytes, signature);

/**
 * The signer of an account. The seed may be wiped afterwards.
 * @param seed the 32-byte secret of RFC 8032
 * @throws RangeError where the seed has another size
 */
export async function signerFromSeed(seed: Uint8Array): Promise<Signer> {
  return (await best()).signer(seed);
}

// ---- inside

/** Order of the base point. */
const order = ed.Point.CURVE().n;
/** Field prime. */
const prime = ed.Point.CURVE().p;

/** y of the points whose order divides 8 (two of order 8, two of order 4, and those of order 2 and 1). */
const smallOrder = [
  0n,
  1n,
  prime - 1n,
  2707385501144840649318225287225658788936804267575313519463743609750303402022n,
  55188659117513257062467267217118295137698188065244968500265048394206261417927n,
].map((y) => bigintToFixedBytes(y, 32).reverse());

/**
 * What libsodium, which the nodes use, asks before it computes: sizes, s below the order, both points canonical and
 * not of small order. Implementations differ here, so it is decided before either of them.
 */
function wellFormed(publicKey: Uint8Array, signature: Uint8Array): boolean {
  return (
    publicKey.length === 32 &&
    signature.length === 64 &&
    isReduced(signature) &&
    isStrong(publicKey) &&
    isStrong(signature.subarray(0, 32))
  );
}

/** s < order. */
function isReduced(signature: Uint8Array): boolean {
  const top = signature[63]!;
  if (top !== 0x10) return top < 0x10;
  return littleEndian(signature.subarray(32)) < order;
}

/** A canonical y, not that of a point of small order. The top bit is the sign of x. */
const isStrong = (point: Uint8Array): boolean =>
  isBelowPrime(point) && !smallOrder.some((y) => hasY(point, y));

/** 2^255 - 19 has ones in all bits but the lowest byte's. */
function isBelowPrime(point: Uint8Array): boolean {
  if ((point[31]! & 0x7f) !== 0x7f) return true;
  for (let i = 30; i > 0; i--) if (point[i] !== 0xff) return true;
  return point[0]! < 0xed;
}

function hasY(point: Uint8Array, y: Uint8Array): boolean {
  for (let i = 0; i < 31; i++) if (point[i] !== y[i]) return false;
  return (point[31]! & 0x7f) === y[31];
}

function littleEndian(bytes: Uint8Array): bigint {
  let hex = '';
  for (let i = bytes.length - 1; i >= 0; i--) hex += bytes[i]!.toString(16).padStart(2, '0');
  return BigInt(`0x${hex}`);
}

function imported(publicKey: Uint8Array): Promise<CryptoKey> {
  const name = toHex(publicKey);
  const known = importedKeys.get(name);
  if (known) return known;
  const key = crypto.subtle.importKey('raw', exact(publicKey), 'Ed25519', false, ['verify']);
  keep(importedKeys, name, key);
  key.catch(() => importedKeys.delete(name));
  return key;
}

/** In place of the oldest, where there are many. */
function keep<T>(keys: Map<string, T>, name: string, key: T): void {
  keys.set(name, key);
  if (keys.size > keptKeys) keys.delete(keys.keys().next().value!);
}

/** RFC 8410: PrivateKeyInfo of version 0 and OID 1.3.101.112 around the seed. */
function privateKeyInfo(seed: Uint8Array): Uint8Array {
  checkSeed(seed);
  const header = Uint8Array.of(0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20);
  return concatBytes(header, seed);
}

async function sha512(bytes: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-512', exact(bytes)));
}

/** WebCrypto takes no bytes of shared memory; ours never are. */
const exact = (bytes: Uint8Array) => bytes as Uint8Array<ArrayBuffer>;

function checkSeed(seed: Uint8Array): void {
  if (seed.length !== 32) throw new RangeError(`An Ed25519 seed has 32 bytes; this one has ${seed.length}.`);
}
