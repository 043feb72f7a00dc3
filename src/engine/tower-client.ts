/**
 * The wallet's end of its watchtower: hands over each latest co-signed state of the channels that named it, a moment
 * after it was co-signed and never in its way, again on every new connection, until it is acknowledged.
 */
import { equalBytes } from '../protocol/bytes.ts';
import { type Channel, isOver, isSlashable, slashMaterial } from '../protocol/channel/index.ts';
import {
  createTowerDecoder,
  encodeTower,
  type TowerMessage,
  textOf,
  towerProtocol,
} from '../protocol/tower/messages.ts';
import type { ChannelActor } from './actor.ts';
import type { Clock, Link, Store, Transport, Write } from './ports.ts';

/** Where a watchtower is, as its link says. */
export interface TowerAddress {
  /** Its account, which channels name as delegate. */
  account: Uint8Array;
  addresses: readonly string[];
}

export interface TowerClientDeps {
  tower: TowerAddress;
  transport: Transport;
  store: Store;
  clock: Clock;
  chainHash: Uint8Array;
  actors(): Iterable<ChannelActor>;
  /** What `status` says changed. */
  changed(): void;
}

export interface TowerStatus {
  /** Whether this side of the channel named the watchtower: only then the chain takes its slash. */
  named: boolean;
  /** The sequence_number that it acknowledged last; null for none. */
  guards: bigint | null;
  /** Why it does not guard the latest state, a sentence; null where it does, or there is nothing to guard yet. */
  problem: string | null;
}

export interface TowerClient {
  /** Of a channel that changed: its latest state is sent soon, if the watchtower does not have it. */
  changed(actor: ChannelActor): void;
  status(actor: ChannelActor): TowerStatus;
  /** Tries again now: after a wake-up. */
  poke(): void;
  stop(): void;
}

/** A watchtower that cannot be used, in one sentence. */
export class TowerError extends Error {
  override name = 'TowerError';
}

/** Updates within this time go as one. */
const debounce = 200;
const answerTimeout = 20_000;
const firstPause = 1_000;
const longestPause = 60_000;

/** Row of table `meta`: what a watchtower acknowledged of a channel. */
interface Acknowledged {
  account: Uint8Array;
  number: bigint;
}
const rowOf = (id: string): string => `watchtower/${id}`;

const isNamed = (channel: Channel, account: Uint8Array): boolean =>
  channel.delegates[channel.role].some((key) => equalBytes(key, account));

interface Conversation {
  ask(message: TowerMessage): Promise<TowerMessage>;
  close(): void;
}

/** Rejects with a sentence where nobody answers, or not as a watchtower of this chain does. */
async function greet(
  {
    tower,
    transport,
    clock,
    chainHash,
  }: Pick<TowerClientDeps, 'tower' | 'transport' | 'clock' | 'chainHash'>,
  lost: () => void,
): Promise<Conversation> {
  const link = await transport.connect(tower.account, tower.addresses, towerProtocol);
  const conversation = converse(link, clock, lost);
  const answer = await conversation.ask({ type: 'hello', chainHash });
  if (answer.type === 'welcome' && equalBytes(answer.chainHash, chainHash)) return conversation;
  conversation.close();
  throw new TowerError(
    answer.type === 'refused'
      ? textOf(answer.text)
      : 'What answers there is no watchtower of the chain that your wallet is on.',
  );
}

/** One question at a time. */
function converse(link: Link, clock: Clock, lost: () => void): Conversation {
  const decoder = createTowerDecoder();
  let done: ((message: TowerMessage) => void) | null = null;
  let fail: ((error: Error) => void) | null = null;
  let ended: Error | null = null;

  function end(words: string): void {
    if (ended) return;
    ended = new TowerError(words);
    link.close();
    fail?.(ended);
    lost();
  }

  link.onData((chunk) => {
    try {
      for (const message of decoder.push(chunk)) done?.(message);
    } catch (error) {
      end(`The watchtower answers what cannot be read: ${error instanceof Error ? error.message : error}.`);
    }
  });
  link.onClose(() => end('The connection to the watchtower was lost.'));

  return {
    ask(message) {
      if (ended) return Promise.reject(ended);
      return new Promise<TowerMessage>((resolve, reject) => {
        const cancel = clock.after(answerTimeout, () =>
          end(`The watchtower did not answer within ${answerTimeout / 1_000} s.`),
        );
        done = (answer) => {
          done = null;
          cancel();
          resolve(answer);
        };
        fail = (error) => {
          cancel();
          reject(error);
        };
        link.send(encodeTower(message));
      });
    },
    close: () => end('Closed here.'),
  };
}

/** Whether a watchtower of this chain answers there. Rejects with a sentence where none does. */
export async function checkTower(
  deps: Pick<TowerClientDeps, 'tower' | 'transport' | 'clock' | 'chainHash'>,
): Promise<void> {
  const conversation = await greet(deps, () => undefined);
  conversation.close();
}

