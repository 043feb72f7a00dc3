/** Budgets of sites: asked for, granted lower, used without a question, changed, revoked, expired; and sites that are blocked. */
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { loadSiteAsks, type SiteAsks } from '../../src/background/dapps/approvals.ts';
import { type Budget, limitOf, spentBy } from '../../src/background/dapps/budget-rules.ts';
import { Budgets } from '../../src/background/dapps/budgets.ts';
import { PageError } from '../../src/background/dapps/errors.ts';
import { Gate } from '../../src/background/dapps/gate.ts';
import { loadSites, type Sites } from '../../src/background/dapps/sites.ts';
import { siteApproval } from '../../src/background/dapps/views.ts';
import type { Clock } from '../../src/engine/ports.ts';
import type { Outcome } from '../../src/protocol/channel/index.ts';
import { functionId } from '../../src/protocol/vm/index.ts';
import type { PageBudget, PageEvent } from '../../src/rpc/page.ts';
import { online, type Party, phase, random, clock as realClock, until } from '../engine/party.ts';
import { ae, scene } from '../engine/scene.ts';

const site = 'https://shop.example';
const { party, fund } = scene(650, 150);
let wallet: Party;
let shop: Party;
let id: string;
let sites: Sites;
let asks: SiteAsks;
let budgets: Budgets;
let gate: Gate;
/** How much later than really it is, ms. */
let later = 0;
const pushed: PageEvent[] = [];

let lives = 0;
/** The worker starts anew over the same store and engine; what the one before still meant to do is not done. */
async function start(): Promise<void> {
  const { store, engine, address } = wallet;
  lives += 1;
  const life = lives;
  const clock: Clock = {
    now: () => Date.now() + later,
    after: (ms, callback) => realClock.after(ms, () => life === lives && callback()),
  };
  sites = await loadSites(store);
  asks = await loadSiteAsks({ store, clock, changed: () => undefined });
  const push = (_: string, event: PageEvent) => void pushed.push(event);
  budgets = await Budgets.load({ store, clock, sites, asks, push, changed: () => undefined });
  await budgets.reconcile(engine);
  const running = () => ({ engine, address, networkId: 'ae_devnet' });
  const deps = { store, clock, random, sites, asks, budgets };
  gate = new Gate({ ...deps, running, wantUnlock: () => undefined, push });
}

beforeAll(async () => {
  wallet = await party();
  shop = await party({ listen: true });
  await fund(wallet);
  await fund(shop);
  const terms = {
    initiatorAmount: 50n * ae,
    responderAmount: 5n * ae,
    pushAmount: 0n,
    channelReserve: ae,
    lockPeriod: 10,
  };
  ({ id } = await wallet.engine.open(shop.publicKey, shop.transport.addresses(), terms));
  for (const one of [wallet, shop]) await until('open', phase(one, id), (value) => value === 'open');
  await start();
}, 60_000);

beforeEach(async () => {
  later = 0;
  await budgets.revokeAll(site);
  for (const ask of asks.list()) await asks.decide(ask.id, false);
  await asks.unblock(site);
  await sites.connect(site, 1);
  await sites.addPeer(site, shop.address);
});

const codeOf = (call: Promise<unknown>) =>
  call.then(
    () => 0,
    (error) => {
      if (error instanceof PageError) return error.code;
      throw error;
    },
  );
let requests = 0;
const fresh = () => `r${++requests}`;
const call = (method: string, params: object, origin = site) => gate.handle(origin, method, params);
const ask = (requestId: string, more: object = {}) =>
  call('channel.requestBudget', {
    id,
    amount: String(2n * ae),
    perUpdate: String(ae),
    seconds: 3600,
    requestId,
    ...more,
  }) as Promise<PageBudget>;
const budget = () => call('channel.budget', { id }) as Promise<PageBudget | null>;
const transfer = (amount: bigint, requestId = fresh(), origin = site) =>
  call('channel.transfer', { id, amount: String(amount), requestId }, origin);
const question = async () =>
  (
    await until(
      'a question',
      () => asks.list(),
      (list) => list.length > 0,
    )
  )[0]!;
