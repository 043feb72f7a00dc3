/** One channel: balances, what is under way, pay, request, history, close. */
import { Tabs } from '@base-ui/react/tabs';
import { lazy, type ReactNode, Suspense, useState } from 'react';
import type { ChannelView } from '../../rpc/schema.ts';
import { formatAe } from '../amount.ts';
import { blocksAsTime, fullTime } from '../format.ts';
import type { Route } from '../router.ts';
import { t, workerText } from '../texts/index.ts';
import { Button } from '../ui/button.tsx';
import { Confirm } from '../ui/dialog.tsx';
import { Disclosure } from '../ui/disclosure.tsx';
import { FeeSlider, useFees } from '../ui/fee.tsx';
import { BlockSteps, Notice, Problem, Skeleton } from '../ui/feedback.tsx';
import { TextField } from '../ui/field.tsx';
import { Amount, Bar } from '../ui/money.tsx';
import { Page } from '../ui/page.tsx';
import { Connection, peerName } from '../ui/peer.tsx';
import { useChannel, useClient, useLoad, useSubmit, useWallet } from '../wallet.tsx';
import { Banners } from './banners.tsx';
import { balanceParts, pendingText, progressText, queuedText } from './channel-card.tsx';
import { Entries } from './entries.tsx';
import { Force } from './force.tsx';
import { FundsForm } from './funds.tsx';
import { blocked, MoveForm } from './pay.tsx';
import { RaiseChannelFee } from './raise-fee.tsx';
import { canAbort, canClose, canCloseAlone, canMove, isOver, reserveOf } from './totals.ts';

const Chart = lazy(() => import('../ui/chart.tsx'));

function Balances({ channel }: { channel: ChannelView }) {
  const kept = reserveOf(channel);
  const onItsWay = BigInt(channel.mine) - kept - BigInt(channel.spendable);
  // Why nothing can be paid now stands at the form's button.
  const payable = blocked(channel, null) === null;
  return (
    <section className="card" aria-label={t.channel.balances}>
      <div className="balance-figures">
        <div data-testid="mine">
          <span className="who">{t.you}</span>
          <Amount aetto={channel.mine} />
        </div>
        <div data-testid="theirs">
          <span className="who">{t.them}</span>
          <Amount aetto={channel.theirs} />
        </div>
      </div>
      <Bar parts={balanceParts(channel)} />
      {channel.phase === 'open' && channel.progress?.what !== 'force' && (
        <p className="help" style={{ marginTop: 'var(--s3)' }}>
          {payable && `${t.channel.payable(formatAe(BigInt(channel.spendable)))} `}
          {kept > 0n && t.channel.kept(formatAe(kept))}
          {onItsWay > 0n && ` ${t.channel.onItsWay(formatAe(onItsWay))}`}
        </p>
      )}
    </section>
  );
}

/** What is not done yet, and the own payments that wait for it. */
function UnderWay({ channel }: { channel: ChannelView }) {
  const { pending } = channel;
  const queued = queuedText(channel);
  if (!pending && !queued) return null;
  return (
    <Notice role="status">
      {pending && <p>{pendingText(pending)}</p>}
      {pending?.note && <p className="soft note-text">{pending.note}</p>}
      {queued && <p>{queued}</p>}
    </Notice>
  );
}

/** Transactions that both sign. */
const joint: ReadonlySet<string> = new Set(['funding', 'deposit', 'withdrawal', 'close']);

