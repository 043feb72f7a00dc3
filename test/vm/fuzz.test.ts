/** Whatever bytes come: the VM ends in one of its own outcomes, within the gas and without delay. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concatBytes } from '../../src/protocol/bytes.ts';
import { channelTrees, stateHash, type Trees } from '../../src/protocol/state/trees.ts';
import { type Applied, applyContractEntry, type UpdateEnv } from '../../src/protocol/vm/apply.ts';
import { functionId, serializeContractCode } from '../../src/protocol/vm/bytecode.ts';
import { encode, rlpBytes } from '../../src/protocol/vm/encode.ts';
import { emptyMap, mapOf } from '../../src/protocol/vm/map.ts';
import { opcodes } from '../../src/protocol/vm/opcodes.ts';
import { blob, cons, listOf, nil, tuple, type Value } from '../../src/protocol/vm/value.ts';
import { nothingOnChain } from '../../src/protocol/vm/vm.ts';

const owner = new Uint8Array(32).fill(1);
const coins = 10n ** 20n;
const trees: Trees = channelTrees([
  { pubkey: owner, balance: coins },
  { pubkey: new Uint8Array(32).fill(2), balance: coins },
]);
const env = (round: bigint): UpdateEnv => ({
  round,
  reserve: 0n,
  height: 1_000_000n,
  time: 1_700_000_000_000n,
  beneficiary: new Uint8Array(32),
  difficulty: 1n,
  networkId: 'ae_test',
  blockHash: () => new Uint8Array(32),
  onChain: nothingOnChain,
});
const gas = 50_000n;
/** An update that takes longer hangs for the user; generous, since the machine may be busy. */
const maxMs = 3000;

const u8 = (...bytes: number[]) => Uint8Array.from(bytes);
const anyType = 0xf7;
const functionBytes = (name: string, arity: number, body: Uint8Array): Uint8Array =>
  concatBytes(
    u8(0xfe),
    functionId(name),
    encode(2n),
    u8(0x37, arity, ...Array<number>(arity).fill(anyType), anyType),
    body,
  );
const returnUnit = u8(0x01, 0x03, 0x3f);

/** A contract of init, f(any, any) and g(any). */
function codeOf(f: Uint8Array, g: Uint8Array = returnUnit): Uint8Array {
  const functions = concatBytes(
    functionBytes('init', 0, returnUnit),
    functionBytes('f', 2, f),
    functionBytes('g', 1, g),
  );
  const table = rlpBytes(encode(emptyMap));
  return serializeContractCode({
    sourceHash: new Uint8Array(32),
    byteCode: concatBytes(rlpBytes(functions), table, table),
    compilerVersion: 'fuzz',
    payable: true,
  });
}
const callData = (name: string, args: readonly Value[]): Uint8Array =>
  encode(tuple([blob('string', functionId(name)), tuple(args)]));

const create = (code: Uint8Array): Applied =>
  applyContractEntry(
    trees,
    {
      type: 'create',
      owner,
      ctVersion: 0x80003n,
      code,
      deposit: 1000n,
      callData: callData('init', []),
    },
    env(2n),
  );
const call = (created: Applied & { status: 'applied' }, data: Uint8Array): Applied =>
  applyContractEntry(
    created.trees,
    {
      type: 'call',
      caller: owner,
      contract: created.contract,
      abiVersion: 3n,
      amount: 5n,
      gas,
      gasPrice: 1n,
      callData: data,
      callStack: [],
    },
    env(3n),
  );

