/**
 * What a page may start on a channel: open, deposit, withdraw, shut down, send a message. The first outcome of a
 * requestId is stored before the operation begins, so that no restart and no repetition begins it twice.
 */
import type { ChannelActor } from '../../engine/actor.ts';
import { type Engine, EngineError } from '../../engine/engine.ts';
import type { Clock, Random, Store } from '../../engine/ports.ts';
import { requestKey } from '../../engine/stored.ts';
import { toHex } from '../../protocol/bytes.ts';
import { encode } from '../../protocol/chain/address.ts';
import type { Terms } from '../../protocol/channel/index.ts';
import { InviteError, parseInvite } from '../../rpc/invite.ts';
import { digestOf } from '../view.ts';
import { askId, type ChannelOperation, type SiteAsk, type SiteAsks } from './approvals.ts';
import { anotherRequest, PageError } from './errors.ts';
import type { Sites } from './sites.ts';

export interface OperationDeps {
  store: Store;
  clock: Clock;
  random: Random;
  sites: Sites;
  asks: SiteAsks;
  /** @throws PageError while the wallet is locked */
  running(origin: string): { engine: Engine; address: string; networkId: string };
}

export type ChannelAsk = Extract<SiteAsk, { kind: 'site_channel' }>;

/** Row of table `requests`: what became of a requestId. `of` names what was asked. */
interface Outcome {
  of: string;
  channel: string;
  /** Why it failed, a sentence; null where it began. */
  problem: string | null;
}

const keyOf = (origin: string, requestId: string) => requestKey(`${origin} operation`, requestId);

export class Operations {
  readonly #deps: OperationDeps;
  /** Approved ones that are being begun. */
  readonly #beginning = new Map<string, Promise<unknown>>();
  /** Messages on their way, by the key of their row. */
  readonly #sending = new Map<string, { of: string; done: Promise<{ id: string }> }>();
  constructor(deps: OperationDeps) {
    this.#deps = deps;
  }

