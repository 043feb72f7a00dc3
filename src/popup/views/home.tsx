/** Everything at one look: what there is, what needs the person, the channels. */
import { lazy, type ReactNode, Suspense, useState } from 'react';
import type { ApprovalView } from '../../rpc/schema.ts';
import { shortAddress, shortTime, siteName } from '../format.ts';
import { inActionPopup, navigateInTab } from '../surface.ts';
import { t } from '../texts/index.ts';
import { Button, IconButton, IconLink } from '../ui/button.tsx';
import { Skeleton } from '../ui/feedback.tsx';
import {
  ChannelIcon,
  ContactIcon,
  HistoryIcon,
  LockIcon,
  Mark,
  NextIcon,
  ReceiveIcon,
  SendIcon,
  SettingsIcon,
  SiteIcon,
  TabIcon,
} from '../ui/icons.tsx';
import { Amount, Bar, type Part } from '../ui/money.tsx';
import { useHeading } from '../ui/page.tsx';
import { peerName } from '../ui/peer.tsx';
import { useClient, useSubmit, useWallet } from '../wallet.tsx';
import { Banners } from './banners.tsx';
import { ChannelCard } from './channel-card.tsx';
import { Faucet } from './faucet.tsx';
import { isOver, totalsOf } from './totals.ts';

function Total({ kind, label, children }: { kind: Part['kind']; label: string; children: ReactNode }) {
  return (
    <li>
      <span className={`key ${kind}`} aria-hidden="true" />
      <span className="grow soft">{label}</span>
      {children}
    </li>
  );
}

function Balance() {
  const view = useWallet();
  const totals = totalsOf(view);
  return (
    <section className="card stack" aria-label={t.home.total}>
      <div>
        <div className="spread">
          <span className="small soft">{t.home.total}</span>
          <span className="net">
            {view.network.name}
            {view.network.height !== null && ` · ${t.home.block(view.network.height)}`}
          </span>
        </div>
        {totals.onChain === null && totals.total === 0n ? (
          <Skeleton height="2.5rem" width="9rem" />
        ) : (
          <Amount aetto={totals.total} hero />
        )}
      </div>
      <Bar
        parts={[
          { kind: 'mine', aetto: totals.spendable },
          { kind: 'kept', aetto: totals.reserve },
          { kind: 'moving', aetto: totals.moving },
          { kind: 'chain', aetto: totals.onChain ?? 0n },
        ]}
      />
      <ul className="totals">
        <Total kind="mine" label={t.home.spendable}>
          <Amount aetto={totals.spendable} />
        </Total>
        <Total kind="kept" label={t.home.reserve}>
          <Amount aetto={totals.reserve} />
        </Total>
        {totals.moving > 0n && (
          <Total kind="moving" label={t.home.moving}>
            <Amount aetto={totals.moving} />
          </Total>
        )}
        <Total kind="chain" label={t.home.onChain}>
          {totals.onChain === null ? (
            <span className="soft">{t.home.unknown}</span>
          ) : (
            <span data-testid="on-chain">
              <Amount aetto={totals.onChain} />
            </span>
          )}
        </Total>
      </ul>
      <Faucet />
    </section>
  );
}

function approvalOf(approval: ApprovalView, nameOf: (address: string) => string): string {
  return 'origin' in approval ? siteName(approval.origin) : nameOf(approval.peer);
}

