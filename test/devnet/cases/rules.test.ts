/** The chain's cases, by the names that its own suite gives them (CHAIN 4). */
import { describe, expect, it } from 'vitest';
import { lockedCoinsAccount } from '../../../devnet/rules/state.ts';
import { toHex } from '../../../src/protocol/bytes.ts';
import { ae, alice, bob, carol } from '../support.ts';
import { closingWorld, delegate, hashOf, nobody, noChannel, proofOf, type Solo, World } from './world.ts';

describe('create', () => {
  const cases: [string, string, (world: World) => string][] = [
    ['create', 'ok', (world) => world.create({})],
    [
      'create_missing_account',
      'account_not_found',
      (world) => world.create({ responderId: nobody.publicKey }, alice, nobody),
    ],
    [
      'create_same_account',
      'signature_check_failed',
      (world) => world.create({ responderId: alice.publicKey }, alice),
    ],
    [
      'create_insufficient_funds',
      'insufficient_funds',
      (world) => world.create({ initiatorAmount: 1000n * ae }),
    ],
    [
      'create_insufficient_funds (responder)',
      'insufficient_funds',
      (world) => world.create({ responderAmount: 1001n * ae }),
    ],
    [
      'create_insufficient_funds_reserve',
      'insufficient_initiator_amount',
      (world) => world.create({ channelReserve: 11n * ae }),
    ],
    [
      'create_insufficient_funds_reserve (responder)',
      'insufficient_responder_amount',
      (world) => world.create({ channelReserve: 6n * ae }),
    ],
    [
      'create_wrong_nonce (too high)',
      'tx_nonce_too_high_for_account',
      (world) => world.create({ nonce: 2n }),
    ],
    [
      'create_wrong_nonce (used)',
      'tx_nonce_already_used_for_account',
      (world) => {
        world.create({});
        return world.create({ nonce: 1n });
      },
    ],
    [
      'create_exsisting',
      'channel_exists',
      (world) => {
        world.create({});
        const account = { ...world.state.account(alice.publicKey)!, nonce: 0n };
        world.state.apply({
          accounts: new Map([[toHex(alice.publicKey), account]]),
          channels: new Map(),
          calls: new Map(),
        });
        return world.create({});
      },
    ],
  ];
  for (const [name, outcome, run] of cases) it(name, () => expect(run(new World(false))).toBe(outcome));
});

describe('close_mutual', () => {
  it('close_mutual: fee split, funds paid, the rest locked', () => {
    const world = new World();
    const before = { alice: world.balance(alice), bob: world.balance(bob) };
    expect(world.closeMutual({ a: 9n * ae, b: 4n * ae })).toBe('ok');
    expect(world.balance(alice)).toBe(before.alice + 9n * ae);
    expect(world.balance(bob)).toBe(before.bob + 4n * ae);
    expect(world.channel).toBeUndefined();
    const locked = world.balance({ publicKey: lockedCoinsAccount });
    expect(locked).toBeLessThan(2n * ae);
    expect(locked).toBeGreaterThan(2n * ae - 10n ** 14n);
  });
  const cases: [string, string, (world: World) => string][] = [
    ['close_mutual_wrong_amounts', 'wrong_amounts', (world) => world.closeMutual({ b: 5n * ae })],
    [
      'close_mutual_wrong_nonce',
      'tx_nonce_too_high_for_account',
      (world) => world.closeMutual({ nonce: 9n }),
    ],
    [
      'close_mutual_missing_channel',
      'signature_check_failed',
      (world) => world.closeMutual({ id: noChannel }),
    ],
    ['close_mutual by no peer', 'account_not_peer', (world) => world.closeMutual({ by: carol })],
  ];
  for (const [name, outcome, run] of cases) it(name, () => expect(run(new World())).toBe(outcome));
  it('close_mutual_already_closing', () => expect(closingWorld().closeMutual()).toBe('ok'));
});

