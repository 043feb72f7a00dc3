/** Applying a batch of off-chain updates to the balances (PROTOCOL 4): what both sides compute for themselves. */
import { equalBytes } from '../bytes.ts';
import { type Entry, EntryError, parseEntry, serializeEntry } from '../state/entries.ts';
import type { Balances, Channel, Request, Role } from './types.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

/** At most so many entries in one batch; more wait for the next. */
export const maxEntries = 2000;

/** A note travels as a meta entry behind its transfer: JSON `{"note": text}`. */
export const noteEntry = (note: string): Uint8Array =>
  serializeEntry({ type: 'meta', data: encoder.encode(JSON.stringify({ note })) });

/** The note of a meta entry; null where it is an application's own data. */
export function noteOf(data: Uint8Array): string | null {
  try {
    const value: unknown = JSON.parse(decoder.decode(data));
    const note = typeof value === 'object' && value !== null && 'note' in value ? value.note : null;
    return typeof note === 'string' ? note.slice(0, 500) : null;
  } catch {
    return null;
  }
}

/** The entries of one request, proposed by `role`. */
export function entriesOf(channel: Channel, request: Request): Uint8Array[] {
  const own = channel.keys[channel.role];
  const peer = channel.keys[channel.role === 'initiator' ? 'responder' : 'initiator'];
  const [from, to] = request.direction === 'pay' ? [own, peer] : [peer, own];
  const transfer = serializeEntry({ type: 'transfer', from, to, amount: request.amount });
  return request.note === null ? [transfer] : [transfer, noteEntry(request.note)];
}

/** What a batch does, or why it cannot be: a sentence. */
export type Applied = { balances: Balances; entries: Entry[] } | { problem: string; insufficient?: true };

/** Applies serialized entries in order. Every intermediate state must keep channel_reserve, as the last must. */
export function applyEntries(channel: Channel, before: Balances, serialized: readonly Uint8Array[]): Applied {
  if (serialized.length === 0) return { problem: 'the update has no entries' };
  if (serialized.length > maxEntries)
    return { problem: `the update has ${serialized.length} entries: at most ${maxEntries}` };
  const balances = { ...before };
  const entries: Entry[] = [];
  for (const [index, bytes] of serialized.entries()) {
    let entry: Entry;
    try {
      entry = parseEntry(bytes);
    } catch (error) {
      if (error instanceof EntryError) return { problem: `entry ${index}: ${error.message}` };
      throw error;
    }
    entries.push(entry);
    if (entry.type === 'meta') continue;
    if (entry.type !== 'transfer')
      return {
        problem:
          entry.type === 'create' || entry.type === 'call'
            ? `entry ${index} is a ${entry.type}: a contract entry travels alone`
            : `entry ${index} is a ${entry.type}: it has no place in an update`,
      };
    const from = roleOf(channel, entry.from);
    const to = roleOf(channel, entry.to);
    if (!from || !to || from === to)
      return { problem: `entry ${index} moves coins between others than the two parties` };
    if (entry.amount <= 0n)
      return { problem: `entry ${index} moves ${entry.amount} aetto: give more than 0` };
    balances[from] -= entry.amount;
    balances[to] += entry.amount;
    if (balances[from] < channel.terms.channelReserve)
      return {
        problem: `entry ${index} leaves the ${from} ${balances[from]} aetto, less than channel_reserve ${channel.terms.channelReserve}`,
        insufficient: true,
      };
  }
  return { balances, entries };
}

function roleOf(channel: Channel, key: Uint8Array): Role | null {
  if (equalBytes(key, channel.keys.initiator)) return 'initiator';
  if (equalBytes(key, channel.keys.responder)) return 'responder';
  return null;
}