/** Where an opening, a close or what the chain does for one side stands, in blocks. */
function Stage({ channel }: { channel: ChannelView }) {
  const { approvals } = useWallet();
  const { phase, progress, reason } = channel;
  const waiting = approvals.find((approval) => 'channel' in approval && approval.channel === channel.id);
  const help = phase in t.phaseHelp ? t.phaseHelp[phase as keyof typeof t.phaseHelp] : null;
  if (phase === 'open' && !progress)
    return waiting ? (
      <a className="button secondary wide" href={`#/approval/${encodeURIComponent(waiting.id)}`}>
        {t.channel.answer}
      </a>
    ) : null;
  return (
    <section className="card stack tight" aria-live="polite" data-testid="stage">
      <h2>{phase === 'open' && progress ? t.progress[progress.what] : t.phase[phase]}</h2>
      {help && <p className="small soft">{help}</p>}
      {reason && <p className="small note-text">{workerText(reason)}</p>}
      {progress?.what === 'force' && <p className="small soft">{t.channel.force.running}</p>}
      {progress && !isOver(channel) && (
        <>
          <BlockSteps done={progress.confirmations} required={progress.required} />
          <p className="spread small">
            <span className="soft">{t.progress[progress.what]}</span>
            <span>{progressText(progress)}</span>
          </p>
          {progress.confirmations < 0 && joint.has(progress.what) && (
            <p className="small soft">{t.raiseFee.joint}</p>
          )}
        </>
      )}
      {waiting && (
        <a className="button primary wide" href={`#/approval/${encodeURIComponent(waiting.id)}`}>
          {t.channel.answer}
        </a>
      )}
    </section>
  );
}

function Reconnect({ channel }: { channel: ChannelView }) {
  const client = useClient();
  const reconnect = useSubmit(channel.id, async () => {
    await client.call('channel.reconnect', { channel: channel.id });
  });
  // A close by one side alone needs nobody else.
  if (channel.connection !== 'offline' || isOver(channel) || channel.phase === 'closing_solo') return null;
  return (
    <Notice tone="warn" role="status">
      <p>{t.channel.offline}</p>
      <Problem>{reconnect.error}</Problem>
      <Button
        look="secondary"
        small
        busy={reconnect.busy}
        busyLabel={t.channel.reconnecting}
        onClick={() => reconnect.submit()}
      >
        {t.channel.reconnect}
      </Button>
    </Notice>
  );
}

/** What contracts hold, and what that means for closing. */
function Held({ channel }: { channel: ChannelView }) {
  const { held } = channel.contracts;
  if (held === '0' || isOver(channel)) return null;
  return <Notice tone="warn">{t.channel.contracts.held(formatAe(BigInt(held)))}</Notice>;
}

/** Restored: payments wait until nothing that was signed before the loss can take effect. */
function Settling({ channel: { settling, ...channel } }: { channel: ChannelView }) {
  if (!settling || isOver(channel)) return null;
  const words = t.channel.settling;
  const cost = formatAe(BigInt(settling.cost));
  return (
    <Notice tone="warn" role="status">
      {words.why}{' '}
      {settling.short ? words.short(cost) : settling.left > 0 ? words.left(settling.left, cost) : words.last}
    </Notice>
  );
}

function Contracts({ channel }: { channel: ChannelView }) {
  const words = t.channel.contracts;
  const { list } = channel.contracts;
  if (list.length === 0) return null;
  return (
    <section className="card stack tight" aria-labelledby="contracts" data-testid="contracts">
      <h2 id="contracts">{words.title}</h2>
      {list.map(({ contract, by, balance, codeHash }) => (
        <dl className="facts" key={contract}>
          <Fact name={words.madeBy}>{words.by[by]}</Fact>
          <Fact name={words.holds}>
            <Amount form="full" aetto={balance} />
          </Fact>
          <Fact name={words.id} mono>
            {contract}
          </Fact>
          {codeHash && (
            <Fact name={t.approval.contract.codeHash} mono>
              {codeHash}
            </Fact>
          )}
        </dl>
      ))}
    </section>
  );
}

