/**
 * What a web page may do: connected sites ask, the person approves, the channel pays. A page is known by the origin
 * that the browser vouches for; what it sends is validated here and nowhere else.
 */
import * as v from 'valibot';
import type { ChannelActor } from '../../engine/actor.ts';
import type { Engine } from '../../engine/engine.ts';
import type { Clock, Random, Store, Write } from '../../engine/ports.ts';
import { encode } from '../../protocol/chain/address.ts';
import { contractsOf, spendable } from '../../protocol/channel/index.ts';
import { type PageEvent, type PageMethod, type PageMethods, pageMethods } from '../../rpc/page.ts';
import { sidesView, termsOf } from '../view.ts';
import { askId, type SiteAsks } from './approvals.ts';
import { type Budgets, pageBudget } from './budgets.ts';
import { type Change, changesOf, messageDetail, type Told, toldOf } from './changes.ts';
import { Contracts } from './contracts.ts';
import { PageError } from './errors.ts';
import { Operations } from './operations.ts';
import { Payments } from './payments.ts';
import { follows, type Sites } from './sites.ts';

export interface GateDeps {
  store: Store;
  clock: Clock;
  random: Random;
  sites: Sites;
  asks: SiteAsks;
  budgets: Budgets;
  /** Null while the wallet is locked or not set up. */
  running(): { engine: Engine; address: string; networkId: string } | null;
  /** Opens the wallet, so that the person can unlock it. */
  wantUnlock(): void;
  push(origin: string, event: PageEvent): void;
}

type Methods = {
  [M in PageMethod]: (origin: string, params: v.InferOutput<PageMethods[M]['params']>) => Promise<unknown>;
};

