/** Contracts in updates: the rules of PROTOCOL 4 that are about them, and what else of a channel they touch. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { callData as dataOf, readValue } from '../../examples/shared/fate.ts';
import { compiled } from '../../scripts/contracts.ts';
import { defaultSettings } from '../../src/engine/settings.ts';
import { equalBytes, fromHex, toHex } from '../../src/protocol/bytes.ts';
import { decode as decodeText, encode as encodeText } from '../../src/protocol/chain/address.ts';
import { gasOf } from '../../src/protocol/chain/fee.ts';
import { offChainContractId } from '../../src/protocol/chain/ids.ts';
import { parseSignedTx } from '../../src/protocol/chain/signed.ts';
import { parseTx } from '../../src/protocol/chain/tx.ts';
import { blockEntry, codeHash, contractEntry, execute } from '../../src/protocol/channel/contracts.ts';
import {
  type Answer,
  type ContractOutcome,
  type ContractPolicy,
  type ContractWish,
  callStatic,
  heldByContracts,
  maxGas,
  type Request,
  type Rule,
  treesOf,
} from '../../src/protocol/channel/index.ts';
import { hashOf, updateBytes } from '../../src/protocol/channel/record.ts';
import { hashOfState } from '../../src/protocol/channel/trees.ts';
import { parseEntry, serializeEntry } from '../../src/protocol/state/entries.ts';
import { verifyPoi } from '../../src/protocol/state/poi.ts';
import { serializeTrees, sizeOfTrees, stateHash } from '../../src/protocol/state/trees.ts';
import { decode as decodeValue, pruneCalls } from '../../src/protocol/vm/index.ts';
import { decode, encode, type MessageOf } from '../../src/protocol/wire/index.ts';
import { type ContractName, callData, calling, creation } from './sophia.ts';
import { ae, balancesOf, type Party, payment, sameState, signs, World } from './world.ts';

function world(policy: ContractPolicy = 'any'): World {
  const made = new World().open();
  for (const party of [made.alice, made.bob])
    party.env = { ...party.env, settings: { ...party.env.settings, contracts: policy } };
  return made;
}

/** Says a wish and lets it run its course. @returns its outcome */
function ask(world: World, party: Party, request: Request) {
  party.post({ type: 'request', request });
  world.settle();
  return party.outcomes.find(({ id }) => id === request.id);
}

/** Alice makes a contract. @returns its key */
function make(world: World, name: ContractName, deposit = 0n): Uint8Array {
  const outcome = ask(world, world.alice, creation(name, deposit));
  if (!outcome?.contract) throw new Error(`not made: ${outcome?.message}`);
  return outcome.contract.contract;
}

const held = (party: Party): bigint => heldByContracts(party.channel!.latest!);

/** Runs a rule by itself, with this party's answers. */
function run<T>(party: Party, rule: Rule<T>): T {
  let turn = rule.next();
  while (!turn.done) turn = rule.next(party.answer(turn.value) as Answer);
  return turn.value;
}

/** Both hold the same state, and its hash is that of its trees. */
function agreed({ alice, bob }: World): void {
  expect(sameState(alice, bob)).toBe(true);
  for (const { channel } of [alice, bob]) {
    const state = channel!.latest!;
    expect(toHex(stateHash(treesOf(channel!, state)))).toBe(toHex(state.stateHash));
    expect(alice.channel!.reason).toBeNull();
  }
}

