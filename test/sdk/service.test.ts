/** A service in Node.js with the same class, over the socket of a headless peer; the customer is a wallet with a page. */
import { mkdtempSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Devnet } from '../../devnet/index.ts';
import meter from '../../examples/contracts/Meter.json' with { type: 'json' };
import { callData, readValue } from '../../examples/shared/fate.ts';
import { Channel, type ChannelError, type Client, connect, type WalletEvent } from '../../src/sdk/index.ts';
import { fileStorage } from '../../src/sdk/node.ts';
import { ae, chainHere, type PageHere, peerHere, until, type WalletHere, walletHere } from './world.ts';

let chain: Devnet;
let shop: Awaited<ReturnType<typeof peerHere>>;
let wallet: WalletHere;
let page: PageHere;
const file = join(mkdtempSync(join(tmpdir(), 'tandem-service-')), 'state.json');
const policy = { api: { maxPayment: 2n * ae, maxFunding: 20n * ae }, contracts: 'any' as const };
const there = () => ({ url: shop.peer.api!.url, token: shop.token });
const open: (Channel | Client)[] = [];
/** Of a start of the service: everything in memory is new. */
const asService = () => ({ ...there(), storage: fileStorage(file) });

beforeAll(async () => {
  chain = await chainHere();
  shop = await peerHere(chain.url, { policy });
  wallet = await walletHere(chain.url);
  page = wallet.page();
}, 60_000);
afterAll(async () => {
  for (const one of open) if (one instanceof Channel) one.disconnect();
  page?.close();
  await wallet?.stop();
  await shop?.peer.stop();
  await chain?.close();
});

const errorOf = (work: Promise<unknown>): Promise<ChannelError> =>
  work.then(
    () => Promise.reject(new Error('it was taken')),
    (error) => error,
  );

