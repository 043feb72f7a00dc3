/**
 * A secret under a password: AES-256-GCM under scrypt. The parameters travel in the record, so that they can be raised
 * later without losing what was stored before.
 */
import { scryptAsync } from '@noble/hashes/scrypt.js';
import { sha256 } from '@noble/hashes/sha2.js';
import * as v from 'valibot';
import type { Random } from '../../engine/ports.ts';
import { concatBytes, equalBytes } from '../../protocol/bytes.ts';
import { VaultError } from './error.ts';

const Bytes = v.custom<Uint8Array>((value) => value instanceof Uint8Array);
const Sealed = v.object({
  version: v.literal(1),
  kdf: v.object({
    name: v.literal('scrypt'),
    N: v.pipe(v.number(), v.integer(), v.minValue(2 ** 14), v.maxValue(2 ** 20)),
    r: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(32)),
    p: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(16)),
    salt: Bytes,
  }),
  iv: Bytes,
  data: Bytes,
  /** Of all the rest: tells a damaged record from a wrong password. No secret goes into it. */
  checksum: Bytes,
});
export type Sealed = v.InferOutput<typeof Sealed>;

/** 128 MiB and about half a second: what the record's makers choose now. */
const parameters = { N: 2 ** 17, r: 8, p: 1 };

function checksumOf({ kdf, iv, data }: Omit<Sealed, 'checksum'>): Uint8Array {
  const { name, N, r, p, salt } = kdf;
  const head = new TextEncoder().encode(`${name} ${N} ${r} ${p} ${salt.length} ${iv.length};`);
  return sha256(concatBytes(head, salt, iv, data)).subarray(0, 8);
}

async function keyOf(password: string, kdf: Sealed['kdf']): Promise<CryptoKey> {
  const bytes = await scryptAsync(password.normalize('NFKC'), kdf.salt, {
    N: kdf.N,
    r: kdf.r,
    p: kdf.p,
    dkLen: 32,
  });
  const key = await crypto.subtle.importKey('raw', bytes as BufferSource, 'AES-GCM', false, [
    'encrypt',
    'decrypt',
  ]);
  bytes.fill(0);
  return key;
}

export async function seal(secret: Uint8Array, password: string, random: Random): Promise<Sealed> {
  const kdf = { name: 'scrypt' as const, ...parameters, salt: random(32) };
  const iv = random(12);
  const key = await keyOf(password, kdf);
  const encrypted = await crypto.subtle.encrypt(
    { name: 'AES-GCM', iv: iv as BufferSource },
    key,
    secret as BufferSource,
  );
  const record = { version: 1 as const, kdf, iv, data: new Uint8Array(encrypted) };
  return { ...record, checksum: checksumOf(record).slice() };
}

/** @throws VaultError for a wrong password, and another for a record that is damaged */
export async function unseal(record: unknown, password: string): Promise<Uint8Array> {
  const parsed = v.safeParse(Sealed, record);
  if (!parsed.success || !equalBytes(checksumOf(parsed.output), parsed.output.checksum))
    throw new VaultError(
      'The stored wallet is damaged. Import your recovery phrase in a new installation.',
      'damaged',
    );
  const { kdf, iv, data } = parsed.output;
  const key = await keyOf(password, kdf);
  try {
    const secret = await crypto.subtle.decrypt(
      { name: 'AES-GCM', iv: iv as BufferSource },
      key,
      data as BufferSource,
    );
    return new Uint8Array(secret);
  } catch {
    throw new VaultError('Wrong password. Try again.', 'wrong_password');
  }
}
