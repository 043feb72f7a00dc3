/** What notifications say, in each language. */
import { describe, expect, it } from 'vitest';
import { type Notice, noticeWords } from '../../src/background/notices/index.ts';
import { type Language, languages } from '../../src/rpc/language.ts';

const closing = (old: boolean, blocks: number): Notice => ({
  type: 'closing',
  old,
  blocks,
  minutes: blocks * 3,
});
const notices: Notice[] = [
  { type: 'received', amount: 1_500_000_000_000_000_001n },
  { type: 'channel_stopped' },
  { type: 'channel_closed' },
  { type: 'rival' },
  { type: 'foreign' },
  closing(false, 7),
  closing(true, 7),
  closing(true, 0),
];
const all = Object.keys(languages) as Language[];

describe('a notification', () => {
  it('says another thing of each notice, in each language', () => {
    const said = all.flatMap((language) => notices.map((notice) => noticeWords(notice, language).join(': ')));
    expect(new Set(said).size).toBe(all.length * notices.length);
  });

  it.each([
    ['en', '1.500000000000000001 AE'],
    ['de', '1,500000000000000001 AE'],
  ] as const)('%s: names the exact sum that arrived, as people there write it', (language, sum) => {
    expect(noticeWords(notices[0]!, language)[1]).toContain(sum);
  });

  it.each([
    ['en', 1, '1 block (about 3 minutes)'],
    ['en', 7, '7 blocks (about 21 minutes)'],
    ['de', 1, '1 Block (etwa 3 Minuten)'],
    ['de', 7, '7 Blöcken (etwa 21 Minuten)'],
  ] as const)('%s: says how long %i blocks are', (language, blocks, long) => {
    expect(noticeWords(closing(true, blocks), language)[1]).toContain(long);
    expect(noticeWords(closing(false, blocks), language)[1]).toContain(long);
  });
});