function Close({ channel }: { channel: ChannelView }) {
  const client = useClient();
  const [asking, setAsking] = useState(false);
  const close = useSubmit(channel.id, async () => {
    await client.call('channel.shutdown', { channel: channel.id });
  });
  const quote = channel.closeQuote;
  return (
    <>
      <Button
        look="danger-quiet"
        wide
        reason={channel.contracts.held === '0' ? null : t.channel.contracts.closeWaits}
        onClick={() => setAsking(true)}
      >
        {t.channel.close}
      </Button>
      <Confirm
        open={asking}
        onClose={() => setAsking(false)}
        title={t.channel.closeTitle}
        text={t.channel.closeText}
        confirm={t.channel.closeConfirm}
        cancel={t.channel.keepOpen}
        busyLabel={t.channel.closing}
        look="danger"
        submission={close}
      >
        {quote && (
          <dl className="facts">
            <dt className="strong">{t.channel.closeMine}</dt>
            <dd className="strong">
              <Amount form="full" aetto={quote.mine} />
            </dd>
            <dt>{t.channel.closeTheirs}</dt>
            <dd>
              <Amount form="full" aetto={quote.theirs} />
            </dd>
            <dt>{t.channel.closeFee}</dt>
            <dd>
              <Amount form="full" aetto={quote.fee} />
            </dd>
          </dl>
        )}
        {channel.connection !== 'online' && <Notice tone="warn">{t.channel.closeOffline}</Notice>}
      </Confirm>
    </>
  );
}

function CloseAlone({ channel }: { channel: ChannelView }) {
  const client = useClient();
  const [asking, setAsking] = useState(false);
  const [typed, setTyped] = useState('');
  const { overrideFrom } = channel;
  const override = overrideFrom !== null && Date.now() >= overrideFrom;
  const fees = useFees(asking ? { type: 'close_alone', channel: channel.id } : null);
  const feeStep = fees.step;
  const close = useSubmit([channel.id, feeStep], async () => {
    await client.call('channel.closeAlone', { channel: channel.id, acceptOldState: override, feeStep });
  });
  const { lockPeriod } = channel.terms;
  const words = t.channel.oldState;
  return (
    <>
      <Button
        look="danger-quiet"
        wide
        reason={
          overrideFrom !== null && !override
            ? `${t.channel.maybeStale} ${words.from(fullTime(overrideFrom))}`
            : null
        }
        onClick={() => {
          setTyped('');
          setAsking(true);
        }}
      >
        {t.channel.closeAlone}
      </Button>
      <Confirm
        open={asking}
        onClose={() => setAsking(false)}
        title={t.channel.closeAloneTitle}
        text={t.channel.closeAloneText(t.blocks(lockPeriod), blocksAsTime(lockPeriod))}
        confirm={t.channel.closeAlone}
        cancel={t.channel.keepOpen}
        busyLabel={t.channel.closing}
        look="danger"
        off={override && typed.trim() !== words.word}
        submission={close}
      >
        {override && (
          <>
            <Notice tone="warn">{words.risk}</Notice>
            <TextField label={words.label(words.word)} value={typed} onValue={setTyped} />
          </>
        )}
        <dl className="facts">
          <dt className="strong">{t.channel.closeMine}</dt>
          <dd className="strong">
            <Amount form="full" aetto={channel.mine} />
          </dd>
          <dt>{t.channel.closeTheirs}</dt>
          <dd>
            <Amount form="full" aetto={channel.theirs} />
          </dd>
        </dl>
        <FeeSlider
          fees={fees.fees}
          step={feeStep}
          onStep={fees.setStep}
          error={fees.error}
          readOnly={close.busy}
        />
      </Confirm>
    </>
  );
}

/** The latest balances on the chain, the channel stays open. */
function Record({ channel, fee }: { channel: ChannelView; fee: string }) {
  const client = useClient();
  const [asking, setAsking] = useState(false);
  const record = useSubmit(channel.id, async () => {
    await client.call('channel.snapshot', { channel: channel.id });
  });
  return (
    <>
      <Button look="secondary" wide onClick={() => setAsking(true)}>
        {t.channel.record}
      </Button>
      <Confirm
        open={asking}
        onClose={() => setAsking(false)}
        title={t.channel.recordTitle}
        text={t.channel.recordText}
        confirm={t.channel.recordConfirm}
        cancel={t.common.cancel}
        busyLabel={t.channel.posting}
        look="primary"
        submission={record}
      >
        <dl className="facts">
          <dt>{t.channel.fee}</dt>
          <dd>
            <Amount form="full" aetto={fee} />
          </dd>
        </dl>
      </Confirm>
    </>
  );
}

