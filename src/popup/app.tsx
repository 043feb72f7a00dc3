/** What is shown, by the vault's state and the route. The views that a first look needs are here, the rest on demand. */
import { type ComponentType, lazy, Suspense } from 'react';
import { lastVault } from './last-state.ts';
import { navigate, type Route, useRoute } from './router.ts';
import { useWide } from './surface.ts';
import { t } from './texts/index.ts';
import { Button } from './ui/button.tsx';
import { Notice, Waiting } from './ui/feedback.tsx';
import { ChannelIcon } from './ui/icons.tsx';
import { Page } from './ui/page.tsx';
import { Home } from './views/home.tsx';
import { Unlock } from './views/unlock.tsx';
import { Welcome } from './views/welcome.tsx';
import { useSnapshot } from './wallet.tsx';

type ViewProps = { route: Route };
const views: Record<string, ComponentType<ViewProps>> = {
  receive: lazy(() => import('./views/receive.tsx')),
  open: lazy(() => import('./views/open.tsx')),
  channel: lazy(() => import('./views/channel.tsx')),
  approval: lazy(() => import('./views/approval.tsx')),
  history: lazy(() => import('./views/history.tsx')),
  send: lazy(() => import('./views/send.tsx')),
  contacts: lazy(() => import('./views/contacts.tsx')),
  settings: lazy(() => import('./views/settings.tsx')),
  diagnostics: lazy(() => import('./views/diagnostics.tsx')),
  recover: lazy(() => import('./views/recover.tsx')),
  backup: lazy(() => import('./views/backup.tsx')),
};
const Create = lazy(() => import('./views/create.tsx'));
const Import = lazy(() => import('./views/import.tsx'));
const Restore = lazy(() => import('./views/restore.tsx'));

function NotFound() {
  return (
    <Page title={t.product} back="/">
      <p>{t.errors.notFound}</p>
      <Button onClick={() => navigate('/')}>{t.approval.toWallet}</Button>
    </Page>
  );
}

function Current({ route }: ViewProps) {
  const { view, link } = useSnapshot();
  const [first = ''] = route.path;
  // A window that asks one question shows that alone.
  const wide = useWide() && route.query.get('window') !== '1';
  const guess = view ? null : lastVault();
  if (!view && link !== 'down' && first === '' && guess === 'empty') return <Welcome />;
  if (!view && link !== 'down' && guess === 'locked') return <Unlock />;
  if (!view)
    return (
      <Page title={t.product}>
        {link === 'down' ? (
          <Notice tone="danger" role="alert">
            {t.link.down}
          </Notice>
        ) : (
          <Waiting />
        )}
      </Page>
    );
  // These stay for their last step after the wallet exists, and lead home themselves.
  if (first === 'create') return <Later view={Create} route={route} />;
  if (first === 'import') return <Later view={Import} route={route} />;
  if (first === 'restore') return <Later view={Restore} route={route} />;
  if (view.vault === 'empty') return <Welcome />;
  if (view.vault === 'locked') return <Unlock />;
  const later = views[first];
  const rest = later ? <Later view={later} route={route} key={route.path.join('/')} /> : <NotFound />;
  if (!wide) return first === '' ? <Home /> : rest;
  return (
    <div className="columns">
      <div className="side">
        <Home beside />
      </div>
      {first === '' ? <Unchosen /> : rest}
    </div>
  );
}

/** The wide page before anything was chosen. */
function Unchosen() {
  return (
    <Page title={t.home.title}>
      <div className="card empty">
        <span className="art">
          <ChannelIcon size={40} />
        </span>
        <p>
          <strong>{t.home.chooseTitle}</strong>
        </p>
        <p className="soft small">{t.home.chooseText}</p>
      </div>
    </Page>
  );
}

/** A view that is loaded when it is first needed. */
function Later({ view: View, route }: ViewProps & { view: ComponentType<ViewProps> }) {
  return (
    <Suspense
      fallback={
        <Page title={t.product}>
          <Waiting />
        </Page>
      }
    >
      <View route={route} />
    </Suspense>
  );
}

export function App() {
  return <Current route={useRoute()} />;
}
