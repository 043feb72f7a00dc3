/** The popup's views in a real browser, over the fixture worker. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Gallery, openGallery } from './gallery.ts';

const shots = fileURLToPath(new URL('../../e2e/shots', import.meta.url));
const channel = 'a'.repeat(64);
let gallery: Gallery;
let page: Page;
const failures: string[] = [];

beforeAll(async () => {
  gallery = await openGallery();
}, 120_000);

afterAll(() => gallery?.close());

afterEach(async () => {
  await gallery.leave(page);
  expect(failures.splice(0)).toEqual([]);
});

async function visit(
  scene: string,
  hash: string,
  size = { width: 380, height: 600 },
  surface = 'popup',
  language = 'en-GB',
) {
  page = await gallery.page({ language }, size);
  page.on('pageerror', (error) => failures.push(error.message));
  await page.goto(gallery.url(scene, hash, surface));
  await page.getByRole('heading', { level: 1 }).first().waitFor();
  return page;
}

type Scene = {
  push(change: object): void;
  calls: { method: string; params: Record<string, unknown> }[];
  slow(milliseconds: number): void;
  current(): { channels: object[]; approvals: Record<string, unknown>[] };
};
const scene = <T>(run: (scene: Scene) => T): Promise<T> =>
  page.evaluate(`(${run.toString()})(window.scene)`) as Promise<T>;
const callsOf = async (method: string) =>
  (await scene((s) => s.calls)).filter((call) => call.method === method).map((call) => call.params);

describe('paying', () => {
  it('keeps what is half typed when a new view arrives', async () => {
    await visit('calm', `/channel/${channel}`);
    await page.getByLabel('Amount').first().fill('1.2');
    await page.getByLabel('Note').first().fill('for the tr');
    await scene((s) =>
      s.push({ channels: s.current().channels.map((c) => ({ ...c, sequenceNumber: '99' })) }),
    );
    await page.getByRole('tab', { name: 'Details' }).click();
    await page.getByRole('tab', { name: 'Pay' }).click();
    expect(await page.getByLabel('Amount').first().inputValue()).toBe('1.2');
    expect(await page.getByLabel('Note').first().inputValue()).toBe('for the tr');
  });

  it('sends one payment however often Enter and the button are pressed', async () => {
    await visit('calm', `/channel/${channel}`);
    await scene((s) => s.slow(600));
    await page.getByLabel('Amount').first().fill('0,75');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Paying…' }).click({ force: true });
    await page.getByText('Paid 0.75 AE.').waitFor();
    const calls = await callsOf('channel.pay');
    expect(calls).toHaveLength(1);
    expect(calls[0]).toMatchObject({ channel, amount: '750000000000000000', note: null });
    expect(calls[0]!.requestId).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('says how much can be paid where the amount is over the reserve, and sends nothing', async () => {
    await visit('calm', `/channel/${channel}`);
    await page.getByLabel('Amount').first().fill('7.749000000000000001');
    await page.keyboard.press('Enter');
    await page.getByText('You can pay at most 7.749 AE here: 0.5 AE stays as reserve.').waitFor();
    expect(await callsOf('channel.pay')).toEqual([]);
  });

  it("shows the other side's refusal beside the form, and keeps what was typed", async () => {
    await visit('calm', `/channel/${channel}`);
    await page.getByLabel('Amount').first().fill('6.66');
    await page.getByRole('button', { name: 'Pay 6.66 AE' }).click();
    await page.getByRole('alert').getByText('The other side refused this payment.').waitFor();
    expect(await page.getByLabel('Amount').first().inputValue()).toBe('6.66');
  });

  it('that waits behind a request is shown wherever the channel is', async () => {
    await visit('queued', '/');
    const waits = '0.1 AE waits until the other side has answered your request.';
    await page.getByTestId('channel-card').getByText(waits).waitFor();
    await page.getByTestId('channel-card').click();
    await page.getByRole('status').getByText(waits).waitFor();
    await page
      .getByText('You can pay 7.649 AE now. 0.5 AE stays as reserve. 0.1 AE is on its way.')
      .waitFor();
  });

  it('waits for a deposit, and says so in place of what can be paid', async () => {
    await visit('depositing', `/channel/${channel}`);
    await page.getByText('0.1 AE waits until the deposit is final.').first().waitFor();
    await page.getByText('Payments wait until the deposit is final on the chain.').first().waitFor();
    expect(await page.getByText('You can pay').count()).toBe(0);
    expect(await page.getByRole('button', { name: 'Pay', exact: true }).getAttribute('aria-disabled')).toBe(
      'true',
    );
  });

  it('goes to the field that has to be corrected where the form cannot be sent', async () => {
    await visit('calm', `/channel/${channel}`);
    await page.getByRole('button', { name: 'Pay', exact: true }).click();
    await page.getByText('Enter an amount in AE.').waitFor();
    await page.waitForFunction("document.activeElement?.getAttribute('aria-invalid') === 'true'");
  });

  it('is told how long a close can be disputed', async () => {
    await visit('contested', `/channel/${channel}`);
    await page.getByTestId('stage').getByText('477 blocks left, about 24 hours').waitFor();
  });

  it('closes only after a yes: Escape leaves the channel alone', async () => {
    await visit('calm', `/channel/${channel}`);
    await page.getByRole('button', { name: 'Close channel' }).click();
    await page.getByRole('alertdialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('alertdialog').waitFor({ state: 'detached' });
    expect(await callsOf('channel.shutdown')).toEqual([]);
    await page.getByRole('button', { name: 'Close channel' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Close channel' }).click();
    await page.getByRole('alertdialog').waitFor({ state: 'detached' });
    expect(await callsOf('channel.shutdown')).toEqual([{ channel }]);
  });
});

describe('a budget', () => {
  it('grants what the person left of it, and nothing while the fields hold no limits', async () => {
    await visit('full', '/approval/budget');
    const yes = page.getByRole('button', { name: 'Allow budget' });
    await page.getByLabel('In all, at most').fill('6');
    await page.getByText('You can use at most 5 AE here.').waitFor();
    await page.waitForTimeout(600);
    await yes.click({ force: true });
    await page.getByLabel('In all, at most').fill('0.4');
    await page.getByText('One payment cannot be more than the sum in all.').waitFor();
    await yes.click({ force: true });
    expect(await callsOf('approval.decide')).toEqual([]);
    await page.getByLabel('Each payment, at most').fill('0,1');
    await page.getByLabel('For how long').selectOption({ label: '1 day' });
    await yes.click();
    await page.waitForURL(/#\/channel\//);
    const budget = { amount: '400000000000000000', perUpdate: '100000000000000000', seconds: 86_400 };
    expect(await callsOf('approval.decide')).toEqual([{ id: 'budget', approve: true, digest: 'd8', budget }]);
  });

  it('is refused without limits', async () => {
    await visit('full', '/approval/budget');
    await page.getByLabel('In all, at most').fill('');
    await page.getByRole('button', { name: 'Decline' }).click();
    await expect
      .poll(() => callsOf('approval.decide'))
      .toEqual([{ id: 'budget', approve: false, digest: 'd8' }]);
  });

  it('is changed and revoked in the settings; a site that was refused too often is unblocked there', async () => {
    await visit('budgets', '/settings');
    await page.getByText('1.75 of 5 AE').waitFor();
    await page.getByRole('button', { name: 'Change the budget of shop.example to pay Corner Café' }).click();
    const dialog = page.getByRole('alertdialog');
    await dialog.getByLabel('In all, at most').fill('8');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.waitFor({ state: 'detached' });
    const site = { origin: 'https://shop.example', channel };
    expect(await callsOf('budget.change')).toEqual([
      {
        ...site,
        amount: '8000000000000000000',
        perUpdate: '500000000000000000',
        expiresAt: expect.any(Number),
      },
    ]);
    await page.getByRole('button', { name: /^Revoke the budget/ }).click();
    await expect.poll(() => callsOf('budget.revoke')).toEqual([site]);
    await page.getByRole('button', { name: 'Unblock pushy.example' }).click();
    await expect.poll(() => callsOf('site.unblock')).toEqual([{ origin: 'https://pushy.example' }]);
  });
});

describe('an approval', () => {
  it('takes no yes in its first moments, then sends the digest of what is shown', async () => {
    await visit('full', '/approval/payment');
    const yes = page.getByRole('button', { name: 'Pay 1.25 AE' });
    await yes.waitFor();
    await yes.click({ force: true });
    expect(await callsOf('approval.decide')).toEqual([]);
    await yes.click();
    await page.waitForURL(/#\/channel\//);
    expect(await callsOf('approval.decide')).toEqual([{ id: 'payment', approve: true, digest: 'd1' }]);
  });

  it('warns where the request changed, and decides on what is shown then', async () => {
    await visit('full', '/approval/payment');
    await page.getByRole('button', { name: 'Pay 1.25 AE' }).waitFor();
    await scene((s) =>
      s.push({
        approvals: s
          .current()
          .approvals.map((a) => (a.id === 'payment' ? { ...a, amount: '2', digest: 'other' } : a)),
      }),
    );
    await page.getByText('The request has changed.').waitFor();
    await page.getByRole('button', { name: 'Decline' }).click();
    await page.waitForURL(/#\/$/);
    expect(await callsOf('approval.decide')).toEqual([{ id: 'payment', approve: false, digest: 'other' }]);
  });

  it('that is withdrawn while it is looked at says so', async () => {
    await visit('full', '/approval/incoming');
    await page.getByRole('button', { name: 'Accept channel' }).waitFor();
    await scene((s) => s.push({ approvals: [] }));
    await page.getByRole('heading', { name: 'This request is no longer open.' }).waitFor();
    expect(await callsOf('approval.decide')).toEqual([]);
  });

  it('waits behind the password and is there after it', async () => {
    await visit('locked', '/approval/connect');
    await page.getByLabel('Password', { exact: true }).fill('wrong');
    await page.keyboard.press('Enter');
    await page.getByText('This password does not open the wallet.').waitFor();
    await page.getByLabel('Password', { exact: true }).fill('right password');
    await page.keyboard.press('Enter');
    await page.getByText('This request is no longer open.').first().waitFor();
  });
});

describe('contracts', () => {
  it('a call is shown by function, values, answer and balances, and approved by its digest', async () => {
    await visit('contracts', '/approval/call');
    const call = page.getByTestId('call');
    await call.getByText('play', { exact: true }).waitFor();
    expect(await call.locator('dt').allTextContents()).toEqual([
      'Function',
      'field',
      'by',
      'remark',
      'It answers',
    ]);
    expect(await call.locator('dd').last().textContent()).toBe('true');
    expect(await page.getByTestId('mine-after').textContent()).toContain('7.249');
    expect(await page.getByTestId('held-after').textContent()).toContain('3');
    expect(await page.getByText('could not be checked').count()).toBe(0);
    await page.waitForTimeout(600);
    await page.getByRole('button', { name: 'Call contract' }).click();
    await page.waitForURL(/#\/channel\//);
    expect(await callsOf('approval.decide')).toEqual([{ id: 'call', approve: true, digest: 'c1' }]);
  });

  it('takes no yes before what it comes to is on screen', async () => {
    await visit('contracts', '/');
    await scene((s) => s.slow(2_500));
    await page.evaluate("location.hash = '/approval/call'");
    const yes = page.getByRole('button', { name: 'Call contract' });
    await yes.waitFor();
    await page.waitForTimeout(800);
    await yes.click({ force: true });
    expect(await callsOf('approval.decide')).toEqual([]);
    await page.getByTestId('call').waitFor();
    await yes.click();
    await page.waitForURL(/#\/channel\//);
    expect(await callsOf('approval.decide')).toHaveLength(1);
  });

  it('a call without an ACI says that it could not be checked, and shows hash and raw data', async () => {
    await visit('contracts', '/approval/call-unchecked');
    await page.getByRole('alert').getByText('could not be checked').waitFor();
    const raw = page.getByTestId('raw-call');
    expect(await raw.locator('dd').allTextContents()).toEqual([
      expect.stringMatching(/^[0-9a-f]{8}$/),
      expect.stringMatching(/^cb_/),
    ]);
  });

  it('a call that would fail says so, with its reason', async () => {
    await visit('contracts', '/approval/call-fails');
    await page.getByRole('alert').getByText('NOT_YOUR_TURN').waitFor();
    expect(await page.getByTestId('mine-after').textContent()).toContain('8.249');
  });

  it("the other side's is shown with code, deposit and coins, and can be declined", async () => {
    await visit('contracts', '/approval/their-contract');
    await page.getByTestId('code').getByText('5b5b').waitFor();
    expect(await page.getByTestId('theirs-after').textContent()).toContain('5.751');
    const init = page.getByTestId('init');
    // It is a chunk of its own.
    await init.waitFor();
    expect((await init.locator('dd').allTextContents()).slice(1)).toEqual([
      'ak_2swhLkgBPeeADxVTAVCJnZLY5NZtCFiM93JxsEaMuC59euuFRQ',
      '20',
      '"rematch"',
    ]);
    await page.getByText('could not be checked: the other side only sent them').waitFor();
    await page.getByRole('button', { name: 'Decline' }).click();
    await page.waitForURL(/#\/$/);
    expect(await callsOf('approval.decide')).toEqual([
      { id: 'their-contract', approve: false, digest: 'c4' },
    ]);
  });

  it('of a channel are listed with their coins, and a close together says why it waits', async () => {
    await visit('contracts', `/channel/${channel}?tab=details`);
    await page.getByText('Contracts of this channel hold 2 AE.').waitFor();
    await page.getByTestId('contracts').getByText('the other side').waitFor();
    await page.getByRole('button', { name: 'Close channel' }).click({ force: true });
    await page.getByText('Closing together would lose').waitFor();
    expect(await page.getByRole('alertdialog').count()).toBe(0);
    await page.getByRole('tab', { name: 'History' }).click();
    await page.getByText('You called a contract').waitFor();
  });
});

describe('a call that the other side did not co-sign', () => {
  const action = 'Do it through the chain';
  it('is offered to the chain with what it does, costs and how long it takes, and sent once after a yes', async () => {
    await visit('unsigned', `/channel/${channel}`);
    await page.getByText('the other side was not connected.').waitFor();
    await page.getByRole('button', { name: action }).click();
    const dialog = page.getByRole('alertdialog');
    const facts = dialog.getByTestId('force');
    await facts.getByText('play').waitFor();
    // As the call has them, without the names that only a site could give.
    await facts.getByText('ak_2swhLkgBPeeADxVTAVCJnZLY5NZtCFiM93JxsEaMuC59euuFRQ').waitFor();
    expect((await facts.locator('dd').allTextContents()).slice(0, 4)).toEqual([
      'play',
      '4',
      'ak_2swhLkgBPeeADxVTAVCJnZLY5NZtCFiM93JxsEaMuC59euuFRQ',
      expect.stringContaining('"mine"'),
    ]);
    const said = (await facts.textContent()) ?? '';
    for (const part of ['0.00053176', '0.001', '4 blocks, about 12 minutes']) expect(said).toContain(part);
    expect(await dialog.getByTestId('mine-after').textContent()).toContain('7.249');
    await page.screenshot({ path: join(shots, 'force-question.png') });
    expect(await callsOf('channel.force')).toEqual([]);
    await dialog.getByRole('button', { name: action }).click();
    await page.getByRole('heading', { name: 'Call through the chain' }).waitFor();
    await page.getByText('Sent, not in a block yet').waitFor();
    await page.getByRole('button', { name: 'Raise the fee' }).waitFor();
    await page.screenshot({ path: join(shots, 'force-running.png') });
    expect(await callsOf('channel.force')).toEqual([{ channel }]);
    expect(await page.getByRole('button', { name: action }).count()).toBe(0);
  });

  it('that would fail is not sent, and its reason is there to read', async () => {
    await visit('unsignedFails', `/channel/${channel}`);
    await page.getByText('the other side refused it.').waitFor();
    await page.getByRole('button', { name: action }).click();
    const dialog = page.getByRole('alertdialog');
    await dialog.getByRole('alert').getByText('NOT_YOUR_TURN').waitFor();
    await dialog.getByRole('button', { name: action }).click({ force: true });
    expect(await callsOf('channel.force')).toEqual([]);
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
  });

  it('can be forgotten', async () => {
    await visit('unsigned', `/channel/${channel}`);
    await page.getByRole('button', { name: 'Forget it' }).click();
    await page.getByRole('button', { name: action }).waitFor({ state: 'detached' });
    expect(await callsOf('channel.forgetCall')).toEqual([{ channel }]);
  });

  it('is not offered while it is answered as usual, and not by a form where nothing waits', async () => {
    await visit('answering', `/channel/${channel}`);
    await page.getByText('A contract is being carried out').waitFor();
    expect(await page.getByRole('button', { name: action }).count()).toBe(0);
    await page.getByRole('button', { name: action }).waitFor({ timeout: 15_000 });
    expect(await page.getByRole('button', { name: 'Forget it' }).count()).toBe(0);
  });
});

describe('recording the balances on the chain', () => {
  it('says its fee, and is sent only after a yes', async () => {
    await visit('unrecorded', `/channel/${channel}?tab=details`);
    const action = page.getByRole('button', { name: 'Record the current balances on the chain' });
    await action.click();
    const dialog = page.getByRole('alertdialog');
    await dialog.getByText('0.0000189').waitFor();
    await page.keyboard.press('Escape');
    expect(await callsOf('channel.snapshot')).toEqual([]);
    await action.click();
    await dialog.getByRole('button', { name: 'Record', exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
    expect(await callsOf('channel.snapshot')).toEqual([{ channel }]);
  });
});

describe('opening a channel', () => {
  it('sends the terms as typed, exact to the aetto, after a last look', async () => {
    await visit('calm', '/open');
    await page.getByLabel('Invite link').fill(' tandem:ak_x ');
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByLabel('You put in').fill('10,000000001');
    await page.getByLabel('They put in').fill('5');
    await page.getByLabel('Give at once').fill('1');
    await page.getByRole('button', { name: 'Reserve and dispute time' }).click();
    await page.getByLabel('Reserve', { exact: true }).fill('0.5');
    await page.getByText('Leaves your account').waitFor();
    await page.getByRole('button', { name: 'Review' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Open channel' }).click();
    await page.waitForURL(/#\/channel\//);
    expect(await callsOf('channel.open')).toEqual([
      {
        link: 'tandem:ak_x',
        terms: {
          initiatorAmount: '10000000001000000000',
          responderAmount: '5000000000000000000',
          pushAmount: '1000000000000000000',
          channelReserve: '500000000000000000',
          lockPeriod: 480,
        },
        feeStep: 0,
      },
    ]);
  });

  it('explains an invite that cannot be read, and a push that eats into the reserve', async () => {
    await visit('calm', '/open');
    await page.getByLabel('Invite link').fill('hello');
    await page.keyboard.press('Control+a');
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByText('This is not an invite link.').waitFor();
    await page.getByLabel('Invite link').fill('tandem:x');
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByLabel('You put in').fill('2');
    await page.getByLabel('Give at once').fill('2.5');
    await page.getByText('You can give at most 2 AE').waitFor();
    await page.getByRole('button', { name: 'Review' }).click();
    expect(await callsOf('channel.open')).toEqual([]);
  });
});

describe('onboarding', () => {
  it('makes a wallet by keyboard alone, after three words were typed right', async () => {
    await visit('empty', '/create');
    await page.getByTestId('phrase').waitFor();
    const words = await page.getByTestId('phrase').locator('li').allTextContents();
    expect(words).toHaveLength(12);
    await page.getByRole('button', { name: 'I wrote them down' }).focus();
    await page.keyboard.press('Enter');
    const fields = page.getByLabel(/^Word \d+$/);
    await fields.first().waitFor();
    const numbers = await page.locator('label', { hasText: /^Word \d+$/ }).allTextContents();
    expect(numbers).toHaveLength(3);
    await fields.first().focus();
    await page.keyboard.type('wrong');
    await page.keyboard.press('Enter');
    await page.getByText(`This is not ${numbers[0]!.toLowerCase()}.`).waitFor();
    for (const [n, label] of numbers.entries()) await fields.nth(n).fill(words[Number(label.slice(5)) - 1]!);
    await page.keyboard.press('Enter');
    await page.getByLabel('Password', { exact: true }).fill('short');
    await page.keyboard.press('Enter');
    await page.getByText('Use at least 8 characters.').waitFor();
    await page.getByLabel('Password', { exact: true }).fill('a long enough one');
    await page.getByLabel('Repeat password').fill('a long enough one');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Your wallet is ready' }).waitFor();
    await page.getByRole('button', { name: 'Open wallet' }).click();
    await page.getByRole('region', { name: 'Total' }).waitFor();
    expect(await callsOf('vault.create')).toEqual([
      { mnemonic: words.join(' '), password: 'a long enough one' },
    ]);
  });
});

describe('a backup', () => {
  it('is saved as a file under its name, once the password was right', async () => {
    await visit('calm', '/settings');
    await page.getByRole('link', { name: 'Back up' }).click();
    await page.getByText('Your phrase alone brings back your account').waitFor();
    await page.getByRole('button', { name: 'Save backup file' }).click();
    await page.getByText('Enter your password.').waitFor();
    await page.getByLabel('Password', { exact: true }).fill('another');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').getByText('Wrong password. Try again.').waitFor();
    await page.getByLabel('Password', { exact: true }).fill('right password');
    const saving = page.waitForEvent('download');
    await page.keyboard.press('Enter');
    const file = await saving;
    expect(file.suggestedFilename()).toBe('tandem-backup-2swhLk-2026-01-02.json');
    expect(readFileSync(await file.path(), 'utf8')).toBe('{"format":"tandem-backup"}');
    await page.getByRole('status').getByText('The backup was saved as').waitFor();
    expect(await page.getByLabel('Password', { exact: true }).inputValue()).toBe('');
  });

  it('is restored from its file; another file is said to be none, and can be changed for the right one', async () => {
    await visit('empty', '/');
    await page.getByRole('button', { name: 'Restore from a backup file' }).click();
    await page.getByRole('button', { name: 'Restore wallet' }).click();
    await page.getByText('Choose a backup file.').waitFor();
    expect(await callsOf('backup.import')).toEqual([]);
    const choose = (text: string) =>
      page
        .getByLabel('Backup file')
        .setInputFiles({ name: 'x.json', mimeType: 'application/json', buffer: Buffer.from(text) });
    await choose('a holiday photo');
    await page.getByLabel('Password', { exact: true }).fill('right password');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').getByText('This file is not a Tandem backup.').waitFor();
    await choose('{"format":"tandem-backup"}');
    await page.getByRole('button', { name: 'Restore wallet' }).click();
    await page.getByTestId('address').waitFor();
    expect((await callsOf('backup.import')).at(-1)).toEqual({
      file: '{"format":"tandem-backup"}',
      password: 'right password',
    });
  });

  it('leaves a channel that cannot be closed alone yet, and says why', async () => {
    await visit('restored', `/channel/${channel}`);
    await page.getByText('was restored from the other side').waitFor();
    await page.getByRole('button', { name: 'Close alone' }).click({ force: true });
    await page.getByText('This channel was restored.').waitFor();
    expect(await page.getByRole('alertdialog').count()).toBe(0);
  });

  it('closes one whose other side is gone for good only after the risk was read and the word typed', async () => {
    await visit('abandoned', `/channel/${channel}`);
    await page.getByRole('button', { name: 'Close alone' }).click();
    const dialog = page.getByRole('alertdialog');
    await dialog.getByText(/payments you received after this backup are lost/).waitFor();
    await page.screenshot({ path: join(shots, 'close-old-state.png') });
    const confirm = dialog.getByRole('button', { name: 'Close alone' });
    await confirm.click({ force: true });
    await dialog.getByLabel(/Type CLOSE/).fill('close');
    await confirm.click({ force: true });
    expect(await callsOf('channel.closeAlone')).toEqual([]);
    await dialog.getByLabel(/Type CLOSE/).fill('CLOSE');
    await confirm.click();
    await dialog.waitFor({ state: 'detached' });
    expect(await callsOf('channel.closeAlone')).toEqual([{ channel, acceptOldState: true, feeStep: 0 }]);
  });
});

describe('a transaction that waits', () => {
  it('of a channel: its fee is raised to what was shown', async () => {
    await visit('stuck', `/channel/${channel}`);
    await page.getByRole('button', { name: 'Raise the fee' }).click();
    const dialog = page.getByRole('alertdialog');
    await dialog.getByText('0.00004176').waitFor();
    await page.screenshot({ path: join(shots, 'raise-fee.png') });
    await scene((s) =>
      s.push({ channels: s.current().channels.map((c) => ({ ...c, raisedFee: '83520000000000' })) }),
    );
    await dialog.getByRole('button', { name: 'Raise the fee' }).click();
    await dialog.waitFor({ state: 'detached' });
    expect(await callsOf('channel.raiseFee')).toEqual([{ channel, fee: '41760000000000' }]);
  });

  it('of a payment on chain: its fee is raised from the first view', async () => {
    await visit('stuck', '/');
    await page.getByText('3 AE on their way').waitFor();
    await page.screenshot({ path: join(shots, 'raise-send-fee.png') });
    await page.getByRole('button', { name: 'Raise the fee' }).click();
    const dialog = page.getByRole('alertdialog');
    await dialog.getByRole('button', { name: 'Raise the fee' }).click();
    await dialog.waitFor({ state: 'detached' });
    expect(await callsOf('account.raiseFee')).toEqual([{ requestId: 'sent', fee: '33640000000000' }]);
  });

  it('with the signatures of both: its fee stays, and the view says so', async () => {
    await visit('waiting', `/channel/${channel}`);
    await page.getByText('neither can raise it alone').waitFor();
    expect(await page.getByRole('button', { name: 'Raise the fee' }).count()).toBe(0);
  });
});

describe('the address book', () => {
  const keyOf = 'ak_nQpnNuBPQwibGpSJmjAah6r3ktAB7pG9JHuaGWHgLKxaKqEvC';

  it('takes a new contact, and says what is wrong with one', async () => {
    await visit('calm', '/');
    await page.getByRole('link', { name: 'Address book' }).click();
    await page.getByText('Nobody here yet').waitFor();
    await page.getByRole('link', { name: 'Add a contact' }).last().click();
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Enter a name.').waitFor();
    await page.getByLabel('Name').fill('Nora');
    await page.getByLabel('Address or invite').fill('nora');
    await page.getByText(/An address starts with ak_ and has about/).waitFor();
    await page.getByLabel('Address or invite').fill(` ${keyOf}`);
    await page.getByLabel('Note').fill('flat white');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.waitForURL(/#\/contacts$/);
    expect(await callsOf('contact.save')).toEqual([
      { name: 'Nora', at: keyOf, note: 'flat white', was: null },
    ]);
  });

  it('is changed, and somebody is taken out of it after a question only', async () => {
    await visit('known', `/contacts/${keyOf}`);
    await page.getByLabel('Name').fill('Nora N.');
    await page.getByRole('button', { name: 'Remove contact' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Cancel' }).click();
    expect(await callsOf('contact.remove')).toEqual([]);
    await page.getByRole('button', { name: 'Save' }).click();
    await page.waitForURL(/#\/contacts$/);
    expect(await callsOf('contact.save')).toEqual([{ name: 'Nora N.', at: keyOf, note: null, was: keyOf }]);
    await page.getByRole('link', { name: /Café an der Ecke/ }).click();
    await page.getByRole('button', { name: 'Remove contact' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Remove contact' }).click();
    await page.waitForURL(/#\/contacts$/);
    expect((await callsOf('contact.remove')).map(({ address }) => address)).toEqual([
      'ak_fUq2NesPXcYZ1CcqBcGC3StpdnQw3iVxMA3YSeCNAwfN4myQk',
    ]);
  });

  it("gives its names to who asks, above the peer's own", async () => {
    await visit('known', '/');
    await page
      .getByText(/^Nora · /)
      .first()
      .waitFor();
    await page.goto(page.url().replace(/#.*/, '#/approval/payment'));
    await page.reload();
    await page.getByText('You to Café an der Ecke').waitFor();
    await page.getByText('In your address book').waitFor({ state: 'attached' });
    await page.goto(page.url().replace(/#.*/, '#/approval/incoming'));
    await page.getByText('Nora wants to open a channel with you.').waitFor();
  });

  it('fills in whom to send to, and whose channel to open', async () => {
    await visit('known', '/send');
    await page.getByLabel('From the address book').selectOption('Nora');
    expect(await page.getByLabel('To address').inputValue()).toBe(keyOf);
    await page.goto(page.url().replace(/#.*/, '#/open'));
    // Nora's invite is not known.
    const choice = page.getByLabel('From the address book');
    await choice.waitFor();
    expect(await choice.locator('option').allTextContents()).toEqual(['Nobody chosen', 'Café an der Ecke']);
    await choice.selectOption('Café an der Ecke');
    await page.getByLabel('You put in').waitFor();
    expect((await callsOf('invite.read'))[0]!.link).toMatch(/^tandem:ak_fUq2/);
  });
});