function Abort({ channel }: { channel: ChannelView }) {
  const client = useClient();
  const [asking, setAsking] = useState(false);
  const abort = useSubmit(channel.id, async () => {
    await client.call('channel.abort', { channel: channel.id });
  });
  return (
    <>
      <Button look="danger-quiet" wide onClick={() => setAsking(true)}>
        {t.channel.abort}
      </Button>
      <Confirm
        open={asking}
        onClose={() => setAsking(false)}
        title={t.channel.abortTitle}
        text={channel.phase === 'half_signed' ? t.channel.abortHalfSigned : t.channel.abortText}
        confirm={t.channel.abortConfirm}
        cancel={t.channel.abortKeep}
        busyLabel={t.channel.aborting}
        look="danger"
        submission={abort}
      />
    </>
  );
}

function ChannelHistory({ channel }: { channel: ChannelView }) {
  const client = useClient();
  const [limit, setLimit] = useState(25);
  const history = useLoad(`${channel.id} ${channel.updatedAt} ${limit}`, () =>
    client.call('channel.history', { channel: channel.id, before: null, limit }),
  );
  return (
    <>
      {history.value && (
        <Suspense fallback={<Skeleton height="13rem" />}>
          <Chart items={history.value.items} />
        </Suspense>
      )}
      <Entries history={history} />
      {history.value && history.value.items.length >= limit && limit < 200 && (
        <Button look="quiet" wide onClick={() => setLimit(Math.min(200, limit * 2))}>
          {t.common.showMore}
        </Button>
      )}
    </>
  );
}

function Fact({ name, mono, children }: { name: string; mono?: boolean; children: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd className={mono ? 'mono' : ''}>{children}</dd>
    </>
  );
}

function watchtowerWords({ watchtower, sequenceNumber }: ChannelView): string {
  const words = t.channel.watchtower;
  if (!watchtower?.named) return words.notNamed;
  const { guards, problem } = watchtower;
  if (problem !== null)
    return guards === null ? workerText(problem) : `${words.guards(guards)}. ${workerText(problem)}`;
  if (guards === null) return sequenceNumber === '0' ? words.nothing : words.sending(null);
  return BigInt(guards) >= BigInt(sequenceNumber) ? words.guards(guards) : words.sending(guards);
}

function Facts({ channel }: { channel: ChannelView }) {
  const { facts } = t.channel;
  const { terms } = channel;
  const initiator = channel.role === 'initiator';
  const mineIn = initiator ? terms.initiatorAmount : terms.responderAmount;
  const theirsIn = initiator ? terms.responderAmount : terms.initiatorAmount;
  return (
    <>
      <dl className="card facts">
        <Fact name={t.you}>
          <Amount form="full" aetto={channel.mine} />
        </Fact>
        <Fact name={t.them}>
          <Amount form="full" aetto={channel.theirs} />
        </Fact>
        <Fact name={facts.mineIn}>
          <Amount form="full" aetto={mineIn} />
        </Fact>
        <Fact name={facts.theirsIn}>
          <Amount form="full" aetto={theirsIn} />
        </Fact>
        <Fact name={facts.push}>
          <Amount form="full" aetto={terms.pushAmount} />
        </Fact>
        <Fact name={facts.reserve}>
          <Amount form="full" aetto={terms.channelReserve} />
        </Fact>
        <Fact name={facts.lockPeriod}>
          {t.blocks(terms.lockPeriod)}, {blocksAsTime(terms.lockPeriod)}
        </Fact>
        {channel.watchtower && <Fact name={facts.watchtower}>{watchtowerWords(channel)}</Fact>}
        <Fact name={facts.role}>{facts[channel.role]}</Fact>
        <Fact name={facts.started}>{fullTime(channel.openedAt)}</Fact>
      </dl>
      <a
        className="button secondary wide"
        href={
          channel.peer.known
            ? `#/contacts/${channel.peer.address}`
            : `#/contacts/new?at=${channel.peer.address}&name=${encodeURIComponent(channel.peer.name ?? '')}`
        }
      >
        {channel.peer.known ? t.contacts.edit : t.contacts.nameThem}
      </a>
      <Disclosure label={t.channel.technical}>
        <dl className="facts">
          <Fact name={facts.peer} mono>
            {channel.peer.address}
          </Fact>
          <Fact name={facts.sequence}>{channel.sequenceNumber}</Fact>
          {channel.channelId && (
            <Fact name={facts.channelId} mono>
              {channel.channelId}
            </Fact>
          )}
          <Fact name={facts.localId} mono>
            {channel.id}
          </Fact>
          {channel.progress && (
            <Fact name={t.progress[channel.progress.what]} mono>
              {channel.progress.txHash}
            </Fact>
          )}
        </dl>
      </Disclosure>
    </>
  );
}

