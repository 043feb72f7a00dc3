/** Sites that are connected or blocked, and what each may pay without a question. */
import { useState } from 'react';
import type { BudgetView, WalletView } from '../../rpc/schema.ts';
import { editableAe, formatAe } from '../amount.ts';
import { fullTime, siteName } from '../format.ts';
import { t } from '../texts/index.ts';
import { Button } from '../ui/button.tsx';
import { Confirm } from '../ui/dialog.tsx';
import { Notice, Problem } from '../ui/feedback.tsx';
import { SiteIcon } from '../ui/icons.tsx';
import { Amount, Bar } from '../ui/money.tsx';
import { peerName } from '../ui/peer.tsx';
import { useClient, useSubmit, useWallet } from '../wallet.tsx';
import { BudgetContracts, BudgetFields, limitsOf, period, periods } from './budget-fields.tsx';

type SiteView = WalletView['sites'][number];

function ChangeBudget({ origin, budget, onClose }: { origin: string; budget: BudgetView; onClose(): void }) {
  const client = useClient();
  const [typed, setTyped] = useState({
    amount: editableAe(BigInt(budget.amount)),
    perUpdate: editableAe(BigInt(budget.perUpdate)),
    seconds: 0,
  });
  const limits = limitsOf(typed, null);
  const change = useSubmit(typed, async () => {
    if (!limits) return;
    const { channel } = budget;
    const expiresAt = typed.seconds === 0 ? budget.expiresAt : Date.now() + typed.seconds * 1000;
    await client.call('budget.change', { origin, channel, ...limits, expiresAt });
  });
  return (
    <Confirm
      open
      onClose={onClose}
      title={t.budget.changeTitle}
      text={t.budget.changeText(siteName(origin))}
      confirm={t.common.save}
      cancel={t.common.cancel}
      busyLabel={t.budget.changing}
      off={limits === null}
      submission={change}
    >
      <BudgetFields
        typed={typed}
        onTyped={setTyped}
        most={null}
        choices={[
          [0, t.budget.unchanged],
          ...periods.map((seconds) => [seconds, t.budget.fromNow(period(seconds))] as const),
        ]}
      />
    </Confirm>
  );
}

function Budget({ origin, budget }: { origin: string; budget: BudgetView }) {
  const client = useClient();
  const { channels } = useWallet();
  const [changing, setChanging] = useState(false);
  const { channel, spent, reserved, left, amount, perUpdate } = budget;
  const revoke = useSubmit(channel, async () => {
    await client.call('budget.revoke', { origin, channel });
  });
  const name = peerName(
    channels.find(({ id }) => id === channel)?.peer ?? { address: budget.peer, name: null },
  );
  return (
    <section className="stack tight" aria-label={t.budget.of(siteName(origin), name)}>
      <h3 className="small">{t.budget.title(name)}</h3>
      <Bar
        parts={[
          { kind: 'theirs', aetto: BigInt(spent) },
          { kind: 'moving', aetto: BigInt(reserved) },
          { kind: 'mine', aetto: BigInt(left) },
        ]}
      />
      <dl className="facts small">
        <dt className="strong">{t.budget.left}</dt>
        <dd className="strong" data-testid="budget-left">
          <Amount aetto={left} />
        </dd>
        <dt>{t.budget.spent}</dt>
        <dd>{t.budget.spentOf(formatAe(BigInt(spent)), formatAe(BigInt(amount)))}</dd>
        {BigInt(reserved) > 0n && (
          <>
            <dt>{t.budget.reserved}</dt>
            <dd>
              <Amount aetto={reserved} />
            </dd>
          </>
        )}
        <dt>{t.budget.perUpdate}</dt>
        <dd>
          <Amount aetto={perUpdate} />
        </dd>
        {budget.contracts.length > 0 && (
          <>
            <dt>{t.budget.contracts}</dt>
            <dd>
              <BudgetContracts contracts={budget.contracts} />
            </dd>
          </>
        )}
        <dt>{t.budget.ends}</dt>
        <dd>{fullTime(budget.expiresAt)}</dd>
      </dl>
      <Problem>{revoke.error}</Problem>
      <div className="button-pair">
        <Button
          look="secondary"
          small
          aria-label={t.budget.changeOf(siteName(origin), name)}
          onClick={() => setChanging(true)}
        >
          {t.budget.change}
        </Button>
        <Button
          look="danger-quiet"
          small
          busy={revoke.busy}
          aria-label={t.budget.revokeOf(siteName(origin), name)}
          onClick={() => revoke.submit()}
        >
          {t.budget.revoke}
        </Button>
      </div>
      {changing && <ChangeBudget origin={origin} budget={budget} onClose={() => setChanging(false)} />}
    </section>
  );
}

function Site({ site }: { site: SiteView }) {
  const { origin, connectedAt, blockedSince, asking, budgets } = site;
  const client = useClient();
  const disconnect = useSubmit(origin, async () => {
    await client.call('site.disconnect', { origin });
  });
  const unblock = useSubmit(origin, async () => {
    await client.call('site.unblock', { origin });
  });
  const name = siteName(origin);
  return (
    <li className="stack tight">
      <div className="row">
        <SiteIcon size={18} />
        <div className="grow">
          <div className="mono small">{name}</div>
          <div className="small soft">
            {connectedAt === null ? t.settings.siteNotConnected : t.settings.siteSince(fullTime(connectedAt))}
          </div>
        </div>
        {connectedAt !== null && (
          <Button
            look="danger-quiet"
            small
            busy={disconnect.busy}
            aria-label={t.settings.disconnect(name)}
            onClick={() => disconnect.submit()}
          >
            {t.settings.disconnectShort}
          </Button>
        )}
      </div>
      {blockedSince !== null && (
        <Notice tone="warn">
          {t.settings.blocked(fullTime(blockedSince))} {budgets.length > 0 && t.settings.blockedBudgets}
        </Notice>
      )}
      {blockedSince === null && asking && <p className="small soft">{t.settings.asking}</p>}
      {(blockedSince !== null || asking) && (
        <div>
          <Button
            look="secondary"
            small
            busy={unblock.busy}
            aria-label={blockedSince === null ? t.settings.takeBack(name) : t.settings.unblock(name)}
            onClick={() => unblock.submit()}
          >
            {blockedSince === null ? t.settings.takeBackShort : t.settings.unblockShort}
          </Button>
        </div>
      )}
      <Problem>{disconnect.error ?? unblock.error}</Problem>
      {budgets.map((budget) => (
        <Budget key={budget.channel} origin={origin} budget={budget} />
      ))}
    </li>
  );
}

export function SiteList() {
  const { sites } = useWallet();
  if (sites.length === 0) return <p className="small soft">{t.settings.sitesEmpty}</p>;
  return (
    <ul className="stack sites">
      {sites.map((site) => (
        <Site key={site.origin} site={site} />
      ))}
    </ul>
  );
}
