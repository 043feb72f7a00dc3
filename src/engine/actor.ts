/**
 * One channel at work: takes its events one after the other, answers what the machine asks, and carries out its
 * effects in order. What must be durable is durable before anything behind it happens.
 */
import {
  type Answer,
  type Ask,
  type Channel,
  type Effect,
  type Env,
  type Event,
  type HistoryEntry,
  isOver,
  type Outcome,
  other,
  type Rule,
  step,
  type Timer,
  type Transition,
  timers,
} from '../protocol/channel/index.ts';
import { encode } from '../protocol/wire/index.ts';
import { isDone, KeptNodes, withoutTrees } from './nodes.ts';
import type { Nonces } from './nonces.ts';
import { onChainOf } from './on-chain.ts';
import {
  type Chain,
  ChainUnavailableError,
  type Clock,
  type Signer,
  type Store,
  type Verify,
  type Write,
} from './ports.ts';
import {
  historyKey,
  localId,
  requestKey,
  type StoredChannel,
  type StoredHistory,
  storable,
} from './stored.ts';

export interface ActorDeps {
  store: Store;
  signer: Signer;
  verify: Verify;
  clock: Clock;
  chain(): Chain;
  nonces: Nonces;
  env(): Env;
  /** Whether no other channel with this peer has that channel_id; from then on it is this one's. */
  claim(actor: ChannelActor, channelId: Uint8Array): boolean;
  /** The channel changed in a way that someone may want to see. */
  changed(actor: ChannelActor): void;
  /** How a request ended. `durable` false: it will be, or PROTOCOL 6 brings the same one again after a restart. */
  outcome(outcome: Outcome, durable: boolean): void;
  /** These are durable now. */
  committed(actor: ChannelActor, items: HistoryEntry[]): void;
  inband(actor: ChannelActor, data: Uint8Array): void;
  /** Closes the connection to the peer; every channel on it starts over by PROTOCOL 6. */
  disconnect(actor: ChannelActor, reason: string): void;
  /** The store failed; nothing was sent. */
  storeFailed(error: unknown): void;
  cancelNonce(actor: ChannelActor, nonce: bigint): Promise<void>;
  /** What another installation did is known here now: what is to be durable with it. */
  behind(actor: ChannelActor): Write[];
  /** It is durable, and nothing was sent since. */
  isBehind(actor: ChannelActor): void;
}

/** A state that is answered for and not written yet (`persist` with `deferrable`). */
interface Deferred {
  /** What the disk holds. */
  onDisk: StoredChannel;
  /** Rows beside the channel's own, which the next commit writes anew. */
  writes: Write[];
  history: HistoryEntry[];
  outcomes: Outcome[];
  /** Stops the timer that writes it where nothing else does. */
  cancel(): void;
}

/** So long the next payment has to come and be written in the same commit: ms. */
const deferredAtMost = 25;

export class ChannelActor {
  readonly id: string;
  #stored: StoredChannel;
  #deps: ActorDeps;
  #send: ((bytes: Uint8Array) => void) | null = null;
  #tail: Promise<unknown> = Promise.resolve();
  #writes: Write[] = [];
  #reserved: bigint[] = [];
  #deferred: Deferred | null = null;
  #running = new Map<string, { timer: Timer; cancel: () => void }>();
  #heardAt = 0;
  #stopped = false;
  readonly #nodes: KeptNodes;
  /** What the node said of the last transaction it was given; null where it took it. */
  notice: string | null = null;

  /** @param nodes rows of table `nodes` that this channel has */
  constructor(stored: StoredChannel, deps: ActorDeps, nodes = 0) {
    this.#stored = stored;
    this.#deps = deps;
    this.id = localId(stored.channel);
    this.#nodes = new KeptNodes(this.id, stored.channel, nodes);
  }

  get channel(): Channel {
    return this.#stored.channel;
  }
  get stored(): StoredChannel {
    return this.#stored;
  }

  /** Hands over where messages go; null without a connection. */
  attach(send: ((bytes: Uint8Array) => void) | null): void {
    this.#send = send;
  }

  /** One event; resolves when its effects are done. Events are taken in the order of the calls. */
  post(event: Event): Promise<Transition> {
    if (event.type === 'message') this.#heardAt = this.#deps.clock.now();
    return this.#enqueue(() => this.#handle(event));
  }

  /** Runs a rule that changes nothing, by what the channel is now. */
  async look<T>(rule: (channel: Channel) => Rule<T>): Promise<T> {
    const run = rule(this.channel);
    let turn = run.next();
    while (!turn.done) {
      const { value } = turn;
      if (value.ask === 'sign' || value.ask === 'reserve_nonce')
        throw new Error(`a rule that changes nothing asks for ${value.ask}`);
      turn = run.next(await this.#answer(value));
    }
    return turn.value;
  }

  /** Changes what is stored beside the channel, durable when it resolves. */
  update(changes: Partial<Omit<StoredChannel, 'channel' | 'nextIndex'>>): Promise<void> {
    return this.#enqueue(async () => {
      // Another engine may have the store by now.
      if (this.#stopped) return;
      await this.#flush();
      const next = { ...this.#stored, ...changes };
      await this.#deps.store.commit([{ table: 'channels', key: this.id, value: storable(next) }]);
      this.#stored = next;
      this.#deps.changed(this);
    });
  }

  /** Waits for what is under way, then takes nothing more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const { cancel } of this.#running.values()) cancel();
    this.#running.clear();
    await this.flush().catch(() => undefined);
  }

  /** Writes now what was deferred, behind what is under way. Rejects where the store fails. */
  flush(): Promise<void> {
    return this.#enqueue(() => this.#flush());
  }

  #enqueue<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(work);
    this.#tail = result.catch(() => undefined);
    return result;
  }

