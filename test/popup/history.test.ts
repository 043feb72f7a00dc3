import { describe, expect, it } from 'vitest';
import { readAll } from '../../src/popup/history-all.ts';
import { type Item, toCsv, toJson } from '../../src/popup/history-file.ts';
import { matches } from '../../src/popup/history-search.ts';
import { balancesOf, flowOf } from '../../src/popup/ui/chart.tsx';
import { cafe } from './fixture/views.ts';

const item = (change: Partial<Item> = {}): Item => ({
  channel: 'a'.repeat(64),
  index: 1,
  at: Date.UTC(2026, 0, 2, 3, 4, 5),
  kind: 'paid',
  amount: '1234567890123456789012',
  note: null,
  mine: '1',
  theirs: '0',
  sequenceNumber: '7',
  txHash: null,
  origin: null,
  contract: null,
  ...change,
});
/** Reads RFC 4180 back, independently of how it is written. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [[]];
  let cell = '';
  let quoted = false;
  for (let n = 0; n < text.length; n++) {
    const c = text[n]!;
    if (quoted) {
      if (c !== '"') cell += c;
      else if (text[n + 1] === '"') cell += text[n++];
      else quoted = false;
    } else if (c === '"') quoted = true;
    else if (c === ',' || c === '\n') {
      rows.at(-1)!.push(cell.replace(/\r$/, ''));
      cell = '';
      if (c === '\n') rows.push([]);
    } else cell += c;
  }
  return rows.slice(0, -1);
}

describe('the history as a file', () => {
  it('has every amount exact, in AE and in aetto', () => {
    const [head, row] = parseCsv(toCsv([item()], () => cafe));
    const cells = Object.fromEntries(head!.map((name, n) => [name, row![n]]));
    expect(cells).toMatchObject({
      amount_ae: '1234.567890123456789012',
      amount_aetto: '1234567890123456789012',
      balance_ae: '0.000000000000000001',
      balance_aetto: '1',
      peer_address: cafe.address,
      peer_name: cafe.name,
    });
    expect(Object.keys(cells)[0]).toBe('\ufefftime');
    const json = JSON.parse(toJson([item()], () => cafe)) as { entries: Record<string, unknown>[] };
    expect(json.entries[0]).toMatchObject({
      time: '2026-01-02T03:04:05.000Z',
      amount_ae: '1234.567890123456789012',
      amount_aetto: '1234567890123456789012',
      note: null,
    });
  });

  it.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', ' =1', '\r=1', '\n=1', '|calc', '%0', '\uff1d1'])(
    'lets no spreadsheet take %j for a formula',
    (note) => {
      const [, row] = parseCsv(toCsv([item({ note })], () => null));
      expect(row![8]).toBe(`'${note}`);
    },
  );

  it.each(['a "quoted", part; of\r\nlines', ' spaces ', 'plain', "'apostrophe"])(
    'keeps %j as it is',
    (note) => {
      const [, row] = parseCsv(toCsv([item({ note })], () => null));
      expect(row).toHaveLength(15);
      expect(row![8]).toBe(note);
    },
  );

  it('holds all of a long history, the entries of one commit together', async () => {
    const commits = Array.from({ length: 1001 }, (_, index) => index);
    const worker = {
      call: async (
        _: string,
        { channel, before, limit }: { channel: string; before: number; limit: number },
      ) => ({
        items: commits
          .filter((index) => before === null || index < before)
          .reverse()
          .slice(0, limit)
          .flatMap((index) => [item({ channel, index, at: index }), item({ channel, index, at: index })]),
      }),
    };
    const all = await readAll(worker as never, ['a', 'b']);
    expect(all).toHaveLength(2 * 2 * 1001);
    expect(new Set(all.map(({ channel, index }) => `${channel} ${index}`)).size).toBe(2 * 1001);
    expect(all.every((entry, n) => n === 0 || entry.at <= all[n - 1]!.at)).toBe(true);
  });
});

describe('a search', () => {
  const entry = item({ note: 'Flat White', amount: '1500000000000000000', origin: 'https://shop.example' });
  const finds = (search: string, group: 'all' | 'out' | 'in' = 'all') =>
    matches(entry, cafe, 'Paid', { search, group });

  it.each(['', 'flat', 'WHITE flat', 'corner', 'shop.example', '1.5', 'paid', cafe.address.slice(0, 12)])(
    'for %j finds the payment',
    (search) => expect(finds(search)).toBe(true),
  );
  it('finds nothing where one word is not there, or in another group', () => {
    expect(finds('flat black')).toBe(false);
    expect(finds('', 'in')).toBe(false);
    expect(finds('flat', 'out')).toBe(true);
  });
});

describe('the picture of a channel', () => {
  const items = [
    item({ mine: '30', kind: 'received', amount: '20' }),
    item({ mine: null, kind: 'chain', amount: null }),
    item({ mine: '10', kind: 'paid', amount: '5' }),
    item({ mine: '15', kind: 'opened', amount: '15' }),
  ];
  it('shows the balance after each entry, oldest first', () => {
    expect(balancesOf(items).map(({ aetto }) => aetto)).toEqual([15n, 10n, 30n]);
  });
  it('adds up what was paid and received', () => {
    expect(flowOf(items)).toEqual({ paid: 5n, received: 20n });
  });
});