async function grant(granted?: { amount: bigint; perUpdate: bigint; seconds: number }): Promise<void> {
  const asked = await question();
  if (asked.kind !== 'site_budget') throw new Error(`another question: ${asked.kind}`);
  await budgets.grant(asked, 'ch_test', granted ?? asked);
}
async function granted(more: object = {}): Promise<PageBudget> {
  const asked = ask(fresh(), more);
  await grant();
  return asked;
}
const changes = async () =>
  (await sites.since(site, 0)).filter(({ type }) => type === 'budgetChanged').map(({ detail }) => detail);
const mine = () => wallet.engine.channel(id).channel.latest!.balances.initiator;

describe('asking for a budget', () => {
  test('the person may lower it, and the page is told what was granted', async () => {
    const asked = ask('lowered');
    const shown = siteApproval(
      { engine: wallet.engine, publicKey: wallet.publicKey, networkId: 'ae_devnet', budgets },
      await question(),
    );
    expect(shown).toMatchObject({
      kind: 'site_budget',
      amount: String(2n * ae),
      perUpdate: String(ae),
      seconds: 3600,
      spendable: String(49n * ae),
      replaces: null,
    });
    await grant({ amount: ae, perUpdate: ae / 2n, seconds: 60 });
    const got = await asked;
    expect(got).toMatchObject({
      id,
      amount: String(ae),
      perUpdate: String(ae / 2n),
      left: String(ae),
      spent: '0',
    });
    expect(got.expiresAt).toBeLessThanOrEqual(Date.now() + 60_000);
    expect(await budget()).toEqual(got);
    expect((await changes()).at(-1)).toMatchObject({ reason: 'granted', left: String(ae) });
  });
  test('a requestId has one outcome: repeated it tells how the budget stands, and something else is refused', async () => {
    const asked = ask('once');
    expect(await codeOf(ask('once', { amount: String(3n * ae) }))).toBe(-32602);
    await grant();
    await asked;
    await transfer(ae / 4n);
    expect(await ask('once')).toMatchObject({ spent: String(ae / 4n), left: String((7n * ae) / 4n) });
    expect(await codeOf(ask('once', { seconds: 60 }))).toBe(-32602);
    await budgets.revoke(site, id);
    await expect(ask('once')).rejects.toThrow(/is over/);
    expect(asks.list()).toEqual([]);
  });
  test('no more is granted than was asked for', async () => {
    void codeOf(ask(fresh()));
    for (const more of [
      { amount: 3n * ae, perUpdate: ae, seconds: 60 },
      { amount: 2n * ae, perUpdate: 2n * ae, seconds: 60 },
      { amount: 2n * ae, perUpdate: ae, seconds: 3601 },
      { amount: ae / 2n, perUpdate: ae, seconds: 60 },
      { amount: 0n, perUpdate: 0n, seconds: 60 },
    ])
      await expect(grant(more)).rejects.toThrow(/budget/i);
    expect(await budget()).toBeNull();
  });
  test('the person says no: 4001, and there is none', async () => {
    const asked = codeOf(ask(fresh()));
    await asks.decide((await question()).id, false);
    expect(await asked).toBe(4001);
    expect(await budget()).toBeNull();
  });
  test('what makes no sense is refused before anybody is asked', async () => {
    const contract = `ct_${'2'.repeat(48)}`;
    for (const wrong of [
      { amount: '0' },
      { perUpdate: '0' },
      { perUpdate: String(3n * ae) },
      { seconds: 59 },
      { seconds: 367 * 86_400 },
      { contracts: [{ contract }, { contract }] },
      { contracts: [{ contract: 'x' }] },
      { contracts: [{ contract, functions: [] }] },
      { id: 'f'.repeat(64) },
    ])
      expect(await codeOf(ask(fresh(), wrong)), JSON.stringify(wrong)).toBe(-32602);
    expect(asks.list()).toEqual([]);
  });
  test('one question of a kind is open: another budget is turned away, the same one waits with the first', async () => {
    const first = ask('first');
    await question();
    expect(await codeOf(ask('second'))).toBe(-32005);
    const again = ask('first');
    await grant();
    expect(await again).toEqual(await first);
  });
});

