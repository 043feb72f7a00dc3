/** Every instruction by its name. */
import { Crash } from '../failure.ts';
import { opcodes } from '../opcodes.ts';
import { arithmetic } from './arithmetic.ts';
import { bitFields } from './bits.ts';
import { bls } from './bls.ts';
import { byteArrays } from './bytes.ts';
import { comparison } from './compare.ts';
import { contracts } from './contracts.ts';
import { control } from './control.ts';
import { crypto } from './crypto.ts';
import { data } from './data.ts';
import { environment } from './environment.ts';
import { maps } from './maps.ts';
import type { Group, Run } from './op.ts';
import { oracles } from './oracles.ts';
import { strings } from './strings.ts';

const groups: Group = {
  ...control,
  ...arithmetic,
  ...comparison,
  ...data,
  ...maps,
  ...strings,
  ...byteArrays,
  ...bitFields,
  ...environment,
  ...contracts,
  ...crypto,
  ...bls,
  ...oracles,
};

/** A release build of the node knows no debugging instructions. */
const unknown: Run = () => {
  throw new Crash('an instruction that the chain does not run');
};

/** By opcode byte; what is not allowed off chain never gets here. */
export const instructions: readonly (Run | undefined)[] = Array.from({ length: 256 }, (_, code) => {
  const op = opcodes.get(code);
  if (!op) return undefined;
  if (op.name.startsWith('DBG_')) return unknown;
  return groups[op.name];
});
