/** Which entries a search means. */
import { formatAe, plainAe } from './amount.ts';
import type { Item } from './history-file.ts';

export const groups = {
  all: null,
  out: ['paid'],
  in: ['received'],
  channels: ['opened', 'closed', 'aborted', 'failed', 'chain'],
  other: ['refused', 'message'],
} as const satisfies Record<string, readonly Item['kind'][] | null>;
export type Group = keyof typeof groups;

const plain = (text: string) => text.normalize('NFKC').toLocaleLowerCase();

/** Every word of `search` has to occur: in the note, the peer's name or address, the site, an amount, an id. */
export function matches(
  item: Item,
  peer: { address: string; name: string | null } | null,
  kindText: string,
  { search, group }: { search: string; group: Group },
): boolean {
  const kinds: readonly string[] | null = groups[group];
  if (kinds && !kinds.includes(item.kind)) return false;
  const words = plain(search).split(/\s+/).filter(Boolean);
  if (words.length === 0) return true;
  const amount =
    item.amount === null ? '' : `${plainAe(BigInt(item.amount))} ${formatAe(BigInt(item.amount))}`;
  const text = plain(
    [kindText, item.note, peer?.name, peer?.address, item.origin, item.txHash, item.channel, amount]
      .filter(Boolean)
      .join('\n'),
  );
  return words.every((word) => text.includes(word));
}
