/** Paying the miners more for an own transaction that no block has yet. */
import { useState } from 'react';
import type { ChannelView, WalletView } from '../../rpc/schema.ts';
import { formatAe } from '../amount.ts';
import { t } from '../texts/index.ts';
import { Button } from '../ui/button.tsx';
import { Confirm } from '../ui/dialog.tsx';
import { FeeSlider } from '../ui/fee.tsx';
import { useClient, useSubmit, useWallet } from '../wallet.tsx';

/** The least fee that replaces it, and so many times twice as much. */
const raises = 4;

function RaiseFee({ fee, raise }: { fee: string; raise(fee: string): Promise<unknown> }) {
  // What was shown is what is paid, also where the view changes meanwhile.
  const [asked, setAsked] = useState<string | null>(null);
  const [step, setStep] = useState(0);
  const fees = Array.from({ length: raises }, (_, n) => (BigInt(asked ?? fee) << BigInt(n)).toString());
  const submission = useSubmit([asked, step], async () => {
    await raise(fees[step]!);
  });
  return (
    <>
      <Button
        look="secondary"
        small
        onClick={() => {
          setStep(0);
          setAsked(fee);
        }}
      >
        {t.raiseFee.action}
      </Button>
      <Confirm
        open={asked !== null}
        onClose={() => setAsked(null)}
        title={t.raiseFee.title}
        text={t.raiseFee.text}
        confirm={t.raiseFee.action}
        cancel={t.common.cancel}
        busyLabel={t.raiseFee.busy}
        submission={submission}
      >
        <FeeSlider
          label={t.raiseFee.fee}
          help={null}
          fees={fees}
          step={step}
          onStep={setStep}
          readOnly={submission.busy}
        />
      </Confirm>
    </>
  );
}

/** Where the channel waits for a transaction that this side signs alone. */
export function RaiseChannelFee({ channel }: { channel: ChannelView }) {
  const client = useClient();
  if (channel.raisedFee === null) return null;
  return (
    <section className="card stack tight" aria-label={t.raiseFee.action}>
      <p className="small soft">{t.raiseFee.waits}</p>
      <RaiseFee
        fee={channel.raisedFee}
        raise={(fee) => client.call('channel.raiseFee', { channel: channel.id, fee })}
      />
    </section>
  );
}

type Sending = NonNullable<WalletView['account']>['sending'][number];

function WaitingSend({ sending }: { sending: Sending }) {
  const client = useClient();
  const { requestId, to, amount, raised } = sending;
  return (
    <section className="card stack tight" aria-label={t.raiseFee.sending(formatAe(BigInt(amount)))}>
      <p className="small">{t.raiseFee.sending(formatAe(BigInt(amount)))}</p>
      <p className="mono small soft">{to}</p>
      <RaiseFee fee={raised} raise={(fee) => client.call('account.raiseFee', { requestId, fee })} />
    </section>
  );
}

/** Payments on chain that no block has yet. */
export default function WaitingSends() {
  const { account } = useWallet();
  return account?.sending.map((sending) => <WaitingSend key={sending.requestId} sending={sending} />);
}
