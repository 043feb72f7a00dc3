import { type ButtonHTMLAttributes, type ReactNode, useId } from 'react';

export type ButtonLook = 'primary' | 'secondary' | 'quiet' | 'danger' | 'danger-quiet';
type Props = Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'disabled'> & {
  look?: ButtonLook;
  small?: boolean;
  wide?: boolean;
  /** Under way: shows `busyLabel` and takes no further press. */
  busy?: boolean;
  busyLabel?: string;
  /** Why it cannot be pressed now; shown below it. */
  reason?: string | null;
  /** Cannot be pressed, for a reason that is plain to see (an empty form). */
  off?: boolean;
  icon?: ReactNode;
};

/**
 * A button that stays in the tab order while it cannot be pressed, so that focus is never lost and a screen reader
 * can read the reason.
 */
export function Button(props: Props) {
  const {
    look = 'primary',
    small,
    wide,
    busy,
    busyLabel,
    reason,
    off,
    icon,
    children,
    onClick,
    ...rest
  } = props;
  const reasonId = useId();
  const closed = Boolean(busy || off || reason);
  return (
    <>
      <button
        type="button"
        {...rest}
        className={`button ${look}${small ? ' small' : ''}${wide ? ' wide' : ''}`}
        aria-disabled={closed || undefined}
        aria-busy={busy || undefined}
        aria-describedby={reason ? reasonId : rest['aria-describedby']}
        onClick={(event) => {
          if (closed) event.preventDefault();
          else onClick?.(event);
        }}
      >
        {busy ? <span className="spinner" aria-hidden="true" /> : icon}
        {busy && busyLabel ? busyLabel : children}
      </button>
      {reason && (
        <p className="reason" id={reasonId}>
          {reason}
        </p>
      )}
    </>
  );
}

export function IconButton({
  label,
  children,
  ...rest
}: ButtonHTMLAttributes<HTMLButtonElement> & { label: string }) {
  return (
    <button type="button" {...rest} className="icon-button" aria-label={label} title={label}>
      {children}
    </button>
  );
}

/** Looks like an icon button and leads somewhere. */
export function IconLink({ label, to, children }: { label: string; to: string; children: ReactNode }) {
  return (
    <a className="icon-button" href={`#${to}`} aria-label={label} title={label}>
      {children}
    </a>
  );
}
