/** What the engine does where nobody chose otherwise. */
import type { Settings } from '../protocol/channel/index.ts';

const ae = 10n ** 18n;

/**
 * Milliseconds after which a restored channel, whose other side has not shown its state since, may be closed alone by a
 * person who accepts that it may be old: the other side is gone for good then, as far as anybody can tell.
 */
export const staleOverrideAfter = 7 * 24 * 60 * 60 * 1000;

/** Milliseconds between two looks at the chain. */
export const watchInterval = 1_000;

export const defaultSettings: Settings = {
  policy: {
    minLockPeriod: 3,
    maxLockPeriod: 10_000,
    minPushAmount: 0n,
    minChannelReserve: 0n,
    maxChannelReserve: 1_000n * ae,
    minInitiatorAmount: 0n,
    maxResponderAmount: 1_000_000n * ae,
    maxMinimumDepth: 100,
  },
  timeouts: { silence: 15_000, accept: 130_000, answer: 60_000, person: 110_000, yield: 1_000 },
  delegates: [],
  // Who has a person, or a policy, to decide sets it.
  contracts: 'none',
};