function checkOutcome(result: Applied): void {
  if (result.status === 'refused') {
    expect(result.reason).not.toBe('');
    return;
  }
  expect(['ok', 'error', 'revert']).toContain(result.outcome);
  expect(result.call.gasUsed).toBeGreaterThanOrEqual(0n);
  expect(result.call.gasUsed).toBeLessThanOrEqual(gas);
  expect(stateHash(result.trees)).toHaveLength(32);
  let sum = 0n;
  for (const [, bytes] of result.trees.accounts.entries()) sum += balanceIn(bytes);
  expect(sum).toBe(2n * coins);
}
/** The last field of an account is its balance. */
function balanceIn(bytes: Uint8Array): bigint {
  const start = bytes[0]! > 0xc0 ? 1 : 0;
  let at = start;
  let last = 0n;
  while (at < bytes.length) {
    const head = bytes[at]!;
    const size = head < 0x80 ? 1 : head - 0x80;
    const from = head < 0x80 ? at : at + 1;
    last = 0n;
    for (const byte of bytes.subarray(from, from + size)) last = last * 256n + BigInt(byte);
    at = from + size;
  }
  return last;
}

function timed(run: () => void): void {
  const start = performance.now();
  run();
  expect(performance.now() - start).toBeLessThan(maxMs);
}

const leaf: fc.Arbitrary<Value> = fc.oneof(
  fc.bigInt({ min: -300n, max: 300n }),
  fc.bigInt({ min: -(2n ** 300n), max: 2n ** 300n }),
  fc.boolean(),
  fc.uint8Array({ maxLength: 70 }).map((bytes) => blob('string', bytes)),
  fc.uint8Array({ maxLength: 70 }).map((bytes) => blob('bytes', bytes)),
  fc.constantFrom(owner, new Uint8Array(32).fill(9)).map((bytes) => blob('address', bytes)),
  fc.constant(blob('contract', owner)),
  fc.bigInt({ min: -9n, max: 2n ** 70n }).map((value): Value => ({ kind: 'bits', value })),
  fc.constant(nil),
  fc.constant<Value>({ kind: 'typerep', type: { is: 'tuple', items: [{ is: 'any' }] } }),
);
const { value: anyValue } = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    leaf,
    fc.array(tie('value'), { maxLength: 4 }).map((items) => tuple(items)),
    fc.array(tie('value'), { maxLength: 4 }).map((items) => listOf(items)),
    fc.array(fc.tuple(fc.bigInt(), tie('value')), { maxLength: 4 }).map((entries) => mapOf(entries)),
    tie('value').map((item): Value => ({ kind: 'variant', arities: [0, 1], tag: 1, items: [item] })),
  ),
}));

const operands = fc.constantFrom('stack', 'stack', 'arg', 'var', 'store', 'immediate');
const instruction = fc
  .tuple(
    fc.constantFrom(...opcodes.values()),
    fc.array(fc.tuple(operands, leaf, fc.nat(3)), { minLength: 8, maxLength: 8 }),
  )
  .map(([op, args]) => {
    let bits = 0;
    const parts: Uint8Array[] = [];
    for (let i = 0; i < op.arity; i++) {
      const [mode, value, index] = args[i]!;
      if (op.immediates.includes(i)) {
        bits |= 3 << (2 * i);
        const isList = op.name === 'SWITCH_VN';
        parts.push(encode(isList ? listOf([0n, BigInt(index)]) : BigInt(index)));
      } else if (mode === 'immediate') {
        bits |= 3 << (2 * i);
        parts.push(encode(value));
      } else if (mode !== 'stack') {
        bits |= (mode === 'arg' ? 1 : 2) << (2 * i);
        parts.push(encode(mode === 'store' ? BigInt(-1 - index) : BigInt(index % 2)));
      }
    }
    const modes = op.arity > 4 ? u8(bits >> 8, bits & 255) : op.arity > 0 ? u8(bits) : u8();
    return concatBytes(u8(op.code), modes, ...parts);
  });
const body = fc
  .array(instruction, { minLength: 1, maxLength: 25 })
  .map((instructions) => concatBytes(u8(0x0c, 0x01, 0x00, 0x0c, 0x01, 0x02), ...instructions, u8(0x00)));

