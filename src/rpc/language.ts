/** The languages that there are, and how the popup tells the worker which one the person reads. */

/** Each language by its own name. */
export const languages = { en: 'English', de: 'Deutsch' } as const;
export type Language = keyof typeof languages;

export const isLanguage = (text: unknown): text is Language =>
  typeof text === 'string' && Object.hasOwn(languages, text);

/** The first of the preferred languages (`de-AT`, …) that there is a table for. */
export const languageFor = (preferred: readonly string[]): Language =>
  preferred.map((tag) => tag.toLowerCase().split('-')[0]).find(isLanguage) ?? 'en';

/** Of `storage.local`: the language that the popup was in last. */
export const languageKey = 'language';
