/** Which channel a page means: the one it has with this account already, or a new one. */
import type { Client } from './client.ts';
import { ChannelError, invalid, isUndecided } from './errors.ts';
import { newest } from './feed.ts';
import { type ChannelOptions, openingOf, peerOf } from './options.ts';
import { isOver } from './status.ts';
import type { Storage } from './storage.ts';
import { newRequestId, type Wish, Wishes } from './wishes.ts';

export interface Found {
  /** The channel's local id. */
  id: string;
  /** Number of the event after which its story begins; undefined where the page comes into it later. */
  after: number | undefined;
  /** The id and the number are kept elsewhere now. */
  kept(): Promise<void>;
}

const there = (id: string, after: number | undefined): Found => ({
  id,
  after,
  kept: async () => undefined,
});

/**
 * @returns null where the other side is to open it, and has not yet
 * @throws ChannelError 4001 where the person declines to open one
 */
export async function findChannel(
  client: Client,
  options: ChannelOptions,
  own: { address: string; networkId: string },
  storage: Storage,
): Promise<Found | null> {
  const { existingFsmId, existingChannelId } = options;
  const peer = peerOf(options, own.address);
  if (existingFsmId !== undefined || existingChannelId !== undefined) {
    const list = await client.request('channel.list', peer === null ? {} : { peer });
    const match = list.find(({ id, channelId }) =>
      existingFsmId !== undefined ? id === existingFsmId : channelId === existingChannelId,
    );
    if (!match)
      throw invalid(
        `existingChannelId: the wallet has no channel ${existingChannelId ?? existingFsmId} that this site may know of. Give the other side’s account, too.`,
      );
    return there(match.id, options.after);
  }
  if (peer === null)
    throw invalid(
      `${options.role === 'responder' ? 'initiatorId' : 'responderId'}: say with which account, or give its invite.`,
    );
  if (options.role === 'responder') return live(client, peer, options.after);
  const wishes = new Wishes(storage, peer);
  const begun =
    options.requestId === undefined ? await unfinished(wishes, options, peer, own.networkId) : null;
  if (begun) return open(client, wishes, begun);
  const existing = options.requestId === undefined ? await live(client, peer, options.after) : null;
  if (existing) return existing;
  return open(client, wishes, {
    requestId: options.requestId ?? newRequestId(),
    method: 'channel.open',
    params: openingOf(options, peer, own.networkId),
    after: await newest(client),
  });
}

type Opening = Extract<Wish, { method: 'channel.open' }>;

/** The channel with this account that is not over: the open one, or else the newest. */
async function live(client: Client, peer: string, after: number | undefined): Promise<Found | null> {
  const list = await client.request('channel.list', { peer });
  const rest = list.filter(({ phase }) => !isOver(phase));
  const best = rest.find(({ phase }) => phase === 'open') ?? rest[0];
  return best ? there(best.id, after) : null;
}

/** The same opening, asked for before a reload, whose answer did not come. */
async function unfinished(
  wishes: Wishes,
  options: ChannelOptions,
  peer: string,
  networkId: string,
): Promise<Opening | null> {
  const openings = (await wishes.list()).filter(({ method }) => method === 'channel.open') as Opening[];
  if (openings.length === 0) return null;
  const wanted = JSON.stringify(openingOf(options, peer, networkId));
  return openings.find(({ params }) => JSON.stringify(params) === wanted) ?? null;
}

async function open(client: Client, wishes: Wishes, wish: Opening): Promise<Found> {
  const { requestId, params, after } = wish;
  await wishes.put(wish);
  try {
    const { id } = await client.request('channel.open', { ...params, requestId });
    return { id, after, kept: () => wishes.remove(requestId) };
  } catch (error) {
    if (!isUndecided(error)) await wishes.remove(requestId);
    throw error;
  }
}

/** Resolves with the channel that this account opens; null where `ended` came before. */
export async function awaitChannel(
  client: Client,
  options: ChannelOptions,
  own: string,
  ended: AbortSignal,
): Promise<Found | null> {
  const peer = peerOf(options, own)!;
  const after = await newest(client);
  let wake: () => void = () => undefined;
  const stop = client.transport.listen({
    event: () => wake(),
    opened: () => wake(),
    lost: () => undefined,
  });
  ended.addEventListener('abort', () => wake());
  try {
    while (!ended.aborted) {
      const found = await live(client, peer, after).catch((error) => {
        if (error instanceof ChannelError && isUndecided(error)) return null;
        throw error;
      });
      if (found) return found;
      await new Promise<void>((done) => {
        wake = done;
        // Being considered by the person is no event.
        setTimeout(done, 2_000);
      });
    }
    return null;
  } finally {
    stop();
  }
}
