/** The texts in use. A second language is a second table of the same type. */
import { en, type Texts } from './en.ts';

export const t: Texts = en;
export type { Texts } from './en.ts';
