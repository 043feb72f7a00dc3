/** The Channel class in a page, over the real wallet, with a headless peer on the other side. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Devnet } from '../../devnet/index.ts';
import meter from '../../examples/contracts/Meter.json' with { type: 'json' };
import { callData, readValue } from '../../examples/shared/fate.ts';
import type { Peer } from '../../peer/peer.ts';
import type { ChannelActor } from '../../src/engine/actor.ts';
import { decode } from '../../src/protocol/chain/address.ts';
import { Channel, type ChannelError, memoryStorage, type WalletEvent } from '../../src/sdk/index.ts';
import {
  ae,
  chainHere,
  origin,
  type PageHere,
  peerHere,
  until,
  type WalletHere,
  walletHere,
} from './world.ts';

let chain: Devnet;
let peer: Peer;
let wallet: WalletHere;
let page: PageHere;
const storage = memoryStorage();
const options = () => ({
  provider: page.provider,
  storage,
  initiatorId: wallet.address,
  responderId: peer.address,
  invite: peer.invite,
  initiatorAmount: 10n * ae,
  responderAmount: ae,
  pushAmount: 0n,
  channelReserve: 0n,
  lockPeriod: 10,
  role: 'initiator' as const,
});

beforeAll(async () => {
  chain = await chainHere();
  ({ peer } = await peerHere(chain.url));
  wallet = await walletHere(chain.url);
  page = wallet.page();
}, 60_000);
afterAll(async () => {
  page?.close();
  await wallet?.stop();
  await peer?.stop();
  await chain?.close();
});

const errorOf = (work: Promise<unknown>): Promise<ChannelError> =>
  work.then(
    () => Promise.reject(new Error('it was taken')),
    (error) => error,
  );
/** The page is loaded anew: nothing of it is left but its storage. */
function reload() {
  page.close();
  page = wallet.page();
}
const theirs = (id: string): ChannelActor => peer.engine.channel(id);
const say = (id: string, text: string) =>
  peer.engine.wish(id, { type: 'send_inband', data: new TextEncoder().encode(text) });

