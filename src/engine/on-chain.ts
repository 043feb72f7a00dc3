/** The node's channel object in the protocol's terms. */
import type { OnChain } from '../protocol/channel/index.ts';
import type { ChainChannel } from './ports.ts';

export const onChainOf = (found: ChainChannel): OnChain => ({
  round: found.round,
  soloRound: found.soloRound,
  stateHash: found.stateHash,
  lockedUntil: found.lockedUntil,
  balances: { initiator: found.initiatorAmount, responder: found.responderAmount },
  total: found.channelAmount,
});
