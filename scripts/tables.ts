/**
 * The tables of docs/ that come from the code: `npm run docs` writes them between their markers, a test holds the
 * files against them.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { type EventKey, eventKeys, outcomeName, phases } from '../src/protocol/channel/index.ts';
import { layout, messageNames } from '../src/protocol/wire/index.ts';

const sizes: Record<string, string> = {
  bytes32: '32',
  bytes64: '64',
  u16: '2',
  u32: '4',
  u64: '8',
  u128: '16',
  data16: '2 + data',
  data32: '4 + data',
  entries: '2, then each 4 + data',
};

/** Every message: code, name, fields with their sizes in bytes. */
export function wireTable(): string {
  const rows = messageNames.map((name) => {
    const { code, fields } = layout[name];
    const body = fields.map(([field, type]) => `${field} ${sizes[type]}`).join(', ');
    return `| ${code} | ${name} | ${body} |`;
  });
  return ['| code | message | body (sizes in bytes) |', '|---|---|---|', ...rows].join('\n');
}

/** Phase by phase: which rule answers which event. Events with the same answer everywhere else are left to `else`. */
export function stateTable(): string {
  const lines: string[] = [];
  for (const phase of phases) {
    lines.push(`### ${phase}`, '', '| event | outcome |', '|---|---|');
    const byOutcome = new Map<string, EventKey[]>();
    for (const key of eventKeys) {
      const outcome = outcomeName(phase, key);
      if (outcome === 'ignored' || outcome === 'error' || outcome === 'refused')
        byOutcome.set(outcome, [...(byOutcome.get(outcome) ?? []), key]);
      else lines.push(`| ${key} | \`${outcome}\` |`);
    }
    for (const [outcome, keys] of byOutcome) lines.push(`| ${keys.join(', ')} | ${outcome} |`);
    lines.push('');
  }
  return lines.join('\n').trimEnd();
}

export const tables: { file: string; name: string; make: () => string }[] = [
  { file: 'docs/protocol.md', name: 'wire', make: wireTable },
  { file: 'docs/state-machine.md', name: 'states', make: stateTable },
];

/** The text with what stands between the table's markers replaced. */
export function withTable(text: string, name: string, table: string): string {
  const pattern = new RegExp(`(<!-- table ${name} -->)[\\s\\S]*?(<!-- end ${name} -->)`);
  if (!pattern.test(text)) throw new Error(`there are no markers for the table ${name}`);
  return text.replace(pattern, (_, start, end) => `${start}\n\n${table}\n\n${end}`);
}

if (process.argv[1]?.endsWith('tables.ts'))
  for (const { file, name, make } of tables)
    writeFileSync(file, withTable(readFileSync(file, 'utf8'), name, make()));