describe('a page with the Channel class', () => {
  let channel: Channel;
  let id: string;
  let held = '';
  const heard: [string, unknown][] = [];
  const listen = (to: Channel) => {
    for (const name of [
      'statusChanged',
      'stateChanged',
      'message',
      'onChainTx',
      'newContract',
      'error',
    ] as const)
      to.on(name, (first: unknown) => void heard.push([name, first]));
  };
  const ofName = (name: string) => heard.filter(([of]) => of === name).map(([, first]) => first);

  test('the person says no to the opening: 4001, and the next attempt is a new question', async () => {
    wallet.person('yes');
    await page.provider.request({ method: 'connect' });
    wallet.person('no');
    expect((await errorOf(Channel.initialize(options()))).code).toBe(4001);
    wallet.person('yes');
  });

  test('opens a channel; it hears every status once, in order, until it is open', async () => {
    channel = await Channel.initialize(options());
    listen(channel);
    await until(
      'open',
      () => channel.status(),
      (status) => status === 'open',
    );
    id = channel.fsmId();
    await until(
      'told',
      () => ofName('statusChanged').at(-1),
      (status) => status === 'open',
    );
    const told = ofName('statusChanged') as string[];
    expect(told).toEqual([...new Set(told)]);
    expect(told).toContain('signed');
    expect(channel.round()).toBe(1);
    expect(channel.id()).toMatch(/^ch_/);
    expect(ofName('onChainTx')[0]).toMatch(/^tx_/);
    expect(await channel.balances()).toEqual({
      [wallet.address]: String(10n * ae),
      [peer.address]: String(ae),
    });
  });

  test('initialize with the same account attaches to the channel that there is, and nobody is asked', async () => {
    const before = wallet.asked.length;
    const again = await Channel.initialize(options());
    expect(again.fsmId()).toBe(id);
    expect(wallet.asked.length).toBe(before);
    const named = await Channel.initialize({
      provider: page.provider,
      storage,
      existingChannelId: channel.id(),
    });
    expect(named.fsmId()).toBe(id);
  });

  test('pays what the person approves, and answers as the SDK does', async () => {
    await until(
      'connected',
      () => theirs(id).channel.live.link,
      (link) => link === 'up',
    );
    const answer = await channel.update(wallet.address, peer.address, ae, ['flat white']);
    expect(answer).toMatchObject({ accepted: true, round: 2 });
    expect(await channel.state()).toMatchObject({ round: 2, balances: { [peer.address]: String(2n * ae) } });
    await until(
      'told',
      () => channel.round(),
      (round) => round === 2,
    );
  });

  test('a payment that the person declines is not accepted, and changes nothing', async () => {
    wallet.person('no');
    const answer = await channel.update(wallet.address, peer.address, ae);
    wallet.person('yes');
    expect(answer).toMatchObject({ accepted: false, errorCode: 4001 });
    expect((await channel.state()).round).toBe(2);
    expect(await channel.pending()).toEqual([]);
  });

  test('numbers, bigints, strings and BigNumbers are amounts; what lost its digits is refused', async () => {
    for (const amount of [1000, '1000', 1000n, { toFixed: () => '1000' }])
      expect((await channel.update(wallet.address, peer.address, amount)).accepted).toBe(true);
    for (const amount of [1.5, -1, Number('1234567890123456789'), 'x', '', '1e3', Number.NaN, null as never])
      expect((await errorOf(channel.update(wallet.address, peer.address, amount))).code).toBe(-32602);
  });

  test('what cannot mean anything here is refused with the reason', async () => {
    const sign = async () => 'tx_';
    const refused: [Promise<unknown>, RegExp][] = [
      [Channel.initialize({ ...options(), sign } as never), /sign: the wallet signs/],
      [Channel.initialize({ ...options(), fee: 1 } as never), /fee: the wallet sets the fee/],
      [Channel.initialize({ ...options(), respondreId: 'x' } as never), /no such option/],
      [channel.update(wallet.address, peer.address, 1n, sign as never), /leave the function out/],
      [channel.update(peer.address, wallet.address, 1n), /from: this wallet pays from/],
      [channel.shutdown(sign as never), /leave the function out/],
      [channel.deposit(1n, sign as never), /leave the function out/],
      [channel.poi({ accounts: [] }), /no page may do/],
      [channel.forceProgress({}), /no page may have the chain run/],
      [channel.getContractState('ct_x'), /callContractStatic/],
      [channel.sendMessage('x', wallet.address), /recipient: the other side/],
      [channel.createContract({ code: 'cb_', callData: 'cb_', deposit: 0n, vmVersion: 5 }), /vmVersion/],
    ];
    for (const [work, words] of refused) expect((await errorOf(work)).message).toMatch(words);
    const on = channel.on as (name: string, listener: () => void) => void;
    expect(() => on.call(channel, 'stateChange', () => undefined)).toThrow(/no event/);
  });

  test('options of the node’s machine are left out: a page of the SDK drops `sign` alone', async () => {
    const again = await Channel.initialize({
      ...options(),
      ...{
        url: 'ws://localhost:3001',
        ttl: 1000,
        minimumDepth: 4,
        timeoutIdle: 1,
        host: 'localhost',
        port: 3002,
      },
    } as never);
    expect(again.fsmId()).toBe(id);
    again.disconnect();
    expect(again.status()).toBe('disconnected');
    expect((await errorOf(again.update(wallet.address, peer.address, 1n))).code).toBe(4900);
  });

  test('what happens while the page is closed is told to the next, in order and once', async () => {
    await until(
      'told',
      () => heard.length,
      () => ofName('stateChanged').length === channel.round()!,
    );
    page.close();
    heard.length = 0;
    await say(id, 'one');
    await say(id, 'two');
    const paid = await peer.engine.request(id, {
      scope: 't',
      id: 'p',
      amount: ae,
      direction: 'pay',
      note: null,
    });
    expect(paid.ok).toBe(true);
    await say(id, 'three');
    await until(
      'the log',
      () => wallet.wallet().sites.since(origin, 0),
      (events) => events.at(-1)?.type === 'message' && events.at(-1)?.detail.text === 'three',
    );
    reload();
    channel = await Channel.initialize(options());
    listen(channel);
    await until(
      'told',
      () => ofName('message').length,
      (count) => count >= 3,
    );
    expect(ofName('message')).toEqual(['one', 'two', 'three']);
    expect(ofName('stateChanged').length).toBe(1);
    expect(channel.round()).toBe((await channel.state()).round);
    heard.length = 0;
    reload();
    channel = await Channel.initialize(options());
    listen(channel);
    await new Promise((done) => setTimeout(done, 100));
    expect(heard).toEqual([['statusChanged', 'open']]);
  });

  test('makes and calls a contract, and reads it without a question', async () => {
    const made = await channel.createContract({
      code: meter.code,
      callData: callData('init', peer.address),
      deposit: 0n,
      vmVersion: 8,
      abiVersion: 3,
      aci: meter.aci,
    });
    expect(made).toMatchObject({ accepted: true, outcome: { returnType: 'ok' } });
    const contract = made.address!;
    held = contract;
    const price = ae / 1000n;
    const bought = await channel.callContract({ contract, callData: callData('buy'), amount: 3n * price });
    expect(readValue(bought.outcome!.returnValue)).toBe(3n);
    const factor = await channel.callContract({ contract, callData: callData('factor', 91) });
    expect(readValue(factor.outcome!.returnValue)).toBe(7n);
    const asked = wallet.asked.length;
    const view = await channel.callContractStatic({ contract, callData: callData('view'), amount: 0 });
    expect(view).toMatchObject({ returnType: 'ok', round: channel.round() });
    expect(wallet.asked.length).toBe(asked);
    expect(await channel.balances([contract, contract.replace('ct_', 'ak_')])).toEqual({
      [contract]: String(2n * price),
      [contract.replace('ct_', 'ak_')]: String(2n * price),
    });
    const round = Number(factor.outcome!.round);
    const known = await channel.getContractCall({ caller: wallet.address, contract, round });
    expect(known.returnValue).toBe(factor.outcome!.returnValue);
    expect(
      (await errorOf(channel.getContractCall({ caller: peer.address, contract, round }))).message,
    ).toMatch(/only calls that this object made/);
    wallet.person('no');
    const declined = await channel.callContract({ contract, callData: callData('refund') });
    wallet.person('yes');
    expect(declined).toMatchObject({ accepted: false, errorCode: 4001 });
  });

  test('a contract that the other side makes while the page is closed is told to the next page', async () => {
    page.close();
    heard.length = 0;
    const { ok } = await peer.engine.request(id, {
      scope: 't',
      id: 'contract',
      amount: 0n,
      direction: 'pay',
      note: null,
      contract: {
        type: 'create',
        ctVersion: (8n << 16n) | 3n,
        code: decode('cb', meter.code),
        callData: decode('cb', callData('init', wallet.address)),
      },
    });
    expect(ok).toBe(true);
    reload();
    channel = await Channel.initialize(options());
    listen(channel);
    await until(
      'told',
      () => ofName('newContract').length,
      (count) => count === 1,
    );
    expect(ofName('newContract')[0]).toMatch(/^ct_/);
  });

  test('a worker that is stopped and started loses no event, and tells none twice', async () => {
    heard.length = 0;
    await wallet.restart();
    await until(
      'connected',
      () => theirs(id).channel.live.link,
      (link) => link === 'up',
    );
    await say(id, 'after the restart');
    await until(
      'told',
      () => ofName('message'),
      (messages) => messages.includes('after the restart'),
    );
    expect(ofName('message')).toEqual(['after the restart']);
  });

  test('an event whose listener had not finished is told again after a reload', async () => {
    const seen: string[] = [];
    channel.on('message', (text) => {
      seen.push(text);
      return new Promise(() => undefined);
    });
    await say(id, 'unfinished');
    await until(
      'told',
      () => seen.length,
      (count) => count === 1,
    );
    reload();
    heard.length = 0;
    channel = await Channel.initialize(options());
    listen(channel);
    await until(
      'told',
      () => ofName('message').length,
      (count) => count > 0,
    );
    expect(ofName('message')).toEqual(['unfinished']);
  });

  test('a payment whose page is gone before the answer: retry answers what became of it, and pays once', async () => {
    const before = await channel.state();
    wallet.person('nothing');
    const asked = wallet.asked.length;
    void channel.update(wallet.address, peer.address, ae).catch(() => undefined);
    await until(
      'asked',
      () => wallet.asked.length,
      (count) => count > asked,
    );
    reload();
    wallet.person('yes');
    channel = await Channel.initialize(options());
    listen(channel);
    const [wish, ...more] = await channel.pending();
    expect(more).toEqual([]);
    expect(wish).toMatchObject({ method: 'channel.transfer', params: { amount: String(ae) } });
    expect(await channel.retry(wish!.requestId)).toMatchObject({ accepted: true, round: before.round + 1 });
    expect(await channel.pending()).toEqual([]);
    expect((await errorOf(channel.retry(wish!.requestId))).message).toMatch(/not pending/);
    expect((await channel.state()).round).toBe(before.round + 1);
  });

  test('a requestId of the page’s own pays once, however often', async () => {
    const pay = () => channel.update(wallet.address, peer.address, ae / 10n, [], { requestId: 'order 7' });
    const [first, second] = [await pay(), await pay()];
    expect(second).toEqual(first);
  });

  test('pays within a budget without a question, and is asked for what goes over it', async () => {
    const budget = await channel.requestBudget({ amount: ae, perUpdate: ae / 10n, seconds: 3600 });
    expect(budget).toMatchObject({ amount: String(ae), perUpdate: String(ae / 10n), spent: '0' });
    const told: string[] = [];
    channel.on('budgetChanged', ({ reason }) => void told.push(reason!));
    const before = wallet.asked.length;
    for (const _ of [1, 2, 3])
      expect((await channel.update(wallet.address, peer.address, ae / 10n)).accepted).toBe(true);
    expect(wallet.asked.length).toBe(before);
    await until(
      'told',
      () => channel.budget(),
      (now) => now?.spent === String((3n * ae) / 10n),
    );
    await until(
      'told',
      () => told,
      (reasons) => reasons.includes('spent'),
    );
    wallet.person('no');
    expect(await channel.update(wallet.address, peer.address, ae / 2n)).toMatchObject({ accepted: false });
    wallet.person('yes');
    expect(wallet.asked.length).toBe(before + 1);
  });

  test('deposit and withdraw resolve once both sides count it; their callbacks and events come', async () => {
    const mine = async () => BigInt((await channel.balances())[wallet.address]!);
    const before = await mine();
    const calls: string[] = [];
    const answer = await channel.deposit(2n * ae, {
      onOnChainTx: (tx) => calls.push(tx.slice(0, 3)),
      onOwnDepositLocked: () => calls.push('own'),
      onDepositLocked: () => calls.push('both'),
    });
    expect(answer.accepted).toBe(true);
    expect(calls).toEqual(['tx_', 'own', 'both']);
    expect(await mine()).toBe(before + 2n * ae);
    await until(
      'theirs',
      () => theirs(id).channel.move,
      (move) => move === null,
    );
    expect((await channel.withdraw(ae)).accepted).toBe(true);
    expect(await mine()).toBe(before + ae);
    await until(
      'theirs',
      () => theirs(id).channel.move,
      (move) => move === null,
    );
  });

  test('a deposit that was begun before a reload is answered by retry, though its event is past', async () => {
    const wish = channel.deposit(ae);
    await until(
      'begun',
      () => theirs(id).channel.move,
      (move) => move !== null,
    );
    reload();
    void wish.catch(() => undefined);
    await until(
      'theirs',
      () => theirs(id).channel.move,
      (move) => move === null,
    );
    channel = await Channel.initialize(options());
    listen(channel);
    await until(
      'locked',
      () => wallet.wallet().sites.since(origin, 0),
      (events: WalletEvent[]) => events.filter(({ type }) => type === 'depositLocked').length === 2,
    );
    const [pending] = await channel.pending();
    expect(await channel.retry(pending!.requestId)).toEqual({ accepted: true });
  });

  test('sends a message, an object as JSON', async () => {
    await channel.sendMessage({ order: 7 });
    await channel.sendMessage('hello', peer.address);
  });

  test('tells when the other side goes and comes back', async () => {
    const told: string[] = [];
    channel.on('peerDisconnected', () => told.push('gone'));
    channel.on('channelReestablished', () => told.push('back'));
    await new Promise((done) => setTimeout(done, 2_500));
    await page.provider.request({ method: 'channel.leave', params: { id } });
    await until(
      'gone',
      () => told.includes('gone'),
      (gone) => gone,
    );
    await page.provider.request({ method: 'channel.reconnect', params: { id } });
    await until(
      'back',
      () => told.includes('back'),
      (back) => back,
      20_000,
    );
    expect(told).toEqual(['gone', 'back']);
  });

  test('shutdown resolves with the transaction once the close is final; then there is nothing to attach to', async () => {
    // What contracts hold would be lost: the wallet says so.
    expect((await errorOf(channel.shutdown())).message).toMatch(/Take them out by a call first/);
    expect((await channel.callContract({ contract: held, callData: callData('refund') })).accepted).toBe(
      true,
    );
    const tx = await channel.shutdown();
    expect(tx).toMatch(/^tx_/);
    await until(
      'told',
      () => ofName('statusChanged').at(-1),
      (status) => status === 'closed',
    );
    expect(channel.status()).toBe('closed');
    await until(
      'theirs',
      () => theirs(id).channel.phase,
      (phase) => phase === 'closed',
    );
    const { initiatorAmount: _, ...without } = options();
    expect((await errorOf(Channel.initialize(without))).message).toMatch(/initiatorAmount/);
  });
});
