/** What is wrong with the wallet as a whole, and what to do about it. */
import { lazy, Suspense, useEffect, useState } from 'react';
import { useWide } from '../surface.ts';
import { t, workerText } from '../texts/index.ts';
import { Notice } from '../ui/feedback.tsx';
import { useSnapshot, useWallet } from '../wallet.tsx';
import { isOver } from './totals.ts';

/** Rarely there, and its dialog is large. */
const TakeOver = lazy(() => import('./take-over.tsx'));

/** A node that answers soon needs no banner. */
const settleMilliseconds = 1500;

/** `home`: on a wide page these stand beside every view, which need not repeat them. */
export function Banners({ home }: { home?: boolean }) {
  const elsewhere = useWide() && !home;
  const { network, storage, account, channels, rival } = useWallet();
  const { link } = useSnapshot();
  const [settled, setSettled] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(true), settleMilliseconds);
    return () => clearTimeout(timer);
  }, []);
  if (elsewhere) return null;
  return (
    <>
      {link === 'down' && (
        <Notice tone="danger" role="alert">
          {t.link.down}
        </Notice>
      )}
      {rival && (
        <Suspense fallback={null}>
          <TakeOver />
        </Suspense>
      )}
      {!storage.ok && (
        <Notice tone="danger" role="alert">
          {storage.message ? workerText(storage.message) : t.banners.storage}
        </Notice>
      )}
      {network.state === 'starting' && settled && <Notice>{t.banners.networkStarting(network.name)}</Notice>}
      {(network.state === 'unreachable' || network.state === 'wrong_network') && (
        <Notice tone="warn" role="status">
          {network.message
            ? workerText(network.message)
            : network.state === 'unreachable'
              ? t.banners.networkUnreachable(network.name)
              : t.banners.networkWrong(network.name)}{' '}
          <a href="#/settings">{t.banners.settings}</a>
        </Notice>
      )}
      {network.state === 'ok' && network.lag && (
        <Notice tone="warn" role="status">
          {t.banners.lag(network.lag)} <a href="#/settings">{t.banners.settings}</a>
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
