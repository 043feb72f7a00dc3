/** A new wallet: words; three of them asked again, and a password. */
import { useEffect, useState } from 'react';
import { redirect } from '../router.ts';
import { t } from '../texts/index.ts';
import { Button } from '../ui/button.tsx';
import { Notice, Problem, Waiting } from '../ui/feedback.tsx';
import { TextField } from '../ui/field.tsx';
import { Page } from '../ui/page.tsx';
import { Words } from '../ui/words.tsx';
import { useClient, useLoad, useSubmit, useWallet } from '../wallet.tsx';
import { NewPassword, type PasswordPair, passwordProblems } from './password.tsx';
import { Ready } from './ready.tsx';

/** Three different places of a phrase, in order. */
function pickPlaces(count: number): number[] {
  const places = Array.from({ length: count }, (_, n) => n);
  const dice = crypto.getRandomValues(new Uint32Array(3));
  return Array.from(dice, (die) => places.splice(die % places.length, 1)[0]!).sort((a, b) => a - b);
}

type Step = 'words' | 'check' | 'done';

export default function Create() {
  const client = useClient();
  const { vault } = useWallet();
  const [step, setStep] = useState<Step>('words');
  const [address, setAddress] = useState('');
  const [started] = useState(vault === 'empty');
  const phrase = useLoad('phrase', async () =>
    started ? (await client.call('vault.newPhrase', {})).mnemonic : '',
  );
  const words = phrase.value?.split(' ') ?? [];
  const [places, setPlaces] = useState<number[]>([]);
  const [typed, setTyped] = useState<string[]>(['', '', '']);
  const [checked, setChecked] = useState(false);
  const [pair, setPair] = useState<PasswordPair>({ first: '', second: '' });
  const [attempted, setAttempted] = useState(false);
  const create = useSubmit(null, async () => {
    const made = await client.call('vault.create', { mnemonic: phrase.value!, password: pair.first });
    setAddress(made.address);
    setStep('done');
  });
  useEffect(() => {
    if (!started) redirect('/');
  }, [started]);

  const matches = (n: number) => typed[n]!.trim().toLowerCase() === words[places[n]!];
  const wordProblem = (n: number): string | null => {
    if (!checked || matches(n)) return null;
    const number = places[n]! + 1;
    return typed[n]!.trim() === '' ? t.onboarding.wordMissing(number) : t.onboarding.wordWrong(number);
  };
  const submit = () => {
    setChecked(true);
    setAttempted(true);
    const problems = passwordProblems(pair);
    const right = places.every((_, n) => matches(n));
    if (right && problems.first === null && problems.second === null) create.submit();
  };

  switch (step) {
    case 'words':
      return (
        <Page
          title={t.onboarding.wordsTitle}
          back="/"
          foot={
            <Button
              wide
              off={words.length === 0}
              onClick={() => {
                if (places.length === 0) setPlaces(pickPlaces(words.length));
                setStep('check');
              }}
            >
              {t.onboarding.wordsDone}
            </Button>
          }
        >
          <p className="stepper">{t.onboarding.step(1, 2)}</p>
          <p>{t.onboarding.wordsLead}</p>
          {phrase.error && <Problem>{phrase.error}</Problem>}
          {phrase.value ? <Words mnemonic={phrase.value} /> : !phrase.error && <Waiting rows={4} />}
          <Notice tone="warn">{t.onboarding.wordsRisk}</Notice>
        </Page>
      );
    case 'check':
      return (
        <Page
          onSubmit={submit}
          title={t.onboarding.checkTitle}
          back={() => setStep('words')}
          foot={
            <>
              <Problem>{create.error}</Problem>
              <Button type="submit" wide busy={create.busy} busyLabel={t.onboarding.creating}>
                {t.onboarding.create}
              </Button>
              <Button look="quiet" wide onClick={() => setStep('words')}>
                {t.onboarding.showAgain}
              </Button>
            </>
          }
        >
          <p className="stepper">{t.onboarding.step(2, 2)}</p>
          <p>{t.onboarding.checkLead}</p>
          {places.map((place, n) => (
            <TextField
              key={place}
              label={t.onboarding.word(place + 1)}
              autoCapitalize="none"
              value={typed[n]!}
              onValue={(value) => {
                setTyped(typed.map((word, index) => (index === n ? value : word)));
                setChecked(false);
              }}
              error={wordProblem(n)}
            />
          ))}
          <h2>{t.onboarding.passwordTitle}</h2>
          <p>{t.onboarding.passwordLead}</p>
          <NewPassword pair={pair} onPair={setPair} attempted={attempted} />
        </Page>
      );
    case 'done':
      return <Ready address={address} />;
  }
}
