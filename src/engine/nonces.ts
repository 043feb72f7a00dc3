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
  take(nonce: bigint, holder: string): boolean;
  isHeld(nonce: bigint): boolean;
  /** What holds which nonce: those of the chain's past too, until the next reservation. */
  holders(): { nonce: bigint; holder: string }[];
  /** The write that makes a reservation durable: it belongs in the commit of what uses it. */
  hold(nonce: bigint, holder: string): Write;
  /** The nonce is free again: in memory at once, durable by the write it returns. */
  release(nonce: bigint): Write;
  /**
   * The chain shows this as the account's last nonce. @returns whether it is higher than any that was given out here:
   * then something else signs for this account. Told once.
   */
  isForeign(used: bigint): Promise<boolean>;
}

export const noncePrefix = 'nonce/';
/** Key in table `meta` of the highest nonce that is known here. It is of this installation: backups leave it out. */
const highestNonceKey = (networkId: string, account: Uint8Array): string =>
  `${noncePrefix}${networkId}/${toHex(account)}`;

export async function createNonces(deps: {
  store: Store;
  chain: () => Chain;
  networkId: string;
  account: Uint8Array;
}): Promise<Nonces> {
  const prefix = `${deps.networkId}/${toHex(deps.account)}/`;
  const keyOf = (nonce: bigint) => prefix + nonce.toString().padStart(20, '0');
  const held = new Map<bigint, string>();
  for (const row of await deps.store.list('nonces', { prefix }))
    held.set(BigInt(row.key.slice(prefix.length)), (row.value as { holder: string }).holder);
  const highestKey = highestNonceKey(deps.networkId, deps.account);
  let highest = (await deps.store.get('meta', highestKey)) as bigint | undefined;
  let last: Promise<unknown> = Promise.resolve();

  async function know(nonce: bigint): Promise<void> {
    if (highest !== undefined && nonce <= highest) return;
    await deps.store.commit([{ table: 'meta', key: highestKey, value: nonce }]);
    highest = nonce;
  }

  async function next(holder: string): Promise<bigint> {
    const chain = deps.chain();
    const { nonce: used } = await chain.account(deps.account);
    const spent = [...held.keys()].filter((nonce) => nonce <= used);
    if (spent.length > 0) {
      await deps.store.commit(
        spent.map((nonce) => ({ table: 'nonces', key: keyOf(nonce), value: undefined })),
      );
      for (const nonce of spent) held.delete(nonce);
    }
    let nonce = await chain.nextNonce(deps.account);
    while (held.has(nonce)) nonce += 1n;
    // Before it is used, so that it is never taken for somebody else's.
    await know(nonce);
    held.set(nonce, holder);
    return nonce;
  }

  return {
    reserve(holder) {
      // One after the other: two channels must not be given the same.
      const work = () => next(holder);
      const result = last.then(work, work);
      last = result.catch(() => undefined);
      return result;
    },
    take(nonce, holder) {
      if (held.has(nonce)) return false;
      held.set(nonce, holder);
      return true;
    },
    isHeld: (nonce) => held.has(nonce),
    holders: () => [...held].map(([nonce, holder]) => ({ nonce, holder })),
    isForeign(used) {
      const result = last.then(async () => {
        const foreign = highest !== undefined && used > highest;
        await know(used);
        return foreign;
      });
      last = result.catch(() => undefined);
      return result;
    },
    hold: (nonce, holder) => ({ table: 'nonces', key: keyOf(nonce), value: { holder } }),
    release(nonce) {
      held.delete(nonce);
      return { table: 'nonces', key: keyOf(nonce), value: undefined };
    },
  };
}
