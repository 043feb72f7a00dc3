/**
 * What sites ask of the person. Kept in the store until decided, so that neither a restart of the worker nor a reload
 * of the page loses or doubles a request; its id follows from origin and requestId.
 */
import { blake2b } from '@noble/hashes/blake2.js';
import type { Clock, Store, Write } from '../../engine/ports.ts';
import { toHex } from '../../protocol/bytes.ts';
import type { ContractWish, Terms } from '../../protocol/channel/index.ts';
import type { AllowedContract, Limit } from './budget-rules.ts';
import { PageError } from './errors.ts';
import { loadRefusals, type Refusals } from './refusals.ts';

export type SiteAsk =
  | { kind: 'connect'; id: string; origin: string; createdAt: number }
  | {
      kind: 'site_payment';
      id: string;
      origin: string;
      createdAt: number;
      channel: string;
      /** Aetto. */
      amount: bigint;
      note: string | null;
      requestId: string;
      /** The limit of the site's budget that it goes over; absent where there is no budget. */
      limit?: Limit;
    }
  | {
      kind: 'site_budget';
      id: string;
      origin: string;
      createdAt: number;
      requestId: string;
      /** Names what was asked: a repetition that asks something else is refused. */
      of: string;
      channel: string;
      peer: string;
      /** Aetto: in total, and for each payment. */
      amount: bigint;
      perUpdate: bigint;
      contracts: AllowedContract[];
      /** From the person's yes on. */
      seconds: number;
    }
  | {
      kind: 'site_transaction';
      id: string;
      origin: string;
      createdAt: number;
      networkId: string;
      /** Unsigned. */
      tx: Uint8Array;
      /** Whether the wallet posts it itself. */
      broadcast: boolean;
      /** Goes into another account's transaction, which pays the fee. */
      inner: boolean;
    }
  | {
      kind: 'site_channel';
      id: string;
      origin: string;
      createdAt: number;
      requestId: string;
      /** Names what was asked: a repetition that asks something else is refused. */
      of: string;
      operation: ChannelOperation;
    }
  | {
      kind: 'site_contract';
      id: string;
      origin: string;
      createdAt: number;
      requestId: string;
      /** Names what was asked: a repetition that asks something else is refused. */
      of: string;
      channel: string;
      /** Aetto that go to the contract. */
      amount: bigint;
      wish: ContractWish;
      /** The page's ACI, JSON; it is not checked. */
      aci: string | null;
      /** The limit of the site's budget that it goes over; absent where there is no budget. */
      limit?: Limit;
    }
  | { kind: 'site_message'; id: string; origin: string; createdAt: number; message: string };

/** What a page may start on a channel with the person's yes. Amounts in aetto. */
export type ChannelOperation =
  | {
      type: 'open';
      /** 32 bytes, chosen when it was asked for: the id that the page is told. */
      temporaryId: Uint8Array;
      peer: Uint8Array;
      addresses: string[];
      name: string | null;
      terms: Terms;
    }
  | { type: 'deposit' | 'withdraw'; channel: string; amount: bigint }
  | { type: 'shutdown'; channel: string };

export const askId = (kind: SiteAsk['kind'], origin: string, requestId: string): string =>
  `site-${toHex(blake2b(new TextEncoder().encode(JSON.stringify([kind, origin, requestId])), { dkLen: 16 }))}`;

export interface SiteAsks {
  list(): SiteAsk[];
  get(id: string): SiteAsk | undefined;
  /** Those of this kind that this site waits for. */
  ofSite<K extends SiteAsk['kind']>(kind: K, origin: string): Extract<SiteAsk, { kind: K }>[];
  /**
   * Shows it to the person; resolves with the decision. The same id waits for the same decision.
   * @throws PageError where another question of this kind and site is open, or the site is blocked
   */
  ask(ask: SiteAsk): Promise<boolean>;
  /** Durable when it resolves, together with `writes`. @returns whether it was still open */
  decide(id: string, approved: boolean, writes?: readonly Write[]): Promise<boolean>;
  /** The person's no: too many of them in a row block the site. @returns whether it was still open */
  decline(id: string): Promise<boolean>;
  /** Sites that may ask no more, and since when (ms since 1970). */
  blocked(): { origin: string; since: number }[];
  /** The person lets the site ask again: its refusals are forgotten, and what is open of it is taken back. */
  unblock(origin: string): Promise<void>;
}

