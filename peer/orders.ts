/**
 * The shop's orders: a payment whose note names an order and an item, and covers the item's price, pays the order.
 * Nothing is stored beside the channels' own history; the index is rebuilt from it at start.
 */
import type { Engine } from '../src/engine/engine.ts';
import type { HistoryEntry } from '../src/protocol/channel/index.ts';

export interface Order {
  item: string;
  /** Aetto received for it. */
  amount: bigint;
  paid: boolean;
}

/** `order <id>: <item>`, as the shop's page writes it into the note. */
const notePattern = /^order ([A-Za-z0-9-]{8,64}): ([a-z0-9-]{1,40})$/;

export function createOrders(prices: ReadonlyMap<string, bigint>) {
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

  return {
    take,
    async rebuild(engine: Engine): Promise<void> {
      for (const actor of engine.channels()) {
        let before: number | null = null;
        for (;;) {
          const rows: Awaited<ReturnType<Engine['history']>> = await engine.history(actor.id, before, 200);
          for (const { row } of rows) for (const entry of row.items) take(entry);
          if (rows.length < 200) break;
          before = rows.at(-1)!.index;
        }
      }
    },
    get: (id: string): Order | undefined => orders.get(id),
  };
}
export type Orders = ReturnType<typeof createOrders>;
