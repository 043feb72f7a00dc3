/** What a page may do with contracts: the gate over a real store, with a channel between two real engines. */

import * as v from 'valibot';
import { beforeAll, describe, expect, test } from 'vitest';
import { loadSiteAsks, type SiteAsks } from '../../src/background/dapps/approvals.ts';
import { Budgets } from '../../src/background/dapps/budgets.ts';
import { Gate } from '../../src/background/dapps/gate.ts';
import { loadSites, type Sites } from '../../src/background/dapps/sites.ts';
import { contractPreview, siteApproval } from '../../src/background/dapps/views.ts';
import { channelApproval, channelView } from '../../src/background/view.ts';
import { decode as bytesOf, encode } from '../../src/protocol/chain/address.ts';
import { decode } from '../../src/protocol/vm/index.ts';
import { PageContractOutcome, pageMethods } from '../../src/rpc/page.ts';
import { callData, creation } from '../channel/sophia.ts';
import { clock, type Party, phase, random, until } from '../engine/party.ts';
import { ae, scene, terms } from '../engine/scene.ts';

const site = 'https://game.example';
const { party, fund } = scene(230, 300);
let wallet: Party;
let peer: Party;
let id: string;
let sites: Sites;
let asks: SiteAsks;
let budgets: Budgets;
let gate: Gate;
let contract: string;

const escrow = creation('escrow').contract as { code: Uint8Array; callData: Uint8Array };
const makeEscrow = (requestId: string, deposit = 2n * ae) =>
  gate.handle(site, 'channel.createContract', {
    id,
    code: encode('cb', escrow.code),
    callData: encode('cb', escrow.callData),
    deposit: String(deposit),
    requestId,
  });
const call = (requestId: string, name: string, amount = 0n, more: object = {}) =>
  gate.handle(site, 'channel.callContract', {
    id,
    contract,
    callData: encode('cb', callData('escrow', name)),
    amount: String(amount),
    requestId,
    ...more,
  });
const read = (name: string, more: object = {}) =>
  gate.handle(site, 'channel.callContractStatic', {
    id,
    contract,
    callData: encode('cb', callData('escrow', name)),
    ...more,
  }) as Promise<{ returnValue: string; gasUsed: string }>;
const code = (work: Promise<unknown>) =>
  work.then(
    () => 0,
    (error) => (error as { code: number }).code,
  );
const question = async () =>
  (
    await until(
      'a question',
      () => asks.list(),
      (list) => list.length > 0,
    )
  )[0]!;
async function decide(approve: boolean): Promise<void> {
  const ask = await question();
  if (ask.kind !== 'site_contract') throw new Error(`another question: ${ask.kind}`);
  if (approve) await gate.contracts.carryOut(ask);
  else await asks.decide(ask.id, false);
}
const deps = () => ({ engine: wallet.engine, publicKey: wallet.publicKey, networkId: 'ae_devnet', budgets });
const number = () => wallet.engine.channel(id).channel.latest!.number;

beforeAll(async () => {
  wallet = await party({ settings: { contracts: 'ask' } });
  peer = await party({ listen: true, settings: { contracts: 'any' } });
  await fund(wallet);
  await fund(peer);
  ({ id } = await wallet.engine.open(peer.publicKey, peer.transport.addresses(), terms));
  for (const one of [wallet, peer]) await until('open', phase(one, id), (value) => value === 'open', 60_000);
  sites = await loadSites(wallet.store);
  asks = await loadSiteAsks({ store: wallet.store, clock, changed: () => undefined });
  const push = () => undefined;
  budgets = await Budgets.load({ store: wallet.store, clock, sites, asks, push, changed: push });
  gate = new Gate({
    store: wallet.store,
    clock,
    random,
    sites,
    asks,
    budgets,
    running: () => ({ engine: wallet.engine, address: wallet.address, networkId: 'ae_devnet' }),
    wantUnlock: () => undefined,
    push,
  });
  await sites.connect(site, 1);
  await gate.handle(site, 'channel.list', { peer: peer.address });
  await gate.announce(wallet.engine.channel(id), true);
}, 180_000);