/** A person who does not answer in this time says no. */
const lifetime = 10 * 60_000;
/** So many sites that are not connected may wait for the person at once, whoever is behind them. */
const mostStrangers = 3;

export async function loadSiteAsks(deps: {
  store: Store;
  clock: Clock;
  changed(ask: SiteAsk | null): void;
}): Promise<SiteAsks> {
  const open = new Map<string, SiteAsk>();
  const waiting = new Map<string, ((approved: boolean) => void)[]>();
  const isOver = ({ createdAt }: SiteAsk) => deps.clock.now() - createdAt >= lifetime;
  const connected = new Set((await deps.store.list('sites')).map(({ key }) => key));
  for (const row of await deps.store.list('approvals')) {
    const ask = row.value as SiteAsk;
    // A kill may have come between the end of a site's permission and that of its questions.
    const isMeant = ask.kind === 'connect' || connected.has(ask.origin);
    if (isMeant && !isOver(ask)) open.set(ask.id, ask);
    else await deps.store.commit([{ table: 'approvals', key: ask.id, value: undefined }]);
  }
  const refusals: Refusals = await loadRefusals(deps.store);

  const deciding = new Set<string>();
  async function decide(id: string, approved: boolean, writes: readonly Write[] = []): Promise<boolean> {
    const ask = open.get(id);
    // A second decision, while the first is being written, is none.
    if (!ask || deciding.has(id)) return false;
    // A computer that slept runs its timers late.
    if (approved && isOver(ask)) {
      await decide(id, false);
      return false;
    }
    deciding.add(id);
    try {
      const heard = approved ? refusals.heard(ask.origin) : [];
      await deps.store.commit([{ table: 'approvals', key: id, value: undefined }, ...writes, ...heard]);
    } finally {
      deciding.delete(id);
    }
    open.delete(id);
    for (const resolve of waiting.get(id) ?? []) resolve(approved);
    waiting.delete(id);
    deps.changed(null);
    return true;
  }

  function expire({ id, createdAt }: SiteAsk): void {
    const left = Math.max(0, createdAt + lifetime - deps.clock.now());
    deps.clock.after(left, () => void decide(id, false).catch(() => undefined));
  }
  for (const ask of open.values()) expire(ask);

  const ofSite = <K extends SiteAsk['kind']>(kind: K, origin: string) =>
    [...open.values()].filter(
      (ask): ask is Extract<SiteAsk, { kind: K }> => ask.kind === kind && ask.origin === origin,
    );

  /** @throws PageError where the person is not to be asked this */
  function admit({ kind, origin }: SiteAsk): void {
    if (refusals.isBlocked(origin))
      throw new PageError(
        'limitExceeded',
        'This site asked again and again and may ask no more: the person can unblock it in the wallet’s settings.',
      );
    if (ofSite(kind, origin).length > 0)
      throw new PageError('limitExceeded', 'Another question of this kind and site waits for the person.');
    const strangers = [...open.values()].filter((ask) => ask.kind === 'connect').length;
    if (kind === 'connect' && strangers >= mostStrangers)
      throw new PageError(
        'limitExceeded',
        'Other sites wait for the person already: ask again when those are answered.',
      );
  }

  return {
    list: () => [...open.values()].sort((a, b) => a.createdAt - b.createdAt),
    get: (id) => open.get(id),
    ofSite,
    async ask(ask) {
      const isNew = !open.has(ask.id);
      if (isNew) admit(ask);
      const decision = new Promise<boolean>((resolve) => {
        waiting.set(ask.id, [...(waiting.get(ask.id) ?? []), resolve]);
      });
      if (isNew) {
        open.set(ask.id, ask);
        await deps.store.commit([{ table: 'approvals', key: ask.id, value: ask }]);
        expire(ask);
      }
      deps.changed(open.get(ask.id) ?? null);
      return decision;
    },
    decide,
    async decline(id) {
      const ask = open.get(id);
      if (!ask) return false;
      return decide(id, false, refusals.refused(ask.origin, deps.clock.now()));
    },
    blocked: refusals.blocked,
    async unblock(origin) {
      for (const ask of [...open.values()]) if (ask.origin === origin) await decide(ask.id, false);
      await deps.store.commit(refusals.heard(origin));
      deps.changed(null);
    },
  };
}
