/** The chain's cases of force progress, by the names of its own suite, and how coins in contracts end. */
import { describe, expect, it } from 'vitest';
import { lockedCoinsAccount } from '../../../devnet/rules/state.ts';
import { decodeTransaction } from '../../../devnet/transaction.ts';
import { fromHex } from '../../../src/protocol/bytes.ts';
import { GAS_PRICE_MIN, minFee } from '../../../src/protocol/chain/fee.ts';
import { signedTx, txHash } from '../../../src/protocol/chain/signed.ts';
import { serializeTx } from '../../../src/protocol/chain/tx.ts';
import { serializeEntry } from '../../../src/protocol/state/entries.ts';
import { balanceOf, stateHash, type Trees } from '../../../src/protocol/state/trees.ts';
import { ae, alice, bob, carol } from '../support.ts';
import { readVectors } from '../vectors.ts';
import { ContractWorld, counter, escrow, opcodeProgram } from './contract-world.ts';
import { delegate, hashOf } from './world.ts';

/** Alice has forced round 3 and, from what the chain has then, 4 and 5. */
function forcedThrice(): { world: ContractWorld; states: Trees[] } {
  const world = new ContractWorld();
  const states: Trees[] = [];
  let { outcome, trees } = world.force();
  for (const round of [3n, 4n]) {
    expect(outcome).toBe('ok');
    states.push(trees);
    ({ outcome, trees } = world.force({ trees, round, onChain: true }));
  }
  expect(outcome).toBe('ok');
  world.expectForced(5n, 3n, trees);
  return { world, states: [...states, trees] };
}

describe('the base of a forced round', () => {
  it('fp_after_create', () => {
    const world = new ContractWorld();
    for (const by of [alice, bob]) {
      const other = new ContractWorld();
      const { outcome, trees } = other.force({ by });
      expect(outcome).toBe('ok');
      other.expectForced(3n, 3n, trees);
    }
    expect(world.channel).toMatchObject({ round: 1n, soloRound: 0n });
  });
  it.each([
    ['fp_after_deposit', 'ChannelDepositTx'],
    ['fp_after_withdrawal', 'ChannelWithdrawTx'],
  ] as const)('%s', (_name, type) => {
    const world = new ContractWorld();
    const base = world.moved(world.start, type === 'ChannelDepositTx' ? 12n : 8n, 5n);
    expect(world.moveTo(type, base, 6n)).toBe('ok');
    const { outcome, trees } = world.force({ trees: base, round: 6n, onChain: true });
    expect(outcome).toBe('ok');
    world.expectForced(7n, 7n, trees);
    const later = world.moved(trees, 9n, 4n);
    expect(world.force({ trees: later, round: 9n }).outcome).toBe('ok');
  });
  it('fp_after_snapshot', () => {
    const world = new ContractWorld();
    expect(world.snapshotOf(world.start, 2n)).toBe('ok');
    const { outcome, trees } = world.force({ onChain: true });
    expect(outcome).toBe('ok');
    world.expectForced(3n, 3n, trees);
    expect(world.channel?.lockedUntil).toBe(0n);
  });
  it('fp_after_solo_close', () => {
    const world = new ContractWorld();
    expect(world.soloWith('ChannelCloseSoloTx', world.start, 2n)).toBe('ok');
    world.height = 105;
    const { outcome, trees } = world.force({ onChain: true });
    expect(outcome).toBe('ok');
    world.expectForced(3n, 3n, trees);
    expect(world.channel?.lockedUntil).toBe(115n);
  });
  it('fp_after_slash', () => {
    const world = new ContractWorld(escrow);
    const fund = { ...escrow.call('fund()'), amount: ae, caller: alice.publicKey };
    expect(world.soloWith('ChannelCloseSoloTx', world.start, 2n)).toBe('ok');
    const newer = world.moved(world.start, 7n, 8n);
    expect(world.soloWith('ChannelSlashTx', newer, 8n, alice)).toBe('ok');
    const { outcome, trees } = world.force({ trees: newer, round: 8n, onChain: true, update: fund });
    expect(outcome).toBe('ok');
    world.expectForced(9n, 9n, trees);
    expect(world.channel).toMatchObject({ initiatorAmount: 6n * ae, responderAmount: 8n * ae });
  });
  it('fp_on_top_of_fp', () => {
    forcedThrice();
  });
  it('fp_after_fp_missing_rounds', () => {
    const world = new ContractWorld();
    expect(world.force().outcome).toBe('ok');
    const later = world.moved(world.start, 6n, 9n);
    const { outcome, trees } = world.force({ trees: later, round: 20n });
    expect(outcome).toBe('ok');
    world.expectForced(21n, 21n, trees);
  });
});

