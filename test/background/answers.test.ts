/** The person's word on what sites ask: what the wallet does, what it tells the person, and what it tells the page. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { encode } from '../../src/protocol/chain/address.ts';
import type { ApprovalView } from '../../src/rpc/schema.ts';
import { until } from '../engine/party.ts';
import { ae, scene } from '../engine/scene.ts';
import { type Started, stopWallets, withChannel } from './installed.ts';

const place = scene(820);
stopWallets(afterAll);
const site = 'https://shop.example';

let here: Started;
let id: string;
beforeAll(async () => {
  const made = await withChannel(place);
  ({ here, id } = made);
  await here.wallet.sites.connect(site, 1);
  await here.wallet.sites.addPeer(site, encode('ak', made.bob.publicKey));
}, 60_000);

const mine = () => here.wallet.view().channels[0]!.mine;
const answer = (call: Promise<unknown>) =>
  call.then(
    () => 'done',
    (error) => error.code,
  );
async function question(): Promise<ApprovalView> {
  const [first] = await until(
    'a question',
    () => here.wallet.approvals(),
    (list) => list.length > 0,
  );
  return first!;
}
const yes = (ask: ApprovalView) =>
  answer(here.wallet.decide(ask.id, true, 'digest' in ask ? ask.digest : ''));
const transfer = (requestId: string) =>
  answer(here.wallet.gate.handle(site, 'channel.transfer', { id, amount: String(ae), requestId }));

test('a payment that the page was told was declined is not paid, and the person hears that it is gone', async () => {
  const before = mine();
  const page = transfer('late');
  const asked = await question();
  // Its ten minutes end, or the site is disconnected, as the person says yes.
  const no = here.wallet.asks.decide(asked.id, false);
  expect(await yes(asked)).toBe('gone');
  await no;
  expect([await page, mine()]).toEqual([4001, before]);
});

test('a site that was told no is not connected by a yes that comes too late', async () => {
  const other = 'https://other.example';
  const page = answer(here.wallet.gate.handle(other, 'connect', {}));
  const asked = await question();
  const no = here.wallet.asks.decide(asked.id, false);
  expect(await yes(asked)).toBe('gone');
  await no;
  expect([await page, here.wallet.sites.get(other)]).toEqual([4001, undefined]);
});

test('two clicks pay once, and the second is told that it was answered', async () => {
  const before = BigInt(mine());
  const page = transfer('twice');
  const asked = await question();
  expect((await Promise.all([yes(asked), yes(asked)])).sort()).toEqual(['done', 'gone']);
  expect(await page).toBe('done');
  expect(before - BigInt(mine())).toBe(ae);
});
