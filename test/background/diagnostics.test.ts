/** A report says how the wallet is, and gives away neither coins nor people nor payments. */

import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { diagnosticsOf } from '../../src/background/diagnostics.ts';
import { loadFailures, withoutIds } from '../../src/background/failures.ts';
import { createPopupServer, type PopupHandlers } from '../../src/background/popup-server.ts';
import { VaultError } from '../../src/background/vault/index.ts';
import { reportOf, textOf } from '../../src/popup/report.ts';
import { WalletView } from '../../src/rpc/schema.ts';
import { phrase } from '../backup/support.ts';
import { clock } from '../engine/party.ts';
import { approvals, channel, contacts, history, me, wallet } from '../popup/fixture/views.ts';

const password = 'a password of mine';
const seed = 'c0ffee'.repeat(10);
const view = v.parse(
  WalletView,
  wallet({
    contacts,
    approvals,
    network: {
      ...wallet().network,
      nodeUrl: 'https://me:node-password@node.example:3013/key/node-key?token=node-token',
      message: 'cannot reach me:node-password',
    },
    settings: { ...wallet().settings, watchtower: 'tandem:tower/ak_tower?net=x&via=/ip4/10.0.0.7' },
    channels: [
      channel({
        reason: 'a reason of the peer',
        pending: { kind: 'paying', amount: '1230000000000000000', note: 'a note on the way' },
        peer: { address: me, name: 'Name of the peer' },
      }),
      ...wallet().channels,
    ],
    sites: [
      {
        origin: 'https://secret-shop.example',
        connectedAt: 1,
        blockedSince: null,
        asking: false,
        budgets: [],
      },
    ],
  }),
);
const memory = () => {
  const kept = new Map<string, unknown>();
  return {
    get: async (key: string) => structuredClone(kept.get(key)),
    set: async (key: string, value: unknown) => void kept.set(key, structuredClone(value)),
    remove: async (key: string) => void kept.delete(key),
  };
};

/** Every text in it that somebody could want. */
const secrets = [
  ...phrase.split(' ').filter((word, n, all) => all.indexOf(word) === n),
  password,
  seed,
  me,
  me.slice(3, 20),
  'node-password',
  'node-key',
  'node-token',
  'ak_tower',
  '10.0.0.7',
  'a reason of the peer',
  'a note on the way',
  'Name of the peer',
  'secret-shop',
  'shop.example',
  ...contacts.flatMap(({ name, note, address }) => [name, address, ...(note ? [note] : [])]),
  ...history.flatMap(({ note, txHash, mine }) => [note, txHash, mine].filter((text) => text !== null)),
  ...view.channels.flatMap(({ id, channelId, mine, theirs }) => [
    id.slice(0, 9),
    channelId?.slice(0, 12) ?? id,
    ...[mine, theirs].filter((amount) => amount.length > 3),
  ]),
  view.account!.balance!,
];

async function report(): Promise<string> {
  const failures = await loadFailures(memory(), clock);
  const fail = async () => {
    throw new Error(`Cannot use ${me} ${seed} "a note on the way" "${contacts[0]!.name}".`);
  };
  const handlers = {
    'wallet.view': async () => view,
    'vault.create': async () => {
      throw new VaultError(`Word 1, "${phrase.split(' ')[0]}", ${phrase} ${password}`);
    },
    'contact.remove': fail,
    'channel.abort': fail,
  } as unknown as PopupHandlers;
  const server = createPopupServer(
    Promise.resolve(handlers),
    'extension://x/',
    () => undefined,
    failures.record,
  );
  let say: (message: unknown) => void = () => undefined;
  const answers: unknown[] = [];
  server.accept({
    sender: { url: 'extension://x/popup' },
    onMessage: { addListener: (listener: typeof say) => (say = listener) },
    onDisconnect: { addListener: () => undefined },
    postMessage: (message: unknown) => answers.push(message),
    disconnect: () => undefined,
  } as never);
  say({ id: 1, method: 'vault.create', params: { mnemonic: phrase, password } });
  say({ id: 2, method: 'contact.remove', params: { address: me } });
  say({ id: 3, method: 'channel.abort', params: { channel: 'a'.repeat(64) } });
  await expect.poll(() => failures.list().length).toBe(3);
  const diagnostics = diagnosticsOf(view, {
    worker: { starts: 4, startedAt: 1_700_000_000_000 },
    store: { schema: 3, bytes: 12_345, records: { channels: 2 } },
    failures: failures.list(),
  });
  const around = { version: '0.1.0', browser: 'Some Browser 1', language: 'en-GB' };
  return `${JSON.stringify(diagnostics)}\n${textOf(reportOf(diagnostics, around))}`;
}

describe('a report', () => {
  test('has no phrase, password, key, address, name, note, site, amount or history in it', async () => {
    const text = await report();
    // What is looked for is there to be found.
    expect(JSON.stringify([view, contacts, history, phrase, password, seed])).toContain(secrets[0]);
    for (const secret of secrets) expect(text).not.toContain(secret);
  });

  test('says how wallet, network, store and channels are, and what failed', async () => {
    const text = await report();
    for (const words of [
      'Version: 0.1.0',
      'Node: https://node.example:3013',
      'Schema version: 3',
      'Worker starts, the latest: 4',
      'aaaaaaaa: initiator, open, online, state 17, paying',
      'bbbbbbbb: initiator, confirming, offline, state 0, funding 2/5',
      'vault.create: vault',
      'channel.abort: unexpected: Something unexpected happened: Cannot use ak_2swhL… c0ffeec0… "…" "…".',
    ])
      expect(text).toContain(words);
  });
});

describe('what failed', () => {
  test('is kept over a restart of the worker, the latest first and only so many', async () => {
    const session = memory();
    const first = await loadFailures(session, clock);
    for (let n = 0; n < 25; n++) first.record('channel.pay', `c${n}`, 'no');
    const again = await loadFailures(session, clock);
    expect(again.list().map(({ code }) => code)).toEqual(Array.from({ length: 20 }, (_, n) => `c${24 - n}`));
  });

  test('is told without ids, whole or in a link', () => {
    expect(withoutIds(`tandem:${me}?net=ae_x is no "secret"`)).toBe('tandem:ak_2swhL…?net=ae_x is no "…"');
  });
});
