/** Who has to sign, and whether exactly they did. */
import { compareBytes, concatBytes, equalBytes } from '../../src/protocol/bytes.ts';
import { signingBytes, txHash } from '../../src/protocol/chain/signed.ts';
import { verify } from '../ed25519.ts';
import { originOf, type Transaction } from '../transaction.ts';
import { Refusal, require } from './refusal.ts';
import type { StateView } from './state.ts';

const refused = 'signature_check_failed';

/** Both parties for what both agree to, else the one who posts it. */
function signersOf(state: StateView, { tx }: Transaction): readonly Uint8Array[] {
  switch (tx.type) {
    case 'ChannelCreateTx':
      return [tx.initiatorId, tx.responderId];
    case 'ChannelDepositTx':
    case 'ChannelWithdrawTx':
    case 'ChannelCloseMutualTx':
    case 'ChannelSetDelegatesTx': {
      const channel = state.channel(tx.channelId);
      if (!channel) throw new Refusal(refused);
      return [channel.initiator, channel.responder];
    }
    default:
      return [originOf(tx)];
  }
}

export function checkSignatures(state: StateView, transaction: Transaction, networkId: string): void {
  requireSigned(transaction.unsigned, transaction.signatures, signersOf(state, transaction), networkId);
}

/**
 * Each signer has signed, nobody else has, and the signatures are sorted. A signature is on network_id and hash, or,
 * the older way, on network_id and the transaction itself.
 */
export function requireSigned(
  unsigned: Uint8Array,
  signatures: readonly Uint8Array[],
  signers: readonly Uint8Array[],
  networkId: string,
): void {
  require(signatures.length === signers.length, refused);
  require(signatures.every((item, i) => i === 0 || compareBytes(signatures[i - 1]!, item) < 0), refused);
  const byHash = signingBytes(networkId, txHash(unsigned));
  const raw = concatBytes(new TextEncoder().encode(networkId), unsigned);
  let left = [...signatures];
  for (const signer of signers) {
    const own =
      left.find((item) => verify(signer, byHash, item)) ?? left.find((item) => verify(signer, raw, item));
    require(own !== undefined, refused);
    left = left.filter((item) => !equalBytes(item, own));
  }
}