describe('what both signed beats what one forced', () => {
  it('fp_is_replaced_by_same_round_deposit', () => {
    const world = new ContractWorld();
    expect(world.force().outcome).toBe('ok');
    const agreed = world.moved(world.start, 12n, 5n);
    expect(world.moveTo('ChannelDepositTx', agreed, 2n)).toBe('same_round');
    expect(world.moveTo('ChannelDepositTx', agreed, 3n)).toBe('ok');
    world.expectMutual(3n, agreed);
  });
  it('fp_is_replaced_by_same_round_withdrawal', () => {
    const world = new ContractWorld();
    expect(world.force().outcome).toBe('ok');
    const agreed = world.moved(world.start, 8n, 5n);
    expect(world.moveTo('ChannelWithdrawTx', agreed, 3n)).toBe('ok');
    world.expectMutual(3n, agreed);
  });
  it('fp_is_replaced_by_same_round_snapshot', () => {
    const world = new ContractWorld();
    expect(world.force().outcome).toBe('ok');
    const agreed = world.moved(world.start, 8n, 7n);
    expect(world.snapshotOf(agreed, 3n)).toBe('ok');
    world.expectMutual(3n, agreed);
  });
  it('fp_chain_is_replaced_by_snapshot', () => {
    const { world } = forcedThrice();
    const agreed = world.moved(world.start, 8n, 7n);
    expect(world.snapshotOf(agreed, 2n)).toBe('same_round');
    expect(world.snapshotOf(agreed, 3n)).toBe('ok');
    world.expectMutual(3n, agreed);
  });
  it('fp_chain_is_replaced_by_deposit', () => {
    const { world } = forcedThrice();
    const agreed = world.moved(world.start, 12n, 5n);
    expect(world.moveTo('ChannelDepositTx', agreed, 3n)).toBe('ok');
    world.expectMutual(3n, agreed);
  });
  it('fp_chain_is_replaced_by_withdrawal', () => {
    const { world } = forcedThrice();
    const agreed = world.moved(world.start, 8n, 5n);
    expect(world.moveTo('ChannelWithdrawTx', agreed, 3n)).toBe('ok');
    world.expectMutual(3n, agreed);
  });
  it('fp_chain_is_replaced_by_slash', () => {
    const { world, states } = forcedThrice();
    expect(world.soloWith('ChannelCloseSoloTx', states[2]!, null)).toBe('ok');
    expect(world.channel).toMatchObject({ round: 5n, soloRound: 3n });
    expect(world.force({ trees: states[2]!, round: 5n, onChain: true }).outcome).toBe('ok');
    const agreed = world.moved(world.start, 4n, 11n);
    expect(world.soloWith('ChannelSlashTx', agreed, 3n)).toBe('ok');
    world.expectMutual(3n, agreed);
    expect(world.channel).toMatchObject({ initiatorAmount: 4n * ae, responderAmount: 11n * ae });
  });
  it.each([
    [0, 'same_round'],
    [1_000_000, 'ok'],
  ])('fp_close_solo_slash_with_same_round: solo_round is reset from height %i on: %s', (reset, outcome) => {
    const world = new ContractWorld();
    world.soloRoundResetHeight = reset;
    expect(world.force().outcome).toBe('ok');
    const agreed = world.moved(world.start, 8n, 7n);
    expect(world.soloWith('ChannelCloseSoloTx', agreed, 3n)).toBe('ok');
    expect(world.soloWith('ChannelSlashTx', agreed, 3n)).toBe(outcome);
  });
  it.each([
    [0, 'same_round'],
    [1_000_000, 'ok'],
  ])('fp_fp_close_solo_with_same_round: solo_round is reset from height %i on: %s', (reset, outcome) => {
    const world = new ContractWorld();
    world.soloRoundResetHeight = reset;
    expect(world.force().outcome).toBe('ok');
    const agreed = world.moved(world.start, 8n, 7n);
    expect(world.force({ trees: agreed, round: 13n }).outcome).toBe('ok');
    expect(world.soloWith('ChannelCloseSoloTx', agreed, 13n)).toBe(outcome);
  });
});

