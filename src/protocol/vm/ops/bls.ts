/**
 * The curve BLS12-381. Field elements travel as the library of the chain's node holds them: in Montgomery form, lowest
 * byte first. Points are (x, y, z) with x/z^2 and y/z^3 as coordinates; z = 0 is zero. Results have z = 1.
 */
import { bls12_381 } from '@noble/curves/bls12-381.js';
import { bigintToFixedBytes, bytesToBigint } from '../../bytes.ts';
import { Crash } from '../failure.ts';
import { spendWork } from '../meter.ts';
import { blob, tuple, type Value } from '../value.ts';
import { fpModulus, frModulus } from './field.ts';
import { binary, fate2, type Group, type Run, since, unary } from './op.ts';

const { Fp, Fp2, Fp12 } = bls12_381.fields;
const G1 = bls12_381.G1.Point;
const G2 = bls12_381.G2.Point;
type Fp2Value = ReturnType<typeof Fp2.create>;
type Fp12Value = ReturnType<typeof Fp12.create>;

/** A prime field and how many bytes an element has. */
interface PrimeField {
  modulus: bigint;
  size: number;
  /** 2^(8 size) and its inverse */
  radix: bigint;
  inverse: bigint;
}
const fieldOf = (modulus: bigint, size: number, inverse: bigint): PrimeField => ({
  modulus,
  size,
  radix: 2n ** BigInt(8 * size) % modulus,
  inverse,
});
const fr = fieldOf(frModulus, 32, bls12_381.fields.Fr.inv(2n ** 256n % frModulus));
const fp = fieldOf(fpModulus, 48, Fp.inv(2n ** 384n % fpModulus));

const toMontgomery = ({ modulus, size, radix }: PrimeField, value: bigint): Value =>
  blob('bytes', bigintToFixedBytes((value * radix) % modulus, size).reverse());

/** Undefined where the value is no bytes of that size. @throws Crash where it is no element */
function fromMontgomery(
  { modulus, size, inverse }: PrimeField,
  value: Value | undefined,
): bigint | undefined {
  if (typeof value !== 'object' || value.kind !== 'bytes' || value.bytes.length !== size) return undefined;
  const raw = bytesToBigint(value.bytes.slice().reverse());
  if (raw >= modulus) throw new Crash('a field element above the modulus');
  return (raw * inverse) % modulus;
}

/** What a tuple of this many items holds; undefined where one is no such item. */
function all<T>(
  value: Value | undefined,
  count: number,
  read: (item: Value) => T | undefined,
): T[] | undefined {
  if (typeof value !== 'object' || value.kind !== 'tuple' || value.items.length !== count) return undefined;
  const items = value.items.map(read);
  return items.some((item) => item === undefined) ? undefined : (items as T[]);
}

const readFp = (value: Value): bigint | undefined => fromMontgomery(fp, value);
function readFp2(value: Value): Fp2Value | undefined {
  const parts = all(value, 2, readFp);
  return parts && Fp2.fromBigTuple([parts[0]!, parts[1]!]);
}
const writeFp = (value: bigint): Value => toMontgomery(fp, value);
const writeFp2 = ({ c0, c1 }: Fp2Value): Value => tuple([writeFp(c0), writeFp(c1)]);

/** One of the two groups. */
interface Curve<F, P extends Point<F, P>> {
  field: {
    ZERO: F;
    ONE: F;
    is0(a: F): boolean;
    neg(a: F): F;
    mul(a: F, b: F): F;
    sqr(a: F): F;
    inv(a: F): F;
  };
  Point: { ZERO: P; fromAffine(point: { x: F; y: F }): P };
  read(value: Value): F | undefined;
  write(value: F): Value;
}
interface Point<F, P> {
  add(other: P): P;
  multiplyUnsafe(scalar: bigint): P;
  assertValidity(): void;
  is0(): boolean;
  toAffine(): { x: F; y: F };
}
/** About the nanoseconds of the check that a point is in the group. */
const pointWork = 3_000_000;

type Coordinates<F> = [x: F, y: F, z: F];

function groupOf<F, P extends Point<F, P>>(curve: Curve<F, P>) {
  const { field, Point } = curve;
  const coordinates = (value: Value): Coordinates<F> | undefined =>
    all(value, 3, curve.read) as Coordinates<F> | undefined;
  const write = ([x, y, z]: Coordinates<F>): Value => tuple([x, y, z].map(curve.write));

  function affine([x, y, z]: Coordinates<F>): { x: F; y: F } {
    const inverse = field.inv(z);
    const square = field.sqr(inverse);
    return { x: field.mul(x, square), y: field.mul(y, field.mul(square, inverse)) };
  }
  const normalized = (point: Coordinates<F>): Coordinates<F> => {
    if (field.is0(point[2])) return [field.ZERO, field.ZERO, field.ZERO];
    const { x, y } = affine(point);
    return [x, y, field.ONE];
  };
  /** @returns undefined where it is no member of the group */
  function member(point: Coordinates<F>): P | undefined {
    if (field.is0(point[2])) return Point.ZERO;
    spendWork(pointWork);
    try {
      const found = Point.fromAffine(affine(point));
      found.assertValidity();
      return found;
    } catch {
      return undefined;
    }
  }
  /** Points that this VM made need no check. */
  const made = new WeakMap<object, P>();
  function pointOf(value: Value): P | undefined {
    const known = typeof value === 'object' ? made.get(value) : undefined;
    if (known) return known;
    const point = coordinates(value);
    if (!point) return undefined;
    const found = member(point);
    if (!found) throw new Crash('a point that is no member of the group');
    return found;
  }
  function fromPoint(point: P): Value {
    if (point.is0()) return write([field.ZERO, field.ZERO, field.ZERO]);
    const { x, y } = point.toAffine();
    const value = write([x, y, field.ONE]);
    made.set(value as object, point);
    return value;
  }
  return { field, coordinates, write, normalized, member, pointOf, fromPoint };
}

