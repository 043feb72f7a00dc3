import { useEffect, useState } from 'react';
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
  const storage = useSnapshot().view?.storage;
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
