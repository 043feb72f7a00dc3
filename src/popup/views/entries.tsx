/** What happened, newest first. */
import type { ResultOf } from '../../rpc/popup.ts';
import { foreignText, fullTime, shortTime, siteName } from '../format.ts';
import { t, workerText } from '../texts/index.ts';
import { Problem, Waiting } from '../ui/feedback.tsx';
import { AlertIcon, ChannelIcon, CheckIcon, HistoryIcon, InIcon, NoteIcon, OutIcon } from '../ui/icons.tsx';
import { Amount } from '../ui/money.tsx';
import type { Loaded } from '../wallet.tsx';

export type Item = ResultOf<'channel.history'>['items'][number];

const icons: Record<Item['kind'], (props: { size?: number }) => React.JSX.Element> = {
  opened: ChannelIcon,
  paid: OutIcon,
  received: InIcon,
  contract: NoteIcon,
  refused: AlertIcon,
  closed: CheckIcon,
  failed: AlertIcon,
  aborted: AlertIcon,
  chain: ChannelIcon,
  message: NoteIcon,
};

const titleOf = ({ kind, contract }: Item): string =>
  contract ? t.history.contracts[contract.type][contract.by] : t.history.kinds[kind];

/** A person's own words stay as they are; the rest is the worker's. */
function noteOf({ kind, note }: Item): string | null {
  if (!note) return null;
  const text = foreignText(note);
  const ofPerson = kind === 'paid' || kind === 'received' || kind === 'message' || kind === 'refused';
  return ofPerson ? (t.errors.fromWorker(text) ?? text) : workerText(text);
}

function Entry({ item, peer }: { item: Item; peer: string | null }) {
  const Icon = icons[item.kind];
  const sign = item.kind === 'paid' ? '\u2212' : item.kind === 'received' ? '+' : undefined;
  const about = [
    peer,
    noteOf(item),
    item.contract && item.contract.returnType !== 'ok' ? t.history.contractFailed : null,
    item.origin ? t.history.by(siteName(item.origin)) : null,
  ].filter(Boolean);
  return (
    <li className={`entry ${item.kind}`}>
      <span className="sign" aria-hidden="true">
        <Icon size={16} />
      </span>
      <div className="grow">
        <div className="spread moved">
          <span>{titleOf(item)}</span>
          {item.amount !== null && <Amount aetto={item.amount} sign={sign} />}
        </div>
        {about.length > 0 && <div className="small soft note-text">{about.join(' · ')}</div>}
        <div className="spread small soft">
          <time dateTime={new Date(item.at).toISOString()} title={fullTime(item.at)}>
            {shortTime(item.at, Date.now())}
          </time>
          {item.mine !== null && item.amount !== null && (
            <span>
              <Amount aetto={item.mine} /> {t.history.after}
            </span>
          )}
        </div>
        {item.txHash && <div className="mono small soft">{item.txHash}</div>}
      </div>
    </li>
  );
}

export function Entries({
  history,
  peerOf,
}: {
  history: Loaded<ResultOf<'channel.history'>>;
  peerOf?(channel: string): string | null;
}) {
  if (history.value === null) return history.error ? <Problem>{history.error}</Problem> : <Waiting />;
  if (history.value.items.length === 0)
    return (
      <div className="empty">
        <span className="art">
          <HistoryIcon size={36} />
        </span>
        <p>{t.history.empty}</p>
        <p className="soft small">{t.history.emptyText}</p>
      </div>
    );
  return (
    <>
      <Problem>{history.error}</Problem>
      <ul className="card flush rows" data-testid="history">
        {history.value.items.map((item, n) => (
          <Entry
            // biome-ignore lint/suspicious/noArrayIndexKey: the entries of one commit share its index, and hold no state
            key={n}
            item={item}
            peer={peerOf?.(item.channel) ?? null}
          />
        ))}
      </ul>
    </>
  );
}
