/** A wallet from its phrase. */
import { useEffect, useState } from 'react';
import { redirect } from '../router.ts';
import { t } from '../texts/index.ts';
import { Button } from '../ui/button.tsx';
import { Problem } from '../ui/feedback.tsx';
import { TextField } from '../ui/field.tsx';
import { Page } from '../ui/page.tsx';
import { useClient, useSubmit, useWallet } from '../wallet.tsx';
import { NewPassword, type PasswordPair, passwordProblems } from './password.tsx';
import { Ready } from './ready.tsx';

const lengths = [12, 15, 18, 21, 24];

/** Words as BIP-39 wants them: lower case, one space between; numbers and commas of a written list taken out. */
const cleanPhrase = (text: string): string =>
  text
    .toLowerCase()
    .normalize('NFKD')
    .split(/[\s,;]+/)
    .map((word) => word.replace(/^\d+[.)]?/, ''))
    .filter(Boolean)
    .join(' ');

export default function Import() {
  const client = useClient();
  const { vault } = useWallet();
  const [started] = useState(vault === 'empty');
  const [text, setText] = useState('');
  const [pair, setPair] = useState<PasswordPair>({ first: '', second: '' });
  const [attempted, setAttempted] = useState(false);
  const [address, setAddress] = useState('');
  const mnemonic = cleanPhrase(text);
  const count = mnemonic === '' ? 0 : mnemonic.split(' ').length;
  const create = useSubmit(null, async () => {
    setAddress((await client.call('vault.create', { mnemonic, password: pair.first })).address);
  });
  useEffect(() => {
    if (!started) redirect('/');
  }, [started]);

  const shape =
    count === 0
      ? t.onboarding.phraseEmpty
      : lengths.includes(count)
        ? null
        : t.onboarding.phraseLength(count);
  const submit = () => {
    setAttempted(true);
    const problems = passwordProblems(pair);
    if (shape === null && problems.first === null && problems.second === null) create.submit();
  };

  if (address) return <Ready address={address} />;
  return (
    <Page
      onSubmit={submit}
      title={t.onboarding.importTitle}
      back="/"
      foot={
        <>
          <Problem>{create.error}</Problem>
          <Button type="submit" wide busy={create.busy} busyLabel={t.onboarding.importing}>
            {t.onboarding.import}
          </Button>
        </>
      }
    >
      <p>
        {t.onboarding.importLead} <a href="#/restore">{t.welcome.restore}</a>
      </p>
      <TextField
        label={t.onboarding.phrase}
        multiline
        rows={4}
        look="phrase"
        autoCapitalize="none"
        value={text}
        onValue={(value) => {
          setText(value);
          create.clear();
        }}
        help={t.onboarding.phraseCount(count)}
        error={attempted && shape ? shape : null}
      />
      <NewPassword pair={pair} onPair={setPair} attempted={attempted} />
    </Page>
  );
}
