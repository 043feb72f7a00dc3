/**
 * Either side dies before any effect of any flow, restarts with what is on its disk, and everything goes on: both end
 * in the same committed state, all coins are there, every request is decided once, every nonce is spent at most once
 * and none is stranded. The kill points come from the effects of an undisturbed run.
 */
import { describe, expect, test } from 'vitest';
import { toHex } from '../../src/protocol/bytes.ts';
import { type Balances, coinsOf } from '../../src/protocol/channel/index.ts';
import { type ChainParty, type ChainWorld, richness } from './matrix/chain-world.ts';
import { type Flow, flows, type Kill, run } from './matrix/flows.ts';
import { ae, sameState } from './world.ts';

/** What every run of a flow ends in. */
function check(flow: Flow, world: ChainWorld): void {
  const { alice, bob } = world;
  const there = world.parties.filter((party) => !world.absent.has(party));
  const phases = there.map(({ channel }) => channel?.phase ?? 'none');
  const why = there.map(({ channel }) => channel?.reason ?? '').join(', ');
  const endings = [flow, ...(flow.orElse ?? [])].filter(({ ends }) =>
    phases.every((phase) => phase === ends),
  );
  expect(endings.length, `${phases.join('/')} (${why}) instead of ${flow.ends}`).toBeGreaterThan(0);
  world.checkCoins();
  // What makes an overtaken transaction's nonce void needs its block.
  world.mine();
  for (const party of there) {
    checkRequests(flow, party);
    checkNonces(flow, world, party);
  }
  if (phases[0] === 'open') expect(sameState(alice, bob)).toBe(true);
  if (phases[0] !== 'aborted') expect(endings.map(({ balances }) => balances)).toContainEqual(had(world));
  else for (const { onAccount } of world.parties) expect(richness - onAccount).toBeLessThan(ae / 1000n);
}

/** What both have of the channel, in it or paid out, with their part of a mutual close's fee. */
function had(world: ChainWorld): Balances {
  const { alice, bob } = world;
  const onChain = world.chain.state.channel(alice.channel!.channelId!);
  if (!onChain)
    return {
      initiator: payout(world, alice) + closeFee(world, 'initiator'),
      responder: payout(world, bob) + closeFee(world, 'responder'),
    };
  const state = alice.channel!.latest!;
  expect(onChain.channelAmount).toBe(coinsOf(state));
  return state.balances;
}

/** What the channel gave back to its party: what the account has, less what it never gave, and its own fees. */
function payout(world: ChainWorld, party: ChainParty): bigint {
  const { terms, role } = party.channel!;
  let coins = party.onAccount - richness;
  coins += role === 'initiator' ? terms.initiatorAmount : terms.responderAmount;
  for (const { origin, tx, fee } of world.mined())
    if (tx.type !== 'ChannelCloseMutualTx' && toHex(origin) === toHex(party.keys.publicKey)) coins += fee;
  return coins;
}

/** The party's part of a mutual close's fee. */
function closeFee(world: ChainWorld, role: 'initiator' | 'responder'): bigint {
  for (const { tx, fee } of world.mined())
    if (tx.type === 'ChannelCloseMutualTx') return role === 'initiator' ? (fee + 1n) / 2n : fee / 2n;
  return 0n;
}

function checkRequests(flow: Flow, party: ChainParty): void {
  for (const [by, request] of flow.requests ?? []) {
    if (party.world[by] !== party) continue;
    const outcomes = party.decided.get(request.id) ?? [];
    expect(outcomes.map(({ ok }) => ok)).toEqual([flow.paid ?? true]);
    // Told before it was durable and again after a death: it was the same.
    expect(new Set(party.told.get(request.id))).toEqual(new Set([flow.paid ?? true]));
  }
}

/** Of each nonce: a transaction, its replacement with a higher fee, and what makes both void, at the most; and no nonce is kept that nothing will spend. */
function checkNonces(flow: Flow, world: ChainWorld, party: ChainParty): void {
  const own = toHex(party.keys.publicKey);
  const hashes = new Map<bigint, Set<string>>();
  for (const { transaction } of world.posts)
    if (toHex(transaction.origin) === own)
      hashes.set(
        transaction.nonce,
        (hashes.get(transaction.nonce) ?? new Set()).add(toHex(transaction.hash)),
      );
  for (const [nonce, posted] of hashes)
    expect(posted.size, `nonce ${nonce}`).toBeLessThanOrEqual(flow.perNonce ?? 3);
  const used = world.chain.state.account(party.keys.publicKey)!.nonce;
  for (const nonce of party.held.keys()) expect(nonce, 'a held nonce').toBeLessThanOrEqual(used);
}

const points = new Map<Flow, Kill[]>();
for (const flow of flows) {
  const { effects } = run(flow, null);
  const kills: Kill[] = [];
  for (const who of ['alice', 'bob'] as const)
    for (let effect = 0; effect < effects[who]; effect++)
      for (const arrives of [false, true]) kills.push({ who, effect, arrives });
  points.set(flow, kills);
}
const size = [...points.values()].reduce((total, kills) => total + kills.length, 0);
console.log(`crash matrix: ${size} kill points over ${flows.length} flows`);

describe.each(flows)('$name', (flow) => {
  test('undisturbed', () => check(flow, run(flow, null).world));

  const kills = points.get(flow)!;
  test(`killed at each of ${kills.length} points`, () => {
    const failures: string[] = [];
    for (const kill of kills)
      try {
        const { world } = run(flow, kill);
        check(flow, world);
      } catch (error) {
        const text = error instanceof Error ? error.message.split('\n').slice(0, 6).join(' ') : String(error);
        failures.push(
          `${kill.who} before effect ${kill.effect}, what is under way ${kill.arrives ? 'arrives' : 'is lost'}: ${text}`,
        );
      }
    expect(failures.slice(0, 12), `${failures.length} failed`).toEqual([]);
  }, 120_000);
});