  async #handle(event: Event): Promise<Transition> {
    if (this.#stopped) return { channel: this.channel, effects: [] };
    const before = this.channel;
    try {
      let done = await this.#step(event);
      const { channelId } = done.channel;
      if (channelId && !before.channelId && !this.#deps.claim(this, channelId)) {
        // Nothing of it has left yet.
        this.#release();
        done = await this.#step({
          type: 'abort',
          reason: 'this channel_id belongs to another channel of ours',
        });
      }
      await this.#carryOut(done);
      if (this.#nodes.isDue) await this.#sweep();
      if (done.channel !== before) this.#deps.changed(this);
      this.#arm();
      return done;
    } catch (error) {
      // Nothing of this event happened: neither record nor message.
      this.#release();
      this.#failed(error);
      throw error;
    } finally {
      this.#writes = [];
      this.#reserved = [];
    }
  }

  /** Nothing will use the nonces that this event has reserved. */
  #release(): void {
    for (const nonce of this.#reserved) this.#deps.nonces.release(nonce);
    this.#reserved = [];
    this.#writes = [];
  }

  async #step(event: Event): Promise<Transition> {
    const run = step(this.channel, event, this.#deps.env());
    let turn = run.next();
    while (!turn.done) turn = run.next(await this.#answer(turn.value));
    return turn.value;
  }

  async #answer(ask: Ask): Promise<Answer> {
    switch (ask.ask) {
      case 'sign':
        return this.#deps.signer.sign(ask.bytes);
      case 'verify':
        return this.#deps.verify(ask.key, ask.bytes, ask.signature);
      case 'account':
        return this.#orNull(() => this.#deps.chain().account(ask.key));
      case 'on_chain':
        return this.#orNull(async () => {
          const found = await this.#deps.chain().channel(ask.channelId);
          return found && onChainOf(found);
        });
      case 'key_block':
        return this.#orNull(() => this.#deps.chain().keyBlock(ask.at));
      case 'balance_at':
        return this.#orNull(() => this.#deps.chain().balanceAt(ask.key, ask.block));
      case 'reserve_nonce':
        return this.#orNull(async () => {
          const nonce = await this.#deps.nonces.reserve(this.id);
          this.#reserved.push(nonce);
          this.#writes.push(this.#deps.nonces.hold(nonce, this.id));
          return nonce;
        });
    }
  }

  async #orNull<T>(work: () => Promise<T>): Promise<T | null> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof ChainUnavailableError) return null;
      throw error;
    }
  }

  async #carryOut(done: Transition): Promise<void> {
    const durable = done.effects.some((effect) => effect.type === 'persist');
    if (!durable) this.#stored = { ...this.#stored, channel: done.channel };
    const behind = done.effects.some((effect) => effect.type === 'behind');
    if (behind) this.#writes.push(...this.#deps.behind(this));
    for (const effect of done.effects) await this.#do(effect, done.channel);
  }

  async #do(effect: Effect, next: Channel): Promise<void> {
    // Whatever leaves may rest upon a state that is not written yet.
    if (this.#deferred && effect.type !== 'persist' && effect.type !== 'answer')
      await this.#write([], this.#stored);
    switch (effect.type) {
      case 'persist':
        return this.#persist(effect, next);
      case 'send':
        this.#send?.(encode(effect.message));
        return;
      case 'answer':
        this.#deps.outcome(effect.outcome, true);
        return;
      case 'broadcast':
        void this.broadcast(effect.signedTx);
        return;
      case 'release_nonce':
        this.#writes.push(this.#deps.nonces.release(effect.nonce));
        return;
      case 'cancel_nonce':
        void this.#deps.cancelNonce(this, effect.nonce).catch(() => undefined);
        return;
      case 'behind':
        this.#deps.isBehind(this);
        return;
      case 'disconnect':
        this.#deps.disconnect(this, effect.reason);
        return;
      case 'inband':
        this.#deps.inband(this, effect.data);
    }
  }

  async #persist(effect: Extract<Effect, { type: 'persist' }>, channel: Channel): Promise<void> {
    const index = this.#stored.nextIndex;
    const next: StoredChannel = {
      ...this.#stored,
      channel,
      nextIndex: effect.history.length > 0 ? index + 1 : index,
    };
    const writes = this.#writes;
    if (effect.history.length > 0) {
      const row: StoredHistory = { at: this.#deps.clock.now(), items: effect.history };
      writes.push({ table: 'history', key: historyKey(this.id, index), value: row });
    }
    for (const outcome of effect.outcomes)
      writes.push({ table: 'requests', key: requestKey(outcome.scope, outcome.id), value: outcome });
    if (effect.deferrable) this.#defer(effect, writes, next);
    else await this.#write(writes, next);
    this.#writes = [];
    this.#reserved = [];
    for (const outcome of effect.outcomes) this.#deps.outcome(outcome, !effect.deferrable);
    if (effect.history.length > 0 && !effect.deferrable) this.#deps.committed(this, effect.history);
  }

  /** Goes on with the next record, which is written with the next commit or after a while. */
  #defer(effect: Extract<Effect, { type: 'persist' }>, writes: Write[], next: StoredChannel): void {
    const last = this.#deferred;
    last?.cancel();
    this.#deferred = {
      onDisk: last?.onDisk ?? this.#stored,
      writes: [...(last?.writes ?? []), ...writes],
      history: [...(last?.history ?? []), ...effect.history],
      outcomes: [...(last?.outcomes ?? []), ...effect.outcomes],
      cancel: this.#deps.clock.after(deferredAtMost, () => void this.flush().catch(() => undefined)),
    };
    this.#stored = next;
  }

  /**
   * Removes the nodes of state trees that the record on disk does not need. What is in memory only is not lost: it is
   * written with the record that needs it.
   */
  async #sweep(): Promise<void> {
    const { writes, done } = await this.#nodes.sweep(this.#deps.store);
    const { channel } = this.#stored;
    const next = isDone(channel) ? { ...this.#stored, channel: withoutTrees(channel) } : this.#stored;
    await this.#deps.store.commit([
      ...writes,
      ...(next === this.#stored ? [] : [{ table: 'channels' as const, key: this.id, value: storable(next) }]),
    ]);
    this.#stored = next;
    done();
  }

  /** One commit: the record, the nodes of its trees, these rows, and what was deferred before them. */
  async #write(writes: readonly Write[], next: StoredChannel): Promise<void> {
    const deferred = this.#deferred;
    const nodes = this.#nodes.writes(next.channel);
    await this.#deps.store.commit([
      ...(deferred?.writes ?? []),
      ...writes,
      ...nodes.writes,
      { table: 'channels', key: this.id, value: storable(next) },
    ]);
    nodes.done();
    this.#stored = next;
    if (!deferred) return;
    deferred.cancel();
    this.#deferred = null;
    for (const outcome of deferred.outcomes) this.#deps.outcome(outcome, true);
    if (deferred.history.length > 0) this.#deps.committed(this, deferred.history);
  }

  async #flush(): Promise<void> {
    if (!this.#deferred) return;
    try {
      await this.#write([], this.#stored);
    } catch (error) {
      this.#failed(error);
      throw error;
    }
  }

  /**
   * The store or the key failed: what the disk holds is what counts, and the connection starts over. What was deferred
   * comes again with it, as after a death: its proposal is on the disk.
   */
  #failed(error: unknown): void {
    const deferred = this.#deferred;
    if (deferred) {
      deferred.cancel();
      this.#deferred = null;
      const { onDisk } = deferred;
      this.#stored = { ...onDisk, channel: { ...onDisk.channel, live: this.channel.live } };
      this.#deps.changed(this);
    }
    this.#deps.storeFailed(error);
    this.#deps.disconnect(this, 'the wallet could not store or sign');
  }

  /** Gives the node a transaction; what it says against it is shown, and the watcher tries again. */
  async broadcast(signedTx: Uint8Array): Promise<void> {
    try {
      await this.#deps.chain().post(signedTx);
      this.#note(null);
    } catch (error) {
      this.#note(error instanceof Error ? error.message : String(error));
    }
  }

  #note(notice: string | null): void {
    if (this.notice === notice) return;
    this.notice = notice;
    this.#deps.changed(this);
  }

  /** Runs exactly the timers that the record calls for. */
  #arm(): void {
    const { settings } = this.#deps.env();
    const wanted = new Map(timers(this.channel, settings).map((timer) => [timer.name, timer]));
    for (const [name, { timer, cancel }] of this.#running)
      if (wanted.get(timer.name)?.key !== timer.key) {
        cancel();
        this.#running.delete(name);
      }
    for (const timer of wanted.values()) if (!this.#running.has(timer.name)) this.#start(timer, timer.ms);
  }

  #start(timer: Timer, ms: number): void {
    const cancel = this.#deps.clock.after(ms, () => {
      this.#running.delete(timer.name);
      if (this.#stopped) return;
      // A clock that was set back tells of no silence.
      const silent = Math.max(0, this.#deps.clock.now() - this.#heardAt);
      // Silence counts from the last message, so that a busy channel sets no timer per message.
      if (timer.name === 'silence' && silent < timer.ms) this.#start(timer, timer.ms - silent);
      else void this.post({ type: 'timer', name: timer.name }).catch(() => undefined);
    });
    this.#running.set(timer.name, { timer, cancel });
  }

  get over(): boolean {
    return isOver(this.channel);
  }
  get peer(): Uint8Array {
    return this.channel.keys[other(this.channel.role)];
  }
}
