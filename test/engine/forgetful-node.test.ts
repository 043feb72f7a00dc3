/** A node that lags or forgets ends no channel: what it does not show may be on the chain all the same. */
import { afterAll, expect, test } from 'vitest';
import { encode } from '../../src/protocol/chain/address.ts';
import { absence, fundingTxHash } from '../../src/protocol/channel/index.ts';
import { type ForgetfulNode, startForgetfulNode } from './forgetful-node.ts';
import { number, oldDisk, type Party, phase, seenOnChain, until } from './party.ts';
import { ae, scene, terms } from './scene.ts';

const { blocks, url, chain, balance, party, fund, lastSeed, pay } = scene(60, 150);
const nodes: ForgetfulNode[] = [];
afterAll(async () => {
  for (const node of nodes) await node.close();
});

/** An open channel of Alice, whose node forgets, with Bob. */
async function openBeside(lockPeriod = terms.lockPeriod) {
  const node = await startForgetfulNode(url());
  nodes.push(node);
  const alice = await party({ node: node.url });
  const seeds = { alice: lastSeed(), bob: lastSeed() + 1 };
  const bob = await party({ listen: true });
  await fund(alice);
  await fund(bob);
  const { id } = await alice.engine.open(bob.publicKey, bob.transport.addresses(), {
    ...terms,
    lockPeriod,
  });
  await until('alice opens', phase(alice, id), (value) => value === 'open');
  await until('bob opens', phase(bob, id), (value) => value === 'open');
  await seenOnChain(alice, id);
  const { channel } = alice.engine.channel(id);
  const names = { funding: encode('th', fundingTxHash(channel)), channel: encode('ch', channel.channelId!) };
  return { node, alice, bob, id, names, seeds };
}
const isLost = (who: Party, id: string) => () => who.engine.channel(id).channel.goneAt;

test('it forgot the funding, mined long ago: nothing changes, payments go on', async () => {
  const { node, alice, id, names } = await openBeside();
  node.forgotten.add(names.funding);
  await blocks(absence + 3);
  expect(phase(alice, id)()).toBe('open');
  expect(await pay(alice, id, ae)).toMatchObject({ ok: true });
});

test.each(['channel', 'both'] as const)(
  'it does not show the %s for a while: the channel waits, and goes on',
  async (what) => {
    const { node, alice, id, names } = await openBeside();
    node.forgotten.add(names.channel);
    if (what === 'both') node.forgotten.add(names.funding);
    await until('not shown', isLost(alice, id), (height) => height !== null);
    await blocks(4);
    expect(phase(alice, id)()).toBe('open');
    node.forgotten.clear();
    await until('shown again', isLost(alice, id), (height) => height === null);
    await until(
      'payment',
      () => pay(alice, id, ae),
      (outcome) => outcome.ok,
    );
  },
);

test('it showed nothing for so long that the channel was given up; shown again, it is closed alone', async () => {
  const { node, alice, bob, id, names } = await openBeside();
  expect(await pay(alice, id, ae)).toMatchObject({ ok: true });
  await bob.stop();
  node.forgotten.add(names.channel).add(names.funding);
  await until('given up', phase(alice, id), (value) => value === 'aborted', 20_000);
  expect(alice.engine.channel(id).channel.reason).toMatch(/neither this channel nor its funding/);
  node.forgotten.clear();
  await until('there again', phase(alice, id), (value) => value === 'failed');
  await seenOnChain(alice, id);
  expect(alice.engine.channel(id).channel.reason).toMatch(/shows it again/);
  const before = { alice: await balance(alice), bob: await balance(bob) };
  await alice.engine.wish(id, { type: 'close_solo' });
  await until('closed', phase(alice, id), (value) => value === 'closed', 20_000);
  expect((await balance(bob)) - before.bob).toBe(8n * ae);
  expect((await balance(alice)) - before.alice).toBeGreaterThan(7n * ae - 10n ** 15n);
}, 60_000);

test('an old state is answered also after the channel was given up for lost', async () => {
  const { node, alice, bob, id, names, seeds } = await openBeside(40);
  const older = oldDisk(bob);
  expect(await pay(bob, id, 3n * ae)).toMatchObject({ ok: true });
  await until('alice follows', number(alice, id), (n) => n === 1n);
  await bob.stop();
  node.forgotten.add(names.channel);
  await until('given up', phase(alice, id), (value) => value === 'closed', 20_000);
  const cheat = await party({ seedByte: seeds.bob, folder: older });
  await seenOnChain(cheat, id);
  await cheat.engine.wish(id, { type: 'close_solo' });
  await blocks(1);
  node.forgotten.clear();
  const { channelId } = alice.engine.channel(id).channel;
  await until(
    'answered',
    () => chain().channel(channelId!),
    (object) => object?.round === 2n,
    20_000,
  );
  await until('closed', phase(alice, id), (value) => value === 'closed', 20_000);
}, 60_000);

test('a close that nobody can have settled yet does not end it', async () => {
  const { node, alice, bob, id, names } = await openBeside();
  await bob.stop();
  await alice.engine.wish(id, { type: 'close_solo' });
  const until1 = await until(
    'closing',
    () => alice.engine.channel(id).channel.onChain?.lockedUntil ?? 0,
    (height) => height > 0,
  );
  node.forgotten.add(names.channel);
  await until(
    'just before its lock ends',
    async () => (await chain().status()).height,
    (height) => height >= until1 - 2,
  );
  expect(phase(alice, id)()).toBe('closing_solo');
  node.forgotten.clear();
  await until('closed', phase(alice, id), (value) => value === 'closed', 20_000);
  expect(await chain().channel(alice.engine.channel(id).channel.channelId!)).toBeNull();
});
