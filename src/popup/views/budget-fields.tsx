/** The limits of a site's budget as a person sets them. */
import type { BudgetLimit, BudgetView } from '../../rpc/schema.ts';
import { parseAmount } from '../amount.ts';
import { shortAddress } from '../format.ts';
import { t } from '../texts/index.ts';
import { Choice } from '../ui/choice.tsx';
import { Notice } from '../ui/feedback.tsx';
import { AmountField, amountOf } from '../ui/field.tsx';

/** What is typed; `seconds` 0 leaves the end as it is. */
export interface TypedLimits {
  amount: string;
  perUpdate: string;
  seconds: number;
}

/** At most so much may be given; null where the person decides alone. */
export type Most = { amount: bigint; perUpdate: bigint } | null;

const hour = 3600;
/** What can be chosen for how long: an hour, a day, a week, 30 days. */
export const periods = [hour, 24 * hour, 7 * 24 * hour, 30 * 24 * hour] as const;

/** For so many seconds, said exactly where that is short. */
export function period(seconds: number): string {
  if (seconds % (24 * hour) === 0) return t.budget.days(seconds / (24 * hour));
  if (seconds % hour === 0) return t.budget.hours(seconds / hour);
  return t.budget.minutes(Math.ceil(seconds / 60));
}

const rulesOf = (most: bigint | undefined) => (most === undefined ? {} : { limit: { most } });

/** Null while the fields hold no limits. */
export function limitsOf({ amount, perUpdate }: TypedLimits, most: Most) {
  const all = amountOf(parseAmount(amount, rulesOf(most?.amount)));
  const once = amountOf(parseAmount(perUpdate, rulesOf(most?.perUpdate)));
  if (all === null || once === null || once > all) return null;
  return { amount: all.toString(), perUpdate: once.toString() };
}

export function BudgetFields({
  typed,
  onTyped,
  most,
  choices,
}: {
  typed: TypedLimits;
  onTyped(typed: TypedLimits): void;
  most: Most;
  /** Seconds and what they are called. */
  choices: (readonly [number, string])[];
}) {
  const all = amountOf(parseAmount(typed.amount));
  const once = amountOf(parseAmount(typed.perUpdate));
  return (
    <>
      <AmountField
        label={t.budget.total}
        rules={rulesOf(most?.amount)}
        attempted
        value={typed.amount}
        onValue={(amount) => onTyped({ ...typed, amount })}
      />
      <AmountField
        label={t.budget.perUpdate}
        rules={rulesOf(most?.perUpdate)}
        attempted
        value={typed.perUpdate}
        onValue={(perUpdate) => onTyped({ ...typed, perUpdate })}
        error={all !== null && once !== null && once > all ? t.budget.perUpdateOver : null}
      />
      <Choice
        label={t.budget.time}
        value={typed.seconds}
        onValue={(seconds) => onTyped({ ...typed, seconds: Number(seconds) })}
      >
        {choices.map(([seconds, name]) => (
          <option key={seconds} value={seconds}>
            {name}
          </option>
        ))}
      </Choice>
    </>
  );
}

/** Which contracts a budget covers, and by which functions. */
export function BudgetContracts({ contracts, full }: Pick<BudgetView, 'contracts'> & { full?: boolean }) {
  return contracts.map(({ contract, functions }) => (
    <div key={contract} title={contract}>
      <span className={full ? 'mono small soft' : 'mono'}>{full ? contract : shortAddress(contract)}</span>
      <div>{functions?.join(', ') ?? t.budget.anyFunction}</div>
    </div>
  ));
}

/** Why a site that has a budget asks all the same. */
export function OverBudget({ limit }: { limit: (typeof BudgetLimit.options)[number] | null }) {
  return limit && <Notice>{t.budget.limits[limit]}</Notice>;
}