describe('the network fee', () => {
  it('is shown to the last digit, chosen by keyboard, and what was chosen is asked for', async () => {
    await visit('calm', '/send');
    await page.getByLabel('To address').fill('ak_nQpnNuBPQwibGpSJmjAah6r3ktAB7pG9JHuaGWHgLKxaKqEvC');
    await page.getByLabel('Amount').fill('1.5');
    const slider = page.getByRole('slider', { name: 'Network fee' });
    await page.getByTestId('fee').getByText('0.0000175').waitFor();
    await slider.focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    await page.getByTestId('fee').getByText('0.00007').waitFor();
    expect(await slider.getAttribute('aria-valuetext')).toBe('0.00007 AE, more');
    await page.getByRole('button', { name: 'Review' }).click();
    const dialog = page.getByRole('alertdialog');
    await dialog.getByText('1.50007').waitFor();
    await dialog.getByRole('button', { name: 'Send' }).click();
    await page.getByText('Sent').first().waitFor();
    expect(await callsOf('account.send')).toMatchObject([{ amount: '1500000000000000000', feeStep: 2 }]);
  });

  it('of a transaction that waits can be raised further than it must', async () => {
    await visit('stuck', `/channel/${channel}`);
    await page.getByRole('button', { name: 'Raise the fee' }).click();
    const dialog = page.getByRole('alertdialog');
    await dialog.getByRole('slider').focus();
    await page.keyboard.press('End');
    await dialog.getByText('0.00033408').waitFor();
    await dialog.getByRole('button', { name: 'Raise the fee' }).click();
    await dialog.waitFor({ state: 'detached' });
    expect(await callsOf('channel.raiseFee')).toEqual([{ channel, fee: '334080000000000' }]);
  });
});

