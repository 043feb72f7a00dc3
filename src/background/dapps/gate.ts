/**
 * What a web page may do: connected sites ask, the person approves, the channel pays. A page is known by the origin
 * that the browser vouches for; what it sends is validated here and nowhere else.
 */
import * as v from 'valibot';
import type { ChannelActor } from '../../engine/actor.ts';
import type { Engine } from '../../engine/engine.ts';
import type { Clock, Store } from '../../engine/ports.ts';
import { encode } from '../../protocol/chain/address.ts';
import { type Outcome, other, spendable } from '../../protocol/channel/index.ts';
import { type PageEvent, type PageMethod, pageMethods } from '../../rpc/page.ts';
import { askId, type SiteAsk, type SiteAsks } from './approvals.ts';
import { PageError } from './errors.ts';
import type { Sites } from './sites.ts';

export interface GateDeps {
  store: Store;
  clock: Clock;
  sites: Sites;
  asks: SiteAsks;
  /** Null while the wallet is locked or not set up. */
  running(): { engine: Engine; address: string; networkId: string } | null;
  /** Opens the wallet, so that the person can unlock it. */
  wantUnlock(): void;
  push(origin: string, event: PageEvent): void;
}

export class Gate {
  readonly #deps: GateDeps;
  constructor(deps: GateDeps) {
    this.#deps = deps;
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
    const input = parsed.output as never;
    if (name === 'connect') return this.#connect(origin);
    if (!this.#deps.sites.get(origin))
      throw new PageError('unauthorized', 'This site is not connected: call connect first.');
    switch (name) {
      case 'disconnect':
        await this.disconnect(origin);
        return {};
      case 'channel.list':
        return this.#list(origin, input);
      case 'channel.get':
        return this.#view(this.#own(origin, input));
      case 'channel.balances':
        return balancesOf(this.#own(origin, input));
      case 'channel.transfer':
        return this.#transfer(origin, input);
      case 'events.since':
        return this.#deps.sites.since(origin, (input as { after: number }).after);
    }
  }

  async disconnect(origin: string): Promise<void> {
    if (!this.#deps.sites.get(origin)) return;
    await this.#tell(origin, 'disconnected', null, {});
    await this.#deps.sites.disconnect(origin);
  }

  /** Tells the sites that follow this peer's channels. */
  async announce(
    actor: ChannelActor,
    type: PageEvent['type'],
    detail: Record<string, string>,
  ): Promise<void> {
    const peer = encode('ak', actor.peer);
    for (const site of this.#deps.sites.list())
      if (site.peers.includes(peer)) await this.#tell(site.origin, type, actor, detail);
  }

  /** Pays what the person approved. Called by the decision itself, so that a page that is gone loses nothing. */
  async pay(ask: Extract<SiteAsk, { kind: 'site_payment' }>): Promise<Outcome> {
    const { engine } = this.#running();
    return engine.request(ask.channel, {
      scope: ask.origin,
      id: ask.requestId,
      amount: ask.amount,
      direction: 'pay',
      note: ask.note,
    });
  }

  async #tell(
    origin: string,
    type: PageEvent['type'],
    actor: ChannelActor | null,
    detail: Record<string, string>,
  ): Promise<void> {
    const event = await this.#deps.sites.tell(origin, {
      type,
      id: actor?.id ?? null,
      channelId: actor?.channel.channelId ? encode('ch', actor.channel.channelId) : null,
      sequenceNumber: actor?.channel.latest?.number.toString() ?? null,
      detail,
    });
    this.#deps.push(origin, event);
  }

  #running() {
    const running = this.#deps.running();
    if (running) return running;
    this.#deps.wantUnlock();
    throw new PageError('disconnected', 'The wallet is locked: the person has to unlock it first.');
  }

