import type { ChannelView } from '../../rpc/schema.ts';
import { formatAe } from '../amount.ts';
import { blocksAsTime } from '../format.ts';
import { useRoute } from '../router.ts';
import { t } from '../texts/index.ts';
import { BlockSteps } from '../ui/feedback.tsx';
import { Amount, Bar, type Part } from '../ui/money.tsx';
import { Connection, PeerBadge, peerName } from '../ui/peer.tsx';
import { isOver, reserveOf } from './totals.ts';

/** Mine left, theirs right, each with its reserve at the outer end. */
export function balanceParts(channel: ChannelView): Part[] {
  const mine = BigInt(channel.mine);
  const theirs = BigInt(channel.theirs);
  const reserve = BigInt(channel.terms.channelReserve);
  const keptMine = reserveOf(channel);
  const keptTheirs = reserve < theirs ? reserve : theirs;
  return [
    { kind: 'kept', aetto: keptMine },
    { kind: 'mine', aetto: mine - keptMine },
    { kind: 'theirs', aetto: theirs - keptTheirs },
    { kind: 'kept-theirs', aetto: keptTheirs },
  ];
}

export function pendingText(pending: NonNullable<ChannelView['pending']>): string {
  return t.pending[pending.kind](formatAe(BigInt(pending.amount)));
}

/** The own payments that wait their turn, and for what; null where none do. */
export function queuedText({ queued, pending }: ChannelView): string | null {
  if (queued === undefined) return null;
  const amount = formatAe(BigInt(queued));
  switch (pending?.kind) {
    case 'being_paid':
      return t.queued.request(amount);
    case 'asked':
    case 'contract_asked':
      return t.queued.answer(amount);
    case 'deposit':
    case 'withdrawal':
      return t.queued[pending.kind](amount);
    default:
      return t.queued.other(amount);
  }
}

export function progressText(progress: NonNullable<ChannelView['progress']>): string {
  const { what, confirmations, required } = progress;
  if (confirmations < 0) return t.progress.notInBlock;
  if (what !== 'dispute') return t.progress.confirmations(Math.min(confirmations, required), required);
  const left = required - confirmations;
  return left > 0 ? t.progress.left(t.blocks(left), blocksAsTime(left)) : t.progress.over;
}

export function ChannelCard({ channel }: { channel: ChannelView }) {
  const open = channel.phase === 'open';
  const { path } = useRoute();
  const queued = queuedText(channel);
  const current = path[0] === 'channel' && path[1] === channel.id;
  return (
    <a
      className="channel-card"
      href={`#/channel/${channel.id}`}
      aria-current={current ? 'page' : undefined}
      data-testid="channel-card"
    >
      <div className="row">
        <PeerBadge peer={channel.peer} />
        <div className="grow">
          <div className="cut">{peerName(channel.peer)}</div>
          <div className="small soft">
            {channel.pending && open ? (
              pendingText(channel.pending)
            ) : open ? (
              <Connection state={channel.connection} />
            ) : (
              t.phase[channel.phase]
            )}
          </div>
          {queued && <div className="small soft">{queued}</div>}
        </div>
        {open && (
          <div className="small card-payable">
            <Amount aetto={channel.spendable} />
            <span className="who">{t.home.payable}</span>
          </div>
        )}
      </div>
      {!isOver(channel) && channel.progress && !open ? (
        <div className="stack tight">
          <BlockSteps done={channel.progress.confirmations} required={channel.progress.required} />
          <div className="small soft">{progressText(channel.progress)}</div>
        </div>
      ) : (
        !isOver(channel) && (
          <div className="stack tight">
            <Bar parts={balanceParts(channel)} />
            <div className="bar-ends">
              <span>
                <span className="who">{t.you}</span>
                <Amount aetto={channel.mine} />
              </span>
              <span>
                <span className="who">{t.them}</span>
                <Amount aetto={channel.theirs} />
              </span>
            </div>
          </div>
        )
      )}
    </a>
  );
}
