/** The address book: whom the person knows, by names of the person's own. Kept in table `meta` under `contact/ak_...`. */
import type { Store, Write } from '../engine/ports.ts';
import { AddressError, decode, encode } from '../protocol/chain/address.ts';
import { parseInvite } from '../rpc/invite.ts';
import { type Contact, largestContactName, largestContactNote, mostContacts } from '../rpc/schema.ts';
import { visible, withoutMarks } from '../rpc/visible.ts';
import { WalletError } from './errors.ts';

export interface NewContact {
  name: string;
  /** Its account, `ak_...`, or an invite of it. */
  at: string;
  note: string | null;
  /** The account of the contact that this one replaces; null for a new one. */
  was: string | null;
}

export interface Contacts {
  /** By name, as the person's eye looks for it. */
  list(): Contact[];
  name(address: string): string | null;
  /** @throws WalletError or InviteError with a sentence; then nothing is changed */
  save(contact: NewContact, own: string): Promise<void>;
  remove(address: string): Promise<void>;
  /** Reads again what is stored, after something else wrote it. */
  reload(): Promise<void>;
}

export const contactPrefix = 'contact/';
const keyOf = (address: string) => contactPrefix + address;

/** Cyrillic and Greek letters that look like a Latin one, each above the one that it looks like. */
const smallLetters = pairs('асԁеһіјкӏорԛѕԝхуοαικρνυχγϲϳ', 'acdehijklopqswxyoaikpvuxycj');
const capitals = pairs('АВЕКМНОРСТУХІЈЅԚԜҮӀΑΒΕΖΗΙΚΜΝΟΡΤΥΧ', 'ABEKMHOPCTYXIJSQWYIABEZHIKMNOPTYX');

function pairs(from: string, to: string): (text: string) => string {
  const letters = new Map([...from].map((letter, index) => [letter, to[index]!]));
  return (text) => [...text].map((letter) => letters.get(letter) ?? letter).join('');
}

/** Each as it stands, and in one case: letters that look alike in one case only are found however they are written. */
const looks: readonly ((name: string) => string)[] = [
  (name) => capitals(smallLetters(name)).toLowerCase(),
  (name) => smallLetters(name.toLowerCase()),
  (name) => capitals(name.toUpperCase()),
];

/** What looks alike is one name. */
function alike(one: string, other: string): boolean {
  const [a, b] = [one, other].map((name) => plain(withoutMarks(name.normalize('NFKC'))));
  return looks.some((look) => look(a!) === look(b!));
}
/**
 * Without controls, and without marks that show nothing or change the direction of reading: a name shows as what it
 * is. U+2800 is a letter of Braille without a dot.
 */
const plain = (text: string): string =>
  visible(text.replace(/[\p{Cc}\u2800]/gu, ' '))
    .replace(/\s+/g, ' ')
    .trim();

export async function loadContacts(store: Store): Promise<Contacts> {
  const contacts = new Map<string, Contact>();
  /** One change after the other: each is held against what the last one left. */
  let last: Promise<unknown> = Promise.resolve();
  function inTurn(work: () => Promise<void>): Promise<void> {
    const done = last.then(work);
    last = done.catch(() => undefined);
    return done;
  }

  async function reload(): Promise<void> {
    const rows = await store.list('meta', { prefix: contactPrefix });
    contacts.clear();
    for (const { value } of rows) contacts.set((value as Contact).address, value as Contact);
  }
  await reload();

  function check({ name, at, note, was }: NewContact, own: string): Contact {
    const contact = { ...read(at), name: plain(name), note: note?.trim() || null };
    if (withoutMarks(contact.name).trim() === '')
      throw new WalletError('bad_contact', 'Give the contact a name.');
    if (contact.name.length > largestContactName || (contact.note?.length ?? 0) > largestContactNote)
      throw new WalletError(
        'bad_contact',
        `A name has at most ${largestContactName} characters, a note at most ${largestContactNote}.`,
      );
    if (contact.address === own)
      throw new WalletError('bad_contact', 'This is your own account. Give the one of somebody else.');
    for (const other of contacts.values()) {
      // Asked once more, as after a restart, it is the same.
      if (other.address === was || isSame(other, contact)) continue;
      if (other.address === contact.address)
        throw new WalletError('contact_exists', `This account is in the address book as "${other.name}".`);
      if (alike(other.name, contact.name))
        throw new WalletError(
          'contact_exists',
          `Another contact is called "${other.name}". Take another name, so that the two are not mixed up.`,
        );
    }
    const isNew = was === null || !contacts.has(was);
    if (isNew && contacts.size >= mostContacts)
      throw new WalletError('contacts_full', `The address book holds ${mostContacts}: remove one first.`);
    return contact;
  }

  return {
    reload,
    list: () => [...contacts.values()].sort((a, b) => a.name.localeCompare(b.name)),
    name: (address) => contacts.get(address)?.name ?? null,
    save: (given, own) =>
      inTurn(async () => {
        const contact = check(given, own);
        const { was } = given;
        const writes: Write[] = [{ table: 'meta', key: keyOf(contact.address), value: contact }];
        if (was !== null && was !== contact.address)
          writes.push({ table: 'meta', key: keyOf(was), value: undefined });
        await store.commit(writes);
        if (was !== null) contacts.delete(was);
        contacts.set(contact.address, contact);
      }),
    remove: (address) =>
      inTurn(async () => {
        await store.commit([{ table: 'meta', key: keyOf(address), value: undefined }]);
        contacts.delete(address);
      }),
  };
}

const isSame = (one: Contact, other: Contact): boolean =>
  (Object.keys(one) as (keyof Contact)[]).every((field) => one[field] === other[field]);

/** Where the contact is: an invite says its account and how it is reached. */
function read(at: string): Pick<Contact, 'address' | 'invite' | 'networkId'> {
  const text = at.trim();
  if (text.startsWith('tandem:')) {
    const { peer, networkId } = parseInvite(text);
    return { address: encode('ak', peer), invite: text, networkId };
  }
  try {
    return { address: encode('ak', decode('ak', text)), invite: null, networkId: null };
  } catch (error) {
    if (!(error instanceof AddressError)) throw error;
    throw new WalletError(
      'bad_address',
      `"${text.slice(0, 20)}" is neither an account, which starts with ak_, nor an invite: ${error.message}`,
    );
  }
}
