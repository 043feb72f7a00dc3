/** Payments from the account through the chain: each is stored before it is posted, and can be given a higher fee. */
import { parseSignedTx, txHash } from '../protocol/chain/signed.ts';
import { parseTx, type TxOf } from '../protocol/chain/tx.ts';
import type { Terms } from '../protocol/channel/index.ts';
import type { Chain } from './ports.ts';

/** Row of table `requests` under `spend/<request id>`. */
export interface StoredSend {
  signed: Uint8Array;
  fee: bigint;
  /** The same payment with lower fees, latest first: any of them may be what a block takes. */
  replaced?: { signed: Uint8Array; fee: bigint }[];
}

/** A transaction of the account's whose fee is asked for. `move`: a deposit or withdrawal. Amounts in aetto. */
export type Quoted =
  | { type: 'open'; terms: Terms }
  | { type: 'send'; to: Uint8Array; amount: bigint }
  | { type: 'move'; channel: string; amount: bigint }
  | { type: 'close_alone'; channel: string };

/** One that no block has yet, as a person may see it. Amounts in aetto. */
export interface WaitingSend {
  requestId: string;
  to: Uint8Array;
  amount: bigint;
  fee: bigint;
  /** What a higher fee would be. */
  raised: bigint;
}

export function spendOf(signed: Uint8Array): TxOf<'SpendTx'> {
  const tx = parseTx(parseSignedTx(signed).tx);
  if (tx.type !== 'SpendTx') throw new TypeError(`a stored payment is a ${tx.type}`);
  return tx;
}

/** The form of the payment that a block has taken; null where none has. */
export async function minedForm(
  chain: Chain,
  { signed, fee, replaced = [] }: StoredSend,
): Promise<{ hash: Uint8Array; fee: bigint } | null> {
  for (const form of [{ signed, fee }, ...replaced]) {
    const hash = txHash(form.signed);
    const place = await chain.transaction(hash);
    if (place !== 'unknown' && place !== 'pending') return { hash, fee: form.fee };
  }
  return null;
}
