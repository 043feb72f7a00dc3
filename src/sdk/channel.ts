/**
 * A state channel of the person's wallet, or of a headless peer, under the method and event names of aepp-sdk's Channel,
 * less `sign`: the wallet signs what its person has approved. What differs is in docs/sdk.md.
 */
import { type Amount, aetto } from './amount.ts';
import { awaitChannel, type Found, findChannel } from './attach.ts';
import { type Client, connect } from './client.ts';
import { ChannelError, codes, invalid, isUndecided } from './errors.ts';
import {
  type ChannelEvents,
  type ChannelState,
  type Emission,
  type EventName,
  emissionsOf,
  isEventName,
  stateOf,
} from './events.ts';
import { Feed } from './feed.ts';
import { type ChannelOptions, checkOptions } from './options.ts';
import { type ChannelStatus, isOver, type Phase, statusOf } from './status.ts';
import { defaultStorage, type Storage } from './storage.ts';
import type {
  Budget,
  ChannelBalances,
  ChannelInfo,
  ContractOutcome,
  ParamsOf,
  WalletEvent,
} from './types.ts';
import { newRequestId, type Wish, Wishes } from './wishes.ts';

/** The page's own name for one wish: repeating it gives the first outcome and never acts twice. */
export interface Named {
  requestId?: string | undefined;
}
/** `accepted` false: the person, or the other side, said no; nothing has changed. */
export interface Answer {
  accepted: boolean;
  errorCode?: number;
  errorMessage?: string;
}
export interface Locks {
  onOnChainTx?: ((tx: string) => unknown) | undefined;
}
export interface ContractAnswer extends Answer {
  /** The contract, `ct_`. */
  address?: string;
  outcome?: ContractOutcome;
}

interface CallOptions {
  contract: string;
  callData: string;
  amount?: Amount | undefined;
  abiVersion?: number | undefined;
  /** Limit of gas; what is used costs nothing off the chain. */
  gasLimit?: Amount | undefined;
}

/** FATE 3 and its ABI, as the wallet makes contracts. */
const vmVersions = { vmVersion: 8, abiVersion: 3 };
/** Milliseconds between two looks at the connection, where somebody listens for it. */
const connectionInterval = 2_000;

export class Channel {
  readonly #client: Client;
  readonly #ownsClient: boolean;
  readonly #storage: Storage;
  readonly #own: { address: string; networkId: string };
  readonly #debug: boolean;
  readonly #listeners = new Map<EventName, Set<(...args: never[]) => unknown>>();
  readonly #waiting = new Set<{ look(event: WalletEvent): void; fail(error: ChannelError): void }>();
  /** Own calls of this object, for `getContractCall`. */
  readonly #calls = new Map<string, ContractOutcome>();
  readonly #ended = new AbortController();
  #info: ChannelInfo | null = null;
  #state: ChannelState | null = null;
  #feed: Feed | null = null;
  #wishes: Wishes | null = null;
  /** The status that listeners heard last. */
  #told: ChannelStatus | null = null;
  #delivering: 'no' | 'soon' | 'yes' = 'no';
  #connectionTimer: ReturnType<typeof setInterval> | null = null;

  private constructor(client: Client, own: { address: string; networkId: string }, options: ChannelOptions) {
    this.#client = client;
    this.#ownsClient = options.client === undefined;
    this.#own = own;
    this.#storage = options.storage ?? defaultStorage();
    this.#debug = options.debug === true;
  }

