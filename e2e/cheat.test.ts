/**
 * An attempted cheat while the wallet is open: the other side closes with a state from before its last payment, and the
 * wallet answers by itself, tells the person, and collects its coins.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { feesOf, onChain } from './harness/chain-views.ts';
import { type Cheater, cheater } from './harness/cheater.ts';
import { devnet } from './harness/services.ts';
import { Wallet } from './harness/wallet.ts';

const ae = 10n ** 18n;
const lockPeriod = 8;
let chain: Awaited<ReturnType<typeof devnet>>;
let bob: Cheater;
let wallet: Wallet;
let address: string;
let channelId: string;
let local: string;
let before: { wallet: bigint; bob: bigint };

beforeAll(async () => {
  chain = await devnet({ keyBlockMs: 1_000, microBlockMs: 50 });
  bob = await cheater(chain);
  wallet = await Wallet.launch({ name: 'cheated' });
});
afterAll(async () => {
  await wallet?.close();
  await bob?.stop();
  await chain?.close();
});

const only = (view: Awaited<ReturnType<Wallet['view']>>) => view.channels[0]!;

describe('an open wallet', () => {
  it('has a channel in which the other side paid it last', async () => {
    address = await wallet.setUp(chain, 50n * ae);
    const terms = {
      initiatorAmount: String(10n * ae),
      responderAmount: String(5n * ae),
      pushAmount: '0',
      channelReserve: String(ae / 10n),
      lockPeriod,
    };
    const { channel } = await wallet.call('channel.open', { link: bob.invite, terms });
    local = channel;
    channelId = only(await wallet.until('open', (view) => only(view)?.phase === 'open')).channelId!;
    await wallet.call('channel.pay', { channel, amount: String(4n * ae), note: null, requestId: 'first' });
    // Bob keeps the state in which he has 9; after it he pays 6 back.
    expect(await bob.payBack(6n * ae)).toMatchObject({ ok: true });
    const view = await wallet.until('paid back', (now) => only(now).sequenceNumber === '2');
    expect(only(view).mine).toBe(String(12n * ae));
    before = { wallet: await chain.balance(address), bob: await chain.balance(bob.address) };
  });

  it('answers a close with an old state by itself, and says so with the blocks', async () => {
    const page = await wallet.popup(`/channel/${local}`);
    await bob.closeWithOldState();
    await wallet.until('noticed', (view) => only(view).phase === 'closing_solo');
    for (;;) {
      const object = await onChain(chain.url, channelId);
      if (object?.round === 3n) break;
      expect(object, 'settled with the old state').not.toBeNull();
      await new Promise((done) => setTimeout(done, 100));
    }
    const { lockedUntil } = (await onChain(chain.url, channelId))!;
    await page
      .getByText(/closed with an old state \(round 2, block \d+\); your wallet answers with round 3/)
      .waitFor();
    await page.getByText('Your wallet answered an old state with the latest one.').waitFor();
    await page
      .getByText(
        `Your wallet's answer, round 3, is in block ${lockedUntil - lockPeriod}. It can be disputed until block ${lockedUntil}.`,
      )
      .waitFor({ timeout: 20_000 });
    await page.setViewportSize({ width: 400, height: 1100 });
    await wallet.shot(page, 'cheat-answered');
  });

  it('settles after the lock: each has its latest co-signed balance, exact to the aetto', async () => {
    const { lockedUntil } = (await onChain(chain.url, channelId))!;
    // The cheater does not collect: that is left to the wallet.
    await bob.party().stop();
    await wallet.until('closed', (view) => only(view).phase === 'closed', 90_000);
    const height = (await wallet.view()).network.height!;
    expect(height).toBeGreaterThanOrEqual(lockedUntil);
    const types = ['ChannelSettleTx', 'ChannelSlashTx', 'ChannelCloseSoloTx'];
    const fees = await feesOf(chain.url, address, types);
    expect(fees).toBeGreaterThan(0n);
    expect(await chain.balance(address)).toBe(before.wallet + 12n * ae - fees);
    const bobs = await feesOf(chain.url, bob.address, types);
    expect(await chain.balance(bob.address)).toBe(before.bob + 3n * ae - bobs);
    expect(await onChain(chain.url, channelId)).toBeNull();
    const page = await wallet.popup(`/channel/${local}`);
    await page.getByText(/settled with round 3; gone since block \d+/).waitFor();
    await page.setViewportSize({ width: 400, height: 1100 });
    await wallet.shot(page, 'cheat-settled');
  });
});
