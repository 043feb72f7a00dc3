/** What terms a channel may have: the draft's MUSTs, the chain's own rules, and the responder's MAYs. */

import type { AcceptancePolicy, Balances, Terms } from './types.ts';
import { AmountError, inAe, toUnits } from './units.ts';

/** The balances at sequence_number 0: what each commits, after the push (PROTOCOL 1). */
export const openingBalances = (terms: Terms): Balances => ({
  initiator: terms.initiatorAmount - terms.pushAmount,
  responder: terms.responderAmount + terms.pushAmount,
});

/**
 * Why these terms can make no channel, a sentence; null where they can. Holds for both sides: the chain wants the
 * reserve before the push, the protocol after it too.
 */
export function termsProblem(terms: Terms): string | null {
  try {
    toUnits(terms.initiatorAmount, 'initiator_amount');
    toUnits(terms.responderAmount, 'responder_amount');
    toUnits(terms.pushAmount, 'push_amount');
    toUnits(terms.channelReserve, 'channel_reserve');
  } catch (error) {
    if (error instanceof AmountError) return error.message;
    throw error;
  }
  if (!Number.isInteger(terms.lockPeriod) || terms.lockPeriod < 1 || terms.lockPeriod > 65535)
    return `lock_period is ${terms.lockPeriod} blocks: give 1 to 65535`;
  if (terms.pushAmount > terms.initiatorAmount)
    return `push_amount ${terms.pushAmount} is more than initiator_amount ${terms.initiatorAmount}`;
  if (terms.initiatorAmount < terms.channelReserve)
    return `initiator_amount ${terms.initiatorAmount} is less than channel_reserve ${terms.channelReserve}`;
  if (terms.responderAmount < terms.channelReserve)
    return `responder_amount ${terms.responderAmount} is less than channel_reserve ${terms.channelReserve}`;
  if (terms.initiatorAmount - terms.pushAmount < terms.channelReserve)
    return `after push_amount ${terms.pushAmount} the initiator keeps less than channel_reserve ${terms.channelReserve}`;
  return null;
}

/** Why a responder with this policy refuses the terms, a sentence; null where it does not (seed: channel_open, MAY). */
export function policyProblem(terms: Terms, policy: AcceptancePolicy): string | null {
  if (terms.lockPeriod < policy.minLockPeriod)
    return `lock_period ${terms.lockPeriod} is too small: at least ${policy.minLockPeriod} blocks`;
  if (terms.lockPeriod > policy.maxLockPeriod)
    return `lock_period ${terms.lockPeriod} is too large: at most ${policy.maxLockPeriod} blocks`;
  if (terms.pushAmount < policy.minPushAmount)
    return `push_amount ${inAe(terms.pushAmount)} AE is too small: at least ${inAe(policy.minPushAmount)} AE`;
  if (terms.channelReserve < policy.minChannelReserve)
    return `channel_reserve ${inAe(terms.channelReserve)} AE is too small: at least ${inAe(policy.minChannelReserve)} AE`;
  if (terms.channelReserve > policy.maxChannelReserve)
    return `channel_reserve ${inAe(terms.channelReserve)} AE is too large: at most ${inAe(policy.maxChannelReserve)} AE`;
  if (terms.initiatorAmount < policy.minInitiatorAmount)
    return `initiator_amount ${inAe(terms.initiatorAmount)} AE is too small: at least ${inAe(policy.minInitiatorAmount)} AE`;
  if (terms.responderAmount > policy.maxResponderAmount)
    return `responder_amount ${inAe(terms.responderAmount)} AE is too large: at most ${inAe(policy.maxResponderAmount)} AE`;
  return null;
}
