import { describe, expect, test } from 'vitest';
import { lagOf } from '../../src/engine/lag.ts';
import type { ChainStatus } from '../../src/engine/ports.ts';

const status: ChainStatus = { networkId: 'n', chainHash: new Uint8Array(32), height: 100, syncing: false };
const now = 10_000_000_000;
const minute = 60_000;

describe('lag of a node', () => {
  test('none: as high as ever seen, or a few blocks lower, with a new block', () => {
    expect(lagOf(status, 100, now - 3 * minute, now)).toBeNull();
    expect(lagOf(status, 110, now, now)).toBeNull();
    expect(lagOf(status, 100, null, now)).toBeNull();
  });
  test('syncing: by its own word, whatever else is so', () => {
    expect(lagOf({ ...status, syncing: true }, 500, 0, now)).toEqual({ kind: 'syncing' });
  });
  test('behind: more blocks below the highest than a node of a cluster may be', () => {
    expect(lagOf(status, 111, now, now)).toEqual({ kind: 'behind', blocks: 11 });
  });
  test('old: no new block for more than an hour', () => {
    expect(lagOf(status, 100, now - 60 * minute, now)).toBeNull();
    expect(lagOf(status, 100, now - 61 * minute, now)).toEqual({ kind: 'old', minutes: 61 });
  });
  test('a clock that is behind the chain is no lag', () => {
    expect(lagOf(status, 100, now + 90 * minute, now)).toBeNull();
  });
});