describe('PROTOCOL 4: a contract in an update', () => {
  test('is made: both have it, the deposit is its own, the key is that of the chain', () => {
    const w = world();
    const wish = creation('escrow', 3n * ae);
    const outcome = ask(w, w.alice, wish)!;
    expect(outcome).toMatchObject({ ok: true, number: 1n, contract: { returnType: 'ok' } });
    const key = offChainContractId(w.alice.keys.publicKey, 2n);
    expect(toHex(outcome.contract!.contract)).toBe(toHex(key));
    expect(balancesOf(w.bob)).toEqual({ initiator: 7n * ae, responder: 5n * ae });
    expect([held(w.alice), held(w.bob)]).toEqual([3n * ae, 3n * ae]);
    agreed(w);
    expect(w.bob.history.at(-1)).toMatchObject({
      kind: 'contract',
      amount: 3n * ae,
      contract: { type: 'create', by: 'initiator', returnType: 'ok', contract: key },
    });
  });

  test('is called by either side, and says what it returned', () => {
    const w = world();
    const counter = make(w, 'counter');
    const values = [w.alice, w.bob, w.alice].map((party) => {
      const { contract } = ask(w, party, calling('counter', counter, 'inc(5)'))!;
      return decodeValue(contract!.returnValue);
    });
    expect(values).toEqual([12n, 17n, 22n]);
    expect(w.alice.outcomes.at(-1)!.contract!.gasUsed).toBeGreaterThan(0n);
    agreed(w);
  });

  test('takes coins with a call, and pays them out by its rules', () => {
    const w = world();
    const escrow = make(w, 'escrow', 3n * ae);
    ask(w, w.alice, calling('escrow', escrow, 'fund', 2n * ae));
    expect(balancesOf(w.bob)).toEqual({ initiator: 5n * ae, responder: 5n * ae });
    expect(held(w.bob)).toBe(5n * ae);
    const release = calling(
      'escrow',
      escrow,
      'release(ak_yusDHyWLdAY5eo5okvwqumrmZ2McYwsbFzVV8vpQBU2sfhUur, 4000000000000000000)',
    );
    expect(ask(w, w.alice, release)!.contract!.returnType).toBe('revert');
    expect(ask(w, w.bob, { ...release, ...payment(0n) })!.contract!.returnType).toBe('ok');
    expect(balancesOf(w.alice)).toEqual({ initiator: 5n * ae, responder: 9n * ae });
    expect(held(w.alice)).toBe(1n * ae);
    agreed(w);
  });

  test('that reverts or fails is a round too: its call object stays, its coins go back', () => {
    const w = world();
    const aborter = make(w, 'aborter');
    for (const [call, type] of [
      ['fail', 'revert'],
      ['div(7, 0)', 'error'],
      ['spin(100000)', 'error'],
    ] as const) {
      const before = w.alice.channel!.latest!;
      const outcome = ask(w, w.alice, calling('aborter', aborter, call))!;
      expect(outcome).toMatchObject({ ok: true, contract: { returnType: type } });
      const state = w.bob.channel!.latest!;
      expect(state.number).toBe(before.number + 1n);
      expect(state.trees!.calls.isEmpty).toBe(false);
      expect(state.trees!.contracts.rootHash).toEqual(before.trees!.contracts.rootHash);
      agreed(w);
    }
    const escrow = make(w, 'escrow');
    const coins = calling('escrow', escrow, 'balance', ae);
    expect(ask(w, w.alice, coins)!.contract!.returnType).toBe('error');
    expect(balancesOf(w.bob)).toEqual({ initiator: 10n * ae, responder: 5n * ae });
    expect(held(w.bob)).toBe(0n);
  });

  test('leaves its call object for one round only', () => {
    const w = world();
    const counter = make(w, 'counter');
    ask(w, w.alice, calling('counter', counter, 'get'));
    const called = w.alice.channel!.latest!;
    expect([...called.trees!.calls.entries()]).toHaveLength(1);
    ask(w, w.bob, payment(ae));
    const paid = w.alice.channel!.latest!;
    expect(paid.trees!.calls.isEmpty).toBe(true);
    expect(paid.trees!.contracts).toBe(called.trees!.contracts);
    expect(balancesOf(w.alice)).toEqual({ initiator: 11n * ae, responder: 4n * ae });
    agreed(w);
  });

  test('plays a game for stakes to its end: the winner has both', () => {
    const w = world();
    const game = make(w, 'tictactoe');
    const said: string[] = [];
    const play = (party: Party, call: string, amount = 0n) =>
      said.push(ask(w, party, calling('tictactoe', game, call, amount))!.contract!.returnType);
    play(w.alice, 'stake', 2n * ae);
    play(w.bob, 'stake', 2n * ae);
    for (const [party, move] of [
      [w.alice, 'move(0)'],
      [w.bob, 'move(3)'],
      [w.alice, 'move(1)'],
      [w.bob, 'move(4)'],
      [w.alice, 'move(2)'],
    ] as const)
      play(party, move);
    expect(said).toEqual(Array(7).fill('ok'));
    expect(balancesOf(w.bob)).toEqual({ initiator: 12n * ae, responder: 3n * ae });
    expect(held(w.bob)).toBe(0n);
    agreed(w);
  });

  test('costs a channel without contracts nothing: no trees are held', () => {
    const w = world();
    ask(w, w.alice, payment(ae));
    expect(w.alice.channel!.latest).not.toHaveProperty('trees');
    expect(w.alice.nodes.size).toBe(0);
  });

  test('travels alone: payments before and behind it have rounds of their own, in their order', () => {
    const w = world();
    const counter = make(w, 'counter');
    const { number } = w.alice.channel!.latest!;
    const wishes = [
      payment(1n),
      calling('counter', counter, 'inc(5)'),
      calling('counter', counter, 'inc(-3)'),
      payment(2n),
      payment(3n),
    ];
    // The first leaves at once; the others wait for it.
    for (const request of wishes) w.alice.post({ type: 'request', request });
    w.settle();
    const numbers = wishes.map((wish) => w.alice.outcomes.find(({ id }) => id === wish.id)!.number! - number);
    expect(numbers).toEqual([1n, 2n, 3n, 4n, 4n]);
    agreed(w);
  });

  test('that cannot be executed is answered at once, and what waits behind it goes on', () => {
    const w = world();
    const counter = make(w, 'counter');
    const broken = creation('counter');
    (broken.contract as { code: Uint8Array }).code = Uint8Array.of(1, 2, 3);
    w.alice.post({ type: 'request', request: payment(1n) });
    w.alice.post({ type: 'request', request: broken });
    const behind = calling('counter', counter, 'inc(5)');
    w.alice.post({ type: 'request', request: behind });
    w.settle();
    expect(w.alice.outcomes.find(({ id }) => id === broken.id)).toMatchObject({
      ok: false,
      code: 'execution',
    });
    expect(w.alice.outcomes.find(({ id }) => id === behind.id)).toMatchObject({ ok: true });
    expect(w.alice.channel!.live.queue).toEqual([]);
    agreed(w);
  });

  test('survives a conflict: the one that loses is executed anew, in its own round', () => {
    const w = world();
    const counter = make(w, 'counter');
    const [a, b] = [calling('counter', counter, 'inc(5)'), calling('counter', counter, 'inc(-3)')];
    w.alice.post({ type: 'request', request: a });
    w.bob.post({ type: 'request', request: b });
    w.settle();
    w.bob.post({ type: 'timer', name: 'yield' });
    w.settle();
    expect(decodeValue(w.alice.outcomes.find(({ id }) => id === a.id)!.contract!.returnValue)).toBe(12n);
    expect(decodeValue(w.bob.outcomes.find(({ id }) => id === b.id)!.contract!.returnValue)).toBe(9n);
    agreed(w);
  });

  test.each([
    ['an amount below zero', (r: Request) => ({ ...r, amount: -1n }), 'invalid_contract'],
    ['the peer’s coins', (r: Request) => ({ ...r, direction: 'ask' as const }), 'invalid_contract'],
    ['more than can be paid', (r: Request) => ({ ...r, amount: 10n * ae }), 'insufficient_funds'],
    ['a gas price that cannot be forced', change({ gasPrice: 10n ** 9n - 1n }), 'invalid_contract'],
    ['more gas than a block has', change({ gas: 6_000_001n }), 'invalid_contract'],
    ['a contract that is not there', change({ contract: new Uint8Array(32) }), 'invalid_contract'],
  ])('is not proposed with %s', (_, wrong, code) => {
    const w = world();
    const request = wrong(calling('counter', make(w, 'counter'), 'get'));
    const signed = w.alice.signed.length;
    expect(ask(w, w.alice, request)).toMatchObject({ ok: false, code });
    expect(w.alice.signed.length).toBe(signed);
  });

  test('is not proposed while the node cannot be asked, and says so', () => {
    const w = world();
    const counter = make(w, 'counter');
    w.alice.nodeAnswers = false;
    expect(ask(w, w.alice, calling('counter', counter, 'get'))).toMatchObject({
      ok: false,
      code: 'node_unavailable',
    });
    w.alice.nodeAnswers = true;
    expect(ask(w, w.alice, calling('counter', counter, 'get'))).toMatchObject({ ok: true });
  });

  test('runs at the key block that the proposer names', () => {
    const w = world();
    const escrow = make(w, 'escrow');
    w.height = 123;
    const { contract } = ask(w, w.alice, calling('escrow', escrow, 'height'))!;
    expect(decodeValue(contract!.returnValue)).toBe(123n);
    const update = w.alice.sent.findLast((message) => message.type === 'update')!;
    expect((update as MessageOf<'update'>).entries).toHaveLength(3);
  });

  test('sees the chain as it was at that block: earlier hashes, and balances of accounts that the channel has not', () => {
    const w = world();
    w.height = 500;
    const stranger = new Uint8Array(32).fill(77);
    w.accounts.set(toHex(stranger), { balance: 123n * ae, nonce: 0n });
    const ctVersion = 0x80003n;
    const code = decodeText('cb', compiled('Seen').code);
    const init = { type: 'create' as const, ctVersion, code, callData: decodeText('cb', dataOf('init')) };
    const made = ask(w, w.alice, { ...payment(0n), contract: init })!.contract!.contract;
    const seen = (party: Party, name: string, ...args: (bigint | string)[]) => {
      const { contract } = calling('counter', made, 'get');
      const wish = { ...contract!, callData: decodeText('cb', dataOf(name, ...args)) };
      const outcome = ask(w, party, { ...payment(0n), contract: wish as ContractWish })!;
      expect(outcome.contract, outcome.message).toMatchObject({ returnType: 'ok' });
      agreed(w);
      return readValue(encodeText('cb', outcome.contract!.returnValue));
    };
    const hash = (height: number) => ({ tag: 1, fields: [toHex(w.keyBlock(height)!.block.hash)] });
    const none = { tag: 0, fields: [] };
    const asked = (height: bigint) => seen(w.bob, 'hash_of', height);
    expect(asked(500n)).toEqual(hash(500));
    expect(asked(499n)).toEqual(hash(499));
    // 255 back are seen, as in the vectors of the node; none above, none before.
    expect(asked(245n)).toEqual(hash(245));
    expect(asked(244n)).toEqual(none);
    expect(asked(501n)).toEqual(none);
    expect(seen(w.alice, 'balance_of', encodeText('ak', stranger))).toBe(123n * ae);
    expect(seen(w.alice, 'balance_of', encodeText('ak', new Uint8Array(32).fill(78)))).toBe(0n);
    expect(seen(w.alice, 'balance_of', encodeText('ak', w.bob.keys.publicKey))).toBe(5n * ae);
    expect(seen(w.bob, 'height')).toBe(500n);
  });
});

