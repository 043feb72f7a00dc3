/** What a page may do with contracts of a channel: make and call them with the person's yes, read them without. */
import type { ChannelActor } from '../../engine/actor.ts';
import { type Engine, EngineError } from '../../engine/engine.ts';
import type { Clock, Store, Write } from '../../engine/ports.ts';
import { requestKey } from '../../engine/stored.ts';
import { bytesToBigint, toHex } from '../../protocol/bytes.ts';
import { AddressError, decode, encode, type Kind } from '../../protocol/chain/address.ts';
import {
  type ContractOutcome,
  type ContractWish,
  calledFunction,
  codeOf,
  maxGas,
  minGasPrice,
  type Outcome,
  type Phase,
  type Request,
  spendable,
} from '../../protocol/channel/index.ts';
import { digestOf, sidesView } from '../view.ts';
import { askId, type SiteAsk, type SiteAsks } from './approvals.ts';
import type { Budgets, Spending } from './budgets.ts';
import { anotherRequest, failureOf, PageError } from './errors.ts';

export interface ContractDeps {
  store: Store;
  clock: Clock;
  asks: SiteAsks;
  budgets: Budgets;
  /** @throws PageError while the wallet is locked */
  running(origin: string): { engine: Engine };
}

export type ContractAsk = Extract<SiteAsk, { kind: 'site_contract' }>;

interface CallInput {
  contract: string;
  callData: string;
  gas?: string | undefined;
  gasPrice?: string | undefined;
}

/** FATE 3 and its ABI, as contracts are made since Ceres. */
const abiVersion = 3n;
const ctVersion = (8n << 16n) | abiVersion;
const defaultGas = 1_000_000n;
/** Static calls of a site: so many at once, and so many are given back in a second. */
const mostCalls = 20;
/** So much gas counts as one more call. */
const gasPerCall = 50_000;

const keyOf = (origin: string, requestId: string) => requestKey(`${origin} contract`, requestId);

export class Contracts {
  readonly #deps: ContractDeps;
  /** Approved ones whose outcome is awaited. */
  readonly #running = new Map<string, Promise<Outcome>>();
  readonly #left = new Map<string, { calls: number; at: number }>();
  constructor(deps: ContractDeps) {
    this.#deps = deps;
  }

  create(
    origin: string,
    actor: ChannelActor,
    input: {
      code: string;
      callData: string;
      deposit: string;
      aci?: unknown[] | undefined;
      requestId: string;
    },
  ) {
    const wish: ContractWish = {
      type: 'create',
      ctVersion,
      code: bytesOf('code', 'cb', input.code),
      callData: bytesOf('callData', 'cb', input.callData),
    };
    return this.#request(origin, actor, input.requestId, wish, BigInt(input.deposit), input.aci);
  }

  call(
    origin: string,
    actor: ChannelActor,
    input: CallInput & { amount: string; aci?: unknown[] | undefined; requestId: string },
  ) {
    return this.#request(origin, actor, input.requestId, wishOf(input), BigInt(input.amount), input.aci);
  }

  /** @throws PageError `limitExceeded` where the site asks too often */
  async callStatic(origin: string, actor: ChannelActor, input: CallInput & { amount?: string | undefined }) {
    const wish = wishOf(input);
    check(actor, wish);
    this.#take(origin, 1);
    try {
      const outcome = await this.#deps
        .running(origin)
        .engine.callStatic(actor.id, wish, BigInt(input.amount ?? '0'));
      this.#take(origin, Number(outcome.gasUsed) / gasPerCall, true);
      return callView(outcome, actor.channel.latest!.number);
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      this.#take(origin, Number(wish.gas) / gasPerCall, true);
      throw new PageError('internal', error.message);
    }
  }

