/** A watchtower over real streams, stores and a running chain: it defends whoever named it, and can do nothing else. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { encode } from '../../src/protocol/chain/address.ts';
import { parseSignedTx, txHash } from '../../src/protocol/chain/signed.ts';
import { parseTx } from '../../src/protocol/chain/tx.ts';
import { parseTowerLink } from '../../src/rpc/invite.ts';
import { startTower, type Tower, type TowerOptions } from '../../watchtower/tower.ts';
import {
  number,
  oldDisk,
  type Party,
  type PartyOptions,
  phase,
  seenOnChain,
  until,
} from '../engine/party.ts';
import { ae, scene, terms } from '../engine/scene.ts';

const { url, chain, balance, party, lastSeed, fund, pay } = scene(170, 250);
const towers: Tower[] = [];
afterAll(async () => {
  for (const tower of towers) await tower.stop().catch(() => undefined);
});

const lines: string[] = [];
async function tower(options: Partial<TowerOptions> = {}): Promise<Tower> {
  const made = await startTower(
    {
      data: mkdtempSync(join(tmpdir(), 'tandem-tower-')),
      key: null,
      node: url(),
      listen: 0,
      host: '127.0.0.1',
      announce: null,
      name: 'Tower',
      accept: null,
      channels: 100,
      perAccount: 10,
      maxFee: ae / 10n,
      faucet: null,
      interval: 40,
      keepBlocks: 3,
      pace: 1,
      ...options,
    },
    (line) => lines.push(line),
  );
  towers.push(made);
  return made;
}

const addressOf = ({ link }: Tower) => {
  const { peer, addresses } = parseTowerLink(link);
  return { account: peer, addresses };
};

/** Alice, who named the tower, has a channel with Bob, who listens. */
async function guarded(by: Tower, lockPeriod = 8, bobs: Partial<PartyOptions> = {}) {
  const alice = await party({ tower: addressOf(by) });
  const bob = await party({ listen: true, ...bobs });
  const seed = lastSeed();
  await fund(alice);
  await fund(bob);
  const { id } = await alice.engine.open(bob.publicKey, bob.transport.addresses(), { ...terms, lockPeriod });
  await until('alice opens', phase(alice, id), (value) => value === 'open');
  await until('bob opens', phase(bob, id), (value) => value === 'open');
  return { alice, bob, id, seed };
}

const guards = (who: Party, id: string, number: bigint) =>
  until(
    `the tower guards ${number}`,
    () => who.tower!.status(who.engine.channel(id)).guards,
    (value) => value === number,
  );

/** Bob has been paid by Alice and paid her back, stops, and closes by the state that suited him. */
async function cheat(channel: Awaited<ReturnType<typeof guarded>>): Promise<Party> {
  const { alice, bob, id, seed } = channel;
  expect(await pay(alice, id, 3n * ae)).toMatchObject({ ok: true });
  await until('bob follows', number(bob, id), (value) => value === 1n);
  const folder = oldDisk(bob);
  expect(await pay(bob, id, 4n * ae)).toMatchObject({ ok: true });
  await guards(alice, id, 2n);
  await alice.stop();
  await bob.stop();
  const cheater = await party({ seedByte: seed, folder });
  await seenOnChain(cheater, id);
  await cheater.engine.wish(id, { type: 'close_solo' });
  return cheater;
}

const channelId = (who: Party, id: string) => who.engine.channel(id).channel.channelId!;

describe('a channel whose owner is away', () => {
  test('is closed by the peer with an old state: the tower slashes, pays the fee alone, and each gets its latest balance', async () => {
    const by = await tower();
    const channel = await guarded(by);
    const { alice, id } = channel;
    const name = channelId(alice, id);
    const before = { alice: await balance(alice), tower: (await chain().account(by.publicKey)).balance };
    const cheater = await cheat(channel);
    const object = await until(
      'slashed',
      () => chain().channel(name),
      (found) => found?.round === 3n,
      20_000,
    );
    // Initiator 8 - 3 + 4 = 9, responder 7 + 3 - 4 = 6.
    expect(object).toMatchObject({ initiatorAmount: 9n * ae, responderAmount: 6n * ae });
    const { fee } = by.guards.get(name)!.slash!;
    expect((await chain().account(by.publicKey)).balance).toBe(before.tower - fee);
    expect(await balance(alice)).toBe(before.alice);
    await until('settled', phase(cheater, id), (value) => value === 'closed', 20_000);
    expect(await balance(alice)).toBe(before.alice + 9n * ae);
    await until(
      'forgotten',
      () => by.guards.get(name),
      (value) => value === undefined,
    );
    const told = lines.filter((line) => line.startsWith(encode('ch', name)));
    expect(
      told.some((line) =>
        /closed with old round 2, seen at block \d+; disputable until block \d+/.test(line),
      ),
    ).toBe(true);
    expect(told.some((line) => /slashed with round 3 by this watchtower, in block \d+/.test(line))).toBe(
      true,
    );
    expect(told.at(-1)).toMatch(/settled, forgotten at block \d+/);
  });

  test('is closed with the latest state: nothing to do, nothing spent', async () => {
    const by = await tower();
    const { alice, bob, id } = await guarded(by);
    const name = channelId(alice, id);
    await pay(alice, id, ae);
    await guards(alice, id, 1n);
    await alice.stop();
    const before = (await chain().account(by.publicKey)).balance;
    await seenOnChain(bob, id);
    await bob.engine.wish(id, { type: 'close_solo' });
    await until('closed', phase(bob, id), (value) => value === 'closed', 20_000);
    expect((await chain().account(by.publicKey)).balance).toBe(before);
    await until(
      'forgotten',
      () => by.guards.get(name),
      (value) => value === undefined,
    );
  });
});