describe('the VM ends by itself', () => {
  test('with any bytes as contract code', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(create(bytes).status).toBe('refused');
      }),
    );
  });

  test('with any bytes as the body of a function', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        checkOutcome(create(codeOf(bytes)));
      }),
      { numRuns: 300 },
    );
  });

  test('with any bytes as calldata', () => {
    const created = create(codeOf(u8(0x01, 0x01, 0x00)));
    if (created.status !== 'applied') throw new Error(created.reason);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => checkOutcome(call(created, bytes))),
      { numRuns: 300 },
    );
  });

  test('with any instructions and any arguments', () => {
    let ran = 0;
    fc.assert(
      fc.property(body, body, fc.array(anyValue, { minLength: 2, maxLength: 2 }), (f, g, args) => {
        const created = create(codeOf(f, g));
        if (created.status === 'refused') return;
        ran++;
        timed(() => checkOutcome(call(created, callData('f', args))));
      }),
      { numRuns: 600 },
    );
    expect(ran).toBeGreaterThan(300);
  });
});

describe('depth is bounded by gas, not by the stack of the engine', () => {
  const levels = 100_000;

  test('calldata that nests deeply is a result', () => {
    const created = create(codeOf(u8(0x01, 0x01, 0x00)));
    if (created.status !== 'applied') throw new Error(created.reason);
    // tuples of one: byte 0x1b each
    const nested = concatBytes(new Uint8Array(levels).fill(0x1b), u8(0x02));
    const data = concatBytes(u8(0x2b), encode(blob('string', functionId('f'))), u8(0x2b), nested, u8(0x02));
    timed(() => {
      const result = call(created, data);
      checkOutcome(result);
      expect(result).toMatchObject({ status: 'applied', outcome: 'error' });
    });
  });

  test('a function that calls itself without end runs out of gas', () => {
    const forever = concatBytes(
      u8(0x0c, 0x01, 0x00),
      u8(0x0c, 0x01, 0x00),
      u8(0x02, 0x03),
      encode(blob('string', functionId('f'))),
    );
    const created = create(codeOf(forever));
    if (created.status !== 'applied') throw new Error(created.reason);
    timed(() => {
      const result = call(created, callData('f', [1n, 2n]));
      expect(result).toMatchObject({ status: 'applied', outcome: 'error' });
    });
  });

  test('values that nest deeply have a serialization and an order', () => {
    let value: Value = 1n;
    for (let i = 0; i < levels; i++) value = i % 2 === 0 ? tuple([value]) : cons(value, nil);
    expect(encode(value)).toHaveLength(levels + 1);
  });
});

describe('work that gas does not pay for', () => {
  const runs = (f: Uint8Array): Applied => {
    const created = create(codeOf(f));
    if (created.status !== 'applied') throw new Error(created.reason);
    return call(created, callData('f', [1n, 2n]));
  };
  const jump = concatBytes(u8(0x06, 0x03), encode(1n));

  test('ends in time: division of huge integers for ever', () => {
    const huge = concatBytes(u8(0xaf, 0b111110), encode(0n), encode(1n), encode(300_000n));
    const divide = concatBytes(u8(0x18, 0b101010), encode(1n), encode(0n), encode(0n));
    timed(() => checkOutcome(runs(concatBytes(huge, jump, divide, jump))));
  });

  test('ends in a refusal: keys that share their parts', () => {
    const doubled = (register: bigint) =>
      concatBytes(
        ...[0, 1].map(() => concatBytes(u8(0x0c, 0x02), encode(register))),
        u8(0x27, 0b1110),
        encode(register),
        encode(2n),
      );
    const start = [0n, 1n].map((register) => concatBytes(u8(0x1a, 0b1110), encode(register), encode(1n)));
    const grow = Array.from({ length: 60 }, () => concatBytes(doubled(0n), doubled(1n)));
    const put = concatBytes(
      u8(0x2a, 0b10),
      encode(2n),
      u8(0x2d, 0b11101010),
      ...[2n, 2n, 0n, 1n].map(encode),
    );
    const look = concatBytes(u8(0x2f, 0b101010), ...[3n, 2n, 1n].map(encode));
    const result = runs(concatBytes(...start, ...grow, put, jump, look, jump));
    expect(result).toMatchObject({ status: 'refused' });
  });
});
