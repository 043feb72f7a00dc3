/** The Poseidon hash of two scalars of BLS12-381: width 3, x^5, 8 full and 57 partial rounds. */
import { Field } from '@noble/curves/abstract/modular.js';
import { grainGenConstants, poseidon } from '@noble/curves/abstract/poseidon.js';
import { frModulus } from './field.ts';

let permute: ((state: bigint[]) => bigint[]) | undefined;

/** The constants follow from the parameters; they are made when they are first wanted. */
function permutation(): (state: bigint[]) => bigint[] {
  const parameters = { Fp: Field(frModulus), t: 3, roundsFull: 8, roundsPartial: 57, sboxPower: 5 };
  return poseidon({ ...parameters, ...grainGenConstants(parameters) });
}

export function poseidonHash(a: bigint, b: bigint): bigint {
  permute ??= permutation();
  return permute([0n, a, b])[0]!;
}
