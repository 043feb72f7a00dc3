import { Switch } from '@base-ui/react/switch';
import { type ReactNode, useId, useState } from 'react';
import { isLanguage, languages } from '../../rpc/language.ts';
import type { ParamsOf } from '../../rpc/popup.ts';
import { chooseLanguage, chosenLanguage, t } from '../texts/index.ts';
import { Button } from '../ui/button.tsx';
import { Choice } from '../ui/choice.tsx';
import { Problem, Success } from '../ui/feedback.tsx';
import { TextField } from '../ui/field.tsx';
import { LockIcon } from '../ui/icons.tsx';
import { Page } from '../ui/page.tsx';
import { sentenceOf, useClient, useSubmit, useWallet } from '../wallet.tsx';
import { Banners } from './banners.tsx';
import { RevealPhrase } from './reveal-phrase.tsx';
import { SiteList } from './sites.tsx';

function Section({ title, children }: { title: string; children: ReactNode }) {
  const id = useId();
  return (
    <section className="stack tight" aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      <div className="card stack">{children}</div>
    </section>
  );
}

/** Sends a setting to the worker; the view that follows shows what holds. */
function useSave() {
  const client = useClient();
  const [error, setError] = useState<string | null>(null);
  const [saved, setSaved] = useState<string | null>(null);
  const save = async (settings: ParamsOf<'settings.set'>) => {
    setError(null);
    setSaved(null);
    try {
      await client.call('settings.set', settings);
      setSaved(t.common.saved);
    } catch (failure) {
      setError(sentenceOf(failure));
    }
  };
  return { save, error, saved };
}

const lockChoices = [1, 5, 15, 30, 60, 240, 1440];

function Security() {
  const client = useClient();
  const { settings } = useWallet();
  const { save, error, saved } = useSave();
  const [revealing, setRevealing] = useState(false);
  const lock = useSubmit(null, async () => {
    await client.call('vault.lock', {});
  });
  const choices = [...new Set([...lockChoices, settings.autoLockMinutes])].sort((a, b) => a - b);
  return (
    <Section title={t.settings.security}>
      <Choice
        label={t.settings.autoLock}
        help={t.settings.autoLockHelp}
        value={settings.autoLockMinutes}
        onValue={(minutes) => save({ autoLockMinutes: Number(minutes) })}
      >
        {choices.map((minutes) => (
          <option key={minutes} value={minutes}>
            {t.settings.minutes(minutes)}
          </option>
        ))}
      </Choice>
      <Problem>{error ?? lock.error}</Problem>
      <Success>{saved}</Success>
      <div className="button-pair">
        <Button look="secondary" small onClick={() => setRevealing(true)}>
          {t.settings.reveal}
        </Button>
        <Button
          look="secondary"
          small
          icon={<LockIcon size={16} />}
          busy={lock.busy}
          onClick={() => lock.submit()}
        >
          {t.settings.lockNow}
        </Button>
      </div>
      <RevealPhrase open={revealing} onClose={() => setRevealing(false)} />
    </Section>
  );
}

function LanguageSettings() {
  return (
    <Section title={t.settings.language}>
      <Choice
        label={t.settings.language}
        help={t.settings.languageHelp}
        value={chosenLanguage() ?? ''}
        onValue={(tag) => {
          chooseLanguage(isLanguage(tag) ? tag : null);
          location.reload();
        }}
      >
        <option value="">{t.settings.languageAuto}</option>
        {Object.entries(languages).map(([tag, name]) => (
          <option key={tag} value={tag} lang={tag}>
            {name}
          </option>
        ))}
      </Choice>
    </Section>
  );
}

function BackupSettings() {
  return (
    <Section title={t.settings.backup}>
      <p className="small soft">{t.settings.backupHelp}</p>
      <a className="button secondary small" href="#/backup">
        {t.settings.backupMake}
      </a>{' '}
      <a className="button secondary small" href="#/recover">
        {t.settings.recover}
      </a>
    </Section>
  );
}

function ChannelSettings() {
  const { settings } = useWallet();
  const { save, error, saved } = useSave();
  const [depth, setDepth] = useState<string | null>(null);
  const id = useId();
  const typed = depth ?? String(settings.minimumDepth);
  const value = /^[0-9]{1,4}$/.test(typed.trim()) ? Number(typed.trim()) : -1;
  const problem = value < 0 || value > 1000 ? t.settings.minimumDepthInvalid : null;
  return (
    <Section title={t.settings.channels}>
      <div className="setting">
        <div className="grow">
          <span id={id}>{t.settings.acceptIncoming}</span>
          <p className="help" id={`${id}-help`}>
            {t.settings.acceptIncomingHelp}
          </p>
        </div>
        <Switch.Root
          className="switch"
          aria-labelledby={id}
          aria-describedby={`${id}-help`}
          checked={settings.acceptIncoming}
          onCheckedChange={(acceptIncoming) => save({ acceptIncoming })}
        >
          <Switch.Thumb className="switch-thumb" />
        </Switch.Root>
      </div>
      <form
        className="stack tight"
        noValidate
        onSubmit={async (event) => {
          event.preventDefault();
          if (problem !== null || value === settings.minimumDepth) return;
          await save({ minimumDepth: value });
          setDepth(null);
        }}
      >
        <TextField
          label={t.settings.minimumDepth}
          help={t.settings.minimumDepthHelp}
          inputMode="numeric"
          maxLength={4}
          value={typed}
          onValue={setDepth}
          error={problem}
          suffix={
            depth !== null && value !== settings.minimumDepth && problem === null ? (
              <Button type="submit" look="quiet" small>
                {t.common.save}
              </Button>
            ) : undefined
          }
        />
      </form>
      <Problem>{error}</Problem>
      <Success>{saved}</Success>
    </Section>
  );
}

