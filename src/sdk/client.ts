/** The wallet's methods as they are (docs/pages.md), typed; and its events, each once and in order. */
import { asChannelError } from './errors.ts';
import { Feed, type FeedOptions } from './feed.ts';
import { type Provider, pageTransport } from './page.ts';
import { type Socket, socketTransport } from './socket.ts';
import type { Transport } from './transport.ts';
import type { Method, ParamsOf, ResultOf } from './types.ts';

export class Client {
  readonly transport: Transport;
  readonly #closing = new Set<() => void>();
  constructor(transport: Transport) {
    this.transport = transport;
  }

  /** @throws ChannelError as a rejection */
  async request<M extends Method>(
    method: M,
    ...[params]: Record<string, never> extends ParamsOf<M> ? [params?: ParamsOf<M>] : [params: ParamsOf<M>]
  ): Promise<ResultOf<M>> {
    try {
      return (await this.transport.request({ method, params })) as ResultOf<M>;
    } catch (error) {
      throw asChannelError(error);
    }
  }

  /**
   * The wallet's log of events for this site, from the first that `key` has not handled. Each is handed over once, in
   * order; its number is kept when the listener, and the promise that it may return, is done.
   */
  async follow(options: FeedOptions): Promise<Feed> {
    const feed = new Feed(this, options);
    await feed.start();
    feed.deliver();
    return feed;
  }

  /** Ends connection and feeds. The wallet goes on. */
  close(): void {
    for (const run of [...this.#closing]) run();
    this.transport.close();
  }

  /** @returns takes it back */
  onClose(run: () => void): () => void {
    this.#closing.add(run);
    return () => this.#closing.delete(run);
  }
}

export type Where = { provider?: Provider | undefined } | Socket;

/**
 * The wallet of this browser, or the headless peer at `url`. Asks the person to connect the site where it is not.
 * @throws ChannelError 4001 where the person says no, 4900 where there is no wallet
 */
export async function connect(
  where: Where = {},
): Promise<{ client: Client; address: string; networkId: string }> {
  const client = new Client(
    'url' in where
      ? socketTransport(where)
      : await pageTransport('provider' in where ? where.provider : undefined),
  );
  return { client, ...(await client.request('connect')) };
}
