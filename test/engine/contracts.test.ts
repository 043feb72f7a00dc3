/** Contracts between two engines over real stores, real streams and a running chain; restarts and backups with them. */
import { describe, expect, test } from 'vitest';
import { exportBackup, importBackup } from '../../src/background/backup/index.ts';
import { readStored } from '../../src/engine/stored.ts';
import { encode } from '../../src/protocol/chain/address.ts';
import { heldByContracts } from '../../src/protocol/channel/index.ts';
import { decode } from '../../src/protocol/vm/index.ts';
import { contents, installation, password } from '../backup/support.ts';
import { calling, creation } from '../channel/sophia.ts';
import { payment } from '../channel/world.ts';
import { number, oldDisk, online, type Party, phase, seenOnChain, until } from './party.ts';
import { ae, scene, terms } from './scene.ts';

const { chain, party, fund, balance, lastSeed } = scene(190, 500);

async function openChannel(options: Parameters<typeof party>[0], others: Parameters<typeof party>[0] = {}) {
  const alice = await party(options);
  const seed = lastSeed();
  const bob = await party({ listen: true, settings: { contracts: 'any' }, ...others });
  await fund(alice);
  await fund(bob);
  const { id } = await alice.engine.open(bob.publicKey, bob.transport.addresses(), terms);
  await until('alice opens', phase(alice, id), (value) => value === 'open', 60_000);
  await until('bob opens', phase(bob, id), (value) => value === 'open', 60_000);
  return { alice, bob, id, seed };
}
const latest = (who: Party, id: string) => who.engine.channel(id).channel.latest!;

describe('contracts of a channel', () => {
  test('are made, called, read, and still there after a restart', async () => {
    const { alice, bob, id, seed } = await openChannel({});
    const made = await alice.engine.request(id, creation('escrow', 2n * ae));
    expect(made).toMatchObject({ ok: true, number: 1n, contract: { returnType: 'ok' } });
    const { contract } = made.contract!;
    const wish = calling('escrow', contract, 'height');
    const call = wish.contract as Extract<typeof wish.contract, { type: 'call' }>;
    const { height } = await chain().status();
    const said = await bob.engine.callStatic(id, call);
    expect(Number(decode(said.returnValue))).toBeGreaterThanOrEqual(height);
    expect(number(bob, id)()).toBe(1n);
    expect(await bob.engine.request(id, calling('escrow', contract, 'fund', ae))).toMatchObject({ ok: true });
    await alice.stop();

    const again = await party({ seedByte: seed, folder: alice.folder });
    await online(again, id, 60_000);
    expect(latest(again, id).stateHash).toEqual(latest(bob, id).stateHash);
    expect(heldByContracts(latest(again, id))).toBe(3n * ae);
    const balance = await again.engine.request(id, calling('escrow', contract, 'balance'));
    expect(decode(balance.contract!.returnValue)).toBe(3n * ae);
    expect(again.items.at(-1)!.entry).toMatchObject({
      kind: 'contract',
      contract: { type: 'call', contract },
    });
    await expect(again.engine.callStatic(id, { ...call, contract: new Uint8Array(32) })).rejects.toThrow(
      /has no contract/,
    );
  }, 180_000);

  test('are not made with a peer whose policy takes none', async () => {
    const { alice, id } = await openChannel({}, { settings: {} });
    expect(await alice.engine.request(id, creation('counter'))).toMatchObject({
      ok: false,
      code: 'declined',
    });
    expect(latest(alice, id).trees).toBeUndefined();
    expect(latest(alice, id).balances).toEqual({ initiator: 8n * ae, responder: 7n * ae });
  }, 180_000);

  test('are in a backup; one that lacks a node is damaged, and a store that lacks one does not start', async () => {
    const home = await installation();
    await home.vault.create({ mnemonic: home.vault.newPhrase(), password });
    const { alice, id } = await openChannel({ store: home.store, seed: home.vault.seed()! });
    await alice.engine.request(id, creation('counter'));
    const { stateHash } = latest(alice, id);
    const { file } = await exportBackup(home, 'ae_devnet', password);
    await alice.stop();

    const there = await installation();
    await importBackup(there, file, password);
    const { nodes } = await contents(there.store);
    expect(nodes!.length).toBeGreaterThan(3);
    const again = await party({ store: there.store, seed: there.vault.seed()! });
    expect(again.address).toBe(encode('ak', alice.publicKey));
    expect(latest(again, id).stateHash).toEqual(stateHash);
    expect(latest(again, id).trees!.contracts.isEmpty).toBe(false);
    await again.stop();

    const broken = await installation();
    await importBackup(broken, file, password);
    const { channel } = readStored(await broken.store.get('channels', id));
    const key = (await broken.store.list('nodes')).find(({ key }) =>
      key.endsWith(Buffer.from(channel.latest!.trees!.contracts).toString('hex')),
    )!.key;
    await broken.store.commit([{ table: 'nodes', key, value: undefined }]);
    await expect(exportBackup(broken, 'ae_devnet', password)).rejects.toThrow(
      /contracts of channel .*missing/,
    );
    await expect(party({ store: broken.store, seed: broken.vault.seed()! })).rejects.toThrow(
      /contracts of channel .* cannot be read .*restore it from its backup/,
    );
  }, 180_000);
});

