/** Sites that pay without a question, within limits that the person sets: one site's way, and five at once. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DemoServer, serve } from '../examples/serve.ts';
import type { PageBudget, PageEvent } from '../src/rpc/page.ts';
import { devnet, shop } from './harness/services.ts';
import { answer, Wallet } from './harness/wallet.ts';

const ae = 10n ** 18n;
const cent = ae / 100n;
const sitesAtOnce = 5;
const requestsEach = 50;
let chain: Awaited<ReturnType<typeof devnet>>;
let peer: Awaited<ReturnType<typeof shop>>;
let wallet: Wallet;
const servers: DemoServer[] = [];
let id: string;

beforeAll(async () => {
  chain = await devnet();
  peer = await shop(chain.url);
  for (let n = 0; n < sitesAtOnce; n++) servers.push(await serve(0, peer.url));
  wallet = await Wallet.launch({ name: 'budget' });
  await wallet.setUp(chain, 50n * ae);
  const terms = {
    initiatorAmount: String(20n * ae),
    responderAmount: '0',
    pushAmount: '0',
    channelReserve: '0',
    lockPeriod: 10,
  };
  ({ channel: id } = await wallet.call('channel.open', { link: peer.info.invite, terms }));
  await wallet.until('open', ({ channels }) => channels[0]?.phase === 'open');
});
afterAll(async () => {
  await wallet?.close();
  for (const server of servers) await server.close();
  await peer?.stop();
  await chain?.close();
});

type Answer = { result?: unknown; code?: number; message?: string };
const request = (page: Page, method: string, params: object = {}): Promise<Answer> =>
  page.evaluate(
    (given) =>
      (window as unknown as { tandem: { request(given: object): Promise<unknown> } }).tandem
        .request(given)
        .then(
          (result) => ({ result }),
          ({ code, message }) => ({ code, message }),
        ),
    { method, params },
  );
const transfer = (page: Page, amount: bigint, requestId: string) =>
  request(page, 'channel.transfer', { id, amount: String(amount), requestId });
const yes = (asked: Page, name: string) => answer(asked.getByRole('button', { name, exact: true }));
const mine = async () => BigInt((await wallet.view()).channels[0]!.mine);
const open = async (server: DemoServer): Promise<Page> => {
  const page = await wallet.page(server.url);
  await page.waitForFunction(() => 'tandem' in window);
  return page;
};

/** Connected, and with a budget, by the person's clicks. */
async function connect(page: Page): Promise<void> {
  let connected: Promise<Answer> | null = null;
  const asked = await wallet.approval(() => {
    connected = request(page, 'connect');
  });
  await yes(asked, 'Connect');
  expect(await connected!).toHaveProperty('result');
  expect(await request(page, 'channel.list', { peer: peer.info.address })).toMatchObject({
    result: [{ id }],
  });
}

describe('one site', () => {
  let page: Page;
  const budget = {
    amount: String(ae),
    perUpdate: String(ae / 10n),
    seconds: 3600,
    requestId: 'budget',
  };

  it('asks for a budget, of which the person grants less', async () => {
    page = await open(servers[0]!);
    await connect(page);
    let granting: Promise<Answer> | null = null;
    const asked = await wallet.approval(() => {
      granting = request(page, 'channel.requestBudget', { id, ...budget });
    });
    await asked.getByLabel('In all, at most').fill('0.3');
    await asked.getByLabel('Each payment, at most').fill('2');
    await asked.getByText('You can use at most 0.1 AE here.').waitFor();
    await asked.getByLabel('Each payment, at most').fill('0.1');
    await wallet.shot(asked, 'approve-budget');
    await yes(asked, 'Allow budget');
    const { result } = await granting!;
    expect(result).toMatchObject({
      amount: String((3n * ae) / 10n),
      perUpdate: String(ae / 10n),
      left: String((3n * ae) / 10n),
    });
  });

  it('pays without a question, also after a reload and with a worker that was stopped', async () => {
    const before = await mine();
    const windows = wallet.context.pages().length;
    expect(await transfer(page, ae / 10n, 'one')).toHaveProperty('result');
    await page.reload();
    await page.waitForFunction(() => 'tandem' in window);
    expect(await transfer(page, ae / 10n, 'one')).toHaveProperty('result');
    await wallet.stopWorker();
    await wallet.until('online', ({ channels }) => channels[0]?.connection === 'online');
    expect(await transfer(page, ae / 20n, 'two')).toHaveProperty('result');
    expect(before - (await mine())).toBe((15n * ae) / 100n);
    expect(wallet.context.pages().length).toBe(windows);
    const { result } = await request(page, 'channel.budget', { id });
    expect((result as PageBudget).left).toBe(String((15n * ae) / 100n));
  });

  it('hears of it in numbered events that outlive both', async () => {
    const events = async () =>
      ((await request(page, 'events.since', { after: 0 })).result as PageEvent[]).filter(
        ({ type }) => type === 'budgetChanged',
      );
    await expect.poll(async () => (await events()).at(-1)?.detail.left).toBe(String((15n * ae) / 100n));
    const all = await events();
    expect(all[0]!.detail.reason).toBe('granted');
    expect(all.map(({ number }) => number)).toEqual(all.map(({ number }) => number).sort((a, b) => a - b));
  });

  it('asks for what goes over a limit, and the window says which', async () => {
    let paying: Promise<Answer> | null = null;
    const asked = await wallet.approval(() => {
      paying = transfer(page, ae / 5n, 'much');
    });
    await asked.getByText('more than one payment may be').waitFor();
    await yes(asked, 'Decline');
    expect((await paying!).code).toBe(4001);
  });

  it('asks again for everything once the person has revoked the budget', async () => {
    const popup = await wallet.popup('/settings');
    await popup.getByTestId('budget-left').getByText('0.15').waitFor();
    await wallet.shot(popup, 'settings-budget');
    await popup.getByRole('button', { name: /^Revoke/ }).click();
    await popup.getByTestId('budget-left').waitFor({ state: 'detached' });
    await popup.close();
    let paying: Promise<Answer> | null = null;
    const before = await mine();
    const asked = await wallet.approval(() => {
      paying = transfer(page, ae / 100n, 'three');
    });
    await yes(asked, 'Decline');
    expect((await paying!).code).toBe(4001);
    expect(await mine()).toBe(before);
    await page.close();
  });
});

