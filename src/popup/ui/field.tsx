/** Form fields: label, help and error tied to the control. */
import { Field } from '@base-ui/react/field';
import { type InputHTMLAttributes, type ReactNode, useState } from 'react';
import {
  type AmountProblem,
  type AmountRules,
  editableAe,
  formatAe,
  type ParsedAmount,
  parseAmount,
} from '../amount.ts';
import { t } from '../texts/index.ts';
import { IconButton } from './button.tsx';
import { AlertIcon, EyeIcon, EyeOffIcon } from './icons.tsx';

type FieldProps = {
  label: string;
  value: string;
  onValue(value: string): void;
  help?: ReactNode;
  error?: string | null;
  optional?: boolean;
  multiline?: boolean;
  rows?: number;
  suffix?: ReactNode;
  action?: ReactNode;
  look?: string;
} & Pick<
  InputHTMLAttributes<HTMLInputElement>,
  | 'type'
  | 'placeholder'
  | 'autoComplete'
  | 'autoFocus'
  | 'inputMode'
  | 'maxLength'
  | 'spellCheck'
  | 'autoCapitalize'
  | 'readOnly'
  | 'onBlur'
  | 'onPaste'
>;

export function TextField(props: FieldProps) {
  const { label, value, onValue, help, error, optional, multiline, rows, suffix, action, look, ...input } =
    props;
  return (
    <Field.Root className="field" invalid={Boolean(error)}>
      <div className="field-label">
        <Field.Label>
          {label}
          {optional && <span className="soft"> ({t.common.optional})</span>}
        </Field.Label>
        {action}
      </div>
      <div className={`control ${look ?? ''}`}>
        <Field.Control
          spellCheck={false}
          autoComplete="off"
          {...input}
          value={value}
          onValueChange={(next) => onValue(next)}
          render={multiline ? <textarea rows={rows ?? 3} /> : undefined}
        />
        {suffix}
      </div>
      {help && <Field.Description className="help">{help}</Field.Description>}
      <Field.Error className="problem" match={Boolean(error)}>
        <AlertIcon size={16} />
        <span>{error}</span>
      </Field.Error>
    </Field.Root>
  );
}

export function PasswordField(props: Omit<FieldProps, 'type' | 'suffix'>) {
  const [shown, setShown] = useState(false);
  return (
    <TextField
      {...props}
      type={shown ? 'text' : 'password'}
      suffix={
        <IconButton
          label={shown ? t.common.hidePassword : t.common.showPassword}
          aria-pressed={shown}
          onClick={() => setShown(!shown)}
        >
          {shown ? <EyeOffIcon size={18} /> : <EyeIcon size={18} />}
        </IconButton>
      }
    />
  );
}

export function amountSentence(problem: AmountProblem): string {
  switch (problem.code) {
    case 'empty':
      return t.amount.empty;
    case 'not_a_number':
      return t.amount.notANumber;
    case 'two_marks':
      return t.amount.twoMarks;
    case 'negative':
      return t.amount.negative;
    case 'too_precise':
      return t.amount.tooPrecise;
    case 'not_whole_unit':
      return t.amount.notWholeUnit;
    case 'zero':
      return t.amount.zero;
    case 'too_large':
      return t.amount.tooLarge(formatAe(problem.most));
    case 'over':
      return problem.reserve > 0n
        ? t.amount.overPay(formatAe(problem.most), formatAe(problem.reserve))
        : t.amount.over(formatAe(problem.most));
  }
}

/** The exact amount, or null while the text is not one. */
export const amountOf = (parsed: ParsedAmount): bigint | null => (parsed.ok ? parsed.aetto : null);

/**
 * An amount in AE. An error that further typing may mend (nothing typed, still 0) shows only after the person tried
 * to go on (`attempted`); every other at once.
 */
export function AmountField({
  rules,
  attempted,
  error,
  all,
  ...props
}: Omit<FieldProps, 'error' | 'suffix' | 'look' | 'action'> & {
  rules: AmountRules;
  attempted: boolean;
  error?: string | null;
  /** Offers to fill in everything there is. */
  all?: bigint | null;
}) {
  const parsed = parseAmount(props.value, rules);
  const quiet =
    !parsed.ok && (parsed.problem.code === 'empty' || parsed.problem.code === 'zero') && !attempted;
  return (
    <TextField
      {...props}
      look="amount"
      inputMode="decimal"
      maxLength={64}
      placeholder="0"
      error={parsed.ok || quiet ? (error ?? null) : amountSentence(parsed.problem)}
      suffix={<span className="suffix">{t.unit}</span>}
      action={
        all ? (
          <button type="button" className="link-button" onClick={() => props.onValue(editableAe(all))}>
            {t.common.useAll}
          </button>
        ) : undefined
      }
    />
  );
}
