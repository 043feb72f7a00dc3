/** The wallet's secret: phrases, derivation, encryption, locks. */

import 'fake-indexeddb/auto';
import { AccountMnemonicFactory } from '@aeternity/aepp-sdk';
import { IDBFactory } from 'fake-indexeddb';
import { describe, expect, test } from 'vitest';
import { openIdbStore } from '../../src/background/store/idb.ts';
import { seal, unseal } from '../../src/background/vault/cipher.ts';
import { type Session, Vault } from '../../src/background/vault/index.ts';
import { checkPhrase, newPhrase } from '../../src/background/vault/mnemonic.ts';
import { deriveSeed } from '../../src/background/vault/slip10.ts';
import { signerFromSeed } from '../../src/engine/crypto.ts';
import { fromHex, toHex } from '../../src/protocol/bytes.ts';

const phrase =
  'abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about';
const random = (length: number) => crypto.getRandomValues(new Uint8Array(length));

/** A clock that a test turns, and memory that outlives the vault. */
function surroundings() {
  let now = 1_000_000;
  const timers: { at: number; callback: () => void }[] = [];
  const memory = new Map<string, unknown>();
  const session: Session = {
    get: async (key) => structuredClone(memory.get(key)),
    set: async (key, value) => void memory.set(key, structuredClone(value)),
    remove: async (key) => void memory.delete(key),
  };
  return {
    memory,
    session,
    clock: {
      now: () => now,
      after(ms: number, callback: () => void) {
        const timer = { at: now + ms, callback };
        timers.push(timer);
        return () => void timers.splice(timers.indexOf(timer), 1);
      },
    },
    async pass(ms: number) {
      now += ms;
      for (const timer of [...timers]) if (timer.at <= now) timer.callback();
      await new Promise((resolve) => setTimeout(resolve, 10));
    },
  };
}

async function vaultIn(world = surroundings(), factory = new IDBFactory()) {
  const store = await openIdbStore('vault-test', factory);
  const locks: number[] = [];
  const load = () =>
    Vault.load({
      store,
      session: world.session,
      random,
      clock: world.clock,
      publicKey: async (seed) => (await signerFromSeed(seed)).publicKey,
      autoLockMinutes: () => 5,
      locked: () => locks.push(world.clock.now()),
    });
  return { world, store, locks, load, vault: await load() };
}

describe('phrase', () => {
  test('a new one has 12 words and is valid', () => {
    expect(checkPhrase(newPhrase()).split(' ')).toHaveLength(12);
  });
  test('spaces and capitals do not matter', () => {
    expect(checkPhrase(`  ${phrase.toUpperCase().replaceAll(' ', '\n ')} `)).toBe(phrase);
  });
  test('a wrong word is named by its place', () => {
    expect(() => checkPhrase(phrase.replace('about', 'abuot'))).toThrow(/Word 12, "abuot"/);
  });
  test('a wrong order is said to be that', () => {
    expect(() => checkPhrase(phrase.replace('about', 'abandon'))).toThrow(/not together/);
  });
  test('a wrong length is said', () => {
    expect(() => checkPhrase('abandon about')).toThrow(/this one has 2/);
    expect(() => checkPhrase(' ')).toThrow(/this one has 0/);
  });
});