for (const [name, type] of [
  ['deposit', 'ChannelDepositTx'],
  ['withdraw', 'ChannelWithdrawTx'],
] as const) {
  const pick = (ofDeposit: string, ofWithdraw: string) => (name === 'deposit' ? ofDeposit : ofWithdraw);
  describe(name, () => {
    it(`${name}: amount, round and state move together`, () => {
      const world = new World();
      const before = world.balance(bob);
      expect(world.move(type, { by: bob })).toBe('ok');
      const sign = type === 'ChannelDepositTx' ? 1n : -1n;
      expect(world.channel).toMatchObject({
        channelAmount: 15n * ae + sign * 2n * ae,
        round: 2n,
        soloRound: 0n,
      });
      const paid = before - world.balance(bob) - sign * 2n * ae;
      expect(paid).toBeGreaterThan(0n);
      expect(paid).toBeLessThan(10n ** 14n);
    });
    const funds =
      type === 'ChannelDepositTx' ? ['insufficient_funds', 1000n] : ['not_enough_channel_funds', 14n];
    const cases: [string, string, (world: World) => string][] = [
      [
        pick('deposit_unknown_from', 'withdraw_unknown_from'),
        'account_not_found',
        (world) => world.move(type, { by: nobody }),
      ],
      [
        pick('deposit_insufficent_funds', 'withdraw_insufficent_funds'),
        funds[0] as string,
        (world) => world.move(type, { amount: (funds[1] as bigint) * ae }),
      ],
      [
        pick('deposit_wrong_nonce', 'withdraw_wrong_nonce'),
        'tx_nonce_too_high_for_account',
        (world) => world.move(type, { nonce: 9n }),
      ],
      [
        pick('deposit_missing_channel', 'withdraw_missing_channel'),
        'signature_check_failed',
        (world) => world.move(type, { id: noChannel }),
      ],
      [
        pick('deposit_older_round', 'withdraw_older_round'),
        'old_round',
        (world) => {
          world.snapshot({ payload: world.payload(5n, hashOf(7n, 8n)) });
          return world.move(type, { round: 4n });
        },
      ],
      [
        pick('deposit_can_not_replace_create', 'withdraw_can_not_replace_create'),
        'same_round',
        (world) => world.move(type, { round: 1n }),
      ],
      [
        pick('deposit_not_participant', 'withdraw_not_participant'),
        'account_not_peer',
        (world) => world.move(type, { by: carol }),
      ],
      [
        pick('deposit_delegate_not_allowed', 'withdraw_delegate_not_allowed'),
        'account_not_peer',
        (world) => world.move(type, { by: delegate }),
      ],
      [
        pick('deposit_closed', 'withdraw_closed'),
        'signature_check_failed',
        (world) => {
          world.closeMutual();
          return world.move(type);
        },
      ],
    ];
    for (const [title, outcome, run] of cases) it(title, () => expect(run(new World())).toBe(outcome));
    it(pick('deposit_closing', 'withdraw_closing'), () =>
      expect(closingWorld().move(type)).toBe('channel_not_active'),
    );
  });
}

describe('close_solo', () => {
  it('close_solo: without payload the lock starts on the state of the chain', () => {
    const world = closingWorld();
    expect(world.channel).toMatchObject({ round: 1n, lockedUntil: 110n, initiatorAmount: 10n * ae });
  });
  it('close_solo: with payload the lock starts on the co-signed state', () => {
    const world = new World();
    const payload = world.payload(4n, hashOf(7n, 8n));
    expect(world.solo('ChannelCloseSoloTx', { payload, poi: proofOf(7n, 8n) })).toBe('ok');
    expect(world.channel).toMatchObject({ round: 4n, lockedUntil: 110n, initiatorAmount: 7n * ae });
  });
  const withAndWithout: [string, string, string, Solo][] = [
    ['close_solo_unknown_from', 'account_not_found', 'account_not_found', { by: nobody }],
    ['close_solo_not_participant', 'account_not_peer', 'account_not_peer', { by: carol }],
    ['close_solo_delegate_not_allowed', 'account_not_peer', 'account_not_peer', { by: delegate }],
    [
      'close_solo_wrong_nonce',
      'tx_nonce_too_high_for_account',
      'tx_nonce_too_high_for_account',
      { nonce: 9n },
    ],
    ['close_solo_missing_channel', 'channel_does_not_exist', 'channel_does_not_exist', { id: noChannel }],
    [
      'close_solo_invalid_state_hash',
      'invalid_poi_hash_in_channel',
      'invalid_poi_hash',
      { poi: proofOf(6n, 9n) },
    ],
    [
      'close_solo: proof of one account only',
      'wrong_channel_peers',
      'wrong_channel_peers',
      { poi: proofOf(10n, 5n, alice) },
    ],
  ];
  for (const [name, without, with_, given] of withAndWithout) {
    it(`${name}, with and without payload`, () => {
      expect(new World().solo('ChannelCloseSoloTx', given)).toBe(without);
      const world = new World();
      const payload = world.payload(2n, hashOf(10n, 5n));
      expect(world.solo('ChannelCloseSoloTx', { payload, ...given })).toBe(with_);
    });
  }
  it('close_solo_already_closing', () => {
    const world = closingWorld();
    expect(world.solo('ChannelCloseSoloTx')).toBe('channel_not_active');
    const payload = world.payload(2n, hashOf(10n, 5n));
    expect(world.solo('ChannelCloseSoloTx', { payload })).toBe('channel_not_active');
  });
});

