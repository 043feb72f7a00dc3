/** Payments that a page asks for: within a budget, or with the person's yes. */
import type { ChannelActor } from '../../engine/actor.ts';
import type { Engine } from '../../engine/engine.ts';
import type { Clock, Store, Write } from '../../engine/ports.ts';
import { requestKey } from '../../engine/stored.ts';
import { type Outcome, type Request, spendable } from '../../protocol/channel/index.ts';
import { digestOf, sidesView } from '../view.ts';
import { askId, type SiteAsk, type SiteAsks } from './approvals.ts';
import type { Budgets } from './budgets.ts';
import { failureOf, PageError } from './errors.ts';

export interface PaymentDeps {
  store: Store;
  clock: Clock;
  asks: SiteAsks;
  budgets: Budgets;
  /** @throws PageError while the wallet is locked */
  running(origin: string): { engine: Engine };
}

export type PaymentAsk = Extract<SiteAsk, { kind: 'site_payment' }>;

const keyOf = (origin: string, requestId: string) => requestKey(`${origin} payment`, requestId);

export class Payments {
  readonly #deps: PaymentDeps;
  /** Approved ones whose outcome is awaited; null where the yes came too late. */
  readonly #paying = new Map<string, { of: string; done: Promise<Outcome | null> }>();
  constructor(deps: PaymentDeps) {
    this.#deps = deps;
  }

  async transfer(
    origin: string,
    actor: ChannelActor,
    input: { amount: string; note?: string | undefined; requestId: string },
  ) {
    const { asks, budgets, clock } = this.#deps;
    const { engine } = this.#deps.running(origin);
    const amount = BigInt(input.amount);
    const ask: PaymentAsk = {
      kind: 'site_payment',
      id: askId('site_payment', origin, input.requestId),
      origin,
      createdAt: clock.now(),
      channel: actor.id,
      amount,
      note: input.note ?? null,
      requestId: input.requestId,
    };
    await this.#isTakenUp(ask);
    // Taken up already: the page came back, and hears how it ends.
    const ending = engine.ending(origin, input.requestId);
    if (ending) return answerOf(actor, await ending);
    const known = await engine.outcome(origin, input.requestId);
    if (known) return answerOf(actor, known);
    if (!this.#isAsked(ask)) {
      check(actor, amount);
      const paid = await budgets.spend(engine, actor.id, requestOf(ask), {
        of: nameOf(ask),
        payment: { amount, call: null },
        rows: [takenUp(ask)],
      });
      if ('outcome' in paid) return answerOf(actor, paid.outcome);
      if (paid.limit) ask.limit = paid.limit;
      // Meanwhile another call may have asked, and have been answered.
      await this.#isTakenUp(ask);
      this.#isAsked(ask);
    }
    if (!(await asks.ask(ask))) throw new PageError('userRejected', 'The person declined this payment.');
    const outcome = await this.#pay(ask);
    if (!outcome) throw new PageError('userRejected', 'The person declined this payment.');
    return answerOf(actor, outcome);
  }

  /**
   * The person's yes. Called by the decision itself, so that a page that is gone loses nothing. Null where it came too
   * late: nothing is paid.
   */
  async carryOut(ask: PaymentAsk): Promise<Outcome | null> {
    if (this.#paying.has(ask.id)) return null;
    return this.#begin(ask, () => this.#deps.asks.decide(ask.id, true, [takenUp(ask)]));
  }

  /** What was approved: by `carryOut`, or by whoever decides without it. */
  #pay(ask: PaymentAsk): Promise<Outcome | null> {
    const same = this.#paying.get(ask.id);
    if (same && same.of !== nameOf(ask)) throw anotherPayment();
    if (same) return same.done;
    return this.#begin(ask, async () => {
      if (!(await this.#isTakenUp(ask))) await this.#deps.store.commit([takenUp(ask)]);
      return true;
    });
  }

  #begin(ask: PaymentAsk, decide: () => Promise<boolean>): Promise<Outcome | null> {
    const work = async () =>
      (await decide()) ? this.#deps.running(ask.origin).engine.request(ask.channel, requestOf(ask)) : null;
    const done = work().finally(() => this.#paying.delete(ask.id));
    this.#paying.set(ask.id, { of: nameOf(ask), done });
    return done;
  }

  /** Whether it has begun. @throws PageError where something else has under this requestId */
  async #isTakenUp(ask: PaymentAsk): Promise<boolean> {
    const key = keyOf(ask.origin, ask.requestId);
    const row = (await this.#deps.store.get('requests', key)) as { of: string } | undefined;
    if (row && row.of !== nameOf(ask)) throw anotherPayment();
    return row !== undefined;
  }

  /** Whether the question is open. @throws PageError where it is about something else */
  #isAsked(ask: PaymentAsk): boolean {
    const same = this.#deps.asks.get(ask.id);
    if (same && !sameAsk(same, ask)) throw anotherPayment();
    return same !== undefined;
  }
}

const anotherPayment = () =>
  new PageError(
    'invalidParams',
    'This requestId belongs to another payment: use a new one for a new payment.',
  );

/** Names what was asked: something else under the same requestId is refused. */
const nameOf = ({ channel, amount, note }: PaymentAsk): string =>
  digestOf(['pay', channel, amount.toString(), note]);

/** Durable before anything is signed for it. */
const takenUp = (ask: PaymentAsk): Write => ({
  table: 'requests',
  key: keyOf(ask.origin, ask.requestId),
  value: { of: nameOf(ask) },
});

const requestOf = ({ origin, requestId, amount, note }: PaymentAsk): Request => ({
  scope: origin,
  id: requestId,
  amount,
  direction: 'pay',
  note,
});

const sameAsk = (a: SiteAsk, b: PaymentAsk): boolean =>
  a.kind === 'site_payment' && a.requestId === b.requestId && nameOf(a) === nameOf(b);

function check(actor: ChannelActor, amount: bigint): void {
  if (amount <= 0n) throw new PageError('invalidParams', 'amount: give more than 0 aetto');
  if (actor.channel.phase !== 'open')
    throw new PageError(
      'invalidParams',
      `This channel cannot pay now: it is ${actor.channel.phase.replaceAll('_', ' ')}.`,
    );
  if (amount > spendable(actor.channel))
    throw new PageError('invalidParams', 'This channel cannot pay that much: its reserve would be touched.');
}

function answerOf(actor: ChannelActor, outcome: Outcome) {
  const { role } = actor.channel;
  if (outcome.contract)
    throw new PageError(
      'invalidParams',
      'This requestId belongs to a contract: use a new one for a payment.',
    );
  if (!outcome.ok || !outcome.balances) throw failureOf(outcome);
  return {
    id: actor.id,
    sequenceNumber: String(outcome.number),
    ...sidesView(outcome.balances, role),
  };
}