  /**
   * Finds the wallet, and the channel that these options mean: the one with `existingChannelId`, else one with this
   * account that is not over, else as initiator a new one, which the person approves. As responder it resolves at once,
   * and the channel is attached when the other side has opened it.
   * Register listeners in the same turn: what happened meanwhile is told from then on, each event once.
   * @throws ChannelError -32602 for options that cannot be met, 4001 where the person says no, 4900 without a wallet
   */
  static async initialize(options: ChannelOptions): Promise<Channel> {
    checkOptions(options);
    const { url, token, provider } = options;
    const { client, ...own } = options.client
      ? { client: options.client, ...(await options.client.request('connect')) }
      : await connect(token === undefined ? { provider } : { url: url!, token });
    try {
      const channel = new Channel(client, own, options);
      const found = await findChannel(client, options, own, channel.#storage);
      if (found) await channel.#attach(found);
      else channel.#await(options);
      return channel;
    } catch (error) {
      if (!options.client) client.close();
      throw error;
    }
  }

  // ---- events

  /** @throws ChannelError for an event that there is not */
  on<E extends EventName>(event: E, listener: ChannelEvents[E]): void {
    if (!isEventName(event)) throw invalid(`on: there is no event "${String(event)}".`);
    if (typeof listener !== 'function') throw invalid('on: give an event’s name and a function.');
    if (!this.#listeners.has(event)) this.#listeners.set(event, new Set());
    this.#listeners.get(event)!.add(listener as (...args: never[]) => unknown);
    if (event === 'peerDisconnected' || event === 'channelReestablished') this.#watchConnection();
    if (this.#delivering !== 'no') return;
    this.#delivering = 'soon';
    // The other listeners of this turn come first.
    setTimeout(() => this.#deliver(), 0);
  }

  off<E extends EventName>(event: E, listener: ChannelEvents[E]): void {
    this.#listeners.get(event)?.delete(listener as (...args: never[]) => unknown);
  }

  /** Ends this object and its connection. The channel goes on; what happens is told to the next object. */
  disconnect(): void {
    if (this.#ended.signal.aborted) return;
    this.#ended.abort();
    if (this.#connectionTimer) clearInterval(this.#connectionTimer);
    this.#feed?.stop();
    if (this.#ownsClient) this.#client.close();
    const gone = new ChannelError('disconnected', 'This channel object was disconnected.');
    for (const { fail } of [...this.#waiting]) fail(gone);
    this.#tellStatus();
  }

  // ---- what is known

  status(): ChannelStatus {
    if (this.#ended.signal.aborted) return 'disconnected';
    return this.#info ? statusOf(this.#info.phase) : 'connected';
  }

  /** Null before there is a co-signed state. */
  round(): number | null {
    return this.#state?.round ?? null;
  }

  /** The channel's id on chain, `ch_`. @throws ChannelError before its funding is co-signed */
  id(): string {
    const id = this.#info?.channelId;
    if (!id) throw new ChannelError('internal', 'The channel is not on the chain yet.');
    return id;
  }

  /** The id under which the wallet keeps the channel, from its opening on: `existingFsmId` of a later `initialize`. */
  fsmId(): string {
    return this.#here.id;
  }

  /** The other side's account, `ak_`. */
  peer(): string {
    return this.#here.peer;
  }

  /** The latest co-signed state. Trees and signatures stay in the wallet. */
  async state(): Promise<ChannelState> {
    const { mine, theirs, sequenceNumber } = await this.#balances();
    return stateOf(sequenceNumber, mine, theirs, this.#sides);
  }

  /**
   * Aetto by address, of the two accounts and of contracts (`ct_`, or the same as `ak_`); what the channel does not have
   * is left out. Of both accounts where none is named.
   */
  async balances(accounts?: readonly string[]): Promise<Record<string, string>> {
    const { mine, theirs, contracts } = await this.#balances();
    const { own, peer } = this.#sides;
    const known = new Map([
      [own, mine],
      [peer, theirs],
      ...contracts.map(({ contract, balance }) => [contract, balance] as const),
      ...contracts.map(({ contract, balance }) => [contract.replace(/^ct_/, 'ak_'), balance] as const),
    ]);
    const wanted = accounts ?? [own, peer];
    return Object.fromEntries(wanted.flatMap((name) => (known.has(name) ? [[name, known.get(name)!]] : [])));
  }

  // ---- what changes it

  /**
   * Pays. `from` is the wallet's account, `to` the other side's; `metadata` at most one text, which both sides keep.
   * Resolves when it is co-signed.
   */
  async update(
    from: string,
    to: string,
    amount: Amount,
    metadata: readonly string[] = [],
    { requestId }: Named = {},
  ): Promise<Answer & { round?: number; balances?: Record<string, string> }> {
    noSign(metadata);
    const { own, peer } = this.#sides;
    if (from !== own)
      throw invalid(`from: this wallet pays from ${own} only. The other side pays by an update of its own.`);
    if (to !== peer) throw invalid(`to: the other side of this channel is ${peer}.`);
    if (metadata.length > 1) throw invalid('metadata: an update carries one text.');
    const [note] = metadata;
    return this.#wish(
      'channel.transfer',
      { amount: aetto('amount', amount), ...(note === undefined ? {} : { note }) },
      requestId,
    ) as Promise<Answer>;
  }

  /** Puts coins of the account into the channel. Resolves once both sides count them. */
  async deposit(
    amount: Amount,
    options: Locks &
      Named & {
        onOwnDepositLocked?: (() => unknown) | undefined;
        onDepositLocked?: (() => unknown) | undefined;
      } = {},
  ): Promise<Answer> {
    noSign(options);
    const answer = await this.#move('channel.deposit', amount, options);
    if (answer.accepted) options.onOwnDepositLocked?.();
    if (answer.accepted) options.onDepositLocked?.();
    return answer;
  }

  /** Takes coins out to the account. Resolves once both sides have seen it on the chain. */
  async withdraw(
    amount: Amount,
    options: Locks &
      Named & {
        onOwnWithdrawLocked?: (() => unknown) | undefined;
        onWithdrawLocked?: (() => unknown) | undefined;
      } = {},
  ): Promise<Answer> {
    noSign(options);
    const answer = await this.#move('channel.withdraw', amount, options);
    if (answer.accepted) options.onOwnWithdrawLocked?.();
    if (answer.accepted) options.onWithdrawLocked?.();
    return answer;
  }

  /**
   * Closes by agreement. Resolves with the transaction, `tx_`, once the close is final on the chain.
   * @throws ChannelError 4001 where the person says no
   */
  async shutdown(options: Named = {}): Promise<string> {
    noSign(options);
    const answer = await this.#wish('channel.shutdown', {}, options.requestId);
    if (typeof answer === 'string') return answer;
    const { errorCode, errorMessage } = answer as Answer;
    throw new ChannelError(errorCode ?? codes.internal, errorMessage ?? '');
  }

  /** Says goodbye. The channel stays open, and is not dialled before the next `initialize`. */
  async leave(): Promise<{ channelId: string }> {
    const channelId = this.id();
    await this.#client.request('channel.leave', { id: this.#here.id });
    this.disconnect();
    return { channelId };
  }

  /** Sends a text, or an object as JSON. The other side gets it as `message`; it has to be connected. */
  async sendMessage(message: string | object, recipient?: string, { requestId }: Named = {}): Promise<void> {
    const { peer } = this.#sides;
    if (recipient !== undefined && recipient !== peer)
      throw invalid(`recipient: the other side of this channel is ${peer}.`);
    const text = typeof message === 'string' ? message : JSON.stringify(message);
    await this.#wish('channel.sendMessage', { message: text }, requestId);
  }

  // ---- contracts

  /** Makes a contract; the other side consents. `aci` lets the person read it. */
  async createContract(
    options: {
      code: string;
      callData: string;
      deposit: Amount;
      vmVersion?: number | undefined;
      abiVersion?: number | undefined;
      aci?: unknown[] | undefined;
    } & Named,
    sign?: never,
  ): Promise<ContractAnswer> {
    noSign(sign);
    checkVersions(options);
    const { code, callData, deposit, aci, requestId } = options;
    const params = { code, callData, deposit: aetto('deposit', deposit), ...(aci ? { aci } : {}) };
    return this.#wish('channel.createContract', params, requestId) as Promise<ContractAnswer>;
  }

  /** Calls a contract. A call that fails in the contract is accepted too: `outcome.returnType` tells. */
  async callContract(
    options: CallOptions & { gasPrice?: Amount | undefined; aci?: unknown[] | undefined } & Named,
    sign?: never,
  ): Promise<ContractAnswer> {
    noSign(sign);
    const { gasPrice, aci, requestId } = options;
    const params = {
      ...callOf(options),
      ...(gasPrice === undefined ? {} : { gasPrice: aetto('gasPrice', gasPrice) }),
      ...(aci ? { aci } : {}),
    };
    return this.#wish('channel.callContract', params, requestId) as Promise<ContractAnswer>;
  }

  /** Calls a contract on the latest state. Nothing changes, nobody is asked. */
  async callContractStatic(options: CallOptions) {
    const { id } = this.#here;
    const outcome = await this.#client.request('channel.callContractStatic', { id, ...callOf(options) });
    return { ...outcome, round: Number(outcome.sequenceNumber) + 1 };
  }

  /** What a call came to that this object made. @throws ChannelError for any other: nobody keeps them */
  async getContractCall({ caller, contract, round }: { caller: string; contract: string; round: number }) {
    const outcome = caller === this.#own.address ? this.#calls.get(`${contract}/${round}`) : undefined;
    if (!outcome)
      throw new ChannelError(
        'unsupportedMethod',
        'getContractCall: only calls that this object made are known; callContract answers with their outcome.',
      );
    return { ...outcome, callerId: caller, contractId: contract };
  }

  /** Forgets what `getContractCall` knows. */
  async cleanContractCalls(): Promise<void> {
    this.#calls.clear();
  }

  // ---- budgets

  /** Asks the person for an allowance: payments within it are made without a question. */
  async requestBudget(
    options: {
      amount: Amount;
      perUpdate: Amount;
      seconds: number;
      contracts?: ParamsOf<'channel.requestBudget'>['contracts'];
    } & Named,
  ): Promise<Budget> {
    const { amount, perUpdate, seconds, contracts, requestId } = options;
    const answer = await this.#wish(
      'channel.requestBudget',
      {
        amount: aetto('amount', amount),
        perUpdate: aetto('perUpdate', perUpdate),
        seconds,
        ...(contracts ? { contracts } : {}),
      },
      requestId,
    );
    const { accepted, errorCode, errorMessage } = answer as Answer;
    if (accepted === false) throw new ChannelError(errorCode ?? codes.internal, errorMessage ?? '');
    return answer as Budget;
  }

  /** The allowance that this site has for the channel; null where it has none. */
  budget(): Promise<Budget | null> {
    return this.#client.request('channel.budget', { id: this.#here.id });
  }

  // ---- calls without an outcome

  /** Calls that changed something, of this page or the one before a reload, whose outcome is not known here. */
  async pending(): Promise<Wish[]> {
    return this.#wishes ? this.#wishes.list() : [];
  }

  /** Repeats one of `pending`, and answers as the first call would have. It never acts twice. */
  async retry(requestId: string): Promise<unknown> {
    const wish = (await this.pending()).find((one) => one.requestId === requestId);
    if (!wish) throw invalid(`requestId: "${requestId}" is not pending.`);
    return this.#carryOut(wish);
  }

  /** Takes it off the list of `pending`. What it did stays done. */
  async forget(requestId: string): Promise<void> {
    await this.#wishes?.remove(requestId);
  }

  // ---- what cannot mean anything here

  /** @throws ChannelError always */
  async poi(..._: unknown[]): Promise<never> {
    throw refusal('poi', 'a proof of inclusion serves a close by one side alone, which no page may do');
  }
  /** @throws ChannelError always */
  async forceProgress(..._: unknown[]): Promise<never> {
    throw refusal('forceProgress', 'no page may have the chain run a call: its person can, in the wallet');
  }
  /** @throws ChannelError always */
  async getContractState(..._: unknown[]): Promise<never> {
    throw refusal(
      'getContractState',
      'a contract’s store stays in the wallet: read it by callContractStatic, and its coins by balances',
    );
  }

  // ---- inside

  get #here(): ChannelInfo {
    if (this.#ended.signal.aborted)
      throw new ChannelError('disconnected', 'This channel object was disconnected: initialize another.');
    if (!this.#info)
      throw new ChannelError(
        'internal',
        'The other side has not opened the channel yet: wait for statusChanged.',
      );
    return this.#info;
  }

  get #sides(): { own: string; peer: string } {
    return { own: this.#own.address, peer: this.#here.peer };
  }

  async #balances(): Promise<ChannelBalances> {
    return this.#client.request('channel.balances', { id: this.#here.id });
  }

  /** As responder: until the other side opens one. */
  #await(options: ChannelOptions): void {
    awaitChannel(this.#client, options, this.#own.address, this.#ended.signal)
      .then((found) => found && this.#attach(found))
      .catch((error) =>
        this.#emit(['error', error instanceof ChannelError ? error : invalid(String(error))]),
      );
  }

  async #attach({ id, after, kept }: Found): Promise<void> {
    this.#info = await this.#client.request('channel.get', { id });
    this.#wishes = new Wishes(this.#storage, id);
    const feed = new Feed(this.#client, {
      key: id,
      storage: this.#storage,
      after,
      seen: (event) => this.#see(event),
      listener: (event) => this.#hear(event),
      problem: (error) => this.#emit(['error', error]),
    });
    this.#feed = feed;
    await feed.start();
    await kept();
    // What was missed is older than what there is now.
    this.#info = await this.#client.request('channel.get', { id });
    this.#state = await this.state().catch(() => null);
    if (this.#info.connection === 'offline' && !isOver(this.#info.phase))
      await this.#client.request('channel.reconnect', { id }).catch(() => undefined);
    if (this.#delivering === 'yes') this.#start();
  }

  #deliver(): void {
    this.#delivering = 'yes';
    if (this.#feed) this.#start();
  }

  #start(): void {
    this.#feed?.deliver();
    this.#tellStatus();
  }

  /** An event is known: of any channel of the site. */
  #see(event: WalletEvent): void {
    const info = this.#info;
    if (!info || event.id !== info.id) return;
    if (this.#debug) console.debug('channel', info.id.slice(0, 8), event);
    const phase = event.type === 'statusChanged' ? (event.detail.phase as Phase) : info.phase;
    this.#info = { ...info, phase, channelId: event.channelId ?? info.channelId };
    if (event.type === 'stateChanged') {
      const { mine, theirs } = event.detail;
      this.#state = stateOf(event.sequenceNumber ?? '0', mine!, theirs!, {
        own: this.#own.address,
        peer: info.peer,
      });
    }
    for (const { look } of [...this.#waiting]) look(event);
  }

  /** An event is for listeners now. */
  #hear(event: WalletEvent): unknown {
    const info = this.#info;
    if (!info || event.id !== info.id) return undefined;
    const work = this.#emit(['event', event]);
    for (const emission of emissionsOf(event, { own: this.#own.address, peer: info.peer })) {
      if (emission[0] === 'statusChanged') {
        if (emission[1] === this.#told) continue;
        this.#told = emission[1];
      }
      work.push(...this.#emit(emission));
    }
    return Promise.allSettled(work);
  }

  /** Whoever begins to listen hears where the channel stands. */
  #tellStatus(): void {
    const status = this.status();
    if (status === this.#told) return;
    this.#told = status;
    this.#emit(['statusChanged', status]);
  }

  #emit([name, ...args]: Emission): unknown[] {
    return [...(this.#listeners.get(name) ?? [])].map((listener) => {
      try {
        return listener(...(args as never[]));
      } catch (error) {
        console.error(error);
        return undefined;
      }
    });
  }

  /** The connection comes and goes too often to be kept as events. */
  #watchConnection(): void {
    if (this.#connectionTimer || this.#ended.signal.aborted) return;
    let last: ChannelInfo['connection'] | null = null;
    this.#connectionTimer = setInterval(() => {
      if (!this.#info) return;
      this.#client.request('channel.get', { id: this.#info.id }).then(
        ({ connection }) => {
          if (last === 'online' && connection !== 'online') this.#emit(['peerDisconnected']);
          if (last !== null && last !== 'online' && connection === 'online')
            this.#emit(['channelReestablished']);
          last = connection;
        },
        () => undefined,
      );
    }, connectionInterval);
  }

  #wish(
    method: Exclude<Wish['method'], 'channel.open'>,
    params: object,
    requestId = newRequestId(),
  ): Promise<unknown> {
    const { id } = this.#here;
    const after = this.#feed?.last ?? 0;
    return this.#carryOut({ requestId, method, params: { id, ...params }, after } as Wish);
  }

  async #carryOut(wish: Wish, locks: Locks = {}): Promise<unknown> {
    const { requestId, method, params } = wish;
    await this.#wishes?.put(wish);
    try {
      const result = await this.#client.request(method, { ...params, requestId } as never);
      const answer = await this.#settled(wish, result, locks);
      await this.#wishes?.remove(requestId);
      return answer;
    } catch (error) {
      if (isUndecided(error)) throw error;
      await this.#wishes?.remove(requestId);
      if (!(error instanceof ChannelError) || error.code !== codes.userRejected) throw error;
      return { accepted: false, errorCode: error.code, errorMessage: error.message } satisfies Answer;
    }
  }

  /** What the page is told; of what takes effect later, once it has. */
  async #settled(wish: Wish, result: unknown, locks: Locks): Promise<unknown> {
    switch (wish.method) {
      case 'channel.transfer': {
        const { sequenceNumber, mine, theirs } = result as Record<string, string>;
        return { accepted: true, ...stateOf(sequenceNumber!, mine!, theirs!, this.#sides) };
      }
      case 'channel.createContract':
      case 'channel.callContract': {
        const outcome = result as ContractOutcome;
        this.#calls.set(`${outcome.contract}/${outcome.round}`, outcome);
        return { accepted: true, address: outcome.contract, outcome } satisfies ContractAnswer;
      }
      case 'channel.deposit':
        return this.#moved(wish, 'deposit', locks);
      case 'channel.withdraw':
        return this.#moved(wish, 'withdrawal', locks);
      case 'channel.shutdown':
        return this.#closed(wish);
      case 'channel.requestBudget':
        return result;
      default:
        return undefined;
    }
  }

  #move(
    method: 'channel.deposit' | 'channel.withdraw',
    amount: Amount,
    options: Locks & Named,
  ): Promise<Answer> {
    const { id } = this.#here;
    const wish: Wish = {
      requestId: options.requestId ?? newRequestId(),
      method,
      params: { id, amount: aetto('amount', amount) },
      after: this.#feed?.last ?? 0,
    };
    return this.#carryOut(wish, options) as Promise<Answer>;
  }

  #moved(
    { after, params }: Wish & { params: { amount: string } },
    what: 'deposit' | 'withdrawal',
    { onOnChainTx }: Locks,
  ): Promise<Answer> {
    const lock = what === 'deposit' ? 'depositLocked' : 'withdrawLocked';
    return this.#until(after, ({ type, detail }) => {
      if (type === 'onChainTx' && detail.what === what) onOnChainTx?.(detail.tx!);
      if (type === 'statusChanged' && isOver(detail.phase as Phase))
        throw new ChannelError(
          'internal',
          `The channel is ${detail.phase}: look at it to see what became of the ${what}.`,
        );
      if (detail.by === 'peer' || detail.amount !== params.amount) return undefined;
      if (type === lock) return { accepted: true };
      if (type === 'error' && detail.what === what)
        return { accepted: false, errorCode: codes.userRejected, errorMessage: detail.message! };
      return undefined;
    });
  }

  #closed({ after }: Wish): Promise<string> {
    let tx = '';
    let closing = false;
    return this.#until(after, ({ type, detail }) => {
      if (type === 'onChainTx' && detail.what?.startsWith('close')) tx = detail.tx!;
      if (type !== 'statusChanged') return undefined;
      const status = statusOf(detail.phase as Phase);
      if (status === 'closed') return tx;
      if (status === 'died' || (closing && status === 'open'))
        throw new ChannelError(
          'internal',
          'The channel was not closed: see its `error` event, or the wallet.',
        );
      closing ||= status === 'closing';
      return undefined;
    });
  }

  /** The first answer that `read` gives to an event of this channel above this number. */
  #until<T>(after: number, read: (event: WalletEvent) => T | undefined): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      let before: WalletEvent[] | null = [];
      let last = after;
      const waiter = {
        look: (event: WalletEvent) => {
          if (before) {
            before.push(event);
            return;
          }
          if (event.number <= last || event.id !== this.#info?.id) return;
          last = event.number;
          try {
            const found = read(event);
            if (found === undefined) return;
            this.#waiting.delete(waiter);
            resolve(found);
          } catch (error) {
            waiter.fail(error as ChannelError);
          }
        },
        fail: (error: ChannelError) => {
          this.#waiting.delete(waiter);
          reject(error);
        },
      };
      this.#waiting.add(waiter);
      // What was told before this object listened for it.
      this.#client.request('events.since', { after }).then((events) => {
        const live = before ?? [];
        before = null;
        for (const event of [...events, ...live]) waiter.look(event);
      }, waiter.fail);
    });
  }
}

function callOf(options: CallOptions) {
  checkVersions(options);
  const { contract, callData, amount = 0n, gasLimit } = options;
  return {
    contract,
    callData,
    amount: aetto('amount', amount),
    ...(gasLimit === undefined ? {} : { gas: aetto('gasLimit', gasLimit) }),
  };
}

function checkVersions(given: { vmVersion?: number | undefined; abiVersion?: number | undefined }): void {
  for (const [name, version] of Object.entries(vmVersions) as [keyof typeof vmVersions, number][])
    if (given[name] !== undefined && Number(given[name]) !== version)
      throw invalid(`${name}: contracts of this wallet have ${version}, not ${given[name]}.`);
}

function noSign(argument: unknown): void {
  if (typeof argument === 'function')
    throw invalid('sign: the wallet signs, when its person has approved: leave the function out.');
}

const refusal = (name: string, why: string): ChannelError =>
  new ChannelError('unsupportedMethod', `${name}: ${why}.`);
