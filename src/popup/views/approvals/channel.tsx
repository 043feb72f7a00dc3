import type { ApprovalView } from '../../../rpc/schema.ts';
import { blocksAsTime, siteName } from '../../format.ts';
import { t } from '../../texts/index.ts';
import { Notice } from '../../ui/feedback.tsx';
import { Amount } from '../../ui/money.tsx';
import { PeerLine, usePeer } from '../../ui/peer.tsx';
import { useWallet } from '../../wallet.tsx';
import { Origin } from './connect.tsx';

type Request = Extract<ApprovalView, { kind: 'site_channel' }>;

/** A site's wish to open, fund, drain or close a channel. */
export function ChannelRequest({ approval }: { approval: Request }) {
  const { channels } = useWallet();
  const known = channels.find((channel) => channel.peer.address === approval.peer);
  const peer = usePeer(approval.peer, known?.peer.name ?? null);
  const { operation, terms, gets, sum, fee } = approval;
  return (
    <>
      <Origin origin={approval.origin} />
      <p className="approval-lead">{t.approval.operationLeads[operation](siteName(approval.origin))}</p>
      <section className="card" aria-label={t.approval.peer}>
        <PeerLine peer={peer} />
      </section>
      <dl className="card facts" data-testid="operation">
        {terms && (
          <>
            <Line label={t.approval.youPut} aetto={terms.initiatorAmount} strong />
            <Line label={t.approval.theyPut} aetto={terms.responderAmount} />
            <Line label={t.approval.theyGetAtOnce} aetto={terms.pushAmount} />
            <Line label={t.approval.reserve} aetto={terms.channelReserve} />
            <dt>{t.approval.lockPeriod}</dt>
            <dd>
              {t.blocks(terms.lockPeriod)}, {blocksAsTime(terms.lockPeriod)}
            </dd>
          </>
        )}
        {sum && (
          <Line
            label={operation === 'deposit' ? t.approval.toChannel : t.approval.toAccount}
            aetto={sum}
            strong
          />
        )}
        {gets && (
          <>
            <Line label={t.approval.youGet} aetto={gets.mine} strong />
            <Line label={t.approval.theyGet} aetto={gets.theirs} />
          </>
        )}
        {fee && <Line label={t.approval.networkFee} aetto={fee} />}
      </dl>
      {!fee && <Notice>{t.approval.networkFeeSmall}</Notice>}
    </>
  );
}

function Line({ label, aetto, strong }: { label: string; aetto: string; strong?: boolean }) {
  const look = strong ? 'strong' : undefined;
  return (
    <>
      <dt className={look}>{label}</dt>
      <dd className={look}>
        <Amount form="full" aetto={aetto} />
      </dd>
    </>
  );
}