/** What it acknowledged before; rows of channels that are over are dropped. */
async function readAcknowledged({ store, tower, actors }: TowerClientDeps): Promise<Map<string, bigint>> {
  const running = new Set([...actors()].filter((actor) => !actor.over).map(({ id }) => id));
  const acknowledged = new Map<string, bigint>();
  const old: Write[] = [];
  for (const { key, value } of await store.list('meta', { prefix: rowOf('') })) {
    const { account, number } = value as Acknowledged;
    const id = key.slice(rowOf('').length);
    if (!running.has(id)) old.push({ table: 'meta', key, value: undefined });
    else if (equalBytes(account, tower.account)) acknowledged.set(id, number);
  }
  if (old.length > 0) await store.commit(old);
  return acknowledged;
}

/** Starts with what was acknowledged before, and sends everything once more: the watchtower may have lost it. */
export async function startTowerClient(deps: TowerClientDeps): Promise<TowerClient> {
  const { tower, store, clock } = deps;
  const acknowledged = await readAcknowledged(deps);
  const problems = new Map<string, string>();
  /** Ids whose latest state waits to be sent. */
  const due = new Set<string>();
  let conversation: Conversation | null = null;
  let failures = 0;
  let unreachable: string | null = null;
  let isWorking = false;
  let timer: { at: number; isPause: boolean; cancel(): void } | null = null;
  let stopped = false;

  const guarded = (): ChannelActor[] =>
    [...deps.actors()].filter(
      ({ channel }) => !isOver(channel) && isNamed(channel, tower.account) && isSlashable(channel),
    );

  /** @param isPause after a failure, which nothing shortens */
  function schedule(ms: number, isPause = false): void {
    const at = clock.now() + ms;
    if (stopped || isWorking || timer?.isPause || (timer && timer.at <= at)) return;
    timer?.cancel();
    const cancel = clock.after(ms, () => {
      timer = null;
      void work();
    });
    timer = { at, isPause, cancel };
  }

  async function work(): Promise<void> {
    if (isWorking || stopped) return;
    // What was refused may be taken later: a node that lagged, a full watchtower.
    for (const id of problems.keys()) due.add(id);
    if (due.size === 0) return;
    isWorking = true;
    let pause = 0;
    try {
      await connect();
      const actors = new Map(guarded().map((actor) => [actor.id, actor]));
      for (const id of [...due]) {
        const actor = actors.get(id);
        if (actor) await hand(actor);
        else {
          due.delete(id);
          problems.delete(id);
        }
      }
      failures = 0;
    } catch (error) {
      pause = Math.min(firstPause * 2 ** failures, longestPause);
      failures += 1;
      conversation?.close();
      conversation = null;
      tell(error instanceof Error ? error.message : String(error));
    } finally {
      isWorking = false;
    }
    if (pause > 0) schedule(pause, true);
    else if (due.size > 0) schedule(debounce);
    else if (problems.size > 0) schedule(longestPause);
  }

  async function connect(): Promise<void> {
    if (conversation) return;
    const made = await greet(deps, () => {
      conversation = null;
    });
    if (stopped) {
      made.close();
      throw new TowerError('Closed here.');
    }
    conversation = made;
    for (const { id } of guarded()) due.add(id);
    tell(null);
  }

  async function hand(actor: ChannelActor): Promise<void> {
    const material = slashMaterial(actor.channel);
    if (!material || !conversation) return;
    // A state that is co-signed while this one is on its way makes it due again.
    due.delete(actor.id);
    const before = problems.get(actor.id);
    try {
      const { payload, poi, round } = material;
      const answer = await conversation.ask({ type: 'guard', payload, poi });
      if (answer.type === 'guarded' && answer.round >= round) await acknowledge(actor.id, answer.round - 1n);
      else if (answer.type === 'refused') {
        problems.set(actor.id, textOf(answer.text));
      } else throw new TowerError('The watchtower answers something else than it was asked.');
    } catch (error) {
      due.add(actor.id);
      throw error;
    }
    if (before !== problems.get(actor.id)) deps.changed();
  }

  async function acknowledge(id: string, number: bigint): Promise<void> {
    problems.delete(id);
    if (acknowledged.get(id) === number) return;
    const value: Acknowledged = { account: tower.account, number };
    await store.commit([{ table: 'meta', key: rowOf(id), value }]);
    acknowledged.set(id, number);
    deps.changed();
  }

  function tell(words: string | null): void {
    if (unreachable === words) return;
    unreachable = words;
    deps.changed();
  }

  for (const { id } of guarded()) due.add(id);
  schedule(0);

  return {
    changed({ id, channel }) {
      // The usual case first: this is called for every message of every channel.
      if (channel.latest?.source !== 'update' || acknowledged.get(id) === channel.latest.number) return;
      if (isOver(channel) || !isNamed(channel, tower.account) || !isSlashable(channel)) return;
      due.add(id);
      schedule(debounce);
    },
    status({ id, channel }) {
      const named = isNamed(channel, tower.account);
      const guards = acknowledged.get(id) ?? null;
      const isBehind = named && isSlashable(channel) && (guards === null || guards < channel.latest.number);
      return { named, guards, problem: isBehind ? (problems.get(id) ?? unreachable) : null };
    },
    poke() {
      timer?.cancel();
      timer = null;
      schedule(0);
    },
    stop() {
      stopped = true;
      timer?.cancel();
      conversation?.close();
    },
  };
}
