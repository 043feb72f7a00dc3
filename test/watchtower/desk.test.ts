/** What a watchtower refuses, each with its reason, and that a refusal changes nothing. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openSqliteStore } from '../../peer/store.ts';
import { signerFromSeed, verify } from '../../src/engine/crypto.ts';
import { type ChainChannel, ChainUnavailableError, type Signer, type Store } from '../../src/engine/ports.ts';
import { signedTx, signingBytes, txHash } from '../../src/protocol/chain/signed.ts';
import { serializeTx } from '../../src/protocol/chain/tx.ts';
import { proofOfInclusion } from '../../src/protocol/state/poi.ts';
import { channelTrees, stateHash } from '../../src/protocol/state/trees.ts';
import {
  createTowerDecoder,
  encodeTower,
  maxFrame,
  refusal,
  type TowerMessage,
  TowerWireError,
  textOf,
} from '../../src/protocol/tower/messages.ts';
import { type DeskDeps, take } from '../../watchtower/desk.ts';
import { type Guard, type Guards, loadGuards } from '../../watchtower/guards.ts';
import { plan, usualFee } from '../../watchtower/slash.ts';

const signer = (byte: number) => signerFromSeed(new Uint8Array(32).fill(byte));
const [alice, bob, carol, tower] = (await Promise.all([1, 2, 3, 4].map(signer))) as [
  Signer,
  Signer,
  Signer,
  Signer,
];
const networkId = 'ae_devnet';
const channelId = new Uint8Array(32).fill(9);

const object: ChainChannel = {
  id: channelId,
  initiator: alice.publicKey,
  responder: bob.publicKey,
  channelAmount: 15n,
  initiatorAmount: 10n,
  responderAmount: 5n,
  channelReserve: 1n,
  round: 1n,
  soloRound: 0n,
  stateHash: new Uint8Array(32),
  lockPeriod: 10,
  lockedUntil: 0,
  delegates: { initiator: [tower.publicKey], responder: [] },
};

interface Made {
  round?: bigint;
  balances?: [bigint, bigint];
  by?: Signer[];
  network?: string;
  /** The proof's own, where it is to differ. */
  proven?: [bigint, bigint];
  id?: Uint8Array;
}

const treesOf = ([mine, theirs]: [bigint, bigint]) =>
  channelTrees([
    { pubkey: alice.publicKey, balance: mine },
    { pubkey: bob.publicKey, balance: theirs },
  ]);

async function entrusted({
  round = 5n,
  balances = [8n, 7n],
  by = [alice, bob],
  network = networkId,
  proven = balances,
  id = channelId,
}: Made = {}): Promise<Extract<TowerMessage, { type: 'guard' }>> {
  const tx = serializeTx({
    type: 'ChannelOffChainTx',
    channelId: id,
    stateHash: stateHash(treesOf(balances)),
    round,
  });
  const signatures = await Promise.all(by.map((each) => each.sign(signingBytes(network, txHash(tx)))));
  const poi = proofOfInclusion(treesOf(proven), { accounts: [alice.publicKey, bob.publicKey] });
  return { type: 'guard', payload: signedTx(tx, signatures), poi };
}

let guards: Guards;
let store: Store;
let deps: DeskDeps;
let onChain: ChainChannel | null | 'down';

beforeEach(async () => {
  store = openSqliteStore(join(mkdtempSync(join(tmpdir(), 'tandem-desk-')), 'guards.sqlite'));
  guards = await loadGuards(store);
  onChain = object;
  deps = {
    guards,
    self: tower.publicKey,
    networkId,
    verify,
    async channel(id) {
      if (onChain === 'down') throw new ChainUnavailableError('down');
      return onChain && { ...onChain, id };
    },
    balance: () => 10n ** 18n,
    accept: null,
    limits: { channels: 3, perAccount: 2 },
    log: () => undefined,
  };
});

afterEach(() => store.close());

const give = async (made: Made = {}, from = alice) => take(deps, from.publicKey, await entrusted(made));

async function refuses(answer: TowerMessage, code: string, words: RegExp, round = 0n): Promise<void> {
  if (answer.type !== 'refused') throw new Error(`it answered ${answer.type}`);
  expect(textOf(answer.code)).toBe(code);
  expect(textOf(answer.text)).toMatch(words);
  expect(answer.round).toBe(round);
}

