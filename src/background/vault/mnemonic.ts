/** Recovery phrases (BIP-39, English), with errors that say which word is wrong. */
import { generateMnemonic, mnemonicToEntropy, mnemonicToSeed } from '@scure/bip39';
import { wordlist } from '@scure/bip39/wordlists/english.js';
import { VaultError } from './error.ts';

const words = new Set(wordlist);

/** A fresh phrase of 12 words (128 bits). */
export const newPhrase = (): string => generateMnemonic(wordlist, 128);

/** The phrase in its usual form. @throws VaultError naming the wrong word, the length or the checksum */
export function checkPhrase(text: string): string {
  const list = text.normalize('NFKD').trim().toLowerCase().split(/\s+/);
  if (![12, 15, 18, 21, 24].includes(list.length))
    throw new VaultError(
      `A phrase has 12, 15, 18, 21 or 24 words; this one has ${list[0] === '' ? 0 : list.length}.`,
    );
  list.forEach((word, index) => {
    if (!words.has(word))
      throw new VaultError(
        `Word ${index + 1}, "${word.slice(0, 30)}", is not in the word list. Check its spelling.`,
      );
  });
  const phrase = list.join(' ');
  try {
    mnemonicToEntropy(phrase, wordlist);
  } catch {
    throw new VaultError(
      'These words are all valid, but not together: check their order, and that none is missing.',
    );
  }
  return phrase;
}

/** The 64-byte seed of a checked phrase, without a passphrase. */
export const phraseSeed = (phrase: string): Promise<Uint8Array> => mnemonicToSeed(phrase);
