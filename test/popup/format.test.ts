/** Text of others as it is shown. */
import { describe, expect, test } from 'vitest';
import { foreignText } from '../../src/popup/format.ts';

describe('text that somebody else wrote', () => {
  test.each([
    ['marks that change the direction', 'a\u061c\u200e\u202e\u2066b'],
    ['marks that show nothing', 'a\u200b\u2060\u00ad\u3164\ufe0f\u200d\u{e0041}b'],
    ['separators of lines', 'a\u2028\u2029b'],
    ['controls', 'a\u0000\u0007\u0085b'],
  ])('is shown without %s', (_, text) => expect(foreignText(text)).toBe('ab'));

  test('keeps its lines, its script and its emoji', () => {
    for (const text of ['one\ntwo', 'Ελένη', '👩‍🚀', '👍🏽', '❤️', '1️⃣', '👨‍👩‍👧'])
      expect(foreignText(text)).toBe(text);
  });
});
