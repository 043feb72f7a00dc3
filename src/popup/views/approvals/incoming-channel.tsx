import type { ApprovalView } from '../../../rpc/schema.ts';
import { formatAe } from '../../amount.ts';
import { blocksAsTime } from '../../format.ts';
import { t } from '../../texts/index.ts';
import { Notice } from '../../ui/feedback.tsx';
import { Amount } from '../../ui/money.tsx';
import { PeerLine, type PeerOf, peerName } from '../../ui/peer.tsx';

type Incoming = Extract<ApprovalView, { kind: 'incoming_channel' }>;

/** What accepting means for the person, one risk a line. */
function risksOf({ terms }: Incoming): string[] {
  const mine = BigInt(terms.responderAmount);
  const reserve = BigInt(terms.channelReserve);
  return [
    mine === 0n ? t.approval.riskNothing : t.approval.riskMine(formatAe(mine)),
    ...(reserve > 0n ? [t.approval.riskReserve(formatAe(reserve))] : []),
    t.approval.riskLock(t.blocks(terms.lockPeriod), blocksAsTime(terms.lockPeriod)),
    t.approval.riskOnline,
  ];
}

export function IncomingChannel({ approval, peer }: { approval: Incoming; peer: PeerOf }) {
  const { terms } = approval;
  return (
    <>
      <p className="approval-lead">{t.approval.incomingLead(peerName(peer))}</p>
      <section className="card" aria-label={t.approval.from}>
        <PeerLine peer={peer} />
      </section>
      {!approval.initiatorFunded && <Notice tone="warn">{t.approval.unfunded}</Notice>}
      <dl className="card facts">
        <dt>{t.approval.theyPut}</dt>
        <dd>
          <Amount form="full" aetto={terms.initiatorAmount} />
        </dd>
        <dt className="strong">{t.approval.youPut}</dt>
        <dd className="strong">
          <Amount form="full" aetto={terms.responderAmount} />
        </dd>
        <dt>{t.approval.youGetAtOnce}</dt>
        <dd>
          <Amount form="full" aetto={terms.pushAmount} />
        </dd>
        <dt>{t.approval.reserve}</dt>
        <dd>
          <Amount form="full" aetto={terms.channelReserve} />
        </dd>
        <dt>{t.approval.lockPeriod}</dt>
        <dd>
          {t.blocks(terms.lockPeriod)}, {blocksAsTime(terms.lockPeriod)}
        </dd>
      </dl>
      <section aria-labelledby="risks">
        <h2 id="risks" className="small">
          {t.approval.risks}
        </h2>
        <ul className="risks">
          {risksOf(approval).map((risk) => (
            <li key={risk}>{risk}</li>
          ))}
        </ul>
      </section>
    </>
  );
}
