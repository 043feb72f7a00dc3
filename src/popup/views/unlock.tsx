import { useEffect, useState } from 'react';
import type { WalletView } from '../../rpc/schema.ts';
import { blocksAsTime } from '../format.ts';
import { t } from '../texts/index.ts';
import { Button } from '../ui/button.tsx';
import { Disclosure } from '../ui/disclosure.tsx';
import { Notice } from '../ui/feedback.tsx';
import { PasswordField } from '../ui/field.tsx';
import { Mark } from '../ui/icons.tsx';
import { useClient, useSnapshot, useSubmit } from '../wallet.tsx';

/** The password, then wherever the person was going. */
export function Unlock() {
  const client = useClient();
  // Drawn before the worker's first word, too.
  const { view } = useSnapshot();
  const storage = view?.storage;
  const [password, setPassword] = useState('');
  const [missing, setMissing] = useState(false);
  const unlock = useSubmit(password, async () => {
    await client.call('vault.unlock', { password });
  });
  useEffect(() => {
    document.title = `${t.unlock.unlock} – ${t.product}`;
  }, []);
  return (
    <main className="page">
      <form
        className="page-body centre"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          setMissing(password === '');
          if (password !== '') unlock.submit();
        }}
      >
        <Mark size={48} />
        <div className="stack tight">
          <h1>{t.unlock.title}</h1>
          <p className="soft small">{t.unlock.lead}</p>
        </div>
        {storage?.ok === false && <Notice tone="danger">{storage.message ?? t.banners.storage}</Notice>}
        {view && <Watch view={view} />}
        <PasswordField
          label={t.password.label}
          autoComplete="current-password"
          autoFocus
          value={password}
          onValue={(value) => {
            setPassword(value);
            setMissing(false);
            unlock.clear();
          }}
          error={missing ? t.password.enter : unlock.error}
        />
        <Button type="submit" wide busy={unlock.busy} busyLabel={t.unlock.unlocking}>
          {t.unlock.unlock}
        </Button>
        <Disclosure label={t.unlock.forgot}>
          <p className="small soft">{t.unlock.forgotText}</p>
        </Disclosure>
      </form>
    </main>
  );
}

/** What the locked wallet sees on the chain: nothing that names a channel or an amount. */
function Watch({ view: { locked, network } }: { view: WalletView }) {
  const closing = locked?.closing ?? [];
  return (
    <>
      {closing.map(({ old, blocksLeft }, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: nothing here may name a channel
        <Notice key={index} tone={old ? 'danger' : 'info'} role={old ? 'alert' : 'status'}>
          {sentence(old, blocksLeft)}
        </Notice>
      ))}
      {closing.some(({ old }) => old) && <p className="small soft">{t.unlock.oldWhy}</p>}
      {network.state === 'unreachable' && (
        <Notice tone="warn" role="status">
          {t.unlock.blind}
        </Notice>
      )}
    </>
  );
}

function sentence(old: boolean, blocksLeft: number): string {
  if (blocksLeft === 0) return old ? t.unlock.oldOver : t.unlock.closed;
  const words = old ? t.unlock.old : t.unlock.closing;
  return words(t.blocks(blocksLeft), blocksAsTime(blocksLeft));
}
