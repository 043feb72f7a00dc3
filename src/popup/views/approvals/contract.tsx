/** Contracts: a site's wish to make or call one, and the other side's wish to make one. */
import { lazy, Suspense, useEffect } from 'react';
import type { ApprovalView } from '../../../rpc/schema.ts';
import { foreignText, siteName } from '../../format.ts';
import { t } from '../../texts/index.ts';
import { Disclosure } from '../../ui/disclosure.tsx';
import { Notice, Problem, Waiting } from '../../ui/feedback.tsx';
import { Amount } from '../../ui/money.tsx';
import { PeerLine, type PeerOf, peerName } from '../../ui/peer.tsx';
import { useClient, useLoad } from '../../wallet.tsx';
import { OverBudget } from '../budget-fields.tsx';
import { BalanceTable } from './balances.tsx';
import { Origin } from './connect.tsx';

const Call = lazy(() => import('./call.tsx'));
const InitArguments = lazy(() => import('./init-arguments.tsx'));

type SiteContract = Extract<ApprovalView, { kind: 'site_contract' }>;
type Creation = Extract<ApprovalView, { kind: 'contract_create' }>;

/** What is called or made, with which coins, and what it would come to on the latest state. */
export function ContractRequest({
  approval,
  peer,
  onShown,
}: {
  approval: SiteContract;
  peer: PeerOf;
  /** All there is to decide on is on screen, for this digest. */
  onShown(digest: string): void;
}) {
  const client = useClient();
  const words = t.approval.contract;
  const { id, digest, operation, before, held, gas } = approval;
  const loaded = useLoad(`${id} ${digest}`, async () => ({
    digest,
    preview: await client.call('approval.contract', { id }),
  }));
  // What was tried on an earlier state is not shown beside a later one.
  const preview = loaded.value?.digest === digest ? loaded.value.preview : null;
  const shown = preview !== null || loaded.error !== null;
  useEffect(() => {
    if (shown) onShown(digest);
  }, [shown, digest, onShown]);
  const failed = preview?.result && preview.result.returnType !== 'ok' ? preview.result : null;
  return (
    <>
      <Origin origin={approval.origin} />
      <p className="approval-lead">{words.leads[operation](siteName(approval.origin), peerName(peer))}</p>
      <OverBudget limit={approval.limit} />
      <div className="pay-figure">
        <span className="small soft">{words.youGive}</span>
        <Amount aetto={approval.amount} form="full" hero />
      </div>
      <Problem>{loaded.error}</Problem>
      {preview?.problem && (
        <Notice tone="warn" role="alert">
          {words.cannot} {foreignText(preview.problem)}
        </Notice>
      )}
      {failed && (
        <Notice tone="warn" role="alert">
          {words.fails} {failed.reason && foreignText(failed.reason)}
        </Notice>
      )}
      {preview ? (
        <Suspense fallback={<Waiting />}>
          <Call preview={preview} />
        </Suspense>
      ) : (
        loaded.error === null && <Waiting />
      )}
      <BalanceTable before={{ ...before, held }} after={preview?.result ?? null} />
      <p className="small soft">{words.ifNow}</p>
      <CodeFacts approval={approval} open={operation === 'create'}>
        {approval.contract && (
          <>
            <dt>{t.approval.txLabels.contract}</dt>
            <dd className="mono">{approval.contract}</dd>
          </>
        )}
        {gas && (
          <>
            <dt>{words.gas}</dt>
            <dd>{words.gasOf(preview?.result?.gasUsed ?? null, gas.limit)}</dd>
            <dt>{words.gasPrice}</dt>
            <dd>
              <Amount form="full" aetto={gas.price} />
            </dd>
          </>
        )}
        {preview && (
          <>
            <dt>{words.fn}</dt>
            <dd className="mono">{preview.fn?.id ?? '?'}</dd>
            <dt>{t.approval.txLabels.callData}</dt>
            <dd className="mono note-text">{preview.callData}</dd>
          </>
        )}
      </CodeFacts>
      <Notice>{words.risk}</Notice>
    </>
  );
}

/** The other side's contract: from the word on, its rules bind the coins that go to it. */
export function IncomingContract({ approval, peer }: { approval: Creation; peer: PeerOf }) {
  const words = t.approval.contract;
  const { before, after, held } = approval;
  return (
    <>
      <p className="approval-lead">{words.incomingLead(peerName(peer))}</p>
      <div className="pay-figure">
        <span className="small soft">{words.theyGive}</span>
        <Amount aetto={approval.deposit} form="full" hero />
      </div>
      <section className="card" aria-label={t.approval.from}>
        <PeerLine peer={peer} />
      </section>
      <BalanceTable before={before} after={after} />
      <Suspense fallback={<Waiting />}>
        <InitArguments callData={approval.callData} />
      </Suspense>
      <CodeFacts approval={approval} open>
        <dt>{words.held}</dt>
        <dd>
          <Amount form="full" aetto={held} />
        </dd>
      </CodeFacts>
      <Notice tone="warn">{words.incomingRisk}</Notice>
    </>
  );
}

function CodeFacts({
  approval,
  open,
  children,
}: {
  approval: SiteContract | Creation;
  open?: boolean;
  children: React.ReactNode;
}) {
  const words = t.approval.contract;
  const facts = (
    <dl className={open ? 'card facts' : 'facts'} data-testid="code">
      <dt>{words.codeHash}</dt>
      <dd className="mono">{approval.codeHash}</dd>
      <dt>{words.codeSize}</dt>
      <dd>{words.bytes(approval.codeSize)}</dd>
      {children}
    </dl>
  );
  return open ? facts : <Disclosure label={t.channel.technical}>{facts}</Disclosure>;
}
