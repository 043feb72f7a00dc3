import type { ApprovalView } from '../../../rpc/schema.ts';
import { aettoPerAe } from '../../amount.ts';
import { cutText, foreignText } from '../../format.ts';
import { t } from '../../texts/index.ts';
import { Notice } from '../../ui/feedback.tsx';
import { Amount } from '../../ui/money.tsx';
import { Origin } from './connect.tsx';

type Transaction = Extract<ApprovalView, { kind: 'site_transaction' }>;

/** An ordinary transaction takes a ten thousandth of this. */
const costly = aettoPerAe / 2n;
/** Longer texts (code, calls) are cut: nobody reads them, and their beginning is enough to compare. */
const longest = 240;

/** Every field of a site's transaction, and what can leave the account by it. */
export function TransactionRequest({ approval }: { approval: Transaction }) {
  return (
    <>
      <Origin origin={approval.origin} />
      <div className="pay-figure">
        <span className="small soft">{t.approval.txMost}</span>
        <Amount aetto={approval.most} form="full" hero />
      </div>
      {BigInt(approval.cost) >= costly && <Notice tone="warn">{t.approval.txCostly}</Notice>}
      {approval.type.startsWith('Contract') && <Notice tone="warn">{t.approval.txContract}</Notice>}
      {/^Name(Update|Revoke|Transfer)/.test(approval.type) && (
        <Notice tone="warn">{t.approval.txName}</Notice>
      )}
      <dl className="card facts" data-testid="transaction">
        <dt className="strong">{t.approval.txType}</dt>
        <dd className="strong">{approval.type}</dd>
        {approval.facts.map((fact, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a transaction is ordered and never changes under one digest
          <Fact key={index} fact={fact} />
        ))}
        <dt>{t.approval.txNetwork}</dt>
        <dd>{approval.networkId}</dd>
      </dl>
      <Notice>
        {approval.inner ? t.approval.txInner : approval.broadcast ? t.approval.txPosted : t.approval.txGiven}
      </Notice>
    </>
  );
}

function Fact({ fact: { label, kind, value } }: { fact: Transaction['facts'][number] }) {
  const text = foreignText(value);
  return (
    <>
      <dt>{t.approval.txLabels[label]}</dt>
      <dd>
        {kind === 'amount' && <Amount form="full" aetto={value} />}
        {kind === 'number' && value}
        {kind === 'account' && <span className="mono">{value}</span>}
        {kind === 'text' && <span className="note-text">{cutText(text, longest)}</span>}
      </dd>
    </>
  );
}
