/**
 * One question to the person. What is shown is what is decided on: the answer carries the digest of the request on
 * screen. A closed window sends nothing, which the worker takes as no.
 */
import { useEffect, useRef, useState } from 'react';
import type { ApprovalView } from '../../rpc/schema.ts';
import { formatAe } from '../amount.ts';
import { navigate, type Route } from '../router.ts';
import { t } from '../texts/index.ts';
import { Button } from '../ui/button.tsx';
import { Notice, Problem, Waiting } from '../ui/feedback.tsx';
import { Page } from '../ui/page.tsx';
import { usePeer } from '../ui/peer.tsx';
import { sentenceOf, useClient, useLoad, useSubmit, useWallet } from '../wallet.tsx';
import { BudgetRequest, type Granted } from './approvals/budget.tsx';
import { ChannelRequest } from './approvals/channel.tsx';
import { ConnectRequest } from './approvals/connect.tsx';
import { ContractRequest, IncomingContract } from './approvals/contract.tsx';
import { CounterOffer } from './approvals/counter-offer.tsx';
import { IncomingChannel } from './approvals/incoming-channel.tsx';
import { MessageRequest } from './approvals/message.tsx';
import { PaymentRequest } from './approvals/payment.tsx';
import { TransactionRequest } from './approvals/transaction.tsx';

/** What has just appeared takes no yes yet: a click or Enter meant for the page below must not approve. */
const armMilliseconds = 500;

const digestOf = (approval: ApprovalView): string => ('digest' in approval ? approval.digest : '');

function yesOf(approval: ApprovalView): string {
  switch (approval.kind) {
    case 'connect':
      return t.approval.connect;
    case 'site_payment':
    case 'incoming_update':
      return t.approval.pay(formatAe(BigInt(approval.amount)));
    case 'incoming_channel':
      return t.approval.accept;
    case 'counter_offer':
      return t.approval.acceptTerms;
    case 'site_transaction':
      return approval.broadcast ? t.approval.signAndSend : t.approval.sign;
    case 'site_message':
      return t.approval.sign;
    case 'site_contract':
      return t.approval.contract.operations[approval.operation];
    case 'contract_create':
      return t.approval.contract.accept;
    case 'site_budget':
      return t.budget.allow;
    case 'site_channel':
      return t.approval.operations[approval.operation];
  }
}

function Body({
  approval,
  onShown,
  onGranted,
}: {
  approval: ApprovalView;
  onShown(digest: string): void;
  onGranted(granted: Granted | null): void;
}) {
  const { channels } = useWallet();
  const known =
    'channel' in approval ? channels.find((channel) => channel.id === approval.channel) : undefined;
  const peer = usePeer('peer' in approval ? approval.peer : '', known?.peer.name ?? null);
  if (approval.kind === 'connect') return <ConnectRequest approval={approval} />;
  if (approval.kind === 'site_transaction') return <TransactionRequest approval={approval} />;
  if (approval.kind === 'site_channel') return <ChannelRequest approval={approval} />;
  if (approval.kind === 'site_message') return <MessageRequest approval={approval} />;
  switch (approval.kind) {
    case 'site_payment':
    case 'incoming_update':
      return <PaymentRequest approval={approval} peer={peer} />;
    case 'site_budget':
      return <BudgetRequest approval={approval} peer={peer} onGranted={onGranted} />;
    case 'site_contract':
      return <ContractRequest approval={approval} peer={peer} onShown={onShown} />;
    case 'contract_create':
      return <IncomingContract approval={approval} peer={peer} />;
    case 'incoming_channel':
      return <IncomingChannel approval={approval} peer={peer} />;
    case 'counter_offer':
      return <CounterOffer approval={approval} peer={peer} />;
  }
}

function Ended({ title, text, ownWindow }: { title: string; text: string; ownWindow: boolean }) {
  return (
    <Page
      title={title}
      foot={
        <Button wide onClick={() => (ownWindow ? window.close() : navigate('/'))}>
          {ownWindow ? t.approval.closeWindow : t.approval.toWallet}
        </Button>
      }
    >
      <p className="soft" role="status">
        {text}
      </p>
    </Page>
  );
}

function Failed({
  sentence,
  channel,
  ownWindow,
}: {
  sentence: string;
  channel: string | null;
  ownWindow: boolean;
}) {
  if (channel === null) return <Ended title={t.approval.notDone} text={sentence} ownWindow={ownWindow} />;
  return (
    <Page
      title={t.approval.notDone}
      foot={
        <Button wide onClick={() => navigate(`/channel/${channel}`)}>
          {t.approval.seeChannel}
        </Button>
      }
    >
      <p role="alert">{sentence}</p>
    </Page>
  );
}

