/** What a page may do: the gate over real stores, with a channel between two real engines. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startDevnet } from '../../devnet/index.ts';
import { AeppGate } from '../../src/background/dapps/aepp.ts';
import { askId, loadSiteAsks, type SiteAsks } from '../../src/background/dapps/approvals.ts';
import { Budgets } from '../../src/background/dapps/budgets.ts';
import { PageError } from '../../src/background/dapps/errors.ts';
import { Gate } from '../../src/background/dapps/gate.ts';
import { loadSites, type Sites } from '../../src/background/dapps/sites.ts';
import { encode } from '../../src/protocol/chain/address.ts';
import type { PageEvent } from '../../src/rpc/page.ts';
import { clock, type Party, phase, random, startParty, until } from '../engine/party.ts';

const ae = 10n ** 18n;
const site = 'https://shop.example';
const other = 'https://other.example';
let devnet: Awaited<ReturnType<typeof startDevnet>>;
let wallet: Party;
let shop: Party;
let id: string;
let sites: Sites;
let asks: SiteAsks;
let budgets: Budgets;
let gate: Gate;
let locked = false;
let unlocks = 0;
const pushed: [string, PageEvent][] = [];
let hear: (event: PageEvent) => void = () => undefined;

beforeAll(async () => {
  devnet = await startDevnet({ port: 0, keyBlockMs: 100, microBlockMs: 10 });
  wallet = await startParty({ node: devnet.url, seedByte: 71 });
  shop = await startParty({ node: devnet.url, seedByte: 72, listen: true });
  for (const { address } of [wallet, shop])
    await fetch(`${devnet.url}/devnet/faucet`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ address }),
    });
  const terms = {
    initiatorAmount: 10n * ae,
    responderAmount: ae,
    pushAmount: 0n,
    channelReserve: ae,
    lockPeriod: 10,
  };
  const opened = await until(
    'coins',
    () => wallet.engine.open(shop.publicKey, shop.transport.addresses(), terms).catch(() => null),
    (actor) => actor !== null,
  );
  id = opened!.id;
  await until('open', phase(wallet, id), (value) => value === 'open');
  const { store } = wallet;
  sites = await loadSites(store);
  asks = await loadSiteAsks({ store, clock, changed: () => undefined });
  const push = (origin: string, event: PageEvent) => {
    pushed.push([origin, event]);
    hear(event);
  };
  budgets = await Budgets.load({ store, clock, sites, asks, push, changed: () => undefined });
  gate = new Gate({
    store,
    clock,
    random,
    sites,
    asks,
    budgets,
    running: () =>
      locked ? null : { engine: wallet.engine, address: wallet.address, networkId: 'ae_devnet' },
    wantUnlock: () => void unlocks++,
    push,
  });
}, 60_000);
afterAll(async () => {
  await wallet?.stop();
  await shop?.stop();
  await devnet?.close();
});

const codeOf = async (call: Promise<unknown>) => {
  try {
    await call;
    return 0;
  } catch (error) {
    if (error instanceof PageError) return error.code;
    throw error;
  }
};
/** The person's word on the next question of this kind. */
async function decide(approve: boolean): Promise<void> {
  const [ask] = await until(
    'a question',
    () => asks.list(),
    (list) => list.length > 0,
  );
  if (ask!.kind === 'connect' && approve) await gate.connected(ask!);
  else if (ask!.kind === 'site_payment' && approve) await gate.payments.carryOut(ask!);
  else if (ask!.kind === 'site_channel' && approve)
    await gate.operations.carryOut(ask!).catch(() => undefined);
  else await asks.decide(ask!.id, approve);
}
/** Nothing of a deposit or withdrawal is left to do, on either side. */
async function idle(): Promise<void> {
  for (const party of [wallet, shop])
    await until(
      'the move to end',
      () => party.engine.channel(id).channel.move,
      (move) => move === null,
      30_000,
    );
}
const transfer = (requestId: string, amount = ae) =>
  gate.handle(site, 'channel.transfer', { id, amount: String(amount), requestId });