describe('a contract that a page makes', () => {
  test('is refused by the person: 4001, nothing is made', async () => {
    const asked = code(makeEscrow('no'));
    await decide(false);
    expect(await asked).toBe(4001);
    expect(wallet.engine.channel(id).channel.latest!.trees).toBeUndefined();
  });
  test('is shown with code, deposit and result, made once, and told', async () => {
    const asked = makeEscrow('one');
    const ask = await question();
    if (ask.kind !== 'site_contract') throw new Error('another question');
    expect(siteApproval(deps(), ask)).toMatchObject({
      operation: 'create',
      contract: null,
      codeSize: escrow.code.length,
      amount: String(2n * ae),
      before: { mine: String(8n * ae), theirs: String(7n * ae) },
      held: '0',
    });
    expect(await contractPreview(wallet.engine, ask)).toMatchObject({
      fn: { name: 'init', callable: true },
      result: { returnType: 'ok', mine: String(6n * ae), theirs: String(7n * ae), held: String(2n * ae) },
      problem: null,
    });
    expect(wallet.engine.channel(id).channel.latest!.trees).toBeUndefined();
    await decide(true);
    const made = v.parse(PageContractOutcome, await asked);
    expect(made).toMatchObject({
      sequenceNumber: '1',
      round: '2',
      returnType: 'ok',
      mine: String(6n * ae),
      theirs: String(7n * ae),
    });
    contract = made.contract;
    expect(await makeEscrow('one')).toEqual(made);
    expect(number()).toBe(1n);
    expect(asks.list()).toEqual([]);
    await gate.announce(wallet.engine.channel(id));
    const events = await sites.since(site, 0);
    expect(events.filter(({ type }) => type === 'newContract').map(({ detail }) => detail)).toEqual([
      { contract, by: 'me', codeHash: expect.stringMatching(/^[0-9a-f]{64}$/) },
    ]);
  });
  test('is listed with the coins it holds', () => {
    const { contracts } = channelView(wallet.engine, wallet.engine.channel(id), 0, null);
    expect(contracts).toMatchObject({
      held: String(2n * ae),
      list: [{ contract, by: 'me', balance: String(2n * ae) }],
    });
  });
  test('under a requestId of something else is refused', async () => {
    expect(await code(makeEscrow('one', ae))).toBe(-32602);
    const transfer = { id, amount: '1', requestId: 'one' };
    expect(await code(gate.handle(site, 'channel.transfer', transfer))).toBe(-32602);
  });
});

describe('a call that a page makes', () => {
  test('is carried out once, with its result', async () => {
    const asked = call('two', 'fund', ae);
    expect(await code(call('three', 'fund', ae))).toBe(-32005);
    await decide(true);
    const done = v.parse(PageContractOutcome, await asked);
    expect(done).toMatchObject({ contract, returnType: 'ok', mine: String(5n * ae), sequenceNumber: '2' });
    expect(await call('two', 'fund', ae)).toEqual(done);
    expect(await code(call('two', 'balance'))).toBe(-32602);
    expect(number()).toBe(2n);
  });
  test('is not asked about where it cannot be', async () => {
    expect(await code(call('four', 'fund', 5n * ae))).toBe(-32602);
    expect(await code(call('five', 'fund', ae, { gas: '6000001' }))).toBe(-32602);
    expect(await code(call('six', 'fund', ae, { gasPrice: '1' }))).toBe(-32602);
    expect(await code(call('seven', 'fund', ae, { contract: encode('ct', new Uint8Array(32)) }))).toBe(
      -32602,
    );
    expect(await code(call('eight', 'fund', ae, { callData: 'cb_broken' }))).toBe(-32602);
    expect(asks.list()).toEqual([]);
  });
  test('of a function that the contract lacks is shown as one that fails, and moves nothing', async () => {
    const asked = call('nine', 'fund', ae, { callData: encode('cb', callData('counter', 'inc')) });
    const ask = await question();
    if (ask.kind !== 'site_contract') throw new Error('another question');
    expect(await contractPreview(wallet.engine, ask)).toMatchObject({
      fn: { name: null, callable: false },
      result: { returnType: 'error', reason: expect.stringMatching(/./), mine: String(5n * ae) },
    });
    await decide(true);
    expect(await asked).toMatchObject({ returnType: 'error', mine: String(5n * ae) });
  });
});

