import { generateKeyPairSync, sign } from 'node:crypto';
import { Point, verifyAsync } from '@noble/ed25519';
import { sha512 } from '@noble/hashes/sha2.js';
import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { immediate, native, portable, signerFromSeed, verify } from '../../src/engine/crypto.ts';
import { concatBytes, fromHex, toHex } from '../../src/protocol/bytes.ts';

const implementations = { immediate: immediate!, native, portable };
const { n: order, p: prime } = Point.CURVE();

/** The eight points whose order divides the cofactor. */
const torsionPoints = [
  '0100000000000000000000000000000000000000000000000000000000000000',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  '0000000000000000000000000000000000000000000000000000000000000080',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
  '0000000000000000000000000000000000000000000000000000000000000000',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
];

/** RFC 8032, 7.1: tests 1, 2, 3 and SHA(abc). */
const rfc8032 = [
  {
    seed: '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    key: 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    message: '',
    signature:
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  },
  {
    seed: '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    key: '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    message: '72',
    signature:
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  },
  {
    seed: 'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
    key: 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    message: 'af82',
    signature:
      '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  },
  {
    seed: '833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42',
    key: 'ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf',
    message:
      'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
    signature:
      'dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704',
  },
];

const littleEndian = (value: bigint) => fromHex(value.toString(16).padStart(64, '0')).reverse();
const number = (bytes: Uint8Array) => BigInt(`0x${toHex(bytes.slice().reverse())}`);

describe.each(Object.entries(implementations))('Ed25519, %s', (_, ed) => {
  test.each(rfc8032)('signs and verifies as RFC 8032: $key', async ({ seed, key, message, signature }) => {
    const signer = await ed.signer(fromHex(seed));
    expect(toHex(signer.publicKey)).toBe(key);
    expect(toHex(await signer.sign(fromHex(message)))).toBe(signature);
    expect(await ed.verify(fromHex(key), fromHex(message), fromHex(signature))).toBe(true);
  });

  test('is false for one changed bit anywhere', async () => {
    const { key, message, signature } = rfc8032[2]!;
    for (const [part, size] of [
      ['key', 32],
      ['message', 2],
      ['signature', 64],
    ] as const) {
      for (let bit = 0; bit < size * 8; bit += 7) {
        const parts = { key: fromHex(key), message: fromHex(message), signature: fromHex(signature) };
        parts[part][bit >> 3]! ^= 1 << (bit & 7);
        expect(await ed.verify(parts.key, parts.message, parts.signature), `${part} bit ${bit}`).toBe(false);
      }
    }
  });

  test('is false, and does not throw, for wrong sizes', async () => {
    const { key, message, signature } = rfc8032[1]!;
    for (const size of [0, 31, 33, 64])
      expect(await ed.verify(new Uint8Array(size), fromHex(message), fromHex(signature))).toBe(false);
    for (const size of [0, 32, 63, 65])
      expect(await ed.verify(fromHex(key), fromHex(message), new Uint8Array(size))).toBe(false);
  });

  test('refuses s + order, which is the same signature once more', async () => {
    const { key, message, signature } = rfc8032[1]!;
    const bytes = fromHex(signature);
    const s = number(bytes.subarray(32)) + order;
    const other = concatBytes(bytes.subarray(0, 32), littleEndian(s));
    expect(await ed.verify(fromHex(key), fromHex(message), other)).toBe(false);
  });

  test('refuses keys and nonces of small order, in canonical and other encodings', async () => {
    const small = torsionPoints.map((hex) => fromHex(hex));
    const encodings = [
      ...small,
      ...small.map((bytes) => bytes.map((byte, index) => (index === 31 ? byte ^ 0x80 : byte))),
      littleEndian(prime),
      littleEndian(prime + 1n),
      littleEndian(2n ** 256n - 1n),
    ];
    for (const key of encodings) {
      // Such a key verifies R = sB for every message in careless implementations.
      for (const signature of [
        concatBytes(key, new Uint8Array(32)),
        concatBytes(Point.BASE.toBytes(), littleEndian(1n)),
      ])
        expect(await ed.verify(key, Uint8Array.of(1), signature), toHex(key)).toBe(false);
    }
    const { key } = rfc8032[0]!;
    for (const r of encodings)
      expect(await ed.verify(fromHex(key), Uint8Array.of(1), concatBytes(r, new Uint8Array(32)))).toBe(false);
  });

  test('refuses signatures that hold only after multiplication by the cofactor', async () => {
    const torsion = Point.fromHex(torsionPoints[1]!);
    const secret = 12345678901234567890n;
    const message = Uint8Array.of(9, 9);
    const key = Point.BASE.multiply(secret);
    // A nonce with a torsion part: 8R is right, R is not.
    const r = Point.BASE.multiply(777n).add(torsion).toBytes();
    const k = number(sha512(concatBytes(r, key.toBytes(), message))) % order;
    const s = (777n + k * secret) % order;
    const signature = concatBytes(r, littleEndian(s));
    expect(await verifyAsync(signature, message, key.toBytes(), { zip215: true })).toBe(true);
    expect(await ed.verify(key.toBytes(), message, signature)).toBe(false);
  });

  test('refuses a seed of another size', async () => {
    await expect(ed.signer(new Uint8Array(31))).rejects.toThrow(
      'An Ed25519 seed has 32 bytes; this one has 31.',
    );
    await expect(ed.signer(new Uint8Array(64))).rejects.toThrow(RangeError);
  });
});

describe('Ed25519', () => {
  test('both implementations agree, on keys with a torsion part too', async () => {
    const torsion = torsionPoints.map((hex) => Point.fromHex(hex));
    await fc.assert(
      fc.asyncProperty(
        fc.bigInt(1n, order - 1n),
        fc.bigInt(1n, order - 1n),
        fc.uint8Array({ maxLength: 64 }),
        fc.nat(7),
        fc.nat(7),
        async (secret, nonce, message, inKey, inNonce) => {
          const key = Point.BASE.multiply(secret).add(torsion[inKey]!).toBytes();
          const r = Point.BASE.multiply(nonce).add(torsion[inNonce]!).toBytes();
          const k = number(sha512(concatBytes(r, key, message))) % order;
          const signature = concatBytes(r, littleEndian((nonce + k * secret) % order));
          const answers = [
            await native.verify(key, message, signature),
            await portable.verify(key, message, signature),
            await immediate!.verify(key, message, signature),
          ];
          expect(new Set(answers).size).toBe(1);
          if (inKey === 0 && inNonce === 0) expect(answers[0]).toBe(true);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('all make the same signatures', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.uint8Array({ maxLength: 300 }),
        async (seed, message) => {
          const made = await Promise.all(
            Object.values(implementations).map(async (ed) => {
              const signer = await ed.signer(seed);
              return toHex(signer.publicKey) + toHex(await signer.sign(message));
            }),
          );
          expect(new Set(made).size).toBe(1);
        },
      ),
      { numRuns: 20 },
    );
  });

  test('the seed may be wiped once the signer is made', async () => {
    for (const ed of Object.values(implementations)) {
      const { seed, message, signature } = rfc8032[3]!;
      const bytes = fromHex(seed);
      const signer = await ed.signer(bytes);
      bytes.fill(0);
      expect(toHex(await signer.sign(fromHex(message)))).toBe(signature);
    }
  });

  test('verifies for more peers than keys are kept for', async () => {
    const message = Uint8Array.of(1);
    const signed = Array.from({ length: 300 }, () => {
      const { publicKey, privateKey } = generateKeyPairSync('ed25519');
      const key = Buffer.from(publicKey.export({ format: 'jwk' }).x!, 'base64url');
      return { key: new Uint8Array(key), signature: new Uint8Array(sign(null, message, privateKey)) };
    });
    for (const round of [1, 2])
      for (const { key, signature } of signed)
        expect(await verify(key, message, signature), `${round}`).toBe(true);
  });
});

describe('the choice', () => {
  afterEach(() => {
    vi.restoreAllMocks();
    vi.unstubAllGlobals();
    vi.resetModules();
  });

  /** As in a browser, which has none of Node's functions. */
  const inBrowser = () => vi.stubGlobal('process', undefined);

  test('is Node’s own here: no way to another thread and back', async () => {
    const importKey = vi.spyOn(crypto.subtle, 'importKey');
    const signer = await signerFromSeed(new Uint8Array(32).fill(5));
    expect(await verify(signer.publicKey, Uint8Array.of(1), await signer.sign(Uint8Array.of(1)))).toBe(true);
    expect(importKey).not.toHaveBeenCalled();
  });

  test('is WebCrypto in a browser: the key cannot be taken out', async () => {
    inBrowser();
    const importKey = vi.spyOn(crypto.subtle, 'importKey');
    vi.resetModules();
    const fresh = await import('../../src/engine/crypto.ts');
    await fresh.signerFromSeed(new Uint8Array(32).fill(5));
    const secretImports = importKey.mock.calls.filter(([format]) => format === 'pkcs8');
    expect(secretImports.length).toBeGreaterThan(0);
    for (const call of secretImports) expect(call[3]).toBe(false);
  });

  test('is JavaScript where WebCrypto knows no Ed25519', async () => {
    inBrowser();
    vi.spyOn(crypto.subtle, 'importKey').mockRejectedValue(
      new DOMException('Unrecognized name', 'NotSupportedError'),
    );
    vi.resetModules();
    const fresh = await import('../../src/engine/crypto.ts');
    const { seed, key, message, signature } = rfc8032[2]!;
    const signer = await fresh.signerFromSeed(fromHex(seed));
    expect(toHex(await signer.sign(fromHex(message)))).toBe(signature);
    expect(await fresh.verify(fromHex(key), fromHex(message), fromHex(signature))).toBe(true);
    expect(await fresh.verify(fromHex(key), fromHex(''), fromHex(signature))).toBe(false);
  });

  test('signs for the account that the seed has', async () => {
    const signer = await signerFromSeed(fromHex(rfc8032[0]!.seed));
    expect(toHex(signer.publicKey)).toBe(rfc8032[0]!.key);
  });
});