function change(fields: Partial<Extract<ContractWish, { type: 'call' }>>) {
  return (request: Request): Request => ({
    ...request,
    contract: { ...request.contract!, ...fields } as ContractWish,
  });
}

// ---- the receiver

interface Forgery {
  request: Request;
  /** In whose name the entry is made. */
  by?: 'initiator' | 'responder';
  block?: Uint8Array;
  /** Changes what is sent, before it is signed. */
  before?: (update: MessageOf<'update'>) => Partial<MessageOf<'update'>>;
  after?: (update: MessageOf<'update'>) => Partial<MessageOf<'update'>>;
}

/** A correct contract update of Alice's, changed. */
function forged(w: World, { request, by = 'initiator', block, before, after }: Forgery): MessageOf<'update'> {
  const channel = w.alice.channel!;
  const state = channel.latest!;
  const number = channel.used + 1n;
  const entry = contractEntry(channel, by, request.contract!, request.amount);
  const at = w.keyBlock(block ?? null)?.block ?? w.keyBlock(null)!.block;
  const done = run(w.alice, execute(channel, state, entry, number, at));
  if ('problem' in done) throw new Error(done.problem);
  let update: MessageOf<'update'> = {
    type: 'update',
    channel_id: channel.channelId!,
    sequence_number: number,
    initiator_balance: done.balances.initiator,
    responder_balance: done.balances.responder,
    state_hash: hashOfState(channel, done),
    signature: new Uint8Array(64),
    entries: [serializeEntry(entry), done.result, blockEntry(block ?? at.hash)],
  };
  update = { ...update, ...before?.(update) };
  const bytes = updateBytes(channel.networkId, channel.channelId!, number, update.state_hash);
  update = { ...update, signature: signs(w.alice.keys, bytes) };
  return { ...update, ...after?.(update) };
}

