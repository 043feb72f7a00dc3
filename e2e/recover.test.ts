/**
 * Nothing is left but the phrase: a second installation brings the channel back by its id and an invite of its other side,
 * and pays. The first one, still there, is told that it is behind and stops; chosen again, it goes on and the second one
 * stops. And a payment that is stuck for its fee is freed from the popup.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../test/engine/party.ts';
import { onChain } from './harness/chain-views.ts';
import { type Cheater, cheater } from './harness/cheater.ts';
import { devnet } from './harness/services.ts';
import { answer, Wallet } from './harness/wallet.ts';

const ae = 10n ** 18n;
let chain: Awaited<ReturnType<typeof devnet>>;
let bob: Cheater;
let first: Wallet;
let second: Wallet;
let mnemonic: string;
let address: string;
let channelId: string;

beforeAll(async () => {
  chain = await devnet({ keyBlockMs: 500, microBlockMs: 50 });
  bob = await cheater(chain, 197);
  [first, second] = await Promise.all([Wallet.launch({ name: 'first' }), Wallet.launch({ name: 'second' })]);
  mnemonic = (await first.call('vault.newPhrase', {})).mnemonic;
  address = await first.setUp(chain, 50n * ae, { mnemonic });
});
afterAll(async () => {
  await first?.close();
  await second?.close();
  await bob?.stop();
  await chain?.close();
});

type View = Awaited<ReturnType<Wallet['view']>>;
const only = (view: View) => view.channels[0]!;
let requests = 0;
const pay = async (wallet: Wallet, amount: bigint) =>
  wallet.call('channel.pay', {
    channel: only(await wallet.view()).id,
    amount: String(amount),
    note: null,
    requestId: `p${++requests}`,
  });
/** Restored, and what may have been signed before is void. */
const settled = (view: View) =>
  only(view)?.phase === 'open' && only(view).connection === 'online' && !only(view).settling;

describe('the phrase alone', () => {
  it('brings a channel back by its id and an invite of its other side; older transactions are made void first', async () => {
    const terms = {
      initiatorAmount: String(10n * ae),
      responderAmount: String(5n * ae),
      pushAmount: '0',
      channelReserve: String(ae / 10n),
      lockPeriod: 10,
    };
    await first.call('channel.open', { link: bob.invite, terms });
    channelId = only(await first.until('open', (view) => only(view)?.phase === 'open')).channelId!;
    await pay(first, 4n * ae);

    await second.call('network.set', { nodeUrl: chain.url, relay: null });
    await second.until('the network', (view) => view.network.state === 'ok');
    await second.call('vault.create', { mnemonic, password: 'another password' });
    const page = await second.popup('/settings');
    await page
      .getByRole('button', { name: 'Restore a channel by hand' })
      .or(page.getByRole('link', { name: 'Restore a channel by hand' }))
      .click();
    await page.getByLabel('Channel id').fill(channelId);
    await page.getByLabel('Invite of the other side').fill(bob.invite);
    await second.shot(page, 'recover-by-hand');
    await page.getByRole('button', { name: 'Restore channel' }).click();
    await page.getByText('makes transactions void').waitFor({ timeout: 30_000 });
    await second.shot(page, 'recover-settling');
    await second.until('settled', settled, 90_000);
    const view = await second.view();
    expect(only(view)).toMatchObject({ mine: String(6n * ae), theirs: String(9n * ae), recovered: true });
    await page.getByLabel('Amount').first().fill('1');
    await page.getByRole('button', { name: /^Pay 1 AE/ }).click();
    await second.until('paid', (now) => only(now).mine === String(5n * ae));
    await second.shot(page, 'recover-paid');
    await page.close();
  });
});

describe('two installations of one phrase', () => {
  it('the one that is behind is told, and writes no more', async () => {
    await first.until('told', (view) => view.rival !== null, 90_000);
    await expect(pay(first, ae)).rejects.toThrow(/rival/);
    const page = await first.popup();
    await page.getByRole('alert').getByText('in use in another browser').waitFor();
    await first.shot(page, 'rival');
    expect(only(await second.view()).phase).toBe('open');
    await page.close();
  });

  it('chosen again, it goes on from the latest balances, and the other one stops', async () => {
    const page = await first.popup();
    await page.getByRole('button', { name: 'Use this one here' }).click();
    await answer(page.getByRole('alertdialog').getByRole('button', { name: 'Use this one here' }));
    await first.until('taken over', (view) => view.rival === null);
    await first.until('settled', settled, 90_000);
    expect(only(await first.view()).mine).toBe(String(5n * ae));
    await until(
      'paid here',
      () =>
        pay(first, ae).then(
          () => true,
          () => false,
        ),
      (paid) => paid,
      60_000,
    );
    await second.until('told', (view) => view.rival !== null, 90_000);
    await expect(pay(second, ae)).rejects.toThrow(/rival/);
    expect(only(await first.view()).mine).toBe(String(4n * ae));
    expect((await onChain(chain.url, channelId))!.amount).toBe(15n * ae);
    await second.close();
    await page.close();
  });
});

describe('a transaction that is stuck', () => {
  const miners = async (minGasPrice: bigint) => {
    const response = await fetch(`${chain.url}/devnet/mode`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ minGasPrice: String(minGasPrice) }),
    });
    expect(response.status).toBe(200);
  };

  it('gets its block once its fee is raised in the popup', async () => {
    const before = await chain.balance(bob.address);
    await miners(2n * 10n ** 9n);
    await first.call('account.send', { to: bob.address, amount: String(ae), requestId: 'stuck' });
    await first.until('waits', (view) => view.account?.sending.length === 1);
    const page = await first.popup();
    await page.getByText('not in a block yet').waitFor();
    expect(await chain.balance(bob.address)).toBe(before);
    await page.getByRole('button', { name: 'Raise the fee' }).first().click();
    const dialog = page.getByRole('alertdialog');
    await dialog.getByText('New network fee').waitFor();
    await first.shot(page, 'raise-fee');
    await answer(dialog.getByRole('button', { name: 'Raise the fee' }));
    await first.until('mined', (view) => view.account?.sending.length === 0);
    expect(await chain.balance(bob.address)).toBe(before + ae);
    expect((await first.view()).account!.address).toBe(address);
    await page.close();
  });
});
