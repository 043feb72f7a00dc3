/** Follows the chain for every channel that waits for it, by asking the node again and again. */

import { equalBytes } from '../protocol/bytes.ts';
import { parseSignedTx, txHash } from '../protocol/chain/signed.ts';
import { parseTx } from '../protocol/chain/tx.ts';
import {
  absence,
  bothSigned,
  type Channel,
  closingTxHash,
  finalId,
  fundingTxHash,
  isForcedAhead,
  isMissed,
  isOldForced,
  isOver,
  moveTxHash,
  moveUndone,
  type OnChain,
  soloTxHash,
  tookEffect,
  unspent,
} from '../protocol/channel/index.ts';
import type { ChannelActor } from './actor.ts';
import { onChainOf } from './on-chain.ts';
import type { Chain, ChainStatus, Clock } from './ports.ts';

export interface WatcherDeps {
  chain(): Chain;
  clock: Clock;
  actors(): Iterable<ChannelActor>;
  /** Milliseconds between two looks. */
  interval: number;
  /** Spends this nonce of the own account on nothing. */
  cancelNonce(actor: ChannelActor, nonce: bigint): Promise<void>;
  /** Spends the nonces that these restored channels wait for. */
  settleDoubt(actors: ChannelActor[], height: number): Promise<void>;
  /** What the node said, or why it was not asked further. */
  seen(status: ChainStatus | null, problem: Error | null): void;
}

/** A channel that was given up for lost is looked for again for so many blocks. */
const missedFor = 1_000;
/** Blocks that are searched for a forced round: in one look, and altogether. */
const scannedALook = 20;
const scannedAtMost = 5_000;

/** Whether something on the chain waits for an answer of this side, or is there again. */
const needsLook = (channel: Channel): boolean =>
  moveUndone(channel) || isOldForced(channel) || channel.goneAt !== null;

/** So many channels are looked at at once. */
const atOnce = 8;

/**
 * Those first in which coins of this side may be contested: openings that nobody ever funds, of which a stranger can make
 * many, must not keep a close from being seen.
 */
const rank = (channel: Channel): number => (isOver(channel) ? 2 : channel.onChain ? 0 : 1);

/** The nonce of a signed transaction of the own making. */
function nonceOf(signed: Uint8Array): bigint | null {
  const tx = parseTx(parseSignedTx(signed).tx);
  return 'nonce' in tx ? tx.nonce : null;
}

export interface Watcher {
  /** Looks now. */
  look(): Promise<void>;
  stop(): void;
}

