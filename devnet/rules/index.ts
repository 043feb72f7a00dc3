/**
 * The chain's rules at protocol 6 (Ceres): pure functions of a state and a transaction. Checks come in the node's
 * order, so that a transaction with several faults is refused with the node's reason. Source: CHAIN 1, and the
 * golden vectors of channel_lifecycle and random_lifecycle.
 */
import { GAS_PRICE_MIN } from '../../src/protocol/chain/fee.ts';
import type { TxOf } from '../../src/protocol/chain/tx.ts';
import type { Transaction } from '../transaction.ts';
import { bumpNonce, earn, spend } from './account.ts';
import { forceProgress } from './force-progress.ts';
import { closeMutual, create, deposit, setDelegates, withdraw } from './joint.ts';
import { readPayload } from './payload.ts';
import { readProof } from './proof.ts';
import { require } from './refusal.ts';
import { checkSignatures } from './signatures.ts';
import { closeSolo, settle, slash, snapshotSolo } from './solo.ts';
import { type Changes, Overlay, type StateView } from './state.ts';

export interface Environment {
  networkId: string;
  /** Height of the block that the transaction is in. */
  height: number;
  /** Height from which a close or slash with payload resets solo_round (168300 in the node). */
  soloRoundResetHeight: number;
  /** Milliseconds since 1970, of that block. */
  time: number;
  beneficiary: Uint8Array;
  difficulty: bigint;
  /** Hash of the key block at a height; 32 zero bytes where there is none. */
  blockHash(height: bigint): Uint8Array;
}

/** Gas of one micro block. */
export const blockGasLimit = 6_000_000n;
/** Aetto per gas that the consensus wants; miners want a thousand times that. */
const consensusGasPrice = 1_000_000n;
/** How far a waiting transaction's nonce may be ahead of its account's. */
const nonceWindow = 5n;

/** What the mempool looks at before it takes a transaction: not whether it can be applied. Throws Refusal. */
export function checkForPool(state: StateView, transaction: Transaction, env: Environment): void {
  checkProtocol(transaction);
  checkSignatures(state, transaction, env.networkId);
  const account = state.account(transaction.origin);
  require(account === undefined || transaction.nonce > account.nonce, 'nonce_too_low');
  const highest = account === undefined ? 1n : account.nonce + nonceWindow;
  require(transaction.nonce <= highest, 'nonce_too_high');
  checkFee(transaction, consensusGasPrice, 'too_low_fee');
  checkGasPrice(transaction, consensusGasPrice, 'too_low_gas_price');
  checkFee(transaction, GAS_PRICE_MIN, 'too_low_gas_price_for_miner');
  checkGasPrice(transaction, GAS_PRICE_MIN, 'too_low_gas_price_for_miner');
  checkTtl(transaction, env);
}

/** What the transaction changes, or a Refusal. The state itself is left alone. */
export function applyTransaction(state: StateView, transaction: Transaction, env: Environment): Changes {
  checkSignatures(state, transaction, env.networkId);
  checkProtocol(transaction);
  checkFee(transaction, consensusGasPrice, 'too_low_fee');
  checkGasPrice(transaction, consensusGasPrice, 'too_low_gas_price');
  checkTtl(transaction, env);
  const overlay = new Overlay(state);
  run(overlay, transaction, env);
  return overlay;
}

function run(state: Overlay, transaction: Transaction, env: Environment): void {
  const { tx } = transaction;
  switch (tx.type) {
    case 'SpendTx':
      return pay(state, tx);
    case 'ChannelCreateTx':
      return create(state, tx);
    case 'ChannelDepositTx':
      return deposit(state, tx);
    case 'ChannelWithdrawTx':
      return withdraw(state, tx);
    case 'ChannelCloseMutualTx':
      return closeMutual(state, tx);
    case 'ChannelCloseSoloTx':
      return closeSolo(state, tx, env);
    case 'ChannelSlashTx':
      return slash(state, tx, env);
    case 'ChannelSettleTx':
      return settle(state, tx, env);
    case 'ChannelSnapshotSoloTx':
      return snapshotSolo(state, tx, env);
    case 'ChannelForceProgressTx':
      return forceProgress(state, transaction, tx, env);
    case 'ChannelSetDelegatesTx':
      return setDelegates(state, tx, env);
  }
}

function pay(state: Overlay, tx: TxOf<'SpendTx'>): void {
  require(tx.recipientId.kind !== 'name', 'name_does_not_exist');
  bumpNonce(state, tx.senderId, tx.nonce);
  spend(state, tx.senderId, tx.fee + tx.amount);
  earn(state, tx.recipientId.key, tx.amount);
}

/** The parts inside are of a kind and version that the protocol has. */
function checkProtocol({ tx }: Transaction): void {
  if ('payload' in tx && tx.type !== 'SpendTx') readPayload(tx.payload);
  if ('poi' in tx) readProof(tx.poi);
}

function checkFee({ fee, gas }: Transaction, gasPrice: bigint, reason: string): void {
  require(fee >= gas * gasPrice, reason);
}

/** What the call of a forced round pays for its gas. */
function checkGasPrice({ progress }: Transaction, gasPrice: bigint, reason: string): void {
  if (progress?.update.type === 'call') require(progress.update.gasPrice >= gasPrice, reason);
}

function checkTtl({ ttl }: Transaction, { height }: Environment): void {
  require(ttl === 0n || BigInt(height) <= ttl, 'ttl_expired');
}
