import type { ApprovalView } from '../../../rpc/schema.ts';
import { foreignText, shortAddress } from '../../format.ts';
import { t } from '../../texts/index.ts';
import { Amount } from '../../ui/money.tsx';
import { PeerLine, type PeerOf, peerName } from '../../ui/peer.tsx';
import { useWallet } from '../../wallet.tsx';
import { OverBudget } from '../budget-fields.tsx';
import { BalanceTable } from './balances.tsx';
import { Origin } from './connect.tsx';

type Payment = Extract<ApprovalView, { kind: 'site_payment' | 'incoming_update' }>;

/** Every entry of the batch that would be signed, in order. */
function BatchEntries({ approval, peer }: { approval: Payment; peer: PeerOf }) {
  const { account } = useWallet();
  const nameOf = (address: string) =>
    address === account?.address ? t.you : address === peer.address ? peerName(peer) : shortAddress(address);
  return (
    <section className="card" aria-labelledby="batch">
      <h2 id="batch" className="small">
        {t.approval.entries}
      </h2>
      <ul className="entries" data-testid="batch">
        {approval.entries.map((entry, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a batch is ordered and never changes under one digest
          <li key={index}>
            {entry.type === 'transfer' && (
              <>
                <span className="grow">{t.approval.transfer(nameOf(entry.from), nameOf(entry.to))}</span>
                <Amount form="full" aetto={entry.amount} />
              </>
            )}
            {entry.type === 'note' && (
              <span>
                <span className="soft">{t.approval.note}: </span>
                {foreignText(entry.text)}
              </span>
            )}
            {entry.type === 'other' && <span>{foreignText(entry.description)}</span>}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** A site's or the other side's wish to be paid: how much, to whom, what is signed, and the balances after it. */
export function PaymentRequest({ approval, peer }: { approval: Payment; peer: PeerOf }) {
  const note = approval.kind === 'site_payment' ? approval.note : null;
  return (
    <>
      {approval.kind === 'site_payment' ? (
        <Origin origin={approval.origin} />
      ) : (
        <p className="approval-lead">{t.approval.updateLead(peerName(peer))}</p>
      )}
      {approval.kind === 'site_payment' && <OverBudget limit={approval.limit} />}
      <div className="pay-figure">
        <span className="small soft">{t.approval.youPay}</span>
        <Amount aetto={approval.amount} form="full" hero />
        {note && <p className="soft note-text">{foreignText(note)}</p>}
      </div>
      <section className="card" aria-label={t.approval.peer}>
        <PeerLine peer={peer} />
      </section>
      <BalanceTable before={approval.before} after={approval.after} />
      <BatchEntries approval={approval} peer={peer} />
    </>
  );
}
