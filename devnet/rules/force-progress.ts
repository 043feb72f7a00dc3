/** What one party forces alone: the next round of the channel by a contract call that the chain itself runs. */
import { equalBytes } from '../../src/protocol/bytes.ts';
import type { TxOf } from '../../src/protocol/chain/tx.ts';
import type { EntryOf } from '../../src/protocol/state/entries.ts';
import { StateError } from '../../src/protocol/state/error.ts';
import { balanceOf, stateHash, type Trees } from '../../src/protocol/state/trees.ts';
import {
  applyContractEntry,
  type Contract,
  nothingOnChain,
  parseContract,
  pruneCalls,
  type UpdateEnv,
} from '../../src/protocol/vm/index.ts';
import type { Transaction } from '../transaction.ts';
import { payFee, requireFunds } from './account.ts';
import type { Environment } from './index.ts';
import { channelOf } from './joint.ts';
import { checkPayload, readPayload, requireNewerThan, requirePeer } from './payload.ts';
import { Refusal, require } from './refusal.ts';
import type { Channel, Overlay } from './state.ts';

/** VM versions whose contracts may be called: FATE 1 to 3. */
const callableVms = [5n, 7n, 8n];

/**
 * Runs the call and charges its gas. The channel follows only where the outcome has the hash that the transaction
 * names, and, while closing, where the parties' balances are not more than the channel has; else nothing but fee and
 * gas is taken.
 */
export function forceProgress(
  state: Overlay,
  { hash, progress }: Transaction,
  tx: TxOf<'ChannelForceProgressTx'>,
  env: Environment,
): void {
  const { update, trees } = progress!;
  const channel = channelOf(state, tx.channelId);
  const payload = readPayload(tx.payload);
  if (payload) checkPayload(channel, payload, tx.fromId, 'forces', env.networkId);
  const call = checkProgress(channel, payload?.tx ?? channel, tx, update, trees);
  requireFunds(state, tx.fromId, tx.fee + call.gas * call.gasPrice);
  const applied = applyContractEntry(pruneCalls(trees), call, updateEnv(state, channel, tx.round, env));
  require(applied.status === 'applied', 'crash: off_chain_update_error');
  payFee(state, tx.fromId, tx.fee + applied.call.gasUsed * call.gasPrice, tx.nonce);
  // The receipt has the transaction's hash in place of the contract, which the chain does not know.
  state.putCall(hash, { ...applied.call, contract: hash });
  if (!equalBytes(stateHash(applied.trees), tx.stateHash)) return;
  const initiatorAmount = balanceOf(applied.trees, channel.initiator);
  const responderAmount = balanceOf(applied.trees, channel.responder);
  require(initiatorAmount !== undefined && responderAmount !== undefined, 'crash: badmatch none');
  const closing = channel.lockedUntil !== 0n;
  if (closing && initiatorAmount + responderAmount > channel.channelAmount) return;
  const replaces = payload !== undefined && env.height >= env.soloRoundResetHeight;
  state.putChannel({
    ...channel,
    initiatorAmount,
    responderAmount,
    stateHash: tx.stateHash,
    round: tx.round,
    soloRound: replaces || channel.soloRound === 0n ? tx.round : channel.soloRound,
    lockedUntil: closing ? BigInt(env.height) + channel.lockPeriod : 0n,
  });
}

/** The update is a call of the next round by who may force it, on the state that the trees are. */
function checkProgress(
  channel: Channel,
  base: { round: bigint; stateHash: Uint8Array },
  tx: TxOf<'ChannelForceProgressTx'>,
  update: NonNullable<Transaction['progress']>['update'],
  trees: Trees,
): EntryOf<'call'> {
  require(update.type === 'call', 'update_not_call');
  requireNewerThan(channel.round, tx.round);
  requireForcer(channel, update.caller, tx.fromId);
  require(base.round === tx.round - 1n, 'wrong_round');
  require(equalBytes(base.stateHash, stateHash(trees)), 'invalid_poi_hash');
  const bytes = trees.contracts.get(update.contract);
  require(bytes !== undefined, 'contract_missing');
  const { ctVersion } = contractOf(bytes);
  require((ctVersion & 0xffffn) === update.abiVersion, 'wrong_abi_version');
  require(callableVms.includes(ctVersion >> 16n), 'unknown_vm_version');
  return update;
}

function contractOf(bytes: Uint8Array): Contract {
  try {
    return parseContract(bytes);
  } catch (error) {
    if (error instanceof StateError) throw new Refusal('crash: contract_deserialization');
    throw error;
  }
}

/** A party for itself; while the channel is closing also the delegate of the party that calls. */
function requireForcer(channel: Channel, caller: Uint8Array, from: Uint8Array): void {
  if (equalBytes(caller, from)) return requirePeer(channel, from);
  require(channel.lockedUntil !== 0n, 'channel_not_closing');
  const delegates = equalBytes(caller, channel.initiator)
    ? channel.initiatorDelegates
    : equalBytes(caller, channel.responder)
      ? channel.responderDelegates
      : [];
  require(delegates.some((key) => equalBytes(key, from)), 'not_caller_or_delegate');
}

/** A call that is forced runs as an off-chain one, in the block that it is in. */
function updateEnv(state: Overlay, channel: Channel, round: bigint, env: Environment): UpdateEnv {
  const { height, time, beneficiary, difficulty, networkId, blockHash } = env;
  return {
    round,
    reserve: channel.channelReserve,
    height: BigInt(height),
    time: BigInt(time),
    beneficiary,
    difficulty,
    networkId,
    blockHash,
    onChain: { ...nothingOnChain, balance: (pubkey) => state.account(pubkey)?.balance },
  };
}
