/** What the engine does where nobody chose otherwise. */
import type { Settings } from '../protocol/channel/index.ts';

const ae = 10n ** 18n;

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
