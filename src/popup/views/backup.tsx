/** The whole wallet as one encrypted file. */
import { useEffect, useState } from 'react';
import { saveUrl } from '../save.ts';
import { t } from '../texts/index.ts';
import { Button } from '../ui/button.tsx';
import { Problem, Success } from '../ui/feedback.tsx';
import { PasswordField } from '../ui/field.tsx';
import { CheckIcon } from '../ui/icons.tsx';
import { Page } from '../ui/page.tsx';
import { useClient, useSubmit } from '../wallet.tsx';
import { Banners } from './banners.tsx';

type Made = { name: string; url: string };

export default function Backup() {
  const client = useClient();
  const [password, setPassword] = useState('');
  const [missing, setMissing] = useState(false);
  const [made, setMade] = useState<Made | null>(null);
  const make = useSubmit(null, async () => {
    const { file, name } = await client.call('backup.export', { password });
    const next = { name, url: URL.createObjectURL(new Blob([file], { type: 'application/json' })) };
    setPassword('');
    setMade(next);
    saveUrl(next);
  });
  useEffect(() => () => (made ? URL.revokeObjectURL(made.url) : undefined), [made]);
  const submit = () => {
    setMissing(password === '');
    setMade(null);
    if (password !== '') make.submit();
  };
  return (
    <Page
      onSubmit={submit}
      title={t.backup.title}
      back="/settings"
      foot={
        <>
          <Problem>{make.error}</Problem>
          <Success>{made && t.backup.done(made.name)}</Success>
          {made && (
            <a className="button secondary wide" href={made.url} download={made.name}>
              {t.backup.again}
            </a>
          )}
          <Button type="submit" wide busy={make.busy} busyLabel={t.backup.making}>
            {t.backup.make}
          </Button>
        </>
      }
    >
      <Banners />
      <p>{t.backup.lead}</p>
      <ul className="points">
        {t.backup.points.map((point) => (
          <li key={point}>
            <CheckIcon size={18} />
            <span>{point}</span>
          </li>
        ))}
      </ul>
      <PasswordField
        label={t.password.label}
        help={t.backup.passwordHelp}
        autoComplete="current-password"
        value={password}
        onValue={(value) => {
          setPassword(value);
          setMissing(false);
          make.clear();
        }}
        error={missing ? t.password.enter : null}
      />
    </Page>
  );
}
