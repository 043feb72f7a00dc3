/** The way to a wallet: a page's provider, or the socket of a headless peer. */
import type { WalletEvent } from './types.ts';

export interface EventListener {
  event(event: WalletEvent): void;
  /** The connection is new: what was told before it, or while there was none, has to be fetched. */
  opened(): void;
  lost(): void;
}

export interface Transport {
  /** Rejects with an error that has `code` and `message`. A call that may be sent again survives a lost connection. */
  request(call: { method: string; params?: unknown }): Promise<unknown>;
  /** Events as they come, perhaps with gaps and repetitions. The answer ends it. */
  listen(listener: EventListener): () => void;
  /** Ends everything that goes over it. */
  close(): void;
}
