/** The port's ranges as IndexedDB has them. */
import type { Range } from '../../engine/ports.ts';

/** Sorts after every key that begins so: no key holds this noncharacter. */
const last = '\uffff';

/** The narrowest bounds that hold every key of the range; `none` where no key can be in it. */
export function keyRange({ prefix, before, after }: Range): IDBKeyRange | undefined | 'none' {
  let low: { key: string; open: boolean } | undefined;
  let high: { key: string; open: boolean } | undefined;
  if (prefix) {
    low = { key: prefix, open: false };
    high = { key: prefix + last, open: true };
  }
  if (after !== undefined && (!low || after >= low.key)) low = { key: after, open: true };
  if (before !== undefined && (!high || before < high.key)) high = { key: before, open: true };
  if (low && high) {
    if (low.key >= high.key) return 'none';
    return IDBKeyRange.bound(low.key, high.key, low.open, high.open);
  }
  if (low) return IDBKeyRange.lowerBound(low.key, low.open);
  return high && IDBKeyRange.upperBound(high.key, high.open);
}
