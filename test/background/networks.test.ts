/** What the wallet does about its node: on a wrong network, exchanged, lying or behind. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { encode } from '../../src/protocol/chain/address.ts';
import type { WalletView } from '../../src/rpc/schema.ts';
import { type Party, until } from '../engine/party.ts';
import { ae, scene } from '../engine/scene.ts';
import { type Started, stopWallets, withChannel } from './installed.ts';

const place = scene(180, 300);
const { url, chain, pay } = place;
stopWallets(afterAll);

type Answer = { status: number; body: Record<string, unknown> };
/** What a node in front of the devnet makes of an answer. */
type Bend = (path: string, answer: Answer) => Answer;
const honest: Bend = (_, answer) => answer;

/** A second address of the devnet, where answers may be bent. */
let bend = honest;
let second: string;
const server = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const asked = await fetch(`${url()}${request.url}`, {
    method: request.method!,
    headers: { 'content-type': 'application/json' },
    ...(chunks.length > 0 && { body: Buffer.concat(chunks) }),
  });
  const answer = bend(request.url!, {
    status: asked.status,
    body: (await asked.json()) as Answer['body'],
  });
  response.writeHead(answer.status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(answer.body));
});
/** One channel for all that follows, in their order. */
let here: Started;
let bob: Party;
let id: string;
beforeAll(async () => {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  second = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  ({ here, bob, id } = await withChannel(place));
  await until('the channel on chain', () => channel().onChain, Boolean);
}, 60_000);
beforeEach(() => {
  bend = honest;
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
});

const ofStatus =
  (changes: Answer['body']): Bend =>
  (path, answer) =>
    path.startsWith('/v3/status') ? { ...answer, body: { ...answer.body, ...changes } } : answer;
const unknown: Answer = { status: 404, body: { reason: 'Transaction not found' } };

const network = () => here.wallet.view().network;
const shows = (what: string, so: (view: WalletView['network']) => boolean) => until(what, network, so);
const channel = () => here.wallet.running().engine.channel(id).channel;
const pays = async () => {
  await until(
    'online',
    () => bob.engine.channel(id).channel.live.link,
    (link) => link === 'up',
  );
  expect(await pay(bob, id, ae / 100n)).toMatchObject({ ok: true });
};
/** The wallet looks at its node every second. */
const looks = (times: number) => new Promise((done) => setTimeout(done, times * 1_000 + 300));

const otherChain = { genesis_key_block_hash: encode('kh', new Uint8Array(32).fill(7)) };

describe('a node that is to be used', () => {
  test('is not taken while channels are open, where it is on another network: nothing changes', async () => {
    bend = ofStatus({ network_id: 'ae_other' });
    await expect(here.handlers['network.set']({ nodeUrl: second, relay: null })).rejects.toThrow(
      'That node is on ae_other, your channels are on ae_devnet.',
    );
    expect(network()).toMatchObject({ nodeUrl: url(), networkId: 'ae_devnet', state: 'ok' });
  }, 60_000);

  test('is not taken where it gives another chain the same name', async () => {
    bend = ofStatus(otherChain);
    await expect(here.handlers['network.set']({ nodeUrl: second, relay: null })).rejects.toThrow(
      'calls its network ae_devnet as yours does, but it is another chain',
    );
    expect(network().nodeUrl).toBe(url());
  }, 60_000);

  test('takes over in the middle of a channel where it is on the same chain: payments go on', async () => {
    await pays();
    await here.handlers['network.set']({ nodeUrl: second, relay: null });
    expect(network().nodeUrl).toBe(second);
    await pays();
  }, 60_000);
});

