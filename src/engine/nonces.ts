/**
 * One ledger of the account's nonces for all its channels and payments (PROTOCOL 1): a nonce that a half-signed
 * transaction carries is nobody else's until it is spent or its transaction can never take effect.
 *
 * What this installation gave out is kept apart from what the chain showed. Where the key signed without this ledger (in
 * a life that was lost, in another installation) nobody here knows for what: those nonces are in doubt until the chain
 * has spent them.
 */
import { toHex } from '../protocol/bytes.ts';
import { nonceSearch } from '../protocol/channel/index.ts';
import type { Chain, Store, Write } from './ports.ts';

export interface Nonces {
  /** The lowest nonce that neither the chain, the mempool nor this wallet uses. Held at once, durable by `hold`. */
  reserve(holder: string): Promise<bigint>;
  /** Holds this very nonce, if it is free here: for a transaction that was made elsewhere. Durable by `hold`. */
  take(nonce: bigint, holder: string): Promise<boolean>;
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
  /**
   * The highest nonce for which the key may have signed something that this ledger does not know. Fixed, durably, when it
   * is asked for first: whoever completes such a transaction looks for its nonce no further than that.
   * @param used the account's last nonce on the chain
   */
  doubtfulUpTo(used: bigint): Promise<bigint>;
  /** The key signed elsewhere meanwhile: what is in doubt is fixed anew. */
  doubt(): Promise<void>;
}

export const noncePrefix = 'nonce/';
/** Key in table `meta` of what is known here. It is of this installation: backups leave it out. */
const knownKey = (networkId: string, account: Uint8Array): string =>
  `${noncePrefix}${networkId}/${toHex(account)}`;

interface Known {
  /** The highest that this installation gave out, mined or not. */
  given: bigint | null;
  /** The highest that the chain has shown. */
  seen: bigint | null;
  /** As `doubtfulUpTo`; null before it was fixed. */
  doubt: bigint | null;
}

/** A row of before there was doubt is one number, of an installation that gave out all there was. */
const knownOf = (row: unknown): Known =>
  typeof row === 'bigint'
    ? { given: row, seen: row, doubt: null }
    : ((row as Known | undefined) ?? { given: null, seen: null, doubt: null });

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
  const key = knownKey(deps.networkId, deps.account);
  let known = knownOf(await deps.store.get('meta', key));
  let last: Promise<unknown> = Promise.resolve();

  /** One after the other: two channels must not be given the same. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = last.then(work, work);
    last = result.catch(() => undefined);
    return result;
  }

  async function learn(changes: Partial<Known>): Promise<void> {
    const next = { ...known, ...changes };
    await deps.store.commit([{ table: 'meta', key, value: next }]);
    known = next;
  }

  /** Before it is used, so that it is never taken for somebody else's. */
  async function give(nonce: bigint): Promise<void> {
    if (known.given === null || nonce > known.given) await learn({ given: nonce });
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
    await give(nonce);
    held.set(nonce, holder);
    return nonce;
  }

  return {
    reserve: (holder) => inTurn(() => next(holder)),
    take: (nonce, holder) =>
      inTurn(async () => {
        if (held.has(nonce)) return false;
        await give(nonce);
        held.set(nonce, holder);
        return true;
      }),
    isHeld: (nonce) => held.has(nonce),
    holders: () => [...held].map(([nonce, holder]) => ({ nonce, holder })),
    isForeign: (used) =>
      inTurn(async () => {
        const { given, seen } = known;
        const isNews = (before: bigint | null) => before === null || used > before;
        if (isNews(seen)) await learn({ seen: used });
        return (given !== null || seen !== null) && isNews(given) && isNews(seen);
      }),
    doubtfulUpTo: (used) =>
      inTurn(async () => {
        const doubt = known.doubt ?? used + nonceSearch;
        if (known.doubt === null) await learn({ doubt });
        return doubt;
      }),
    doubt: () => inTurn(() => learn({ doubt: null })),
    hold: (nonce, holder) => ({ table: 'nonces', key: keyOf(nonce), value: { holder } }),
    release(nonce) {
      held.delete(nonce);
      return { table: 'nonces', key: keyOf(nonce), value: undefined };
    },
  };
}