/** Bob meets it. @returns what he answered */
function meet(w: World, message: MessageOf<'update'>) {
  const before = w.bob.sent.length;
  w.wire.push(w.alice, encode(message));
  w.deliver(w.bob);
  return w.bob.sent.slice(before);
}

describe('PROTOCOL 4: the receiver executes and compares', () => {
  const at = (height: number) => fromHex(height.toString(16).padStart(64, '0'));
  const inc = (w: World): Request => calling('counter', make(w, 'counter'), 'inc(5)');
  const cases: [string, number, (w: World) => Forgery][] = [
    [
      'another result',
      5,
      (w) => {
        const request = inc(w);
        const other = calling('counter', (request.contract as { contract: Uint8Array }).contract, 'get');
        const result = forged(w, { request: other }).entries[1]!;
        return { request, before: ({ entries }) => ({ entries: [entries[0]!, result, entries[2]!] }) };
      },
    ],
    [
      'a result that is none',
      5,
      (w) => ({
        request: inc(w),
        before: ({ entries }) => ({ entries: [entries[0]!, Uint8Array.of(1), entries[2]!] }),
      }),
    ],
    [
      'another state_hash',
      1,
      (w) => ({ request: inc(w), before: () => ({ state_hash: new Uint8Array(32) }) }),
    ],
    [
      'other balances',
      1,
      (w) => ({
        request: inc(w),
        before: ({ initiator_balance, responder_balance }) => ({
          initiator_balance: initiator_balance + 1n,
          responder_balance: responder_balance - 1n,
        }),
      }),
    ],
    [
      'an invalid signature',
      1,
      (w) => ({ request: inc(w), after: () => ({ signature: new Uint8Array(64) }) }),
    ],
    [
      'no result',
      1,
      (w) => ({ request: inc(w), before: ({ entries }) => ({ entries: entries.slice(0, 1) }) }),
    ],
    [
      'no key block',
      1,
      (w) => ({ request: inc(w), before: ({ entries }) => ({ entries: entries.slice(0, 2) }) }),
    ],
    [
      'a payment behind it',
      1,
      (w) => ({
        request: inc(w),
        before: ({ entries }) => ({ entries: [...entries, transfer(w)] }),
      }),
    ],
    [
      'a payment before it',
      1,
      (w) => ({
        request: inc(w),
        before: ({ entries }) => ({ entries: [transfer(w), ...entries] }),
      }),
    ],
    [
      'a second call',
      1,
      (w) => ({
        request: inc(w),
        before: ({ entries }) => ({ entries: [...entries, entries[0]!] }),
      }),
    ],
    ['the receiver’s own name', 1, (w) => ({ request: inc(w), by: 'responder' })],
    ['a gas price that cannot be forced', 1, (w) => ({ request: change({ gasPrice: 1n })(inc(w)) })],
    ['more gas than a block has', 1, (w) => ({ request: change({ gas: 6_000_001n })(inc(w)) })],
    ['a key block of the future', 7, (w) => ({ request: inc(w), block: at(101) })],
    ['a key block more than 10 back', 7, (w) => ({ request: inc(w), block: at(89) })],
    [
      'a result at another block',
      5,
      (w) => ({
        request: calling('escrow', make(w, 'escrow'), 'height'),
        before: ({ entries }) => ({ entries: [...entries.slice(0, 2), blockEntry(at(95))] }),
      }),
    ],
  ];
  test.each(cases)('%s is refused, reason %i, by the prior state', (_, reason, forgery) => {
    const w = world();
    const update = forged(w, forgery(w));
    const prior = w.bob.channel!.latest!;
    const signed = w.bob.signed.length;
    const [answer, ...rest] = meet(w, update);
    expect(rest).toEqual([]);
    expect(answer).toMatchObject({ type: 'update_error', reason });
    const refusal = answer as MessageOf<'update_error'>;
    expect(refusal.state_hash).toEqual(prior.stateHash);
    const { channelId } = w.bob.channel!;
    expect(w.bob.signed.slice(signed)).toEqual([
      updateBytes('ae_devnet', channelId!, refusal.sequence_number, prior.stateHash),
    ]);
    expect(w.bob.channel!.latest).toBe(prior);
  });

  test('a key block 10 back is taken', () => {
    const w = world();
    const update = forged(w, { request: inc(w), block: at(90) });
    expect(meet(w, update)).toEqual([expect.objectContaining({ type: 'update_ack' })]);
  });

  test('what breaks the reserve of the proposer is refused', () => {
    const w = world();
    const escrow = make(w, 'escrow');
    const update = forged(w, { request: calling('escrow', escrow, 'fund', 9n * ae) });
    const entry = parseEntry(update.entries[0]!);
    if (entry.type !== 'call') throw new Error('no call');
    const more = serializeEntry({ ...entry, amount: 9n * ae + (9n * ae) / 10n + 1n });
    const answer = meet(w, { ...update, entries: [more, ...update.entries.slice(1)] });
    expect(answer).toEqual([expect.objectContaining({ type: 'update_error', reason: 5 })]);
  });

  test('an init that fails is refused: nothing is made', () => {
    const w = world();
    const update = forged(w, { request: creation('escrow', ae) });
    const entry = parseEntry(update.entries[0]!);
    if (entry.type !== 'create') throw new Error('no creation');
    const broken = serializeEntry({ ...entry, callData: callData('escrow', 'balance') });
    const answer = meet(w, { ...update, entries: [broken, ...update.entries.slice(1)] });
    expect(answer).toEqual([expect.objectContaining({ type: 'update_error', reason: 5 })]);
    expect(w.bob.channel!.latest!.trees).toBeUndefined();
  });

  test('a node that cannot be asked refuses as busy, and the channel goes on', () => {
    const w = world();
    const counter = make(w, 'counter');
    w.bob.nodeAnswers = false;
    expect(ask(w, w.alice, calling('counter', counter, 'inc(5)'))).toMatchObject({ ok: false, code: 'busy' });
    w.bob.nodeAnswers = true;
    expect(ask(w, w.alice, calling('counter', counter, 'inc(5)'))).toMatchObject({ ok: true });
    agreed(w);
  });

  const transfer = (w: World): Uint8Array => {
    const { initiator, responder } = w.alice.channel!.keys;
    return serializeEntry({ type: 'transfer', from: initiator, to: responder, amount: 1n });
  };
});

