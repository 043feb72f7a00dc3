/** What the person is told: notices, results, errors, waits. */
import type { ReactNode } from 'react';
import { t } from '../texts/index.ts';
import { AlertIcon, CheckIcon, InfoIcon } from './icons.tsx';

const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);

export function Notice({
  tone = 'info',
  children,
  role,
}: {
  tone?: 'info' | 'warn' | 'danger';
  children: ReactNode;
  role?: 'alert' | 'status';
}) {
  return (
    <div className={`notice ${tone}`} role={role}>
      {tone === 'info' ? <InfoIcon size={18} /> : <AlertIcon size={18} />}
      <div className="grow">{children}</div>
    </div>
  );
}

/** The error of an action, next to what caused it; announced when it appears. */
export function Problem({ children }: { children: string | null }) {
  return (
    <div role="alert">
      {children && (
        <p className="problem">
          <AlertIcon size={16} />
          <span>{children}</span>
        </p>
      )}
    </div>
  );
}

/** The good end of an action; announced when it appears. */
export function Success({ children }: { children: string | null }) {
  return (
    <div role="status">
      {children && (
        <p className="success">
          <CheckIcon size={16} />
          <span>{children}</span>
        </p>
      )}
    </div>
  );
}

export function Skeleton({ height, width = '100%' }: { height: string; width?: string }) {
  return <div className="skeleton" style={{ height, width }} />;
}

/** Grey shapes where the content will be, and a word for a screen reader. */
export function Waiting({ rows = 3 }: { rows?: number }) {
  return (
    <div className="stack" role="status" aria-label={t.common.loading}>
      {numbers(rows).map((n) => (
        <Skeleton key={n} height="3.5rem" />
      ))}
    </div>
  );
}

/** One cell per block that is still needed; many blocks share one track. */
export function BlockSteps({ done, required }: { done: number; required: number }) {
  const cells = Math.max(1, Math.min(required, 24));
  const filled = Math.floor((Math.max(0, done) / Math.max(1, required)) * cells);
  return (
    <div className="steps" aria-hidden="true">
      {numbers(cells).map((n) => (
        <span key={n} className={n < filled ? 'done' : n === filled ? 'next' : ''} />
      ))}
    </div>
  );
}
