/** One channel with which something is wrong, for good, leaves the watchtower's others alone. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openSqliteStore } from '../../peer/store.ts';
import { signerFromSeed } from '../../src/engine/crypto.ts';
import {
  type Chain,
  type ChainChannel,
  ChainUnavailableError,
  type Store,
  TransactionRefusedError,
} from '../../src/engine/ports.ts';
import { equalBytes } from '../../src/protocol/bytes.ts';
import { encode } from '../../src/protocol/chain/address.ts';
import { parseSignedTx, txHash } from '../../src/protocol/chain/signed.ts';
import { parseTx } from '../../src/protocol/chain/tx.ts';
import { createDefender, type Defender } from '../../watchtower/defender.ts';
import { type Guards, loadGuards } from '../../watchtower/guards.ts';

const tower = await signerFromSeed(new Uint8Array(32).fill(4));
const chainHash = new Uint8Array(32).fill(7);
const bytes = (byte: number) => new Uint8Array(32).fill(byte);
const [good, bad] = [bytes(1), bytes(2)];
const isBad = (id: Uint8Array) => id[0] !== good[0];

/** As the chain shows a close with an old round. */
const closing = (id: Uint8Array): ChainChannel => ({
  id,
  initiator: bytes(10),
  responder: bytes(11),
  channelAmount: 15n,
  initiatorAmount: 10n,
  responderAmount: 5n,
  channelReserve: 0n,
  round: 2n,
  soloRound: 0n,
  stateHash: bytes(12),
  lockPeriod: 10,
  lockedUntil: 20,
  delegates: { initiator: [tower.publicKey], responder: [] },
});

let disk: Store;
let guards: Guards;
let posted: Uint8Array[];
let lines: string[];
let now: number;
/** What goes wrong. */
let node: Partial<Chain>;
let failsToStore: (key: string) => boolean;
let defender: Defender;

/** The channels for which a slash was posted. */
const slashed = () =>
  posted.map((signed) => {
    const tx = parseTx(parseSignedTx(signed).tx);
    return tx.type === 'ChannelSlashTx' ? tx.channelId[0] : tx.type;
  });

const keep = (channelId: Uint8Array) =>
  guards.update(channelId, () => ({
    ...{ channelId, initiator: bytes(10), responder: bytes(11), owner: bytes(10), round: 5n },
    ...{ payload: Uint8Array.of(1), poi: Uint8Array.of(2), slash: null, goneAt: null, told: '' },
  }));

beforeEach(async () => {
  disk = openSqliteStore(join(mkdtempSync(join(tmpdir(), 'tandem-defender-')), 'guards.sqlite'));
  failsToStore = () => false;
  const store: Store = {
    ...disk,
    async commit(writes) {
      if (writes.some(({ key }) => failsToStore(key))) throw new Error('the disk is full');
      await disk.commit(writes);
    },
  };
  guards = await loadGuards(store);
  // Before the good one: it may not be reached because of these.
  await keep(bad);
  await keep(good);
  posted = [];
  lines = [];
  now = 0;
  node = {};
  const chain = {
    status: async () => ({ networkId: 'ae_devnet', chainHash, height: 12, syncing: false }),
    account: async () => ({ balance: 10n ** 18n, nonce: 0n }),
    channel: async (id: Uint8Array) => closing(id),
    transaction: async () => 'unknown' as const,
    async post(signed: Uint8Array) {
      posted.push(signed);
      return txHash(signed);
    },
  };
  defender = createDefender({
    guards,
    chain: new Proxy(chain, {
      get: (all, name: keyof typeof chain) => node[name] ?? all[name],
    }) as unknown as Chain,
    ...{ chainHash, networkId: 'ae_devnet', signer: tower },
    clock: { now: () => now, after: () => () => undefined },
    ...{ interval: 1, maxFee: 10n ** 17n, keepBlocks: 3 },
    log: (line) => lines.push(line),
  });
});

afterEach(async () => {
  await defender.stop();
  await disk.close();
});

const cases: [string, () => void][] = [
  [
    'that the node answers with something unreadable',
    () => {
      node.channel = async (id) => {
        if (isBad(id)) throw new ChainUnavailableError('locked_until is "…" instead of a height');
        return closing(id);
      };
    },
  ],
  [
    'that has another form than this program knows',
    () => {
      node.channel = async (id) => (isBad(id) ? ({ lockedUntil: 20 } as ChainChannel) : closing(id));
    },
  ],
  [
    'whose slash the node cannot tell about',
    () => {
      node.transaction = async (hash) => {
        const own = guards.get(bad)?.slash;
        if (own && equalBytes(txHash(own.signedTx), hash)) throw new ChainUnavailableError('no answer');
        return 'unknown';
      };
    },
  ],
  [
    'that cannot be written',
    () => {
      failsToStore = (key) => key.startsWith('02');
    },
  ],
  [
    'that is gone and cannot be written',
    () => {
      node.channel = async (id) => (isBad(id) ? null : closing(id));
      failsToStore = (key) => key.startsWith('02');
    },
  ],
  [
    'whose slash the node refuses',
    () => {
      node.post = async (signed) => {
        const tx = parseTx(parseSignedTx(signed).tx);
        if (tx.type === 'ChannelSlashTx' && isBad(tx.channelId))
          throw new TransactionRefusedError('broken_tx', 'refused');
        posted.push(signed);
        return txHash(signed);
      };
    },
  ],
];

describe('a channel', () => {
  test.each(cases)('%s leaves the others alone, at every look', async (_, breaks) => {
    breaks();
    for (let look = 0; look < 3; look++) {
      posted = [];
      await defender.look();
      expect(slashed()).toContain(good[0]);
    }
    expect(lines.some((line) => line.startsWith('cannot watch now'))).toBe(false);
  });

  test('that fails at every look is told once an hour, and again after it was well', async () => {
    cases[0]![1]();
    const complaints = () => lines.filter((line) => /^ch_\w+: something goes wrong/.test(line));
    for (let look = 0; look < 5; look++) await defender.look();
    expect(complaints()).toHaveLength(1);
    expect(complaints()[0]).toContain(encode('ch', bad));
    now += 61 * 60 * 1000;
    await defender.look();
    expect(complaints()).toHaveLength(2);
    node = {};
    await defender.look();
    cases[0]![1]();
    await defender.look();
    expect(complaints()).toHaveLength(3);
  });

  test('among many that fail is named with two others, in one look', async () => {
    for (let byte = 3; byte < 40; byte++) await keep(bytes(byte));
    cases[0]![1]();
    await defender.look();
    expect(lines.filter((line) => line.includes('something goes wrong'))).toHaveLength(3);
    expect(lines.at(-1)).toBe('so it is with 35 more channels');
    expect(slashed()).toEqual([good[0]]);
  });
});

test('a disk that fails keeps no slash back', async () => {
  failsToStore = () => true;
  await defender.look();
  await defender.look();
  expect(new Set(slashed())).toEqual(new Set([good[0], bad[0]]));
  expect(new Set(posted.map((signed) => encode('th', txHash(signed)))).size).toBe(2);
});

test('a node that goes while it is asked is not asked for each channel', async () => {
  for (let byte = 3; byte < 60; byte++) await keep(bytes(byte));
  let asked = 0;
  node.channel = async () => {
    asked += 1;
    node.status = async () => {
      throw new ChainUnavailableError('it is gone');
    };
    throw new ChainUnavailableError('it is gone');
  };
  await defender.look();
  expect(asked).toBeLessThanOrEqual(16);
  expect(lines).toEqual(['cannot watch now, and goes on trying: it is gone']);
});
