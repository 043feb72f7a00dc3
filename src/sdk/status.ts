/** Where a channel stands, in the words of aepp-sdk. */
import type { ChannelInfo } from './types.ts';

/** `died`: given up before it opened, or stopped for good. `disconnected`: this object was left or disconnected. */
export type ChannelStatus =
  | 'connecting'
  | 'connected'
  | 'accepted'
  | 'halfSigned'
  | 'signed'
  | 'open'
  | 'closing'
  | 'closed'
  | 'died'
  | 'disconnected';

export type Phase = ChannelInfo['phase'];

const statuses: Record<Phase, ChannelStatus> = {
  opening: 'connected',
  considering: 'connected',
  reviewing: 'connected',
  accepted: 'accepted',
  pushing: 'accepted',
  half_signed: 'halfSigned',
  cancelling: 'halfSigned',
  confirming: 'signed',
  locking: 'signed',
  open: 'open',
  shutting_down: 'closing',
  closing: 'closing',
  closing_confirming: 'closing',
  closing_solo: 'closing',
  closed: 'closed',
  aborted: 'died',
  failed: 'died',
};

export const statusOf = (phase: Phase): ChannelStatus => statuses[phase];

/** Nothing more comes of it. */
export const isOver = (phase: Phase): boolean => ['closed', 'aborted', 'failed'].includes(phase);
