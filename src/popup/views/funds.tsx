/** Adding coins to a channel and taking them out again. */
import { type MouseEvent, useState } from 'react';
import type { ChannelView } from '../../rpc/schema.ts';
import { formatAe, parseAmount } from '../amount.ts';
import { t } from '../texts/index.ts';
import { Button } from '../ui/button.tsx';
import { FeeSlider, useFees } from '../ui/fee.tsx';
import { Problem, Success } from '../ui/feedback.tsx';
import { AmountField, amountOf } from '../ui/field.tsx';
import { focusInvalid } from '../ui/page.tsx';
import { useClient, useSubmit } from '../wallet.tsx';

const rules = { wholeUnits: true };

export function FundsForm({ channel }: { channel: ChannelView }) {
  const client = useClient();
  const [text, setText] = useState('');
  const [attempted, setAttempted] = useState(false);
  const [done, setDone] = useState<string | null>(null);
  const amount = amountOf(parseAmount(text, rules));
  const fees = useFees(
    amount === null ? null : { type: 'move', channel: channel.id, amount: amount.toString() },
  );
  const feeStep = fees.step;
  const send = (method: 'channel.deposit' | 'channel.withdraw') => async () => {
    await client.call(method, { channel: channel.id, amount: amount!.toString(), feeStep });
    setDone((method === 'channel.deposit' ? t.channel.adding : t.channel.takingOut)(formatAe(amount!)));
    setText('');
    setAttempted(false);
  };
  const deposit = useSubmit(`in ${channel.id} ${amount} ${feeStep}`, send('channel.deposit'));
  const withdraw = useSubmit(`out ${channel.id} ${amount} ${feeStep}`, send('channel.withdraw'));
  const busy = deposit.busy || withdraw.busy;
  const reason = channel.connection === 'online' ? null : t.channel.offline;
  const clear = () => {
    setDone(null);
    deposit.clear();
    withdraw.clear();
  };
  const submit = (move: typeof deposit) => (event: MouseEvent<HTMLButtonElement>) => {
    setAttempted(true);
    focusInvalid(event.currentTarget.form);
    clear();
    if (amount !== null && !reason) move.submit();
  };
  return (
    <form className="stack" noValidate onSubmit={(event) => event.preventDefault()}>
      <p className="small soft">{t.channel.fundsHelp}</p>
      <AmountField
        label={t.channel.amount}
        value={text}
        onValue={(value) => {
          setText(value);
          clear();
        }}
        rules={rules}
        attempted={attempted}
        readOnly={busy}
      />
      {amount !== null && (
        <FeeSlider fees={fees.fees} step={feeStep} onStep={fees.setStep} error={fees.error} readOnly={busy} />
      )}
      <Problem>{deposit.error ?? withdraw.error}</Problem>
      <Success>{done}</Success>
      <div className="row">
        <Button
          look="secondary"
          wide
          busy={deposit.busy}
          busyLabel={t.channel.moving}
          reason={busy ? null : reason}
          onClick={submit(deposit)}
        >
          {t.channel.deposit}
        </Button>
        <Button
          look="secondary"
          wide
          busy={withdraw.busy}
          busyLabel={t.channel.moving}
          reason={busy ? null : reason}
          onClick={submit(withdraw)}
        >
          {t.channel.withdraw}
        </Button>
      </div>
    </form>
  );
}
