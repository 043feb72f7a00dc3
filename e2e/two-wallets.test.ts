/** Two people in two browsers, through the relay: one invites, the other opens with a gift; both pay, one refuses. */

import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { devnet, relay } from './harness/services.ts';
import { answer, Wallet } from './harness/wallet.ts';

const ae = 10n ** 18n;
const password = 'correct horse battery';
const phrases = {
  alice: 'legal winner thank year wave sausage worth useful legal winner thank yellow',
  bob: 'letter advice cage absurd amount doctor acoustic avoid letter advice cage above',
};
let chain: Awaited<ReturnType<typeof devnet>>;
let hop: Awaited<ReturnType<typeof relay>>;
let alice: Wallet;
let bob: Wallet;
const address = { alice: '', bob: '' };

type View = Awaited<ReturnType<Wallet['view']>>;
const only = (view: View) => view.channels[0]!;

beforeAll(async () => {
  chain = await devnet({ keyBlockMs: 700, microBlockMs: 50 });
  hop = await relay();
  alice = await Wallet.launch({ name: 'alice' });
  bob = await Wallet.launch({ name: 'bob', colorScheme: 'dark' });
  for (const wallet of [alice, bob]) {
    await wallet.call('network.set', { nodeUrl: chain.url, relay: hop.address });
    await wallet.until('the network', (view) => view.network.state === 'ok');
  }
});
afterAll(async () => {
  await alice?.close();
  await bob?.close();
  await hop?.stop();
  await chain?.close();
});

async function pay(from: Wallet, amount: bigint, requestId: string): Promise<void> {
  const channel = only(await from.view()).id;
  await from.call('channel.pay', { channel, amount: String(amount), note: null, requestId });
}

