/** How much the miners get: slower and cheaper, or sooner. */
import { useEffect, useId, useState } from 'react';
import type { ParamsOf } from '../../rpc/popup.ts';
import { formatAe } from '../amount.ts';
import { t } from '../texts/index.ts';
import { sentenceOf, useClient } from '../wallet.tsx';
import { Problem } from './feedback.tsx';
import { Amount } from './money.tsx';

export type Quote<T> = { result: T | null; error: string | null; waiting: boolean };

/** What `load` says of `content`, asked once it stays the same for a moment; null: there is nothing to ask. */
export function useQuote<C, T>(content: C | null, load: (content: C) => Promise<T>): Quote<T> {
  const key = content === null ? null : JSON.stringify(content);
  const [quote, setQuote] = useState<{ for: string; result: T | null; error: string | null } | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `key` is all that `content` says
  useEffect(() => {
    if (key === null || content === null) return;
    let gone = false;
    const timer = setTimeout(() => {
      load(content).then(
        (result) => !gone && setQuote({ for: key, result, error: null }),
        (error) => !gone && setQuote({ for: key, result: null, error: sentenceOf(error) }),
      );
    }, 250);
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [key]);
  const answer = quote?.for === key ? quote : null;
  return {
    result: answer?.result ?? null,
    error: answer?.error ?? null,
    waiting: key !== null && answer === null,
  };
}

/** The fees of each step, and the one that is chosen. */
export function useFees(wanted: ParamsOf<'fee.quote'> | null) {
  const client = useClient();
  const [step, setStep] = useState(0);
  const { result, error } = useQuote(wanted, (content) => client.call('fee.quote', content));
  const fees = result?.fees ?? null;
  return { step, setStep, fees, error, fee: fees?.[step] ?? null };
}

export function FeeSlider({
  fees,
  step,
  onStep,
  error = null,
  readOnly,
  label = t.fee.label,
  help = t.fee.help,
}: {
  /** Of each step, in aetto; null while they are not known. */
  fees: readonly string[] | null;
  step: number;
  onStep(step: number): void;
  error?: string | null;
  readOnly?: boolean;
  label?: string;
  /** Null where other words stand beside it. */
  help?: string | null;
}) {
  const id = useId();
  const fee = fees?.[step] ?? null;
  const most = (fees?.length ?? t.fee.speeds.length) - 1;
  const speed = t.fee.speeds[Math.min(step, t.fee.speeds.length - 1)]!;
  return (
    <div className="field">
      <div className="field-label">
        <label htmlFor={id}>{label}</label>
        <output htmlFor={id} data-testid="fee">
          {fee === null ? <span className="soft">–</span> : <Amount form="full" aetto={fee} />}
        </output>
      </div>
      <input
        id={id}
        className="slider"
        type="range"
        min={0}
        max={most}
        step={1}
        value={step}
        disabled={readOnly}
        aria-valuetext={fee === null ? speed : t.fee.value(speed, formatAe(BigInt(fee)))}
        aria-describedby={help === null ? undefined : `${id}-help`}
        onChange={({ target }) => onStep(Number(target.value))}
      />
      <div className="slider-ends" aria-hidden="true">
        <span>{t.fee.cheaper}</span>
        <span>{t.fee.sooner}</span>
      </div>
      {help !== null && (
        <p className="help" id={`${id}-help`}>
          {help}
        </p>
      )}
      <Problem>{error}</Problem>
    </div>
  );
}