describe('five sites at once', () => {
  /** Enough for so many of the payments of each. */
  const covered = 6;
  const pages: Page[] = [];
  const all = (page: Page) =>
    page.evaluate(
      ({ id, amount, requestsEach }) => {
        const { tandem } = window as unknown as { tandem: { request(given: object): Promise<unknown> } };
        return Promise.all(
          Array.from({ length: requestsEach }, (_, n) =>
            tandem
              .request({
                method: 'channel.transfer',
                params: { id, amount, note: `n${n}`, requestId: `many ${n}` },
              })
              .then(
                () => 0,
                ({ code }: { code: number }) => code,
              ),
          ),
        );
      },
      { id, amount: String(cent), requestsEach },
    );

  it('have small budgets each', async () => {
    for (const server of servers) {
      const page = await open(server);
      pages.push(page);
      if (pages.length > 1) await connect(page);
      let granting: Promise<Answer> | null = null;
      const asked = await wallet.approval(() => {
        granting = request(page, 'channel.requestBudget', {
          id,
          amount: String(BigInt(covered) * cent),
          perUpdate: String(cent),
          seconds: 3600,
          requestId: 'small',
        });
      });
      await yes(asked, 'Allow budget');
      expect(await granting!).toHaveProperty('result');
    }
  });

  it('overspend nothing, lose and double nothing, and leave the popup usable', async () => {
    const before = await mine();
    // What is over the budgets is asked for, and the person says no: each site has one window at most.
    const declining = setInterval(async () => {
      const { approvals } = await wallet.view();
      for (const { id: asked } of approvals)
        await wallet
          .call('approval.decide', { id: asked, approve: false, digest: '' })
          .catch(() => undefined);
    }, 250);
    const popup = await wallet.popup('/');
    /** Opened anew, until what the worker knows is there. */
    const openPopup = async () => {
      const started = performance.now();
      await popup.goto(wallet.url('src/popup/index.html#/settings'));
      await popup.reload();
      await popup.getByTestId('budget-left').first().waitFor();
      return performance.now() - started;
    };
    const answers: number[] = [];
    const openings: number[] = [];
    const calm = await openPopup();
    let busy = true;
    const looking = Promise.all([
      (async () => {
        while (busy) openings.push(await openPopup());
      })(),
      (async () => {
        while (busy) {
          const started = performance.now();
          await wallet.view();
          answers.push(performance.now() - started);
          await new Promise((done) => setTimeout(done, 100));
        }
      })(),
    ]);
    const codes = await Promise.all(pages.map(all));
    busy = false;
    await looking;
    clearInterval(declining);
    await popup.close();

    for (const ofSite of codes) {
      expect(ofSite.filter((code) => code === 0)).toHaveLength(covered);
      expect(new Set(ofSite.filter((code) => code !== 0))).toEqual(new Set([4001, -32005]));
    }
    expect(before - (await mine())).toBe(BigInt(sitesAtOnce * covered) * cent);
    const { items } = await wallet.call('channel.history', { channel: id, before: null, limit: 200 });
    const paid = items.filter(({ kind, note }) => kind === 'paid' && note?.startsWith('n'));
    expect(paid).toHaveLength(sitesAtOnce * covered);
    expect(new Set(paid.map(({ origin, note }) => `${origin} ${note}`)).size).toBe(sitesAtOnce * covered);
    const ms = (times: number[]) => times.map((time) => `${Math.round(time)} ms`).join(', ');
    console.log(
      `popup: ${ms([calm])} in calm, ${ms(openings)} meanwhile; the worker answered in ${ms(answers)}`,
    );
    expect(Math.max(...answers)).toBeLessThan(5_000);
    expect(Math.max(...openings)).toBeLessThan(5 * calm + 10_000);
  });

  it('hear the same again after the worker was stopped in the middle of a repetition', async () => {
    const before = await mine();
    const again = pages.map((page) => all(page));
    await wallet.stopWorker();
    await Promise.all(again);
    await wallet.until('online', ({ channels }) => channels[0]?.connection === 'online');
    expect(await mine()).toBe(before);
    const view = await wallet.view();
    for (const { budgets } of view.sites)
      expect(budgets).toMatchObject([{ spent: String(BigInt(covered) * cent), reserved: '0', left: '0' }]);
  });
});