describe('a site that is not connected', () => {
  test('gets nothing', async () => {
    for (const [method, params] of [
      ['channel.list', { peer: shop.address }],
      ['channel.balances', { id }],
      ['channel.transfer', { id, amount: '1', requestId: 'x' }],
      ['events.since', { after: 0 }],
    ] as const)
      expect(await codeOf(gate.handle(site, method, params))).toBe(4100);
  });
  test('unknown methods and names of the prototype are no methods', async () => {
    for (const method of ['channel.slash', '__proto__', 'constructor', 'toString', ''])
      expect(await codeOf(gate.handle(site, method, {}))).toBe(4200);
  });
  test('the person says no: 4001, and it stays unconnected', async () => {
    const asked = codeOf(gate.handle(site, 'connect', {}));
    await decide(false);
    expect(await asked).toBe(4001);
    expect(sites.get(site)).toBeUndefined();
  });
  test('while the wallet is locked: 4900', async () => {
    locked = true;
    unlocks = 0;
    expect(await codeOf(gate.handle(site, 'connect', {}))).toBe(4900);
    expect(unlocks).toBe(1);
    locked = false;
  });
  test('one that the person refused three times has no wallet opened to be unlocked, connected or not', async () => {
    const bad = 'https://bad.example';
    for (let times = 0; times < 3; times++) {
      const asked = codeOf(gate.handle(bad, 'connect', {}));
      const [ask] = await until(
        'a question',
        () => asks.list(),
        (list) => list.length > 0,
      );
      await asks.decline(ask!.id);
      expect(await asked).toBe(4001);
    }
    locked = true;
    unlocks = 0;
    const aepp = new AeppGate({
      store: wallet.store,
      clock,
      sites,
      asks,
      network: () => ({ networkId: 'ae_devnet', node: { name: 'n', url: devnet.url } }),
      unlocked: async () => {
        unlocks += 1;
        return null;
      },
      connect: (origin) => gate.handle(origin, 'connect', {}),
    });
    expect(await codeOf(gate.handle(bad, 'connect', {}))).toBe(-32005);
    await expect(aepp.handle(bad, 'connection.open', { version: 1 })).rejects.toMatchObject({
      failure: { code: 9 },
    });
    await sites.connect(bad, 1);
    expect(await codeOf(gate.handle(bad, 'connect', {}))).toBe(4900);
    expect(await codeOf(gate.handle(bad, 'channel.list', {}))).toBe(4900);
    await expect(aepp.handle(bad, 'address.get', undefined)).rejects.toMatchObject({ failure: { code: 4 } });
    expect(unlocks).toBe(0);
    locked = false;
    await sites.disconnect(bad);
  });
});

