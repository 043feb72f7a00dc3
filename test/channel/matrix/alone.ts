/** Transactions that one side makes alone, kept instead of posted: what a cheater has ready, or a case needs later. */
import { expect } from 'vitest';
import { minFee, type Unpriced } from '../../../src/protocol/chain/fee.ts';
import { signedTx, signingBytes, txHash } from '../../../src/protocol/chain/signed.ts';
import { serializeTx, type Tx } from '../../../src/protocol/chain/tx.ts';
import { payloadOf } from '../../../src/protocol/channel/dispute.ts';
import { type CoSigned, type Event, finalId, step } from '../../../src/protocol/channel/index.ts';
import { networkId, signs } from '../world.ts';
import type { ChainParty } from './chain-world.ts';

/** What a party would post now for this wish; nothing comes of it here. */
export function madeBy(party: ChainParty, event: Event): Uint8Array {
  const run = step(party.channel!, event, party.env);
  let turn = run.next();
  while (!turn.done) turn = run.next(party.answer(turn.value));
  expect(turn.value.refused).toBeUndefined();
  return turn.value.channel.solo!.signedTx;
}

/** A snapshot of this state, signed by this party. */
export function snapshotOf(party: ChainParty, state: CoSigned, nonce = party.reserve()): Uint8Array {
  const channel = party.channel!;
  const unpriced: Unpriced = {
    type: 'ChannelSnapshotSoloTx',
    channelId: finalId(channel),
    fromId: party.keys.publicKey,
    payload: payloadOf(channel, state),
    ttl: 0n,
    nonce,
  };
  const bytes = serializeTx({ ...unpriced, fee: minFee(unpriced) } as Tx);
  return signedTx(bytes, [signs(party.keys, signingBytes(networkId, txHash(bytes)))]);
}
