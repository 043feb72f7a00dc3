/** The address book: what gets into it, whom it names, and that a backup brings it along. */
import { beforeEach, describe, expect, test } from 'vitest';
import { exportBackup, importBackup } from '../../src/background/backup/index.ts';
import { type Contacts, loadContacts, type NewContact } from '../../src/background/contacts.ts';
import { encode } from '../../src/protocol/chain/address.ts';
import { formatInvite } from '../../src/rpc/invite.ts';
import { mostContacts } from '../../src/rpc/schema.ts';
import { installation, password, phrase } from '../backup/support.ts';

const account = (seed: number) => new Uint8Array(32).fill(seed);
const ak = (seed: number) => encode('ak', account(seed));
const own = ak(200);
const invite = formatInvite({
  peer: account(1),
  networkId: 'ae_devnet',
  addresses: ['/ip4/127.0.0.1/tcp/4002/ws'],
  name: 'What it calls itself',
});
const contact = (change: Partial<NewContact> = {}): NewContact => ({
  name: 'Nora',
  at: ak(1),
  note: null,
  was: null,
  ...change,
});

let home: Awaited<ReturnType<typeof installation>>;
let contacts: Contacts;
beforeEach(async () => {
  home = await installation();
  contacts = await loadContacts(home.store);
});

describe('a contact', () => {
  test('is kept by its account, with the invite that it was given by, over a restart', async () => {
    await contacts.save(
      contact({ at: ` ${invite}\n`, name: '  Nora  \u202eevil ', note: ' flat white ' }),
      own,
    );
    const kept = {
      address: ak(1),
      name: 'Nora evil',
      note: 'flat white',
      invite,
      networkId: 'ae_devnet',
    };
    expect(contacts.list()).toEqual([kept]);
    const again = await loadContacts(home.store);
    expect(again.list()).toEqual([kept]);
    expect(again.name(ak(1))).toBe('Nora evil');
    expect(again.name(ak(2))).toBeNull();
  });

  test('that is changed takes the place of what it was, also under another account', async () => {
    await contacts.save(contact(), own);
    await contacts.save(contact({ name: 'nora', was: ak(1) }), own);
    await contacts.save(contact({ name: 'nora', at: ak(2), was: ak(1) }), own);
    expect((await loadContacts(home.store)).list()).toMatchObject([{ name: 'nora', address: ak(2) }]);
    await contacts.remove(ak(2));
    expect((await loadContacts(home.store)).list()).toEqual([]);
  });

  test.each([
    ['without a name', contact({ name: ' \u200f\t ' }), /Give the contact a name/],
    ['with too long a name', contact({ name: 'x'.repeat(61) }), /at most 60/],
    ['with too long a note', contact({ note: 'x'.repeat(301) }), /at most 300/],
    ['at no account', contact({ at: 'nora' }), /"nora" is neither/],
    ['at an account with a slip in it', contact({ at: `${ak(1).slice(0, -1)}1` }), /is neither/],
    ['at a damaged invite', contact({ at: 'tandem:ak_x?net=a' }), /damaged/],
    ['that is oneself', contact({ at: own }), /your own account/],
    ['at an account that has a name', contact({ name: 'Other', at: ak(5) }), /address book as "Fritz"/],
    ['by a name that another has, written alike', contact({ name: 'ＦRITZ' }), /another name/i],
  ])('%s is refused, and nothing is changed', async (_, wrong, words) => {
    await contacts.save(contact({ name: 'Fritz', at: ak(5) }), own);
    await expect(contacts.save(wrong, own)).rejects.toThrow(words);
    expect(contacts.list().map(({ name }) => name)).toEqual(['Fritz']);
    expect((await loadContacts(home.store)).list()).toEqual(contacts.list());
  });

  test.each([
    [
      'with marks that show nothing',
      ['Bo\u200bb', 'Bo\u00adb', 'Bob\u2060', 'Bo\ufe0fb', '\u{e0020}Bob', 'Bob\u3164'],
    ],
    [
      'in letters of another script',
      ['B\u043eb', '\u0412\u043eb', '\u0412\u041e\u0412', '\u0392ob', 'B\u03bfb', 'b\u041eB'],
    ],
    ['with a blank that is a letter', ['Bob\u2800', '\u2800Bob']],
  ])('by a name that looks like another’s, %s, is refused', async (_, names) => {
    await contacts.save(contact({ name: 'Bob' }), own);
    for (const name of names)
      await expect(contacts.save(contact({ name, at: ak(2) }), own), JSON.stringify(name)).rejects.toThrow(
        /Another contact is called/,
      );
    expect(contacts.list()).toHaveLength(1);
  });
  test.each(['\u200b\u2060', '\u3164', '\u2800', '\ufe0f'])(
    'by a name that shows nothing (%j) is refused',
    async (name) => {
      await expect(contacts.save(contact({ name }), own)).rejects.toThrow(/Give the contact a name/);
    },
  );
  test('may be called in any script, also by the same letters in the other case, and by emoji', async () => {
    const names = ['Вера', 'Ελένη', 'Zoë', '김', '👩‍🚀 Ann', '❤️', '1️⃣', 'Ann'];
    for (const [n, name] of names.entries()) await contacts.save(contact({ name, at: ak(n + 1) }), own);
    expect(new Set(contacts.list().map(({ name }) => name))).toEqual(new Set(names));
    await expect(contacts.save(contact({ name: 'ВЕРА', at: ak(50) }), own)).rejects.toThrow(
      /Another contact/,
    );
    await expect(contacts.save(contact({ name: '❤', at: ak(50) }), own)).rejects.toThrow(/Another contact/);
  });

  test('that is saved once more as it is stays the only one, also where it took another’s place', async () => {
    for (let n = 0; n < 2; n++) await contacts.save(contact({ at: invite }), own);
    for (let n = 0; n < 2; n++) await contacts.save(contact({ at: ak(2), was: ak(1) }), own);
    expect((await loadContacts(home.store)).list()).toMatchObject([{ name: 'Nora', address: ak(2) }]);
  });

  test('of two at once with one name the second is refused', async () => {
    const both = await Promise.allSettled([
      contacts.save(contact(), own),
      contacts.save(contact({ at: ak(2) }), own),
    ]);
    expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  });

  test('beyond the most that the book holds is refused; changing one is not', async () => {
    await home.store.commit(
      Array.from({ length: mostContacts }, (_, n) => ({
        table: 'meta' as const,
        key: `contact/${n}`,
        value: { address: `ak_${n}`, name: `${n}`, note: null, invite: null, networkId: null },
      })),
    );
    await contacts.reload();
    await expect(contacts.save(contact(), own)).rejects.toThrow(/holds 300/);
    await contacts.save(contact({ was: 'ak_7' }), own);
    expect(contacts.list()).toHaveLength(mostContacts);
  });
});

test('a backup brings the address book along', async () => {
  await home.vault.create({ mnemonic: phrase, password });
  await contacts.save(contact({ at: invite, note: 'flat white' }), own);
  const { file } = await exportBackup(home, 'ae_devnet', password);
  expect(file).not.toContain('Nora');
  const there = await installation();
  await importBackup(there, file, password);
  expect((await loadContacts(there.store)).list()).toEqual(contacts.list());
}, 60_000);
