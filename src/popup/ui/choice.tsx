/** One setting that is chosen from a list. */
import { type ReactNode, useId } from 'react';

export function Choice({
  label,
  help,
  small,
  value,
  onValue,
  children,
}: {
  label: string;
  help?: string;
  small?: boolean;
  value: string | number;
  onValue(value: string): void;
  /** its options */
  children: ReactNode;
}) {
  const id = useId();
  return (
    <div className="setting">
      <div className={small ? 'small grow' : 'grow'}>
        <label htmlFor={id}>{label}</label>
        {help && (
          <p className="help" id={`${id}-help`}>
            {help}
          </p>
        )}
      </div>
      <div className="control">
        <select
          id={id}
          aria-describedby={help && `${id}-help`}
          value={value}
          onChange={({ target }) => onValue(target.value)}
        >
          {children}
        </select>
      </div>
    </div>
  );
}
