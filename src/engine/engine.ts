/**
 * All channels of one account on one network: who is reached, which message meets which channel, what a person or a
 * site may ask. The same in the browser's worker and in the headless peer.
 */
import { fromHex, toHex } from '../protocol/bytes.ts';
import { gasOf, minFee } from '../protocol/chain/fee.ts';
import { signedTx, signingBytes, txHash } from '../protocol/chain/signed.ts';
import { parseTx, serializeTx, type TxOf } from '../protocol/chain/tx.ts';
import {
  type Channel,
  type ContractOutcome,
  type ContractWish,
  type CoSigned,
  callStatic,
  closeSoloFee,
  consider,
  createTx,
  type Event,
  feeSteps,
  fromChain,
  gasPrice,
  type HistoryEntry,
  inAe,
  initiate,
  isCommitted,
  isHalfSigned,
  isOver,
  moveFee,
  type Outcome,
  other,
  type Preview,
  preview,
  type Request,
  type Role,
  type Rule,
  raisedFee,
  type Settings,
  type Terms,
  type Transition,
  unspent,
  waitingSolo,
} from '../protocol/channel/index.ts';
import { encode, type Message } from '../protocol/wire/index.ts';
import { type ActorDeps, ChannelActor } from './actor.ts';
import { createDoubt, type Doubt, type DoubtStatus } from './doubt.ts';
import { createGaps, type Gaps } from './gaps.ts';
import { hasRoots, plant, readNodes } from './nodes.ts';
import { createNonces, type Nonces } from './nonces.ts';
import { type Network, oneChain } from './one-chain.ts';
import {
  type Chain,
  type ChainStatus,
  ChainUnavailableError,
  type Clock,
  type Random,
  type Signer,
  type Store,
  type Transport,
  type Verify,
  type Write,
} from './ports.ts';
import { loadRival, type Rival, type RivalWatch, rivalKey, rivalSentence } from './rival.ts';
import { minedForm, type Quoted, type StoredSend, spendOf, type WaitingSend } from './sends.ts';
import { createSessions, type Sessions } from './sessions.ts';
import { staleOverrideAfter } from './settings.ts';
import {
  canChange,
  firstStored,
  historyKey,
  isReestablished,
  localId,
  readStored,
  requestKey,
  type StoredChannel,
  type StoredHistory,
  type StoredRow,
  storable,
} from './stored.ts';
import { createWatcher, type Watcher } from './watcher.ts';

export interface EngineDeps {
  store: Store;
  signer: Signer;
  verify: Verify;
  clock: Clock;
  random: Random;
  transport: Transport;
  chain(): Chain;
  network: Network;
  settings(): Settings;
  /** Whether channels that others propose are looked at. */
  acceptIncoming(): boolean;
  watchInterval: number;
  on: EngineEvents;
}

export interface EngineEvents {
  changed(actor: ChannelActor): void;
  /** A peer proposed a channel: the person, or a policy, decides by `accept` or `decline`. */
  considering(actor: ChannelActor): void;
  /** These are durable now: what was paid, received, refused, opened, closed. */
  committed(actor: ChannelActor, items: HistoryEntry[]): void;
  inband(actor: ChannelActor, data: Uint8Array): void;
  storeFailed(error: unknown): void;
  /** What the node said, or why it was not asked further. */
  chain(status: ChainStatus | null, problem: Error | null): void;
  /** Another installation of this key is at work: this one has stopped (`rival`). */
  rival(): void;
  /** A transaction of the account was made by something else than this engine. */
  foreign(): void;
}

/** Something that cannot be done as asked: a code for programs and a sentence for people. */
export class EngineError extends Error {
  override name = 'EngineError';
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** Milliseconds between two looks at the account's nonce. */
const accountInterval = 10_000;
/** A call without a round. */
export type StaticCall = Extract<ContractWish, { type: 'call' }>;

/** So often a payment is made anew that the node has dropped; then the person decides about its fee. */
const postedAtMost = 20;
/** Before the request ids of payments from the account, in the table `requests` and as holders of nonces. */
const spendScope = 'spend/';

/** A peer may have so many openings under consideration at once. */
const maxConsidered = 3;

export class Engine {
  readonly #deps: EngineDeps;
  readonly #nonces: Nonces;
  readonly #doubt: Doubt;
  readonly #gaps: Gaps;
  readonly #rival: RivalWatch;
  #accountSeenAt = 0;
  #stopped = false;
  readonly #actors = new Map<string, ChannelActor>();
  /** By the peer and an id that its messages may carry: a stranger may choose the id of a channel between two others. */
  readonly #byWire = new Map<string, ChannelActor>();
  readonly #waiting = new Map<
    string,
    { request: Request; done: (outcome: Outcome) => void; promise: Promise<Outcome> }
  >();
  /** Outcomes that were told and are not durable yet. */
  readonly #told = new Map<string, Outcome>();
  readonly #unreachable = new Map<string, string>();
  readonly #spending = new Map<string, Promise<{ hash: Uint8Array; fee: bigint }>>();
  readonly #believing = new Set<string>();
  readonly #sessions: Sessions;
  readonly #watcher: Watcher;

