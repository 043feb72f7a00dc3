import { type ReactNode, type RefObject, useEffect, useRef } from 'react';
import { navigate } from '../router.ts';
import { t } from '../texts/index.ts';
import { IconButton } from './button.tsx';
import { BackIcon } from './icons.tsx';

/** Only the first page of a visit leaves the focus where the browser puts it. */
let visited = false;

/** Names the document, and moves the focus to the heading, so that a screen reader says where one is; null: neither. */
export function useHeading(title: string | null): RefObject<HTMLHeadingElement | null> {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (title === null) return;
    document.title = title;
    const typing = document.activeElement?.matches('input, textarea, select');
    if (visited && !typing) heading.current?.focus();
    visited = true;
  }, [title]);
  return heading;
}

/** After a submission that the form did not take, once it is marked: to the first field that has to be corrected. */
export function focusInvalid(form: Element | null): void {
  setTimeout(() => form?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus(), 0);
}

/** A view with its heading. */
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
  const heading = useHeading(`${title} – ${t.product}`);
  const content = (
    <>
      <div className="page-body">{children}</div>
      {foot && <div className="page-foot">{foot}</div>}
    </>
  );
  return (
    <main className="page" onSubmit={({ target }) => target instanceof Element && focusInvalid(target)}>
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
