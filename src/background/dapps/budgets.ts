/**
 * Budgets of sites: what each may pay on a channel without a question. An amount is reserved durably before anything is
 * signed for it. What became of a reservation is written a moment later: a worker that is killed before finds it out of
 * the channel's records when it starts again.
 */
import type { ChannelActor } from '../../engine/actor.ts';
import type { Engine } from '../../engine/engine.ts';
import type { Clock, Store, Write } from '../../engine/ports.ts';
import { requestKey } from '../../engine/stored.ts';
import { encode } from '../../protocol/chain/address.ts';
import type { Outcome, Request } from '../../protocol/channel/index.ts';
import type { PageBudget, PageEvent } from '../../rpc/page.ts';
import { WalletError } from '../errors.ts';
import { digestOf } from '../view.ts';
import { askId, type SiteAsk, type SiteAsks } from './approvals.ts';
import {
  type AllowedContract,
  type Budget,
  isExpired,
  type Limit,
  type Limits,
  leftOf,
  limitOf,
  type Payment,
  reserve,
  reservedOf,
  settle,
  spentBy,
} from './budget-rules.ts';
import { anotherRequest, PageError } from './errors.ts';
import type { Sites } from './sites.ts';

export interface BudgetDeps {
  store: Store;
  clock: Clock;
  sites: Sites;
  asks: SiteAsks;
  push(origin: string, event: PageEvent): void;
  /** The popup's view changed. */
  changed(): void;
}

export type BudgetAsk = Extract<SiteAsk, { kind: 'site_budget' }>;
/** What the person grants at most of what was asked; amounts in aetto. */
export type Granted = Pick<BudgetAsk, 'amount' | 'perUpdate' | 'seconds'>;

/** What was paid, or what stands against it: a limit of the budget; null where there is no budget. */
export type Spending = { outcome: Outcome } | { limit: Limit | null };

/** Row of table `requests`: a budget was granted for it. */
interface GrantRow {
  of: string;
}

type Reason = 'granted' | 'changed' | 'revoked' | 'expired' | 'spent';

/** What was settled is written and told together, after so long: ms. */
const saveAfter = 50;
const tryAgainAfter = 2_000;
/** The longest that a browser's timer runs. */
const longestTimer = 2 ** 31 - 1;

const keyOf = (origin: string, channel: string): string => `${origin}/${channel}`;
const grantKey = (origin: string, requestId: string) => requestKey(`${origin} budget`, requestId);

export class Budgets {
  readonly #deps: BudgetDeps;
  /** The store has the same, or is being written so. */
  readonly #budgets = new Map<string, Budget>();
  /** Payments under way, by site and requestId. */
  readonly #paying = new Map<string, { of: string; done: Promise<Spending> }>();
  readonly #granting = new Set<string>();
  readonly #unsaved = new Set<string>();
  #saving = false;
  #stopExpiry: () => void = () => undefined;

