/** A headless peer that starts again: with openings that were under way, while wallets propose, with its orders. */
import { cpSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadOrders } from '../../peer/orders.ts';
import { type Peer, startPeer } from '../../peer/peer.ts';
import { readPolicy } from '../../peer/policy.ts';
import { openSqliteStore } from '../../peer/store.ts';
import { signerFromSeed } from '../../src/engine/crypto.ts';
import { historyKey } from '../../src/engine/stored.ts';
import { createTransport } from '../../src/engine/transport/index.ts';
import { encode as address } from '../../src/protocol/chain/address.ts';
import { createDecoder, encode } from '../../src/protocol/wire/index.ts';
import { parseInvite } from '../../src/rpc/invite.ts';
import { online, phase, until } from '../engine/party.ts';
import { ae, scene, terms } from '../engine/scene.ts';

const { url, chain, party, fund } = scene(215);
const policy = { ...readPolicy('peer/policy.json'), prices: new Map([['espresso', 2n * ae]]) };
/** Not among those that the system gives to outgoing connections. */
const port = 21_317;

let data: string;
let lines: string[];
let peer: Peer | null = null;
const begin = async (at = data) => {
  peer = await startPeer(
    {
      ...{ data: at, node: url(), listen: port, http: port + 1, api: null, name: 'Shop', policy: '' },
      ...{ faucet: null, minimumDepth: 1, tower: null, takeOver: false },
    },
    policy,
    (line) => lines.push(line),
  );
  return peer;
};
const end = async () => {
  await peer?.stop();
  peer = null;
};

beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'tandem-peer-'));
  writeFileSync(join(data, 'key'), '4d'.repeat(32), { mode: 0o600 });
  lines = [];
});
afterEach(end);

/** Who proposes channels of 1 AE (on the wire in units of 10^9 aetto) and never goes on. */
async function proposer(byte: number) {
  const seed = new Uint8Array(32).fill(byte);
  const { publicKey } = await signerFromSeed(seed);
  await fund({ publicKey, address: address('ak', publicKey) });
  const { chainHash } = await chain().status();
  const transport = await createTransport({ seed, mode: 'dial' });
  const to = (await signerFromSeed(new Uint8Array(32).fill(0x4d))).publicKey;
  const open = () =>
    encode({
      ...{ type: 'channel_open', chain_hash: chainHash, initiator_pubkey: publicKey, lock_period: 10 },
      temporary_channel_id: crypto.getRandomValues(new Uint8Array(32)),
      ...{ push_amount: 0n, initiator_amount: 10n ** 9n, responder_amount: 0n, channel_reserve: 0n },
    });
  return {
    transport,
    open,
    connect: () => transport.connect(to, [`/ip4/127.0.0.1/tcp/${port}/ws`]),
    publicKey,
  };
}

test('openings that were under way when it was killed end, and it starts', async () => {
  await begin();
  const { transport, open, connect } = await proposer(0x4e);
  const link = await connect();
  const decoder = createDecoder();
  let accepted = 0;
  link.onData((chunk) => {
    for (const { type } of decoder.push(chunk)) {
      if (type !== 'channel_accept') continue;
      accepted += 1;
      if (accepted < 3) link.send(open());
    }
  });
  link.send(open());
  await until(
    'accepted',
    () => accepted,
    (count) => count === 3,
  );
  const killed = mkdtempSync(join(tmpdir(), 'tandem-killed-'));
  cpSync(data, killed, { recursive: true });
  await end();
  await transport.stop();
  const { engine } = await begin(killed);
  expect(engine.channels().map(({ channel }) => channel.phase)).toEqual(['aborted', 'aborted', 'aborted']);
  expect(lines.filter((line) => /^channel \w+: aborted/.test(line))).toHaveLength(3);
});

test('channels that are proposed while it starts are decided once it runs', async () => {
  const { transport, open, connect } = await proposer(0x4f);
  let starting = true;
  const hammering = (async () => {
    while (starting) {
      try {
        const link = await connect();
        for (let i = 0; i < 20 && starting; i++) {
          link.send(open());
          await new Promise((resolve) => setTimeout(resolve, 2));
        }
        link.close();
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    }
  })();
  await begin();
  starting = false;
  await hammering;
  const link = await connect();
  link.send(open());
  await until(
    'accepted',
    () => peer!.engine.channels().some(({ channel }) => channel.phase === 'accepted'),
    (is) => is,
  );
  await transport.stop();
});

test('an order that was paid by half is so after a restart, and paid with the other half', async () => {
  const { invite } = await begin();
  const { peer: key, addresses } = parseInvite(invite);
  const alice = await party();
  await fund(alice);
  const { id } = await alice.engine.open(key, addresses, terms);
  await until('open', phase(alice, id), (is) => is === 'open');
  const half = async (request: string) => {
    const note = 'order abcdefgh: espresso';
    await alice.engine.request(id, { scope: 'test', id: request, amount: ae, direction: 'pay', note });
  };
  const order = async () => {
    const response = await fetch(`http://127.0.0.1:${port + 1}/orders/abcdefgh`);
    return response.json();
  };
  await half('one');
  await until('half', order, ({ amount }) => amount === String(ae));
  await end();
  await begin();
  expect(await order()).toEqual({ paid: false, item: 'espresso', amount: String(ae) });
  await online(alice, id);
  await half('two');
  await until('paid', order, ({ paid }) => paid === true);
  expect(await order()).toMatchObject({ amount: String(2n * ae) });
});

test('orders are counted once, of this account on this network, over any number of rows', async () => {
  const store = openSqliteStore(join(data, 'channels.sqlite'));
  const key = new Uint8Array(32).fill(1);
  const other = new Uint8Array(32).fill(2);
  const entry = { kind: 'received', amount: 1n, note: 'order abcdefgh: espresso' };
  const made = [
    { id: 'a', networkId: 'ae_devnet', keys: { initiator: other, responder: key }, rows: 450 },
    { id: 'b', networkId: 'ae_devnet', keys: { initiator: other, responder: key }, rows: 200 },
    { id: 'c', networkId: 'ae_uat', keys: { initiator: other, responder: key }, rows: 10 },
    { id: 'd', networkId: 'ae_devnet', keys: { initiator: key, responder: other }, rows: 10 },
  ];
  for (const { id, networkId, keys, rows } of made) {
    const channel = { networkId, keys, role: 'responder', held: [], lastMove: null };
    await store.commit([
      { table: 'channels', key: id, value: { channel, restoredAt: null } },
      ...Array.from({ length: rows }, (_, index) => ({
        table: 'history' as const,
        key: historyKey(id, index),
        value: { at: 0, items: [entry] },
      })),
    ]);
  }
  const orders = await loadOrders(store, { networkId: 'ae_devnet', key }, new Map([['espresso', 651n]]));
  expect(orders.get('abcdefgh')).toEqual({ item: 'espresso', amount: 650n, paid: false });
  orders.take(entry as never);
  expect(orders.get('abcdefgh')).toEqual({ item: 'espresso', amount: 651n, paid: true });
  await store.close();
});
