/** Amounts and balances on screen. */
import { decimalMark, formatAe, shortAe, splitAe } from '../amount.ts';
import { t } from '../texts/index.ts';

type AmountProps = { aetto: bigint | string; form?: 'short' | 'full'; sign?: '+' | '\u2212'; hero?: boolean };

/** An amount in AE. The short form is cut, never rounded, and carries the full one as its title. */
export function Amount({ aetto, form = 'short', sign, hero }: AmountProps) {
  const value = BigInt(aetto);
  const whole = formatAe(value);
  const short = shortAe(value);
  const shown = form === 'full' ? { ...splitAe(value), cut: false } : short;
  return (
    <span
      className={`amount${hero ? ' hero' : ''}${form === 'full' ? ' full' : ''}`}
      title={shown.cut ? `${whole} ${t.unit}` : undefined}
    >
      {sign}
      {shown.whole}
      {shown.fraction && (
        <span className={hero ? 'dim' : ''}>
          {decimalMark}
          {shown.fraction}
        </span>
      )}
      {shown.cut && <span className="more">…</span>}
      <span className="ae"> {t.unit}</span>
    </span>
  );
}

export type Part = { kind: 'mine' | 'theirs' | 'kept' | 'kept-theirs' | 'chain' | 'moving'; aetto: bigint };

/** Parts of one sum side by side. A picture of figures that stand beside it, so hidden from screen readers. */
export function Bar({ parts }: { parts: Part[] }) {
  const total = parts.reduce((sum, part) => sum + part.aetto, 0n);
  return (
    <div className="bar" aria-hidden="true">
      {total > 0n &&
        parts
          .filter((part) => part.aetto > 0n)
          .map((part) => (
            <span
              key={part.kind}
              className={part.kind}
              // A share in thousandths decides only how wide it is drawn.
              style={{ flexGrow: Math.max(8, Number((part.aetto * 1000n) / total)) }}
            />
          ))}
    </div>
  );
}
