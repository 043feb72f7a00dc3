/**
 * Follows the chain for the channels of a wallet that has no key at hand: it says which of them are being closed, and
 * until when an old state can be answered. It only reads: signing and every write are the engine's, once there is one.
 */
import { answerTo, type Channel, isCommitted } from '../protocol/channel/index.ts';
import { treeless } from './nodes.ts';
import { onChainOf } from './on-chain.ts';
import { OtherChainError, otherChain } from './one-chain.ts';
import type { Chain, ChainStatus, Clock, Store } from './ports.ts';
import { localId, readStored } from './stored.ts';

/** A channel that one side closes alone on the chain. */
export interface Sighting {
  /** Local id. */
  channel: string;
  /** The store holds a later state that both signed: it has to be shown before `lockedUntil`. */
  old: boolean;
  /** Height from which the close can be settled, and not be answered any more. */
  lockedUntil: number;
}

export interface Outlook {
  /** The chain's height at the last look that was answered. */
  height: number;
  closing: readonly Sighting[];
}

export interface LookoutDeps {
  store: Pick<Store, 'list'>;
  chain(): Chain;
  clock: Clock;
  /** The network and chain whose channels are looked at. */
  network(): { networkId: string; chainHash: Uint8Array | null };
  /** Milliseconds between two looks. */
  interval: number;
  /** What the node said, or why it was not asked further. */
  node(status: ChainStatus | null, problem: Error | null): void;
  seen(outlook: Outlook): void;
}

export interface Lookout {
  /** Looks now, and again and again from then on. Resolves after this look. */
  look(): Promise<void>;
  /** Nothing is told after this; `look` starts it again. */
  stop(): void;
}

export function createLookout(deps: LookoutDeps): Lookout {
  let cancel: () => void = () => undefined;
  /** Counts up with every stop, so that a look that was under way says nothing after it. */
  let watch = 0;
  let running: { watch: number; look: Promise<void> } | null = null;
  let last: readonly Sighting[] = [];

  async function once(mine: number): Promise<void> {
    let status: ChainStatus;
    try {
      status = await deps.chain().status();
    } catch (error) {
      if (mine === watch) deps.node(null, error instanceof Error ? error : new Error(String(error)));
      return;
    }
    if (mine !== watch) return;
    const { networkId, chainHash } = deps.network();
    const other = chainHash && otherChain({ networkId, chainHash }, status);
    deps.node(other === null ? status : null, other === null ? null : new OtherChainError(other));
    if (!chainHash || other !== null) return;
    const closing: Sighting[] = [];
    for (const { value } of await deps.store.list('channels')) {
      const channel = treeless(readStored(value).channel);
      if (channel.networkId !== networkId || !isCommitted(channel) || !channel.channelId) continue;
      const found = await sight(channel, channel.channelId);
      if (mine !== watch) return;
      if (found) closing.push(found);
    }
    last = closing;
    deps.seen({ height: status.height, closing });
  }

  async function sight(channel: Channel, channelId: Uint8Array): Promise<Sighting | null> {
    const id = localId(channel);
    try {
      const found = await deps.chain().channel(channelId);
      if (!found || found.lockedUntil === 0) return null;
      const old = answerTo(channel, onChainOf(found)) !== null;
      return { channel: id, old, lockedUntil: found.lockedUntil };
    } catch {
      // The node stumbled over this one: what was known of it stays, and the next look tries again.
      return last.find((sighting) => sighting.channel === id) ?? null;
    }
  }

  function look(): Promise<void> {
    cancel();
    const mine = watch;
    if (running?.watch === mine) return running.look;
    const done = once(mine)
      // The store failed: there is nothing to look at, and the next look tries again.
      .catch(() => undefined)
      .finally(() => {
        if (mine !== watch) return;
        running = null;
        cancel = deps.clock.after(deps.interval, () => void look());
      });
    running = { watch: mine, look: done };
    return done;
  }

  return {
    look,
    stop() {
      cancel();
      watch += 1;
      last = [];
    },
  };
}
