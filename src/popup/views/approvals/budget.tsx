import { useEffect, useState } from 'react';
import type { ParamsOf } from '../../../rpc/popup.ts';
import type { ApprovalView } from '../../../rpc/schema.ts';
import { editableAe, formatAe } from '../../amount.ts';
import { siteName } from '../../format.ts';
import { t } from '../../texts/index.ts';
import { Notice } from '../../ui/feedback.tsx';
import { Amount } from '../../ui/money.tsx';
import { PeerLine, type PeerOf, peerName } from '../../ui/peer.tsx';
import { BudgetContracts, BudgetFields, limitsOf, period, periods } from '../budget-fields.tsx';
import { Origin } from './connect.tsx';

export type Granted = NonNullable<ParamsOf<'approval.decide'>['budget']>;

/** A site's wish to pay without asking each time: how much, for how long; the person may lower it. */
export function BudgetRequest({
  approval,
  peer,
  onGranted,
}: {
  approval: Extract<ApprovalView, { kind: 'site_budget' }>;
  peer: PeerOf;
  /** What a yes grants; null while the fields hold no limits. */
  onGranted(granted: Granted | null): void;
}) {
  const { seconds, contracts, replaces } = approval;
  const most = { amount: BigInt(approval.amount), perUpdate: BigInt(approval.perUpdate) };
  const [typed, setTyped] = useState({
    amount: editableAe(most.amount),
    perUpdate: editableAe(most.perUpdate),
    seconds,
  });
  const limits = limitsOf(typed, most);
  const key = limits && JSON.stringify({ ...limits, seconds: typed.seconds });
  useEffect(() => onGranted(key === null ? null : (JSON.parse(key) as Granted)), [key, onGranted]);
  const choices = [...periods.filter((shorter) => shorter < seconds), seconds].map(
    (one) => [one, period(one)] as const,
  );
  return (
    <>
      <Origin origin={approval.origin} />
      <p className="approval-lead">{t.budget.lead(siteName(approval.origin), peerName(peer))}</p>
      {replaces && (
        <Notice>
          {t.budget.replaces(formatAe(BigInt(replaces.amount)), formatAe(BigInt(replaces.left)))}
        </Notice>
      )}
      <section className="card stack" aria-label={t.budget.limitsTitle}>
        <BudgetFields typed={typed} onTyped={setTyped} most={most} choices={choices} />
        <p className="help">{t.budget.lower}</p>
      </section>
      <section className="card" aria-label={t.approval.peer}>
        <PeerLine peer={peer} />
      </section>
      <dl className="card facts">
        <dt>{t.budget.spendable}</dt>
        <dd>
          <Amount form="full" aetto={approval.spendable} />
        </dd>
      </dl>
      {contracts.length > 0 && (
        <section className="card stack tight" aria-labelledby="contracts" data-testid="contracts">
          <h2 id="contracts" className="small">
            {t.budget.mayCall}
          </h2>
          <BudgetContracts contracts={contracts} full />
        </section>
      )}
      <section aria-labelledby="risks">
        <h2 id="risks" className="small">
          {t.approval.risks}
        </h2>
        <ul className="risks">
          <li>{t.budget.riskSilent}</li>
          <li>{t.budget.riskOver}</li>
          {contracts.length > 0 && <li>{t.budget.riskContracts}</li>}
          <li>{t.budget.riskRevoke}</li>
        </ul>
      </section>
    </>
  );
}
