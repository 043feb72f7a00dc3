/** What the store holds of a channel, and the keys under which. */
import { toHex } from '../protocol/bytes.ts';
import { type Channel, type HistoryEntry, idle, type Phase } from '../protocol/channel/index.ts';
import { type ChannelRow, withRoots } from './nodes.ts';

/** What is known of a channel; in table `channels` as `StoredRow`. */
export interface StoredChannel {
  channel: Channel;
  /** Index of the next history row. */
  nextIndex: number;
  /** Multiaddrs at which the peer was invited or last reached. */
  addresses: string[];
  peerName: string | null;
  /** A transaction that spends the funding's nonce on nothing, once the opening was given up. */
  cancelTx: Uint8Array | null;
  /** Left politely: not dialled again until the person wants it. */
  left: boolean;
  /**
   * ms since 1970 when this record came out of a backup, and may be older than what the peer holds; null once the peer
   * has shown its latest state. Until then the channel is never closed alone.
   */
  restoredAt: number | null;
}

/** The record of a channel that this wallet meets for the first time. */
export const firstStored = (
  channel: Channel,
  addresses: string[] = [],
  peerName: string | null = null,
  restoredAt: number | null = null,
): StoredChannel => ({
  channel,
  nextIndex: 0,
  addresses,
  peerName,
  cancelTx: null,
  left: false,
  restoredAt,
});

/** Row of table `channels`: the nodes of its state trees are in table `nodes`. */
export type StoredRow = Omit<StoredChannel, 'channel'> & { channel: ChannelRow };

/** Row of table `history`: everything that one transition added. */
export interface StoredHistory {
  at: number;
  items: HistoryEntry[];
}

export const localId = (channel: Pick<Channel, 'temporaryId'>): string => toHex(channel.temporaryId);
export const historyKey = (id: string, index: number): string =>
  `${id}/${index.toString().padStart(12, '0')}`;
export const requestKey = (scope: string, id: string): string => `${scope}/${id}`;

/** A row of table `channels`. Rows written before a field existed get what it meant then. */
export function readStored(row: unknown): StoredRow {
  const stored = row as Omit<StoredRow, 'restoredAt'> & Partial<StoredRow>;
  const { channel } = stored;
  return {
    ...stored,
    channel: { ...channel, held: channel.held ?? heldBefore(channel), lastMove: channel.lastMove ?? null },
    restoredAt: stored.restoredAt ?? null,
  };
}

/** What a record without `held` tells of its nonces. */
function heldBefore({ solo, closing, move, role }: ChannelRow): Channel['held'] {
  const own = [solo, closing?.by === role ? closing : null, move?.by === role ? move : null];
  return own.flatMap((one) => (one ? [{ nonce: one.nonce, fee: 2n * one.fee }] : []));
}

/** Phases in which a connection starts with channel_reestablish (PROTOCOL 6). */
const reestablishing: ReadonlySet<Phase> = new Set([
  'half_signed',
  'confirming',
  'locking',
  'open',
  'shutting_down',
  'closing',
  'closing_confirming',
]);
/** Phases in which the co-signed state still may change: what a backup holds of these may be old. */
export const canChange = (channel: Pick<Channel, 'phase'>): boolean => reestablishing.has(channel.phase);
/** The peer has shown on this connection what it holds, and both go on from the same state. */
export const isReestablished = (channel: Channel): boolean =>
  reestablishing.has(channel.phase) && channel.live.link === 'up';

/** The record as it is written: what does not survive a restart is left out. */
export const storable = (stored: StoredChannel): StoredRow => ({
  ...stored,
  channel: withRoots({ ...stored.channel, live: idle }),
});
