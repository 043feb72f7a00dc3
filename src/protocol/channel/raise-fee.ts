/**
 * Raising the fee of an own transaction that waits for a block: the same again, under the same nonce, for at least twice
 * the fee, so that a miner prefers it (PROTOCOL 1: one nonce, one effect). Only what one side signs alone can be changed
 * so: the fee of a transaction that both signed is part of what both signed.
 */
import { parseSignedTx, signedTx, signingBytes, txHash } from '../chain/signed.ts';
import { parseTx, serializeTx, type Tx } from '../chain/tx.ts';
import { account, sign } from './ask.ts';
import { hold, replacing } from './held.ts';
import { bothSigned } from './move.ts';
import { change, ownKey, persist, refused, transition } from './record.ts';
import type { Channel, Env, EventOf, Rule, Solo } from './types.ts';
import { inAe } from './units.ts';

/** The own solo transaction, while no block has it. */
export function waitingSolo({ solo, phase }: Channel): Solo | null {
  if (!solo || phase === 'closed' || phase === 'aborted') return null;
  return solo.confirmations === null || solo.confirmations < 0 ? solo : null;
}

/** The least fee that replaces it, in aetto: twice the highest that was signed for its nonce. */
export function raisedFee(channel: Channel, solo: Solo): bigint {
  const held = channel.held.find(({ nonce }) => nonce === solo.nonce);
  return replacing(held ?? solo, 2n * solo.fee);
}

/** Whether a transaction that both signed waits for a block. */
function waitsJointly({ phase, funding, move, closing }: Channel): boolean {
  const joint =
    phase === 'confirming' || phase === 'locking'
      ? funding
      : phase === 'closing_confirming'
        ? closing
        : move && bothSigned(move)
          ? move
          : null;
  return joint !== null && (joint.confirmations === null || joint.confirmations < 0);
}

/** The person pays more. Durable before it is posted, so that a restart follows the one with the higher fee. */
export function* onRaiseFee(channel: Channel, env: Env, { fee }: EventOf<'raise_fee'>): Rule {
  const solo = waitingSolo(channel);
  if (!solo)
    return refused(
      channel,
      waitsJointly(channel)
        ? 'Both sides have signed this transaction with its fee: neither can change it alone.'
        : 'No transaction of yours waits for a block in this channel, so there is no fee to raise.',
    );
  const least = raisedFee(channel, solo);
  if (fee < least)
    return refused(
      channel,
      `A fee of ${inAe(fee)} AE does not replace the waiting transaction: give at least ${inAe(least)} AE.`,
    );
  const own = yield* account(ownKey(channel));
  if (!own)
    return refused(
      channel,
      'The node cannot be asked now, so nothing was changed. Try again once it answers.',
    );
  if (own.nonce >= solo.nonce)
    return refused(channel, 'A block has this transaction already: its fee is paid.');
  if (own.balance < fee)
    return refused(channel, `Your account holds ${inAe(own.balance)} AE; the new fee is ${inAe(fee)} AE.`);
  const tx = serializeTx({ ...parseTx(parseSignedTx(solo.signedTx).tx), fee } as Tx);
  const signature = yield* sign(signingBytes(channel.networkId, txHash(tx)));
  const raised: Solo = { ...solo, signedTx: signedTx(tx, [signature]), fee, confirmations: null, missing: 0 };
  const note = `You raised the network fee of this transaction from ${inAe(solo.fee)} to ${inAe(fee)} AE.`;
  return transition(
    change(channel, env, { solo: raised, held: hold(channel.held, solo.nonce, fee) }),
    persist([{ kind: 'chain', note, txHash: txHash(raised.signedTx), number: solo.round - 1n }]),
    { type: 'broadcast', what: 'solo', signedTx: raised.signedTx },
  );
}