describe('a state that the chain could not be made to go on from', () => {
  /** What a creation of the counter makes of the state, in bytes. */
  const large = (): number => {
    const w = world();
    make(w, 'counter');
    return sizeOfTrees(pruneCalls(w.alice.channel!.latest!.trees!));
  };
  const limited = (limit: number, who: 'alice' | 'bob' | 'both'): World => {
    const w = world();
    for (const party of [w.alice, w.bob])
      if (who === 'both' || party === w[who])
        party.env = { ...party.env, settings: { ...party.env.settings, contractStateLimit: limit } };
    return w;
  };

  test('is not proposed: the sentence says how large it would be, nothing is signed', () => {
    const w = limited(large() - 1, 'alice');
    const signed = w.alice.signed.length;
    const outcome = ask(w, w.alice, creation('counter'));
    expect(outcome).toMatchObject({ ok: false, code: 'execution' });
    expect(outcome!.message).toMatch(/would have about \d+ bytes/);
    expect(w.alice.signed.length).toBe(signed);
  });
  test('is refused by the receiver before it signs, and the channel goes on', () => {
    const w = limited(large() - 1, 'bob');
    expect(ask(w, w.alice, creation('counter'))).toMatchObject({ ok: false, code: 'execution' });
    expect(ask(w, w.alice, payment(ae))).toMatchObject({ ok: true });
    agreed(w);
  });
  test('is taken up to the limit; what is over it all the same may not grow, and can be called and closed', () => {
    const w = limited(large(), 'both');
    const counter = make(w, 'counter');
    expect(ask(w, w.bob, calling('counter', counter, 'get'))).toMatchObject({ ok: true });
    for (const party of [w.alice, w.bob])
      party.env = { ...party.env, settings: { ...party.env.settings, contractStateLimit: 100 } };
    expect(ask(w, w.alice, payment(ae))).toMatchObject({ ok: true });
    expect(ask(w, w.alice, creation('identity'))).toMatchObject({ ok: false, code: 'execution' });
    w.alice.post({ type: 'shutdown' });
    w.settle();
    expect(w.bob.channel!.phase).toBe('closing_confirming');
  });
  test('is within what a forced call carries, at the limit that wallets have', () => {
    const { contractStateLimit } = defaultSettings;
    const fee = gasOf({
      type: 'ChannelForceProgressTx',
      channelId: new Uint8Array(32),
      fromId: new Uint8Array(32),
      payload: new Uint8Array(300),
      round: 2n ** 64n,
      update: new Uint8Array(1_000),
      stateHash: new Uint8Array(32),
      offChainTrees: new Uint8Array(contractStateLimit + 20_000),
      ttl: 0n,
      fee: 10n ** 18n,
      nonce: 2n ** 64n,
    });
    expect(fee + 1_000_000n).toBeLessThanOrEqual(maxGas);
  });
});