describe('payloads of close_solo, slash and snapshot', () => {
  const closing = { close_solo: new World(), slash: closingWorld(), snapshot: new World() };
  const runs = {
    close_solo: (world: World, given: Solo) => world.solo('ChannelCloseSoloTx', given),
    slash: (world: World, given: Solo) => world.solo('ChannelSlashTx', given),
    snapshot: (world: World, given: Solo) => world.snapshot(given),
  };
  const hash = hashOf(7n, 8n);
  const bad: [{ [kind in keyof typeof runs]: string }, string, (world: World) => Solo][] = [
    [
      {
        close_solo: 'close_solo_payload_from_another_channel',
        slash: 'slash_payload_from_another_channel',
        snapshot: 'snapshot_payload_from_another_channel',
      },
      'bad_state_channel_pubkey',
      (world) => ({
        payload: world.payload(2n, hash, { id: noChannel }),
      }),
    ],
    [
      {
        close_solo: 'close_solo_payload_not_co_signed',
        slash: 'slash_payload_not_co_signed',
        snapshot: 'snapshot_payload_not_co_signed',
      },
      'signature_check_failed',
      (world) => ({ payload: world.payload(2n, hash, { by: [bob] }) }),
    ],
    [
      {
        close_solo: 'close_solo: payload signed by a third one',
        slash: 'slash: payload signed by a third one',
        snapshot: 'snapshot: payload signed by a third one',
      },
      'signature_check_failed',
      (world) => ({
        payload: world.payload(2n, hash, { by: [alice, carol] }),
      }),
    ],
    [
      {
        close_solo: 'close_solo_older_payload',
        slash: 'slash_older_payload',
        snapshot: 'snapshot_old_payload',
      },
      'old_round',
      (world) => ({ payload: world.payload(0n, hash) }),
    ],
    [
      {
        close_solo: 'close_solo_can_not_replace_create',
        slash: 'slash_can_not_replace_create',
        snapshot: 'snapshot_can_not_replace_create',
      },
      'same_round',
      (world) => ({ payload: world.payload(1n, hash) }),
    ],
    [
      {
        close_solo: 'close_solo: payload that is no transaction',
        slash: 'slash: payload that is no transaction',
        snapshot: 'snapshot: payload that is no transaction',
      },
      'invalid_at_protocol',
      () => ({ payload: new Uint8Array([1, 2, 3]) }),
    ],
  ];
  for (const kind of ['close_solo', 'slash', 'snapshot'] as const) {
    for (const [names, outcome, given] of bad) {
      it(names[kind], () => {
        const world = closing[kind];
        const before = world.channel;
        expect(runs[kind](world, { poi: proofOf(7n, 8n), ...given(world) })).toBe(outcome);
        expect(world.channel).toBe(before);
      });
    }
  }
  it.each([
    ['close_solo_wrong_amounts', 'close_solo'],
    ['slash_wrong_amounts', 'slash'],
  ] as const)('%s', (_name, kind) => {
    const given = { payload: closing[kind].payload(2n, hashOf(9n, 9n)), poi: proofOf(9n, 9n) };
    expect(runs[kind](closing[kind], given)).toBe('poi_amounts_change_channel_funds');
  });
  it('close_solo_wrong_amounts, without payload', () => {
    const world = new World(false);
    expect(world.create({ stateHash: hashOf(9n, 9n) })).toBe('ok');
    expect(world.solo('ChannelCloseSoloTx', { poi: proofOf(9n, 9n) })).toBe(
      'poi_amounts_change_channel_funds',
    );
  });
});

