/** Reads the whole history, page by page: more than the worker gives at once. */
import type { WalletClient } from './client.ts';
import type { Item } from './history-file.ts';

/** The most that one call gives. */
const page = 200;

/** Every entry of these channels, newest first. */
export async function readAll(
  client: Pick<WalletClient, 'call'>,
  channels: readonly string[],
): Promise<Item[]> {
  const all: Item[] = [];
  for (const channel of channels) {
    let before: number | null = null;
    for (;;) {
      const { items }: { items: Item[] } = await client.call('channel.history', {
        channel,
        before,
        limit: page,
      });
      if (items.length === 0) break;
      all.push(...items);
      const last: number = items.at(-1)!.index;
      // A page that leads nowhere must not be read for ever.
      if (before !== null && last >= before) break;
      before = last;
    }
  }
  return all.sort((a, b) => b.at - a.at);
}