describe('a tower', () => {
  test('that stops goes on after its restart with what it had acknowledged, and slashes then', async () => {
    const data = mkdtempSync(join(tmpdir(), 'tandem-tower-'));
    const by = await tower({ data });
    const channel = await guarded(by, 60);
    const { alice, id } = channel;
    const name = channelId(alice, id);
    expect(await pay(alice, id, 3n * ae)).toMatchObject({ ok: true });
    const { bob, seed } = channel;
    await until('bob follows', number(bob, id), (value) => value === 1n);
    const folder = oldDisk(bob);
    expect(await pay(bob, id, ae)).toMatchObject({ ok: true });
    await guards(alice, id, 2n);
    await by.stop();
    await alice.stop();
    await bob.stop();
    const cheater = await party({ seedByte: seed, folder });
    await seenOnChain(cheater, id);
    await cheater.engine.wish(id, { type: 'close_solo' });
    await until(
      'closing',
      async () => (await chain().channel(name))?.lockedUntil ?? 0,
      (height) => height > 0,
    );
    await cheater.stop();
    const again = await tower({ data });
    expect(again.address).toBe(by.address);
    await until(
      'slashed',
      () => chain().channel(name),
      (found) => found?.round === 3n,
    );
  });

  test('goes on after a reorganisation that takes its slash away', async () => {
    const by = await tower();
    const channel = await guarded(by, 60);
    const name = channelId(channel.alice, channel.id);
    await cheat(channel);
    const slashed = () =>
      until(
        'slashed',
        () => chain().channel(name),
        (found) => found?.round === 3n,
        20_000,
      );
    await slashed();
    const { slash } = by.guards.get(name)!;
    const hash = txHash(slash!.signedTx);
    const place = await chain().transaction(hash);
    if (typeof place === 'string') throw new Error(`the slash is ${place}`);
    const depth = (await chain().status()).height - place.height + 1;
    const response = await fetch(`${url()}/devnet/reorg`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ depth, drop: [encode('th', hash)] }),
    });
    expect(response.ok, await response.text()).toBe(true);
    // Posted again, or anew where the node forgot it for good.
    const again = await until(
      'in a block again',
      async () => {
        // None while the tower, which saw it gone, has not made the next one.
        const { slash } = by.guards.get(name)!;
        return slash ? chain().transaction(txHash(slash.signedTx)) : 'unknown';
      },
      (found) => typeof found !== 'string',
    );
    expect(again).not.toEqual('pending');
    await slashed();
  });

  test('signs nothing but slashes: its key appears in no other transaction, and spends no more than the fee', async () => {
    const by = await tower();
    const channel = await guarded(by);
    const name = channelId(channel.alice, channel.id);
    await cheat(channel);
    await until(
      'slashed',
      () => by.guards.get(name)?.slash ?? null,
      (slash) => slash !== null,
    );
    const tx = parseTx(parseSignedTx(by.guards.get(name)!.slash!.signedTx).tx);
    expect(tx.type).toBe('ChannelSlashTx');
    if (tx.type !== 'ChannelSlashTx') throw new Error('unreachable');
    expect(tx.fromId).toEqual(by.publicKey);
  });

  test('keeps nothing that its own disk does not show after a restart', async () => {
    const data = mkdtempSync(join(tmpdir(), 'tandem-tower-'));
    const by = await tower({ data });
    const { alice, id } = await guarded(by);
    const name = channelId(alice, id);
    for (let number = 1n; number <= 3n; number++) {
      await pay(alice, id, ae / 10n);
      await guards(alice, id, number);
      expect(by.guards.get(name)!.round).toBe(number + 1n);
    }
    const held = by.guards.get(name);
    await by.stop();
    expect((await tower({ data })).guards.get(name)).toEqual(held);
  });

  test('without coins for a fee does not start, and says whom to pay', async () => {
    await expect(tower({ faucet: `${url()}/no-such-faucet` })).rejects.toThrow(
      /The account ak_\w+ holds 0 aetto, too little to pay for one slash/,
    );
  }, 60_000);
});

describe('a wallet', () => {
  test('sends the latest state again to a tower that came back, and after its own restart', async () => {
    const data = mkdtempSync(join(tmpdir(), 'tandem-tower-'));
    const by = await tower({ data });
    const listen = Number(/tcp\/(\d+)/.exec(addressOf(by).addresses[0]!)![1]);
    const { alice, id } = await guarded(by);
    await pay(alice, id, ae);
    await guards(alice, id, 1n);
    await by.stop();
    expect(await pay(alice, id, ae)).toMatchObject({ ok: true });
    await until(
      'told why',
      () => alice.tower!.status(alice.engine.channel(id)).problem,
      (problem) => problem !== null,
    );
    const back = await tower({ data, listen });
    await guards(alice, id, 2n);
    expect(back.guards.get(channelId(alice, id))!.round).toBe(3n);
  });

  test('does not guard a channel that did not name the tower', async () => {
    const by = await tower();
    const { bob, id } = await guarded(by);
    // Bob chose the tower after the channel was opened.
    const seedByte = lastSeed();
    await bob.stop();
    const again = await party({ seedByte, folder: bob.folder, tower: addressOf(by) });
    expect(again.tower!.status(again.engine.channel(id))).toEqual({
      named: false,
      guards: null,
      problem: null,
    });
  });
});
