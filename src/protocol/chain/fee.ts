/** The smallest fee the chain takes: gas for the kind and for each byte, times the gas price. */
import { serializeTx, type Tx, type TxType } from './tx.ts';

/** Aetto for a unit of gas: the smallest price that miners take unless they are set otherwise. */
export const GAS_PRICE_MIN = 10n ** 9n;
/** Gas of any transaction but force progress. */
export const BASE_GAS = 15_000n;
/** Gas of force progress; the gas that its call uses is charged besides, at the call's own price. */
export const FORCE_PROGRESS_BASE_GAS = 450_000n;
/** Gas for each byte of the unsigned transaction. */
export const BYTE_GAS = 20n;

/** A transaction whose fee is not known yet; a fee that is there is ignored. */
export type Unpriced = Tx extends infer T
  ? T extends Tx
    ? Omit<T, 'fee'> & { fee?: bigint }
    : never
  : never;

const baseGas = (type: TxType): bigint =>
  type === 'ChannelForceProgressTx' ? FORCE_PROGRESS_BASE_GAS : BASE_GAS;

/** Gas of a transaction with the fee it has. A ChannelOffChainTx goes into no block and takes none. */
export const gasOf = (tx: Tx): bigint =>
  tx.type === 'ChannelOffChainTx' ? 0n : baseGas(tx.type) + BYTE_GAS * BigInt(serializeTx(tx).length);

/**
 * The least fee in aetto that pays for the transaction with this very fee in it.
 * @param gasPrice aetto for a unit of gas
 * @throws TxError where a field does not fit its layout
 */
export function minFee(tx: Unpriced, gasPrice: bigint = GAS_PRICE_MIN): bigint {
  // The fee is part of the size it pays for. Growing from 0 it stops at the least that suffices, after a few steps.
  let fee = 0n;
  for (;;) {
    const needed = gasPrice * gasOf({ ...tx, fee } as Tx);
    if (needed <= fee) return fee;
    fee = needed;
  }
}
