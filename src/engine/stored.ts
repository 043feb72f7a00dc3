/** What the store holds of a channel, and the keys under which. */
import { toHex } from '../protocol/bytes.ts';
import { type Channel, type HistoryEntry, idle } from '../protocol/channel/index.ts';

/** Row of table `channels`. */
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
}

/** Row of table `history`: everything that one transition added. */
export interface StoredHistory {
  at: number;
  items: HistoryEntry[];
}

export const localId = (channel: Pick<Channel, 'temporaryId'>): string => toHex(channel.temporaryId);
export const historyKey = (id: string, index: number): string =>
  `${id}/${index.toString().padStart(12, '0')}`;
export const requestKey = (scope: string, id: string): string => `${scope}/${id}`;

/** The record as it is written: what does not survive a restart is left out. */
export const storable = (stored: StoredChannel): StoredChannel => ({
  ...stored,
  channel: { ...stored.channel, live: idle },
});