describe('the chain takes fee and gas, and the channel stays', () => {
  /** Forces, and checks what was paid and that the receipt is there. */
  function paidForNothing(world: ContractWorld, given: Parameters<ContractWorld['force']>[0]): void {
    const before = { channel: world.channel, balance: world.balance(alice) };
    const { outcome, built } = world.force(given);
    expect(outcome).toBe('ok');
    expect(world.channel).toBe(before.channel);
    const fee = minFee({ ...built.tx, ...given?.change });
    expect(before.balance - world.balance(alice)).toBe(fee + built.call.gasUsed * GAS_PRICE_MIN);
  }
  it('fp_solo_payload_invalid_state_hash', () =>
    paidForNothing(new ContractWorld(), { change: { stateHash: hashOf(1n, 14n) } }));
  it('fp_solo_payload_closing_overflowing_balances', () => {
    const world = new ContractWorld();
    expect(world.soloWith('ChannelCloseSoloTx', world.start, 2n)).toBe('ok');
    paidForNothing(world, { trees: world.moved(world.start, 100n, 5n), round: 8n });
  });
});

describe('forced all the same', () => {
  it('fp_solo_payload_overflowing_balances', () => {
    const world = new ContractWorld();
    const { outcome, trees } = world.force({ trees: world.moved(world.start, 100n, 5n), round: 8n });
    expect(outcome).toBe('ok');
    world.expectForced(9n, 9n, trees);
    expect(world.soloWith('ChannelCloseSoloTx', trees, null)).toBe('poi_amounts_change_channel_funds');
  });
  it('fp_solo_payload_broken_call', () => {
    for (const callData of ['', '0xABCD', '*'.repeat(42)]) {
      const world = new ContractWorld();
      const update = { ...world.inc(), callData: new TextEncoder().encode(callData) };
      const { outcome, trees, built } = world.force({ update });
      expect(outcome).toBe('ok');
      expect(built.outcome).toBe('error');
      expect(built.call.gasUsed).toBe(update.gas);
      expect(new TextDecoder().decode(built.call.returnValue)).toBe('bad_call_data');
      world.expectForced(3n, 3n, trees);
    }
  });
  const oracles = opcodeProgram('oracles_aens');
  it.each([
    ['fp_register_name', 'main apre()', 'AENS_PRECLAIM'],
    ['fp_register_oracle', 'main oreg()', 'ORACLE_REGISTER'],
    ['fp_oracle_query', 'main oquery()', 'ORACLE_QUERY'],
    ['fp_oracle_extend', 'main oext()', 'ORACLE_EXTEND'],
    ['fp_oracle_respond', 'main oresp()', 'ORACLE_RESPOND'],
  ])('%s: the call fails and uses all its gas', (_name, text, instruction) => {
    const world = new ContractWorld(oracles);
    const update = { ...oracles.call(text.split(' ')[1]!), caller: alice.publicKey };
    const { outcome, built } = world.force({ update });
    expect(outcome).toBe('ok');
    expect(new TextDecoder().decode(built.call.returnValue)).toBe(
      `Operation '${instruction}' not allowed off chain`,
    );
    expect(built.call.gasUsed).toBe(update.gas);
  });
});