describe('within a budget', () => {
  test('payments go without a question, are counted and told', async () => {
    await granted();
    const before = mine();
    expect(await transfer(ae, 'one')).toMatchObject({ mine: String(before - ae) });
    expect(await transfer(ae, 'one')).toMatchObject({ mine: String(before - ae) });
    expect(mine()).toBe(before - ae);
    expect(asks.list()).toEqual([]);
    expect(await budget()).toMatchObject({ spent: String(ae), reserved: '0', left: String(ae) });
    await until('told', changes, (list) => list.at(-1)?.spent === String(ae));
    expect((await changes()).at(-1)).toMatchObject({ reason: 'spent', left: String(ae) });
  });
  test('the amount is durably reserved before the payment is proposed', async () => {
    await granted();
    const { engine } = wallet;
    const original = engine.request.bind(engine);
    let row: Budget | undefined;
    engine.request = async (...given) => {
      row = (await wallet.store.get('budgets', `${site}/${id}`)) as Budget;
      return original(...given);
    };
    try {
      await transfer(ae, 'reserved');
    } finally {
      engine.request = original;
    }
    expect(row!.reserved).toEqual([{ requestId: 'reserved', amount: ae }]);
  });
  test.each([
    ['more than at once', (3n * ae) / 2n, 'per_update'],
    ['more than is left', ae, 'total'],
  ] as const)('%s is asked for, with the limit that it goes over', async (_, amount, limit) => {
    await granted();
    await transfer(ae / 2n);
    await transfer(ae);
    const before = mine();
    const asked = codeOf(transfer(amount));
    expect(await question()).toMatchObject({ kind: 'site_payment', limit });
    await asks.decide((await question()).id, false);
    expect(await asked).toBe(4001);
    expect(mine()).toBe(before);
  });
  test('what the person approves above it does not count', async () => {
    await granted();
    const asked = transfer((3n * ae) / 2n);
    const open = await question();
    if (open.kind !== 'site_payment') throw new Error('another question');
    await gate.payments.carryOut(open);
    await asked;
    expect(await budget()).toMatchObject({ spent: '0', left: String(2n * ae) });
  });
  test('many at once take no more than there is; the rest is asked for or turned away', async () => {
    await granted({ amount: String(ae), perUpdate: String(ae / 10n) });
    const before = mine();
    const all = Array.from({ length: 15 }, () => codeOf(transfer(ae / 10n)));
    await asks.decide((await question()).id, false);
    const codes = await Promise.all(all);
    expect(codes.filter((code) => code === 0)).toHaveLength(10);
    expect(codes.filter((code) => code !== 0).every((code) => code === 4001 || code === -32005)).toBe(true);
    expect(before - mine()).toBe(ae);
    expect(await budget()).toMatchObject({ spent: String(ae), reserved: '0', left: '0' });
  });
  test('a payment that fails gives its amount back', async () => {
    await granted();
    await wallet.engine.leave(id);
    const offline = () => wallet.engine.connection(wallet.engine.channel(id));
    await until('offline', offline, (value) => value === 'offline');
    expect(await codeOf(transfer(ae))).toBe(-32603);
    expect(await budget()).toMatchObject({ spent: '0', reserved: '0', left: String(2n * ae) });
    await wallet.engine.reconnect(id);
    await online(wallet, id);
  });
  test('it is the site’s alone', async () => {
    const other = 'https://other.example';
    await sites.connect(other, 1);
    await sites.addPeer(other, shop.address);
    await granted();
    const asked = codeOf(transfer(ae, fresh(), other));
    expect(await question()).toMatchObject({ origin: other, kind: 'site_payment' });
    await asks.decide((await question()).id, false);
    expect(await asked).toBe(4001);
  });
});