export function createWatcher(deps: WatcherDeps): Watcher {
  let stopped = false;
  let cancel: () => void = () => undefined;
  let running: Promise<void> | null = null;
  /** The highest the chain was seen at: a node below it has not caught up, and what it does not show may be there. */
  let top = 0;
  /** Heights at which something without a transaction of its own was first seen. */
  const firstSeen = new Map<string, number>();
  /** Where the forced round of a channel was looked for: below `top`, from `low` on; and where it was found. */
  const scanned = new Map<string, { round: bigint; top: number; low: number; found: number | null }>();

  async function once(): Promise<void> {
    let status: ChainStatus;
    try {
      status = await deps.chain().status();
    } catch (error) {
      deps.seen(null, error instanceof Error ? error : new Error(String(error)));
      return;
    }
    deps.seen(status, null);
    top = Math.max(top, status.height);
    const { height } = status;
    const waiting = [...deps.actors()].sort((a, b) => rank(a.channel) - rank(b.channel)).values();
    const worker = async () => {
      // The node stumbled over one: the next look tries again.
      for (const actor of waiting) await watch(actor, height).catch(() => undefined);
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
    const restored = [...deps.actors()].filter(({ channel }) => channel.doubt && !isOver(channel));
    if (restored.length > 0) await deps.settleDoubt(restored, status.height).catch(() => undefined);
  }

  async function depth(hash: Uint8Array, height: number): Promise<number | null> {
    const place = await deps.chain().transaction(hash);
    if (place === 'unknown') return null;
    return place === 'pending' ? -1 : Math.max(0, height - place.height);
  }

  async function watch(actor: ChannelActor, height: number): Promise<void> {
    if (actor.over) {
      await watchMissed(actor, height);
      return watchHeld(actor, height);
    }
    await watchPhase(actor, height);
    if (mayBeOnChain(actor.channel)) await watchObject(actor, height);
    const { solo } = actor.channel;
    if (!solo || actor.over) return;
    const confirmations = await depth(soloTxHash(actor.channel), height);
    await actor.post({ type: 'chain', what: 'solo', confirmations });
  }

  /** Whether the node shows again what it did not show for so long that the channel was given up. */
  async function watchMissed(actor: ChannelActor, height: number): Promise<void> {
    const { channel } = actor;
    if (!isMissed(channel) || height - channel.goneAt! > missedFor) return;
    const found = await deps.chain().channel(finalId(channel));
    if (found) await actor.post({ type: 'on_chain', object: onChainOf(found), height, funded: true });
  }

  /** The channel's object: who closes, with which round, until when. */
  async function watchObject(actor: ChannelActor, height: number): Promise<void> {
    const { channel } = actor;
    const found = await deps.chain().channel(finalId(channel));
    const object: OnChain | null = found && onChainOf(found);
    if (!object && height < top) return;
    const same =
      object?.round === channel.onChain?.round &&
      object?.lockedUntil === channel.onChain?.lockedUntil &&
      (!object || (channel.onChain && equalBytes(object.stateHash, channel.onChain.stateHash))) &&
      Boolean(object) === Boolean(channel.onChain);
    const funding = object || !channel.funding ? null : await depth(fundingTxHash(channel), height);
    // Of an opening that was given up only half the funding is known: what was seen on chain was closed there.
    // Nor is any known of a channel that was made anew from the chain.
    const signatures = channel.funding?.signatures;
    const known = signatures?.initiator !== undefined && signatures.responder !== undefined;
    const funded = object !== null || !known || (funding !== null && funding >= 0);
    if (!same || !funded || !object || channel.phase === 'closing_solo' || needsLook(channel))
      await actor.post({ type: 'on_chain', object, height, funded });
    // An open channel whose object is gone without a close: the chain was reorganised below its funding.
    if (!object && !funded && channel.phase === 'open')
      await actor.post({ type: 'chain', what: 'funding', confirmations: funding });
    else if (object && channel.phase === 'open' && channel.funding?.confirmations === null)
      await actor.post({ type: 'chain', what: 'funding', confirmations: 0 });
    if (object && isForcedAhead(actor.channel)) await findForced(actor, height);
    else scanned.delete(actor.id);
  }

  /**
   * Looks for the transaction that made the round which the chain has and this side has not, from the newest block
   * backwards, some blocks a look. What lies further back than that, the other side shows (PROTOCOL 6).
   */
  async function findForced(actor: ChannelActor, height: number): Promise<void> {
    const { channel } = actor;
    const { round } = channel.onChain!;
    const known = scanned.get(actor.id);
    const scan = known?.round === round ? known : { round, top: height + 1, low: height + 1, found: null };
    scanned.set(actor.id, scan);
    const ask = (at: number) => deps.chain().forced(finalId(channel), round, at);
    // A block that was the newest may have got more since.
    for (let at = Math.max(0, scan.top - 1); scan.found === null && at <= height; at++) {
      if (await ask(at)) scan.found = at;
      scan.top = at + 1;
    }
    const last = Math.max(0, height - scannedAtMost);
    for (let asked = 0; scan.found === null && asked < scannedALook && scan.low > last; asked++) {
      scan.low -= 1;
      if (await ask(scan.low)) scan.found = scan.low;
    }
    if (scan.found === null || height - scan.found < Math.max(1, channel.minimumDepth)) return;
    const forced = await ask(scan.found);
    // A reorganisation moved it.
    if (!forced) return void scanned.delete(actor.id);
    await actor.post({ type: 'forced', ...forced });
  }

  /** A deposit or withdrawal under way, or the transaction that makes it void. */
  async function watchMove(actor: ChannelActor, height: number): Promise<void> {
    const { move } = actor.channel;
    if (!move) return;
    if (bothSigned(move)) {
      const confirmations = await depth(moveTxHash(move), height);
      await actor.post({ type: 'chain', what: 'move', confirmations });
      return;
    }
    const object = await deps.chain().channel(finalId(actor.channel));
    const taken = `${actor.id} taken`;
    if (object && tookEffect(move, onChainOf(object)))
      await actor.post({ type: 'chain', what: 'move', confirmations: since(taken, height) });
    else firstSeen.delete(taken);
    if (move.cancel)
      await watchCancel(actor, move.nonce, height, object !== null && !tookEffect(move, onChainOf(object)));
  }

  /** What makes a half-signed transaction void; made up for where the process died before it was made. */
  async function watchCancel(
    actor: ChannelActor,
    nonce: bigint,
    height: number,
    isVoid: boolean,
  ): Promise<void> {
    const { cancelTx } = actor.stored;
    if (!cancelTx || nonceOf(cancelTx) !== nonce) return deps.cancelNonce(actor, nonce);
    let confirmations = await depth(txHash(cancelTx), height);
    if (confirmations === null) {
      // Its earlier form with a lower fee may have been mined: the nonce is spent all the same.
      const { keys, role } = actor.channel;
      const { nonce: spent } = await deps.chain().account(keys[role]);
      const key = `${actor.id} cancelled ${nonce}`;
      if (spent < nonce) firstSeen.delete(key);
      if (spent >= nonce && isVoid) confirmations = since(key, height);
      else await actor.broadcast(cancelTx);
    }
    await actor.post({ type: 'chain', what: 'cancel', confirmations });
  }

  /** Nonces that a channel has left behind: one after the other they are spent on nothing. */
  async function watchHeld(actor: ChannelActor, height: number): Promise<void> {
    const { held, keys, role } = actor.channel;
    if (held.length === 0) return;
    const { nonce } = await deps.chain().account(keys[role]);
    const [first] = unspent(actor.channel, nonce);
    const spent = `${actor.id} spent`;
    if (!first)
      return void (await actor.post({ type: 'chain', what: 'cancel', confirmations: since(spent, height) }));
    firstSeen.delete(spent);
    await watchCancel(actor, first.nonce, height, true);
  }

  async function watchPhase(actor: ChannelActor, height: number): Promise<void> {
    const { channel } = actor;
    await watchMove(actor, height);
    switch (channel.phase) {
      case 'confirming':
      case 'locking': {
        const confirmations = await depth(fundingTxHash(channel), height);
        await actor.post({ type: 'chain', what: 'funding', confirmations });
        return;
      }
      case 'cancelling': {
        const funded = await deps.chain().channel(finalId(channel));
        if (funded)
          await actor.post({
            type: 'chain',
            what: 'funding',
            confirmations: since(`${actor.id} funded`, height),
          });
        await watchCancel(actor, channel.funding!.nonce, height, !funded);
        return;
      }
      case 'closing': {
        // The peer may have completed and posted it without telling; then its nonce is spent, too.
        const gone = `${actor.id} gone`;
        const { nonce } = await deps.chain().account(channel.keys[channel.role]);
        const found = await deps.chain().channel(finalId(channel));
        if (found || height < top) return void firstSeen.delete(gone);
        const blocks = since(gone, height) - (nonce < channel.closing!.nonce ? absence : 0);
        await actor.post({ type: 'chain', what: 'closing', confirmations: blocks < 0 ? null : blocks });
        return;
      }
      case 'closing_confirming': {
        const confirmations = await depth(closingTxHash(channel), height);
        await actor.post({ type: 'chain', what: 'closing', confirmations });
      }
    }
  }

  const watched: ReadonlySet<Channel['phase']> = new Set([
    'confirming',
    'locking',
    'open',
    'shutting_down',
    'closing',
    'closing_confirming',
    'closing_solo',
    'failed',
  ]);
  const mayBeOnChain = (channel: Channel): boolean =>
    watched.has(channel.phase) && channel.channelId !== null;

  function since(what: string, height: number): number {
    const first = firstSeen.get(what) ?? height;
    firstSeen.set(what, first);
    return Math.max(0, height - first);
  }

  function schedule(): void {
    if (stopped) return;
    cancel = deps.clock.after(deps.interval, () => void look());
  }

  function look(): Promise<void> {
    cancel();
    running ??= once().finally(() => {
      running = null;
      schedule();
    });
    return running;
  }

  schedule();
  return {
    look,
    stop() {
      stopped = true;
      cancel();
    },
  };
}