describe('refused', () => {
  it('fp_payload_older_payload', () => {
    const world = new ContractWorld();
    expect(world.snapshotOf(world.moved(world.start, 8n, 7n), 10n)).toBe('ok');
    expect(world.force({ round: 9n }).outcome).toBe('old_round');
    expect(world.force({ round: 10n }).outcome).toBe('same_round');
    expect(world.force().outcome).toBe('old_round');
  });
  it('fp_payload_older_payload: older than what was forced, though not than what both signed', () => {
    const { world } = forcedThrice();
    expect(world.force({ trees: world.moved(world.start, 8n, 7n), round: 4n }).outcome).toBe('old_round');
  });
  it('fp_solo_payload_wrong_round', () => {
    for (const round of [2n, 4n])
      expect(new ContractWorld().force({ change: { round } }).outcome).toBe('wrong_round');
  });
  it('fp_solo_payload_not_call_update', () => {
    const own = { from: alice.publicKey, amount: 10n } as const;
    for (const update of [
      { type: 'transfer' as const, ...own, to: bob.publicKey },
      { type: 'deposit' as const, ...own },
      { type: 'withdraw' as const, to: alice.publicKey, amount: 10n },
      counter.create,
    ])
      expect(new ContractWorld().force({ change: { update: serializeEntry(update) } }).outcome).toBe(
        'update_not_call',
      );
  });
  it('fp_insufficent_tokens', () => {
    const world = new ContractWorld();
    const update = { ...world.inc(), gas: 2_000_000n, gasPrice: 10n ** 15n };
    expect(world.force({ update }).outcome).toBe('insufficient_funds');
  });
  it('fp_insufficent_gas_price', () => {
    const world = new ContractWorld();
    const update = serializeEntry({ ...world.inc(), gasPrice: 999_999n });
    expect(world.force({ change: { update } }).outcome).toBe('too_low_gas_price');
  });
  it('fp_settle_too_soon', () => {
    const world = new ContractWorld();
    expect(world.soloWith('ChannelCloseSoloTx', world.start, 2n)).toBe('ok');
    world.height = 109;
    expect(world.force({ onChain: true }).outcome).toBe('ok');
    world.height = 110;
    expect(world.settle()).toBe('channel_not_closed');
    world.height = 119;
    expect(world.settle()).toBe('ok');
  });
  it('fp_from_delegate_after_iris', () => {
    const world = new ContractWorld();
    expect(world.soloWith('ChannelCloseSoloTx', world.start, 2n)).toBe('ok');
    const before = { alice: world.balance(alice), delegate: world.balance(delegate) };
    expect(world.force({ by: delegate, caller: bob, onChain: true }).outcome).toBe('not_caller_or_delegate');
    expect(world.force({ by: carol, caller: alice, onChain: true }).outcome).toBe('not_caller_or_delegate');
    const { outcome, trees } = world.force({ by: delegate, caller: alice, onChain: true });
    expect(outcome).toBe('ok');
    world.expectForced(3n, 3n, trees);
    expect(world.balance(alice)).toBe(before.alice);
    expect(world.balance(delegate)).toBeLessThan(before.delegate);
  });
  it('fp_from_delegate_after_iris_not_closing', () =>
    expect(new ContractWorld().force({ by: delegate, caller: alice }).outcome).toBe('channel_not_closing'));
  it('fp_not_participant', () => {
    expect(new ContractWorld().force({ by: carol, caller: alice }).outcome).toBe(
      'account_not_peer_or_delegate',
    );
    const world = new ContractWorld();
    expect(world.snapshotOf(world.start, 2n)).toBe('ok');
    const update = serializeEntry(world.inc(carol));
    expect(world.force({ by: carol, caller: alice, onChain: true, change: { update } }).outcome).toBe(
      'account_not_peer',
    );
  });
  it('fp_payload_from_another_channel', () => {
    const world = new ContractWorld();
    const payload = world.payload(2n, stateHash(world.start), { id: hashOf(1n, 1n) });
    expect(world.force({ payload }).outcome).toBe('bad_state_channel_pubkey');
  });
  it('fp_payload_not_co_signed', () => {
    const world = new ContractWorld();
    const payload = world.payload(2n, stateHash(world.start), { by: [alice] });
    expect(world.force({ payload }).outcome).toBe('signature_check_failed');
  });
  it('fp_missing_channel', () =>
    expect(new ContractWorld().force({ change: { channelId: hashOf(1n, 1n) } }).outcome).toBe(
      'channel_does_not_exist',
    ));
  it('fp_can_not_replace_create', () => {
    const world = new ContractWorld();
    expect(world.force({ round: 1n }).outcome).toBe('same_round');
  });
  it('fp_closed_channel', () => {
    const world = new ContractWorld();
    expect(world.closeMutual()).toBe('ok');
    expect(world.force().outcome).toBe('channel_does_not_exist');
  });
  it('a call that sends more than its caller has, which the chain fails to run', () => {
    const world = new ContractWorld(escrow);
    const fund = { ...escrow.call('fund()'), caller: alice.publicKey };
    expect(() => world.build({ update: { ...fund, amount: 10n * ae } })).toThrow(/below the reserve/);
    const update = serializeEntry({ ...fund, amount: 10n * ae });
    expect(world.force({ update: fund, change: { update } }).outcome).toBe('crash: off_chain_update_error');
  });
  it('trees or an update that cannot be read are no transaction', () => {
    const { tx } = new ContractWorld().build();
    for (const change of [{ offChainTrees: Uint8Array.of(1, 2) }, { update: Uint8Array.of(0xc0) }]) {
      const unsigned = serializeTx({ ...tx, fee: 10n ** 15n, ...change });
      expect(() => decodeTransaction(signedTx(unsigned, []))).toThrow(/not a serialized/);
    }
  });
  it('reject_old_offchain_tx_vsn', () => {
    const { txs } = readVectors<{ txs: { name: string; signed_hex: string }[] }>('tx_serializations.json');
    const payload = fromHex(txs.find(({ name }) => name === 'offchain_tx_v1_pre_fortuna')!.signed_hex);
    const world = new ContractWorld();
    expect(world.force({ payload }).outcome).toBe('invalid_at_protocol');
    expect(world.snapshot({ payload })).toBe('invalid_at_protocol');
    expect(world.soloWith('ChannelCloseSoloTx', world.start, 2n)).toBe('ok');
    expect(world.solo('ChannelSlashTx', { payload, poi: world.proof(world.start) })).toBe(
      'invalid_at_protocol',
    );
  });
});

