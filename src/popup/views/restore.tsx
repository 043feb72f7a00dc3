/** A wallet from its backup file. */
import { Field } from '@base-ui/react/field';
import { useEffect, useState } from 'react';
import { largestBackup } from '../../rpc/popup.ts';
import { redirect } from '../router.ts';
import { t } from '../texts/index.ts';
import { Button } from '../ui/button.tsx';
import { Notice, Problem } from '../ui/feedback.tsx';
import { PasswordField } from '../ui/field.tsx';
import { AlertIcon } from '../ui/icons.tsx';
import { Page } from '../ui/page.tsx';
import { useClient, useSubmit, useWallet } from '../wallet.tsx';
import { Ready } from './ready.tsx';

function FileField({ error, onFile }: { error: string | null; onFile(file: File | null): void }) {
  return (
    <Field.Root className="field" invalid={error !== null}>
      <div className="field-label">
        <Field.Label>{t.restore.file}</Field.Label>
      </div>
      <div className="control">
        <Field.Control
          type="file"
          accept=".json,application/json"
          onChange={(event) => onFile(event.currentTarget.files?.[0] ?? null)}
        />
      </div>
      <Field.Description className="help">{t.restore.fileHelp}</Field.Description>
      <Field.Error className="problem" match={error !== null}>
        <AlertIcon size={16} />
        <span>{error}</span>
      </Field.Error>
    </Field.Root>
  );
}

async function textOf(file: File): Promise<string> {
  try {
    return await file.text();
  } catch {
    throw new Error(t.restore.fileUnreadable);
  }
}

export default function Restore() {
  const client = useClient();
  const { vault } = useWallet();
  const [started] = useState(vault === 'empty');
  const [file, setFile] = useState<File | null>(null);
  const [password, setPassword] = useState('');
  const [attempted, setAttempted] = useState(false);
  const [address, setAddress] = useState('');
  const restore = useSubmit(null, async () => {
    const text = await textOf(file!);
    setAddress((await client.call('backup.import', { file: text, password })).address);
  });
  useEffect(() => {
    if (!started) redirect('/');
  }, [started]);

  const fileProblem =
    file === null ? t.restore.fileMissing : file.size > largestBackup ? t.restore.fileTooLarge : null;
  const submit = () => {
    setAttempted(true);
    if (fileProblem === null && password !== '') restore.submit();
  };

  if (address) return <Ready address={address} />;
  return (
    <Page
      onSubmit={submit}
      title={t.restore.title}
      back="/"
      foot={
        <>
          <Problem>{restore.error}</Problem>
          <Button type="submit" wide busy={restore.busy} busyLabel={t.restore.restoring}>
            {t.restore.restore}
          </Button>
        </>
      }
    >
      <p>{t.restore.lead}</p>
      <FileField
        error={attempted ? fileProblem : null}
        onFile={(chosen) => {
          setFile(chosen);
          restore.clear();
        }}
      />
      <PasswordField
        label={t.password.label}
        help={t.restore.passwordHelp}
        autoComplete="current-password"
        value={password}
        onValue={(value) => {
          setPassword(value);
          restore.clear();
        }}
        error={attempted && password === '' ? t.password.enter : null}
      />
      <Notice tone="warn">{t.restore.oneAtATime}</Notice>
    </Page>
  );
}
