/** The account's Ed25519 key is the libp2p identity, so who connects is who signs. */
import './with-resolvers.ts';
import { generateKeyPairFromSeed, publicKeyFromRaw } from '@libp2p/crypto/keys';
import type { Ed25519PrivateKey, PeerId } from '@libp2p/interface';
import { peerIdFromPublicKey } from '@libp2p/peer-id';

/** The identity of an account's 32-byte seed. (`privateKeyFromRaw` would read 32 bytes as secp256k1.) */
export async function identityOf(seed: Uint8Array): Promise<Ed25519PrivateKey> {
  if (seed.length !== 32) throw new Error(`The seed has ${seed.length} bytes: an Ed25519 seed has 32`);
  return await generateKeyPairFromSeed('Ed25519', seed);
}

/** The peer id of an account (32-byte Ed25519 public key). */
export function peerIdOf(accountKey: Uint8Array): PeerId {
  if (accountKey.length !== 32)
    throw new Error(`The account's key has ${accountKey.length} bytes: an Ed25519 public key has 32`);
  return peerIdFromPublicKey(publicKeyFromRaw(accountKey));
}

/** The account behind a peer id; throws for a peer id that is not of an Ed25519 key. */
export function accountOf(peerId: PeerId): Uint8Array {
  if (peerId.type !== 'Ed25519')
    throw new Error(`Peer ${peerId.toString()} has a key of type ${peerId.type}: accounts have Ed25519 keys`);
  return Uint8Array.from(peerId.publicKey.raw);
}
