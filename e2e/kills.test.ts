/**
 * The crash matrix in the browser: in every flow the worker is stopped by the debugger, at the instant of the action
 * and in the midst of it. Afterwards both sides hold the same co-signed state, and every coin is in an account, in the
 * channel, or a fee in a block.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../test/engine/party.ts';
import { allFees, onChain } from './harness/chain-views.ts';
import { type Cheater, cheater } from './harness/cheater.ts';
import { devnet } from './harness/services.ts';
import { Wallet } from './harness/wallet.ts';

const ae = 10n ** 18n;
let chain: Awaited<ReturnType<typeof devnet>>;
let bob: Cheater;
let wallet: Wallet;
let address: string;
/** The channel at hand: its local id. */
let local: string;
let requests = 0;

type View = Awaited<ReturnType<Wallet['view']>>;
const sleep = (ms: number) => new Promise((done) => setTimeout(done, ms));
const mine = (view: View) => view.channels.find(({ id }) => id === local)!;
const bobs = () => bob.party().engine.channel(local).channel;

beforeAll(async () => {
  chain = await devnet({ keyBlockMs: 600, microBlockMs: 50 });
  bob = await cheater(chain, 198);
  wallet = await Wallet.launch({ name: 'killed' });
  address = await wallet.setUp(chain, 100n * ae);
});
afterAll(async () => {
  await wallet?.close();
  await bob?.stop();
  await chain?.close();
});

/** Acts, stops the worker after so many ms or as soon as the view is so, and waits for the next worker. */
async function killed(act: () => Promise<unknown>, at: number | ((view: View) => boolean) = 0) {
  const { bootId } = await wallet.view();
  const acting = act().catch(() => undefined);
  if (typeof at !== 'number') await wallet.until('the kill point', at);
  else if (at > 0) await sleep(at);
  await wallet.stopWorker();
  await wallet.until('a new worker', (view) => view.bootId !== bootId && view.account !== null);
  await Promise.race([acting, sleep(2_000)]);
}

/** Both are online with the same co-signed state and nothing under way; no coin is missing. */
async function agreed(): Promise<{ mine: bigint; theirs: bigint; number: string }> {
  const view = await wallet.until('nothing under way', (now) => {
    const { phase, connection, pending, sequenceNumber } = mine(now);
    const { latest, proposal, move, refusal, phase: other } = bobs();
    const idle = pending === null && !proposal && !move && !refusal;
    const same = phase === 'open' && other === 'open' && String(latest?.number) === sequenceNumber;
    return connection === 'online' && idle && same;
  });
  const balances = { mine: BigInt(mine(view).mine), theirs: BigInt(mine(view).theirs) };
  expect(bobs().latest!.balances).toEqual({ initiator: balances.mine, responder: balances.theirs });
  const object = await onChain(chain.url, mine(view).channelId!);
  expect(balances.mine + balances.theirs).toBe(object!.amount);
  expect(await coins(object!.amount)).toBe(200n * ae);
  return { ...balances, number: mine(view).sequenceNumber };
}

/** All coins that are anywhere: both accounts, this much in channels, fees in blocks. */
async function coins(inChannels: bigint): Promise<bigint> {
  const accounts = (await chain.balance(address)) + (await chain.balance(bob.address));
  return accounts + inChannels + (await allFees(chain.url, [address, bob.address]));
}

const terms = (lockPeriod: number) => ({
  initiatorAmount: String(10n * ae),
  responderAmount: String(5n * ae),
  pushAmount: String(ae),
  channelReserve: String(ae / 10n),
  lockPeriod,
});
async function open(lockPeriod: number): Promise<void> {
  local = (await wallet.call('channel.open', { link: bob.invite, terms: terms(lockPeriod) })).channel;
  await wallet.until('open', (view) => mine(view)?.phase === 'open');
  await agreed();
}
const pay = (amount: bigint, requestId = `p${++requests}`) =>
  wallet.call('channel.pay', { channel: local, amount: String(amount), note: null, requestId });
const bobAsks = (amount: bigint, direction: 'pay' | 'ask') =>
  bob.party().engine.request(local, { scope: 'e2e', id: `b${++requests}`, amount, direction, note: null });

