/** Forcing a round on chain by a contract call (`channel_force_progress`): what one party builds without the other. */
import { equalBytes, toHex } from '../bytes.ts';
import { GAS_PRICE_MIN, type Unpriced } from '../chain/fee.ts';
import { parseSignedTx } from '../chain/signed.ts';
import { parseTx, TxError } from '../chain/tx.ts';
import { type EntryOf, serializeEntry } from '../state/entries.ts';
import { serializeTrees, stateHash, type Trees } from '../state/trees.ts';
import { applyContractEntry, type CallObject, pruneCalls, type UpdateEnv } from '../vm/index.ts';

export interface ProgressRequest {
  /** 32 bytes */
  channelId: Uint8Array;
  /** who posts and pays fee and gas: the caller, or, while the channel is closing, the caller's delegate */
  from: Uint8Array;
  /** The state to go on from. */
  base: {
    /** signed ChannelOffChainTx of the latest co-signed state; empty where the chain has that state already */
    payload: Uint8Array;
    round: bigint;
    /** all of the state, with the call objects of its own round */
    trees: Trees;
  };
  update: EntryOf<'call'>;
  /** The chain as the block will be that the call runs in; a contract that looks at time or height may differ then. */
  env: Omit<UpdateEnv, 'round'>;
  /** absolute height, 0 for none */
  ttl: bigint;
  nonce: bigint;
}

export type ForcedRound =
  | {
      status: 'ready';
      /** its fee is still to be set: `minFee` */
      tx: Extract<Unpriced, { type: 'ChannelForceProgressTx' }>;
      /** the state after it, of the round that it makes */
      trees: Trees;
      call: CallObject;
      /** Of the contract call; the chain takes a failed one too, and the gas for it. */
      outcome: 'ok' | 'error' | 'revert';
      /** Aetto that the account needs besides the fee: the chain wants the whole gas limit to be there. */
      mostGasCost: bigint;
    }
  /** the chain would not take it; `reason` is for people */
  | { status: 'refused'; reason: string };

/**
 * The transaction that makes the next round of the channel by this call. It names the state hash that the chain has to
 * come to: with another one the chain takes fee and gas and leaves the channel as it is.
 */
export function forceProgress(request: ProgressRequest): ForcedRound {
  const { channelId, from, base, update, env, ttl, nonce } = request;
  const problem = payloadProblem(request) ?? gasProblem(update);
  if (problem) return { status: 'refused', reason: problem };
  const round = base.round + 1n;
  const applied = applyContractEntry(pruneCalls(base.trees), update, { ...env, round });
  if (applied.status === 'refused') return applied;
  return {
    status: 'ready',
    tx: {
      type: 'ChannelForceProgressTx',
      channelId,
      fromId: from,
      payload: base.payload,
      round,
      update: serializeEntry(update),
      stateHash: stateHash(applied.trees),
      offChainTrees: serializeTrees(base.trees),
      ttl,
      nonce,
    },
    trees: applied.trees,
    call: applied.call,
    outcome: applied.outcome,
    mostGasCost: update.gas * update.gasPrice,
  };
}

function gasProblem({ gasPrice }: EntryOf<'call'>): string | undefined {
  if (gasPrice >= GAS_PRICE_MIN) return undefined;
  return `the call pays ${gasPrice} aetto for a unit of gas, the chain takes ${GAS_PRICE_MIN} or more: it cannot be forced`;
}

/** The payload has to be of this channel and of just this state. */
function payloadProblem({ channelId, base }: ProgressRequest): string | undefined {
  if (base.payload.length === 0) return undefined;
  try {
    const tx = parseTx(parseSignedTx(base.payload).tx);
    if (tx.type !== 'ChannelOffChainTx') return `the payload is a ${tx.type}, not a ChannelOffChainTx`;
    if (!equalBytes(tx.channelId, channelId)) return `the payload is of channel ${toHex(tx.channelId)}`;
    if (tx.round !== base.round) return `the payload is of round ${tx.round}, not ${base.round}`;
    const hash = stateHash(base.trees);
    if (equalBytes(tx.stateHash, hash)) return undefined;
    return `the payload is of the state ${toHex(tx.stateHash)}, the given one has ${toHex(hash)}`;
  } catch (error) {
    if (error instanceof TxError) return `the payload cannot be read: ${error.message}`;
    throw error;
  }
}
