import { useEffect, useState } from 'react';
import { t } from '../texts/index.ts';
import { Button, type ButtonLook } from './button.tsx';
import { Problem } from './feedback.tsx';
import { CheckIcon, CopyIcon } from './icons.tsx';

/** Copies a text and says so, on the button and to a screen reader. */
export function CopyButton({
  text,
  label,
  look = 'secondary',
}: {
  text: string;
  label: string;
  look?: ButtonLook;
}) {
  const [state, setState] = useState<'idle' | 'copied' | 'failed'>('idle');
  useEffect(() => {
    if (state !== 'copied') return;
    const timer = setTimeout(() => setState('idle'), 2500);
    return () => clearTimeout(timer);
  }, [state]);
  return (
    <>
      <Button
        look={look}
        wide
        icon={state === 'copied' ? <CheckIcon size={18} /> : <CopyIcon size={18} />}
        aria-label={label}
        onClick={() =>
          navigator.clipboard.writeText(text).then(
            () => setState('copied'),
            () => setState('failed'),
          )
        }
      >
        {state === 'copied' ? t.common.copied : label}
      </Button>
      <span role="status" className="sr-only">
        {state === 'copied' ? t.common.copied : ''}
      </span>
      {state === 'failed' && <Problem>{t.errors.notCopied}</Problem>}
    </>
  );
}
