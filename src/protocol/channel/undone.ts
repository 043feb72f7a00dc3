/**
 * A deposit or withdrawal that a reorganisation undid after both had locked it. It is posted again; where its nonce was
 * spent otherwise it can never come back, and what both signed on top of it adds up to coins that the chain does not have
 * there. Alone, each side can show the state before it; together they go on from the latest balances without it.
 */
import { equalBytes, fromHex, toHex } from '../bytes.ts';
import { EntryError, parseEntry, serializeEntry } from '../state/entries.ts';
import { account } from './ask.ts';
import { bothSigned, bytesOf } from './move.ts';
import { change, latest, moveUndone, persist, transition, undoneMoves } from './record.ts';
import { withBalances } from './trees.ts';
import type { Balances, Channel, CoSigned, Effect, Env, HistoryEntry, Move, Rule } from './types.ts';
import { inAe } from './units.ts';

/** Whether it is undone, and can never come back. */
export const isUndoneForGood = (channel: Channel): boolean =>
  moveUndone(channel) && channel.lastMove?.final === true;

/** The latest balances without all that is undone; null where that would leave less than channel_reserve. */
function balancesWithout(channel: Channel): Balances | null {
  const balances = { ...latest(channel).balances };
  for (const { move } of undoneMoves(channel))
    balances[move.by] += move.kind === 'deposit' ? -move.amount : move.amount;
  const { channelReserve } = channel.terms;
  return balances.initiator < channelReserve || balances.responder < channelReserve ? null : balances;
}

/** The state that both can go on from, and the batch that says so; null where there is none. */
export function goingOn(
  channel: Channel,
): { state: Pick<CoSigned, 'balances' | 'trees'>; entries: Uint8Array[] } | null {
  const balances = isUndoneForGood(channel) ? balancesWithout(channel) : null;
  if (!balances) return null;
  const data = new TextEncoder().encode(JSON.stringify({ undone: toHex(channel.lastMove!.move.hash) }));
  return {
    state: withBalances(channel, latest(channel), balances),
    entries: [serializeEntry({ type: 'meta', data })],
  };
}

/** Whether a batch goes on without the last deposit or withdrawal, and what is undone before it. */
export function goesOnWithout({ lastMove }: Channel, entries: readonly Uint8Array[]): boolean {
  const [only] = entries;
  if (!lastMove || !only || entries.length !== 1) return false;
  try {
    const entry = parseEntry(only);
    const value: unknown = entry.type === 'meta' ? JSON.parse(new TextDecoder().decode(entry.data)) : null;
    const hex = typeof value === 'object' && value !== null && 'undone' in value ? value.undone : null;
    return (
      typeof hex === 'string' && /^[0-9a-f]{64}$/.test(hex) && equalBytes(fromHex(hex), lastMove.move.hash)
    );
  } catch (error) {
    if (error instanceof EntryError || error instanceof SyntaxError) return false;
    throw error;
  }
}

/** What the record keeps of it once both have signed the state without it. */
export const forgotten = (
  channel: Channel,
  entries: readonly Uint8Array[],
): { changes: Partial<Channel>; history: Partial<HistoryEntry>[] } => {
  if (!goesOnWithout(channel, entries)) return { changes: {}, history: [] };
  const undone = undoneMoves(channel);
  const [{ move } = channel.lastMove!] = undone;
  const note = `Both sides go on without the ${namesOf(undone)} that the chain undid.`;
  const kept = (channel.earlierMoves ?? []).filter((one) => !undone.includes(one));
  return {
    changes: { lastMove: kept.at(-1) ?? null, earlierMoves: kept.slice(0, -1) },
    history: [{ kind: 'chain', note, amount: move.amount }],
  };
};

const namesOf = (undone: readonly { move: Move }[]): string =>
  undone.map(({ move }) => `${move.kind} of ${inAe(move.amount)} AE`).join(' and the ');

/** The channel's object in the own node's view, nobody closing: whether the last deposit or withdrawal is in it. */
export function* followMove(before: Channel, known: Channel, env: Env, news: boolean, height: number): Rule {
  const { lastMove } = known;
  const told: Effect[] = news ? [persist()] : [];
  if (!lastMove) return transition(known, ...told);
  const { move, voidAt, final, ...rest } = lastMove;
  const kept = change(known, env, { lastMove: { ...rest, move } });
  if (!moveUndone(known))
    return voidAt === undefined ? transition(known, ...told) : transition(kept, persist());
  const undone = undoneMoves(known);
  const isSame = undoneMoves(before).length === undone.length;
  if (final && isSame) return transition(known, ...told);
  const alive: boolean[] = [];
  for (const { move: one } of undone) {
    const payer = yield* account(known.keys[one.by]);
    if (!payer) return transition(known, ...told);
    alive.push(payer.nonce < one.nonce);
  }
  const named = namesOf(undone);
  if (alive[0]) {
    const note = `A reorganisation of the chain undid the ${named}, which is posted again. Until all is back the channel takes no update.`;
    const entry = moveUndone(before) ? [] : [{ kind: 'chain' as const, note }];
    const effects: Effect[] = news || voidAt !== undefined ? [persist(entry)] : [];
    // Only the oldest: once a later round is mined it never could be.
    const { move: oldest } = undone[0]!;
    // Of one that the other side completed untold only half is known here.
    if (bothSigned(oldest)) effects.push({ type: 'broadcast', what: 'move', signedTx: bytesOf(oldest) });
    return transition(kept, ...effects);
  }
  // The oldest cannot come back. One on top of it still could, and its state adds up to other coins: it is made void too.
  if (alive.some(Boolean)) {
    const note = `A reorganisation of the chain undid the ${named}: not all of that can come back. The channel takes no update; your wallet can close it alone, with the balances before it.`;
    const own = undone.filter((one, index) => alive[index] && one.move.by === known.role);
    return transition(
      kept,
      ...(isSame ? told : [persist([{ kind: 'chain', note }])]),
      ...own.map((one): Effect => ({ type: 'cancel_nonce', nonce: one.move.nonce })),
    );
  }
  const since = isSame && voidAt !== undefined ? voidAt : height;
  if (height - since < Math.max(1, known.minimumDepth))
    return transition(
      change(known, env, { lastMove: { ...rest, move, voidAt: since } }),
      ...(voidAt === since ? told : [persist()]),
    );
  const lost = change(known, env, { lastMove: { ...rest, move, voidAt: since, final: true } });
  const next = balancesWithout(lost)
    ? 'The channel goes on without it as soon as both sides have signed so; alone, your wallet can close it with the balances before it.'
    : 'The balances without it would be below the reserve, so the channel can only be closed alone, with the balances before it.';
  const note = `A reorganisation of the chain undid the ${named} for good: its number in the account was used otherwise. ${next}`;
  return transition(lost, persist([{ kind: 'chain', note }]));
}
