/** The compiled contracts are those of their sources. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { canCompile, compile, compiled, contractNames, hex, sourceHashOf } from '../../scripts/contracts.ts';
import { decode } from '../../src/protocol/chain/address.ts';
import { codeHash } from '../../src/protocol/channel/index.ts';
import { parseByteCode, parseContractCode } from '../../src/protocol/vm/index.ts';

const root = join(import.meta.dirname, '../..');

describe.each(contractNames)('%s', (name) => {
  test('was compiled from its source as it is: else run "npm run contracts"', () => {
    expect(compiled(name).sourceHash).toBe(sourceHashOf(name));
  });

  test('has the byte code of its hash, which this machine reads', () => {
    const { code, codeHash: hash } = compiled(name);
    const bytes = decode('cb', code);
    expect(hex(codeHash(bytes))).toBe(hash);
    expect(parseByteCode(parseContractCode(bytes).byteCode).functions.size).toBeGreaterThan(3);
  });

  test.runIf(canCompile())('compiles to the same byte code again', () => {
    expect(compile(name)).toEqual(compiled(name));
  });
});

test('the shop peer’s policy takes the meter and nothing else', () => {
  const { contracts } = JSON.parse(readFileSync(join(root, 'peer/policy.json'), 'utf8'));
  expect(contracts).toEqual([compiled('Meter').codeHash]);
});
