/** The backup's file: what is seen of it, and what is said of a file that is no good. */
import { beforeAll, describe, expect, test } from 'vitest';
import { readFile, writeFile } from '../../src/background/backup/file.ts';
import { BackupError, exportBackup, importBackup } from '../../src/background/backup/index.ts';
import { random } from '../engine/party.ts';
import { contents, installation, password, phrase } from './support.ts';

const header = { created: '2026-01-02T03:04:05.000Z', account: 'ak_2a', networkId: 'ae_test' };
const content = { phrase, rows: [['meta', 'x', { amount: 10n ** 30n, bytes: new Uint8Array([0, 255]) }]] };
let file: string;
beforeAll(async () => {
  file = await writeFile(header, content, password, random);
}, 60_000);

async function problemOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => new Error('it was taken'),
    (failure: unknown) => failure,
  );
  expect(error).toBeInstanceOf(BackupError);
  return (error as BackupError).code;
}
const change = (text: string, at: number) =>
  text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) === 65 ? 66 : 65) + text.slice(at + 1);

describe('a file', () => {
  test('says what it is in the clear, and nothing else', async () => {
    const { sealed, ...clear } = JSON.parse(file) as Record<string, unknown>;
    expect(clear).toEqual({ format: 'tandem-backup', version: 2, ...header });
    expect(Object.keys(sealed as object)).toEqual(['version', 'kdf', 'iv', 'data', 'checksum']);
    expect(file).not.toMatch(/abandon|about|meta/);
    expect(await readFile(file, password)).toEqual({ header, content });
  }, 60_000);

  test('a wrong password is said to be that', async () => {
    await expect(readFile(file, 'another password')).rejects.toThrow(/not the password of this backup/);
    expect(await problemOf(readFile(file, ''))).toBe('wrong_password');
  }, 60_000);

  test('something else is said to be no backup', async () => {
    for (const other of [
      '',
      'x',
      '{}',
      'null',
      '[]',
      '7',
      '"tandem-backup"',
      '\u0000PNG',
      '{"format":"other"}',
    ])
      expect(await problemOf(readFile(other, password)), other).toBe('not_a_backup');
  });

  test('one of a newer version is said to be that', async () => {
    const newer = JSON.stringify({ ...(JSON.parse(file) as object), version: 3 });
    expect(await problemOf(readFile(newer, password))).toBe('newer_version');
    await expect(readFile(newer, password)).rejects.toThrow(/format 3; this one reads up to 2.*Update/);
  });

  test('every character of the encrypted part changed: damaged', async () => {
    const start = file.indexOf('"sealed"');
    for (let at = start; at < file.length; at++)
      expect(await problemOf(readFile(change(file, at), password)), `at ${at}`).toBe('damaged');
  }, 60_000);

  test('cut at any length: damaged, or too short to be told from another file', async () => {
    for (let length = 0; length < file.length; length++) {
      const code = await problemOf(readFile(file.slice(0, length), password));
      const told = length >= file.indexOf('tandem-backup') + 'tandem-backup'.length;
      expect(code, `length ${length}`).toBe(told ? 'damaged' : 'not_a_backup');
    }
  });

  test('a part left out or of another kind: damaged', async () => {
    const whole = JSON.parse(file) as { sealed: Record<string, unknown> };
    for (const name of ['created', 'account', 'networkId', 'sealed'])
      for (const part of [undefined, null, 1, {}])
        expect(await problemOf(readFile(JSON.stringify({ ...whole, [name]: part }), password))).toBe(
          'damaged',
        );
    for (const name of Object.keys(whole.sealed))
      for (const part of [undefined, null, -1, 'x', 'AAAA', {}, { N: 2 ** 40, r: 2 ** 20 }])
        expect(
          await problemOf(
            readFile(JSON.stringify({ ...whole, sealed: { ...whole.sealed, [name]: part } }), password),
          ),
          name,
        ).toBe('damaged');
  });

  test('the clear part cannot be changed unseen', async () => {
    const whole = JSON.parse(file) as Record<string, unknown>;
    for (const changed of [{ account: 'ak_other' }, { created: '2027-01-02T03:04:05.000Z' }])
      expect(await problemOf(readFile(JSON.stringify({ ...whole, ...changed }), password))).toBe('damaged');
  }, 60_000);
});

describe('restoring', () => {
  test('what fails leaves the installation empty; after that the right file is taken, and only once', async () => {
    const here = await installation();
    await here.vault.create({ mnemonic: phrase, password });
    await here.store.commit([
      { table: 'meta', key: 'settings', value: { autoLockMinutes: 7 } },
      { table: 'sites', key: 'https://a.example', value: { origin: 'https://a.example' } },
      { table: 'requests', key: 'popup/1', value: { ok: true, number: 7n } },
      { table: 'approvals', key: 'q', value: { kind: 'connect' } },
      { table: 'events', key: 'https://a.example/000000000001', value: { number: 1 } },
      // What was used of it since the backup nobody would know.
      { table: 'budgets', key: 'https://a.example/c', value: { amount: 5n, spent: 1n } },
    ]);
    const made = await exportBackup(here, 'ae_test', password);
    expect(made.name).toMatch(/^tandem-backup-[1-9A-Za-z]{6}-\d{4}-\d\d-\d\d\.json$/);

    const there = await installation();
    expect(await problemOf(importBackup(there, made.file, 'not this one'))).toBe('wrong_password');
    expect(await problemOf(importBackup(there, change(made.file, made.file.length - 50), password))).toBe(
      'damaged',
    );
    await expect(importBackup(there, made.file, password, 'short')).rejects.toThrow(/at least 8/);
    expect(there.vault.status()).toBe('empty');
    expect(await contents(there.store)).toEqual({});

    const { address } = await importBackup(there, made.file, password, 'another password');
    expect(address).toBe(await here.vault.address());
    expect(await there.vault.address()).toBe(address);
    expect(await there.vault.revealPhrase('another password')).toBe(phrase);
    const { approvals, events, budgets, ...kept } = await contents(here.store);
    expect([approvals?.length, events?.length, budgets?.length]).toEqual([1, 1, 1]);
    expect(await contents(there.store)).toEqual(kept);
    expect(await problemOf(importBackup(there, made.file, password))).toBe('not_empty');
  }, 120_000);

  test('a wrong wallet password makes no file', async () => {
    const here = await installation();
    await here.vault.create({ mnemonic: phrase, password });
    await expect(exportBackup(here, 'ae_test', 'guess guess')).rejects.toThrow(/Wrong password/);
  }, 60_000);

  test('a wallet that is here already is never overwritten, nor a channel without one', async () => {
    const here = await installation();
    await here.store.commit([{ table: 'channels', key: 'a', value: {} }]);
    expect(await problemOf(importBackup(here, file, password))).toBe('not_empty');
  });

  test('a phrase of another account than the file says: damaged, nothing written', async () => {
    const here = await installation();
    expect(await problemOf(importBackup(here, file, password))).toBe('damaged');
    expect(await contents(here.store)).toEqual({});
  }, 60_000);
});
