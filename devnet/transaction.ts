/** A signed transaction with what mempool and miner ask of it. */
import { encode } from '../src/protocol/chain/address.ts';
import { gasOf, minFee } from '../src/protocol/chain/fee.ts';
import { readHead } from '../src/protocol/chain/layout.ts';
import { parseSignedTx, signedTx, signingBytes, txHash } from '../src/protocol/chain/signed.ts';
import { parseTx, serializeTx, type Tx, TxError, type TxOf } from '../src/protocol/chain/tx.ts';
import { type Entry, EntryError, parseEntry } from '../src/protocol/state/entries.ts';
import { StateError } from '../src/protocol/state/error.ts';
import { parseTrees, type Trees } from '../src/protocol/state/trees.ts';
import type { KeyPair } from './ed25519.ts';
import { Refusal } from './rules/refusal.ts';

/** What a block can hold: not the off-chain transaction. */
export type ChainTx = Exclude<Tx, { type: 'ChannelOffChainTx' }>;

export interface Transaction {
  /** Serialized, with its signatures. */
  readonly bytes: Uint8Array;
  readonly hash: Uint8Array;
  /** `th_...` */
  readonly id: string;
  readonly signatures: readonly Uint8Array[];
  /** Serialized, without signatures. */
  readonly unsigned: Uint8Array;
  readonly tx: ChainTx;
  readonly type: ChainTx['type'];
  /** The account whose nonce it uses. */
  readonly origin: Uint8Array;
  readonly nonce: bigint;
  /** In aetto. */
  readonly fee: bigint;
  /** The last height at which it may be mined; 0: any. */
  readonly ttl: bigint;
  /** What the fee pays for. */
  readonly gas: bigint;
  /** What it takes of a block: its gas and that which a forced call may use. */
  readonly gasLimit: bigint;
  /** Of a force progress: its update and the state before it. */
  readonly progress?: { update: Entry; trees: Trees };
}

/** Bytes that are no signed transaction which a block can hold. */
export class BrokenTransaction extends Error {
  override name = 'BrokenTransaction';
}

/** @throws BrokenTransaction, or Refusal for a form that the chain takes no more */
export function decodeTransaction(bytes: Uint8Array): Transaction {
  try {
    const { signatures, tx: unsigned } = parseSignedTx(bytes);
    refuseOldForm(unsigned);
    const tx = parseTx(unsigned);
    if (tx.type === 'ChannelOffChainTx')
      throw new BrokenTransaction('an off-chain transaction goes into no block');
    return transactionOf(bytes, signatures, unsigned, tx);
  } catch (error) {
    if (error instanceof TxError || error instanceof EntryError || error instanceof StateError)
      throw new BrokenTransaction(error.message);
    throw error;
  }
}

/** channel_create of version 1 ended with the protocol before Iris. */
function refuseOldForm(unsigned: Uint8Array): void {
  const { tag, version } = readHead(unsigned, 'transaction', (message) => new TxError(message));
  if (tag === 50n && version === 1n) throw new Refusal('invalid_at_protocol');
}

function transactionOf(
  bytes: Uint8Array,
  signatures: readonly Uint8Array[],
  unsigned: Uint8Array,
  tx: ChainTx,
): Transaction {
  const hash = txHash(bytes);
  const { type, nonce, fee, ttl } = tx;
  const id = encode('th', hash);
  const gas = gasOf(tx);
  const progress =
    tx.type === 'ChannelForceProgressTx'
      ? { update: parseEntry(tx.update), trees: parseTrees(tx.offChainTrees) }
      : undefined;
  const callGas = progress?.update.type === 'call' ? progress.update.gas : 0n;
  return {
    bytes,
    hash,
    id,
    signatures,
    unsigned,
    tx,
    type,
    origin: originOf(tx),
    nonce,
    fee,
    ttl,
    gas,
    gasLimit: gas + callGas,
    ...(progress && { progress }),
  };
}

export function originOf(tx: ChainTx): Uint8Array {
  switch (tx.type) {
    case 'SpendTx':
      return tx.senderId;
    case 'ChannelCreateTx':
      return tx.initiatorId;
    case 'ChannelWithdrawTx':
      return tx.toId;
    default:
      return tx.fromId;
  }
}

/** A spend with the least fee that is mined. */
export function signedSpend(of: {
  from: KeyPair;
  to: Uint8Array;
  /** In aetto. */
  amount: bigint;
  nonce: bigint;
  networkId: string;
}): Transaction {
  const unpriced = {
    type: 'SpendTx',
    senderId: of.from.publicKey,
    recipientId: { kind: 'account', key: of.to },
    amount: of.amount,
    ttl: 0n,
    nonce: of.nonce,
    payload: new Uint8Array(),
  } as const;
  const tx: TxOf<'SpendTx'> = { ...unpriced, fee: minFee(unpriced) };
  const unsigned = serializeTx(tx);
  const signature = of.from.sign(signingBytes(of.networkId, txHash(unsigned)));
  return decodeTransaction(signedTx(unsigned, [signature]));
}