describe('a call without a round', () => {
  test('answers a connected site, and changes nothing', async () => {
    const before = number();
    expect(decode(bytesOf('cb', (await read('balance')).returnValue))).toBe(3n * ae);
    expect(v.safeParse(pageMethods['channel.callContractStatic'].result, await read('balance')).success).toBe(
      true,
    );
    expect(number()).toBe(before);
    expect(asks.list()).toEqual([]);
    const foreign = gate.handle('https://other.example', 'channel.callContractStatic', {
      id,
      contract,
      callData: 'cb_x',
    });
    expect(await code(foreign)).toBe(4100);
  });
  test('is limited: too many at once are turned away', async () => {
    const codes = await Promise.all(Array.from({ length: 40 }, () => code(read('balance'))));
    expect(codes.filter((one) => one === 0).length).toBeLessThan(30);
    expect(codes).toContain(-32005);
  });
});

describe('a contract of the other side', () => {
  const waiting = () => channelApproval(wallet.engine.channel(id), true);
  const incoming = () =>
    until('the question', waiting, (approval) => approval?.kind === 'contract_create', 20_000);
  const decideIt = (accept: boolean) =>
    wallet.engine.wish(id, {
      type: 'decide_update',
      number: wallet.engine.channel(id).channel.live.incoming!.number,
      accept,
    });
  test('is shown with its code and deposit, and not made where the person declines', async () => {
    const asked = peer.engine.request(id, { ...creation('counter', ae), id: 'theirs' });
    expect(await incoming()).toMatchObject({
      deposit: String(ae),
      codeHash: expect.stringMatching(/^[0-9a-f]{64}$/),
      before: { mine: String(5n * ae), theirs: String(7n * ae) },
      after: { mine: String(5n * ae), theirs: String(6n * ae) },
      held: String(4n * ae),
    });
    await decideIt(false);
    expect(await asked).toMatchObject({ ok: false, code: 'declined' });
  });
  test('is made where the person accepts, and pages hear whose it is', async () => {
    const asked = peer.engine.request(id, { ...creation('counter', ae), id: 'theirs again' });
    await incoming();
    await decideIt(true);
    expect(await asked).toMatchObject({ ok: true });
    await gate.announce(wallet.engine.channel(id));
    const told = (await sites.since(site, 0)).filter(({ type }) => type === 'newContract');
    expect(told.map(({ detail }) => detail.by)).toEqual(['me', 'peer']);
  });
});

describe('a budget with contracts', () => {
  test('covers calls of what it names, with their coins; all else is asked for', async () => {
    const asked = gate.handle(site, 'channel.requestBudget', {
      id,
      amount: String(ae),
      perUpdate: String(ae),
      contracts: [{ contract, functions: ['fund'] }],
      seconds: 3600,
      requestId: 'budget',
    });
    const open = await question();
    if (open.kind !== 'site_budget') throw new Error('another question');
    await budgets.grant(open, 'ch_test', open);
    await asked;
    const limitOf = async (work: Promise<unknown>) => {
      const failed = code(work);
      const one = await question();
      await asks.decide(one.id, false);
      expect(await failed).toBe(4001);
      return 'limit' in one ? one.limit : undefined;
    };
    const before = number();
    const within = await call('within', 'fund', ae / 10n);
    expect(number()).toBe(before + 1n);
    expect(asks.list()).toEqual([]);
    expect(within).toMatchObject({ returnType: 'ok' });
    expect(await call('within', 'fund', ae / 10n)).toEqual(within);
    expect(number()).toBe(before + 1n);
    expect(await code(call('within', 'fund', ae / 5n))).toBe(-32602);
    expect(budgets.of(site, id)).toMatchObject({ spent: ae / 10n, reserved: [] });
    expect(await limitOf(call('other function', 'balance'))).toBe('function');
    expect(await limitOf(call('too much', 'fund', 2n * ae))).toBe('per_update');
    expect(await limitOf(makeEscrow('always asked'))).toBeUndefined();
    await budgets.revoke(site, id);
  });
});
