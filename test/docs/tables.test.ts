import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { tables, withTable } from '../../scripts/tables.ts';
import { eventKeys, outcomeName, phases } from '../../src/protocol/channel/index.ts';

test.each(tables)(
  '$file shows the table $name as the code has it (npm run docs writes it)',
  ({ file, name, make }) => {
    const text = readFileSync(file, 'utf8');
    expect(text).toBe(withTable(text, name, make()));
  },
);

test('every event has an outcome in every phase', () => {
  for (const phase of phases)
    for (const key of eventKeys) expect(outcomeName(phase, key), `${key} in ${phase}`).toMatch(/^[a-zA-Z]+$/);
});
