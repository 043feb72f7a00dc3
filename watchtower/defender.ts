/**
 * Follows the guarded channels on the chain: answers a close with an older round by `channel_slash` as a delegate, raises
 * the fee of one that stands, goes on after outages and reorganisations, and forgets what has left the chain for good.
 */
import { onChainOf } from '../src/engine/on-chain.ts';
import type { Chain, ChainChannel, ChainStatus, Clock, Signer } from '../src/engine/ports.ts';
import { equalBytes } from '../src/protocol/bytes.ts';
import { encode } from '../src/protocol/chain/address.ts';
import { signedTx, signingBytes, txHash } from '../src/protocol/chain/signed.ts';
import { serializeTx, type Tx } from '../src/protocol/chain/tx.ts';
import type { Guard, Guards } from './guards.ts';
import { isNamed, isNewer, type Job, plan, type Step, unsigned, usualFee } from './slash.ts';

export interface DefenderDeps {
  guards: Guards;
  chain: Chain;
  chainHash: Uint8Array;
  networkId: string;
  signer: Signer;
  clock: Clock;
  /** Milliseconds between two looks. */
  interval: number;
  /** aetto that no slash goes above. */
  maxFee: bigint;
  /** Blocks that a channel stays off the chain before it is forgotten: none comes back from so deep. */
  keepBlocks: number;
  log(line: string): void;
}

export interface Defender {
  look(): Promise<void>;
  /** The own account's coins in aetto; null before the first look. */
  balance(): bigint | null;
  stop(): Promise<void>;
}

/** Questions to the node at once. */
const atOnce = 16;
/** Milliseconds between two complaints about one channel, and channels that are named in one look's complaint. */
const complainEvery = 60 * 60 * 1000;
const mostNamed = 3;