  async open(origin: string, requestId: string, link: string, terms: Terms) {
    const { engine, address, networkId } = this.#deps.running(origin);
    const invite = readInvite(link);
    if (invite.networkId !== networkId)
      throw new PageError(
        'invalidParams',
        `invite: it is for ${invite.networkId}, the wallet on ${networkId}.`,
      );
    const peer = encode('ak', invite.peer);
    if (peer === address) throw new PageError('invalidParams', 'invite: it is the wallet’s own.');
    const of = digestOf([
      'open',
      link,
      String(terms.initiatorAmount),
      String(terms.responderAmount),
      terms.lockPeriod,
      String(terms.pushAmount),
      String(terms.channelReserve),
    ]);
    // From now on the site follows this peer's channels: it misses nothing of the opening.
    await this.#deps.sites.addPeer(origin, peer);
    return this.#approved(origin, requestId, of, async () => {
      const problem = await engine.fundingProblem(terms).catch((error) => {
        if (error instanceof EngineError) return error.message;
        throw error;
      });
      if (problem) throw new PageError('invalidParams', `terms: ${problem}`);
      const temporaryId = this.#deps.random(32);
      return {
        type: 'open',
        temporaryId,
        peer: invite.peer,
        addresses: invite.addresses,
        name: invite.name,
        terms,
      };
    });
  }

  /** Deposit, withdraw or shut down. */
  begin(origin: string, requestId: string, actor: ChannelActor, type: 'shutdown'): Promise<{ id: string }>;
  begin(
    origin: string,
    requestId: string,
    actor: ChannelActor,
    type: 'deposit' | 'withdraw',
    amount: bigint,
  ): Promise<{ id: string }>;
  begin(
    origin: string,
    requestId: string,
    actor: ChannelActor,
    type: 'deposit' | 'withdraw' | 'shutdown',
    amount = 0n,
  ): Promise<{ id: string }> {
    const of = digestOf([type, actor.id, amount.toString()]);
    return this.#approved(origin, requestId, of, async () => {
      if (actor.channel.phase !== 'open')
        throw new PageError(
          'invalidParams',
          `This channel is ${actor.channel.phase.replaceAll('_', ' ')}, not open.`,
        );
      if (type === 'shutdown') return { type, channel: actor.id };
      if (amount <= 0n) throw new PageError('invalidParams', 'amount: give more than 0 aetto');
      return { type, channel: actor.id, amount };
    });
  }

  /** Sends a text to the other side; moves nothing, so the person is not asked. */
  async message(origin: string, requestId: string, actor: ChannelActor, text: string) {
    const of = digestOf(['message', actor.id, text]);
    const key = keyOf(origin, requestId);
    const same = this.#sending.get(key);
    if (same && same.of !== of) throw anotherRequest();
    if (same) return same.done;
    const done = this.#message(origin, requestId, actor, text, of).finally(() => this.#sending.delete(key));
    this.#sending.set(key, { of, done });
    return done;
  }

  async #message(origin: string, requestId: string, actor: ChannelActor, text: string, of: string) {
    const known = await this.#known(origin, requestId, of);
    if (known) return known;
    const outcome: Outcome = { of, channel: actor.id, problem: null };
    await this.#put(origin, requestId, outcome);
    return this.#run(origin, requestId, outcome, () =>
      this.#deps
        .running(origin)
        .engine.wish(actor.id, { type: 'send_inband', data: new TextEncoder().encode(text) }),
    );
  }

  /** The person's yes. Rejects with what the engine says where it cannot be begun. */
  carryOut(ask: ChannelAsk): Promise<unknown> {
    const work = this.#carryOut(ask).finally(() => this.#beginning.delete(ask.id));
    this.#beginning.set(ask.id, work);
    return work;
  }

  async #carryOut({ id, origin, requestId, of, operation }: ChannelAsk): Promise<unknown> {
    const { engine } = this.#deps.running(origin);
    const channel = operation.type === 'open' ? toHex(operation.temporaryId) : operation.channel;
    const outcome: Outcome = { of, channel, problem: null };
    const row = { table: 'requests', key: keyOf(origin, requestId), value: outcome } as const;
    // Whoever waits for the decision reads what became of it, so it is known by then.
    if (!(await this.#deps.asks.decide(id, true, [row]))) return null;
    return this.#run(origin, requestId, outcome, () => begin(engine, operation));
  }

  /** Asks the person, unless this requestId has an outcome; gives the channel's id, or throws why not. */
  async #approved(origin: string, requestId: string, of: string, make: () => Promise<ChannelOperation>) {
    const known = await this.#known(origin, requestId, of);
    if (known) return known;
    const id = askId('site_channel', origin, requestId);
    const same = this.#deps.asks.ofSite('site_channel', origin).find((ask) => ask.id === id);
    if (same && same.of !== of) throw anotherRequest();
    const ask: ChannelAsk = same ?? {
      kind: 'site_channel',
      id,
      origin,
      createdAt: this.#deps.clock.now(),
      requestId,
      of,
      operation: await make(),
    };
    if (!(await this.#deps.asks.ask(ask)))
      throw new PageError('userRejected', 'The person declined this request.');
    await this.#beginning.get(id)?.catch(() => undefined);
    return (await this.#known(origin, requestId, of))!;
  }

  async #known(origin: string, requestId: string, of: string): Promise<{ id: string } | null> {
    const outcome = (await this.#deps.store.get('requests', keyOf(origin, requestId))) as Outcome | undefined;
    if (!outcome) return null;
    if (outcome.of !== of) throw anotherRequest();
    if (outcome.problem !== null) throw new PageError('internal', outcome.problem);
    return { id: outcome.channel };
  }

  async #run(origin: string, requestId: string, outcome: Outcome, work: () => Promise<unknown>) {
    try {
      await work();
      return { id: outcome.channel };
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      await this.#put(origin, requestId, { ...outcome, problem });
      throw error;
    }
  }

  #put(origin: string, requestId: string, value: Outcome): Promise<void> {
    return this.#deps.store.commit([{ table: 'requests', key: keyOf(origin, requestId), value }]);
  }
}

function begin(engine: Engine, operation: ChannelOperation): Promise<unknown> {
  switch (operation.type) {
    case 'open': {
      const { peer, addresses, terms, name, temporaryId } = operation;
      return engine.open(peer, addresses, terms, name, temporaryId);
    }
    case 'deposit':
    case 'withdraw':
      return engine.wish(operation.channel, { type: operation.type, amount: operation.amount });
    case 'shutdown':
      return engine.wish(operation.channel, { type: 'shutdown' });
  }
}

function readInvite(link: string) {
  try {
    return parseInvite(link);
  } catch (error) {
    if (error instanceof InviteError) throw new PageError('invalidParams', `invite: ${error.message}`);
    throw error;
  }
}