describe('two browsers and a relay', () => {
  let popup: Page;

  it('a phrase is imported in the popup; a wrong word is named', async () => {
    popup = await bob.popup();
    await popup.getByRole('button', { name: 'I already have a phrase' }).click();
    await popup.getByLabel('Phrase').fill(phrases.bob.replace('acoustic', 'acustic'));
    await popup.getByLabel('Password', { exact: true }).fill(password);
    await popup.getByLabel('Repeat password').fill(password);
    await popup.getByRole('button', { name: 'Import wallet' }).click();
    await popup.getByText(/Word 7, "acustic"/).waitFor({ timeout: 60_000 });
    await bob.shot(popup, 'import-wrong-word');
    await popup.getByLabel('Phrase').fill(phrases.bob);
    await popup.getByRole('button', { name: 'Import wallet' }).click();
    await popup.getByText('Your wallet is ready').waitFor({ timeout: 60_000 });
    await alice.call('vault.create', { mnemonic: phrases.alice, password });
    address.bob = (await bob.until('an account', (view) => view.account !== null)).account!.address;
    address.alice = (await alice.until('an account', (view) => view.account !== null)).account!.address;
  });

  it('without funds an opening is refused in one sentence, before anything is sent', async () => {
    const link = await bob.invite();
    const terms = {
      initiatorAmount: String(10n * ae),
      responderAmount: String(5n * ae),
      pushAmount: '0',
      channelReserve: '0',
      lockPeriod: 10,
    };
    await expect(alice.call('channel.open', { link, terms })).rejects.toThrow(
      /Your account holds 0 AE; this channel needs 10\.0000/,
    );
    expect((await alice.view()).channels).toEqual([]);
  });

  it('an amount that is no whole unit is refused in one sentence', async () => {
    const link = await bob.invite();
    const terms = {
      initiatorAmount: String(10n * ae + 1n),
      responderAmount: '0',
      pushAmount: '0',
      channelReserve: '0',
      lockPeriod: 10,
    };
    await expect(alice.call('channel.open', { link, terms })).rejects.toThrow(
      /whole multiple of 1000000000 aetto/,
    );
  });

  it('both are funded', async () => {
    for (const [wallet, who] of [
      [alice, address.alice],
      [bob, address.bob],
    ] as const) {
      await chain.fund(who, 50n * ae);
      await wallet.until('coins', (view) => BigInt(view.account?.balance ?? 0) === 50n * ae);
    }
  });

  it('a peer that does not answer: the opening ends with one clear sentence', async () => {
    const link = await bob.invite();
    const nobody = link
      .replace(address.bob, 'ak_241gerYcVAvfk7Vc6gFuqBje5CfVJxT1fgzkym5cq2qtfxfKgD')
      .replace(/p2p-circuit%2Fp2p%2F\w+/, 'p2p-circuit');
    const terms = {
      initiatorAmount: String(ae),
      responderAmount: '0',
      pushAmount: '0',
      channelReserve: '0',
      lockPeriod: 10,
    };
    await alice.call('channel.open', { link: nobody, terms });
    const view = await alice.until('aborted', (now) => only(now)?.phase === 'aborted');
    expect(only(view).reason).toMatch(/cannot be reached/);
  });

  it('Alice opens a channel with a gift, Bob looks at the terms and accepts', async () => {
    const link = await bob.invite();
    const terms = {
      initiatorAmount: String(20n * ae),
      responderAmount: String(10n * ae),
      pushAmount: String(5n * ae),
      channelReserve: String(ae),
      lockPeriod: 10,
    };
    const asked = await bob.approval(() => alice.call('channel.open', { link, terms }));
    await asked.getByRole('button', { name: 'Accept channel' }).waitFor();
    await asked.setViewportSize({ width: 400, height: 900 });
    await bob.shot(asked, 'approve-channel-dark');
    await answer(asked.getByRole('button', { name: 'Accept channel' }));
    const opened = await alice.until('open', (view) => only(view)?.phase === 'open');
    expect(only(opened)).toMatchObject({
      mine: String(15n * ae),
      theirs: String(15n * ae),
      spendable: String(14n * ae),
    });
    await bob.until('open', (view) => only(view)?.phase === 'open');
  });

  it('both pay', async () => {
    await pay(alice, 2n * ae, 'a1');
    await pay(bob, ae / 2n + 1n, 'b1');
    expect(only(await alice.view())).toMatchObject({
      mine: String(13n * ae + ae / 2n + 1n),
      sequenceNumber: '2',
    });
    await bob.until('the same', (view) => only(view).theirs === String(13n * ae + ae / 2n + 1n));
  });

  it('both pay at the same moment: both are paid', async () => {
    await Promise.all([pay(alice, ae, 'a2'), pay(bob, ae, 'b2')]);
    expect(only(await alice.view()).mine).toBe(String(13n * ae + ae / 2n + 1n));
  });

  it('Bob asks for money, Alice refuses; he asks again, she agrees', async () => {
    const channel = only(await bob.view()).id;
    const ask = (requestId: string) =>
      bob.call('channel.request', { channel, amount: String(ae), note: 'for dinner', requestId });
    let outcome: Promise<unknown> = Promise.resolve();
    const first = await alice.approval(() => {
      outcome = ask('r1').catch((error: Error) => error.message);
    });
    await answer(first.getByRole('button', { name: 'Decline' }));
    expect(await outcome).toMatch(/declined. Nothing was paid/);
    const second = await alice.approval(() => {
      outcome = ask('r2');
    });
    await second.getByRole('button', { name: /^Pay/ }).waitFor();
    await alice.shot(second, 'approve-request');
    await answer(second.getByRole('button', { name: /^Pay/ }));
    await outcome;
    expect(only(await bob.view()).mine).toBe(String(17n * ae + ae / 2n - 1n));
  });

  it('either worker is stopped in the middle of a payment; all goes on, nothing is paid twice', async () => {
    for (const [payer, stopped] of [
      [alice, alice],
      [alice, bob],
      [bob, bob],
    ] as const) {
      const before = BigInt(only(await payer.view()).mine);
      const { bootId } = await stopped.view();
      const id = `stopped ${payer.name} ${stopped.name}`;
      const paying = pay(payer, ae, id).catch(() => undefined);
      await stopped.stopWorker();
      await stopped.until('a new start', (view) => view.bootId !== bootId);
      await Promise.race([paying, new Promise((done) => setTimeout(done, 3_000))]);
      for (const wallet of [alice, bob])
        await wallet.until(
          'online',
          (view) => only(view)?.connection === 'online' && only(view).pending === null,
        );
      await pay(payer, ae, id);
      expect(BigInt(only(await payer.view()).mine)).toBe(before - ae);
    }
  });

  it('closing by agreement: on-chain balances exact to the aetto including fees', async () => {
    const view = await alice.view();
    const quote = only(view).closeQuote!;
    const before = { alice: await chain.balance(address.alice), bob: await chain.balance(address.bob) };
    await bob.call('channel.shutdown', { channel: only(await bob.view()).id });
    for (const wallet of [alice, bob]) await wallet.until('closed', (now) => only(now).phase === 'closed');
    expect(await chain.balance(address.alice)).toBe(before.alice + BigInt(quote.mine));
    expect(await chain.balance(address.bob)).toBe(before.bob + BigInt(quote.theirs));
    const held = (await chain.balance(address.alice)) + (await chain.balance(address.bob));
    const funding = 100n * ae - before.alice - before.bob - 30n * ae;
    expect(held).toBe(100n * ae - funding - BigInt(quote.fee));
    expect(funding).toBeGreaterThan(17_000n * 10n ** 9n);
    await popup.reload();
    await bob.shot(popup, 'home-after-close-dark');
  });
});
