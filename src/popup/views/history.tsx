/** Everything that happened in all channels: to look through, to search, to save as a file. */
import { useState } from 'react';
import { readAll } from '../history-all.ts';
import { type Item, toCsv, toJson } from '../history-file.ts';
import { type Group, groups, matches } from '../history-search.ts';
import { saveText } from '../save.ts';
import { t } from '../texts/index.ts';
import { Button } from '../ui/button.tsx';
import { Choice } from '../ui/choice.tsx';
import { Disclosure } from '../ui/disclosure.tsx';
import { Problem, Success } from '../ui/feedback.tsx';
import { TextField } from '../ui/field.tsx';
import { Page } from '../ui/page.tsx';
import { type PeerOf, peerName } from '../ui/peer.tsx';
import { useClient, useLoad, useSubmit, useWallet } from '../wallet.tsx';
import { Entries } from './entries.tsx';

const step = 50;
/** The most that one call for all channels gives; beyond it everything is read. */
const most = 200;

function Export({ read, peerOf }: { read(): Promise<Item[]>; peerOf(channel: string): PeerOf | null }) {
  const [done, setDone] = useState<string | null>(null);
  const save = (type: 'csv' | 'json') => async () => {
    setDone(null);
    const items = await read();
    const name = `tandem-history-${new Date().toISOString().slice(0, 10)}.${type}`;
    if (type === 'csv') saveText(name, 'text/csv;charset=utf-8', toCsv(items, peerOf));
    else saveText(name, 'application/json', toJson(items, peerOf));
    setDone(t.history.exported(items.length, name));
  };
  const csv = useSubmit('csv', save('csv'));
  const json = useSubmit('json', save('json'));
  return (
    <Disclosure label={t.history.export}>
      <div className="stack">
        <p className="small soft">{t.history.exportHelp}</p>
        <div className="button-pair">
          <Button look="secondary" small busy={csv.busy} onClick={csv.submit}>
            {t.history.csv}
          </Button>
          <Button look="secondary" small busy={json.busy} onClick={json.submit}>
            {t.history.json}
          </Button>
        </div>
        <Problem>{csv.error ?? json.error}</Problem>
        <Success>{done}</Success>
      </div>
    </Disclosure>
  );
}

export default function History() {
  const client = useClient();
  const { channels } = useWallet();
  const [limit, setLimit] = useState(step);
  const [search, setSearch] = useState('');
  const [group, setGroup] = useState<Group>('all');
  const lastChange = Math.max(0, ...channels.map((channel) => channel.updatedAt));
  const filtered = search.trim() !== '' || group !== 'all';
  // Looking for something looks through all of it.
  const whole = filtered || limit > most;
  const everything = () =>
    readAll(
      client,
      channels.map((channel) => channel.id),
    );
  const history = useLoad(`${whole ? 'all' : limit} ${lastChange}`, async () =>
    whole
      ? { items: await everything() }
      : client.call('channel.history', { channel: null, before: null, limit }),
  );
  const peerOf = (channel: string) => channels.find((known) => known.id === channel)?.peer ?? null;
  const all = history.value?.items ?? null;
  const found =
    all?.filter((item) =>
      matches(item, peerOf(item.channel), t.history.kinds[item.kind], { search, group }),
    ) ?? null;
  const shown = found?.slice(0, limit) ?? null;
  const more = found !== null && (found.length > limit || (!whole && found.length >= limit));
  return (
    <Page title={t.history.title} back="/">
      <search className="stack tight">
        <TextField
          label={t.history.search}
          type="search"
          maxLength={100}
          value={search}
          onValue={setSearch}
        />
        <Choice small label={t.history.show} value={group} onValue={(name) => setGroup(name as Group)}>
          {(Object.keys(groups) as Group[]).map((name) => (
            <option key={name} value={name}>
              {t.history.groups[name]}
            </option>
          ))}
        </Choice>
        <p className="help" role="status">
          {filtered && found ? t.history.found(found.length) : ''}
        </p>
      </search>
      {!(filtered && found?.length === 0) && (
        <Entries
          history={{ ...history, value: shown && { items: shown } }}
          peerOf={(channel) => {
            const peer = peerOf(channel);
            return peer && peerName(peer);
          }}
        />
      )}
      {more && (
        <Button look="quiet" wide onClick={() => setLimit(limit + step)}>
          {t.common.showMore}
        </Button>
      )}
      <Export read={everything} peerOf={peerOf} />
    </Page>
  );
}