function WatchtowerSettings() {
  const client = useClient();
  const { settings } = useWallet();
  const [typed, setTyped] = useState<string | null>(null);
  const [attempted, setAttempted] = useState(false);
  const [done, setDone] = useState<string | null>(null);
  const current = settings.watchtower ?? '';
  const text = typed ?? current;
  const link = text.trim();
  const problem = link.startsWith('tandem:tower/') ? null : t.settings.watchtowerInvalid;
  const same = link === current;
  const choose = useSubmit(link, async () => {
    await client.call('watchtower.set', { link });
    setTyped(null);
    setAttempted(false);
    setDone(t.settings.watchtowerSaved);
  });
  const remove = useSubmit(null, async () => {
    await client.call('watchtower.set', { link: null });
    setTyped(null);
    setDone(t.settings.watchtowerRemoved);
  });
  return (
    <Section title={t.settings.watchtower}>
      <form
        className="stack"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          setAttempted(true);
          if (problem === null && !same) choose.submit();
        }}
      >
        <TextField
          label={t.settings.watchtowerLabel}
          optional
          help={`${t.settings.watchtowerHelp} ${t.settings.watchtowerOld}`}
          multiline
          rows={3}
          maxLength={4096}
          value={text}
          onValue={(value) => {
            setTyped(value);
            setDone(null);
            choose.clear();
          }}
          error={attempted ? problem : null}
        />
        <Problem>{choose.error ?? remove.error}</Problem>
        <Success>{done}</Success>
        <Button
          type="submit"
          look="secondary"
          wide
          off={same}
          busy={choose.busy}
          busyLabel={t.settings.watchtowerChecking}
        >
          {t.settings.watchtowerSave}
        </Button>
        {settings.watchtower !== null && (
          <Button look="quiet" wide busy={remove.busy} onClick={() => remove.submit()}>
            {t.settings.watchtowerRemove}
          </Button>
        )}
      </form>
    </Section>
  );
}

function NetworkSettings() {
  const client = useClient();
  const { network } = useWallet();
  const [node, setNode] = useState<string | null>(null);
  const [relay, setRelay] = useState<string | null>(null);
  const [attempted, setAttempted] = useState(false);
  const [done, setDone] = useState(false);
  const nodeUrl = (node ?? network.nodeUrl).trim();
  const relayText = (relay ?? network.relay ?? '').trim();
  const nodeProblem = /^https?:\/\/[^\s/]+/.test(nodeUrl) ? null : t.settings.nodeUrlInvalid;
  const relayProblem = relayText === '' || relayText.startsWith('/') ? null : t.settings.relayInvalid;
  const set = useSubmit({ nodeUrl, relayText }, async () => {
    await client.call('network.set', { nodeUrl, relay: relayText === '' ? null : relayText });
    setNode(null);
    setRelay(null);
    setAttempted(false);
    setDone(true);
  });
  const changed = (change: (value: string) => void) => (value: string) => {
    change(value);
    setDone(false);
    set.clear();
  };
  const same = nodeUrl === network.nodeUrl && relayText === (network.relay ?? '');
  return (
    <Section title={t.settings.network}>
      <dl className="facts">
        <dt>{t.settings.networkId}</dt>
        <dd>
          {network.name} <span className="soft">({network.networkId})</span>
        </dd>
      </dl>
      <form
        className="stack"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          setAttempted(true);
          if (nodeProblem === null && relayProblem === null && !same) set.submit();
        }}
      >
        <TextField
          label={t.settings.nodeUrl}
          help={t.settings.nodeUrlHelp}
          inputMode="url"
          maxLength={2048}
          value={node ?? network.nodeUrl}
          onValue={changed(setNode)}
          error={attempted ? nodeProblem : null}
        />
        <TextField
          label={t.settings.relay}
          optional
          help={t.settings.relayHelp}
          multiline
          rows={3}
          maxLength={2048}
          value={relay ?? network.relay ?? ''}
          onValue={changed(setRelay)}
          error={attempted ? relayProblem : null}
        />
        <Problem>{set.error}</Problem>
        <Success>{done ? t.settings.networkSaved : null}</Success>
        <Button
          type="submit"
          look="secondary"
          wide
          off={same}
          busy={set.busy}
          busyLabel={t.settings.networkChecking}
        >
          {t.settings.networkSave}
        </Button>
      </form>
    </Section>
  );
}

export default function Settings() {
  return (
    <Page title={t.settings.title} back="/">
      <Banners />
      <Security />
      <BackupSettings />
      <ChannelSettings />
      <WatchtowerSettings />
      <NetworkSettings />
      <LanguageSettings />
      <Section title={t.diagnostics.title}>
        <p className="small soft">{t.diagnostics.help}</p>
        <a className="button secondary small" href="#/diagnostics">
          {t.diagnostics.show}
        </a>
      </Section>
      <Section title={t.settings.sites}>
        <SiteList />
      </Section>
    </Page>
  );
}