describe('a connected site', () => {
  test('is connected by the person, and asked about once', async () => {
    const asked = gate.handle(site, 'connect', {});
    await decide(true);
    expect(await asked).toEqual({ address: wallet.address, networkId: 'ae_devnet' });
    expect(await gate.handle(site, 'connect', {})).toEqual({
      address: wallet.address,
      networkId: 'ae_devnet',
    });
  });
  test('sees channels only with the account it names', async () => {
    expect(await codeOf(gate.handle(site, 'channel.balances', { id }))).toBe(-32602);
    expect(await gate.handle(site, 'channel.list', { peer: wallet.address })).toEqual([]);
    expect(await gate.handle(site, 'channel.list', { peer: shop.address })).toEqual([
      expect.objectContaining({ id, phase: 'open' }),
    ]);
    expect(await gate.handle(site, 'channel.balances', { id })).toMatchObject({ mine: String(10n * ae) });
    expect(await codeOf(gate.handle(other, 'channel.balances', { id }))).toBe(4100);
  });
  test('malformed parameters are named', async () => {
    for (const params of [
      { id, amount: '-1', requestId: 'x' },
      { id, amount: 1, requestId: 'x' },
      { id, amount: '1e3', requestId: 'x' },
      { id, amount: '1' },
      { id: 'x', amount: '1', requestId: 'x' },
      null,
      'x',
    ])
      expect(await codeOf(gate.handle(site, 'channel.transfer', params))).toBe(-32602);
  });
  test('half a surrogate pair, which hashes as any other half, is in no requestId, note or message', async () => {
    for (const half of ['\ud800', '\ud801', 'x\udfff', '\udc00\ud800']) {
      expect(await codeOf(transfer(half))).toBe(-32602);
      const params = { id, amount: '1', requestId: 'whole', note: half };
      expect(await codeOf(gate.handle(site, 'channel.transfer', params))).toBe(-32602);
      const message = { id, message: half, requestId: 'whole' };
      expect(await codeOf(gate.handle(site, 'channel.sendMessage', message))).toBe(-32602);
    }
    expect(asks.list()).toEqual([]);
  });
  test('one yes is to one question: no two requestIds, origins or kinds share one', () => {
    const parts = ['', 'a', '\n', 'a\nb', '"', '","', '\ud800', '\ud801', '\ufffd'];
    const ids = parts.flatMap((origin) =>
      parts.flatMap((requestId) => [
        askId('site_payment', origin, requestId),
        askId('site_contract', origin, requestId),
      ]),
    );
    expect(new Set(ids).size).toBe(ids.length);
  });
  test('pays what the person approved, once', async () => {
    const asked = transfer('one');
    await decide(true);
    const paid = await asked;
    expect(paid).toMatchObject({ mine: String(9n * ae), theirs: String(2n * ae) });
    expect(await transfer('one')).toEqual(paid);
    expect(asks.list()).toEqual([]);
  });
  test('something else under the requestId of a payment is refused, whatever became of it', async () => {
    const mine = () => wallet.engine.channel(id).channel.latest!.balances.initiator;
    const before = mine();
    for (const more of [{ amount: String(2n * ae) }, { note: 'for something else' }])
      expect(
        await codeOf(
          gate.handle(site, 'channel.transfer', { id, amount: String(ae), requestId: 'one', ...more }),
        ),
      ).toBe(-32602);
    expect(asks.list()).toEqual([]);
    expect(mine()).toBe(before);
  });
  test('what was declined meanwhile is neither paid nor connected by a yes that comes too late', async () => {
    const balance = () => wallet.engine.channel(id).channel.latest!.balances.initiator;
    const before = balance();
    const asked = codeOf(transfer('late'));
    const [payment] = await until(
      'a question',
      () => asks.list(),
      (list) => list.length > 0,
    );
    const no = asks.decide(payment!.id, false);
    if (payment?.kind !== 'site_payment') throw new Error('another question');
    expect(await gate.payments.carryOut(payment)).toBeNull();
    await no;
    expect(await asked).toBe(4001);
    expect(balance()).toBe(before);

    const connecting = codeOf(gate.handle(other, 'connect', {}));
    const [question] = await until(
      'a question',
      () => asks.list(),
      (list) => list.length > 0,
    );
    const declined = asks.decide(question!.id, false);
    expect(await gate.connected(question!)).toBe(false);
    await declined;
    expect(await connecting).toBe(4001);
    expect(sites.get(other)).toBeUndefined();
  });
  test('the person declines: 4001, nothing moves', async () => {
    const asked = codeOf(transfer('two'));
    await decide(false);
    expect(await asked).toBe(4001);
    expect(await gate.handle(site, 'channel.balances', { id })).toMatchObject({ mine: String(9n * ae) });
  });
  test('one open question: a second payment is turned away, the same one waits with the first', async () => {
    const first = transfer('three');
    await until(
      'a question',
      () => asks.list(),
      (list) => list.length === 1,
    );
    expect(await codeOf(transfer('four'))).toBe(-32005);
    const again = transfer('three');
    expect(await codeOf(transfer('three', 2n * ae))).toBe(-32602);
    await decide(true);
    expect(await again).toEqual(await first);
    expect(await gate.handle(site, 'channel.balances', { id })).toMatchObject({ mine: String(8n * ae) });
  });
  test('cannot touch the reserve, and the person is not asked', async () => {
    expect(await codeOf(transfer('five', 8n * ae))).toBe(-32602);
    expect(asks.list()).toEqual([]);
  });
  test('an approval outlives a restart: the question is in the store', async () => {
    void codeOf(transfer('six'));
    await until(
      'a question',
      () => asks.list(),
      (list) => list.length === 1,
    );
    const reloaded = await loadSiteAsks({
      store: wallet.store,
      clock,
      changed: () => undefined,
    });
    expect(reloaded.list()).toEqual(asks.list());
    await decide(false);
  });
  test('hears of its channels only, in numbered order, and can ask for what it missed', async () => {
    const actor = wallet.engine.channel(id);
    await gate.announce(actor);
    await gate.message(actor, new TextEncoder().encode('hello'));
    await gate.message(actor, Uint8Array.of(0xff));
    const numbers = pushed.filter(([origin]) => origin === site).map(([, event]) => event.number);
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
    expect(pushed.filter(([origin]) => origin !== site)).toEqual([]);
    const since = (await gate.handle(site, 'events.since', { after: numbers.length - 2 })) as PageEvent[];
    expect(since.map((event) => event.number)).toEqual(numbers.slice(-2));
    expect(since.map((event) => event.detail)).toEqual([{ text: 'hello' }, { hex: 'ff' }]);
  });
  test('a gate that starts anew tells what the last one did not get to tell, and nothing twice', async () => {
    const actor = wallet.engine.channel(id);
    const types = () => pushed.filter(([origin]) => origin === site).map(([, event]) => event.type);
    await gate.announce(actor);
    const before = types().length;
    const deps = { store: wallet.store, clock, random, sites, asks, budgets, wantUnlock: () => undefined };
    const again = () =>
      new Gate({
        ...deps,
        running: () => ({ engine: wallet.engine, address: wallet.address, networkId: 'ae_devnet' }),
        push: (origin, event) => pushed.push([origin, event]),
      });
    await again().announce(actor, true);
    expect(types().length).toBe(before);
    const request = { scope: 'test', id: 'quiet', amount: ae, direction: 'pay', note: null } as const;
    expect((await wallet.engine.request(id, request)).ok).toBe(true);
    await again().announce(actor, true);
    expect(types().slice(before)).toEqual(['stateChanged']);
    await again().announce(actor, true);
    expect(types().length).toBe(before + 1);
  });
  test('a message goes to the other side once for each requestId', async () => {
    const send = (requestId: string, message: string) =>
      gate.handle(site, 'channel.sendMessage', { id, message, requestId });
    expect(await send('hello', 'hello')).toEqual({ id });
    expect(await send('hello', 'hello')).toEqual({ id });
    expect(await codeOf(send('hello', 'other'))).toBe(-32602);
    const several = await Promise.all(['same', 'same', 'same'].map((text) => send('at once', text)));
    expect(several).toEqual([{ id }, { id }, { id }]);
    expect(await codeOf(Promise.all([send('two', 'one'), send('two', 'another')]))).toBe(-32602);
    await send('last', 'last');
    const texts = () => shop.inband.map((data) => new TextDecoder().decode(data));
    await until('the messages', texts, (all) => all.at(-1) === 'last');
    expect(texts()).toEqual(['hello', 'same', 'one', 'last']);
  });
  test('a deposit begins once, when the person has said yes; its requestId has one outcome', async () => {
    const deposit = (requestId: string, amount = ae) =>
      gate.handle(site, 'channel.deposit', { id, amount: String(amount), requestId });
    const declined = codeOf(deposit('no'));
    await decide(false);
    expect(await declined).toBe(4001);
    const first = deposit('yes');
    await until(
      'a question',
      () => asks.list(),
      (list) => list.length === 1,
    );
    const second = deposit('yes');
    expect(await codeOf(deposit('yes', 2n * ae))).toBe(-32602);
    expect(await codeOf(deposit('other'))).toBe(-32005);
    await decide(true);
    expect(await first).toEqual({ id });
    expect(await second).toEqual({ id });
    const mine = () => wallet.engine.channel(id).channel.latest!.balances.initiator;
    await until('the deposit', mine, (balance) => balance === 8n * ae, 20_000);
    expect(await deposit('yes')).toEqual({ id });
    expect(asks.list()).toEqual([]);
    await idle();
  });
  test('an approval that is decided on twice is carried out once', async () => {
    const asked = gate.handle(site, 'channel.withdraw', { id, amount: String(ae), requestId: 'twice' });
    const [ask] = await until(
      'a question',
      () => asks.list(),
      (list) => list.length === 1,
    );
    if (ask?.kind !== 'site_channel') throw new Error('another question');
    const both = await Promise.all([gate.operations.carryOut(ask), gate.operations.carryOut(ask)]);
    expect(both.filter((outcome) => outcome !== null).length).toBe(1);
    expect(await asked).toEqual({ id });
    const mine = () => wallet.engine.channel(id).channel.latest!.balances.initiator;
    await until('the withdrawal', mine, (balance) => balance === 7n * ae, 20_000);
    await idle();
  });
  test('a close that the channel refuses meanwhile is told, and stays the requestId’s outcome', async () => {
    const close = () => gate.handle(site, 'channel.shutdown', { id, requestId: 'close' });
    const asked = codeOf(close());
    await until(
      'a question',
      () => asks.list(),
      (list) => list.length === 1,
    );
    await wallet.engine.wish(id, { type: 'shutdown' });
    await decide(true);
    const code = await asked;
    expect(await codeOf(close())).toBe(code);
  });
  test('an invite for another network, a damaged one and the own one are refused before anybody is asked', async () => {
    const terms = {
      initiatorAmount: String(ae),
      responderAmount: '0',
      pushAmount: '0',
      channelReserve: '0',
      lockPeriod: 10,
    };
    const open = (peer: string, net: string) =>
      codeOf(
        gate.handle(site, 'channel.open', {
          invite: `tandem:${peer}?net=${net}&via=/ip4/127.0.0.1/tcp/1/ws`,
          terms,
          requestId: 'open',
        }),
      );
    expect(await open(shop.address, 'ae_mainnet')).toBe(-32602);
    expect(await open(`${shop.address}x`, 'ae_devnet')).toBe(-32602);
    expect(await open(wallet.address, 'ae_devnet')).toBe(-32602);
    expect(asks.list()).toEqual([]);
    const declined = open(shop.address, 'ae_devnet');
    await decide(false);
    expect(await declined).toBe(4001);
  });
  test('disconnected by the person: everything is refused again', async () => {
    await gate.disconnect(site);
    expect(await codeOf(gate.handle(site, 'channel.balances', { id }))).toBe(4100);
  });
  test('a page that asks on while it is disconnected stays out, and asks nothing of the person any more', async () => {
    const stored = () => wallet.store.get('sites', site);
    await sites.connect(site, 1);
    await sites.addPeer(site, shop.address);
    const open = (requestId: string) =>
      codeOf(
        gate.handle(site, 'channel.open', {
          invite: `tandem:${shop.address}?net=ae_devnet&via=/ip4/127.0.0.1/tcp/1/ws`,
          terms: {
            initiatorAmount: String(ae),
            responderAmount: '0',
            pushAmount: '0',
            channelReserve: '0',
            lockPeriod: 10,
          },
          requestId,
        }),
      );
    const asked = open('bait');
    await until(
      'a question',
      () => asks.list(),
      (list) => list.length === 1,
    );
    let told: Promise<unknown> | null = null;
    hear = (event) => {
      if (event.type === 'disconnected') told = stored();
    };
    const late: Promise<number>[] = [open('late')];
    const peerOf = (n: number) => encode('ak', new Uint8Array(32).fill(n));
    const flood = (n: number) => {
      if (n === 40) return;
      late.push(codeOf(gate.handle(site, 'channel.list', { peer: peerOf(n) })));
      setImmediate(flood, n + 1);
    };
    late.push(codeOf(gate.handle(site, 'channel.list', { peer: peerOf(41) })));
    const gone = gate.disconnect(site);
    flood(1);
    await gone;
    await until(
      'the last call',
      () => late.length,
      (count) => count === 41,
    );
    hear = () => undefined;
    expect(await asked).toBe(4001);
    expect(new Set(await Promise.all(late))).toEqual(new Set([4100]));
    expect([sites.get(site), await stored(), told && (await told)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(asks.list()).toEqual([]);
  });
});