function Attention() {
  const { approvals, channels, contacts } = useWallet();
  if (approvals.length === 0) return null;
  const nameOf = (address: string) => {
    const contact = contacts.find((one) => one.address === address);
    const known = channels.find((channel) => channel.peer.address === address);
    return contact?.name ?? (known ? peerName(known.peer) : shortAddress(address));
  };
  return (
    <section aria-labelledby="attention">
      <div className="section-title">
        <h2 id="attention">{t.home.attention}</h2>
      </div>
      <ul className="card flush rows attention">
        {approvals.map((approval) => (
          <li key={approval.id}>
            <a className="row-link" href={`#/approval/${encodeURIComponent(approval.id)}`}>
              <span className="badge" aria-hidden="true">
                {'origin' in approval ? <SiteIcon size={18} /> : <ChannelIcon size={18} />}
              </span>
              <span className="grow">
                <span className="cut">{t.approval.titles[approval.kind]}</span>
                <span className="who cut">
                  {approvalOf(approval, nameOf)} · {shortTime(approval.createdAt, Date.now())}
                </span>
              </span>
              {'amount' in approval && <Amount aetto={approval.amount} />}
              <NextIcon size={16} />
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Channels() {
  const { channels } = useWallet();
  const [all, setAll] = useState(false);
  const alive = channels.filter((channel) => !isOver(channel));
  const past = channels.filter(isOver);
  return (
    <>
      <section aria-labelledby="channels">
        <div className="section-title">
          <h2 id="channels">{t.home.channels}</h2>
        </div>
        {alive.length === 0 ? (
          <div className="card empty">
            <span className="art">
              <ChannelIcon size={40} />
            </span>
            <p>
              <strong>{t.home.emptyTitle}</strong>
            </p>
            <p className="soft small">{t.home.emptyText}</p>
            <div className="row">
              <a className="button secondary small" href="#/open">
                {t.home.emptyOpen}
              </a>
              <a className="button quiet small" href="#/receive">
                {t.home.emptyShare}
              </a>
            </div>
          </div>
        ) : (
          <ul className="channel-cards">
            {alive.map((channel) => (
              <li key={channel.id}>
                <ChannelCard channel={channel} />
              </li>
            ))}
          </ul>
        )}
      </section>
      {past.length > 0 && (
        <section aria-labelledby="past">
          <div className="section-title">
            <h2 id="past">{t.home.past}</h2>
          </div>
          <ul className="channel-cards">
            {past.slice(0, all ? undefined : 2).map((channel) => (
              <li key={channel.id}>
                <ChannelCard channel={channel} />
              </li>
            ))}
          </ul>
          {past.length > 2 && !all && (
            <Button look="quiet" wide small onClick={() => setAll(true)}>
              {t.common.showAll}
            </Button>
          )}
        </section>
      )}
    </>
  );
}

/** What is needed less often. */
function HomeNav() {
  const client = useClient();
  const lock = useSubmit(null, async () => {
    await client.call('vault.lock', {});
  });
  return (
    <nav className="row bare" aria-label={t.nav.menu}>
      {inActionPopup() && (
        <IconButton label={t.common.openInTab} onClick={() => navigateInTab('/')}>
          <TabIcon />
        </IconButton>
      )}
      <IconLink label={t.nav.contacts} to="/contacts">
        <ContactIcon />
      </IconLink>
      <IconLink label={t.nav.history} to="/history">
        <HistoryIcon />
      </IconLink>
      <IconLink label={t.nav.settings} to="/settings">
        <SettingsIcon />
      </IconLink>
      <IconButton label={t.nav.lock} aria-busy={lock.busy || undefined} onClick={() => lock.submit()}>
        <LockIcon />
      </IconButton>
    </nav>
  );
}

/** Rarely there, and its dialog is large. */
const WaitingSends = lazy(() => import('./raise-fee.tsx'));

/** `beside`: another view has the page's main part. */
export function Home({ beside }: { beside?: boolean }) {
  const { account } = useWallet();
  const heading = useHeading(beside ? null : t.product);
  const Part = beside ? 'section' : 'main';
  return (
    <Part className="page" aria-label={beside ? t.home.title : undefined}>
      <header className="page-head">
        <span className="brand">
          <Mark size={26} />
          <h1 ref={heading} tabIndex={-1}>
            {t.product}
          </h1>
        </span>
        <HomeNav />
      </header>
      <div className="page-body">
        <Banners home />
        <Attention />
        <Balance />
        {(account?.sending.length ?? 0) > 0 && (
          <Suspense fallback={null}>
            <WaitingSends />
          </Suspense>
        )}
        <nav className="actions" aria-label={t.home.title}>
          <a className="action" href="#/receive">
            <ReceiveIcon />
            {t.home.receive}
          </a>
          <a className="action" href="#/open">
            <ChannelIcon />
            {t.home.open}
          </a>
          <a className="action" href="#/send">
            <SendIcon />
            {t.home.send}
          </a>
        </nav>
        <Channels />
      </div>
    </Part>
  );
}