const g1 = groupOf<bigint, InstanceType<typeof G1>>({ field: Fp, Point: G1, read: readFp, write: writeFp });
const g2 = groupOf<Fp2Value, InstanceType<typeof G2>>({
  field: Fp2,
  Point: G2,
  read: readFp2,
  write: writeFp2,
});

const names = ['NEG', 'NORM', 'VALID', 'IS_ZERO', 'ADD', 'MUL'] as const;

/** The instructions of one group. */
function pointOps<F, P extends Point<F, P>>(
  prefix: 'g1' | 'g2',
  { field, coordinates, write, normalized, member, pointOf, fromPoint }: ReturnType<typeof groupOf<F, P>>,
): Record<(typeof names)[number], Run> {
  const one = (name: string, apply: (point: Coordinates<F>) => Value): Run =>
    unary(`bls12_381_${prefix}_${name}`, (value) => {
      const point = coordinates(value);
      return point && apply(point);
    });
  return {
    NEG: one('neg', ([x, y, z]) => write([x, field.neg(y), z])),
    NORM: one('norm', (point) => write(normalized(point))),
    VALID: one('valid', (point) => member(point) !== undefined),
    IS_ZERO: one('is_zero', ([, , z]) => field.is0(z)),
    ADD: binary(`bls12_381_${prefix}_add`, (a, b) => {
      const [p, q] = [pointOf(a), pointOf(b)];
      return p && q && fromPoint(p.add(q));
    }),
    MUL: binary(`bls12_381_${prefix}_mul`, (k, value) => {
      const [scalar, point] = [fromMontgomery(fr, k), pointOf(value)];
      return scalar !== undefined && point ? fromPoint(point.multiplyUnsafe(scalar)) : undefined;
    }),
  };
}

function readGt(value: Value): Fp12Value | undefined {
  const parts = all(value, 12, readFp);
  return parts && Fp12.fromBigTwelve(parts as Parameters<typeof Fp12.fromBigTwelve>[0]);
}
function writeGt({ c0, c1 }: Fp12Value): Value {
  const sixes = [c0, c1].flatMap((six) => [six.c0, six.c1, six.c2]);
  return tuple(sixes.flatMap((two) => [writeFp(two.c0), writeFp(two.c1)]));
}

const gtUnary = (name: string, apply: (a: Fp12Value) => Value): Run =>
  unary(`bls12_381_${name}`, (value) => {
    const a = readGt(value);
    return a && apply(a);
  });
const gtBinary = (name: string, apply: (a: Fp12Value, b: Fp12Value) => Fp12Value): Run =>
  binary(`bls12_381_${name}`, (x, y) => {
    const [a, b] = [readGt(x), readGt(y)];
    return a && b && writeGt(apply(a, b));
  });

const pairing = (name: string, withFinalExponent: boolean): Run =>
  binary(`bls12_381_${name}`, (a, b) => {
    const [p, q] = [g1.pointOf(a), g2.pointOf(b)];
    if (!p || !q) return undefined;
    if (p.is0() || q.is0()) return writeGt(Fp12.ONE);
    return writeGt(bls12_381.pairing(p, q, withFinalExponent));
  });

const fromInt = (name: string, field: PrimeField): Run =>
  unary(`bls12_381_${name}`, (value) =>
    // the chain excludes the highest element too
    typeof value === 'bigint' && value >= 0n && value < field.modulus - (field === fr ? 1n : 0n)
      ? toMontgomery(field, value)
      : undefined,
  );
/** The node's library gives the digits only where they are fewer than twice the bytes of the field. */
const toInt = (name: string, field: PrimeField): Run =>
  unary(`bls12_381_${name}`, (value) => {
    const int = fromMontgomery(field, value);
    if (int !== undefined && int.toString().length >= 2 * field.size)
      throw new Crash(`a field element of ${int.toString().length} digits`);
    return int;
  });

const group: Group = {
  ...prefixed('G1', pointOps('g1', g1)),
  ...prefixed('G2', pointOps('g2', g2)),
  GT_INV: gtUnary('gt_inv', (a) => writeGt(Fp12.conjugate(a))),
  GT_ADD: gtBinary('gt_add', (a, b) => Fp12.add(a, b)),
  GT_MUL: gtBinary('gt_mul', (a, b) => Fp12.mul(a, b)),
  GT_POW: binary('bls12_381_gt_pow', (x, k) => {
    const [a, scalar] = [readGt(x), fromMontgomery(fr, k)];
    return a && scalar !== undefined ? writeGt(Fp12.pow(a, scalar)) : undefined;
  }),
  GT_IS_ONE: gtUnary('gt_is_one', (a) => Fp12.eql(a, Fp12.ONE)),
  PAIRING: pairing('pairing', true),
  MILLER_LOOP: pairing('miller_loop', false),
  FINAL_EXP: gtUnary('final_exp', (a) => writeGt(Fp12.finalExponentiate(a))),
  INT_TO_FR: fromInt('int_to_fr', fr),
  INT_TO_FP: fromInt('int_to_fp', fp),
  FR_TO_INT: toInt('fr_to_int', fr),
  FP_TO_INT: toInt('fp_to_int', fp),
};

function prefixed(prefix: string, ops: Group): Group {
  return Object.fromEntries(Object.entries(ops).map(([name, run]) => [`${prefix}_${name}`, run]));
}

export const bls: Group = Object.fromEntries(
  Object.entries(group).map(([name, run]) => [
    `BLS12_381_${name}`,
    since(fate2, `bls12_381_${name.toLowerCase()}`, run),
  ]),
);
