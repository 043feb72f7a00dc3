/** My invite link, for channels, and my address, for coins on the chain. */
import { Tabs } from '@base-ui/react/tabs';
import { lazy, Suspense } from 'react';
import type { Route } from '../router.ts';
import { t } from '../texts/index.ts';
import { CopyButton } from '../ui/copy.tsx';
import { Notice, Problem, Skeleton } from '../ui/feedback.tsx';
import { Page } from '../ui/page.tsx';
import { useClient, useLoad, useWallet } from '../wallet.tsx';

const QrCode = lazy(() => import('../ui/qr.tsx'));

function Qr({ text, label }: { text: string | null; label: string }) {
  return (
    <div className="qr">
      {text === null ? (
        <Skeleton height="100%" />
      ) : (
        <Suspense fallback={<Skeleton height="100%" />}>
          <QrCode text={text} label={label} />
        </Suspense>
      )}
    </div>
  );
}

function Invite() {
  const client = useClient();
  const { network, settings } = useWallet();
  const invite = useLoad(`${network.networkId} ${network.relay}`, () => client.call('invite.mine', {}));
  if (invite.error && !invite.value) return <Problem>{invite.error}</Problem>;
  const link = invite.value?.link ?? null;
  return (
    <>
      <p className="small soft">{t.receive.inviteLead}</p>
      {!settings.acceptIncoming ? (
        <Notice tone="warn">{t.receive.notAccepting}</Notice>
      ) : (
        invite.value && !invite.value.reachable && <Notice tone="warn">{t.receive.unreachable}</Notice>
      )}
      <Qr text={link} label={t.receive.inviteQr} />
      {link === null ? (
        <Skeleton height="6rem" />
      ) : (
        <>
          <p className="card mono small link-text" data-testid="invite-link">
            {link}
          </p>
          <CopyButton look="primary" text={link} label={t.receive.copyInvite} />
        </>
      )}
    </>
  );
}

function Address() {
  const { account } = useWallet();
  const address = account?.address ?? null;
  return (
    <>
      <p className="small soft">{t.receive.addressLead}</p>
      <Qr text={address} label={t.receive.addressQr} />
      {address !== null && (
        <>
          <p className="card mono small" data-testid="address">
            {address}
          </p>
          <CopyButton look="primary" text={address} label={t.receive.copyAddress} />
        </>
      )}
    </>
  );
}

export default function Receive({ route }: { route: Route }) {
  return (
    <Page title={t.receive.title} back="/">
      <Tabs.Root className="tabs" defaultValue={route.query.get('tab') === 'address' ? 'address' : 'invite'}>
        <Tabs.List className="tab-list" activateOnFocus>
          <Tabs.Tab className="tab" value="invite">
            {t.receive.invite}
          </Tabs.Tab>
          <Tabs.Tab className="tab" value="address">
            {t.receive.address}
          </Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel className="stack" value="invite">
          <Invite />
        </Tabs.Panel>
        <Tabs.Panel className="stack" value="address">
          <Address />
        </Tabs.Panel>
      </Tabs.Root>
    </Page>
  );
}
