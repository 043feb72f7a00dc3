/** The wallet is locked while the other side closes with an old state: the lock screen warns, unlocking answers. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { formatInvite } from '../src/rpc/invite.ts';
import { type Party, startParty, until } from '../test/engine/party.ts';
import { devnet } from './harness/services.ts';
import { Wallet } from './harness/wallet.ts';

const ae = 10n ** 18n;
const seedByte = 177;
const lockPeriod = 120;
const password = 'correct horse';
const old = mkdtempSync(join(tmpdir(), 'tandem-old-'));
let chain: Awaited<ReturnType<typeof devnet>>;
let bob: Party;
let wallet: Wallet;
let address = '';
let id = '';

const pays = (amount: bigint, request: string) =>
  bob.engine.request(id, { scope: 'test', id: request, amount, direction: 'pay', note: null });
const mine = (view: Awaited<ReturnType<Wallet['view']>>) => view.channels[0]?.mine;

beforeAll(async () => {
  chain = await devnet({ keyBlockMs: 500, microBlockMs: 50 });
  bob = await startParty({ node: chain.url, seedByte, listen: true });
  wallet = await Wallet.launch({ name: 'locked' });
  await wallet.call('network.set', { nodeUrl: chain.url, relay: null });
  const mnemonic = 'legal winner thank year wave sausage worth useful legal winner thank yellow';
  address = (await wallet.call('vault.create', { mnemonic, password })).address;
  await wallet.until('an account', (view) => view.account !== null);
  await chain.fund(address, 100n * ae);
  await chain.fund(bob.address, 100n * ae);
  await wallet.until('coins', (view) => BigInt(view.account?.balance ?? 0) === 100n * ae);
  const { channel } = await wallet.call('channel.open', {
    link: formatInvite({
      peer: bob.publicKey,
      networkId: (await wallet.view()).network.networkId,
      addresses: bob.transport.addresses(),
      name: 'Bob',
    }),
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
  rmSync(old, { recursive: true, force: true });
});

it('an old state is published while the wallet is locked: the lock screen says until when, unlocking answers in time', async () => {
  expect(await pays(ae, 'first')).toMatchObject({ ok: true });
  cpSync(bob.folder, old, { recursive: true });
  expect(await pays(3n * ae, 'second')).toMatchObject({ ok: true });
  await wallet.until('both have it', (view) => mine(view) === String(14n * ae));
  await wallet.call('vault.lock', {});
  const before = await chain.balance(address);

  await bob.stop();
  bob = await startParty({ node: chain.url, seedByte, folder: old });
  await until(
    'seen on chain',
    () => bob.engine.channel(id).channel.onChain,
    (seen) => seen !== null,
  );
  await bob.engine.wish(id, { type: 'close_solo' });
  await bob.stop();

  const popup = await wallet.popup();
  const warning = popup.getByText(/being closed with an old state\. Unlock within \d+ blocks/);
  await warning.waitFor({ timeout: 60_000 });
  await wallet.shot(popup, 'locked-warning');
  expect(await popup.locator('body').textContent()).not.toMatch(/Bob|ak_|ch_| AE/);

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
