/**
 * The shop's orders: a payment whose note names an order and an item, and covers the item's price, pays the order.
 * Nothing is stored beside the channels' own history; the index is made from it at start.
 */
import type { Store } from '../src/engine/ports.ts';
import { readStored, type StoredHistory } from '../src/engine/stored.ts';
import { equalBytes } from '../src/protocol/bytes.ts';
import type { HistoryEntry } from '../src/protocol/channel/index.ts';

export interface Order {
  item: string;
  /** Aetto received for it. */
  amount: bigint;
  paid: boolean;
}

/** `order <id>: <item>`, as the shop's page writes it into the note. */
const notePattern = /^order ([A-Za-z0-9-]{8,64}): ([a-z0-9-]{1,40})$/;

export interface Orders {
  /** What was committed since the start. */
  take(entry: HistoryEntry): void;
  get(id: string): Order | undefined;
}

/** Rows of a history that are read at once. */
const atOnce = 200;

/**
 * Counts what this account received on this network so far. To be called before the engine starts: what it commits
 * meanwhile would be counted here and by `take`.
 */
export async function loadOrders(
  store: Store,
  account: { networkId: string; key: Uint8Array },
  prices: ReadonlyMap<string, bigint>,
): Promise<Orders> {
  const orders = new Map<string, Order>();

  function take(entry: HistoryEntry): void {
    const match = entry.kind === 'received' && entry.note ? notePattern.exec(entry.note) : null;
    if (!match || entry.amount === null) return;
    const [, id, item] = match as unknown as [string, string, string];
    const price = prices.get(item);
    if (price === undefined) return;
    const amount = (orders.get(id)?.amount ?? 0n) + entry.amount;
    orders.set(id, { item, amount, paid: amount >= price });
  }

  for (const channel of await store.list('channels')) {
    const { networkId, keys, role } = readStored(channel.value).channel;
    if (networkId !== account.networkId || !equalBytes(keys[role], account.key)) continue;
    let after: string | undefined;
    for (;;) {
      const rows = await store.list('history', {
        prefix: `${channel.key}/`,
        ...(after === undefined ? {} : { after }),
        limit: atOnce,
      });
      for (const row of rows) for (const entry of (row.value as StoredHistory).items) take(entry);
      if (rows.length < atOnce) break;
      after = rows.at(-1)!.key;
    }
  }
  return { take, get: (id) => orders.get(id) };
}