describe('derivation', () => {
  test('SLIP-0010 test vector 1 for ed25519', () => {
    const seed = fromHex('000102030405060708090a0b0c0d0e0f');
    expect(toHex(deriveSeed(seed, []))).toBe(
      '2b4be7f19ee27bbf30c667b642d5f4aa69fd169872f8fc3059c08ebae2eb19e7',
    );
    expect(toHex(deriveSeed(seed, [0]))).toBe(
      '68e0fe46dfb67e368c75379acec591dad19df3cde26e63b93a8e704f1dade7a3',
    );
    expect(toHex(deriveSeed(seed, [0, 1, 2, 2, 1000000000]))).toBe(
      '8f94d394a8e8fd6b1bc2f3f49f5c47e385281d5c17e65324b0f62483e37e8793',
    );
  });
  test('SLIP-0010 test vector 2 for ed25519', () => {
    const seed = fromHex(
      'fffcf9f6f3f0edeae7e4e1dedbd8d5d2cfccc9c6c3c0bdbab7b4b1aeaba8a5a29f9c999693908d8a8784817e7b7875726f6c696663605d5a5754514e4b484542',
    );
    expect(toHex(deriveSeed(seed, []))).toBe(
      '171cb88b1b3c1db25add599712e36245d75bc65a1a5c9e18d76f9f2b1eab4012',
    );
    expect(toHex(deriveSeed(seed, [0]))).toBe(
      '1559eb2bbec5790b0c65d8693e4d0875b1747f4970ae8b650486ed7470845635',
    );
    expect(toHex(deriveSeed(seed, [0, 2147483647]))).toBe(
      'ea4f5bfe8694d8bb74b7b59404632fd5968b774ed545e810de9c32a4fb4192f4',
    );
  });
  test("the account is the chain's other wallets' first account of the phrase", async () => {
    const { vault } = await vaultIn();
    await vault.create({ mnemonic: phrase, password: 'long enough' });
    const account = await new AccountMnemonicFactory(phrase).initialize(0);
    expect(await vault.address()).toBe(account.address);
  });
});

describe('encryption', () => {
  test('a wrong password and a damaged record are told apart', async () => {
    const record = await seal(new Uint8Array([1, 2, 3]), 'right password', random);
    expect(await unseal(record, 'right password')).toEqual(new Uint8Array([1, 2, 3]));
    await expect(unseal(record, 'wrong password')).rejects.toThrow(/Wrong password/);
    const flipped = (bytes: Uint8Array) => bytes.map((byte, index) => (index === 5 ? byte ^ 1 : byte));
    for (const damaged of [
      null,
      'x',
      {},
      { ...record, version: 2 },
      { ...record, iv: 'x' },
      { ...record, kdf: { ...record.kdf, N: 2 } },
      { ...record, kdf: { ...record.kdf, N: 2 ** 16 } },
      { ...record, kdf: { ...record.kdf, salt: flipped(record.kdf.salt) } },
      { ...record, iv: flipped(record.iv) },
      { ...record, iv: record.iv.subarray(1) },
      { ...record, data: flipped(record.data) },
      { ...record, data: record.data.subarray(1) },
      { ...record, checksum: flipped(record.checksum) },
    ])
      await expect(unseal(damaged, 'right password')).rejects.toThrow(/damaged.*recovery phrase/);
  });
});

