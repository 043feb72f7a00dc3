/**
 * Two installations of one key. Whichever finds itself behind what the key has signed stops: it proposes, signs and
 * connects no more, so that only one writes. Disputes on the chain it goes on answering. The person may choose it again;
 * then each channel waits for its peer's word on the latest state, as after a backup.
 */
import { toHex } from '../protocol/bytes.ts';
import type { Store, Write } from './ports.ts';

/** What shows that another installation is at work. */
export interface Rival {
  /** ms since 1970: when it showed. */
  at: number;
  /** Local id of the channel in which it showed. */
  channel: string;
}

export const rivalPrefix = 'rival/';
/** Key in table `meta`. It is of this installation: backups leave it out. */
export const rivalKey = (networkId: string, account: Uint8Array): string =>
  `${rivalPrefix}${networkId}/${toHex(account)}`;

export const rivalSentence =
  'Another installation of this wallet is active: the other side holds a later state that your key signed elsewhere. This one has stopped, so that the two do not contradict each other. Use the other one, or choose to use this one here.';

export interface RivalWatch {
  current(): Rival | null;
  /** It showed: at once in memory, durable by the write. */
  found(rival: Rival): Write;
  /** The person chose this installation. */
  gone(): Promise<void>;
}

export async function loadRival(store: Store, key: string): Promise<RivalWatch> {
  let current = ((await store.get('meta', key)) as Rival | undefined) ?? null;
  return {
    current: () => current,
    found(rival) {
      current ??= rival;
      return { table: 'meta', key, value: current };
    },
    async gone() {
      await store.commit([{ table: 'meta', key, value: undefined }]);
      current = null;
    },
  };
}