function Question({
  approval,
  ownWindow,
  onDeciding,
  onDecided,
  onFailed,
}: {
  approval: ApprovalView;
  ownWindow: boolean;
  onDeciding(): void;
  onDecided(approve: boolean): void;
  onFailed(sentence: string): void;
}) {
  const client = useClient();
  const digest = digestOf(approval);
  const answer = useRef(false);
  const [armedFor, setArmedFor] = useState<string | null>(null);
  /** A contract's call is decoded and tried first. */
  const [shownFor, setShownFor] = useState<string | null>(null);
  /** Of a budget, what a yes would grant. */
  const [granted, setGranted] = useState<Granted | null>(null);
  const [first] = useState(digest);
  useEffect(() => {
    const timer = setTimeout(() => setArmedFor(digest), armMilliseconds);
    return () => clearTimeout(timer);
  }, [digest]);
  const decide = useSubmit(approval.id, async () => {
    const approve = answer.current;
    const budget = approve && granted ? { budget: granted } : {};
    try {
      await client.call('approval.decide', { id: approval.id, approve, digest, ...budget });
    } catch (error) {
      onFailed(sentenceOf(error));
      throw error;
    }
    onDecided(approve);
  });
  const send = (approve: boolean) => {
    if (decide.busy) return;
    answer.current = approve;
    onDeciding();
    decide.submit();
  };
  const isWhole =
    approval.kind === 'site_contract'
      ? shownFor === digest
      : approval.kind !== 'site_budget' || granted !== null;
  return (
    <Page
      title={t.approval.titles[approval.kind]}
      back={ownWindow ? undefined : '/'}
      foot={
        <>
          {digest !== first && (
            <Notice tone="warn" role="alert">
              {t.approval.changed}
            </Notice>
          )}
          <Problem>{decide.error}</Problem>
          <div className="button-pair">
            <Button look="secondary" off={decide.busy} onClick={() => send(false)}>
              {t.approval.decline}
            </Button>
            <Button
              off={armedFor !== digest || !isWhole}
              busy={decide.busy}
              busyLabel={t.approval.deciding}
              onClick={() => send(true)}
            >
              {yesOf(approval)}
            </Button>
          </div>
        </>
      }
    >
      <Body approval={approval} onShown={setShownFor} onGranted={setGranted} />
    </Page>
  );
}

export default function Approval({ route }: { route: Route }) {
  const client = useClient();
  const { approvals, account } = useWallet();
  const id = route.path[1] ?? '';
  const ownWindow = route.query.get('window') === '1';
  const pushed = approvals.find((approval) => approval.id === id) ?? null;
  const [decided, setDecided] = useState<boolean | null>(null);
  /** Why what was approved could not be carried out. */
  const [failed, setFailed] = useState<string | null>(null);
  const deciding = useRef(false);
  const channel = useRef<string | null>(null);
  if (pushed && 'channel' in pushed) channel.current = pushed.channel;
  // A window may open before the view that holds its request arrives.
  const fetched = useLoad(id, () => client.call('approval.get', { id }));
  const seen = useRef(false);
  if (pushed) seen.current = true;
  // A worker that starts anew knows of no question before its wallet runs.
  const starting = account === null;
  const gone = seen.current && !pushed && !starting;
  useEffect(() => {
    // Answered elsewhere, or taken back.
    if (gone && ownWindow && !deciding.current) window.close();
  }, [gone, ownWindow]);

  if (decided !== null)
    return (
      <Ended
        title={decided ? t.approval.approved : t.approval.declined}
        text={ownWindow ? t.approval.safeToClose : ''}
        ownWindow={ownWindow}
      />
    );
  const approval = pushed ?? (seen.current ? null : fetched.value);
  if (approval)
    return (
      <Question
        approval={approval}
        ownWindow={ownWindow}
        onDeciding={() => {
          deciding.current = true;
        }}
        onFailed={setFailed}
        onDecided={(approve) => {
          setDecided(approve);
          if (ownWindow) window.close();
          else navigate(approve && 'channel' in approval ? `/channel/${approval.channel}` : '/');
        }}
      />
    );
  if (starting || (!seen.current && fetched.error === null))
    return (
      <Page title={t.product} back={ownWindow ? undefined : '/'}>
        <Waiting />
      </Page>
    );
  // The question ends with the yes, whatever comes of it.
  if (failed !== null) return <Failed sentence={failed} channel={channel.current} ownWindow={ownWindow} />;
  return <Ended title={t.approval.gone} text={t.approval.goneText} ownWindow={ownWindow} />;
}