describe('a call that the other side does not answer', () => {
  test('is forced on the chain; the peer returns, both agree, pay on and close', async () => {
    const { alice, bob, id, seed } = await openChannel({});
    const made = await alice.engine.request(id, creation('escrow', 2n * ae));
    const { contract } = made.contract!;
    await until(
      'bob follows',
      () => latest(bob, id).number,
      (value) => value === 1n,
    );
    await alice.stop();
    await seenOnChain(bob, id);
    const wish = calling('escrow', contract, 'balance');
    const call = wish.contract as Extract<typeof wish.contract, { type: 'call' }>;
    const { gas, gasPrice, callData } = call;
    await bob.engine.wish(id, { type: 'force_progress', contract, callData, amount: ae, gas, gasPrice });
    await until(
      'bob goes on',
      () => latest(bob, id),
      ({ number, source }) => number === 2n && source === 'chain',
      30_000,
    );
    const again = await party({ seedByte: seed, folder: alice.folder });
    await until(
      'alice goes on',
      () => latest(again, id).number,
      (value) => value === 2n,
      30_000,
    );
    expect(latest(again, id).stateHash).toEqual(latest(bob, id).stateHash);
    await online(again, id, 60_000);
    const paid = await again.engine.request(id, payment(ae));
    expect(paid).toMatchObject({ ok: true, number: 3n });
    await bob.engine.wish(id, { type: 'close_solo' });
    await until('closed', phase(again, id), (value) => value === 'closed', 60_000);
  }, 180_000);
});

describe('an old forced call', () => {
  /** Bob, the listener, goes back to what his disk held before the last payments, and forces a call from there. */
  async function forcedFromOldDisk(whenForced: (bob: Party, id: string) => Promise<void>) {
    const { alice, bob, id, seed } = await openChannel({});
    const bobSeed = lastSeed();
    const { contract } = (await alice.engine.request(id, creation('escrow', 2n * ae))).contract!;
    await until(
      'bob follows',
      () => latest(bob, id).number,
      (value) => value === 1n,
    );
    const folder = oldDisk(bob);
    expect(await bob.engine.request(id, payment(3n * ae))).toMatchObject({ ok: true, number: 2n });
    const agreed = latest(bob, id);
    await bob.stop();
    await whenForced(alice, id);
    const cheat = await party({ seedByte: bobSeed, folder });
    await seenOnChain(cheat, id);
    const { contract: wish } = calling('escrow', contract, 'balance');
    const { gas, gasPrice, callData } = wish as Extract<typeof wish, { type: 'call' }>;
    const event = { type: 'force_progress' as const, contract, callData, amount: ae, gas, gasPrice };
    await cheat.engine.wish(id, event);
    return { alice, cheat, id, seed, agreed };
  }
  const object = async (who: Party, id: string) =>
    (await chain().channel(who.engine.channel(id).channel.channelId!))!;

  test('is answered by a snapshot of what both signed last, without asking anyone', async () => {
    const { alice, cheat, id, agreed } = await forcedFromOldDisk(async () => undefined);
    await until(
      'it is forced',
      () => object(alice, id),
      ({ soloRound }) => soloRound === 3n,
      60_000,
    );
    await cheat.stop();
    const now = await until(
      'it is answered',
      () => object(alice, id),
      ({ round, soloRound }) => round === agreed.number + 1n && soloRound === 0n,
      60_000,
    );
    expect(now.stateHash).toEqual(agreed.stateHash);
    expect(latest(alice, id).stateHash).toEqual(agreed.stateHash);
    expect(phase(alice, id)()).toBe('open');
  }, 240_000);

  test('and a close on top of it are answered by a slash, however late the wallet comes back', async () => {
    const { alice, cheat, id, seed, agreed } = await forcedFromOldDisk((alice) => alice.stop());
    await until(
      'the cheat goes on',
      () => latest(cheat, id),
      ({ source }) => source === 'chain',
      60_000,
    );
    const before = await balance(cheat);
    await cheat.engine.wish(id, { type: 'close_solo' });
    await until(
      'it is being closed',
      () => cheat.engine.channel(id).channel.onChain!.lockedUntil,
      (value) => value > 0,
      60_000,
    );
    await cheat.stop();
    const again = await party({ seedByte: seed, folder: alice.folder });
    await until('closed', phase(again, id), (value) => value === 'closed', 90_000);
    expect(again.items.map(({ entry }) => entry.note ?? '').join()).toMatch(/answered an old state/);
    expect((await balance(cheat)) - before).toBeLessThanOrEqual(agreed.balances.responder);
    expect((await balance(cheat)) - before).toBeGreaterThan(agreed.balances.responder - ae / 100n);
  }, 240_000);
});
