/** Addresses, dates and block counts as people read them. */
import { visible } from '../rpc/visible.ts';
import { t } from './texts/index.ts';

/** `ak_2swhL…9dKqR`: enough of both ends to compare. */
export function shortAddress(address: string): string {
  return address.length <= 18 ? address : `${address.slice(0, 9)}…${address.slice(-6)}`;
}

/** The host of an origin, as people name a site; the whole origin where it has none or is not https. */
export function siteName(origin: string): string {
  return origin.startsWith('https://') ? origin.slice('https://'.length) : origin;
}

const dayKey = (at: number) => new Date(at).toDateString();
const clock = new Intl.DateTimeFormat(t.locale, { hour: '2-digit', minute: '2-digit' });
const dayAndTime = new Intl.DateTimeFormat(t.locale, {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
});
const full = new Intl.DateTimeFormat(t.locale, { dateStyle: 'medium', timeStyle: 'medium' });

/** Today only the clock, else with the day. */
export const shortTime = (at: number, now: number): string =>
  dayKey(at) === dayKey(now) ? clock.format(at) : dayAndTime.format(at);
export const fullTime = (at: number): string => full.format(at);

/** The chain aims at one key block in three minutes. */
const minutesPerBlock = 3;
export function blocksAsTime(blocks: number): string {
  const minutes = blocks * minutesPerBlock;
  if (minutes < 90) return t.duration.minutes(minutes);
  const hours = Math.round(minutes / 60);
  return hours < 36 ? t.duration.hours(hours) : t.duration.days(Math.round(hours / 24));
}

/** The text, cut where it has more characters than this. */
export const cutText = (text: string, most: number): string =>
  text.length > most ? `${text.slice(0, most)}…` : text;

/**
 * Text that somebody else wrote (names, notes) without what could make it look like other text: controls, and marks
 * that show nothing or change the direction of reading.
 */
export const foreignText = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: controls are what it takes out
  visible(text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, '')).trim();