describe('a node that comes to be on another chain', () => {
  for (const [name, changes] of Object.entries({
    'another network': { network_id: 'ae_other' },
    'another chain of that name': otherChain,
  }))
    test(`${name}: nothing it says counts, and all goes on when it is right again`, async () => {
      const { onChain } = channel();
      // It knows neither the channel nor its funding, and offers a nonce.
      bend = (path, answer) =>
        /\/(channels|transactions)\//.test(path) ? unknown : ofStatus(changes)(path, answer);
      await shows('the wrong network', ({ state }) => state === 'wrong_network');
      expect(network().message).toContain('Nothing it says counts until the right node is set');
      await looks(2);
      expect(channel()).toMatchObject({ phase: 'open', onChain });
      expect(channel().funding!.confirmations).not.toBeNull();
      // Payments need no chain.
      await pays();
      await expect(
        here.handlers['account.send']({ requestId: 's1', to: bob.address, amount: String(ae) }),
      ).rejects.toThrow('Nothing it says counts');
      bend = honest;
      await shows('the right network', ({ state }) => state === 'ok');
      await pays();
    }, 60_000);
});

describe('a node that lies', () => {
  for (const [what, lie] of Object.entries({
    'a balance below zero': { balance: '-5' },
    'a balance that is no number': { balance: '1e30' },
    'the account of somebody else': { id: 'ak_2swhLkgBPeeADxVTAVCJnZLY5NZtCFiM93JxsEaMuC59euuFRQ' },
  }))
    test(`about an account (${what}) is not believed: what was known stays`, async () => {
      const balance = () => here.wallet.view().account!.balance;
      await until('a balance', balance, (value) => value !== null);
      const before = balance();
      bend = (path, answer) =>
        path.startsWith('/v3/accounts/') ? { ...answer, body: { ...answer.body, ...lie } } : answer;
      await looks(3);
      expect(balance()).toBe(before);
    }, 60_000);

  test('about the channel object (other amounts, another id) is not believed', async () => {
    const { onChain } = channel();
    bend = (path, answer) =>
      path.startsWith('/v3/channels/')
        ? {
            ...answer,
            body: { ...answer.body, id: 'ch_2tNUfsWKAqYp3sYqtuGcGEgfhCS6jsVPPJmRwFJ9vGJcq8FXyo', round: 99 },
          }
        : answer;
    await looks(2);
    expect(channel().onChain).toEqual(onChain);
    await pays();
  }, 60_000);

  test('with a page in place of its API is named as what cannot be used', async () => {
    bend = () => ({ status: 200, body: ['<html>'] as never });
    await shows('no node', ({ state }) => state === 'unreachable');
    expect(network().message).toContain('The node cannot be used');
    expect(channel().phase).toBe('open');
    bend = honest;
    await shows('a node', ({ state }) => state === 'ok');
  }, 60_000);
});

describe('a node that is behind', () => {
  test('by its own word', async () => {
    expect(network().lag).toBeNull();
    bend = ofStatus({ syncing: true });
    await shows('syncing', ({ lag }) => lag?.kind === 'syncing');
    bend = honest;
    await shows('up to date', ({ lag }) => lag === null);
  }, 60_000);

  test('by what the wallet has seen of the chain before, also from another node', async () => {
    await here.handlers['network.set']({ nodeUrl: url(), relay: null });
    const { height } = await chain().status();
    await fetch(`${url()}/devnet/mine`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ keyBlocks: 50 }),
    });
    await shows('the blocks', (view) => (view.height ?? 0) >= height + 50);
    bend = ofStatus({ top_block_height: height });
    await here.handlers['network.set']({ nodeUrl: second, relay: null });
    await shows('behind', ({ lag }) => lag?.kind === 'behind' && lag.blocks >= 50);
    // The channel itself does not suffer.
    await pays();
    expect(channel().phase).toBe('open');
    bend = honest;
    await shows('up to date', ({ lag }) => lag === null);
  }, 60_000);

  test('and after all that the two close, and both get their coins', async () => {
    await here.wallet.running().engine.wish(id, { type: 'shutdown' });
    await until(
      'closed',
      () => channel().phase,
      (value) => value === 'closed',
    );
    const paid = await chain().account(bob.publicKey);
    expect(paid.balance).toBeGreaterThan(95n * ae);
  }, 60_000);
});