  async #connect(origin: string) {
    if (!this.#deps.sites.get(origin)) {
      this.#running();
      const id = askId('connect', origin, '');
      const approved = await this.#deps.asks.ask({
        kind: 'connect',
        id,
        origin,
        createdAt: this.#deps.clock.now(),
      });
      if (!approved) throw new PageError('userRejected', 'The person declined to connect this site.');
      if (!this.#deps.sites.get(origin))
        throw new PageError('internal', 'The connection could not be stored.');
    }
    const { address, networkId } = this.#running();
    return { address, networkId };
  }

  /** The decision to connect, made by the person. */
  async connected(origin: string): Promise<void> {
    await this.#deps.sites.connect(origin, this.#deps.clock.now());
    await this.#tell(origin, 'connected', null, {});
  }

  async #list(origin: string, { peer }: { peer: string }) {
    const { engine } = this.#running();
    await this.#deps.sites.addPeer(origin, peer);
    return engine
      .channels()
      .filter((actor) => encode('ak', actor.peer) === peer && actor.channel.phase !== 'considering')
      .sort((a, b) => b.channel.openedAt - a.channel.openedAt)
      .map((actor) => this.#view(actor));
  }

  /** A channel that this site may know of: one with a peer that it named. */
  #own(origin: string, { id }: { id: string }): ChannelActor {
    const { engine } = this.#running();
    const actor = engine.channels().find((candidate) => candidate.id === id);
    if (!actor || !this.#deps.sites.get(origin)?.peers.includes(encode('ak', actor.peer)))
      throw new PageError(
        'invalidParams',
        'There is no such channel: ask channel.list for the channels with your account.',
      );
    return actor;
  }

  #view(actor: ChannelActor) {
    const { engine } = this.#running();
    return {
      id: actor.id,
      channelId: actor.channel.channelId ? encode('ch', actor.channel.channelId) : null,
      peer: encode('ak', actor.peer),
      phase: actor.channel.phase,
      connection: engine.connection(actor),
    };
  }

  async #transfer(
    origin: string,
    input: { id: string; amount: string; note?: string | undefined; requestId: string },
  ) {
    const actor = this.#own(origin, input);
    const known = await this.#running().engine.outcome(origin, input.requestId);
    if (known) return answerOf(actor, known);
    const amount = BigInt(input.amount);
    const id = askId('site_payment', origin, input.requestId);
    const ask: SiteAsk = {
      kind: 'site_payment',
      id,
      origin,
      createdAt: this.#deps.clock.now(),
      channel: actor.id,
      amount,
      note: input.note ?? null,
      requestId: input.requestId,
    };
    const open = this.#deps.asks
      .list()
      .filter((other) => other.kind === 'site_payment' && other.origin === origin);
    const same = open.find((other) => other.id === id);
    if (same && !sameAsk(same, ask))
      throw new PageError(
        'invalidParams',
        'This requestId belongs to another payment: use a new one for a new payment.',
      );
    const decided =
      !same && actor.channel.proposal?.requests.some((r) => r.scope === origin && r.id === input.requestId);
    // Approved already and under way: the page came back, and hears how it ends.
    if (decided) return answerOf(actor, await this.pay(ask));
    if (!same) {
      if (open.length > 0)
        throw new PageError('limitExceeded', 'Another payment of this site waits for the person already.');
      this.#check(actor, amount);
    }
    if (!(await this.#deps.asks.ask(ask)))
      throw new PageError('userRejected', 'The person declined this payment.');
    return answerOf(actor, await this.pay(ask));
  }

  #check(actor: ChannelActor, amount: bigint): void {
    if (amount <= 0n) throw new PageError('invalidParams', 'amount: give more than 0 aetto');
    if (actor.channel.phase !== 'open')
      throw new PageError(
        'invalidParams',
        `This channel cannot pay now: it is ${actor.channel.phase.replaceAll('_', ' ')}.`,
      );
    if (amount > spendable(actor.channel))
      throw new PageError(
        'invalidParams',
        'This channel cannot pay that much: its reserve would be touched.',
      );
  }
}

const sameAsk = (a: SiteAsk, b: SiteAsk): boolean =>
  a.kind === 'site_payment' &&
  b.kind === 'site_payment' &&
  a.channel === b.channel &&
  a.amount === b.amount &&
  a.note === b.note;

function balancesOf(actor: ChannelActor) {
  const { channel } = actor;
  if (!channel.latest)
    throw new PageError('invalidParams', 'This channel has no balances yet: it is being opened.');
  return {
    mine: channel.latest.balances[channel.role].toString(),
    theirs: channel.latest.balances[other(channel.role)].toString(),
    spendable: spendable(channel).toString(),
    sequenceNumber: channel.latest.number.toString(),
  };
}

function answerOf(actor: ChannelActor, outcome: Outcome) {
  const { role } = actor.channel;
  if (!outcome.ok || !outcome.balances)
    throw new PageError(outcome.code === 'declined' ? 'userRejected' : 'internal', outcome.message);
  return {
    id: actor.id,
    sequenceNumber: String(outcome.number),
    mine: outcome.balances[role].toString(),
    theirs: outcome.balances[other(role)].toString(),
  };
}