describe('slash', () => {
  const slashed = (world: World, given: Solo = {}) =>
    world.solo('ChannelSlashTx', {
      by: alice,
      payload: world.payload(5n, hashOf(7n, 8n)),
      poi: proofOf(7n, 8n),
      ...given,
    });
  it('slash: the timer restarts on the newer state', () => {
    const world = closingWorld();
    expect(slashed(world)).toBe('ok');
    expect(world.channel).toMatchObject({ round: 5n, lockedUntil: 113n, initiatorAmount: 7n * ae });
  });
  it('slash_after_lock_timer', () => {
    const world = closingWorld();
    world.height = 150;
    expect(slashed(world)).toBe('ok');
    expect(world.channel?.lockedUntil).toBe(160n);
  });
  it('slash_by_delegate pays the fee from its own account', () => {
    const world = closingWorld();
    const before = { alice: world.balance(alice), delegate: world.balance(delegate) };
    expect(slashed(world, { by: delegate })).toBe('ok');
    expect(world.balance(alice)).toBe(before.alice);
    expect(world.balance(delegate)).toBeLessThan(before.delegate);
  });
  it('slash_not_closing', () => expect(slashed(new World())).toBe('channel_not_closing'));
  const cases: [string, string, Solo][] = [
    ['slash_unknown_from', 'account_not_found', { by: nobody }],
    ['slash_not_participant', 'account_not_peer_or_delegate', { by: carol }],
    ['slash_wrong_nonce', 'tx_nonce_too_high_for_account', { nonce: 9n }],
    ['slash_invalid_state_hash', 'invalid_poi_hash', { poi: proofOf(8n, 7n) }],
    ['slash_no_payload', 'slash_must_have_payload', { payload: new Uint8Array() }],
    ['slash_missing_channel', 'channel_does_not_exist', { id: noChannel }],
  ];
  for (const [name, outcome, given] of cases)
    it(name, () => expect(slashed(closingWorld(), given)).toBe(outcome));
});

describe('settle', () => {
  const due = () => {
    const world = closingWorld();
    world.height = 110;
    return world;
  };
  it('settle: both are paid what was stored, the fee by the poster', () => {
    const world = due();
    const before = { alice: world.balance(alice), bob: world.balance(bob) };
    expect(world.settle()).toBe('ok');
    expect(world.balance(alice)).toBe(before.alice + 10n * ae);
    expect(world.balance(bob)).toBeLessThan(before.bob + 5n * ae);
    expect(world.channel).toBeUndefined();
  });
  it('settle_not_closing', () => expect(new World().settle()).toBe('channel_not_closed'));
  it('settle_not_yet_closable', () => {
    const world = due();
    world.height = 109;
    expect(world.settle()).toBe('channel_not_closed');
  });
  const cases: [string, string, (world: World) => string][] = [
    ['settle_wrong_amounts', 'wrong_amt', (world) => world.settle({ a: 9n * ae, b: 6n * ae })],
    [
      'settle_wrong_amounts (more than there is)',
      'insufficient_channel_funds',
      (world) => world.settle({ b: 6n * ae }),
    ],
    ['settle_wrong_nonce', 'tx_nonce_too_high_for_account', (world) => world.settle({ nonce: 9n })],
    ['settle_missing_channel', 'channel_does_not_exist', (world) => world.settle({ id: noChannel })],
    ['settle_not_participant', 'account_not_peer', (world) => world.settle({ by: carol })],
    ['settle_delegate_not_allowed', 'account_not_peer', (world) => world.settle({ by: delegate })],
  ];
  for (const [name, outcome, run] of cases) it(name, () => expect(run(due())).toBe(outcome));
});

