/** Getting the person's attention: the badge counts what waits, a window shows each new question. */
import browser from 'webextension-polyfill';
import { isLanguage, type Language, languageFor, languageKey } from '../rpc/language.ts';
import type { ApprovalView } from '../rpc/schema.ts';
import { type Notice, noticeWords } from './notices/index.ts';

const page = 'src/popup/index.html';

export interface Attention {
  /** What waits now; each id that was not there before opens a window once. */
  show(approvals: ApprovalView[]): void;
  /** This question is being answered: its window closes itself, or stays to say why it could not be carried out. */
  keepWindow(id: string): void;
  /** So many channels have to be defended, by unlocking the wallet; 0 takes the mark away. */
  alarm(channels: number): void;
  /**
   * Opens the wallet itself, to unlock it. A person who closes that window and does not unlock has said no: the next one
   * opens only after a pause, a longer one each time.
   */
  openWallet(): void;
  notify(notice: Notice): void;
}

const windowsKey = 'approval-windows';
const unlockKey = 'unlock-window';
const pauseKey = 'unlock-pause';
/** After the first no, and at most: ms. */
const firstPause = 60_000;
const longestPause = 60 * 60_000;

/** `closed` hears of a window that was closed without a decision: that means no. */
export function createAttention(closed: (approvalId: string) => void): Attention {
  // Kept over restarts of the worker: closing an older window still means no, and no question opens a second one.
  let windows: Record<number, string> = {};
  const loaded = browser.storage.session.get(windowsKey).then((stored) => {
    windows = { ...(stored[windowsKey] as typeof windows | undefined), ...windows };
  });
  /** The window that asks to unlock; kept too, so that a worker that starts anew opens no second one. */
  let unlocking: number | null = null;
  const unlockingLoaded = browser.storage.session.get(unlockKey).then((stored) => {
    unlocking ??= (stored[unlockKey] as number | undefined) ?? null;
  });
  /** The wallet was unlocked since that window was asked for last. */
  let wasUnlocked = false;
  /** How often in a row the person closed it without unlocking, and until when none is opened: ms since 1970. */
  let refused = { times: 0, until: 0 };
  const refusedLoaded = browser.storage.session.get(pauseKey).then((stored) => {
    refused = (stored[pauseKey] as typeof refused | undefined) ?? refused;
  });
  /** Being opened right now, so that two changes in a row open one window. */
  const opening = new Set<string>();
  const keeping = new Set<string>();

  const save = () => void browser.storage.session.set({ [windowsKey]: windows });

  function setUnlocking(windowId: number | null): void {
    unlocking = windowId;
    void browser.storage.session.set({ [unlockKey]: windowId });
  }

  function setRefused(times: number): void {
    const pause = times === 0 ? 0 : Math.min(firstPause * 2 ** (times - 1), longestPause);
    refused = { times, until: pause && Date.now() + pause };
    void browser.storage.session.set({ [pauseKey]: refused });
  }

  browser.windows?.onRemoved.addListener((windowId) => {
    void Promise.all([unlockingLoaded, refusedLoaded]).then(() => {
      if (windowId !== unlocking) return;
      setUnlocking(null);
      if (!wasUnlocked) setRefused(refused.times + 1);
    });
    void loaded.then(() => {
      const id = windows[windowId];
      if (!id) return;
      delete windows[windowId];
      save();
      closed(id);
    });
  });

  async function open(hash: string): Promise<number | undefined> {
    const url = browser.runtime.getURL(`${page}#${hash}?window=1`);
    const window = await browser.windows.create({
      url,
      type: 'popup',
      width: 400,
      height: 680,
      focused: true,
    });
    return window.id;
  }

  async function ask(id: string): Promise<void> {
    opening.add(id);
    try {
      const windowId = await open(`/approval/${encodeURIComponent(id)}`);
      if (windowId !== undefined) windows[windowId] = id;
      save();
    } finally {
      opening.delete(id);
    }
  }

  return {
    show(approvals) {
      // Only an unlocked wallet shows any.
      wasUnlocked = true;
      void refusedLoaded.then(() => {
        if (refused.times > 0) setRefused(0);
      });
      const ids = new Set(approvals.map((approval) => approval.id));
      void browser.action.setBadgeText({ text: ids.size > 0 ? String(ids.size) : '' });
      void browser.action.setBadgeBackgroundColor({ color: '#b4233c' });
      void loaded.then(() => {
        const shown = new Set(Object.values(windows));
        for (const id of ids) if (!shown.has(id) && !opening.has(id)) void ask(id);
        for (const [windowId, id] of Object.entries(windows)) {
          // Decided elsewhere: the window has nothing to show any more.
          if (ids.has(id)) continue;
          delete windows[Number(windowId)];
          save();
          if (keeping.delete(id)) continue;
          void browser.windows.remove(Number(windowId)).catch(() => undefined);
        }
      });
    },
    keepWindow: (id) => void keeping.add(id),
    alarm(channels) {
      void browser.action.setBadgeText({ text: channels > 0 ? '!' : '' });
      void browser.action.setBadgeBackgroundColor({ color: '#b4233c' });
    },
    openWallet() {
      wasUnlocked = false;
      void Promise.all([unlockingLoaded, refusedLoaded]).then(() => {
        if (unlocking !== null || Date.now() < refused.until) return;
        unlocking = -1;
        void open('/').then((windowId) => setUnlocking(windowId ?? null));
      });
    },
    notify(notice) {
      void languageInUse()
        .then((language) => {
          const [title, message] = noticeWords(notice, language);
          const iconUrl = browser.runtime.getURL('icons/128.png');
          return browser.notifications.create({ type: 'basic', title, message, iconUrl });
        })
        .catch(() => undefined);
    },
  };
}

/** The popup's, where it ever was open. */
async function languageInUse(): Promise<Language> {
  const { [languageKey]: last } = await browser.storage.local.get(languageKey);
  return isLanguage(last) ? last : languageFor(navigator.languages);
}
