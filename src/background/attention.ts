/** Getting the person's attention: the badge counts what waits, a window shows each new question. */
import browser from 'webextension-polyfill';
import type { ApprovalView } from '../rpc/schema.ts';

const page = 'src/popup/index.html';

export interface Attention {
  /** What waits now; each id that was not there before opens a window once. */
  show(approvals: ApprovalView[]): void;
  /** Opens the wallet itself, to unlock it. */
  openWallet(): void;
  notify(title: string, message: string): void;
}

/** `closed` hears of a window that was closed without a decision: that means no. */
export function createAttention(closed: (approvalId: string) => void): Attention {
  const windows = new Map<number, string>();
  let shown = new Set<string>();
  let unlocking: number | null = null;

  browser.windows?.onRemoved.addListener((windowId) => {
    if (windowId === unlocking) unlocking = null;
    const id = windows.get(windowId);
    windows.delete(windowId);
    if (id) closed(id);
  });

  async function open(hash: string): Promise<number | undefined> {
    const url = browser.runtime.getURL(`${page}?window=1#${hash}`);
    const window = await browser.windows.create({
      url,
      type: 'popup',
      width: 400,
      height: 680,
      focused: true,
    });
    return window.id;
  }

  return {
    show(approvals) {
      const ids = new Set(approvals.map((approval) => approval.id));
      void browser.action.setBadgeText({ text: ids.size > 0 ? String(ids.size) : '' });
      void browser.action.setBadgeBackgroundColor({ color: '#b4233c' });
      for (const id of ids) {
        if (shown.has(id)) continue;
        void open(`/approval/${encodeURIComponent(id)}`).then((windowId) => {
          if (windowId !== undefined) windows.set(windowId, id);
        });
      }
      for (const [windowId, id] of windows)
        if (!ids.has(id)) {
          // Decided elsewhere: the window has nothing to show any more.
          windows.delete(windowId);
          void browser.windows.remove(windowId).catch(() => undefined);
        }
      shown = ids;
    },
    openWallet() {
      if (unlocking !== null) return;
      unlocking = -1;
      void open('/').then((windowId) => {
        unlocking = windowId ?? null;
      });
    },
    notify(title, message) {
      void browser.notifications
        .create({ type: 'basic', title, message, iconUrl: browser.runtime.getURL('icons/128.png') })
        .catch(() => undefined);
    },
  };
}
