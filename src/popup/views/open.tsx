/** Opening a channel: the invite, the terms in AE, what it costs, and one last look. */
import { lazy, Suspense, useEffect, useState } from 'react';
import type { ResultOf } from '../../rpc/popup.ts';
import { formatAe, parseAmount } from '../amount.ts';
import { blocksAsTime } from '../format.ts';
import { navigate, type Route } from '../router.ts';
import { inActionPopup, navigateInTab } from '../surface.ts';
import { t, workerText } from '../texts/index.ts';
import { Button } from '../ui/button.tsx';
import { Choice } from '../ui/choice.tsx';
import { Confirm } from '../ui/dialog.tsx';
import { Disclosure } from '../ui/disclosure.tsx';
import { FeeSlider, useFees, useQuote } from '../ui/fee.tsx';
import { Problem, Skeleton } from '../ui/feedback.tsx';
import { AmountField, amountOf, TextField } from '../ui/field.tsx';
import { ScanIcon } from '../ui/icons.tsx';
import { Amount, Bar } from '../ui/money.tsx';
import { Page } from '../ui/page.tsx';
import { PeerLine, peerName, usePeer } from '../ui/peer.tsx';
import { useClient, useLoad, useSubmit, useWallet } from '../wallet.tsx';

type ReadInvite = ResultOf<'invite.read'> & { link: string };

/** Somebody in the address book, by an invite that is kept there. */
function FromContacts({ onLink }: { onLink(link: string): void }) {
  const client = useClient();
  const { contacts: names, network } = useWallet();
  const book = useLoad(JSON.stringify(names), () => client.call('contact.list', {}));
  const reachable = (book.value?.contacts ?? []).filter(
    ({ invite, networkId }) => invite !== null && networkId === network.networkId,
  );
  if (reachable.length === 0) return null;
  return (
    <Choice small label={t.contacts.choose} value="" onValue={(link) => link !== '' && onLink(link)}>
      <option value="">{t.contacts.none}</option>
      {reachable.map(({ address, name, invite }) => (
        <option key={address} value={invite!}>
          {name}
        </option>
      ))}
    </Choice>
  );
}

const Scan = lazy(() => import('./scan.tsx'));

function InviteStep({
  first,
  scan,
  onRead,
}: {
  first: string;
  /** With the camera at once. */
  scan: boolean;
  onRead(invite: ReadInvite): void;
}) {
  const [scanning, setScanning] = useState(scan);
  const client = useClient();
  const { network } = useWallet();
  const [link, setLink] = useState(first);
  const [problem, setProblem] = useState<string | null>(null);
  const read = useSubmit(link, async () => {
    const trimmed = link.trim();
    const invite = await client.call('invite.read', { link: trimmed });
    if (invite.networkId !== network.networkId)
      throw new Error(t.open.otherNetwork(invite.networkId, network.networkId));
    onRead({ ...invite, link: trimmed });
  });
  // A pasted invite is whole: nothing is left to type, so it is read at once.
  const [pasted, setPasted] = useState<string | null>(null);
  const { submit } = read;
  const take = (whole: string) => {
    setLink(whole);
    setPasted(whole);
    setProblem(null);
    read.clear();
  };
  useEffect(() => {
    if (pasted === null || pasted !== link) return;
    setPasted(null);
    submit();
  }, [pasted, link, submit]);
  return (
    <Page
      title={t.open.title}
      back="/"
      onSubmit={() => {
        setProblem(link.trim() === '' ? t.open.inviteEmpty : null);
        if (link.trim() !== '') read.submit();
      }}
      foot={
        <Button type="submit" wide busy={read.busy} busyLabel={t.open.reading}>
          {t.common.continue}
        </Button>
      }
    >
      <TextField
        label={t.open.inviteLabel}
        help={t.open.inviteHelp}
        multiline
        rows={5}
        autoFocus
        maxLength={4096}
        onPaste={(event) => {
          const text = event.clipboardData.getData('text').trim();
          if (!text.startsWith('tandem:') || text.length > 4096) return;
          event.preventDefault();
          take(text);
        }}
        value={link}
        onValue={(value) => {
          setLink(value);
          setProblem(null);
          read.clear();
        }}
        error={problem ?? read.error}
      />
      {scanning ? (
        <Suspense fallback={<Skeleton height="15rem" />}>
          <Scan
            onLink={(scanned) => {
              setScanning(false);
              take(scanned);
            }}
            onClose={() => setScanning(false)}
          />
        </Suspense>
      ) : (
        <Button
          look="secondary"
          wide
          icon={<ScanIcon size={18} />}
          // The toolbar's popup closes as soon as the browser asks for the camera.
          onClick={() => (inActionPopup() ? navigateInTab('/open?scan=1') : setScanning(true))}
        >
          {t.scan.open}
        </Button>
      )}
      <FromContacts onLink={take} />
    </Page>
  );
}