describe('the person', () => {
  test('revokes: the next payment is asked for, at once', async () => {
    await granted();
    const revoked = budgets.revoke(site, id);
    const asked = codeOf(transfer(ae / 2n));
    await revoked;
    const open = await question();
    expect(open).toMatchObject({ kind: 'site_payment' });
    expect('limit' in open).toBe(false);
    await asks.decide(open.id, false);
    expect(await asked).toBe(4001);
    expect(await budget()).toBeNull();
    expect((await changes()).at(-1)).toMatchObject({ reason: 'revoked', left: '0' });
    expect(await wallet.store.list('budgets')).toEqual([]);
  });
  test('revokes while an amount is being reserved: it is asked for', async () => {
    await granted();
    const asked = codeOf(transfer(ae / 2n));
    // It lasts for a few turns only.
    while (budgets.of(site, id)?.reserved.length === 0) await new Promise(setImmediate);
    await budgets.revoke(site, id);
    const before = mine();
    const open = asks.list()[0] ?? (await Promise.race([question(), asked.then(() => null)]));
    // Either it was proposed by then, or the person is asked.
    if (open) await asks.decide(open.id, false);
    expect([0, 4001]).toContain(await asked);
    if (open) expect(mine()).toBe(before);
  });
  test('changes the limits: what is used stays counted', async () => {
    await granted();
    await transfer(ae);
    const { expiresAt } = (await budget())!;
    await budgets.change(site, id, { amount: (3n * ae) / 2n, perUpdate: ae / 2n, expiresAt });
    expect(await budget()).toMatchObject({
      spent: String(ae),
      left: String(ae / 2n),
      perUpdate: String(ae / 2n),
    });
    await budgets.change(site, id, { amount: ae / 2n, perUpdate: ae / 2n, expiresAt });
    expect(await budget()).toMatchObject({ left: '0' });
    await expect(budgets.change(site, id, { amount: 0n, perUpdate: 0n, expiresAt })).rejects.toThrow(
      /above zero/,
    );
    // What was spent is told a moment later, before or after it.
    const told = (await changes()).filter(({ reason }) => reason === 'changed');
    expect(told.at(-1)).toMatchObject({ left: '0' });
  });
  test('disconnects the site: its budgets go with it', async () => {
    await granted();
    await gate.disconnect(site);
    expect(budgets.of(site, id)).toBeNull();
    await sites.connect(site, 1);
    await sites.addPeer(site, shop.address);
    expect(await budget()).toBeNull();
    const types = (await sites.since(site, 0)).map(({ type }) => type);
    expect(types.lastIndexOf('disconnected')).toBeGreaterThan(types.lastIndexOf('budgetChanged'));
  });
});

describe('a site that is disconnected while it asks', () => {
  test('gets no budget: its question is taken back, and a late yes finds nothing', async () => {
    const asked = codeOf(ask(fresh()));
    const open = await question();
    if (open.kind !== 'site_budget') throw new Error('another question');
    await gate.disconnect(site);
    expect(await asked).toBe(4001);
    await expect(budgets.grant(open, 'ch_test', open)).rejects.toThrow(/not connected/);
    await wallet.store.commit([
      {
        table: 'budgets',
        key: `${site}/${id}`,
        value: {
          origin: site,
          channel: id,
          expiresAt: 1e15,
          reserved: [],
          spent: 0n,
          amount: 1n,
          perUpdate: 1n,
          contracts: [],
        },
      },
    ]);
    await start();
    expect(await wallet.store.list('budgets')).toEqual([]);
  });
});

describe('time', () => {
  test('at its end a budget is gone, also for a worker that slept through it', async () => {
    await granted({ seconds: 60 });
    later = 61_000;
    expect(await budget()).toBeNull();
    const asked = codeOf(transfer(ae));
    await asks.decide((await question()).id, false);
    expect(await asked).toBe(4001);
    await start();
    expect(await wallet.store.list('budgets')).toEqual([]);
    expect((await changes()).at(-1)).toMatchObject({ reason: 'expired' });
    // A clock that is put back brings nothing back.
    later = 0;
    expect(await budget()).toBeNull();
  });
});

describe('a worker that starts anew', () => {
  const put = async (change: Partial<Budget>) => {
    const row = (await wallet.store.get('budgets', `${site}/${id}`)) as Budget;
    await wallet.store.commit([{ table: 'budgets', key: `${site}/${id}`, value: { ...row, ...change } }]);
  };
  test('has the same budget, and tells what happened in numbered order', async () => {
    await granted();
    await transfer(ae);
    await until('written', changes, (list) => list.at(-1)?.spent === String(ae));
    await start();
    expect(await budget()).toMatchObject({ spent: String(ae), left: String(ae) });
    const numbers = (await sites.since(site, 0)).map(({ number }) => number);
    expect(numbers).toEqual(numbers.map((_, index) => numbers[0]! + index));
  });
  test('counts what was paid by then, and releases what was never signed for', async () => {
    await granted();
    await transfer(ae / 2n, 'known');
    await until('written', changes, (list) => list.at(-1)?.spent === String(ae / 2n));
    await put({
      spent: 0n,
      reserved: [
        { requestId: 'known', amount: ae / 2n },
        { requestId: 'never', amount: ae },
      ],
    });
    await start();
    expect(await budget()).toMatchObject({ spent: String(ae / 2n), reserved: '0' });
    // The page asks again, and is paid for once.
    const before = mine();
    await transfer(ae, 'never');
    expect(before - mine()).toBe(ae);
  });
});