export function createDefender(deps: DefenderDeps): Defender {
  const { guards, chain, log } = deps;
  const self = deps.signer.publicKey;
  let stopped = false;
  let cancel: () => void = () => undefined;
  let running: Promise<void> | null = null;
  let balance: bigint | null = null;
  let problem: string | null = null;
  let isPoor = false;
  /** What went wrong in this look, by channel. */
  const failures = new Map<string, unknown>();
  /** Channels with which something goes wrong, and when that was told last. */
  const failing = new Map<string, number>();

  async function once(): Promise<void> {
    const status = await chain.status();
    if (!equalBytes(status.chainHash, deps.chainHash))
      throw new Error(`the node answers for another chain (${status.networkId}); nothing is done on it`);
    const account = await chain.account(self);
    balance = account.balance;
    tellCoins(account.balance);
    const jobs: Job[] = [];
    failures.clear();
    const all = guards.all();
    for (let at = 0; at < all.length && !stopped; at += atOnce) {
      const some = all.slice(at, at + atOnce);
      const looks = some.map((guard) => inspect(guard, status).then((job) => job && jobs.push(job)));
      await Promise.all(some.map((guard, i) => alone(guard, looks[i]!)));
      // A node that has gone meanwhile is waited for once, not for each channel.
      if (some.every((guard) => failures.has(nameOf(guard)))) await chain.status();
    }
    // Not more than each can have, or the raised one is as stuck as before.
    const share = account.balance / BigInt(Math.max(1, jobs.length));
    const maxFee = share < deps.maxFee ? share : deps.maxFee;
    for (const step of plan(jobs, account.nonce, status.height, maxFee, self))
      await alone(step.guard, carryOut(step, status));
    complain();
  }

  /** What is wrong with one channel, which anybody may have made so, is no reason to leave the others alone. */
  const alone = (guard: Guard, work: Promise<unknown>): Promise<unknown> =>
    work.catch((error) => failures.set(nameOf(guard), error));

  function complain(): void {
    for (const name of failing.keys()) if (!failures.has(name)) failing.delete(name);
    const now = deps.clock.now();
    const due = [...failures].filter(([name]) => now - (failing.get(name) ?? -Infinity) >= complainEvery);
    for (const [name, error] of due.slice(0, mostNamed))
      log(`${name}: something goes wrong, and is tried again: ${wordsOf(error)}`);
    if (due.length > mostNamed) log(`so it is with ${due.length - mostNamed} more channels`);
    for (const [name] of due) failing.set(name, now);
  }

  /** What the chain has of it now; a job where a slash is due. */
  async function inspect(guard: Guard, { height }: ChainStatus): Promise<Job | null> {
    const object = await chain.channel(guard.channelId);
    if (!object) return gone(guard, height);
    const back = guard.goneAt === null ? guard : await change(guard, { goneAt: null });
    if (!back) return null;
    if (object.lockedUntil === 0) {
      if (!back.slash && back.told === '') return null;
      await tell(back, object, `the close was undone by a reorganisation (seen at block ${height})`, {
        slash: null,
      });
      return null;
    }
    if (!isNewer(back.round, object)) return answered(back, object, height);
    if (!isNamed(self, object)) {
      await tell(back, object, `closes with round ${object.round}, but names this watchtower no more`);
      return null;
    }
    await tell(
      back,
      object,
      `is being closed with old round ${object.round}, seen at block ${height}; disputable until block ${object.lockedUntil}`,
    );
    if (!back.slash)
      return { guard: guards.get(back.channelId) ?? back, lockedUntil: object.lockedUntil, place: 'none' };
    const place = await chain.transaction(txHash(back.slash.signedTx));
    // In a block, but not in the object that was read before: the next look shows it.
    if (typeof place !== 'string' && back.slash.round === back.round) return null;
    return {
      guard: guards.get(back.channelId) ?? back,
      lockedUntil: object.lockedUntil,
      place: typeof place === 'string' ? place : 'none',
    };
  }

  /** Nothing newer to show: closed with the latest round, or the slash is in. */
  async function answered(guard: Guard, object: ChainChannel, height: number): Promise<null> {
    if (!guard.slash || object.round !== guard.slash.round) {
      await tell(guard, object, `is being closed with round ${object.round}, which is the latest known here`);
      return null;
    }
    const place = await chain.transaction(txHash(guard.slash.signedTx));
    const where = typeof place === 'string' ? `seen at block ${height}` : `in block ${place.height}`;
    const { initiator, responder } = onChainOf(object).balances;
    const by = typeof place === 'string' ? 'somebody else' : 'this watchtower';
    await tell(
      guard,
      object,
      `slashed with round ${object.round} by ${by}, ${where}: ${initiator} and ${responder} aetto, to be settled from block ${object.lockedUntil}`,
    );
    return null;
  }

  async function gone(guard: Guard, height: number): Promise<null> {
    if (guard.goneAt === null) {
      await change(guard, { goneAt: height });
      log(`${nameOf(guard)}: left the chain, seen at block ${height}`);
    } else if (height - guard.goneAt >= deps.keepBlocks) {
      await guards.update(guard.channelId, () => null);
      log(`${nameOf(guard)}: settled, forgotten at block ${height}`);
    }
    return null;
  }

  const change = (guard: Guard, changes: Partial<Guard>) =>
    guards.update(guard.channelId, (held) => held && { ...held, ...changes });

  /** Once for each state of the channel on chain. */
  async function tell(
    guard: Guard,
    object: ChainChannel,
    words: string,
    changes: Partial<Guard> = {},
  ): Promise<void> {
    const told = object.lockedUntil === 0 ? '' : `${object.round}/${object.lockedUntil}/${guard.round}`;
    if (guard.told === told && Object.keys(changes).length === 0) return;
    try {
      await change(guard, { ...changes, told });
    } catch (error) {
      // Nothing that a slash waits for.
      failures.set(nameOf(guard), error);
      return;
    }
    if (guard.told !== told) log(`${nameOf(guard)}: ${words}`);
  }

  /**
   * On disk before it is posted, so that a restart knows nonce and fee. Where the disk fails it is posted all the same:
   * what is signed anew at the next look is the same transaction.
   */
  async function carryOut(step: Step, { height }: ChainStatus): Promise<void> {
    const { guard, nonce, fee } = step;
    let signed = guard.slash?.signedTx;
    if (step.post === 'anew' || !signed) {
      const tx = serializeTx({ ...unsigned(guard, self, nonce), fee } as Tx);
      signed = signedTx(tx, [await deps.signer.sign(signingBytes(deps.networkId, txHash(tx)))]);
      const slash = { signedTx: signed, nonce, fee, round: guard.round, height };
      const words = `${nameOf(guard)}: slash with round ${guard.round} at block ${height}, fee ${fee} aetto, nonce ${nonce}, ${encode('th', txHash(signed))}`;
      await change(guard, { slash }).then(
        () => log(words),
        (error) => failures.set(nameOf(guard), error),
      );
    }
    try {
      await chain.post(signed);
    } catch (error) {
      log(`${nameOf(guard)}: the slash was not taken, and is tried again: ${wordsOf(error)}`);
    }
  }

  function tellCoins(coins: bigint): void {
    const need = usualFee * BigInt(Math.max(1, guards.all().length));
    const poor = coins < need;
    if (poor !== isPoor)
      log(
        poor
          ? `WARNING: the account holds ${coins} aetto; a slash for each guarded channel takes up to ${need}. Send it coins.`
          : `the account holds ${coins} aetto again`,
      );
    isPoor = poor;
  }

  function look(): Promise<void> {
    cancel();
    running ??= once()
      .then(
        () => tellProblem(null),
        (error) => tellProblem(wordsOf(error)),
      )
      .finally(() => {
        running = null;
        if (!stopped) cancel = deps.clock.after(deps.interval, () => void look());
      });
    return running;
  }

  function tellProblem(words: string | null): void {
    if (words !== null && problem === null) log(`cannot watch now, and goes on trying: ${words}`);
    if (words === null && problem !== null) log('watching again');
    problem = words;
  }

  return {
    look,
    balance: () => balance,
    async stop() {
      stopped = true;
      cancel();
      await running;
    },
  };
}

const nameOf = ({ channelId }: Guard): string => encode('ch', channelId);
const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