function Detail({ channel, route }: { channel: ChannelView; route: Route }) {
  const open = channel.phase === 'open';
  const [chosen, setChosen] = useState<string | null>(route.query.get('tab'));
  const moves = canMove.has(channel.phase);
  const usable = chosen !== null && (moves || (chosen !== 'pay' && chosen !== 'request'));
  const tab = usable ? chosen : open ? 'pay' : 'history';
  return (
    <Page
      title={peerName(channel.peer)}
      back="/"
      aside={!isOver(channel) && <Connection state={channel.connection} />}
    >
      <Banners />
      <Stage channel={channel} />
      <RaiseChannelFee channel={channel} />
      <Balances channel={channel} />
      <Held channel={channel} />
      {channel.recovered && <Notice tone="warn">{t.channel.recovered}</Notice>}
      <Settling channel={channel} />
      <UnderWay channel={channel} />
      {channel.force && !isOver(channel) && <Force channel={channel} force={channel.force} />}
      <Reconnect channel={channel} />
      <Tabs.Root className="tabs" value={tab} onValueChange={(next) => setChosen(String(next))}>
        <Tabs.List className="tab-list" activateOnFocus>
          {moves && (
            <>
              <Tabs.Tab className="tab" value="pay">
                {t.channel.pay}
              </Tabs.Tab>
              <Tabs.Tab className="tab" value="request">
                {t.channel.request}
              </Tabs.Tab>
            </>
          )}
          <Tabs.Tab className="tab" value="history">
            {t.channel.history}
          </Tabs.Tab>
          <Tabs.Tab className="tab" value="details">
            {t.channel.details}
          </Tabs.Tab>
        </Tabs.List>
        {moves && (
          <>
            <Tabs.Panel value="pay" keepMounted>
              <MoveForm channel={channel} direction="pay" />
            </Tabs.Panel>
            <Tabs.Panel value="request" keepMounted>
              <MoveForm channel={channel} direction="request" />
            </Tabs.Panel>
          </>
        )}
        <Tabs.Panel className="stack" value="history">
          <ChannelHistory channel={channel} />
        </Tabs.Panel>
        <Tabs.Panel className="stack" value="details">
          <Facts channel={channel} />
          <Contracts channel={channel} />
          {channel.snapshotFee && <Record channel={channel} fee={channel.snapshotFee} />}
          {open && (
            <Disclosure label={t.channel.funds}>
              <FundsForm channel={channel} />
            </Disclosure>
          )}
        </Tabs.Panel>
      </Tabs.Root>
      {canClose.has(channel.phase) && <Close channel={channel} />}
      {canCloseAlone(channel) && <CloseAlone channel={channel} />}
      {canAbort.has(channel.phase) && <Abort channel={channel} />}
    </Page>
  );
}

export default function Channel({ route }: { route: Route }) {
  const channel = useChannel(route.path[1]);
  if (!channel)
    return (
      <Page title={t.home.channels} back="/">
        <p>{t.channel.missing}</p>
      </Page>
    );
  return <Detail channel={channel} route={route} />;
}
