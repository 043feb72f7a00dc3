import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { cases } from './cases.ts';

const files = new Map<string, string>();
function textOf(file: string): string {
  const text = files.get(file) ?? (existsSync(file) ? readFileSync(file, 'utf8') : '');
  files.set(file, text);
  return text;
}

test('every case of the chain’s suites is listed once', () => {
  const names = cases.map(({ name }) => name);
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  expect(cases.length).toBeGreaterThan(200);
});

test('each case that is said to be tested has a test of its name, or of the title that is given', () => {
  const lost = cases.filter((one) => {
    if (!('in' in one)) return false;
    const text = textOf(one.in);
    if ('as' in one) return !text.includes(one.as);
    // The whole name, as the title of a test: in quotes, or before what the title says besides.
    return !["'", '"', '`'].some(
      (quote) => text.includes(quote + one.name + quote) || text.includes(`${quote}${one.name}:`),
    );
  });
  expect(lost).toEqual([]);
});

test('what cannot apply says why', () => {
  for (const one of cases) if ('not' in one) expect(one.not.length).toBeGreaterThan(10);
});