  /** The person's yes. Called by the decision itself, so that a page that is gone loses nothing. */
  carryOut(ask: ContractAsk): Promise<Outcome | null> {
    return this.#deps.asks
      .decide(ask.id, true, [takenUp(ask)])
      .then((first) => (first ? this.#begin(ask) : null));
  }

  #begin(ask: ContractAsk): Promise<Outcome> {
    const known = this.#running.get(ask.id);
    if (known) return known;
    const work = this.#deps
      .running(ask.origin)
      .engine.request(ask.channel, requestOf(ask))
      .finally(() => this.#running.delete(ask.id));
    this.#running.set(ask.id, work);
    return work;
  }

  async #request(
    origin: string,
    actor: ChannelActor,
    requestId: string,
    wish: ContractWish,
    amount: bigint,
    aci: unknown[] | undefined,
  ) {
    const of = digestOf([actor.id, ...namesOf(wish), amount.toString()]);
    const { engine } = this.#deps.running(origin);
    const row = (await this.#deps.store.get('requests', keyOf(origin, requestId))) as
      | { of: string }
      | undefined;
    if (row && row.of !== of) throw anotherRequest();
    // Taken up already: the page came back, and hears how it ends.
    const ending = engine.ending(origin, requestId);
    if (ending) return answerOf(actor, await ending);
    const known = await engine.outcome(origin, requestId);
    if (!row && known) throw anotherRequest();
    if (known) return answerOf(actor, known);
    const ask: ContractAsk = {
      kind: 'site_contract',
      id: askId('site_contract', origin, requestId),
      origin,
      createdAt: this.#deps.clock.now(),
      requestId,
      of,
      channel: actor.id,
      amount,
      wish,
      aci: aci ? JSON.stringify(aci) : null,
    };
    const begun = this.#running.get(ask.id);
    if (begun) return answerOf(actor, await begun);
    if (this.#mayAsk(ask, actor)) {
      const paid = await this.#withinBudget(engine, actor, ask);
      if ('outcome' in paid) return answerOf(actor, paid.outcome);
      if (paid.limit) ask.limit = paid.limit;
    }
    if (!(await this.#deps.asks.ask(ask)))
      throw new PageError('userRejected', 'The person declined this contract.');
    return answerOf(actor, await this.#begin(ask));
  }

  /** A call that the site has a budget for needs no question; to make a contract always does. */
  async #withinBudget(engine: Engine, actor: ChannelActor, ask: ContractAsk): Promise<Spending> {
    const { wish, amount } = ask;
    if (wish.type !== 'call') return { limit: null };
    const code = codeOf(actor.channel.latest!, wish.contract);
    const called = code && calledFunction(code, wish.callData);
    return this.#deps.budgets.spend(engine, actor.id, requestOf(ask), {
      of: ask.of,
      payment: {
        amount,
        call: { contract: encode('ct', wish.contract), functionId: called?.id ?? null },
      },
      rows: [takenUp(ask)],
    });
  }

  /** @returns false where it is asked already. @throws PageError where the person is not to be asked this */
  #mayAsk(ask: ContractAsk, actor: ChannelActor): boolean {
    const same = this.#deps.asks.get(ask.id);
    if (same?.kind === 'site_contract' && same.of !== ask.of) throw anotherRequest();
    if (same) return false;
    check(actor, ask.wish);
    if (ask.amount > spendable(actor.channel))
      throw new PageError(
        'invalidParams',
        'This channel cannot give a contract that much: its reserve would be touched.',
      );
    return true;
  }

  /** A bucket of calls for each site. What a call turns out to cost may take more than there is. */
  #take(origin: string, calls: number, after = false): void {
    const now = this.#deps.clock.now();
    const { calls: left, at } = this.#left.get(origin) ?? { calls: mostCalls, at: now };
    const there = Math.min(mostCalls, left + (Math.max(0, now - at) * mostCalls) / 1000);
    if (!after && there < calls)
      throw new PageError('limitExceeded', 'This site makes too many static calls: wait a second.');
    this.#left.set(origin, { calls: there - calls, at: now });
  }
}

/** Phases in which a call may be asked for: where the two make none together any more, the chain can run it. */
const callable: ReadonlySet<Phase> = new Set(['open', 'shutting_down', 'closing', 'closing_solo', 'failed']);

const requestOf = ({ origin, requestId, amount, wish }: ContractAsk): Request => ({
  scope: origin,
  id: requestId,
  amount,
  direction: 'pay',
  note: null,
  contract: wish,
});

/** Names what was asked for, durable before it is. */
const takenUp = ({ origin, requestId, of }: ContractAsk): Write => ({
  table: 'requests',
  key: keyOf(origin, requestId),
  value: { of },
});

function check({ channel }: ChannelActor, wish: ContractWish): void {
  const { phase } = channel;
  if (!channel.latest || !(wish.type === 'create' ? phase === 'open' : callable.has(phase)))
    throw new PageError(
      'invalidParams',
      `This channel runs no contracts now: it is ${channel.phase.replaceAll('_', ' ')}.`,
    );
  if (wish.type === 'create') return;
  if (!codeOf(channel.latest, wish.contract))
    throw new PageError('invalidParams', `contract: the channel has no ${encode('ct', wish.contract)}.`);
  if (wish.gas <= 0n || wish.gas > maxGas)
    throw new PageError('invalidParams', `gas: give 1 to ${maxGas}, not ${wish.gas}.`);
  if (wish.gasPrice < minGasPrice)
    throw new PageError('invalidParams', `gasPrice: give at least ${minGasPrice}, not ${wish.gasPrice}.`);
}

const wishOf = (input: CallInput): Extract<ContractWish, { type: 'call' }> => ({
  type: 'call',
  contract: bytesOf('contract', 'ct', input.contract),
  abiVersion,
  gas: input.gas === undefined ? defaultGas : BigInt(input.gas),
  gasPrice: input.gasPrice === undefined ? minGasPrice : BigInt(input.gasPrice),
  callData: bytesOf('callData', 'cb', input.callData),
});

const namesOf = (wish: ContractWish): string[] =>
  wish.type === 'create'
    ? ['create', toHex(wish.code), toHex(wish.callData)]
    : ['call', toHex(wish.contract), toHex(wish.callData), String(wish.gas), String(wish.gasPrice)];

function bytesOf(name: string, kind: Kind, text: string): Uint8Array {
  try {
    return decode(kind, text);
  } catch (error) {
    if (error instanceof AddressError) throw new PageError('invalidParams', `${name}: ${error.message}`);
    throw error;
  }
}

/** What a call came to, as pages and the popup read it. */
const callView = (outcome: ContractOutcome, number: bigint) => ({
  contract: encode('ct', outcome.contract),
  sequenceNumber: number.toString(),
  returnType: outcome.returnType,
  returnValue: encode('cb', outcome.returnValue),
  gasUsed: outcome.gasUsed.toString(),
  log: outcome.log.map(({ address, topics, data }) => ({
    contract: encode('ct', address),
    topics: topics.map((topic) => bytesToBigint(topic).toString()),
    data: encode('cb', data),
  })),
});

function answerOf(actor: ChannelActor, outcome: Outcome) {
  const { role } = actor.channel;
  if (!outcome.ok || !outcome.balances || outcome.number === null) throw failureOf(outcome);
  if (!outcome.contract) throw anotherRequest();
  return {
    id: actor.id,
    ...callView(outcome.contract, outcome.number),
    round: (outcome.number + 1n).toString(),
    ...sidesView(outcome.balances, role),
  };
}
