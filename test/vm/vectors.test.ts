/** Every step that the chain's node recorded, file by file: result, gas, events, call object, balances, state hash. */
import { describe, expect, test } from 'vitest';
import { opcodes } from '../../src/protocol/vm/opcodes.ts';
import { instructions } from '../../src/protocol/vm/ops/index.ts';
import type { Run } from '../../src/protocol/vm/ops/op.ts';
import { offChainFile } from './offchain.ts';
import { type CaseFile, readVectors, replay, startOf, updateEnv } from './replay.ts';

const files: Record<string, { file: CaseFile; steps: number }> = {
  'fate_offchain.json': { file: offChainFile(), steps: 53 },
  'fate_opcodes.json': { file: readVectors('fate_opcodes.json'), steps: 1893 },
  'fate_contracts.json': { file: readVectors('fate_contracts.json'), steps: 539 },
};

/** How often each instruction ran, by its opcode. */
const ran = new Map<number, number>();
for (const [code, run] of instructions.entries())
  if (run)
    (instructions as (Run | undefined)[])[code] = (vm, args) => {
      ran.set(code, (ran.get(code) ?? 0) + 1);
      return run(vm, args);
    };

describe.each(Object.entries(files))('%s', (_, { file, steps }) => {
  test(`has ${steps} steps`, () => {
    expect(file.cases.reduce((sum, one) => sum + one.steps.length, 0)).toBe(steps);
  });

  test.each(file.cases.map((one) => [one.name, one] as const))('%s: every step as on the chain', (_, one) => {
    let trees = startOf(one);
    const wrong: string[] = [];
    for (const [i, step] of one.steps.entries()) {
      const { trees: after, differences } = replay(trees, step, updateEnv(file, one, step.round));
      trees = after;
      if (differences.length > 0)
        wrong.push(`#${i} ${step.f ?? step.create ?? 'transfer'}: ${differences.join('; ')}`);
    }
    expect(wrong).toEqual([]);
  });
});

describe('every instruction of the chain', () => {
  const all = [...opcodes.values()];

  test.each(all.filter(({ offChain }) => offChain).map((op) => [op.name, op.code] as const))(
    '%s ran in these cases',
    (_, code) => {
      expect(ran.get(code) ?? 0).toBeGreaterThan(0);
    },
  );

  test.each(all.filter(({ offChain }) => !offChain).map((op) => [op.name, op.code] as const))(
    '%s is not allowed off chain: it never ran',
    (_, code) => {
      expect(instructions[code]).toBeUndefined();
      expect(ran.get(code)).toBeUndefined();
    },
  );
});