  /** Loads the channels and goes on where they stood. */
  static async start(given: EngineDeps): Promise<Engine> {
    const chain = oneChain(given.network, given.chain);
    const deps = { ...given, chain: () => chain };
    const nonces = await createNonces({
      store: deps.store,
      chain: deps.chain,
      networkId: deps.network.networkId,
      account: deps.signer.publicKey,
    });
    const rows = await deps.store.list('channels');
    const rival = await loadRival(deps.store, rivalKey(deps.network.networkId, deps.signer.publicKey));
    const engine = new Engine(deps, nonces, rival);
    for (const row of rows) {
      const stored = readStored(row.value);
      const ours =
        stored.channel.networkId === deps.network.networkId &&
        toHex(stored.channel.keys[stored.channel.role]) === toHex(deps.signer.publicKey);
      if (ours) await engine.#load(stored);
    }
    // An opening that nothing commits to does not outlive a restart.
    for (const actor of engine.channels())
      if (!isCommitted(actor.channel)) await actor.post({ type: 'disconnected' });
    for (const actor of engine.channels()) engine.#sessions.poke(actor.peer);
    void engine.#watcher.look();
    return engine;
  }

  private constructor(deps: EngineDeps, nonces: Nonces, rival: RivalWatch) {
    this.#deps = deps;
    this.#nonces = nonces;
    this.#rival = rival;
    const account = {
      store: deps.store,
      chain: deps.chain,
      nonces,
      account: deps.signer.publicKey,
      isKept: (holder: string, nonce: bigint) => this.#isKept(holder, nonce),
    };
    this.#doubt = createDoubt({ ...account, spend: (nonce) => this.#spendOnNothing(nonce) });
    this.#gaps = createGaps({
      ...account,
      isUrgent: (nonce) => this.#isUrgent(nonce),
      spend: async (nonce, tries) =>
        (await this.#spendOnNothing(nonce, gasPrice(Math.min(tries, feeSteps)))).signed,
    });
    this.#sessions = createSessions({
      transport: deps.transport,
      clock: deps.clock,
      random: deps.random,
      self: deps.signer.publicKey,
      closed: () => rival.current() !== null,
      wanted: (peer) => this.#wanted(peer),
      connected: (peer, send) => this.#eachWith(peer, (actor) => this.#connect(actor, send)),
      disconnected: (peer) =>
        this.#eachWith(peer, (actor) => {
          actor.attach(null);
          this.#quietly(actor.post({ type: 'disconnected' }));
        }),
      message: (peer, message) => this.#route(peer, message),
      reach: (peer, problem) => {
        if (problem) this.#unreachable.set(toHex(peer), problem);
        else this.#unreachable.delete(toHex(peer));
        this.#eachWith(peer, (actor) => {
          if (problem && actor.channel.phase === 'opening')
            this.#quietly(
              actor.post({ type: 'abort', reason: `The other side cannot be reached: ${problem}` }),
            );
          deps.on.changed(actor);
        });
      },
    });
    this.#watcher = createWatcher({
      chain: deps.chain,
      clock: deps.clock,
      actors: () => this.#actors.values(),
      cancelNonce: (actor, nonce) => this.#cancelNonce(actor, nonce),
      settleDoubt: (actors, height) => this.#settleDoubt(actors, height),
      interval: deps.watchInterval,
      seen: (status, problem) => {
        deps.on.chain(status, problem);
        if (status) this.#quietly(this.#lookAtAccount(status.height));
      },
    });
  }

  async stop(): Promise<void> {
    this.#watcher.stop();
    this.#sessions.stop();
    await Promise.all([...this.#actors.values()].map((actor) => actor.stop()));
    this.#stopped = true;
    for (const { request, done } of this.#waiting.values()) done(failed(request, 'stopped', stopSentence));
    this.#waiting.clear();
  }

  // ---- what is there

  channels(): ChannelActor[] {
    return [...this.#actors.values()];
  }

  /** @throws EngineError where there is no such channel */
  channel(id: string): ChannelActor {
    const actor = this.#actors.get(id);
    if (!actor) throw new EngineError('unknown_channel', 'There is no such channel in this wallet.');
    return actor;
  }

  connection(actor: ChannelActor): 'online' | 'connecting' | 'offline' {
    if (actor.channel.live.link === 'up') return 'online';
    const busy = this.#sessions.isConnected(actor.peer) || this.#sessions.isDialling(actor.peer);
    return busy ? 'connecting' : 'offline';
  }

  /** Why the peer cannot be reached, a sentence; null where it can, or was not tried. */
  unreachable(actor: ChannelActor): string | null {
    return this.#unreachable.get(toHex(actor.peer)) ?? null;
  }

  /** History, newest first: rows of one channel below an index. */
  async history(
    id: string,
    before: number | null,
    limit: number,
  ): Promise<{ index: number; row: StoredHistory }[]> {
    // Where it cannot be written, what is there is shown all the same.
    await this.#actors
      .get(id)
      ?.flush()
      .catch(() => undefined);
    const rows = await this.#deps.store.list('history', {
      prefix: `${id}/`,
      ...(before === null ? {} : { before: historyKey(id, before) }),
      reverse: true,
      limit,
    });
    return rows.map((row) => ({
      index: Number(row.key.slice(id.length + 1)),
      row: row.value as StoredHistory,
    }));
  }

  /** What showed that another installation of this key is at work, and that this one stands still; null while it runs. */
  rival(): Rival | null {
    return this.#rival.current();
  }

  // ---- what a person or a program asks

  /**
   * Goes on here although another installation was at work. Each channel is as one of a backup until its peer has shown
   * the latest state.
   */
  async takeOver(): Promise<void> {
    if (!this.#rival.current()) return;
    const restoredAt = this.#deps.clock.now();
    // The other one signed too, nobody here knows what.
    await this.#nonces.doubt();
    for (const actor of this.#actors.values()) {
      if (!canChange(actor.channel)) continue;
      await actor.post({ type: 'doubt', over: false });
      if (actor.stored.restoredAt === null) await actor.update({ restoredAt });
    }
    await this.#rival.gone();
    this.poke();
  }

  /**
   * Makes the record of a channel anew of which only the key is left: the chain tells its terms, the peer its state, once
   * it is reached at one of these addresses.
   * @param peer who the other side should be; null where only the chain says so
   */
  async recover(
    channelId: Uint8Array,
    peer: Uint8Array | null,
    addresses: string[],
    peerName: string | null = null,
  ): Promise<ChannelActor> {
    this.#requireSole();
    if (this.#isKnown(toHex(channelId)))
      throw new EngineError('known_channel', 'This channel is in your wallet already.');
    const object = await this.#deps.chain().channel(channelId);
    if (!object)
      throw new EngineError(
        'not_on_chain',
        `There is no open channel with this id on ${this.#deps.network.networkId}: check the id; if it is right, the channel is closed.`,
      );
    const self = toHex(this.#deps.signer.publicKey);
    const role: Role | null =
      toHex(object.initiator) === self ? 'initiator' : toHex(object.responder) === self ? 'responder' : null;
    if (!role) throw new EngineError('not_ours', 'This channel is between two other accounts, not yours.');
    const keys = { initiator: object.initiator, responder: object.responder };
    const theirs = keys[other(role)];
    if (peer && toHex(peer) !== toHex(theirs))
      throw new EngineError(
        'other_peer',
        'This channel is not with the account of this invite: give the invite of its other side.',
      );
    const terms: Terms = {
      initiatorAmount: object.initiatorAmount,
      responderAmount: object.responderAmount,
      pushAmount: 0n,
      channelReserve: object.channelReserve,
      lockPeriod: object.lockPeriod,
    };
    const { networkId, chainHash } = this.#deps.network;
    const opening = { temporaryId: channelId, keys, networkId, chainHash };
    const channel = fromChain(opening, role, terms, 1, this.#env());
    const actor = await this.#begin(firstStored(channel, addresses, peerName, this.#deps.clock.now()));
    void this.#watcher.look();
    return actor;
  }

  /** Proposes a channel to the account at these addresses. Resolves when the proposal is stored. */
  async open(
    peer: Uint8Array,
    addresses: string[],
    terms: Terms,
    peerName: string | null = null,
    temporaryId: Uint8Array = this.#deps.random(32),
    feeStep = 0,
  ): Promise<ChannelActor> {
    const channel = initiate(
      {
        temporaryId,
        keys: { initiator: this.#deps.signer.publicKey, responder: peer },
        networkId: this.#deps.network.networkId,
        chainHash: this.#deps.network.chainHash,
      },
      terms,
      this.#env(),
    );
    if (typeof channel === 'string') throw new EngineError('bad_terms', channel);
    this.#requireSole();
    const problem = await this.fundingProblem(terms, feeStep);
    if (problem) throw new EngineError('insufficient_funds', problem);
    return this.#begin(firstStored(feeStep > 0 ? { ...channel, feeStep } : channel, addresses, peerName));
  }

  /** What opening would cost on chain, with this nonce of the account. */
  fundingFee(terms: Terms, feeStep = 0, nonce = 1n): bigint {
    const self = this.#deps.signer.publicKey;
    const sample = initiate(
      {
        temporaryId: new Uint8Array(32),
        keys: { initiator: self, responder: self.map((byte) => byte ^ 1) },
        networkId: this.#deps.network.networkId,
        chainHash: this.#deps.network.chainHash,
      },
      terms,
      this.#env(),
    );
    if (typeof sample === 'string') throw new EngineError('bad_terms', sample);
    return createTx(sample, nonce, feeStep).fee;
  }

  /**
   * What the transaction would cost now by each step of the gas price, the chain's least first: aetto.
   * @throws ChainUnavailableError where the node does not tell the next nonce
   */
  async quote(wanted: Quoted): Promise<bigint[]> {
    const { signer } = this.#deps;
    const nonce = await this.#deps.chain().nextNonce(signer.publicKey);
    const fee = (step: number): bigint => {
      switch (wanted.type) {
        case 'open':
          return this.fundingFee(wanted.terms, step, nonce);
        case 'send':
          return this.#spendOf(wanted.to, wanted.amount, nonce, new Uint8Array(), gasPrice(step)).fee;
        case 'move':
          return moveFee(this.channel(wanted.channel).channel, wanted.amount, nonce, step);
        case 'close_alone':
          return closeSoloFee(this.channel(wanted.channel).channel, nonce, step);
      }
    };
    return Array.from({ length: feeSteps }, (_, step) => fee(step));
  }

  /** Why the account cannot fund these terms, a sentence; null where it can or the node does not answer. */
  async fundingProblem(terms: Terms, feeStep = 0): Promise<string | null> {
    const fee = this.fundingFee(terms, feeStep);
    const { balance } = await this.#deps.chain().account(this.#deps.signer.publicKey);
    const need = terms.initiatorAmount + fee;
    if (balance >= need) return null;
    return `Your account holds ${inAe(balance)} AE; this channel needs ${inAe(need)} AE with the fee.`;
  }

  /** The outcome of a request that was acted on; null of any other. */
  async outcome(scope: string, id: string): Promise<Outcome | null> {
    const key = requestKey(scope, id);
    const known = this.#told.get(key) ?? (await this.#deps.store.get('requests', key));
    return (known as Outcome | undefined) ?? null;
  }

  /** How a request will end that has been taken up and has no outcome yet; null of any other. Begins nothing. */
  ending(scope: string, id: string): Promise<Outcome> | null {
    const key = requestKey(scope, id);
    // It was told already, also where its proposal is back because the store failed.
    if (this.#told.has(key)) return null;
    const waiting = this.#waiting.get(key);
    if (waiting) return waiting.promise;
    // Of an earlier life: it was proposed, or is to be proposed again after a conflict.
    for (const { channel } of this.#actors.values()) {
      const taken = [...(channel.proposal?.requests ?? []), ...channel.live.queue];
      const request = taken.find((one) => one.scope === scope && one.id === id);
      if (request) return this.#await(request).promise;
    }
    return null;
  }

  #await(request: Request) {
    let done: (outcome: Outcome) => void = () => undefined;
    const promise = new Promise<Outcome>((resolve) => {
      done = resolve;
    });
    const waiting = { request, done, promise };
    this.#waiting.set(requestKey(request.scope, request.id), waiting);
    return waiting;
  }

  /**
   * Pays or asks over the channel. Resolves when the peer co-signed or the request failed. The same scope and id
   * return the first outcome and never pay twice. Code `stopped`: how it ends is known only after the next start;
   * `not_running`: it was not begun.
   */
  async request(id: string, request: Request): Promise<Outcome> {
    if (this.#stopped) return failed(request, 'not_running', 'The wallet is not running: unlock it first.');
    const underWay = this.ending(request.scope, request.id);
    if (underWay) return underWay;
    const key = requestKey(request.scope, request.id);
    // Known from here on, so that a repetition meets this one and not the store's past.
    const { done, promise } = this.#await(request);
    try {
      const known = await this.outcome(request.scope, request.id);
      // The engine stopped while the store was read.
      if (!this.#waiting.has(key)) return promise;
      if (known) {
        this.#waiting.delete(key);
        done(known);
        return known;
      }
      this.#requireSole();
      await this.channel(id).post({ type: 'request', request });
    } catch (error) {
      this.#waiting.delete(key);
      const outcome = failed(
        request,
        error instanceof EngineError ? error.code : 'not_stored',
        error instanceof Error ? error.message : String(error),
      );
      done(outcome);
      return outcome;
    }
    return promise;
  }

  /**
   * Calls a contract on the latest state, in this process alone: no round, no signature, nothing changes.
   * @param amount aetto as if it went with the call
   * @throws EngineError where it cannot be executed
   */
  async callStatic(id: string, call: StaticCall, amount = 0n): Promise<ContractOutcome> {
    return this.#execute(id, (channel, state) => callStatic(channel, state, call, amount));
  }

  /**
   * What making or calling a contract would come to now: outcome, balances, what contracts would hold. Nothing changes.
   * @throws EngineError where it cannot be executed
   */
  async preview(id: string, wish: ContractWish, amount: bigint): Promise<Preview> {
    return this.#execute(id, (channel, state) => preview(channel, state, wish, amount));
  }

  async #execute<T extends object>(
    id: string,
    rule: (channel: Channel, state: CoSigned) => Rule<T | { problem: string }>,
  ): Promise<T> {
    const done = await this.channel(id).look(function* (channel) {
      if (!channel.latest) return { problem: 'The channel is not open.' };
      return yield* rule(channel, channel.latest);
    });
    if ('problem' in done) throw new EngineError('execution', done.problem);
    return done;
  }

  /** Any other wish of the person's. @throws EngineError with the machine's sentence where it cannot be met */
  async wish(
    id: string,
    event: Exclude<
      Event,
      { type: 'message' | 'timer' | 'chain' | 'request' | 'on_chain' | 'forced' | 'doubt' }
    >,
  ): Promise<Transition> {
    const actor = this.channel(id);
    this.#requireSole();
    if (event.type === 'close_solo' && actor.stored.restoredAt !== null)
      throw new EngineError(
        'maybe_stale',
        'This channel comes from a backup and may be older than what the other side holds: closing alone with an old state can lose coins. Connect to the other side first; after that it is possible.',
      );
    if (event.type === 'force_progress' && actor.stored.restoredAt !== null)
      throw new EngineError(
        'maybe_stale',
        'This channel comes from a backup and may be older than what the other side holds. Connect to the other side first; after that a call can be forced.',
      );
    return this.#post(actor, event);
  }

  /** When a restored channel may be closed alone although it may be old: ms since 1970; null where it is not in doubt. */
  overrideFrom({ stored }: ChannelActor): number | null {
    return stored.restoredAt === null ? null : stored.restoredAt + staleOverrideAfter;
  }

  /**
   * Closes a restored channel alone with the state there is, although the other side never showed a later one. Where it
   * has one it can take what that gives it, and the rest by the chain's rules is lost to this side.
   * @throws EngineError before `overrideFrom`
   */
  async closeWithDoubtfulState(id: string, feeStep = 0): Promise<Transition> {
    const actor = this.channel(id);
    const from = this.overrideFrom(actor);
    if (from === null) return this.wish(id, { type: 'close_solo', feeStep });
    this.#requireSole();
    if (this.#deps.clock.now() < from)
      throw new EngineError(
        'maybe_stale',
        `This channel was restored and may be older than what the other side holds. Closing it alone all the same is possible from ${new Date(from).toISOString()} on, where the other side has not been reached until then.`,
      );
    return this.#post(actor, { type: 'close_solo', feeStep });
  }

  async #post(actor: ChannelActor, event: Event): Promise<Transition> {
    const done = await actor.post(event);
    if (done.refused) throw new EngineError('not_now', done.refused);
    return done;
  }

  /** Says goodbye; the channel stays open, and is not dialled until `reconnect`. */
  async leave(id: string): Promise<void> {
    const actor = this.channel(id);
    await actor.update({ left: true });
    await this.wish(id, { type: 'leave' });
  }

  async reconnect(id: string): Promise<void> {
    const actor = this.channel(id);
    if (actor.stored.left) await actor.update({ left: false });
    this.#sessions.poke(actor.peer);
  }

  /** Tries every peer that a channel wants, and looks at the chain: after a wake-up. */
  poke(): void {
    for (const actor of this.#actors.values()) this.#sessions.poke(actor.peer);
    void this.#watcher.look();
  }

  /**
   * Pays on chain from the account. The signed transaction is stored before it is posted, so that the same request id
   * posts the same transaction again and never pays twice.
   * @param feeStep its gas price is 10^9 x 2^feeStep aetto
   */
  async spend(
    to: Uint8Array,
    amount: bigint,
    requestId: string,
    feeStep = 0,
  ): Promise<{ hash: Uint8Array; fee: bigint }> {
    const key = spendScope + requestId;
    const running = this.#spending.get(key);
    if (running) return running;
    const work = this.#spendOnce(key, to, amount, feeStep).finally(() => this.#spending.delete(key));
    this.#spending.set(key, work);
    return work;
  }

  async #spendOnce(
    key: string,
    to: Uint8Array,
    amount: bigint,
    feeStep: number,
  ): Promise<{ hash: Uint8Array; fee: bigint }> {
    const chain = this.#deps.chain();
    const known = (await this.#deps.store.get('requests', key)) as StoredSend | undefined;
    if (known) {
      const mined = known.replaced && (await minedForm(chain, known));
      if (mined) return mined;
      // It may be on the chain long since; posting it again tells, and does no harm.
      const place = await chain.transaction(txHash(known.signed));
      if (place === 'unknown') await chain.post(known.signed);
      return { hash: txHash(known.signed), fee: known.fee };
    }
    const nonce = await this.#nonces.reserve(key);
    let stored = false;
    try {
      const { signed, fee } = await this.#spendTx(to, amount, nonce, new Uint8Array(), gasPrice(feeStep));
      const { balance } = await chain.account(this.#deps.signer.publicKey);
      if (balance < amount + fee)
        throw new EngineError(
          'insufficient_funds',
          `Your account holds ${inAe(balance)} AE; this payment needs ${inAe(amount + fee)} AE with the fee.`,
        );
      await this.#deps.store.commit([
        this.#nonces.hold(nonce, key),
        { table: 'requests', key, value: { signed, fee } },
      ]);
      stored = true;
      await chain.post(signed);
      return { hash: txHash(signed), fee };
    } catch (error) {
      // In memory at once: kept, it would hold up all that the account does later.
      if (!stored) this.#nonces.release(nonce);
      // Unless the node refused it, it may have taken it: then the stored one stays, and is posted again.
      else if (!(error instanceof ChainUnavailableError))
        await this.#deps.store.commit([
          this.#nonces.release(nonce),
          { table: 'requests', key, value: undefined },
        ]);
      throw error;
    }
  }

  /**
   * Payments of `spend` that no block has yet, as far as the node tells.
   * @param used the account's last used nonce on the chain, where it is known already
   */
  async waitingSends(used?: bigint): Promise<WaitingSend[]> {
    const holders = this.#nonces.holders().filter(({ holder }) => holder.startsWith(spendScope));
    if (holders.length === 0) return [];
    const spent = used ?? (await this.#deps.chain().account(this.#deps.signer.publicKey)).nonce;
    const waiting: WaitingSend[] = [];
    for (const { nonce, holder } of holders) {
      if (nonce <= spent) continue;
      const stored = (await this.#deps.store.get('requests', holder)) as StoredSend | undefined;
      if (!stored) continue;
      const { recipientId, amount } = spendOf(stored.signed);
      const requestId = holder.slice(spendScope.length);
      const { fee } = stored;
      waiting.push({ requestId, to: recipientId.key, amount, fee, raised: 2n * fee });
    }
    return waiting;
  }

  /**
   * Replaces a payment that waits by the same with this fee, under the same nonce: only one of them can be mined.
   * @param fee aetto, at least twice what it has
   * @throws EngineError where it cannot be; TransactionRefusedError and ChainUnavailableError of the node
   */
  async raiseSendFee(requestId: string, fee: bigint): Promise<void> {
    const key = spendScope + requestId;
    // One after the other, and after the payment itself.
    while (this.#spending.has(key)) await this.#spending.get(key)?.catch(() => undefined);
    const work = this.#raiseSend(key, fee).finally(() => this.#spending.delete(key));
    this.#spending.set(key, work);
    await work;
  }

  async #raiseSend(key: string, fee: bigint): Promise<{ hash: Uint8Array; fee: bigint }> {
    this.#requireSole();
    const { store, signer } = this.#deps;
    const chain = this.#deps.chain();
    const stored = (await store.get('requests', key)) as StoredSend | undefined;
    if (!stored) throw new EngineError('unknown_payment', 'There is no such payment in this wallet.');
    const tx = spendOf(stored.signed);
    const { nonce: used, balance } = await chain.account(signer.publicKey);
    if (tx.nonce <= used)
      throw new EngineError('mined', 'A block has this payment already: its fee is paid.');
    if (fee < 2n * stored.fee)
      throw new EngineError(
        'low_fee',
        `A fee of ${inAe(fee)} AE does not replace it: give at least ${inAe(2n * stored.fee)} AE.`,
      );
    if (balance < tx.amount + fee)
      throw new EngineError(
        'insufficient_funds',
        `Your account holds ${inAe(balance)} AE; this payment needs ${inAe(tx.amount + fee)} AE with the new fee.`,
      );
    return this.#replaceSend(key, stored, fee);
  }

  async #replaceSend(
    key: string,
    stored: StoredSend,
    fee: bigint,
  ): Promise<{ hash: Uint8Array; fee: bigint }> {
    const { store } = this.#deps;
    const signed = await this.#signSpend({ ...spendOf(stored.signed), fee });
    const { replaced = [], ...last } = stored;
    const value: StoredSend = { signed, fee, replaced: [last, ...replaced] };
    await store.commit([{ table: 'requests', key, value }]);
    try {
      await this.#deps.chain().post(signed);
    } catch (error) {
      // Refused: the earlier one is what waits. Not answered: the new one may have arrived, and can be posted again.
      if (!(error instanceof ChainUnavailableError))
        await store.commit([{ table: 'requests', key, value: stored }]);
      throw error;
    }
    return { hash: txHash(signed), fee };
  }

  /**
   * Posts a payment again that the node has lost. One that it dropped it takes no more: for an aetto more it is another
   * one, under the same nonce. @returns whether there is such a payment
   */
  async #keepPosted(key: string): Promise<boolean> {
    const chain = this.#deps.chain();
    const stored = (await this.#deps.store.get('requests', key)) as StoredSend | undefined;
    if (!stored || this.#spending.has(key)) return Boolean(stored);
    const isLost = async () => (await chain.transaction(txHash(stored.signed))) === 'unknown';
    if (!(await isLost())) return true;
    await chain.post(stored.signed);
    const tries = stored.replaced?.length ?? 0;
    if (tries < postedAtMost && (await isLost())) {
      const work = this.#replaceSend(key, stored, stored.fee + 1n);
      this.#spending.set(key, work);
      await work.finally(() => this.#spending.delete(key));
    }
    return true;
  }

  /** What raising the fee of the channel's own waiting transaction would cost, in aetto; null where none waits. */
  raisedFee(actor: ChannelActor): bigint | null {
    const solo = waitingSolo(actor.channel);
    if (solo) return raisedFee(actor.channel, solo);
    const cancel = this.#waitingCancel(actor);
    return cancel && 2n * cancel.fee;
  }

  /** Replaces the channel's own waiting transaction by the same with this fee. @throws EngineError where it cannot be */
  async raiseFee(id: string, fee: bigint): Promise<void> {
    const actor = this.channel(id);
    const cancel = waitingSolo(actor.channel) ? null : this.#waitingCancel(actor);
    if (!cancel) {
      await this.wish(id, { type: 'raise_fee', fee });
      return;
    }
    this.#requireSole();
    if (fee < 2n * cancel.fee)
      throw new EngineError(
        'low_fee',
        `A fee of ${inAe(fee)} AE does not replace it: give at least ${inAe(2n * cancel.fee)} AE.`,
      );
    const { nonce, balance } = await this.#deps.chain().account(this.#deps.signer.publicKey);
    if (nonce >= cancel.nonce)
      throw new EngineError('mined', 'A block has this transaction already: its fee is paid.');
    if (balance < fee)
      throw new EngineError(
        'insufficient_funds',
        `Your account holds ${inAe(balance)} AE; the new fee is ${inAe(fee)} AE.`,
      );
    const cancelTx = await this.#signSpend({ ...cancel, fee });
    await actor.update({ cancelTx });
    await actor.broadcast(cancelTx);
  }

  /** The transaction that spends a nonce of this channel on nothing, while it is needed. */
  #waitingCancel({ channel, stored }: ChannelActor): TxOf<'SpendTx'> | null {
    if (!stored.cancelTx) return null;
    const needed =
      channel.phase === 'cancelling'
        ? channel.funding?.nonce
        : channel.move?.cancel
          ? channel.move.nonce
          : isOver(channel)
            ? unspent(channel, 0n)[0]?.nonce
            : undefined;
    const tx = spendOf(stored.cancelTx);
    return tx.nonce === needed ? tx : null;
  }

  /** Whether a channel or a payment of this wallet has a transaction with this nonce. */
  isNonceHeld(nonce: bigint): boolean {
    return this.#nonces.isHeld(nonce);
  }

  /**
   * Posts a transaction of this account that was made elsewhere, under the one ledger of nonces.
   * @throws EngineError where the nonce is held; TransactionRefusedError and ChainUnavailableError of the node
   */
  async publish(signed: Uint8Array, nonce: bigint): Promise<Uint8Array> {
    const key = requestKey('publish', toHex(txHash(signed)));
    // Posted before: again does no harm, and tells whether the node has it.
    if (!(await this.#deps.store.get('requests', key))) {
      if (!(await this.#nonces.take(nonce, 'publish')))
        throw new EngineError('nonce_held', `Nonce ${nonce} belongs to another transaction of this wallet.`);
      try {
        await this.#deps.store.commit([
          this.#nonces.hold(nonce, 'publish'),
          { table: 'requests', key, value: { signed } },
        ]);
      } catch (error) {
        this.#nonces.release(nonce);
        throw error;
      }
    }
    try {
      return await this.#deps.chain().post(signed);
    } catch (error) {
      if (!(error instanceof ChainUnavailableError))
        await this.#deps.store.commit([
          this.#nonces.release(nonce),
          { table: 'requests', key, value: undefined },
        ]);
      throw error;
    }
  }

  /** Twice the gas price, so that it goes before the other transaction of this nonce where both wait. */
  #spendOnNothing(nonce: bigint, other = gasPrice(0)): Promise<{ signed: Uint8Array; fee: bigint }> {
    return this.#spendTx(this.#deps.signer.publicKey, 0n, nonce, new Uint8Array(), 2n * other);
  }

  async #cancelNonce(actor: ChannelActor, nonce: bigint): Promise<void> {
    const { funding, move, closing } = actor.channel;
    const other = [funding, move, closing].find((joint) => joint?.nonce === nonce);
    const { signed } = await this.#spendOnNothing(
      nonce,
      other ? other.fee / gasOf(parseTx(other.tx)) : undefined,
    );
    await actor.update({ cancelTx: signed });
    await actor.broadcast(signed);
  }

  /** What of older nonces still has to be spent before this restored channel is used again; null where it is not. */
  doubt({ channel }: ChannelActor): DoubtStatus | null {
    return channel.doubt ? this.#doubt.status() : null;
  }

  async #settleDoubt(actors: ChannelActor[], height: number): Promise<void> {
    const depth = Math.max(1, ...actors.map(({ channel }) => channel.minimumDepth));
    const over = await this.#doubt.look(height, depth);
    for (const actor of actors) {
      if (over) await actor.post({ type: 'doubt', over: true });
      this.#deps.on.changed(actor);
    }
  }

  #spendOf(to: Uint8Array, amount: bigint, nonce: bigint, payload: Uint8Array, price: bigint) {
    const tx: TxOf<'SpendTx'> = {
      type: 'SpendTx',
      senderId: this.#deps.signer.publicKey,
      recipientId: { kind: 'account', key: to },
      amount,
      fee: 0n,
      ttl: 0n,
      nonce,
      payload,
    };
    return { ...tx, fee: minFee(tx, price) };
  }

  async #spendTx(to: Uint8Array, amount: bigint, nonce: bigint, payload: Uint8Array, price: bigint) {
    const tx = this.#spendOf(to, amount, nonce, payload, price);
    return { signed: await this.#signSpend(tx), fee: tx.fee };
  }

  async #signSpend(tx: TxOf<'SpendTx'>): Promise<Uint8Array> {
    const bytes = serializeTx(tx);
    const signature = await this.#deps.signer.sign(signingBytes(this.#deps.network.networkId, txHash(bytes)));
    return signedTx(bytes, [signature]);
  }

  // ---- inside

  /** @throws EngineError while another installation of this key is at work */
  #requireSole(): void {
    if (this.#rival.current()) throw new EngineError('rival', rivalSentence);
  }

  #env() {
    return { now: this.#deps.clock.now(), settings: this.#deps.settings() };
  }

  /** @throws StoreError where the channel's contracts cannot be read */
  async #load(row: StoredRow): Promise<void> {
    const id = localId(row.channel);
    const { find, rows } = hasRoots(row.channel)
      ? await readNodes(this.#deps.store, id)
      : { find: () => undefined, rows: 0 };
    this.#add({ ...row, channel: plant(row.channel, find, id) }, rows);
  }

  /** A new record: durable, then greeted to its peer. */
  async #begin(stored: StoredChannel): Promise<ChannelActor> {
    await this.#deps.store.commit([
      { table: 'channels', key: localId(stored.channel), value: storable(stored) },
    ]);
    const actor = this.#add(stored);
    const send = this.#sessions.sender(actor.peer);
    if (send) this.#connect(actor, send);
    else this.#sessions.poke(actor.peer);
    return actor;
  }

  #add(stored: StoredChannel, nodes = 0): ChannelActor {
    const deps: ActorDeps = {
      store: this.#deps.store,
      signer: this.#deps.signer,
      verify: this.#deps.verify,
      clock: this.#deps.clock,
      chain: this.#deps.chain,
      nonces: this.#nonces,
      env: () => this.#env(),
      claim: (actor, id) => this.#claim(actor, toHex(id)),
      changed: (actor) => {
        this.#index(actor);
        this.#believe(actor);
        this.#deps.on.changed(actor);
      },
      outcome: (outcome, durable) => {
        const key = requestKey(outcome.scope, outcome.id);
        if (durable) this.#told.delete(key);
        else this.#told.set(key, outcome);
        this.#waiting.get(key)?.done(outcome);
        this.#waiting.delete(key);
      },
      committed: this.#deps.on.committed,
      inband: this.#deps.on.inband,
      disconnect: (actor, reason) => this.#sessions.drop(actor.peer, reason),
      storeFailed: this.#deps.on.storeFailed,
      cancelNonce: (actor, nonce) => this.#cancelNonce(actor, nonce),
      behind: (actor) => this.#behind(actor),
      isBehind: () => this.#standStill(),
    };
    const actor = new ChannelActor(stored, deps, nodes);
    this.#actors.set(actor.id, actor);
    this.#index(actor);
    return actor;
  }

  #index(actor: ChannelActor): void {
    this.#claim(actor, actor.id);
    if (actor.channel.channelId) this.#claim(actor, toHex(actor.channel.channelId));
  }

  /**
   * From here on messages of its peer under this id are for this channel. @returns false where another one that is not
   * over has the id: two records of one channel on the chain would each take payments, and only one could show its state
   */
  #claim(actor: ChannelActor, id: string): boolean {
    const key = wireKey(actor.peer, id);
    const holder = this.#byWire.get(key);
    if (holder && holder !== actor && !holder.over) return false;
    this.#byWire.set(key, actor);
    return true;
  }

  /** Whether a channel here has this id, temporary or not. */
  #isKnown(id: string): boolean {
    return (
      this.#actors.has(id) ||
      this.channels().some(({ channel }) => channel.channelId !== null && toHex(channel.channelId) === id)
    );
  }

  /** A channel out of a backup is as good as any other once the peer has shown its latest state. */
  #believe(actor: ChannelActor): void {
    if (actor.stored.restoredAt === null || this.#believing.has(actor.id) || !isReestablished(actor.channel))
      return;
    this.#believing.add(actor.id);
    this.#quietly(actor.update({ restoredAt: null }).finally(() => this.#believing.delete(actor.id)));
  }

  /** A restored record is expected to be behind; any other means that the key signs elsewhere too. */
  #behind(actor: ChannelActor): Write[] {
    if (actor.stored.restoredAt !== null) return [];
    return [this.#rival.found({ at: this.#deps.clock.now(), channel: actor.id })];
  }

  /** Only one installation writes: this one gives up its connections, and with them all it could sign for a peer. */
  #standStill(): void {
    if (!this.#rival.current()) return;
    for (const actor of this.#actors.values())
      this.#sessions.drop(actor.peer, 'another installation is active');
    this.#deps.on.rival();
  }

  /**
   * Whether something else spends the account's nonces: then the peers are asked again which states they hold. And
   * whether one lies unused before others.
   */
  async #lookAtAccount(height: number): Promise<void> {
    const now = this.#deps.clock.now();
    const { nonce: first } = this.#nonces.holders()[0] ?? { nonce: null };
    const isUrgent = first !== null && this.#isUrgent(first);
    if (now - this.#accountSeenAt < accountInterval && !isUrgent) return;
    this.#accountSeenAt = now;
    const { nonce } = await this.#deps.chain().account(this.#deps.signer.publicKey);
    if (await this.#nonces.isForeign(nonce)) {
      this.#deps.on.foreign();
      for (const actor of this.#actors.values())
        this.#sessions.drop(actor.peer, 'the account is used elsewhere');
      return;
    }
    if (this.#rival.current()) return;
    const next = this.#nonces.holders().find((one) => one.nonce === nonce + 1n);
    if (next?.holder.startsWith(spendScope)) await this.#keepPosted(next.holder);
    await this.#gaps.look(nonce, height);
  }

  /** Whether a nonce's holder sees to it that it gets spent; a payment that waits is posted again. */
  async #isKept(holder: string, nonce: bigint): Promise<boolean> {
    const actor = this.#actors.get(holder);
    if (!actor) return holder.startsWith(spendScope) && this.#keepPosted(holder);
    if (actor.over) return actor.channel.held.some((one) => one.nonce === nonce);
    // What it has half signed waits for the other side, which may never answer.
    return !this.#isUrgent(nonce) || !isHalfSigned(actor.channel, nonce);
  }

  /** Whether a close, or the answer to one, waits for this nonce: its time runs out. */
  #isUrgent(nonce: bigint): boolean {
    return this.channels().some(({ channel: { solo } }) => solo !== null && solo.nonce > nonce);
  }

  #wanted(peer: Uint8Array): string[] {
    if (this.#rival.current()) return [];
    const key = toHex(peer);
    const addresses = new Set<string>();
    for (const actor of this.#actors.values()) {
      if (toHex(actor.peer) !== key || isOver(actor.channel) || actor.stored.left) continue;
      if (actor.channel.phase === 'cancelling' || actor.channel.phase === 'closing_solo') continue;
      for (const address of actor.stored.addresses) addresses.add(address);
    }
    return [...addresses];
  }

  #eachWith(peer: Uint8Array, work: (actor: ChannelActor) => void): void {
    const key = toHex(peer);
    for (const actor of this.#actors.values()) if (toHex(actor.peer) === key) work(actor);
  }

  #connect(actor: ChannelActor, send: (bytes: Uint8Array) => void): void {
    if (isOver(actor.channel)) return;
    actor.attach(send);
    this.#quietly(actor.post({ type: 'connected' }));
  }

  #route(peer: Uint8Array, message: Message): void {
    if (message.type === 'channel_open') return this.#onOpen(peer, message);
    const id = toHex('channel_id' in message ? message.channel_id : message.temporary_channel_id);
    const actor = this.#byWire.get(wireKey(peer, id));
    if (actor) {
      this.#quietly(actor.post({ type: 'message', message }));
      return;
    }
    // The funding of a channel that was made anew here has a temporary id that nobody here knows any more.
    if (message.type === 'funding_locked') return;
    // An error about something unknown needs no answer, or two sides would answer each other for ever.
    if (message.type !== 'error') this.#answerError(peer, id, 'there is no such channel between us');
  }

  #answerError(peer: Uint8Array, id: string, text: string): void {
    const data = new TextEncoder().encode(text);
    this.#sessions.sender(peer)?.(encode({ type: 'error', channel_id: fromHex(id), data }));
  }

  #onOpen(peer: Uint8Array, message: Extract<Message, { type: 'channel_open' }>): void {
    const id = toHex(message.temporary_channel_id);
    const answer = (text: string) => this.#answerError(peer, id, text);
    if (this.#rival.current() || !this.#deps.acceptIncoming())
      return answer('this side accepts no channels now');
    const considered = this.channels().filter((actor) => actor.channel.phase === 'considering');
    if (considered.filter((actor) => toHex(actor.peer) === toHex(peer)).length >= maxConsidered)
      return answer('too many openings of yours wait for an answer already');
    const channel = consider(
      message,
      {
        key: this.#deps.signer.publicKey,
        networkId: this.#deps.network.networkId,
        chainHash: this.#deps.network.chainHash,
        peer,
        isUnique: !this.#isKnown(id),
      },
      this.#env(),
    );
    if (typeof channel === 'string') return answer(channel);
    // Nothing is committed, so nothing is stored until the person accepts.
    const actor = this.#add(firstStored(channel));
    actor.attach(this.#sessions.sender(peer));
    this.#deps.on.changed(actor);
    this.#deps.on.considering(actor);
  }

  /** Failures are told by `storeFailed`; nobody waits for this one. */
  #quietly(work: Promise<unknown>): void {
    work.catch(() => undefined);
  }
}

const wireKey = (peer: Uint8Array, id: string): string => `${toHex(peer)}/${id}`;
const stopSentence = 'The wallet stopped before the other side answered: ask again with the same request id.';
const failed = ({ scope, id }: Request, code: string, message: string): Outcome => ({
  scope,
  id,
  ok: false,
  number: null,
  balances: null,
  code,
  message,
});
