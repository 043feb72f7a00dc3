import { type ReactNode, useEffect, useRef } from 'react';
import { navigate } from '../router.ts';
import { t } from '../texts/index.ts';
import { IconButton } from './button.tsx';
import { BackIcon } from './icons.tsx';

/** Only the first page of a visit leaves the focus where the browser puts it. */
let visited = false;

/** A view with its heading. Focus moves to the heading, so that a screen reader says where one is. */
export function Page({
  title,
  back,
  aside,
  foot,
  onSubmit,
  children,
}: {
  title: string;
  /** Where the back button leads; none where there is nothing behind. */
  back?: string | (() => void);
  aside?: ReactNode;
  foot?: ReactNode;
  /** Makes body and foot one form: Enter submits. */
  onSubmit?(): void;
  children: ReactNode;
}) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} – ${t.product}`;
    const typing = document.activeElement?.matches('input, textarea, select');
    if (visited && !typing) heading.current?.focus();
    visited = true;
  }, [title]);
  const content = (
    <>
      <div className="page-body">{children}</div>
      {foot && <div className="page-foot">{foot}</div>}
    </>
  );
  return (
    <main className="page">
      <header className="page-head">
        {back !== undefined && (
          <IconButton
            label={t.common.back}
            onClick={() => (typeof back === 'string' ? navigate(back) : back())}
          >
            <BackIcon />
          </IconButton>
        )}
        <h1 ref={heading} tabIndex={-1} className="cut">
          {title}
        </h1>
        {aside}
      </header>
      {onSubmit ? (
        <form
          className="page-form"
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            onSubmit();
          }}
        >
          {content}
        </form>
      ) : (
        content
      )}
    </main>
  );
}
