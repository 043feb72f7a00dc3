import { AlertDialog } from '@base-ui/react/alert-dialog';
import type { ReactNode } from 'react';
import type { Submission } from '../wallet.tsx';
import { Button, type ButtonLook } from './button.tsx';
import { Problem } from './feedback.tsx';

/**
 * Asks before something that cannot be taken back. Stays open, with the reason, where the action fails; Escape and
 * the cancel button close it.
 */
export function Confirm({
  open,
  onClose,
  title,
  text,
  confirm,
  cancel,
  busyLabel,
  look = 'primary',
  off,
  submission,
  onDone,
  children,
}: {
  open: boolean;
  onClose(): void;
  title: string;
  text: string;
  confirm: string;
  cancel: string;
  busyLabel: string;
  look?: ButtonLook;
  /** It cannot be confirmed yet, for a reason that is plain to see. */
  off?: boolean;
  submission: Submission;
  onDone?(): void;
  children?: ReactNode;
}) {
  const close = () => {
    submission.clear();
    onClose();
  };
  return (
    <AlertDialog.Root open={open} onOpenChange={(next) => !next && !submission.busy && close()}>
      <AlertDialog.Portal>
        <AlertDialog.Backdrop className="backdrop" />
        <AlertDialog.Popup className="dialog">
          <div className="stack">
            <AlertDialog.Title>{title}</AlertDialog.Title>
            <AlertDialog.Description className="soft small">{text}</AlertDialog.Description>
            {children}
            <Problem>{submission.error}</Problem>
            <div className="button-pair">
              <Button look="secondary" off={submission.busy} onClick={close}>
                {cancel}
              </Button>
              <Button
                look={look}
                off={off}
                busy={submission.busy}
                busyLabel={busyLabel}
                onClick={async () => {
                  if (!(await submission.submit())) return;
                  onClose();
                  onDone?.();
                }}
              >
                {confirm}
              </Button>
            </div>
          </div>
        </AlertDialog.Popup>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}