describe('a contract that the peer makes', () => {
  const code = () => (creation('counter').contract as { code: Uint8Array }).code;
  test('waits for the person where the policy is to ask; calls of it then need no word', () => {
    const w = world('ask');
    const wish = creation('counter');
    expect(ask(w, w.alice, wish)).toBeUndefined();
    const { number } = w.bob.channel!.live.incoming!;
    w.bob.post({ type: 'decide_update', number, accept: true });
    w.settle();
    const { contract } = w.alice.outcomes.find(({ id }) => id === wish.id)!;
    expect(ask(w, w.alice, calling('counter', contract!.contract, 'inc(5)'))).toMatchObject({ ok: true });
    expect(ask(w, w.bob, calling('counter', contract!.contract, 'inc(5)'))).toMatchObject({ ok: true });
    agreed(w);
  });
  test('is not made where the person says no, and nothing of it stays', () => {
    const w = world('ask');
    const wish = creation('escrow', ae);
    ask(w, w.alice, wish);
    w.bob.post({ type: 'decide_update', number: w.bob.channel!.live.incoming!.number, accept: false });
    w.settle();
    expect(w.alice.outcomes.find(({ id }) => id === wish.id)).toMatchObject({ ok: false, code: 'declined' });
    expect(w.alice.channel!.latest!.trees).toBeUndefined();
    expect(balancesOf(w.alice)).toEqual({ initiator: 10n * ae, responder: 5n * ae });
    agreed(w);
  });
  test('is refused by the policy none, and by a list that lacks its code', () => {
    for (const policy of ['none', [toHex(codeHash(Uint8Array.of(1)))]] as const) {
      const w = world(policy);
      expect(ask(w, w.alice, creation('counter'))).toMatchObject({ ok: false, code: 'declined' });
      agreed(w);
    }
  });
  test('is made by a list that has its code', () => {
    const w = world([toHex(codeHash(code()))]);
    expect(ask(w, w.alice, creation('counter'))).toMatchObject({ ok: true });
    expect(ask(w, w.alice, creation('identity'))).toMatchObject({ ok: false, code: 'declined' });
  });
  test('does not meet the own side’s policy', () => {
    const w = world('none');
    w.bob.env = { ...w.bob.env, settings: { ...w.bob.env.settings, contracts: 'any' } };
    expect(ask(w, w.alice, creation('counter'))).toMatchObject({ ok: true });
  });
});

describe('a static call', () => {
  const wish = (contract: Uint8Array, name: ContractName, call: string) =>
    ({
      type: 'call',
      contract,
      abiVersion: 3n,
      gas: 1_000_000n,
      gasPrice: 10n ** 9n,
      callData: callData(name, call),
    }) as const;
  test('runs on the latest state without a round or a signature, and changes nothing', () => {
    const w = world();
    const counter = make(w, 'counter');
    ask(w, w.bob, calling('counter', counter, 'inc(5)'));
    const { channel } = w.bob;
    const signed = w.bob.signed.length;
    for (const [call, value] of [
      ['get', 12n],
      ['inc(5)', 17n],
      ['get', 12n],
    ] as const) {
      const said = run(w.bob, callStatic(channel!, channel!.latest!, wish(counter, 'counter', call), 0n));
      expect(decodeValue((said as ContractOutcome).returnValue)).toBe(value);
    }
    expect(w.bob.channel).toBe(channel);
    expect(w.bob.signed.length).toBe(signed);
  });
  test('says why it cannot run', () => {
    const w = world();
    const channel = w.bob.channel!;
    const nothing = wish(new Uint8Array(32), 'counter', 'get');
    expect(run(w.bob, callStatic(channel, channel.latest!, nothing, 0n))).toMatchObject({
      problem: expect.stringMatching(/has no contract/),
    });
  });
});

