import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { de } from '../../src/popup/texts/de.ts';
import { en } from '../../src/popup/texts/en.ts';

import { refusalReasons } from '../../src/protocol/channel/update.ts';
import { languageFor } from '../../src/rpc/language.ts';

const source = (path: string) => fileURLToPath(new URL(`../../src/${path}`, import.meta.url));

type Leaf = { path: string; value: unknown };
function leaves(value: unknown, path = ''): Leaf[] {
  if (typeof value !== 'object' || value === null) return [{ path, value }];
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, path ? `${path}.${key}` : key));
}
const english = new Map(leaves(en).map(({ path, value }) => [path, value]));

describe.each([['German', de]] as const)('%s', (_, table) => {
  const own = leaves(table).filter(({ path }) => !path.startsWith('errors.known.'));

  it('has every text and no other', () => {
    expect(own.map(({ path }) => path).sort()).toEqual([...english.keys()].sort());
  });

  it('leaves no text empty, and no sentence in English', () => {
    const left = own.filter(({ path, value }) => {
      if (typeof value !== 'string') return false;
      const longer = value.split(' ').length > 2;
      return value.trim() === '' || (longer && value === english.get(path));
    });
    expect(left).toEqual([]);
  });

  it('says everything that is put into a text', () => {
    for (const { path, value } of own) {
      if (typeof value !== 'function' || ['errors.withDetail', 'errors.fromWorker'].includes(path)) continue;
      const spoken = english.get(path) as (...given: unknown[]) => string;
      expect(value.length, path).toBe(spoken.length);
      const given = ['settings.minutes'].includes(path)
        ? [[7], [120]]
        : [Array.from({ length: spoken.length }, (_, n) => 71 + n), Array(spoken.length).fill(1)];
      for (const words of given)
        for (const word of words) {
          if (spoken(...words).includes(String(word))) expect(value(...words), path).toContain(String(word));
        }
    }
  });

  it("keeps the worker's own sentence beside the kind of failure", () => {
    expect(table.errors.withDetail('Kind.', 'Your account holds 2 AE.')).toContain(
      'Your account holds 2 AE.',
    );
    expect(table.errors.withDetail('Kind.', 'x')).toContain('Kind.');
    expect(table.errors.withDetail(null, 'Never seen before.')).toContain('Never seen before.');
  });

  it('knows every code that the worker fails with', () => {
    const files = ['background', 'engine', 'protocol/channel'].flatMap((folder) =>
      readdirSync(source(folder), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts'))
        .map((name) => readFileSync(source(`${folder}/${name}`), 'utf8')),
    );
    const codes = files.flatMap((text) =>
      [
        ...text.matchAll(/new (?:Wallet|Engine|Backup)Error\(\s*'([a-z_]+)'/g),
        ...text.matchAll(/\b(?:outcomeOf|dropRequests)\(\w+, '([a-z_]+)'/g),
      ].map((match) => match[1]!),
    );
    codes.push(...Object.keys(refusalReasons));
    expect(codes.length).toBeGreaterThan(10);
    expect([...new Set(codes)].filter((code) => !Object.hasOwn(table.errors.known, code))).toEqual([]);
  });
});

describe('the language', () => {
  it.each([
    [['de-AT', 'en'], 'de'],
    [['fr-FR', 'de', 'en'], 'de'],
    [['EN-us', 'de'], 'en'],
    [['ja', 'constructor'], 'en'],
    [[], 'en'],
  ])('of a browser that prefers %j is %s', (preferred, language) => {
    expect(languageFor(preferred)).toBe(language);
  });
});

describe('writing from right to left', () => {
  const physical =
    /(?:^|[\s;{])(?:(?:margin|padding|border)-(?:left|right)[a-z-]*|left|right)\s*:|(?:text-align|float|clear)\s*:\s*(?:left|right)/;
  const physicalInScript =
    /\b(?:(?:margin|padding|border)(?:Left|Right)\w*|left|right)\s*:\s*['"`\d]|textAlign:\s*'(?:left|right)'/;
  const files = (folder: string, end: string) =>
    readdirSync(source(folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith(end))
      .flatMap((name) =>
        readFileSync(source(`${folder}/${name}`), 'utf8')
          .split('\n')
          .map((line, n) => ({ at: `${name}:${n + 1}`, line })),
      );

  it('finds a physical property where there is one', () => {
    for (const line of ['  margin-left: 1px;', '  left: 0;', '  text-align: right;', 'a{padding-right:2px}'])
      expect(physical.test(line), line).toBe(true);
    expect(physical.test('  inset-inline-start: 0;')).toBe(false);
    expect(physicalInScript.test("style={{ marginLeft: '1px' }}")).toBe(true);
  });

  it('uses no physical left or right in any style', () => {
    const found = [
      ...files('popup/styles', '.css').filter(({ line }) => physical.test(line)),
      // A shorthand of four values names the right and the left side.
      ...files('popup/styles', '.css').filter(({ line }) =>
        /^\s*(?:margin|padding|inset):(?:\s+(?:calc\([^)]*\)|var\([^)]*\)|\S+?)){4};/.test(line),
      ),
      ...files('popup', '.tsx').filter(({ line }) => physicalInScript.test(line)),
    ];
    expect(found).toEqual([]);
  });
});
