/**
 * What the person is told by notifications of the system, in the language of the popup. They can be read by anyone at
 * the screen, and stay in its lists: no names, and nothing that another party has written.
 */
import type { Language } from '../../rpc/language.ts';
import { de } from './de.ts';
import { en } from './en.ts';

export type Notice =
  /** Payments arrived; `amount` is their sum in aetto. */
  | { type: 'received'; amount: bigint }
  | { type: 'channel_stopped' }
  | { type: 'channel_closed' }
  /** Another installation with this account is active. */
  | { type: 'rival' }
  /** A transaction of the account was made elsewhere. */
  | { type: 'foreign' }
  /** Seen while locked: a channel is being closed alone, with an `old` state, and may be answered for so many blocks. */
  | { type: 'closing'; old: boolean; blocks: number; minutes: number };

export type Words = [title: string, message: string];
export type NoticeTexts = { [T in Notice['type']]: (notice: Extract<Notice, { type: T }>) => Words };

const tables: Record<Language, NoticeTexts> = { en, de };

export function noticeWords(notice: Notice, language: Language): Words {
  // Each text fits its notice: the table's type says so.
  const text = tables[language][notice.type] as (notice: Notice) => Words;
  return text(notice);
}