type Typed = { mine: string; theirs: string; push: string; reserve: string; lockPeriod: string };
/** 480 blocks are about a day. */
const typical: Typed = { mine: '', theirs: '0', push: '0', reserve: '0', lockPeriod: '480' };

/** The terms as typed, exact where they can be, and what is wrong with each field. */
function readTerms(typed: Typed, balance: bigint | null) {
  const mine = amountOf(parseAmount(typed.mine, { wholeUnits: true }));
  const theirs = amountOf(parseAmount(typed.theirs, { wholeUnits: true, allowZero: true }));
  const push = amountOf(parseAmount(typed.push, { wholeUnits: true, allowZero: true }));
  const reserve = amountOf(parseAmount(typed.reserve, { wholeUnits: true, allowZero: true }));
  const lockPeriod = /^[0-9]{1,5}$/.test(typed.lockPeriod.trim()) ? Number(typed.lockPeriod.trim()) : 0;
  const problems = {
    mine: mine !== null && balance !== null && mine > balance ? t.open.overBalance(formatAe(balance)) : null,
    push: null as string | null,
    reserve: null as string | null,
    lockPeriod: lockPeriod < 1 || lockPeriod > 65535 ? t.open.lockPeriodInvalid : null,
  };
  if (reserve !== null && mine !== null && reserve > mine) problems.reserve = t.open.reserveOverMine;
  else if (reserve !== null && theirs !== null && reserve > theirs)
    problems.reserve = t.open.reserveOverTheirs;
  if (push !== null && mine !== null && reserve !== null && reserve <= mine && push > mine - reserve)
    problems.push = t.open.pushOver(formatAe(mine - reserve));
  const complete =
    mine !== null &&
    theirs !== null &&
    push !== null &&
    reserve !== null &&
    Object.values(problems).every((p) => p === null);
  return {
    problems,
    lockPeriod,
    start: complete ? { mine: mine - push, theirs: theirs + push } : null,
    terms: complete
      ? {
          initiatorAmount: mine.toString(),
          responderAmount: theirs.toString(),
          pushAmount: push.toString(),
          channelReserve: reserve.toString(),
          lockPeriod,
        }
      : null,
  };
}

