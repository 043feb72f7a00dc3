import type { ApprovalView } from '../../../rpc/schema.ts';
import { siteName } from '../../format.ts';
import { t } from '../../texts/index.ts';
import { Notice } from '../../ui/feedback.tsx';
import { CheckIcon, LockIcon, SiteIcon } from '../../ui/icons.tsx';

/** The site, as the browser itself names it. */
export function Origin({ origin }: { origin: string }) {
  const local = /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:|$)/.test(origin);
  return (
    <>
      <section className="card row" aria-label={t.approval.site}>
        <span className="badge" aria-hidden="true">
          <SiteIcon size={18} />
        </span>
        <span className="grow mono" data-testid="origin">
          {siteName(origin)}
        </span>
      </section>
      {origin.startsWith('http://') && !local && <Notice tone="warn">{t.approval.httpWarning}</Notice>}
    </>
  );
}

export function ConnectRequest({ approval }: { approval: Extract<ApprovalView, { kind: 'connect' }> }) {
  return (
    <>
      <Origin origin={approval.origin} />
      <p className="approval-lead">{t.approval.connectLead(siteName(approval.origin))}</p>
      <ul className="points">
        <li>
          <CheckIcon size={18} />
          {t.approval.connectSees}
        </li>
        <li>
          <CheckIcon size={18} />
          {t.approval.connectAsk}
        </li>
        <li>
          <LockIcon size={18} />
          {t.approval.connectNever}
        </li>
      </ul>
    </>
  );
}
