/** For web pages and services: state channels of the Tandem wallet, or of a headless peer (docs/sdk.md). */
export type { Amount } from './amount.ts';
export { type Answer, Channel, type ContractAnswer, type Locks, type Named } from './channel.ts';
export { Client, connect, type Where } from './client.ts';
export { ChannelError, codes } from './errors.ts';
export type { ChannelEvents, ChannelState, EventName } from './events.ts';
export { Feed, type FeedOptions } from './feed.ts';
export type { ChannelOptions } from './options.ts';
export { findProvider, type Provider } from './page.ts';
export type { Socket } from './socket.ts';
export type { ChannelStatus } from './status.ts';
export { memoryStorage, type Storage } from './storage.ts';
export type { EventListener, Transport } from './transport.ts';
export type {
  Budget,
  ChannelBalances,
  ChannelInfo,
  ContractOutcome,
  Method,
  ParamsOf,
  ResultOf,
  WalletEvent,
} from './types.ts';
export type { Wish } from './wishes.ts';
