/**
 * The methods that pages have (docs/pages.md), for programs of this computer: the same gate, with one site that sees every
 * channel. Nobody is asked: who has the token decides, within the policy's limits.
 */
import { join } from 'node:path';
import type { SiteAsk, SiteAsks } from '../../src/background/dapps/approvals.ts';
import { Budgets } from '../../src/background/dapps/budgets.ts';
import { anotherRequest, PageError } from '../../src/background/dapps/errors.ts';
import { Gate } from '../../src/background/dapps/gate.ts';
import { loadSites, type Site } from '../../src/background/dapps/sites.ts';
import type { ChannelActor } from '../../src/engine/actor.ts';
import type { Engine } from '../../src/engine/engine.ts';
import type { Clock, Random, Store } from '../../src/engine/ports.ts';
import { inAe } from '../../src/protocol/channel/index.ts';
import type { PageEvent } from '../../src/rpc/page.ts';
import type { ApiLimits } from '../policy.ts';
import { type ApiServer, startApiServer } from './server.ts';
import { tokenIn } from './token.ts';

export interface Api {
  url: string;
  tokenFile: string;
  /** The channel changed. */
  changed(actor: ChannelActor): void;
  message(actor: ChannelActor, data: Uint8Array): void;
  /** The engine runs: tells what happened before, and takes calls. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface ApiDeps {
  /** 0: any. */
  port: number;
  /** Where the token's file is. */
  data: string;
  store: Store;
  clock: Clock;
  random: Random;
  limits: ApiLimits;
  running(): { engine: Engine; address: string; networkId: string } | null;
  log(line: string): void;
}

/** As who the socket's programs are known: no page has such an origin. */
const origin = 'peer-api';
/** So many events are kept. */
const keptEvents = 10_000;
/** What makes no sense where nobody is asked. */
const without: Record<string, string> = {
  disconnect: 'The token is the permission: stop the peer and delete its file to take it back.',
  'channel.requestBudget': 'Nobody is asked here, so there are no budgets: the policy file has the limits.',
};

export async function createApi(deps: ApiDeps): Promise<Api> {
  const tokenFile = join(deps.data, 'api-token');
  const token = tokenIn(tokenFile);
  const stored = await loadSites(deps.store, keptEvents);
  if (!stored.get(origin)) await stored.connect(origin, deps.clock.now());
  const site: Site = { ...stored.get(origin)!, all: true };
  const sites = {
    ...stored,
    list: () => [site],
    get: (of: string) => (of === origin ? site : undefined),
    addPeer: async () => undefined,
  };
  let server: ApiServer | null = null;
  const asks = tokenAsks(deps.store, deps.limits, (ask) => carryOut(gate, ask));
  const push = (_: string, event: PageEvent) => server?.push(event);
  const ofGate = { ...deps, sites, asks, push };
  const budgets = await Budgets.load({ ...ofGate, changed: () => undefined });
  const gate: Gate = new Gate({ ...ofGate, budgets, wantUnlock: () => undefined });
  const told = (work: Promise<unknown>) =>
    void work.catch((error) =>
      deps.log(`An event was not kept: ${error instanceof Error ? error.message : error}`),
    );

  const api: Api = {
    url: '',
    tokenFile,
    changed: (actor) => told(gate.announce(actor)),
    message: (actor, data) => told(gate.message(actor, data)),
    async start() {
      for (const actor of deps.running()?.engine.channels() ?? []) await gate.announce(actor, true);
      server = await startApiServer({
        port: deps.port,
        token,
        async handle(method, params) {
          if (Object.hasOwn(without, method)) throw new PageError('unsupportedMethod', without[method]!);
          return gate.handle(origin, method, params);
        },
      });
      api.url = server.url;
    },
    stop: async () => server?.stop(),
  };
  return api;
}

/** What the person's yes does in the wallet. */
async function carryOut(gate: Gate, ask: SiteAsk): Promise<unknown> {
  if (ask.kind === 'site_channel') return gate.operations.carryOut(ask);
  if (ask.kind === 'site_contract') return gate.contracts.carryOut(ask);
  return null;
}

/** Says yes at once to what the policy allows. */
function tokenAsks(store: Store, limits: ApiLimits, work: (ask: SiteAsk) => Promise<unknown>): SiteAsks {
  interface Open {
    ask: SiteAsk;
    decision: Promise<boolean>;
    resolve(yes: boolean): void;
    deciding: boolean;
  }
  const open = new Map<string, Open>();

  return {
    list: () => [...open.values()].map(({ ask }) => ask),
    get: (id) => open.get(id)?.ask,
    // Many programs may ask at once: none waits for another.
    ofSite: () => [],
    async ask(ask) {
      const same = open.get(ask.id);
      if (same && ofAsk(same.ask) !== ofAsk(ask)) throw anotherRequest();
      if (same) return same.decision;
      const problem = overLimit(ask, limits);
      if (problem) throw new PageError('limitExceeded', problem);
      if (ask.kind === 'site_payment') return true;
      const decision = new Promise<boolean>((resolve, reject) => {
        // The store holds it when `open` lets it go: a repetition meanwhile waits with this one.
        queueMicrotask(() =>
          work(ask)
            .catch(reject)
            .finally(() => open.delete(ask.id)),
        );
        open.set(ask.id, { ask, decision: Promise.resolve(false), resolve, deciding: false });
      });
      open.get(ask.id)!.decision = decision;
      return decision;
    },
    async decide(id, approved, writes = []) {
      const found = open.get(id);
      if (!found || found.deciding) return false;
      found.deciding = true;
      if (writes.length > 0) await store.commit(writes);
      found.resolve(approved);
      return true;
    },
    // Nobody says no here, so nobody is blocked.
    decline: async () => false,
    blocked: () => [],
    unblock: async () => undefined,
  };
}

const ofAsk = (ask: SiteAsk) => ('of' in ask ? ask.of : '');

/** @returns why the policy does not allow it, a sentence */
function overLimit(ask: SiteAsk, { maxPayment, maxFunding }: ApiLimits): string | null {
  const over = (amount: bigint, most: bigint | null, name: string) =>
    most !== null && amount > most
      ? `The peer’s policy allows ${inAe(most)} AE at once (api.${name}); this is ${inAe(amount)} AE.`
      : null;
  if (ask.kind === 'site_payment' || ask.kind === 'site_contract')
    return over(ask.amount, maxPayment, 'maxPayment');
  if (ask.kind !== 'site_channel') return null;
  const { operation } = ask;
  if (operation.type === 'open') return over(operation.terms.initiatorAmount, maxFunding, 'maxFunding');
  return operation.type === 'deposit' ? over(operation.amount, maxFunding, 'maxFunding') : null;
}