describe('the rest of a channel with contracts', () => {
  test('a death before the answer loses neither contract nor result', () => {
    for (const killed of ['alice', 'bob'] as const)
      for (let effect = 0; effect < 3; effect++) {
        const w = world();
        const counter = make(w, 'counter');
        const wish = calling('counter', counter, 'inc(5)');
        w[killed].killBefore = w[killed].effects + effect;
        w.guard(w.alice, () => w.alice.post({ type: 'request', request: wish }));
        w.settle();
        for (let turn = 0; turn < 3; turn++) {
          w.connect();
          w.settle();
        }
        w[killed].killBefore = null;
        agreed(w);
        if (!w.alice.outcomes.some(({ id }) => id === wish.id)) ask(w, w.alice, wish);
        agreed(w);
        expect(ask(w, w.bob, calling('counter', counter, 'get'))!.contract).toMatchObject({
          returnType: 'ok',
        });
        expect(decodeValue(w.bob.outcomes.at(-1)!.contract!.returnValue)).toBe(12n);
      }
  });

  test('a peer that lost its disk gets the trees from the other', () => {
    const w = world();
    const escrow = make(w, 'escrow', 3n * ae);
    const old = { disk: structuredClone(w.bob.disk), nodes: new Map(w.bob.nodes) };
    ask(w, w.alice, calling('escrow', escrow, 'fund', ae));
    w.disconnect();
    w.bob.disk = old.disk;
    w.bob.nodes = old.nodes;
    w.bob.restart();
    w.connect();
    w.settle();
    expect(w.bob.channel!.recovered).toBe(true);
    expect(held(w.bob)).toBe(4n * ae);
    agreed(w);
    expect(ask(w, w.bob, calling('escrow', escrow, 'balance'))).toMatchObject({ ok: true });
    agreed(w);
  });

  test('trees that do not hash to what was signed are not taken', () => {
    const w = world();
    make(w, 'escrow', 3n * ae);
    const before = { disk: structuredClone(w.bob.disk), nodes: new Map(w.bob.nodes) };
    const { channel } = w.alice;
    const older = serializeTrees(treesOf(channel!, channel!.latest!));
    ask(w, w.alice, payment(ae));
    w.disconnect();
    w.bob.disk = before.disk;
    w.bob.nodes = before.nodes;
    w.bob.restart();
    const { number, signatures, stateHash } = w.alice.channel!.latest!;
    w.connect();
    w.wire.toBob = w.wire.toBob.filter((bytes) => decode(bytes).type !== 'channel_reestablish_ack');
    w.wire.toAlice = [];
    w.deliver(w.bob);
    w.wire.push(
      w.alice,
      encode({
        type: 'channel_reestablish_ack',
        chain_hash: channel!.chainHash,
        channel_id: channel!.channelId!,
        sequence_number: number,
        state_hash: stateHash,
        initiator_signature: signatures.initiator,
        responder_signature: signatures.responder,
        state: older,
      }),
    );
    w.deliver(w.bob);
    expect(w.bob.channel!.reason).toMatch(/does not hash to state_hash/);
    expect(w.bob.channel!.latest!.number).toBe(1n);
  });

  test('an agreed close is refused while contracts hold coins, by either side', () => {
    const w = world();
    const escrow = make(w, 'escrow', 3n * ae);
    for (const party of [w.alice, w.bob]) {
      const said = party.post({ type: 'shutdown' });
      expect(said.refused).toMatch(/hold 3000000000000000000 aetto, which an agreed close would lose/);
      expect(party.channel!.phase).toBe('open');
    }
    const release = callData(
      'escrow',
      'release(ak_yusDHyWLdAY5eo5okvwqumrmZ2McYwsbFzVV8vpQBU2sfhUur, 4000000000000000000)',
    );
    ask(w, w.alice, calling('escrow', escrow, 'fund', ae));
    ask(w, w.bob, change({ callData: release })(calling('escrow', escrow, 'fund')));
    expect(held(w.bob)).toBe(0n);
    expect(w.alice.post({ type: 'shutdown' }).refused).toBeUndefined();
    w.settle();
    expect(w.alice.channel!.phase).toBe('closing_confirming');
    expect(w.alice.channel!.closing!.balances).toEqual(w.bob.channel!.closing!.balances);
  });

  test('a peer that shuts down while contracts hold coins gets no signature on the close', () => {
    const w = world();
    make(w, 'escrow', 3n * ae);
    w.wire.push(w.alice, encode({ type: 'shutdown', channel_id: w.alice.channel!.channelId! }));
    const signed = w.bob.signed.length;
    w.deliver(w.bob);
    expect(w.bob.channel!.phase).toBe('failed');
    expect(w.bob.signed.length).toBe(signed);
    expect(w.bob.channel!.reason).toMatch(/would lose/);
  });

  test('coins do not go to a contract once this side has said that it closes', () => {
    const w = world();
    const escrow = make(w, 'escrow');
    w.alice.post({ type: 'request', request: calling('escrow', escrow, 'fund', ae) });
    w.bob.post({ type: 'shutdown' });
    w.settle();
    expect(w.alice.outcomes.at(-1)).toMatchObject({ ok: false, code: 'busy' });
    expect(w.bob.channel!.phase).toBe('closing_confirming');
    expect(w.bob.channel!.closing!.balances.initiator + w.bob.channel!.closing!.balances.responder).toBe(
      15n * ae - w.bob.channel!.closing!.fee,
    );
  });

  test('the proof of inclusion of a state with contracts is about its hash, and shows both balances', () => {
    const w = world();
    make(w, 'escrow', 3n * ae);
    const { channel } = w.alice;
    const object = {
      round: 1n,
      stateHash: new Uint8Array(32),
      lockedUntil: 0,
      balances: { initiator: 0n, responder: 0n },
      total: 15n * ae,
    };
    w.alice.post({ type: 'on_chain', object, height: 100, funded: true });
    w.alice.post({ type: 'close_solo' });
    const { solo } = w.alice.channel!;
    expect(solo).not.toBeNull();
    expect(equalBytes(channel!.latest!.stateHash, hashOf(channel!.keys, channel!.latest!.balances))).toBe(
      false,
    );
    const tx = parseTx(parseSignedTx(solo!.signedTx).tx);
    if (tx.type !== 'ChannelCloseSoloTx') throw new Error(tx.type);
    const proof = verifyPoi(tx.poi);
    expect(proof.stateHash).toEqual(channel!.latest!.stateHash);
    expect(proof.balanceOf(channel!.keys.initiator)).toBe(7n * ae);
    expect(proof.balanceOf(channel!.keys.responder)).toBe(5n * ae);
  });

  test('two machines agree on any run of payments, creations and calls', () => {
    const step = fc.record({
      by: fc.constantFrom('alice' as const, 'bob' as const),
      what: fc.constantFrom('pay', 'ask', 'create', 'inc', 'fund', 'release', 'fail', 'both'),
      amount: fc.bigInt(0n, 3n * ae),
      dies: fc.option(fc.nat(4), { freq: 5 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 14 }), (steps) => {
        const w = world();
        const made = {
          escrow: make(w, 'escrow', ae),
          counter: make(w, 'counter'),
          aborter: make(w, 'aborter'),
        };
        const release = 'release(ak_yusDHyWLdAY5eo5okvwqumrmZ2McYwsbFzVV8vpQBU2sfhUur, 4000000000000000000)';
        for (const { by, what, amount, dies } of steps) {
          const party = w[by];
          if (dies !== null) party.killBefore = party.effects + dies;
          const requests: [Party, Request][] = [];
          if (what === 'pay' || what === 'both') requests.push([party, payment(amount)]);
          if (what === 'ask') requests.push([party, payment(amount, 'ask')]);
          if (what === 'create') requests.push([party, creation('identity')]);
          if (what === 'inc' || what === 'both')
            requests.push([party.peer, calling('counter', made.counter, 'inc(5)')]);
          if (what === 'fund') requests.push([party, calling('escrow', made.escrow, 'fund', amount)]);
          if (what === 'release') requests.push([party, calling('escrow', made.escrow, release)]);
          if (what === 'fail') requests.push([party, calling('aborter', made.aborter, 'fail')]);
          for (const [who, request] of requests) w.guard(who, () => who.post({ type: 'request', request }));
          for (let turn = 0; turn < 4; turn++) {
            w.settle();
            for (const who of [w.alice, w.bob]) {
              const number = who.channel!.live.incoming?.number;
              if (number !== undefined)
                w.guard(who, () => who.post({ type: 'decide_update', number, accept: amount % 2n === 0n }));
              if (who.channel!.live.yielding) w.guard(who, () => who.post({ type: 'timer', name: 'yield' }));
            }
            w.settle();
            w.connect();
          }
          for (const who of [w.alice, w.bob]) who.killBefore = null;
          w.connect();
          w.settle();
          agreed(w);
          const { balances } = w.alice.channel!.latest!;
          expect(balances.initiator + balances.responder + held(w.bob)).toBe(15n * ae);
        }
      }),
      { numRuns: 25 },
    );
  }, 60_000);
});
