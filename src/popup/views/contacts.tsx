/** The address book: everybody in it, and one of them to change. */
import { useState } from 'react';
import type { ResultOf } from '../../rpc/popup.ts';
import { type Contact, largestContactName, largestContactNote } from '../../rpc/schema.ts';
import { shortAddress } from '../format.ts';
import { navigate, type Route, redirect } from '../router.ts';
import { t } from '../texts/index.ts';
import { Button, IconLink } from '../ui/button.tsx';
import { Confirm } from '../ui/dialog.tsx';
import { Problem, Waiting } from '../ui/feedback.tsx';
import { TextField } from '../ui/field.tsx';
import { AddIcon, ContactIcon, NextIcon } from '../ui/icons.tsx';
import { Page } from '../ui/page.tsx';
import { PeerBadge } from '../ui/peer.tsx';
import { useClient, useLoad, useSubmit, useWallet } from '../wallet.tsx';

/** From so many on there is a field to search them. */
const many = 8;

function List({ contacts }: { contacts: ResultOf<'contact.list'>['contacts'] }) {
  const [search, setSearch] = useState('');
  const wanted = search.trim().toLowerCase();
  const found = contacts.filter(({ name, address, note }) =>
    [name, address, note ?? ''].some((text) => text.toLowerCase().includes(wanted)),
  );
  if (contacts.length === 0)
    return (
      <div className="card empty">
        <span className="art">
          <ContactIcon size={40} />
        </span>
        <p>
          <strong>{t.contacts.emptyTitle}</strong>
        </p>
        <p className="soft small">{t.contacts.emptyText}</p>
        <a className="button secondary small" href="#/contacts/new">
          {t.contacts.add}
        </a>
      </div>
    );
  return (
    <>
      {contacts.length >= many && (
        <TextField
          label={t.history.search}
          type="search"
          maxLength={100}
          value={search}
          onValue={setSearch}
        />
      )}
      <p className="sr-only" role="status">
        {wanted !== '' && found.length === 0 ? t.history.found(0) : ''}
      </p>
      {found.length === 0 ? (
        <p className="small soft">{t.history.found(0)}</p>
      ) : (
        <ul className="card flush rows">
          {found.map((contact) => (
            <li key={contact.address}>
              <a className="row-link" href={`#/contacts/${contact.address}`}>
                <PeerBadge peer={contact} />
                <span className="grow">
                  <span className="cut">{contact.name}</span>
                  <span className="who cut">{contact.note ?? shortAddress(contact.address)}</span>
                </span>
                <NextIcon size={16} />
              </a>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

type Typed = { name: string; at: string; note: string };

function problemsOf({ name, at }: Typed) {
  const where = at.trim();
  const isAccount = /^ak_[1-9A-HJ-NP-Za-km-z]{38,60}$/.test(where);
  return {
    name: name.trim() === '' ? t.contacts.nameEmpty : null,
    at:
      where === ''
        ? t.contacts.atEmpty
        : isAccount || where.startsWith('tandem:')
          ? null
          : t.contacts.atInvalid,
  };
}

function Remove({ contact }: { contact: Contact }) {
  const client = useClient();
  const [asking, setAsking] = useState(false);
  const remove = useSubmit(contact.address, async () => {
    await client.call('contact.remove', { address: contact.address });
  });
  return (
    <>
      <Button look="danger-quiet" wide onClick={() => setAsking(true)}>
        {t.contacts.remove}
      </Button>
      <Confirm
        open={asking}
        onClose={() => setAsking(false)}
        title={t.contacts.removeTitle(contact.name)}
        text={t.contacts.removeText}
        confirm={t.contacts.remove}
        cancel={t.common.cancel}
        busyLabel={t.contacts.removing}
        look="danger"
        submission={remove}
        onDone={() => redirect('/contacts')}
      />
    </>
  );
}

/** What can be done with somebody who is in the book. */
function Uses({ contact }: { contact: Contact }) {
  const { network, channels } = useWallet();
  const open = channels.find(({ peer, phase }) => peer.address === contact.address && phase === 'open');
  const invite = contact.networkId === network.networkId ? contact.invite : null;
  return (
    <>
      {open && (
        <a className="button secondary wide" href={`#/channel/${open.id}`}>
          {t.contacts.pay}
        </a>
      )}
      <div className={invite ? 'button-pair' : 'stack'}>
        {invite && (
          <a className="button secondary" href={`#/open?link=${encodeURIComponent(invite)}`}>
            {t.home.open}
          </a>
        )}
        <a className="button secondary" href={`#/send?to=${contact.address}`}>
          {t.contacts.send}
        </a>
      </div>
    </>
  );
}

function Edit({ contact, first }: { contact: Contact | null; first: Typed }) {
  const client = useClient();
  const [typed, setTyped] = useState(first);
  const [attempted, setAttempted] = useState(false);
  const problems = problemsOf(typed);
  const save = useSubmit(typed, async () => {
    const note = typed.note.trim() || null;
    const { name, at } = typed;
    await client.call('contact.save', { name, at: at.trim(), note, was: contact?.address ?? null });
    redirect('/contacts');
  });
  const set = (field: keyof Typed) => (value: string) => {
    setTyped((last) => ({ ...last, [field]: value }));
    save.clear();
  };
  return (
    <Page
      title={contact ? contact.name : t.contacts.add}
      back="/contacts"
      onSubmit={() => {
        setAttempted(true);
        if (problems.name === null && problems.at === null) save.submit();
      }}
      foot={
        <>
          <Problem>{save.error}</Problem>
          <Button type="submit" wide busy={save.busy}>
            {t.common.save}
          </Button>
        </>
      }
    >
      {contact && <Uses contact={contact} />}
      <TextField
        label={t.contacts.name}
        help={t.contacts.nameHelp}
        autoFocus={!contact}
        spellCheck={false}
        maxLength={largestContactName}
        value={typed.name}
        onValue={set('name')}
        error={attempted ? problems.name : null}
      />
      <TextField
        label={t.contacts.at}
        help={t.contacts.atHelp}
        multiline
        rows={4}
        maxLength={4096}
        value={typed.at}
        onValue={set('at')}
        error={attempted ? problems.at : null}
      />
      <TextField
        label={t.contacts.note}
        optional
        help={t.contacts.noteHelp}
        multiline
        rows={2}
        maxLength={largestContactNote}
        value={typed.note}
        onValue={set('note')}
      />
      {contact && <Remove contact={contact} />}
    </Page>
  );
}

export default function Contacts({ route }: { route: Route }) {
  const client = useClient();
  const { contacts: names } = useWallet();
  const [, wanted] = route.path;
  const book = useLoad(JSON.stringify(names), () => client.call('contact.list', {}));
  if (wanted === 'new') {
    const { query } = route;
    return (
      <Edit contact={null} first={{ name: query.get('name') ?? '', at: query.get('at') ?? '', note: '' }} />
    );
  }
  const contact = book.value?.contacts.find(({ address }) => address === wanted);
  if (contact)
    return (
      <Edit
        contact={contact}
        first={{ name: contact.name, at: contact.invite ?? contact.address, note: contact.note ?? '' }}
      />
    );
  return (
    <Page
      title={t.contacts.title}
      back={wanted === undefined ? '/' : () => navigate('/contacts')}
      aside={
        <IconLink label={t.contacts.add} to="/contacts/new">
          <AddIcon />
        </IconLink>
      }
    >
      <Problem>{book.error}</Problem>
      {book.value ? (
        wanted === undefined ? (
          <List contacts={book.value.contacts} />
        ) : (
          <p>{t.contacts.missing}</p>
        )
      ) : (
        book.error === null && <Waiting />
      )}
    </Page>
  );
}