describe('what is entrusted', () => {
  test('is on the disk before it is acknowledged, and a later one takes its place', async () => {
    for (const round of [5n, 6n, 900n]) {
      expect(await give({ round })).toEqual({ type: 'guarded', channelId, round });
      const rows = await store.list('channels');
      expect(rows.map(({ value }) => (value as Guard).round)).toEqual([round]);
    }
  });

  test('is acknowledged again where it is held already', async () => {
    await give();
    const held = guards.get(channelId);
    expect(await give()).toEqual({ type: 'guarded', channelId, round: 5n });
    expect(guards.get(channelId)).toBe(held);
  });

  test('is taken without the node once the channel is known', async () => {
    await give();
    onChain = 'down';
    expect(await give({ round: 6n })).toMatchObject({ type: 'guarded', round: 6n });
    await refuses(await give({ id: new Uint8Array(32).fill(8) }), 'unavailable', /cannot ask its node/);
  });

  test('comes from either side that named the tower', async () => {
    onChain = { ...object, delegates: { initiator: [], responder: [tower.publicKey] } };
    expect(await give({}, bob)).toMatchObject({ type: 'guarded' });
    await refuses(await give({ round: 6n }), 'not_named', /does not name ak_/);
  });
});

describe('nothing is kept', () => {
  const cases: [string, string, RegExp, () => Promise<TowerMessage>][] = [
    ['of who is no party', 'not_a_party', /is no party of the channel/, () => give({}, carol)],
    ['signed by one', 'not_signed', /not signed by both/, () => give({ by: [alice] })],
    ['signed by another', 'not_signed', /not signed by both/, () => give({ by: [alice, carol] })],
    ['signed twice by one', 'malformed', /order/, () => give({ by: [alice, alice] })],
    ['signed by three', 'not_signed', /by them alone/, () => give({ by: [alice, bob, carol] })],
    ['signed for another network', 'not_signed', /not signed by both/, () => give({ network: 'ae_mainnet' })],
    [
      'of another state than its proof',
      'malformed',
      /another state than the payload/,
      () => give({ proven: [7n, 8n] }),
    ],
    ['with more coins than the channel has', 'bad_proof', /more coins/, () => give({ balances: [9n, 7n] })],
    ['of the round that the chain has', 'chain_newer', /has round 1/, () => give({ round: 1n })],
    [
      'of a channel that is not on chain',
      'unknown_channel',
      /knows no channel ch_/,
      async () => {
        onChain = null;
        return give();
      },
    ],
    [
      'where the chain names another delegate',
      'not_named',
      /does not name ak_/,
      async () => {
        onChain = { ...object, delegates: { initiator: [carol.publicKey], responder: [tower.publicKey] } };
        return give();
      },
    ],
    [
      'whose dispute time is longer than wallets agree on',
      'lock_period',
      /more than 65535 blocks/,
      async () => {
        onChain = { ...object, lockPeriod: 65_536 };
        return give();
      },
    ],
    [
      'for accounts that are not accepted',
      'not_accepted',
      /does not take channels of ak_/,
      async () => {
        deps = { ...deps, accept: [carol.publicKey] };
        return give();
      },
    ],
    [
      'where no fee could be paid',
      'no_coins',
      /cannot pay the fees/,
      async () => {
        deps = { ...deps, balance: () => usualFee - 1n };
        return give();
      },
    ],
    [
      'that is no state at all',
      'malformed',
      /cannot be read/,
      () => take(deps, alice.publicKey, { type: 'guard', payload: Uint8Array.of(1), poi: Uint8Array.of(2) }),
    ],
    [
      'with a payload too large',
      'malformed',
      /600 bytes/,
      () =>
        take(deps, alice.publicKey, { type: 'guard', payload: new Uint8Array(600), poi: Uint8Array.of(2) }),
    ],
    [
      'that the disk does not take',
      'not_stored',
      /Send it again/,
      async () => {
        await store.close();
        return give();
      },
    ],
  ];
  test.each(cases)('%s', async (_, code, words, act) => {
    await refuses(await act(), code, words);
    expect(guards.all()).toEqual([]);
  });

  test('older than what is held; its own parties alone learn how far that is', async () => {
    await give();
    await refuses(await give({ round: 4n }), 'old_round', /holds round 5/, 5n);
    await refuses(await give({ round: 4n }, carol), 'not_a_party', /no party/);
    expect(guards.get(channelId)!.round).toBe(5n);
  });

  test('that contradicts what is held: two states of one round', async () => {
    await give();
    await refuses(await give({ balances: [7n, 8n] }), 'two_states', /another state of round 5/, 5n);
  });

  test('beyond an account’s and the tower’s own number of channels', async () => {
    const id = (byte: number) => new Uint8Array(32).fill(byte);
    for (const byte of [20, 21]) expect(await give({ id: id(byte) })).toMatchObject({ type: 'guarded' });
    await refuses(await give({ id: id(22) }), 'too_many', /2 channels for one account/);
    // What it has already goes on.
    expect(await give({ id: id(20), round: 6n })).toMatchObject({ type: 'guarded' });
    onChain = { ...object, delegates: { initiator: [], responder: [tower.publicKey] } };
    expect(await give({ id: id(23) }, bob)).toMatchObject({ type: 'guarded' });
    await refuses(await give({ id: id(24) }, bob), 'full', /3 channels at most/);
  });
});

