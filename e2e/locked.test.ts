/** The wallet is locked while the other side closes with an old state: the lock screen warns, unlocking answers. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { until } from '../test/engine/party.ts';
import { type Cheater, cheater } from './harness/cheater.ts';
import { devnet } from './harness/services.ts';
import { password, Wallet } from './harness/wallet.ts';

const ae = 10n ** 18n;
const lockPeriod = 120;
let chain: Awaited<ReturnType<typeof devnet>>;
let bob: Cheater;
let wallet: Wallet;
let address = '';
let id = '';

const pays = (amount: bigint, request: string) =>
  bob.party().engine.request(id, { scope: 'test', id: request, amount, direction: 'pay', note: null });
const mine = (view: Awaited<ReturnType<Wallet['view']>>) => view.channels[0]?.mine;

beforeAll(async () => {
  chain = await devnet({ keyBlockMs: 500, microBlockMs: 50 });
  bob = await cheater(chain);
  wallet = await Wallet.launch({ name: 'locked' });
  address = await wallet.setUp(chain, 100n * ae);
  const { channel } = await wallet.call('channel.open', {
    link: bob.invite,
    terms: {
      initiatorAmount: String(10n * ae),
      responderAmount: String(5n * ae),
      pushAmount: '0',
      channelReserve: '0',
      lockPeriod,
    },
  });
  id = channel;
  await wallet.until('open', (view) => view.channels[0]?.phase === 'open');
});
afterAll(async () => {
  await wallet?.close();
  await bob?.stop();
  await chain?.close();
});

it('an old state is published while the wallet is locked: the lock screen says until when, unlocking answers in time', async () => {
  expect(await pays(ae, 'first')).toMatchObject({ ok: true });
  bob.remember();
  expect(await pays(3n * ae, 'second')).toMatchObject({ ok: true });
  await wallet.until('both have it', (view) => mine(view) === String(14n * ae));
  await wallet.call('vault.lock', {});
  const before = await chain.balance(address);

  await bob.closeWithOldState();
  await bob.party().stop();

  const popup = await wallet.popup();
  const warning = popup.getByText(/being closed with an old state\. Unlock within \d+ blocks/);
  await warning.waitFor({ timeout: 60_000 });
  await wallet.shot(popup, 'locked-warning');
  expect(await popup.locator('body').textContent()).not.toMatch(/Cheater|ak_|ch_| AE/);

  // The worker is stopped and starts without a key: it knows all the same.
  await wallet.stopWorker();
  const view = await wallet.until('still warned', (now) => now.locked?.closing[0]?.old === true);
  expect(view.vault).toBe('locked');
  expect(view.locked!.closing[0]!.blocksLeft).toBeGreaterThan(0);

  await popup.getByRole('textbox', { name: 'Password' }).fill(password);
  await popup.getByRole('button', { name: 'Unlock' }).click();
  await wallet.until('answering', (now) => now.channels[0]?.phase === 'closing_solo');
  const answered = async () =>
    (await wallet.call('channel.history', { channel: id, before: null, limit: 20 })).items.some(({ note }) =>
      note?.includes('answered an old state'),
    );
  await until('answered', answered, (done) => done, 30_000);
  await until(
    'in a block',
    () => wallet.view(),
    (now) => (now.channels[0]?.progress?.confirmations ?? -1) >= 0,
    30_000,
  );
  await chain.mine(lockPeriod + 1);
  await wallet.until('closed', (now) => now.channels[0]?.phase === 'closed');
  expect((await chain.balance(address)) - before).toBeGreaterThan(14n * ae - 10n ** 15n);
});
