import type { Group } from './op.ts';

export const bls: Group = {};