describe('a service with the Channel class', () => {
  let channel: Channel;
  let customer: Channel;
  const heard: [string, unknown][] = [];
  const listen = (to: Channel) => {
    open.push(to);
    for (const name of ['statusChanged', 'stateChanged', 'message', 'error'] as const)
      to.on(name, (first: unknown) => void heard.push([name, first]));
  };
  const ofName = (name: string) => heard.filter(([of]) => of === name).map(([, first]) => first);

  test('the token is in a file that only its owner can read', () => {
    expect(statSync(shop.peer.api!.tokenFile).mode & 0o777).toBe(0o600);
    expect(shop.token).toMatch(/^[0-9a-f]{64}$/);
  });

  test('waits as responder, and is attached to the channel that the customer opens', async () => {
    channel = await Channel.initialize({ ...asService(), role: 'responder', initiatorId: wallet.address });
    listen(channel);
    expect(channel.status()).toBe('connected');
    expect((await errorOf(channel.state())).message).toMatch(/has not opened/);
    customer = await Channel.initialize({
      provider: page.provider,
      responderId: shop.peer.address,
      invite: shop.peer.invite,
      initiatorAmount: 10n * ae,
      responderAmount: 5n * ae,
      lockPeriod: 10,
    });
    await until(
      'open',
      () => customer.status(),
      (status) => status === 'open',
    );
    await until(
      'open',
      () => channel.status(),
      (status) => status === 'open',
    );
    expect(channel.fsmId()).toBe(customer.fsmId());
    expect(ofName('statusChanged').at(-1)).toBe('open');
  });

  test('pays and is paid; nobody is asked', async () => {
    const asked = wallet.asked.length;
    const [own, other] = [shop.peer.address, wallet.address];
    expect(await channel.update(own, other, ae, ['change'])).toMatchObject({ accepted: true, round: 2 });
    const many = await Promise.all([1, 2, 3, 4, 5].map(() => channel.update(own, other, ae / 100n)));
    expect(many.every(({ accepted }) => accepted)).toBe(true);
    expect(wallet.asked.length).toBe(asked);
    await customer.update(other, own, ae);
    await until(
      'told',
      () => ofName('stateChanged').length,
      (count) => count >= 3,
    );
    expect(await channel.balances()).toEqual(await customer.balances());
  });

  test('the policy limits what one call may pay, and put in', async () => {
    const [own, other] = [shop.peer.address, wallet.address];
    const before = await channel.state();
    const refused = await errorOf(channel.update(own, other, 2n * ae + 1n));
    expect(refused).toMatchObject({ code: -32005 });
    expect(refused.message).toMatch(/api\.maxPayment/);
    expect((await errorOf(channel.deposit(20n * ae + 1_000_000_000n))).message).toMatch(/api\.maxFunding/);
    expect(await channel.state()).toEqual(before);
  });

  test('makes and calls contracts without a question on its side', async () => {
    const made = await channel.createContract({
      code: meter.code,
      callData: callData('init', wallet.address),
      deposit: 0n,
    });
    expect(made.accepted).toBe(true);
    const bought = await channel.callContract({
      contract: made.address!,
      callData: callData('buy'),
      amount: ae / 1000n,
    });
    expect(readValue(bought.outcome!.returnValue)).toBe(1n);
  });

  test('messages go both ways', async () => {
    await customer.sendMessage('one flat white');
    await until(
      'told',
      () => ofName('message'),
      (messages) => messages.includes('one flat white'),
    );
    await channel.sendMessage('ready', wallet.address);
  });

  test('what happens while the service is down is told to the next start, once', async () => {
    const { round } = await channel.state();
    await until(
      'told',
      () => (ofName('stateChanged').at(-1) as { round: number }).round,
      (last) => last === round,
    );
    channel.disconnect();
    heard.length = 0;
    await customer.update(wallet.address, shop.peer.address, ae, ['while away']);
    await customer.sendMessage('are you there?');
    channel = await Channel.initialize({ ...asService(), existingFsmId: customer.fsmId() });
    listen(channel);
    await until(
      'told',
      () => ofName('message').length,
      (count) => count === 1,
    );
    expect(ofName('message')).toEqual(['are you there?']);
    expect(ofName('stateChanged').length).toBe(1);
  });

  test('a peer that is stopped and started anew: the same object goes on, no event lost, no call doubled', async () => {
    heard.length = 0;
    const [own, other] = [shop.peer.address, wallet.address];
    const first = await channel.update(own, other, ae / 10n, [], { requestId: 'order 7' });
    const events: WalletEvent[] = [];
    channel.on('event', (event) => void events.push(event));
    const { data, peer } = shop;
    await peer.stop();
    const at = Number(new URL(peer.api!.url).port);
    const listen = Number(/tcp\/(\d+)/.exec(decodeURIComponent(peer.invite))![1]);
    // A call with a requestId is sent again until there is an answer.
    const again = channel.update(own, other, ae / 10n, [], { requestId: 'order 7' });
    shop = await peerHere(chain.url, { data, policy, api: at, listen });
    expect(await again).toEqual(first);
    await until(
      'connected',
      () => wallet.wallet().view().channels[0]!.connection,
      (connection) => connection === 'online',
      30_000,
    );
    await customer.sendMessage('still here');
    await until(
      'told',
      () => ofName('message'),
      (messages) => messages.includes('still here'),
    );
    const numbers = events.map(({ number }) => number);
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
    expect(ofName('stateChanged').length).toBe(1);
  }, 60_000);

  test('a service may use the methods as they are, and see every channel', async () => {
    const { client, address } = await connect(there());
    expect(address).toBe(shop.peer.address);
    const channels = await client.request('channel.list', {});
    expect(channels.map(({ id, peer }) => [id, peer])).toEqual([[channel.fsmId(), wallet.address]]);
    const events: WalletEvent[] = [];
    await client.follow({
      key: 'all',
      storage: fileStorage(file),
      after: 0,
      listener: (event) => events.push(event),
    });
    expect(events.map(({ number }) => number)).toEqual(events.map((_, index) => index + 1));
    expect(events[0]?.type).toBeDefined();
    client.close();
  });

  test('what makes no sense without a person is refused with the reason', async () => {
    const { client } = await connect(there());
    expect((await errorOf(client.request('disconnect'))).message).toMatch(/token is the permission/);
    expect(
      (await errorOf(channel.requestBudget({ amount: ae, perUpdate: ae, seconds: 60 }))).message,
    ).toMatch(/no budgets/);
    client.close();
  });
});
