/** Paying over a channel, and asking the other side to pay. */
import { useState } from 'react';
import type { ChannelView } from '../../rpc/schema.ts';
import { formatAe, parseAmount } from '../amount.ts';
import { t } from '../texts/index.ts';
import { Button } from '../ui/button.tsx';
import { Problem, Success } from '../ui/feedback.tsx';
import { AmountField, amountOf, TextField } from '../ui/field.tsx';
import { useClient, useSubmit } from '../wallet.tsx';
import { queuedText } from './channel-card.tsx';
import { reserveOf } from './totals.ts';

/** Why nothing can be moved now; null where it can. */
export function blocked(channel: ChannelView, spendable: bigint | null): string | null {
  if (channel.phase !== 'open') return t.channel.notOpen;
  if (channel.connection === 'offline') return t.channel.offline;
  if (channel.connection === 'connecting') return t.channel.connecting;
  const { pending, progress } = channel;
  if (pending?.kind === 'deposit' || pending?.kind === 'withdrawal') return t.channel.moveWaits[pending.kind];
  if (progress?.what === 'force') return t.channel.force.running;
  if (spendable === 0n)
    return BigInt(channel.mine) > reserveOf(channel) ? t.channel.allOnItsWay : t.channel.nothingToPay;
  return null;
}

export function MoveForm({ channel, direction }: { channel: ChannelView; direction: 'pay' | 'request' }) {
  const client = useClient();
  const [text, setText] = useState('');
  const [note, setNote] = useState('');
  const [attempted, setAttempted] = useState(false);
  const [done, setDone] = useState<string | null>(null);
  const reserve = BigInt(channel.terms.channelReserve);
  const theirs = BigInt(channel.theirs);
  const pays = direction === 'pay';
  const most = pays ? BigInt(channel.spendable) : theirs > reserve ? theirs - reserve : 0n;
  const rules = pays ? { limit: { most, reserve: reserveOf(channel) } } : {};
  const parsed = parseAmount(text, rules);
  const amount = amountOf(parsed);
  const overTheirs = !pays && amount !== null && amount > most ? t.channel.requestMost(formatAe(most)) : null;
  const content = { channel: channel.id, amount: amount?.toString(), note: note.trim() || null };
  const move = useSubmit(content, async (requestId) => {
    const params = { channel: channel.id, amount: content.amount!, note: content.note, requestId };
    await client.call(pays ? 'channel.pay' : 'channel.request', params);
    setDone((pays ? t.channel.paid : t.channel.requested)(formatAe(amount!)));
    setText('');
    setNote('');
    setAttempted(false);
  });
  const reason = blocked(channel, pays ? most : null);
  const label = amount === null || overTheirs ? null : formatAe(amount);
  const changed = (set: (value: string) => void) => (value: string) => {
    set(value);
    setDone(null);
    move.clear();
  };
  return (
    <form
      className="stack"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        setAttempted(true);
        setDone(null);
        if (parsed.ok && !overTheirs && !reason) move.submit();
      }}
    >
      {!pays && <p className="small soft">{t.channel.requestHelp}</p>}
      <AmountField
        label={t.channel.amount}
        value={text}
        onValue={changed(setText)}
        rules={rules}
        attempted={attempted}
        error={overTheirs}
        all={pays && most > 0n ? most : null}
        readOnly={move.busy}
      />
      <TextField
        label={t.channel.note}
        optional
        help={t.channel.noteHelp}
        maxLength={500}
        value={note}
        onValue={changed(setNote)}
        readOnly={move.busy}
      />
      <Problem>{move.error}</Problem>
      <Success>{done}</Success>
      <Button
        type="submit"
        wide
        busy={move.busy}
        busyLabel={pays ? t.channel.paying : t.channel.requesting}
        reason={move.busy ? (pays ? queuedText(channel) : null) : reason}
      >
        {pays ? t.channel.payButton(label) : t.channel.requestButton(label)}
      </Button>
    </form>
  );
}