describe('coins in a contract', () => {
  const funded = () => {
    const world = new ContractWorld(escrow);
    const fund = { ...escrow.call('fund()'), amount: 3n * ae, caller: alice.publicKey };
    const { trees } = world.build({ update: fund });
    return { world, trees };
  };
  it('are locked for ever where the channel is settled without them, the proof of both accounts suffices', () => {
    const { world, trees } = funded();
    expect(world.soloWith('ChannelCloseSoloTx', trees, 3n)).toBe('ok');
    world.height = 120;
    expect(world.settle({ a: 7n * ae, b: 5n * ae })).toBe('ok');
    expect(world.balance({ publicKey: lockedCoinsAccount })).toBe(3n * ae);
  });
  it('come back to the parties by a call that is forced while the channel closes', () => {
    const { world, trees } = funded();
    expect(world.soloWith('ChannelCloseSoloTx', trees, 3n)).toBe('ok');
    const text = `release(ak_yusDHyWLdAY5eo5okvwqumrmZ2McYwsbFzVV8vpQBU2sfhUur, 4000000000000000000)`;
    const release = escrow.call(text);
    const byAlice = { ...release, caller: alice.publicKey };
    const failed = world.force({ trees, round: 3n, onChain: true, update: byAlice });
    expect(failed.outcome).toBe('ok');
    expect(failed.built.outcome).toBe('revert');
    expect(world.channel).toMatchObject({ round: 4n, initiatorAmount: 7n * ae });
    const more = { ...escrow.call('fund()'), amount: ae, caller: alice.publicKey };
    const topped = world.force({ trees: failed.trees, round: 4n, onChain: true, update: more });
    expect(topped.outcome).toBe('ok');
    const released = world.force({
      by: bob,
      trees: topped.trees,
      round: 5n,
      onChain: true,
      update: { ...release, caller: bob.publicKey },
    });
    expect(released.built.outcome).toBe('ok');
    expect(world.channel).toMatchObject({ round: 6n, soloRound: 4n, responderAmount: 9n * ae });
    world.height = 120;
    const [a, b] = [alice, bob].map(({ publicKey }) => balanceOf(released.trees, publicKey)!) as [
      bigint,
      bigint,
    ];
    expect(world.settle({ a, b })).toBe('ok');
    expect(world.balance({ publicKey: lockedCoinsAccount })).toBe(0n);
  });
});

it('the receipt is found by the hash of the transaction', () => {
  const world = new ContractWorld();
  const { outcome } = world.force();
  expect(outcome).toBe('ok');
  expect(world.last && world.state.call(txHash(world.last))).toMatchObject({ height: 3n, returnType: 0n });
});