describe('snapshot_solo', () => {
  it('snapshot_solo: the co-signed state becomes that of the chain', () => {
    const world = new World();
    expect(world.snapshot()).toBe('ok');
    expect(world.channel).toMatchObject({
      round: 2n,
      soloRound: 0n,
      stateHash: hashOf(7n, 8n),
      lockedUntil: 0n,
    });
    expect(world.solo('ChannelCloseSoloTx', { poi: proofOf(7n, 8n) })).toBe('ok');
  });
  it('snapshot_closing_channel', () => expect(closingWorld().snapshot()).toBe('channel_not_active'));
  it('snapshot_closed_channel', () => {
    const world = new World();
    world.closeMutual();
    expect(world.snapshot()).toBe('channel_does_not_exist');
  });
  it('snapshot_missing_channel', () =>
    expect(new World().snapshot({ id: noChannel })).toBe('channel_does_not_exist'));
  it('snapshot_old_payload', () => {
    const world = new World();
    world.snapshot();
    expect(world.snapshot()).toBe('same_round');
  });
  it('snapshot without payload', () =>
    expect(new World().snapshot({ payload: new Uint8Array() })).toBe('snapshot_must_have_payload'));
  it('snapshot_not_participant', () =>
    expect(new World().snapshot({ by: carol })).toBe('account_not_peer_or_delegate'));
  it('snapshot_delegate_sometimes_allowed', () => expect(new World().snapshot({ by: delegate })).toBe('ok'));
});

describe('set_delegates', () => {
  it('set_delegates: the new delegate may slash, the old one no more', () => {
    const world = new World();
    expect(world.delegates()).toBe('ok');
    expect(world.solo('ChannelCloseSoloTx')).toBe('ok');
    const payload = world.payload(5n, hashOf(7n, 8n));
    const slash = { payload, poi: proofOf(7n, 8n) };
    expect(world.channel?.initiatorDelegates).toEqual([carol.publicKey]);
    expect(world.solo('ChannelSlashTx', { ...slash, by: nobody })).toBe('account_not_found');
    expect(world.solo('ChannelSlashTx', { ...slash, by: carol })).toBe('ok');
  });
  it('set_delegates with payload brings the chain to its state', () => {
    const world = new World();
    const hash = hashOf(7n, 8n);
    expect(world.delegates({ payload: world.payload(4n, hash), hash, round: 4n })).toBe('ok');
    expect(world.channel).toMatchObject({
      round: 4n,
      stateHash: hash,
      responderDelegates: [delegate.publicKey],
    });
  });
  const cases: [string, string, (world: World) => string][] = [
    [
      'set_delegates_state_hash_mismatch',
      'unexpected_state_hash',
      (world) => world.delegates({ hash: hashOf(7n, 8n) }),
    ],
    ['set_delegates_round_mismatch', 'unexpected_round', (world) => world.delegates({ round: 2n })],
    ['set_delegates_wrong_nonce', 'tx_nonce_too_high_for_account', (world) => world.delegates({ nonce: 9n })],
    ['set_delegates_unknown_from', 'account_not_found', (world) => world.delegates({ by: nobody })],
    [
      'set_delegates_missing_channel',
      'signature_check_failed',
      (world) => world.delegates({ id: noChannel }),
    ],
    [
      'set_delegates_payload_from_another_channel',
      'bad_state_channel_pubkey',
      (world) =>
        world.delegates({ payload: world.payload(2n, hashOf(10n, 5n), { id: noChannel }), round: 2n }),
    ],
    [
      'set_delegates_can_not_replace_create',
      'same_round',
      (world) => world.delegates({ payload: world.payload(1n, hashOf(10n, 5n)) }),
    ],
    ['set_delegates_delegate_not_allowed', 'account_not_peer', (world) => world.delegates({ by: delegate })],
    ['set_delegates_not_participant', 'account_not_peer', (world) => world.delegates({ by: carol })],
    [
      'set_delegates_old_payload',
      'old_round',
      (world) => world.delegates({ payload: world.payload(0n, hashOf(10n, 5n)), round: 0n }),
    ],
    [
      'set_delegates_payload_not_co_signed',
      'signature_check_failed',
      (world) => world.delegates({ payload: world.payload(2n, hashOf(10n, 5n), { by: [bob] }), round: 2n }),
    ],
  ];
  for (const [name, outcome, run] of cases) it(name, () => expect(run(new World())).toBe(outcome));
  it('set_delegates_already_closing', () => expect(closingWorld().delegates()).toBe('channel_not_active'));
});
