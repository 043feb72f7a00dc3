/** A page's way to the wallet: the provider that the extension announces (docs/pages.md). */
import { announceEvent, type ProviderDetail, requestEvent } from '../content/announce.ts';
import { ChannelError } from './errors.ts';
import type { Transport } from './transport.ts';
import type { WalletEvent } from './types.ts';

/** EIP-1193's shape. */
export interface Provider {
  request(call: { method: string; params?: unknown }): Promise<unknown>;
  on(event: 'event', listener: (event: WalletEvent) => void): unknown;
  removeListener(event: 'event', listener: (event: WalletEvent) => void): unknown;
}

const name = 'tandem.wallet';

/**
 * The wallet's provider; null where none announces itself in this time. A wallet answers in the same turn: waiting is
 * only for one that is just being switched on.
 * @param milliseconds how long to wait
 */
export function findProvider(milliseconds = 300): Promise<Provider | null> {
  if (typeof window === 'undefined') return Promise.resolve(null);
  return new Promise((found) => {
    const done = (provider: Provider | null) => {
      window.removeEventListener(announceEvent, announced);
      clearTimeout(timer);
      found(provider);
    };
    const announced = (event: Event) => {
      const { info, provider } = (event as CustomEvent<ProviderDetail>).detail;
      if (info.rdns === name) done(provider);
    };
    const timer = setTimeout(() => done(null), milliseconds);
    window.addEventListener(announceEvent, announced);
    window.dispatchEvent(new Event(requestEvent));
  });
}

/** @param provider found by itself where it is left out. Rejects with 4900 where there is none. */
export async function pageTransport(provider?: Provider): Promise<Transport> {
  const found = provider ?? (await findProvider());
  if (!found)
    throw new ChannelError(
      'disconnected',
      typeof window === 'undefined'
        ? 'There is no browser here: give url and token of a headless peer.'
        : 'No Tandem wallet was found in this browser: install it, then reload this page.',
    );
  const ends = new Set<() => void>();
  return {
    request: (call) => found.request(call),
    listen({ event, opened }) {
      found.on('event', event);
      const end = () => {
        found.removeListener('event', event);
        ends.delete(end);
      };
      ends.add(end);
      // The wallet's own side of the page follows its worker over restarts: to here the connection is one.
      opened();
      return end;
    },
    close() {
      for (const end of [...ends]) end();
    },
  };
}
