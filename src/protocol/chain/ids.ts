/** Ids that both sides compute before the chain knows them. */
import { bigintToBytes, bigintToFixedBytes, concatBytes } from '../bytes.ts';
import { blake2b256 } from './signed.ts';

/** channel_id = Hash(initiator, nonce of its channel_create as 32 bytes, responder) (PROTOCOL 3). */
export const channelId = (initiator: Uint8Array, nonce: bigint, responder: Uint8Array): Uint8Array =>
  blake2b256(concatBytes(initiator, bigintToFixedBytes(nonce, 32), responder));

/** Public key of a contract made off chain: Hash(owner, round of its creation in the fewest bytes). */
export const offChainContractId = (owner: Uint8Array, round: bigint): Uint8Array =>
  blake2b256(concatBytes(owner, bigintToBytes(round)));
