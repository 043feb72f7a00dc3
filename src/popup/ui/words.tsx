import { t } from '../texts/index.ts';

/** A phrase, word by word with its numbers. */
export function Words({ mnemonic }: { mnemonic: string }) {
  const words = mnemonic.trim().split(/\s+/);
  return (
    <ol
      className={`words${words.length > 12 ? ' many' : ''}`}
      aria-label={t.onboarding.wordsList}
      data-testid="phrase"
    >
      {words.map((word, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the place is the identity, words may repeat
        <li key={index} data-n={index + 1}>
          {word}
        </li>
      ))}
    </ol>
  );
}
