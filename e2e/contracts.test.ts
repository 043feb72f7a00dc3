/** The example contracts end to end: the meter against the shop peer, the game between two browsers. */
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DemoServer, serve } from '../examples/serve.ts';
import { devnet, relay, shop } from './harness/services.ts';
import { answer, Wallet } from './harness/wallet.ts';

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

type View = Awaited<ReturnType<Wallet['view']>>;

beforeAll(async () => {
  chain = await devnet();
  hop = await relay();
  peer = await shop(chain.url);
  demo = await serve(0, peer.url);
  alice = await Wallet.launch({ name: 'alice' });
  bob = await Wallet.launch({ name: 'bob', colorScheme: 'dark' });
  for (const [index, wallet] of [alice, bob].entries()) {
    const given = { relay: hop.address, mnemonic: phrases[index]! };
    addresses.push(await wallet.setUp(chain, 50n * ae, given));
  }
});
afterAll(async () => {
  await alice?.close();
  await bob?.close();
  await demo?.close();
  await peer?.stop();
  await hop?.stop();
  await chain?.close();
});

const terms = (responderAmount: bigint) => ({
  initiatorAmount: String(10n * ae),
  responderAmount: String(responderAmount),
  pushAmount: '0',
  channelReserve: '0',
  lockPeriod: 10,
});
const channelWith = (view: View, address: string) =>
  view.channels.find((one) => one.peer.address === address);
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

  it('is an invitation on the other side, once that person took the contract', async () => {
    const link = await bob.invite();
    const asked = await bob.approval(() => alice.call('channel.open', { link, terms: terms(10n * ae) }));
    await answer(asked.getByRole('button', { name: 'Accept channel' }));
    await alice.until('open', isOpen(addresses[1]!));
    await bob.until('open', isOpen(addresses[0]!));
    pages = [];
    for (const [index, wallet] of wallets().entries()) {
      const page = await wallet.page(`${demo.url}/tictactoe/?patience=120`);
      pages.push(page);
      await page.getByLabel(/opponent/).fill(addresses[1 - index]!);
      const connect = page.getByRole('button', { name: 'Connect Tandem' });
      // Alice said yes to this site at the meter.
      if (wallet === alice) await connect.click();
      else await approved(wallet, connect, 'Connect');
      await page.getByText('Channel open.').waitFor();
    }
    await pages[0]!.getByLabel(/Stake/).fill('2');
    const taken = await bob.approval(() =>
      approved(alice, pages[0]!.getByRole('button', { name: 'Start a game' }), 'Make contract'),
    );
    await taken.getByRole('button', { name: 'Accept contract' }).waitFor();
    await bob.shot(taken, 'approve-game-dark');
    await answer(taken.getByRole('button', { name: 'Accept contract' }));
    await pages[1]!.getByText('You are invited: put 2 AE in to play.').waitFor();
    await pages[0]!.getByText('Your stake of 2 AE waits').waitFor();
  });

  it('is played in turn; three in a row take both stakes', async () => {
    await approved(bob, pages[1]!.getByRole('button', { name: 'Join' }), 'Call contract');
    for (const [index, cell] of [0, 3, 1, 4, 2].entries()) {
      const page = pages[index % 2]!;
      await page.getByText(/It is your turn/).waitFor({ timeout: 60_000 });
      const name = `row ${Math.floor(cell / 3) + 1}, column ${(cell % 3) + 1}: empty`;
      await approved(wallets()[index % 2]!, page.getByRole('button', { name }), 'Call contract');
    }
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
});