describe('lock', () => {
  test('neither phrase nor password is stored in the clear', async () => {
    const { vault, store, world } = await vaultIn();
    await vault.create({ mnemonic: phrase, password: 'long enough' });
    const stored = JSON.stringify(await store.list('meta'), (_, value) =>
      value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value,
    );
    expect(stored).not.toContain('abandon');
    expect(stored + JSON.stringify([...world.memory])).not.toContain('long enough');
    expect(JSON.stringify([...world.memory])).not.toContain('abandon');
  });
  test('a wallet is never overwritten', async () => {
    const { vault } = await vaultIn();
    await vault.create({ mnemonic: phrase, password: 'long enough' });
    await expect(vault.create({ mnemonic: phrase, password: 'long enough' })).rejects.toThrow(/already/);
  });
  test('a short password is refused', async () => {
    const { vault } = await vaultIn();
    await expect(vault.create({ mnemonic: phrase, password: 'short' })).rejects.toThrow(/8 characters/);
    expect(vault.status()).toBe('empty');
  });
  test('a restarted worker stays unlocked until the lock falls', async () => {
    const { vault, world, load, locks } = await vaultIn();
    await vault.create({ mnemonic: phrase, password: 'long enough' });
    const restarted = await load();
    expect(restarted.status()).toBe('unlocked');
    await world.pass(5 * 60_000);
    expect(restarted.status()).toBe('locked');
    expect(locks.length).toBeGreaterThan(0);
    expect((await load()).status()).toBe('locked');
  });
  test('what the person does puts the lock off', async () => {
    const { vault, world } = await vaultIn();
    await vault.create({ mnemonic: phrase, password: 'long enough' });
    await world.pass(4 * 60_000);
    await vault.touch();
    await world.pass(4 * 60_000);
    expect(vault.status()).toBe('unlocked');
  });
  test('a changed password opens the same account, the old one no more', async () => {
    const { vault, load } = await vaultIn();
    await vault.create({ mnemonic: phrase, password: 'long enough' });
    const address = await vault.address();
    await expect(vault.changePassword('long enough', 'short')).rejects.toThrow(/8 characters/);
    await vault.changePassword('long enough', 'another one');
    await vault.lock();
    const restarted = await load();
    await expect(restarted.unlock('long enough')).rejects.toThrow(/Wrong password/);
    await restarted.unlock('another one');
    expect(await restarted.address()).toBe(address);
  }, 60_000);
  test('a wake-up after the time locks, though no timer ran', async () => {
    const { vault, world, store } = await vaultIn();
    await vault.create({ mnemonic: phrase, password: 'long enough' });
    let later = 0;
    const locks: string[] = [];
    const asleep = await Vault.load({
      store,
      session: world.session,
      random,
      clock: { now: () => world.clock.now() + later, after: () => () => undefined },
      publicKey: async (seed) => (await signerFromSeed(seed)).publicKey,
      autoLockMinutes: () => 5,
      locked: () => locks.push('locked'),
    });
    await asleep.lockIfDue();
    expect(asleep.status()).toBe('unlocked');
    later = 5 * 60_000;
    await asleep.lockIfDue();
    expect(asleep.status()).toBe('locked');
    expect(locks).toEqual(['locked']);
    expect(world.memory.size).toBe(0);
  });
  test('whoever asks first after the time finds it locked, and what is done then does not put the lock off', async () => {
    const { vault, world, store } = await vaultIn();
    await vault.create({ mnemonic: phrase, password: 'long enough' });
    for (const ask of [
      (asleep: Vault) => asleep.touch(),
      (asleep: Vault) => asleep.status(),
      (asleep: Vault) => asleep.seed(),
      (asleep: Vault) => asleep.address().catch(() => undefined),
    ]) {
      await vault.unlock('long enough');
      let later = 0;
      const locks: string[] = [];
      const asleep = await Vault.load({
        store,
        session: world.session,
        random,
        // A computer that sleeps: timers stand still.
        clock: { now: () => world.clock.now() + later, after: () => () => undefined },
        publicKey: async (seed) => (await signerFromSeed(seed)).publicKey,
        autoLockMinutes: () => 5,
        locked: () => locks.push('locked'),
      });
      expect(asleep.status()).toBe('unlocked');
      later = 8 * 3_600_000;
      await ask(asleep);
      expect(asleep.status()).toBe('locked');
      expect(asleep.seed()).toBeNull();
      await new Promise((resolve) => setTimeout(resolve, 10));
      expect(locks).toEqual(['locked']);
      expect(world.memory.size).toBe(0);
    }
  }, 60_000);
  test('a browser that was closed has forgotten the seed', async () => {
    const { vault, world, load } = await vaultIn();
    await vault.create({ mnemonic: phrase, password: 'long enough' });
    world.memory.clear();
    const restarted = await load();
    expect(restarted.status()).toBe('locked');
    expect(restarted.seed()).toBeNull();
  });
  test('unlock with the password, not with another', async () => {
    const { vault } = await vaultIn();
    await vault.create({ mnemonic: phrase, password: 'long enough' });
    const address = await vault.address();
    await vault.lock();
    expect(vault.seed()).toBeNull();
    await expect(vault.unlock('long enougH')).rejects.toThrow(/Wrong password/);
    expect(vault.status()).toBe('locked');
    await vault.unlock('long enough');
    expect(await vault.address()).toBe(address);
  });
});