function TermsStep({ invite, onBack }: { invite: ReadInvite; onBack(): void }) {
  const client = useClient();
  const { account } = useWallet();
  const balance = account?.balance == null ? null : BigInt(account.balance);
  const [typed, setTyped] = useState<Typed>(typical);
  const [attempted, setAttempted] = useState(false);
  const [more, setMore] = useState(false);
  const [asking, setAsking] = useState(false);
  const { terms, problems, start, lockPeriod } = readTerms(typed, balance);
  const fees = useFees(terms && { type: 'open', terms });
  const feeStep = fees.step;
  const quote = useQuote(terms && { terms, feeStep }, (content) => client.call('channel.quote', content));
  const peer = usePeer(invite.peer, invite.name);
  const set = (field: keyof Typed) => (value: string) => setTyped((last) => ({ ...last, [field]: value }));
  const open = useSubmit({ link: invite.link, terms, feeStep }, async () => {
    const { channel } = await client.call('channel.open', {
      link: invite.link,
      terms: terms!,
      feeStep,
    });
    navigate(`/channel/${channel}`);
  });
  const hiddenProblem = problems.reserve !== null || problems.lockPeriod !== null;

  return (
    <Page
      title={t.open.title}
      back={onBack}
      onSubmit={() => {
        setAttempted(true);
        if (terms === null) {
          if (hiddenProblem) setMore(true);
        } else if (quote.result && quote.result.problem === null) setAsking(true);
      }}
      foot={
        <>
          <div aria-live="polite">
            {quote.result && (
              <dl className="facts">
                <dt>{t.open.fee}</dt>
                <dd>
                  <Amount form="full" aetto={quote.result.fee} />
                </dd>
                <dt className="strong">{t.open.total}</dt>
                <dd className="strong">
                  <Amount form="full" aetto={quote.result.total} />
                </dd>
              </dl>
            )}
            {quote.waiting && <p className="reason">{t.open.quoting}…</p>}
          </div>
          <Problem>
            {quote.error ??
              (quote.result?.problem ? workerText(quote.result.problem) : null) ??
              (attempted && terms === null ? t.open.fixFirst : null)}
          </Problem>
          <Button type="submit" wide off={terms !== null && (!quote.result || quote.result.problem !== null)}>
            {t.open.review}
          </Button>
        </>
      }
    >
      <section className="card" aria-label={t.open.with}>
        <PeerLine peer={peer} />
      </section>
      <AmountField
        label={t.open.mine}
        help={balance === null ? undefined : t.open.mineHelp(formatAe(balance))}
        value={typed.mine}
        onValue={set('mine')}
        rules={{ wholeUnits: true }}
        attempted={attempted}
        error={problems.mine}
      />
      <AmountField
        label={t.open.theirs}
        help={t.open.theirsHelp}
        value={typed.theirs}
        onValue={set('theirs')}
        rules={{ wholeUnits: true, allowZero: true }}
        attempted={attempted}
      />
      <AmountField
        label={t.open.push}
        help={t.open.pushHelp}
        value={typed.push}
        onValue={set('push')}
        rules={{ wholeUnits: true, allowZero: true }}
        attempted={attempted}
        error={problems.push}
      />
      <Disclosure label={t.open.more} open={more || hiddenProblem} onOpen={setMore}>
        <div className="stack">
          <AmountField
            label={t.open.reserve}
            help={t.open.reserveHelp}
            value={typed.reserve}
            onValue={set('reserve')}
            rules={{ wholeUnits: true, allowZero: true }}
            attempted={attempted}
            error={problems.reserve}
          />
          <TextField
            label={t.open.lockPeriod}
            help={t.open.lockPeriodHelp(lockPeriod > 0 ? blocksAsTime(lockPeriod) : '–')}
            inputMode="numeric"
            maxLength={5}
            value={typed.lockPeriod}
            onValue={set('lockPeriod')}
            error={problems.lockPeriod}
          />
        </div>
      </Disclosure>
      {terms && <FeeSlider fees={fees.fees} step={feeStep} onStep={fees.setStep} error={fees.error} />}
      {start && (
        <section className="card stack tight" aria-label={t.open.summary}>
          <h2 className="small">{t.open.summary}</h2>
          <Bar
            parts={[
              { kind: 'mine', aetto: start.mine },
              { kind: 'theirs', aetto: start.theirs },
            ]}
          />
          <div className="bar-ends">
            <span>
              <span className="who">{t.you}</span>
              <Amount form="full" aetto={start.mine} />
            </span>
            <span>
              <span className="who">{t.them}</span>
              <Amount form="full" aetto={start.theirs} />
            </span>
          </div>
        </section>
      )}
      <Confirm
        open={asking}
        onClose={() => setAsking(false)}
        title={t.open.confirmTitle(peerName(peer))}
        text={t.open.confirmText}
        confirm={t.open.confirm}
        cancel={t.common.cancel}
        busyLabel={t.open.confirming}
        submission={open}
      >
        {terms && quote.result && (
          <dl className="facts">
            <dt>{t.open.mine}</dt>
            <dd>
              <Amount form="full" aetto={terms.initiatorAmount} />
            </dd>
            <dt>{t.open.theirs}</dt>
            <dd>
              <Amount form="full" aetto={terms.responderAmount} />
            </dd>
            <dt>{t.open.push}</dt>
            <dd>
              <Amount form="full" aetto={terms.pushAmount} />
            </dd>
            <dt>{t.approval.reserve}</dt>
            <dd>
              <Amount form="full" aetto={terms.channelReserve} />
            </dd>
            <dt>{t.approval.lockPeriod}</dt>
            <dd>
              {t.blocks(terms.lockPeriod)}, {blocksAsTime(terms.lockPeriod)}
            </dd>
            <dt>{t.open.fee}</dt>
            <dd>
              <Amount form="full" aetto={quote.result.fee} />
            </dd>
            <dt className="strong">{t.open.total}</dt>
            <dd className="strong">
              <Amount form="full" aetto={quote.result.total} />
            </dd>
          </dl>
        )}
      </Confirm>
    </Page>
  );
}

export default function Open({ route }: { route: Route }) {
  const [invite, setInvite] = useState<ReadInvite | null>(null);
  const [first, setFirst] = useState(route.query.get('link') ?? '');
  if (invite === null)
    return <InviteStep first={first} scan={route.query.get('scan') === '1'} onRead={setInvite} />;
  return (
    <TermsStep
      key={invite.link}
      invite={invite}
      onBack={() => {
        setFirst(invite.link);
        setInvite(null);
      }}
    />
  );
}