describe('the worker is stopped', () => {
  it.each([
    ['as the proposal is sent', 0],
    ['a moment later', 60],
    ['once its funding is signed', 'signed'],
  ] as const)('establish, %s: open on both sides, or on neither', async (_, at) => {
    const known = new Set((await wallet.view()).channels.map(({ id }) => id));
    const propose = () => wallet.call('channel.open', { link: bob.invite, terms: terms(3) });
    const added = (view: View) => view.channels.find(({ id }) => !known.has(id));
    const signed = (view: View) =>
      ['half_signed', 'confirming', 'locking', 'open'].includes(added(view)?.phase ?? '');
    await killed(propose, at === 'signed' ? signed : at);
    // Killed before it was stored, there is no channel at all.
    const made = added(await wallet.view());
    if (!made) return expect(await coins(0n)).toBe(200n * ae);
    local = made.id;
    const settled = await wallet.until('decided', (view) =>
      ['open', 'aborted'].includes(mine(view)?.phase ?? 'aborted'),
    );
    if (mine(settled)?.phase !== 'open') {
      const known = () =>
        bob
          .party()
          .engine.channels()
          .find(({ id }) => id === local)?.channel.phase;
      await until('bob gave it up', known, (phase) => phase === undefined || phase === 'aborted');
      return expect(await coins(0n)).toBe(200n * ae);
    }
    await agreed();
    if (at === 'signed') return;
    // The next one starts without a channel.
    await wallet.call('channel.shutdown', { channel: local });
    await wallet.until('closed', (view) => mine(view).phase === 'closed');
    expect(await coins(0n)).toBe(200n * ae);
  });

  it.each([0, 15, 50])('update, after %i ms: paid exactly once', async (ms) => {
    const before = await agreed();
    await killed(() => pay(ae / 10n, `killed after ${ms}`), ms);
    await wallet.until('online', (view) => mine(view).connection === 'online');
    await pay(ae / 10n, `killed after ${ms}`);
    const after = await agreed();
    expect(after.mine).toBe(before.mine - ae / 10n);
  });

  it.each([0, 30])('batch, after %i ms: each of eight payments is made once', async (ms) => {
    const before = await agreed();
    const all = () =>
      Promise.all(Array.from({ length: 8 }, (_, i) => pay(ae / 100n, `batch ${ms} ${i}`).catch(() => null)));
    await killed(all, ms);
    await wallet.until('online', (view) => mine(view).connection === 'online');
    expect(await all()).not.toContain(null);
    expect((await agreed()).mine).toBe(before.mine - (8n * ae) / 100n);
  });

  it.each([0, 20])('refusal, %i ms after the person said no: nothing is paid', async (ms) => {
    const before = await agreed();
    const asking = bobAsks(ae, 'ask');
    const view = await wallet.until('asked', ({ approvals }) => approvals.length > 0);
    const [approval] = view.approvals;
    const { id } = approval!;
    await killed(() => wallet.call('approval.decide', { id, approve: false, digest: '' }), ms);
    // Where the no was not stored, the request comes again and is refused again.
    let outcome: Awaited<typeof asking> | null = null;
    void asking.then((it) => {
      outcome = it;
    });
    while (!outcome) {
      for (const { id } of (await wallet.view()).approvals)
        await wallet.call('approval.decide', { id, approve: false, digest: '' }).catch(() => null);
      await sleep(200);
    }
    expect(outcome).toMatchObject({ ok: false });
    expect((await agreed()).mine).toBe(before.mine);
  });

  it.each([0, 20])('conflict, after %i ms: both payments count once', async (ms) => {
    const before = await agreed();
    let theirs: Promise<unknown> = Promise.resolve();
    await killed(() => {
      theirs = bobAsks(ae / 5n, 'pay');
      return pay(ae / 10n, `conflict ${ms}`);
    }, ms);
    expect(await theirs).toMatchObject({ ok: true });
    await wallet.until('online', (view) => mine(view).connection === 'online');
    await pay(ae / 10n, `conflict ${ms}`);
    expect((await agreed()).mine).toBe(before.mine + ae / 10n);
  });

  describe.each([
    ['deposit', 'channel.deposit', 2n * ae],
    ['withdrawal', 'channel.withdraw', -ae],
  ] as const)('%s', (kind, method, change) => {
    it.each(['at once', 'while it is under way'])('%s: made whole, or not at all', async (when) => {
      const before = await agreed();
      const amount = String(change > 0n ? change : -change);
      const underWay = (view: View) =>
        mine(view).pending?.kind === kind || BigInt(mine(view).mine) !== before.mine;
      await killed(() => wallet.call(method, { channel: local, amount }), when === 'at once' ? 0 : underWay);
      const after = await agreed();
      expect([before.mine, before.mine + change]).toContain(after.mine);
      expect(after.theirs).toBe(before.theirs);
    });
  });

  it('shutdown, as it is sent: each gets its latest balance', async () => {
    const before = await agreed();
    const was = { wallet: await chain.balance(address), bob: await chain.balance(bob.address) };
    const quote = mine(await wallet.view()).closeQuote!;
    await killed(() => wallet.call('channel.shutdown', { channel: local }));
    await wallet.until('online or closing', (view) =>
      mine(view).phase === 'open' ? mine(view).connection === 'online' : true,
    );
    // Where the wish was not stored it is said again.
    if (mine(await wallet.view()).phase === 'open')
      await wallet.call('channel.shutdown', { channel: local }).catch(() => null);
    await wallet.until('closed', (view) => mine(view).phase === 'closed');
    await until(
      'closed at bob',
      () => bobs().phase,
      (phase) => phase === 'closed',
    );
    expect(await chain.balance(address)).toBe(was.wallet + BigInt(quote.mine));
    expect(await chain.balance(bob.address)).toBe(was.bob + BigInt(quote.theirs));
    expect(before.mine + before.theirs).toBe(BigInt(quote.mine) + BigInt(quote.theirs) + BigInt(quote.fee));
    expect(await coins(0n)).toBe(200n * ae);
  });

  it('close alone, as it is posted and again before it settles', async () => {
    await open(3);
    await pay(ae);
    const before = await agreed();
    const was = await chain.balance(bob.address);
    await wallet.until('known to be on chain', (view) => mine(view).channelId !== null);
    await killed(() => wallet.call('channel.closeAlone', { channel: local }));
    if (mine(await wallet.view()).phase === 'open')
      await wallet.call('channel.closeAlone', { channel: local }).catch(() => null);
    await killed(
      async () => undefined,
      (view) => (mine(view).progress?.confirmations ?? -1) >= 0 || mine(view).phase === 'closed',
    );
    await wallet.until('closed', (view) => mine(view).phase === 'closed', 60_000);
    // Bob's wallet may have settled, and paid for that.
    expect(was + before.theirs - (await chain.balance(bob.address))).toBeLessThan(ae / 1000n);
    expect(await coins(0n)).toBe(200n * ae);
  });

  it('slash, as the old state is noticed: the latest one stands', async () => {
    await open(10);
    bob.remember();
    expect(await bobAsks(3n * ae, 'pay')).toMatchObject({ ok: true });
    const latest = await agreed();
    const was = await chain.balance(address);
    const fees = () => allFees(chain.url, [address, bob.address]);
    const paid = await fees();
    const { channelId } = mine(await wallet.view());
    await killed(
      () => bob.closeWithOldState(),
      (view) => mine(view).phase === 'closing_solo',
    );
    for (;;) {
      const object = await onChain(chain.url, channelId!);
      expect(object, 'settled with the old state').not.toBeNull();
      if (object!.round === BigInt(latest.number) + 1n) break;
      await sleep(100);
    }
    await killed(async () => undefined, 200);
    await wallet.until('closed', (view) => mine(view).phase === 'closed', 60_000);
    const gained = (await chain.balance(address)) - was;
    expect(gained).toBeLessThanOrEqual(latest.mine);
    expect(latest.mine - gained).toBeLessThanOrEqual((await fees()) - paid);
    expect(await coins(0n)).toBe(200n * ae);
  });
});