describe('slashes', () => {
  const guard = async (byte: number, slash: Guard['slash'] = null): Promise<Guard> => {
    const { payload, poi } = await entrusted();
    const parties = { initiator: alice.publicKey, responder: bob.publicKey, owner: alice.publicKey };
    const id = new Uint8Array(32).fill(byte);
    return { channelId: id, ...parties, round: 5n, payload, poi, slash, goneAt: null, told: '' };
  };
  const signed = (nonce: bigint, fee = usualFee, height = 10) => ({
    signedTx: new Uint8Array(),
    nonce,
    fee,
    round: 5n,
    height,
  });
  const job = (of: Guard, lockedUntil = 100) => ({ guard: of, lockedUntil, place: 'pending' as const });
  const most = 10n ** 17n;

  test('take the next nonces, what ends first before the rest, at most five at once', async () => {
    const jobs = await Promise.all([30, 10, 20, 60, 50, 40].map(async (end) => job(await guard(end), end)));
    const steps = plan(jobs, 7n, 10, most, tower.publicKey);
    expect(steps.map(({ guard: { channelId: id }, nonce }) => [id[0], nonce])).toEqual([
      [10, 8n],
      [20, 9n],
      [30, 10n],
      [40, 11n],
      [50, 12n],
    ]);
    expect(steps.every(({ fee }) => fee > 0n && fee <= usualFee)).toBe(true);
  });

  test('stand for a block, then cost twice as much under the same nonce, up to the most', async () => {
    const stands = job(await guard(1, signed(8n)));
    expect(plan([stands], 7n, 10, most, tower.publicKey)).toMatchObject([{ post: 'again', nonce: 8n }]);
    expect(plan([stands], 7n, 11, most, tower.publicKey)).toMatchObject([
      { post: 'anew', nonce: 8n, fee: 2n * usualFee },
    ]);
    const dear = job(await guard(1, signed(8n, most)));
    expect(plan([dear], 7n, 11, most, tower.publicKey)).toMatchObject([{ post: 'again', fee: most }]);
  });

  test('close the gap that one leaves which is not needed any more', async () => {
    const jobs = [job(await guard(1, signed(10n))), job(await guard(2, signed(9n)))];
    expect(
      plan(jobs, 7n, 10, most, tower.publicKey).map(({ guard: { channelId: id }, post, nonce }) => [
        id[0],
        post,
        nonce,
      ]),
    ).toEqual([
      [2, 'anew', 8n],
      [1, 'anew', 9n],
    ]);
  });
});

describe('the stream', () => {
  const message = refusal('word', 'A sentence.', 3n);

  test('carries whole messages, however it is cut', () => {
    const bytes = encodeTower(message);
    const decoder = createTowerDecoder();
    const found = [...bytes, ...bytes].flatMap((byte) => decoder.push(Uint8Array.of(byte)));
    expect(found).toEqual([message, message]);
  });

  test('ends at a frame that is empty, too large, or no message', () => {
    for (const [bytes, words] of [
      [[0, 0, 0, 0], /frame of 0 bytes/],
      [[0, 1, 0, 1], new RegExp(`65537 bytes.*1 to ${maxFrame}`)],
      [[0, 0, 0, 1, 7], /not a serialized watchtower message/],
      [[0, 0, 0, 3, 0xc2, 0x63, 0x01], /tag 99 is unknown/],
    ] as const) {
      const decoder = createTowerDecoder();
      expect(() => decoder.push(Uint8Array.from(bytes))).toThrow(words);
      expect(() => decoder.push(Uint8Array.of(1))).toThrow(TowerWireError);
    }
  });
});
