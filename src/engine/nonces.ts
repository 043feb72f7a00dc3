/**
 * One ledger of the account's nonces for all its channels and payments (PROTOCOL 1): a nonce that a half-signed
 * transaction carries is nobody else's until it is spent or its transaction can never take effect.
 */
import { toHex } from '../protocol/bytes.ts';
import type { Chain, Store, Write } from './ports.ts';

export interface Nonces {
  /** The lowest nonce that neither the chain, the mempool nor this wallet uses. Held at once, durable by `hold`. */
  reserve(holder: string): Promise<bigint>;
  /** Holds this very nonce, if it is free here: for a transaction that was made elsewhere. Durable by `hold`. */
  take(nonce: bigint): boolean;
  isHeld(nonce: bigint): boolean;
  /** The write that makes a reservation durable: it belongs in the commit of what uses it. */
  hold(nonce: bigint, holder: string): Write;
  /** The nonce is free again: in memory at once, durable by the write it returns. */
  release(nonce: bigint): Write;
}

export async function createNonces(deps: {
  store: Store;
  chain: () => Chain;
  networkId: string;
  account: Uint8Array;
}): Promise<Nonces> {
  const prefix = `${deps.networkId}/${toHex(deps.account)}/`;
  const keyOf = (nonce: bigint) => prefix + nonce.toString().padStart(20, '0');
  const held = new Set<bigint>();
  for (const row of await deps.store.list('nonces', { prefix }))
    held.add(BigInt(row.key.slice(prefix.length)));
  let last: Promise<unknown> = Promise.resolve();

  async function next(): Promise<bigint> {
    const chain = deps.chain();
    const { nonce: used } = await chain.account(deps.account);
    const spent = [...held].filter((nonce) => nonce <= used);
    if (spent.length > 0) {
      await deps.store.commit(
        spent.map((nonce) => ({ table: 'nonces', key: keyOf(nonce), value: undefined })),
      );
      for (const nonce of spent) held.delete(nonce);
    }
    let nonce = await chain.nextNonce(deps.account);
    while (held.has(nonce)) nonce += 1n;
    held.add(nonce);
    return nonce;
  }

  return {
    reserve() {
      // One after the other: two channels must not be given the same.
      const result = last.then(next, next);
      last = result.catch(() => undefined);
      return result;
    },
    take(nonce) {
      if (held.has(nonce)) return false;
      held.add(nonce);
      return true;
    },
    isHeld: (nonce) => held.has(nonce),
    hold: (nonce, holder) => ({ table: 'nonces', key: keyOf(nonce), value: { holder } }),
    release(nonce) {
      held.delete(nonce);
      return { table: 'nonces', key: keyOf(nonce), value: undefined };
    },
  };
}
