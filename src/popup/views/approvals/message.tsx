import type { ApprovalView } from '../../../rpc/schema.ts';
import { foreignText, siteName } from '../../format.ts';
import { t } from '../../texts/index.ts';
import { Notice } from '../../ui/feedback.tsx';
import { Origin } from './connect.tsx';

/** A text that a site wants signed, whole. */
export function MessageRequest({ approval }: { approval: Extract<ApprovalView, { kind: 'site_message' }> }) {
  return (
    <>
      <Origin origin={approval.origin} />
      <p className="approval-lead">{t.approval.messageLead(siteName(approval.origin))}</p>
      <section className="card">
        <p className="note-text message-text" data-testid="message">
          {foreignText(approval.message)}
        </p>
      </section>
      <Notice>{t.approval.messageMeans}</Notice>
    </>
  );
}
