/** Every step that the chain's node recorded, file by file: result, gas, events, call object, balances, state hash. */
import { describe, expect, test } from 'vitest';
import { offChainFile } from './offchain.ts';
import { type CaseFile, readVectors, replay, startOf, updateEnv } from './replay.ts';

/** Steps that do not agree yet, with the reason; `case#step`. */
const knownMissing: Record<string, Record<string, string>> = {
  'fate_offchain.json': {},
  'fate_opcodes.json': {},
  'fate_contracts.json': {},
};

const files: Record<string, { file: CaseFile; steps: number }> = {
  'fate_offchain.json': { file: offChainFile(), steps: 53 },
  'fate_opcodes.json': { file: readVectors('fate_opcodes.json'), steps: 1893 },
  'fate_contracts.json': { file: readVectors('fate_contracts.json'), steps: 539 },
};

describe.each(Object.entries(files))('%s', (name, { file, steps }) => {
  const missing = knownMissing[name]!;

  test(`has ${steps} steps`, () => {
    expect(file.cases.reduce((sum, one) => sum + one.steps.length, 0)).toBe(steps);
  });

  test.each(file.cases.map((one) => [one.name, one] as const))(
    '%s: every step as on the chain',
    (caseName, one) => {
      let trees = startOf(one);
      const wrong: string[] = [];
      for (const [i, step] of one.steps.entries()) {
        const { trees: after, differences } = replay(trees, step, updateEnv(file, one, step.round));
        trees = after;
        const id = `${caseName}#${i}`;
        const asExpected = (differences.length === 0) !== id in missing;
        if (!asExpected)
          wrong.push(
            `${id} ${step.f ?? step.create ?? 'transfer'}: ${differences.join('; ') || 'agrees now'}`,
          );
      }
      expect(wrong).toEqual([]);
    },
  );
});
