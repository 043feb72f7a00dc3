/** The two prime fields of the curve BLS12-381. */

/** Order of the groups: the scalars. */
export const frModulus = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001n;
/** Coordinates. */
export const fpModulus =
  0x1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaabn;