describe('the language', () => {
  it("is the browser's, with its own decimal mark and dates, until the person chooses another", async () => {
    await visit('calm', `/channel/${channel}`, undefined, undefined, 'de-AT');
    await page.getByText('Du kannst jetzt 7,749 AE zahlen.').waitFor();
    expect(await page.evaluate(() => [document.documentElement.lang, document.documentElement.dir])).toEqual([
      'de',
      'ltr',
    ]);
    await page.getByRole('button', { name: 'Zurück' }).click();
    await page.getByRole('link', { name: 'Einstellungen' }).click();
    await page.getByRole('combobox', { name: 'Sprache' }).selectOption('English');
    await page.getByRole('heading', { level: 1, name: 'Settings' }).waitFor();
    expect(await page.evaluate(() => document.documentElement.lang)).toBe('en');
    await page.getByRole('combobox', { name: 'Language' }).selectOption('As the browser');
    await page.getByRole('heading', { level: 1, name: 'Einstellungen' }).waitFor();
  });

  it("says the kind of a failure in it, and keeps the worker's sentence", async () => {
    await visit('calm', `/channel/${channel}`, undefined, undefined, 'de');
    await page.getByLabel('Betrag').first().fill('6,66');
    await page.getByRole('button', { name: '6,66 AE zahlen' }).click();
    const problem = page.getByRole('alert').filter({ hasText: 'Die Gegenseite hat abgelehnt.' });
    await problem.getByText('The other side refused this payment.').waitFor();
  });

  it('may run from right to left: the layout turns, amounts and addresses do not', async () => {
    await visit('full&pseudo', '/');
    expect(await page.evaluate(() => document.documentElement.dir)).toBe('rtl');
    const [brand, nav] = await Promise.all(
      ['.brand', '.page-head nav'].map((part) => page.locator(part).boundingBox()),
    );
    expect(brand!.x).toBeGreaterThan(nav!.x);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(380);
    mkdirSync(shots, { recursive: true });
    await page.screenshot({ path: join(shots, 'home-rtl.png'), fullPage: true });
  });
});