export class Gate {
  readonly #deps: GateDeps;
  readonly operations: Operations;
  readonly contracts: Contracts;
  readonly payments: Payments;
  /** Sites that the person has just said yes to. */
  readonly #connecting = new Map<string, Promise<unknown>>();
  /** What was told of each channel, and whether that is in the store. */
  readonly #told = new Map<string, { told: Told | null; stored: boolean }>();
  readonly #telling = new Map<string, Promise<void>>();
  constructor(given: GateDeps) {
    const deps = { ...given, asks: this.#ofConnected(given.asks) };
    this.#deps = given;
    const running = (origin: string) => this.#running(origin);
    this.operations = new Operations({ ...deps, running });
    this.contracts = new Contracts({ ...deps, running });
    this.payments = new Payments({ ...deps, running });
  }

  /** @throws PageError */
  async handle(origin: string, method: string, params: unknown): Promise<unknown> {
    if (!Object.hasOwn(pageMethods, method))
      throw new PageError('unsupportedMethod', `There is no method "${method.slice(0, 64)}".`);
    const name = method as PageMethod;
    const parsed = v.safeParse(pageMethods[name].params, params ?? {});
    if (!parsed.success) {
      const issue = parsed.issues[0];
      const place = v.getDotPath(issue);
      throw new PageError('invalidParams', `${method}: ${place ? `${place}: ` : ''}${issue.message}`);
    }
    if (name !== 'connect') this.#requireConnected(origin);
    return this.#methods[name](origin, parsed.output as never);
  }

  /** Every method there is: what is not in this table is no method. All but `connect` are for connected sites. */
  readonly #methods: Methods = {
    connect: (origin) => this.#connect(origin),
    disconnect: async (origin) => {
      await this.disconnect(origin);
      return {};
    },
    'channel.list': (origin, input) => this.#list(origin, input),
    'channel.get': async (origin, input) => this.#view(origin, this.#own(origin, input)),
    'channel.balances': async (origin, input) => balancesOf(this.#own(origin, input)),
    'channel.transfer': async (origin, input) =>
      this.payments.transfer(origin, this.#own(origin, input), input),
    'channel.open': (origin, { requestId, invite, terms }) =>
      this.operations.open(origin, requestId, invite, termsOf(terms)),
    'channel.deposit': async (origin, input) =>
      this.operations.begin(
        origin,
        input.requestId,
        this.#own(origin, input),
        'deposit',
        BigInt(input.amount),
      ),
    'channel.withdraw': async (origin, input) =>
      this.operations.begin(
        origin,
        input.requestId,
        this.#own(origin, input),
        'withdraw',
        BigInt(input.amount),
      ),
    'channel.createContract': async (origin, input) =>
      this.contracts.create(origin, this.#own(origin, input), input),
    'channel.callContract': async (origin, input) =>
      this.contracts.call(origin, this.#own(origin, input), input),
    'channel.callContractStatic': async (origin, input) =>
      this.contracts.callStatic(origin, this.#own(origin, input), input),
    'channel.requestBudget': async (origin, input) =>
      this.#deps.budgets.request(origin, this.#own(origin, input), input),
    'channel.budget': async (origin, input) => {
      const budget = this.#deps.budgets.of(origin, this.#own(origin, input).id);
      return budget && pageBudget(budget);
    },
    'channel.shutdown': async (origin, input) =>
      this.operations.begin(origin, input.requestId, this.#own(origin, input), 'shutdown'),
    'channel.sendMessage': async (origin, input) =>
      this.operations.message(origin, input.requestId, this.#own(origin, input), input.message),
    'channel.leave': async (origin, input) => {
      await this.#running(origin).engine.leave(this.#own(origin, input).id);
      return {};
    },
    'channel.reconnect': async (origin, input) => {
      await this.#running(origin).engine.reconnect(this.#own(origin, input).id);
      return {};
    },
    'events.since': (origin, { after, before }) => this.#deps.sites.since(origin, after, before),
  };

  async disconnect(origin: string): Promise<void> {
    if (!this.#deps.sites.get(origin)) return;
    const { asks, budgets, sites } = this.#deps;
    const takeBack = async () => {
      for (const ask of asks.list()) if (ask.origin === origin) await asks.decide(ask.id, false);
      await budgets.revokeAll(origin);
    };
    // Nothing of it is taken from here on: what the page hears of its end is no time for it to ask for more.
    await Promise.all([sites.disconnect(origin), takeBack()]);
    // What was being asked or granted meanwhile.
    await takeBack();
    await this.#tell([origin], null, [{ type: 'disconnected', detail: {} }]);
  }

  /** @throws PageError */
  #requireConnected(origin: string): void {
    if (!this.#deps.sites.get(origin))
      throw new PageError('unauthorized', 'This site is not connected: call connect first.');
  }

  /**
   * Tells the sites that follow this peer's channels what has happened to the channel since they were told last. That is
   * stored with the events: what a killed worker did not get to tell is told by the next.
   * @param first the wallet has just started: where nothing was ever told, nothing has happened
   */
  announce(actor: ChannelActor, first = false): Promise<void> {
    const after = this.#telling.get(actor.id) ?? Promise.resolve();
    const told = after.then(() => this.#announce(actor, first));
    this.#telling.set(
      actor.id,
      told.catch(() => undefined),
    );
    return told;
  }

  async #announce(actor: ChannelActor, first: boolean): Promise<void> {
    const key = `told/${actor.id}`;
    let known = this.#told.get(actor.id);
    if (!known) {
      const stored = (await this.#deps.store.get('meta', key)) as Told | undefined;
      known = { told: stored ?? (first ? toldOf(actor.channel) : null), stored: stored !== undefined };
    }
    const now = toldOf(actor.channel);
    const changes = changesOf(known.told, actor.channel, now);
    const origins = this.#followers(actor);
    const store = known.stored || origins.length > 0;
    if (changes.length > 0 && store)
      await this.#tell(origins, actor, changes, [{ table: 'meta', key, value: now }]);
    this.#told.set(actor.id, { told: now, stored: store });
    if (actor.over) await this.#deps.budgets.endChannel(actor.id);
  }

  /** A text of the other side. It is not kept by the channel, so only who listens now, or soon, gets it. */
  async message(actor: ChannelActor, data: Uint8Array): Promise<void> {
    const origins = this.#followers(actor);
    if (origins.length > 0)
      await this.#tell(origins, actor, [{ type: 'message', detail: messageDetail(data) }]);
  }

  #followers(actor: ChannelActor): string[] {
    const peer = encode('ak', actor.peer);
    return this.#deps.sites
      .list()
      .filter((site) => follows(site, peer))
      .map((site) => site.origin);
  }

  async #tell(
    origins: readonly string[],
    actor: ChannelActor | null,
    changes: readonly Change[],
    writes: readonly Write[] = [],
  ): Promise<void> {
    const channel = {
      id: actor?.id ?? null,
      channelId: actor?.channel.channelId ? encode('ch', actor.channel.channelId) : null,
      sequenceNumber: actor?.channel.latest?.number.toString() ?? null,
    };
    const told = await this.#deps.sites.tell(
      origins.flatMap((origin) => changes.map((change) => ({ origin, event: { ...change, ...channel } }))),
      writes,
    );
    for (const { origin, event } of told) this.#deps.push(origin, event);
  }

  /** @param origin the site that wants it */
  #running(origin: string) {
    const running = this.#deps.running();
    if (running) return running;
    // One that may ask the person nothing has no window opened either.
    if (!this.#isBlocked(origin)) this.#deps.wantUnlock();
    throw new PageError('disconnected', 'The wallet is locked: the person has to unlock it first.');
  }

  #isBlocked(origin: string): boolean {
    return this.#deps.asks.blocked().some((one) => one.origin === origin);
  }

  async #connect(origin: string) {
    if (!this.#deps.sites.get(origin)) {
      // Where it is blocked, that is what it is told.
      if (!this.#isBlocked(origin)) this.#running(origin);
      const id = askId('connect', origin, '');
      const approved = await this.#deps.asks.ask({
        kind: 'connect',
        id,
        origin,
        createdAt: this.#deps.clock.now(),
      });
      if (!approved) throw new PageError('userRejected', 'The person declined to connect this site.');
      await this.#connecting.get(id)?.catch(() => undefined);
      if (!this.#deps.sites.get(origin))
        throw new PageError('internal', 'The connection could not be stored.');
    }
    const { address, networkId } = this.#running(origin);
    return { address, networkId };
  }

  /** A call may have been under way when its site was disconnected: it asks nothing any more. */
  #ofConnected(asks: SiteAsks): SiteAsks {
    return {
      ...asks,
      ask: async (ask) => {
        this.#requireConnected(ask.origin);
        return asks.ask(ask);
      },
    };
  }

  /** The person's yes to this question. @returns false where it came too late: nothing is connected */
  async connected({ id, origin }: { id: string; origin: string }): Promise<boolean> {
    if (this.#connecting.has(id)) return false;
    const work = this.#connected(id, origin).finally(() => this.#connecting.delete(id));
    this.#connecting.set(id, work);
    return work;
  }

  async #connected(id: string, origin: string): Promise<boolean> {
    if (!(await this.#deps.asks.decide(id, true))) return false;
    await this.#deps.sites.connect(origin, this.#deps.clock.now());
    await this.#tell([origin], null, [{ type: 'connected', detail: {} }]);
    return true;
  }

  async #list(origin: string, { peer }: { peer?: string | undefined }) {
    const { engine } = this.#running(origin);
    if (peer !== undefined) await this.#deps.sites.addPeer(origin, peer);
    this.#requireConnected(origin);
    const site = this.#deps.sites.get(origin);
    const wanted = (of: string) => (peer === undefined ? follows(site, of) : of === peer);
    return engine
      .channels()
      .filter((actor) => wanted(encode('ak', actor.peer)) && actor.channel.phase !== 'considering')
      .sort((a, b) => b.channel.openedAt - a.channel.openedAt)
      .map((actor) => this.#view(origin, actor));
  }

  /** A channel that this site may know of: one with a peer that it named. */
  #own(origin: string, { id }: { id: string }): ChannelActor {
    const { engine } = this.#running(origin);
    const actor = engine.channels().find((candidate) => candidate.id === id);
    if (!actor || !follows(this.#deps.sites.get(origin), encode('ak', actor.peer)))
      throw new PageError(
        'invalidParams',
        'There is no such channel: ask channel.list for the channels with your account.',
      );
    return actor;
  }

  #view(origin: string, actor: ChannelActor) {
    const { engine } = this.#running(origin);
    return {
      id: actor.id,
      channelId: actor.channel.channelId ? encode('ch', actor.channel.channelId) : null,
      peer: encode('ak', actor.peer),
      phase: actor.channel.phase,
      connection: engine.connection(actor),
    };
  }
}

function balancesOf(actor: ChannelActor) {
  const { channel } = actor;
  if (!channel.latest)
    throw new PageError('invalidParams', 'This channel has no balances yet: it is being opened.');
  return {
    ...sidesView(channel.latest.balances, channel.role),
    spendable: spendable(channel).toString(),
    sequenceNumber: channel.latest.number.toString(),
    contracts: contractsOf(channel, channel.latest).map(({ contract, balance }) => ({
      contract: encode('ct', contract),
      balance: balance.toString(),
    })),
  };
}
