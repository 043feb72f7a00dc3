/** What is wrong with the wallet as a whole, and what to do about it. */
import { useEffect, useState } from 'react';
import { t } from '../texts/index.ts';
import { Button } from '../ui/button.tsx';
import { Confirm } from '../ui/dialog.tsx';
import { Notice } from '../ui/feedback.tsx';
import { useClient, useSnapshot, useSubmit, useWallet } from '../wallet.tsx';
import { isOver } from './totals.ts';

/** A node that answers soon needs no banner. */
const settleMilliseconds = 1500;

export function Banners() {
  const { network, storage, account, channels, rival } = useWallet();
  const { link } = useSnapshot();
  const [settled, setSettled] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(true), settleMilliseconds);
    return () => clearTimeout(timer);
  }, []);
  return (
    <>
      {link === 'down' && (
        <Notice tone="danger" role="alert">
          {t.link.down}
        </Notice>
      )}
      {rival && <TakeOver />}
      {!storage.ok && (
        <Notice tone="danger" role="alert">
          {storage.message ?? t.banners.storage}
        </Notice>
      )}
      {network.state === 'starting' && settled && <Notice>{t.banners.networkStarting(network.name)}</Notice>}
      {(network.state === 'unreachable' || network.state === 'wrong_network') && (
        <Notice tone="warn" role="status">
          {network.message ??
            (network.state === 'unreachable'
              ? t.banners.networkUnreachable(network.name)
              : t.banners.networkWrong(network.name))}{' '}
          <a href="#/settings">{t.banners.settings}</a>
        </Notice>
      )}
      {account && !account.coversDisputes && channels.some((channel) => !isOver(channel)) && (
        <Notice tone="warn">
          {t.banners.disputes} <a href="#/receive?tab=address">{t.banners.addCoins}</a>
        </Notice>
      )}
    </>
  );
}

/** Another installation of this wallet is at work, and this one stands still until the person chooses it. */
function TakeOver() {
  const client = useClient();
  const [asking, setAsking] = useState(false);
  const takeOver = useSubmit(null, async () => {
    await client.call('wallet.takeOver', {});
  });
  return (
    <Notice tone="danger" role="alert">
      <div className="stack tight">
        <span>{t.banners.rival}</span>
        <div>
          <Button look="secondary" small onClick={() => setAsking(true)}>
            {t.banners.takeOver}
          </Button>
        </div>
      </div>
      <Confirm
        open={asking}
        onClose={() => setAsking(false)}
        title={t.banners.takeOverTitle}
        text={t.banners.takeOverText}
        confirm={t.banners.takeOver}
        cancel={t.banners.takeOverKeep}
        busyLabel={t.banners.takeOverBusy}
        submission={takeOver}
      />
    </Notice>
  );
}