describe('a site that asks again and again', () => {
  const refuse = async () => {
    const asked = codeOf(transfer(ae));
    await asks.decline((await question()).id);
    expect(await asked).toBe(4001);
  };
  test('is blocked after three refusals in a row, over restarts, until the person unblocks it', async () => {
    for (let n = 0; n < 3; n++) await refuse();
    expect(asks.blocked()).toEqual([{ origin: site, since: expect.any(Number) }]);
    expect(await codeOf(transfer(ae))).toBe(-32005);
    expect(await codeOf(ask(fresh()))).toBe(-32005);
    await start();
    expect(await codeOf(transfer(ae))).toBe(-32005);
    expect(asks.list()).toEqual([]);
    await asks.unblock(site);
    await refuse();
    expect(asks.blocked()).toEqual([]);
  });
  test('a yes in between, or enough time, and it is none', async () => {
    await refuse();
    await refuse();
    await granted();
    await budgets.revoke(site, id);
    await refuse();
    await refuse();
    later = 11 * 60_000;
    await refuse();
    expect(asks.blocked()).toEqual([]);
  });
  test('blocked, it may still use the budget that it has', async () => {
    await granted();
    for (let n = 0; n < 3; n++) {
      const asked = codeOf(transfer(2n * ae));
      await asks.decline((await question()).id);
      await asked;
    }
    expect(await codeOf(transfer(2n * ae))).toBe(-32005);
    expect(await codeOf(transfer(ae))).toBe(0);
  });
  test('to unblock it takes back what it asks', async () => {
    const asked = codeOf(transfer(ae));
    await question();
    await asks.unblock(site);
    expect(await asked).toBe(4001);
    expect(asks.list()).toEqual([]);
  });
});

describe('the rules', () => {
  const contract = `ct_${'2'.repeat(48)}`;
  const one: Budget = {
    origin: site,
    channel: 'a'.repeat(64),
    channelId: 'ch_x',
    peer: 'ak_x',
    amount: 10n,
    perUpdate: 4n,
    contracts: [{ contract, functions: ['move'] }],
    expiresAt: 1,
    requestId: 'r',
    spent: 5n,
    reserved: [{ requestId: 'x', amount: 2n }],
  };
  const called = (name: string | null) => ({ contract, functionId: name === null ? null : functionId(name) });
  test.each([
    ['a payment', 3n, null, null],
    ['above what is left, with what is reserved', 4n, null, 'total'],
    ['above what goes at once', 5n, null, 'per_update'],
    ['a named function', 3n, called('move'), null],
    ['another function', 0n, called('claim'), 'function'],
    ['call data that names none', 0n, called(null), 'function'],
    ['another contract', 0n, { contract: 'ct_other', functionId: null }, 'contract'],
  ] as const)('%s: %s aetto', (_, amount, payment, limit) => {
    expect(limitOf(one, { amount, call: payment })).toBe(limit);
  });
  test('a used-up budget still lets through a call without coins', () => {
    expect(limitOf({ ...one, amount: 5n }, { amount: 0n, call: called('move') })).toBeNull();
  });
  test('a call that fails costs nothing; what was never answered counts as paid; a stop tells nothing', () => {
    const outcome: Outcome = {
      scope: site,
      id: 'x',
      ok: true,
      number: 1n,
      balances: null,
      code: '',
      message: '',
    };
    const reservation = { requestId: 'x', amount: 2n };
    const reverted = { returnType: 'revert' } as NonNullable<Outcome['contract']>;
    expect(spentBy(outcome, reservation)).toBe(2n);
    expect(spentBy({ ...outcome, contract: reverted }, reservation)).toBe(0n);
    expect(spentBy({ ...outcome, ok: false, code: 'declined' }, reservation)).toBe(0n);
    expect(spentBy({ ...outcome, ok: false, code: 'undecided' }, reservation)).toBe(2n);
    expect(spentBy({ ...outcome, ok: false, code: 'stopped' }, reservation)).toBeNull();
  });
});

describe('a wallet that was locked in between', () => {
  test('begins nothing, gives the amount back, and answers so', async () => {
    await granted();
    await wallet.engine.stop();
    expect(await codeOf(transfer(ae))).toBe(4900);
    expect(await budget()).toMatchObject({ spent: '0', reserved: '0', left: String(2n * ae) });
  });
});
