/** The example contracts end to end: the meter against the shop peer, the game between two browsers. */
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DemoServer, serve } from '../examples/serve.ts';
import { devnet, freePort, relay, shop } from './harness/services.ts';
import { answer, password, Wallet } from './harness/wallet.ts';

const ae = 10n ** 18n;
const phrases = [
  'legal winner thank year wave sausage worth useful legal winner thank yellow',
  'letter advice cage absurd amount doctor acoustic avoid letter advice cage above',
];
let chain: Awaited<ReturnType<typeof devnet>>;
let hop: Awaited<ReturnType<typeof relay>>;
let peer: Awaited<ReturnType<typeof shop>>;
let demo: DemoServer;
let alice: Wallet;
let bob: Wallet;
const addresses: string[] = [];
const connected = new Set<Wallet>();
const profile = mkdtempSync(join(tmpdir(), 'tandem-bob-'));
/** The way of Bob's wallet to the chain, which can be cut. */
let line: Awaited<ReturnType<typeof wire>>;

async function wire(url: string) {
  const { port: to } = new URL(url);
  const port = await freePort();
  const open = new Set<Socket>();
  const server = createServer((from) => {
    const there = connect(Number(to), '127.0.0.1');
    for (const [one, other] of [
      [from, there],
      [there, from],
    ] as const) {
      open.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => open.delete(one));
      one.pipe(other);
    }
  });
  await new Promise<void>((done) => server.listen(port, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${port}`,
    cut(): void {
      server.close();
      for (const one of open) one.destroy();
    },
  };
}

type View = Awaited<ReturnType<Wallet['view']>>;

beforeAll(async () => {
  chain = await devnet();
  hop = await relay();
  peer = await shop(chain.url);
  demo = await serve(0, peer.url);
  alice = await Wallet.launch({ name: 'alice' });
  bob = await Wallet.launch({ name: 'bob', colorScheme: 'dark', profile });
  line = await wire(chain.url);
  for (const [index, wallet] of [alice, bob].entries()) {
    const given = { relay: hop.address, mnemonic: phrases[index]! };
    const node = { ...chain, url: wallet === bob ? line.url : chain.url };
    addresses.push(await wallet.setUp(node, 50n * ae, given));
  }
});
afterAll(async () => {
  await alice?.close();
  await bob?.close();
  await demo?.close();
  await peer?.stop();
  await hop?.stop();
  line?.cut();
  await chain?.close();
  rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
});

const terms = (responderAmount: bigint) => ({
  initiatorAmount: String(10n * ae),
  responderAmount: String(responderAmount),
  pushAmount: '0',
  channelReserve: '0',
  lockPeriod: 10,
});
const channelWith = (view: View, address: string) =>
  view.channels.find((one) => one.peer.address === address && one.phase !== 'closed');
const isOpen = (address: string) => (view: View) => channelWith(view, address)?.phase === 'open';

/** The page's button, and the person's yes in the window that opens. */
async function approved(wallet: Wallet, trigger: Locator, yes: string, picture?: string): Promise<void> {
  const asked = await wallet.approval(() => trigger.click());
  const button = asked.getByRole('button', { name: yes, exact: true });
  await button.waitFor();
  if (picture) await wallet.shot(asked, picture);
  await answer(button);
}

describe('the meter, against the shop peer', () => {
  let page: Page;
  const button = (name: string) => page.getByRole('button', { name });

  it('is set up in the channel, which the shop’s policy takes by its hash', async () => {
    const { address, invite } = peer.info;
    await alice.call('channel.open', { link: invite, terms: terms(0n) });
    await alice.until('open', isOpen(address));
    page = await alice.page(`${demo.url}/meter/`);
    await approved(alice, button('Connect Tandem'), 'Connect');
    connected.add(alice);
    await approved(alice, button('Set up the meter'), 'Make contract', 'approve-meter');
    await page.getByText('0 calls left, 0 used').waitFor();
  });

  it('sells calls, answers them, and pays the shop for each', async () => {
    await approved(alice, button('Buy 10 calls'), 'Call contract');
    await page.getByText('10 calls left, 0 used').waitFor();
    await page.getByLabel(/^Number/).fill('994009');
    await approved(alice, button('Find its smallest factor'), 'Call contract');
    await page.getByText('The smallest factor of 994009 is 997.').waitFor();
    await page.getByText('9 calls left, 1 used').waitFor();
    await alice.shot(page, 'meter');
    expect(channelWith(await alice.view(), peer.info.address)).toMatchObject({
      mine: String(10n * ae - ae / 100n),
      theirs: String(ae / 1000n),
    });
  });

  it('gives back what was not used', async () => {
    await approved(alice, button('Take back what is left'), 'Call contract');
    await page.getByText('9 calls were paid back.').waitFor();
    expect(channelWith(await alice.view(), peer.info.address)!.mine).toBe(String(10n * ae - ae / 1000n));
    await page.close();
  });
});

describe('the game, between two browsers', () => {
  let pages: Page[];
  const wallets = () => [alice, bob];
  const cellButton = (page: Page, cell: number) =>
    page.getByRole('button', { name: `row ${Math.floor(cell / 3) + 1}, column ${(cell % 3) + 1}: empty` });

  /** Alice opens a channel with Bob, whose person takes it. */
  async function openChannel(): Promise<void> {
    const link = await bob.invite();
    const asked = await bob.approval(() => alice.call('channel.open', { link, terms: terms(10n * ae) }));
    await answer(asked.getByRole('button', { name: 'Accept channel' }));
    await alice.until('open', isOpen(addresses[1]!));
    await bob.until('open', isOpen(addresses[0]!));
  }

  async function openPage(index: number): Promise<Page> {
    const page = await wallets()[index]!.page(`${demo.url}/tictactoe/?patience=120`);
    await page.getByLabel(/opponent/).fill(addresses[1 - index]!);
    return page;
  }

  /** Alice puts 2 AE in, Bob's person takes the contract. */
  async function startGame(picture?: string): Promise<void> {
    await pages[0]!.getByLabel(/Stake/).fill('2');
    const taken = await bob.approval(() =>
      approved(alice, pages[0]!.getByRole('button', { name: 'Start a game' }), 'Make contract'),
    );
    const accept = taken.getByRole('button', { name: 'Accept contract' });
    await accept.waitFor();
    if (picture) await bob.shot(taken, picture);
    await answer(accept);
    await pages[1]!.getByText('You are invited: put 2 AE in to play.').waitFor();
    await pages[0]!.getByText('Your stake of 2 AE waits').waitFor();
  }

  async function move(index: number, cell: number): Promise<void> {
    const page = pages[index]!;
    await page.getByText(/It is your turn/).waitFor({ timeout: 60_000 });
    await approved(wallets()[index]!, cellButton(page, cell), 'Call contract');
  }
  const join = () => approved(bob, pages[1]!.getByRole('button', { name: 'Join' }), 'Call contract');

  /** Bob lets his time pass; Alice's claim is not co-signed, for this reason, and she has the chain run it. */
  async function claimThroughChain(why: RegExp, name: string): Promise<void> {
    await chain.mine(250);
    const claim = pages[0]!.getByRole('button', { name: 'Claim both stakes' });
    await claim.waitFor({ timeout: 30_000 });
    const asked = await alice.approval(() => claim.click());
    await asked.getByRole('button', { name: 'Call contract', exact: true }).click();
    await asked.getByRole('heading', { name: 'It was not carried out.' }).waitFor({ timeout: 60_000 });
    await asked.getByText(why).waitFor();
    await asked.getByRole('button', { name: 'Look at the channel' }).click();
    await asked.getByRole('button', { name: 'Do it through the chain' }).click();
    const dialog = asked.getByRole('alertdialog');
    await dialog.getByTestId('force').getByText('claim').waitFor();
    await dialog.getByTestId('mine-after').waitFor();
    await asked.emulateMedia({ colorScheme: 'light' });
    await alice.shot(asked, `force-${name}`);
    await asked.emulateMedia({ colorScheme: 'dark' });
    await alice.shot(asked, `force-${name}-dark`);
    await dialog.getByRole('button', { name: 'Do it through the chain' }).click();
    await asked.getByRole('heading', { name: 'Call through the chain' }).waitFor();
    await alice.shot(asked, `forcing-${name}`);
    await pages[0]!.getByText('You won 4 AE.').waitFor({ timeout: 60_000 });
    await asked.close();
  }

  it('is an invitation on the other side, once that person took the contract', async () => {
    await openChannel();
    pages = [];
    for (const [index, wallet] of wallets().entries()) {
      const page = await openPage(index);
      pages.push(page);
      const connect = page.getByRole('button', { name: 'Connect Tandem' });
      // Once a person said yes to a site, it is not asked again.
      if (connected.has(wallet)) await connect.click();
      else await approved(wallet, connect, 'Connect');
      await page.getByText('Channel open.').waitFor();
    }
    await startGame('approve-game-dark');
  });

  it('is played in turn; three in a row take both stakes', async () => {
    await join();
    for (const [index, cell] of [0, 3, 1, 4, 2].entries()) await move(index % 2, cell);
    await pages[0]!.getByText('You won 4 AE.').waitFor();
    await pages[1]!.getByText('You lost your stake of 2 AE.').waitFor();
    await alice.shot(pages[0]!, 'tictactoe');
    await bob.shot(pages[1]!, 'tictactoe-dark');
    const views = [await alice.view(), await bob.view()] as const;
    expect(channelWith(views[0], addresses[1]!)).toMatchObject({
      mine: String(12n * ae),
      theirs: String(8n * ae),
    });
    expect(channelWith(views[1], addresses[0]!)!.mine).toBe(String(8n * ae));
  });

  it('stalled by a loser whose browser is closed is won through the chain', async () => {
    await startGame();
    await join();
    await move(0, 4);
    await pages[1]!.getByText(/It is your turn/).waitFor();
    await bob.close();
    await alice.until('alone', (view) => channelWith(view, addresses[1]!)!.connection !== 'online');
    await claimThroughChain(/The other side is not connected/, 'offline');
    expect(channelWith(await alice.view(), addresses[1]!)).toMatchObject({
      phase: 'open',
      mine: String(14n * ae),
      theirs: String(6n * ae),
      contracts: { held: '0' },
    });
  });

  it('the loser comes back: both go on from what the chain made, pay, and close together', async () => {
    bob = await Wallet.launch({ name: 'bob', colorScheme: 'dark', profile });
    await bob.call('vault.unlock', { password });
    const theirs = (view: View) => channelWith(view, addresses[0]!);
    await bob.until('adopted', (view) => theirs(view)?.mine === String(6n * ae));
    await bob.until('online', (view) => theirs(view)?.connection === 'online');
    pages[1] = await openPage(1);
    await pages[1].getByRole('button', { name: 'Connect Tandem' }).click();
    await pages[1].getByText('You lost your stake of 2 AE.').waitFor();
    const { id } = channelWith(await alice.view(), addresses[1]!)!;
    await alice.until('online', (view) => channelWith(view, addresses[1]!)?.connection === 'online');
    await alice.call('channel.pay', { channel: id, amount: String(ae), note: null, requestId: 'after' });
    const [before, bobBefore] = [await chain.balance(addresses[0]!), await chain.balance(addresses[1]!)];
    await alice.call('channel.shutdown', { channel: id });
    await alice.until('closed', (view) => view.channels.find((one) => one.id === id)?.phase === 'closed');
    const paidOut = [
      (await chain.balance(addresses[0]!)) - before,
      (await chain.balance(addresses[1]!)) - bobBefore,
    ];
    for (const [index, due] of [13n * ae, 7n * ae].entries()) {
      expect(paidOut[index]).toBeLessThanOrEqual(due);
      expect(paidOut[index]).toBeGreaterThan(due - ae / 1000n);
    }
  });

  it('stalled by a loser whose wallet refuses is won through the chain, and closed alone', async () => {
    await openChannel();
    for (const page of pages) await page.getByText('Channel open.').waitFor();
    await startGame();
    await join();
    await move(0, 4);
    await pages[1]!.getByText(/It is your turn/).waitFor();
    // Without the chain's view Bob's wallet cannot execute a call, and refuses each.
    line.cut();
    await claimThroughChain(/The other side is busy/, 'refused');
    await bob.close();
    const channel = channelWith(await alice.view(), addresses[1]!)!;
    expect(channel).toMatchObject({ mine: String(12n * ae), theirs: String(8n * ae) });
    const [before, bobBefore] = [await chain.balance(addresses[0]!), await chain.balance(addresses[1]!)];
    await alice.call('channel.closeAlone', { channel: channel.id });
    await alice.until(
      'closed',
      (view) => view.channels.find(({ id }) => id === channel.id)?.phase === 'closed',
    );
    const got = (await chain.balance(addresses[0]!)) - before;
    expect(got).toBeLessThanOrEqual(12n * ae);
    expect(got).toBeGreaterThan(12n * ae - ae / 1000n);
    expect((await chain.balance(addresses[1]!)) - bobBefore).toBe(8n * ae);
  });
});
