/** A payment through the chain. */
import { useState } from 'react';
import type { ResultOf } from '../../rpc/popup.ts';
import { formatAe, parseAmount } from '../amount.ts';
import { navigate, type Route } from '../router.ts';
import { t } from '../texts/index.ts';
import { Button } from '../ui/button.tsx';
import { Choice } from '../ui/choice.tsx';
import { Confirm } from '../ui/dialog.tsx';
import { FeeSlider, useFees } from '../ui/fee.tsx';
import { AmountField, amountOf, TextField } from '../ui/field.tsx';
import { CheckIcon } from '../ui/icons.tsx';
import { Amount } from '../ui/money.tsx';
import { Page } from '../ui/page.tsx';
import { PeerLine, usePeer } from '../ui/peer.tsx';
import { useClient, useSubmit, useWallet } from '../wallet.tsx';
import { Banners } from './banners.tsx';

function addressProblem(to: string, own: string | undefined): string | null {
  if (to === '') return t.send.toEmpty;
  if (to.startsWith('tandem:')) return t.send.toInvite;
  if (!/^ak_[1-9A-HJ-NP-Za-km-z]{38,60}$/.test(to)) return t.send.toInvalid;
  return to === own ? t.send.toSelf : null;
}

export default function Send({ route }: { route: Route }) {
  const client = useClient();
  const { account, contacts } = useWallet();
  const balance = account?.balance == null ? null : BigInt(account.balance);
  const [to, setTo] = useState(route.query.get('to') ?? '');
  const [text, setText] = useState('');
  const [attempted, setAttempted] = useState(false);
  const [asking, setAsking] = useState(false);
  const changed = (set: (value: string) => void) => (value: string) => {
    set(value);
    setAsking(false);
  };
  const [sent, setSent] = useState<(ResultOf<'account.send'> & { amount: bigint }) | null>(null);
  const rules = balance === null ? {} : { limit: { most: balance } };
  const parsed = parseAmount(text, rules);
  const amount = amountOf(parsed);
  const address = to.trim();
  const peer = usePeer(address, null);
  const problem = addressProblem(address, account?.address);
  const ready = problem === null && amount !== null;
  const fees = useFees(ready ? { type: 'send', to: address, amount: amount.toString() } : null);
  const feeStep = fees.step;
  const send = useSubmit({ to: address, amount: amount?.toString(), feeStep }, async (requestId) => {
    const answer = await client.call('account.send', {
      to: address,
      amount: amount!.toString(),
      requestId,
      feeStep,
    });
    setSent({ ...answer, amount: amount! });
  });

  if (sent)
    return (
      <Page
        title={t.send.sentTitle}
        foot={
          <Button wide onClick={() => navigate('/')}>
            {t.send.done}
          </Button>
        }
      >
        <div className="empty" role="status">
          <span className="badge">
            <CheckIcon />
          </span>
          <p>{t.send.sent(formatAe(sent.amount), formatAe(BigInt(sent.fee)))}</p>
          <p className="mono small soft">{sent.txHash}</p>
        </div>
      </Page>
    );
  return (
    <Page
      title={t.send.title}
      back="/"
      onSubmit={() => {
        setAttempted(true);
        if (problem === null && parsed.ok) setAsking(true);
      }}
      foot={
        <Button
          type="submit"
          wide
          busy={asking && fees.fee === null && fees.error === null}
          busyLabel={t.open.quoting}
          reason={balance === 0n ? t.send.noFunds : null}
        >
          {t.send.review}
        </Button>
      }
    >
      <Banners />
      <p className="small soft">{t.send.lead}</p>
      <TextField
        label={t.send.to}
        help={t.send.toHelp}
        multiline
        rows={2}
        maxLength={4096}
        value={to}
        onValue={changed(setTo)}
        error={
          (attempted || address.length > 3) && problem !== t.send.toEmpty
            ? problem
            : attempted
              ? problem
              : null
        }
      />
      {contacts.length > 0 && (
        <Choice
          small
          label={t.contacts.choose}
          value={contacts.find((contact) => contact.address === address)?.address ?? ''}
          onValue={changed(setTo)}
        >
          <option value="">{t.contacts.none}</option>
          {contacts.map((contact) => (
            <option key={contact.address} value={contact.address}>
              {contact.name}
            </option>
          ))}
        </Choice>
      )}
      <AmountField
        label={t.channel.amount}
        help={balance === null ? undefined : t.send.amountHelp(formatAe(balance))}
        value={text}
        onValue={changed(setText)}
        rules={rules}
        attempted={attempted}
      />
      {ready && <FeeSlider fees={fees.fees} step={feeStep} onStep={fees.setStep} error={fees.error} />}
      <Confirm
        open={asking && fees.fee !== null}
        onClose={() => setAsking(false)}
        title={t.send.confirmTitle}
        text={t.send.confirmText}
        confirm={t.send.confirm}
        cancel={t.common.cancel}
        busyLabel={t.send.sending}
        submission={send}
      >
        {amount !== null && (
          <>
            <Amount aetto={amount} form="full" hero />
            <PeerLine peer={peer} />
            {fees.fee !== null && (
              <dl className="facts">
                <dt>{t.fee.label}</dt>
                <dd>
                  <Amount form="full" aetto={fees.fee} />
                </dd>
                <dt className="strong">{t.open.total}</dt>
                <dd className="strong">
                  <Amount form="full" aetto={amount + BigInt(fees.fee)} />
                </dd>
              </dl>
            )}
          </>
        )}
      </Confirm>
    </Page>
  );
}
