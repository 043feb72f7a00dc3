/**
 * The texts in use: of the language the person chose, else of the browser's first one there is. A further language is
 * a further table of the same type here. English is at hand at once, and what a language does not know stays English.
 */
import { isLanguage, type Language, languageFor } from '../../rpc/language.ts';
import { en, type Texts } from './en.ts';

export type { Texts } from './en.ts';

const key = 'language';
/** What the person chose in this browser; null: as the browser. */
export function chosenLanguage(): Language | null {
  try {
    const value = localStorage.getItem(key);
    return isLanguage(value) ? value : null;
  } catch {
    return null;
  }
}
/** Holds from the next load of the page on. */
export function chooseLanguage(language: Language | null): void {
  if (language === null) localStorage.removeItem(key);
  else localStorage.setItem(key, language);
}

async function tableOf(language: Language): Promise<Texts> {
  switch (language) {
    case 'en':
      return en;
    case 'de':
      return (await import('./de.ts')).de;
  }
}

// Without a page (tests of single functions) it is English.
const inPage = typeof document !== 'undefined';
export const language: Language = inPage ? (chosenLanguage() ?? languageFor(navigator.languages)) : 'en';
export const t: Texts = await tableOf(language);

if (inPage) {
  document.documentElement.lang = language;
  document.documentElement.dir = t.direction;
}

/** What the person is told of a failure of the worker. */
export const failureText = (code: string, message: string): string =>
  t.errors.fromWorker(message) ??
  t.errors.withDetail(Object.hasOwn(t.errors.known, code) ? t.errors.known[code]! : null, message);

/** What the worker says by itself; what this language does not know of it is said to be English. */
export const workerText = (sentence: string): string =>
  t.errors.fromWorker(sentence) ?? t.errors.withDetail(null, sentence);