  static async load(deps: BudgetDeps): Promise<Budgets> {
    const budgets = new Budgets(deps);
    for (const { key, value } of await deps.store.list('budgets')) budgets.#budgets.set(key, value as Budget);
    // A kill may have come between the end of a site's permission and this.
    const connected = ({ origin }: Budget) => deps.sites.get(origin) !== undefined;
    const orphans = [...budgets.#budgets].flatMap(([key, budget]) => (connected(budget) ? [] : [key]));
    await budgets.#end(orphans, 'revoked');
    await budgets.#expire();
    return budgets;
  }

  private constructor(deps: BudgetDeps) {
    this.#deps = deps;
  }

  /** What is in force now. */
  of(origin: string, channel: string): Budget | null {
    const budget = this.#budgets.get(keyOf(origin, channel));
    return budget && !isExpired(budget, this.#deps.clock.now()) ? budget : null;
  }

  ofSite(origin: string): Budget[] {
    const now = this.#deps.clock.now();
    return [...this.#budgets.values()].filter(
      (budget) => budget.origin === origin && !isExpired(budget, now),
    );
  }

  // ---- asking for one

  /** A page asks for a budget. Resolves when the person has granted it. @throws PageError */
  async request(
    origin: string,
    { id: channel, channel: { phase, channelId }, peer }: ChannelActor,
    input: {
      amount: string;
      perUpdate: string;
      contracts: { contract: string; functions?: string[] | undefined }[];
      seconds: number;
      requestId: string;
    },
  ): Promise<PageBudget> {
    const { requestId, seconds } = input;
    const wanted = {
      amount: BigInt(input.amount),
      perUpdate: BigInt(input.perUpdate),
      contracts: allowed(input.contracts),
      seconds,
    };
    const of = digestOf([channel, input.amount, input.perUpdate, wanted.contracts, String(seconds)]);
    const row = (await this.#deps.store.get('requests', grantKey(origin, requestId))) as GrantRow | undefined;
    if (row && row.of !== of) throw anotherRequest();
    if (row) return this.#granted(origin, channel, requestId);
    const ask: BudgetAsk = {
      kind: 'site_budget',
      id: askId('site_budget', origin, requestId),
      origin,
      createdAt: this.#deps.clock.now(),
      requestId,
      of,
      channel,
      peer: encode('ak', peer),
      ...wanted,
    };
    const same = this.#deps.asks.get(ask.id);
    if (same?.kind === 'site_budget' && same.of !== of) throw anotherRequest();
    if (!same) {
      if (phase !== 'open' || !channelId)
        throw new PageError(
          'invalidParams',
          `A budget is for an open channel; this one is ${phase.replaceAll('_', ' ')}.`,
        );
      checkAmounts(wanted.amount, wanted.perUpdate);
    }
    // The site may have been disconnected while the store was read.
    if (!this.#deps.sites.get(origin))
      throw new PageError('unauthorized', 'This site is not connected: call connect first.');
    if (!(await this.#deps.asks.ask(ask)))
      throw new PageError('userRejected', 'The person declined this budget.');
    return this.#granted(origin, channel, requestId);
  }

  #granted(origin: string, channel: string, requestId: string): PageBudget {
    const budget = this.of(origin, channel);
    if (budget?.requestId !== requestId)
      throw new PageError(
        'invalidParams',
        'The budget of this requestId is over: it was revoked, has expired, or another took its place. Use a new requestId to ask for one.',
      );
    return pageBudget(budget);
  }

  /** The person's yes, to no more than was asked. @throws WalletError */
  async grant(ask: BudgetAsk, channelId: string, granted: Granted): Promise<void> {
    const { origin, channel, peer, requestId, contracts } = ask;
    const { amount, perUpdate, seconds } = granted;
    checkLimits(amount, perUpdate);
    if (amount > ask.amount || perUpdate > ask.perUpdate || seconds > ask.seconds || seconds < 1)
      throw new WalletError('bad_limits', 'A budget can be granted as it was asked for, or a smaller one.');
    if (!this.#deps.sites.get(origin))
      throw new WalletError('gone', 'This site is not connected any more: there is nothing to allow.');
    // Two answers at once are one.
    if (this.#granting.has(ask.id)) return;
    this.#granting.add(ask.id);
    const key = keyOf(origin, channel);
    const before = this.#budgets.get(key);
    const budget: Budget = {
      origin,
      channel,
      channelId,
      peer,
      amount,
      perUpdate,
      contracts,
      expiresAt: this.#deps.clock.now() + seconds * 1000,
      requestId,
      spent: 0n,
      reserved: [],
    };
    try {
      const { writes, told } = await this.#deps.sites.draft([eventOf(budget, 'granted')]);
      // From here on every write of this row is of the new one.
      this.#budgets.set(key, budget);
      const row: GrantRow = { of: ask.of };
      const isFirst = await this.#deps.asks.decide(ask.id, true, [
        this.#row(key),
        { table: 'requests', key: grantKey(origin, requestId), value: row },
        ...writes,
      ]);
      if (!isFirst)
        throw new WalletError('gone', 'This request is gone: it was answered already, or taken back.');
      this.#tell(told);
    } catch (error) {
      if (this.#budgets.get(key)?.requestId === requestId) {
        if (before) this.#budgets.set(key, before);
        else this.#budgets.delete(key);
        this.#saveSoon(key);
      }
      throw error;
    } finally {
      this.#granting.delete(ask.id);
      this.#watchExpiry();
    }
  }

  // ---- the person's settings

  /** Other limits from now on; what is used stays counted. @throws WalletError */
  async change(origin: string, channel: string, limits: Limits): Promise<void> {
    const key = keyOf(origin, channel);
    const before = this.of(origin, channel);
    if (!before) throw new WalletError('gone', 'This budget is over: it has expired or was revoked.');
    checkLimits(limits.amount, limits.perUpdate);
    const { amount, perUpdate, expiresAt } = before;
    const next = { ...before, ...limits };
    this.#budgets.set(key, next);
    this.#watchExpiry();
    try {
      const { writes, told } = await this.#deps.sites.draft([eventOf(next, 'changed')]);
      await this.#deps.store.commit([this.#row(key), ...writes]);
      this.#tell(told);
    } catch (error) {
      const now = this.#budgets.get(key);
      if (now) this.#budgets.set(key, { ...now, amount, perUpdate, expiresAt });
      throw error;
    }
  }

  /** At once: what is not signed by then is asked for. */
  revoke(origin: string, channel: string): Promise<void> {
    return this.#end([keyOf(origin, channel)], 'revoked');
  }

  revokeAll(origin: string): Promise<void> {
    const keys = [...this.#budgets].flatMap(([key, budget]) => (budget.origin === origin ? [key] : []));
    return this.#end(keys, 'revoked');
  }

  /** The channel pays no more. */
  endChannel(channel: string): Promise<void> {
    const keys = [...this.#budgets].flatMap(([key, budget]) => (budget.channel === channel ? [key] : []));
    return this.#end(keys, 'revoked');
  }

  async #end(keys: readonly string[], reason: 'revoked' | 'expired'): Promise<void> {
    const ended = keys.flatMap((key) => this.#budgets.get(key) ?? []);
    if (ended.length === 0) return;
    for (const key of keys) this.#budgets.delete(key);
    this.#watchExpiry();
    try {
      const { writes, told } = await this.#deps.sites.draft(ended.map((budget) => eventOf(budget, reason)));
      await this.#deps.store.commit([...keys.map((key) => this.#row(key)), ...writes]);
      this.#tell(told);
    } catch (error) {
      for (const key of keys) this.#saveSoon(key);
      throw error;
    }
  }

  #expire(): Promise<void> {
    const now = this.#deps.clock.now();
    const keys = [...this.#budgets].flatMap(([key, budget]) => (isExpired(budget, now) ? [key] : []));
    if (keys.length > 0) return this.#end(keys, 'expired');
    this.#watchExpiry();
    return Promise.resolve();
  }

  #watchExpiry(): void {
    this.#stopExpiry();
    this.#stopExpiry = () => undefined;
    if (this.#budgets.size === 0) return;
    const first = Math.min(...[...this.#budgets.values()].map(({ expiresAt }) => expiresAt));
    const ms = Math.min(Math.max(0, first - this.#deps.clock.now()), longestTimer);
    this.#stopExpiry = this.#deps.clock.after(ms, () => void this.#expire().catch(() => undefined));
  }

  // ---- paying

  /**
   * Pays within the site's budget for the channel, once for each requestId. Where a limit stands against it, or there is
   * no budget, nothing happens.
   * @param of names what is asked for: something else under the same requestId is refused
   * @param rows what is to be durable with the reservation
   * @throws PageError, StoreError
   */
  async spend(
    engine: Engine,
    channel: string,
    request: Request,
    { of, payment, rows = [] }: { of: string; payment: Payment; rows?: readonly Write[] },
  ): Promise<Spending> {
    const key = `${request.scope}\n${request.id}`;
    const same = this.#paying.get(key);
    if (same && same.of !== of) throw anotherRequest();
    if (same) return same.done;
    if (!this.of(request.scope, channel)) return { limit: null };
    const done = this.#spend(engine, channel, request, payment, rows).finally(() => this.#paying.delete(key));
    this.#paying.set(key, { of, done });
    return done;
  }

  async #spend(
    engine: Engine,
    channel: string,
    request: Request,
    payment: Payment,
    rows: readonly Write[],
  ): Promise<Spending> {
    const { scope: origin, id: requestId } = request;
    const key = keyOf(origin, channel);
    // One that ended just before this one came must not be counted again.
    const known = await engine.outcome(origin, requestId);
    if (known) return { outcome: known };
    do {
      const budget = this.of(origin, channel);
      if (!budget) return { limit: null };
      const limit = limitOf(budget, payment);
      if (limit) return { limit };
      this.#budgets.set(key, reserve(budget, { requestId, amount: payment.amount }));
      try {
        await this.#deps.store.commit([this.#row(key), ...rows]);
      } catch (error) {
        this.#settle(key, requestId, 0n);
        throw error;
      }
      // Revoked or replaced meanwhile: what is in force now decides.
    } while (!this.of(origin, channel)?.reserved.some((one) => one.requestId === requestId));
    const outcome = await engine.request(channel, request);
    this.#settleBy(key, requestId, outcome);
    return { outcome };
  }

  #settleBy(key: string, requestId: string, outcome: Outcome): void {
    const reservation = this.#budgets.get(key)?.reserved.find((one) => one.requestId === requestId);
    const spent = reservation && spentBy(outcome, reservation);
    if (typeof spent === 'bigint') this.#settle(key, requestId, spent);
  }

  #settle(key: string, requestId: string, spent: bigint): void {
    const budget = this.#budgets.get(key);
    const settled = budget && settle(budget, requestId, spent);
    if (!settled || settled === budget) return;
    this.#budgets.set(key, settled);
    this.#saveSoon(key);
  }

  /**
   * What an earlier life of the wallet had reserved: settled where the channel's records tell how it ended, released
   * where nothing was ever signed for it, watched where it is under way. Before any site is served.
   */
  async reconcile(engine: Engine): Promise<void> {
    // Those that the last engine did not begin are given back by then.
    await Promise.allSettled([...this.#paying.values()].map(({ done }) => done));
    for (const [key, { origin, channel, reserved }] of [...this.#budgets]) {
      const actor = engine.channels().find(({ id }) => id === channel);
      // Of another network: its records tell when it is back.
      if (!actor) continue;
      for (const { requestId, amount } of reserved) {
        const ending = engine.ending(origin, requestId);
        if (ending) void ending.then((outcome) => this.#settleBy(key, requestId, outcome));
        else {
          const outcome = await engine.outcome(origin, requestId);
          if (outcome) this.#settleBy(key, requestId, outcome);
          // Where the peer had to tell the latest state, that may hold the payment.
          else this.#settle(key, requestId, actor.channel.recovered ? amount : 0n);
        }
      }
    }
  }

  // ---- writing and telling

  #row(key: string): Write {
    return { table: 'budgets', key, value: this.#budgets.get(key) };
  }

  #saveSoon(key: string, ms = saveAfter): void {
    this.#unsaved.add(key);
    if (this.#saving) return;
    this.#saving = true;
    this.#deps.clock.after(ms, () => {
      this.#saving = false;
      void this.#save().catch(() => undefined);
    });
  }

  /** Writes and tells what was settled. */
  async #save(): Promise<void> {
    const keys = [...this.#unsaved];
    this.#unsaved.clear();
    if (keys.length === 0) return;
    try {
      const there = keys.flatMap((key) => this.#budgets.get(key) ?? []);
      const { writes, told } = await this.#deps.sites.draft(there.map((budget) => eventOf(budget, 'spent')));
      await this.#deps.store.commit([...keys.map((key) => this.#row(key)), ...writes]);
      this.#tell(told);
    } catch (error) {
      for (const key of keys) this.#saveSoon(key, tryAgainAfter);
      throw error;
    }
  }

  #tell(told: readonly { origin: string; event: PageEvent }[]): void {
    for (const { origin, event } of told) this.#deps.push(origin, event);
    this.#deps.changed();
  }
}

/** As a page reads it. */
export const pageBudget = (budget: Budget): PageBudget => ({
  id: budget.channel,
  channelId: budget.channelId,
  amount: budget.amount.toString(),
  perUpdate: budget.perUpdate.toString(),
  contracts: budget.contracts.map(({ contract, functions }) => ({
    contract,
    ...(functions ? { functions } : {}),
  })),
  expiresAt: budget.expiresAt,
  ...usageOf(budget),
});

export const usageOf = (budget: Budget) => ({
  spent: budget.spent.toString(),
  reserved: reservedOf(budget).toString(),
  left: leftOf(budget).toString(),
});

function eventOf(budget: Budget, reason: Reason) {
  const { origin, channel, channelId, amount, perUpdate, expiresAt } = budget;
  const isOver = reason === 'revoked' || reason === 'expired';
  const detail = {
    reason,
    amount: amount.toString(),
    perUpdate: perUpdate.toString(),
    expiresAt: String(expiresAt),
    ...usageOf(budget),
    ...(isOver ? { left: '0' } : {}),
  };
  const event = { type: 'budgetChanged' as const, id: channel, channelId, sequenceNumber: null, detail };
  return { origin, event };
}

/** @throws PageError where one contract is named twice */
function allowed(contracts: { contract: string; functions?: string[] | undefined }[]): AllowedContract[] {
  const twice = contracts.find(
    ({ contract }, at) => contracts.findIndex((c) => c.contract === contract) < at,
  );
  if (twice) throw new PageError('invalidParams', `contracts: ${twice.contract} is named twice.`);
  return contracts.map(({ contract, functions }) => ({ contract, functions: functions ?? null }));
}

function problemOf(amount: bigint, perUpdate: bigint): string | null {
  if (amount <= 0n) return 'amount: give more than 0 aetto';
  if (perUpdate <= 0n) return 'perUpdate: give more than 0 aetto';
  return perUpdate > amount ? 'perUpdate: give no more than amount' : null;
}

function checkAmounts(amount: bigint, perUpdate: bigint): void {
  const problem = problemOf(amount, perUpdate);
  if (problem) throw new PageError('invalidParams', problem);
}

function checkLimits(amount: bigint, perUpdate: bigint): void {
  const problem = problemOf(amount, perUpdate);
  if (problem)
    throw new WalletError(
      'bad_limits',
      `A budget needs sums above zero, for each payment no more than in all (${problem}).`,
    );
}
