/** The history as a file for a spreadsheet or a program: every entry, amounts exact in AE and in aetto. */
import type { ResultOf } from '../rpc/popup.ts';
import type { ChannelView } from '../rpc/schema.ts';
import { plainAe } from './amount.ts';

export type Item = ResultOf<'channel.history'>['items'][number];
type Peer = ChannelView['peer'];

const columns = [
  'time',
  'kind',
  'amount_ae',
  'amount_aetto',
  'balance_ae',
  'balance_aetto',
  'other_balance_ae',
  'other_balance_aetto',
  'note',
  'peer_address',
  'peer_name',
  'site',
  'transaction',
  'sequence_number',
  'channel',
] as const;
type Row = Record<(typeof columns)[number], string>;

const aeOf = (aetto: string | null): string => (aetto === null ? '' : plainAe(BigInt(aetto)));

function rowOf(item: Item, peer: Peer | null): Row {
  return {
    time: new Date(item.at).toISOString(),
    kind: item.kind,
    amount_ae: aeOf(item.amount),
    amount_aetto: item.amount ?? '',
    balance_ae: aeOf(item.mine),
    balance_aetto: item.mine ?? '',
    other_balance_ae: aeOf(item.theirs),
    other_balance_aetto: item.theirs ?? '',
    note: item.note ?? '',
    peer_address: peer?.address ?? '',
    peer_name: peer?.name ?? '',
    site: item.origin ?? '',
    transaction: item.txHash ?? '',
    sequence_number: item.sequenceNumber ?? '',
    channel: item.channel,
  };
}

/**
 * One cell as RFC 4180 wants it. Notes, names and sites are written by others: what a spreadsheet would take for a
 * formula (`=`, `+`, `-`, `@`, and what it skips before them) gets an apostrophe, which makes it text.
 */
function cell(text: string): string {
  const safe = /^\s*[=+\-@\uff0b\uff0d\uff1d\uff20|%]|^[\t\r\n]/.test(text) ? `'${text}` : text;
  return /[",\r\n;]|^\s|\s$|^'/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function toCsv(items: readonly Item[], peerOf: (channel: string) => Peer | null): string {
  const rows = items.map((item) => {
    const row = rowOf(item, peerOf(item.channel));
    return columns.map((column) => cell(row[column])).join(',');
  });
  // With the mark, spreadsheets read it as UTF-8.
  return `\ufeff${[columns.join(','), ...rows].join('\r\n')}\r\n`;
}

export function toJson(items: readonly Item[], peerOf: (channel: string) => Peer | null): string {
  const entries = items.map((item) => {
    const row = rowOf(item, peerOf(item.channel));
    return Object.fromEntries(columns.map((column) => [column, row[column] === '' ? null : row[column]]));
  });
  return `${JSON.stringify({ format: 'tandem-history', version: 1, entries }, null, 2)}\n`;
}
