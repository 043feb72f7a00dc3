import type { ApprovalView } from '../../../rpc/schema.ts';
import { t } from '../../texts/index.ts';
import { Amount } from '../../ui/money.tsx';
import { PeerLine, type PeerOf, peerName } from '../../ui/peer.tsx';

type Counter = Extract<ApprovalView, { kind: 'counter_offer' }>;

/** The terms asked for beside those wanted, with what differs marked in words. */
export function CounterOffer({ approval, peer }: { approval: Counter; peer: PeerOf }) {
  const { asked, terms } = approval;
  const amounts = [
    ['initiatorAmount', t.approval.youPut],
    ['responderAmount', t.approval.theyPut],
    ['pushAmount', t.approval.theyGetAtOnce],
    ['channelReserve', t.approval.reserve],
  ] as const;
  return (
    <>
      <p className="approval-lead">{t.approval.counterLead(peerName(peer))}</p>
      <section className="card" aria-label={t.approval.from}>
        <PeerLine peer={peer} />
      </section>
      <section className="card">
        <table className="compare">
          <thead>
            <tr>
              <th scope="col">{t.approval.term}</th>
              <th scope="col">{t.approval.youAsked}</th>
              <th scope="col">{t.approval.theyOffer}</th>
            </tr>
          </thead>
          <tbody>
            {amounts.map(([field, label]) => (
              <Row
                key={field}
                label={label}
                differs={asked[field] !== terms[field]}
                asked={<Amount form="full" aetto={asked[field]} />}
                wanted={<Amount form="full" aetto={terms[field]} />}
              />
            ))}
            <Row
              label={t.approval.lockPeriod}
              differs={asked.lockPeriod !== terms.lockPeriod}
              asked={t.blocks(asked.lockPeriod)}
              wanted={t.blocks(terms.lockPeriod)}
            />
          </tbody>
        </table>
      </section>
    </>
  );
}

function Row({
  label,
  differs,
  asked,
  wanted,
}: {
  label: string;
  differs: boolean;
  asked: React.ReactNode;
  wanted: React.ReactNode;
}) {
  return (
    <tr>
      <th scope="row">
        {label}
        {differs && <span className="mark">{t.approval.changedTerm}</span>}
      </th>
      <td>{asked}</td>
      <td className={differs ? 'changed' : ''}>{wanted}</td>
    </tr>
  );
}
