/** An own call that the other side has not co-signed, and the offer to have the chain run it. */
import { lazy, Suspense, useEffect, useState } from 'react';
import type { ChannelView, ContractPreview } from '../../rpc/schema.ts';
import { formatAe } from '../amount.ts';
import { blocksAsTime, foreignText } from '../format.ts';
import { t } from '../texts/index.ts';
import { Button } from '../ui/button.tsx';
import { Confirm } from '../ui/dialog.tsx';
import { Notice, Waiting } from '../ui/feedback.tsx';
import { Amount } from '../ui/money.tsx';
import { useClient, useLoad, useSubmit } from '../wallet.tsx';
import { BalanceTable } from './approvals/balances.tsx';

const CallArguments = lazy(() => import('./approvals/call-arguments.tsx'));

type ForceView = NonNullable<ChannelView['force']>;

export function Force({ channel, force }: { channel: ChannelView; force: ForceView }) {
  const client = useClient();
  const words = t.channel.force;
  const waiting = force.why === 'waiting';
  const [asking, setAsking] = useState(false);
  // One that is being answered right now needs nothing of the person.
  const [late, setLate] = useState(!waiting || channel.connection !== 'online');
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), 5_000);
    return () => clearTimeout(timer);
  }, []);
  const forget = useSubmit(channel.id, async () => {
    await client.call('channel.forgetCall', { channel: channel.id });
  });
  if (!late && waiting) return null;
  return (
    <Notice role="status">
      <p>{words.why[force.why]}</p>
      <div className="button-pair">
        <Button look="secondary" small onClick={() => setAsking(true)}>
          {words.action}
        </Button>
        {!waiting && (
          <Button
            look="quiet"
            small
            busy={forget.busy}
            busyLabel={words.forgetting}
            onClick={() => forget.submit()}
          >
            {words.forget}
          </Button>
        )}
      </div>
      {asking && <Question channel={channel} force={force} onClose={() => setAsking(false)} />}
    </Notice>
  );
}

/** What it is, what it would come to, what it costs and how long it takes. */
function Question({ channel, force, onClose }: { channel: ChannelView; force: ForceView; onClose(): void }) {
  const client = useClient();
  const words = t.channel.force;
  const { id, sequenceNumber, mine, theirs, contracts } = channel;
  const { value: preview, error } = useLoad(`${id} ${sequenceNumber} ${force.amount}`, () =>
    client.call('channel.forcePreview', { channel: id }),
  );
  const submission = useSubmit(id, async () => {
    await client.call('channel.force', { channel: id });
  });
  const problem = problemOf(preview) ?? error;
  return (
    <Confirm
      open
      onClose={onClose}
      title={words.title}
      text={words.text}
      confirm={words.action}
      cancel={t.common.cancel}
      busyLabel={t.channel.posting}
      look="primary"
      off={problem !== null || preview === null}
      submission={submission}
    >
      {problem !== null && (
        <Notice tone="warn" role="alert">
          {words.fails} {foreignText(problem)}
        </Notice>
      )}
      {preview === null && error === null ? (
        <Waiting />
      ) : (
        <BalanceTable before={{ mine, theirs, held: contracts.held }} after={preview?.result ?? null} />
      )}
      <dl className="facts" data-testid="force">
        <dt>{t.approval.contract.fn}</dt>
        <dd className="mono">{foreignText(preview?.fn?.name ?? preview?.fn?.id ?? '?')}</dd>
        {preview && (
          <Suspense fallback={null}>
            <CallArguments callData={preview.callData} />
          </Suspense>
        )}
        {force.amount !== '0' && (
          <>
            <dt>{t.approval.contract.youGive}</dt>
            <dd>
              <Amount form="full" aetto={force.amount} />
            </dd>
          </>
        )}
        <dt>{t.channel.fee}</dt>
        <dd>
          <Amount form="full" aetto={force.fee} />
        </dd>
        <dt>{words.gasAtMost}</dt>
        <dd>
          <Amount form="full" aetto={force.gas} />
        </dd>
        <dt>{words.takes}</dt>
        <dd>
          {t.blocks(force.blocks + 1)}, {blocksAsTime(force.blocks + 1)}
        </dd>
      </dl>
      <p className="small soft">{words.risk(formatAe(BigInt(force.fee)))}</p>
    </Confirm>
  );
}

/** Why the call would not do what it is for; null where it would. */
function problemOf(preview: ContractPreview | null): string | null {
  if (!preview) return null;
  const { result, problem } = preview;
  if (!result) return problem ?? '';
  return result.returnType === 'ok' ? null : (result.reason ?? '');
}
