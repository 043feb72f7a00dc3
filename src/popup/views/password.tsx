/** Choosing a password: strength, and the same text twice. */
import { t } from '../texts/index.ts';
import { PasswordField } from '../ui/field.tsx';

export const shortestPassword = 8;

/** A rough measure, by length and kinds of characters: 0 too short, 1 weak, 2 fair, 3 strong. */
export function passwordStrength(password: string): 0 | 1 | 2 | 3 {
  if (password.length < shortestPassword) return 0;
  const kinds = [/[a-z]/, /[A-Z]/, /[0-9]/, /[^a-zA-Z0-9]/].filter((kind) => kind.test(password)).length;
  const distinct = new Set(password).size;
  const score = Math.min(password.length, distinct * 2) + (kinds - 1) * 2;
  return score >= 18 ? 3 : score >= 13 ? 2 : 1;
}

export type PasswordPair = { first: string; second: string };

export function passwordProblems(pair: PasswordPair): { first: string | null; second: string | null } {
  const first = pair.first.length < shortestPassword ? t.password.tooShort(shortestPassword) : null;
  return { first, second: first === null && pair.first !== pair.second ? t.password.differs : null };
}

export function NewPassword({
  pair,
  onPair,
  attempted,
}: {
  pair: PasswordPair;
  onPair(pair: PasswordPair): void;
  attempted: boolean;
}) {
  const problems = attempted ? passwordProblems(pair) : { first: null, second: null };
  const strength = passwordStrength(pair.first);
  const words = [
    t.password.strength.short,
    t.password.strength.weak,
    t.password.strength.fair,
    t.password.strength.strong,
  ];
  return (
    <>
      <PasswordField
        label={t.password.label}
        autoComplete="new-password"
        value={pair.first}
        onValue={(first) => onPair({ ...pair, first })}
        error={problems.first}
      />
      <div className="strength" role="status">
        {pair.first !== '' && (
          <>
            <span className="steps" aria-hidden="true">
              {[1, 2, 3].map((n) => (
                <span key={n} className={strength >= n ? 'done' : ''} />
              ))}
            </span>
            {words[strength]}
          </>
        )}
      </div>
      <PasswordField
        label={t.password.repeat}
        autoComplete="new-password"
        value={pair.second}
        onValue={(second) => onPair({ ...pair, second })}
        error={problems.second}
      />
    </>
  );
}
