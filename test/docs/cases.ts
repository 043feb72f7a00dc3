/**
 * The cases of the chain's own test suites, once each (its transactions, its channel machine, its chain watcher), and
 * those that are in no suite: where each is tested here, under which title where it is another, or why it cannot apply.
 */
export type Case =
  /** Tested under its own name. */
  | { name: string; in: string }
  /** Tested under another title. */
  | { name: string; in: string; as: string }
  /** It cannot apply here. */
  | { name: string; not: string };

const rules = 'test/devnet/cases/rules.test.ts';
const forced = 'test/devnet/cases/force-progress.test.ts';
const races = 'test/channel/cases/races.test.ts';
const cheating = 'test/channel/cases/cheating-peer.test.ts';
const move = 'test/channel/move.test.ts';
const update = 'test/channel/update.test.ts';
const establish = 'test/channel/establish.test.ts';
const reestablish = 'test/channel/reestablish.test.ts';
const offline = 'test/channel/cases/offline.test.ts';
const contracts = 'test/channel/contracts.test.ts';
const failed = 'test/channel/cases/failed-onchain.test.ts';
const forcing = 'test/channel/cases/force-progress.test.ts';
const liveness = 'test/channel/liveness.test.ts';
const faults = 'test/channel/matrix/faults.test.ts';
const dispute = 'test/engine/dispute.test.ts';
const engine = 'test/engine/engine.test.ts';
const matrix = 'test/channel/crash-matrix.test.ts';

const each = (file: string, prefix: string, names: string): Case[] =>
  names.split(' ').map((name) => ({ name: prefix + name, in: file }));
const not = (why: string, names: string): Case[] => names.split(' ').map((name) => ({ name, not: why }));
const as = (name: string, file: string, title: string): Case => ({ name, in: file, as: title });

const noWebSocket = 'of the node’s WebSocket service, which a wallet in a browser has not';

export const cases: readonly Case[] = [
  // ---- the chain's transactions
  { name: 'create', in: rules },
  ...each(
    rules,
    'create_',
    'missing_account same_account insufficient_funds insufficient_funds_reserve exsisting',
  ),
  as('create_wrong_nonce', rules, 'create_wrong_nonce (too high)'),
  as('close_mutual', rules, 'close_mutual: fee split, funds paid, the rest locked'),
  ...each(rules, 'close_mutual_', 'wrong_amounts wrong_nonce missing_channel already_closing'),
  as('close_solo', rules, 'close_solo: without payload the lock starts on the state of the chain'),
  ...each(
    rules,
    'close_solo_',
    'unknown_from wrong_amounts not_participant wrong_nonce payload_from_another_channel payload_not_co_signed invalid_state_hash older_payload can_not_replace_create missing_channel already_closing delegate_not_allowed',
  ),
  as('slash', rules, 'slash: the timer restarts on the newer state'),
  as('slash_by_delegate', rules, 'slash_by_delegate pays the fee from its own account'),
  ...each(
    rules,
    'slash_',
    'after_lock_timer not_closing unknown_from wrong_amounts not_participant wrong_nonce payload_from_another_channel payload_not_co_signed invalid_state_hash older_payload no_payload missing_channel',
  ),
  as('deposit', rules, ': amount, round and state move together'),
  as('withdraw', rules, ': amount, round and state move together'),
  ...['deposit_', 'withdraw_'].flatMap((prefix) =>
    each(
      rules,
      prefix,
      'unknown_from insufficent_funds wrong_nonce missing_channel closing closed older_round can_not_replace_create not_participant delegate_not_allowed',
    ),
  ),
  as('settle', rules, 'settle: both are paid what was stored, the fee by the poster'),
  ...each(
    rules,
    'settle_',
    'wrong_amounts wrong_nonce missing_channel not_closing not_yet_closable not_participant delegate_not_allowed',
  ),
  as('snapshot_solo', rules, 'snapshot_solo: the co-signed state becomes that of the chain'),
  ...each(
    rules,
    'snapshot_',
    'closed_channel closing_channel missing_channel payload_from_another_channel payload_not_co_signed old_payload can_not_replace_create not_participant delegate_sometimes_allowed',
  ),
  ...each(
    forced,
    'fp_',
    'after_create after_deposit after_withdrawal after_snapshot after_solo_close after_slash on_top_of_fp after_fp_missing_rounds is_replaced_by_same_round_deposit is_replaced_by_same_round_withdrawal is_replaced_by_same_round_snapshot chain_is_replaced_by_snapshot chain_is_replaced_by_deposit chain_is_replaced_by_withdrawal chain_is_replaced_by_slash solo_payload_overflowing_balances solo_payload_closing_overflowing_balances payload_older_payload solo_payload_invalid_state_hash solo_payload_wrong_round solo_payload_not_call_update solo_payload_broken_call insufficent_tokens insufficent_gas_price settle_too_soon register_name register_oracle oracle_query oracle_extend oracle_respond from_delegate_after_iris from_delegate_after_iris_not_closing',
  ),
  as(
    'fp_close_solo_slash_with_same_round',
    forced,
    'fp_close_solo_slash_with_same_round: solo_round is reset',
  ),
  as('fp_fp_close_solo_with_same_round', forced, 'fp_fp_close_solo_with_same_round: solo_round is reset'),
  { name: 'reject_old_offchain_tx_vsn', in: forced },
  as('set_delegates', rules, 'set_delegates: the new delegate may slash, the old one no more'),
  ...each(
    rules,
    'set_delegates_',
    'unknown_from missing_channel not_participant already_closing payload_from_another_channel payload_not_co_signed old_payload can_not_replace_create state_hash_mismatch round_mismatch',
  ),

  // ---- a channel's life
  as(
    'create_channel',
    engine,
    'open with a push, pay both ways, close: on-chain balances exact to the aetto',
  ),
  ...not(noWebSocket, 'multiple_responder_keys_per_port change_config_get_history'),
  as('responder_accept_timeout', liveness, 'before any signature was given, a timeout aborts'),
  as('channel_insufficent_tokens', establish, 'the initiator does not sign what its account cannot pay'),
  as('inband_msgs', liveness, 'arrives as it was sent'),
  as('upd_transfer', update, 'an update is proposed, verified, signed, committed on both sides'),
  as('deposit (machine)', move, 'created, signed, on chain, locked both ways: the new state is usable'),
  as('withdraw (machine)', move, 'created, signed, on chain, locked both ways: the new state is usable'),
  as(
    'leave_reestablish_responder_stays',
    liveness,
    'a polite goodbye: acknowledged, the connection ends, the channel stays open and goes on later',
  ),
  as(
    'leave_reestablish_close',
    engine,
    'the initiator restarts: the channel is reestablished and its requests keep their outcomes',
  ),
  as(
    'slash (machine)',
    dispute,
    'closes with an old state that suits it: answered at once by the latest, without asking',
  ),
  as(
    'channel_detects_close_solo_and_settles',
    dispute,
    'closes with the latest state: nothing to answer, both get theirs',
  ),

  // ---- races
  ...each(
    races,
    '',
    'update_with_conflict deposit_with_conflict withdraw_with_conflict upd_dep_with_conflict upd_wdraw_with_conflict dep_wdraw_with_conflict update_with_soft_reject deposit_with_signing_abort withdraw_with_signing_abort',
  ),
  as(
    'close_solo_and_conflict',
    races,
    'close_solo_and_conflict: a proposal of the peer that crosses it cannot hold it up',
  ),
  ...each(races, '', 'slash_and_conflict snapshot_and_conflict force_progress_and_conflict'),
  ...not(
    'nobody is asked whether the other side may put coins of its own in or take them out: nothing is to reject',
    'deposit_with_soft_reject withdraw_with_soft_reject',
  ),

  // ---- a cheating peer
  as('check_incorrect_create', cheating, 'check_incorrect_create: %s'),
  ...['bad signature', 'wrong channel_id', 'round too low', 'round too high', 'wrong state_hash'].map(
    (fault): Case => ({ name: `check_incorrect_update: ${fault}`, in: cheating }),
  ),
  as('check_incorrect_deposit', cheating, 'check_incorrect_deposit: %s'),
  as('check_incorrect_withdrawal', cheating, 'check_incorrect_withdrawal: %s'),
  as('check_incorrect_mutual_close', cheating, 'check_incorrect_mutual_close: bad signature'),
  { name: 'check_mutual_close_with_wrong_amounts', in: cheating },
  { name: 'check_mutual_close_after_close_solo', in: cheating },

  // ---- the chain fails
  ...each(
    failed,
    '',
    'deposit_with_failed_onchain withdraw_with_failed_onchain close_mutual_with_failed_onchain slash_with_failed_onchain settle_with_failed_onchain snapshot_with_failed_onchain force_progress_with_failed_onchain',
  ),
  as(
    'close_solo_with_failed_onchain',
    faults,
    'an old state is slashed also where an own close came too late',
  ),
  as(
    'withdraw_plain_min_depth',
    establish,
    'a node MUST NOT send funding_locked unless channel_create has minimum_depth confirmations',
  ),
  ...not(
    'minimum_depth is agreed in the opening and does not grow with fee or amount',
    'withdraw_high_amount_short_confirmation_time withdraw_low_amount_long_confirmation_time',
  ),
  as('request_unknown_bh', contracts, 'a key block of the future'),
  as('request_too_new_bh', contracts, 'a key block of the future'),
  as('request_too_old_bh', contracts, 'a key block more than 10 back'),
  as('positive_bh', contracts, 'a key block 10 back is taken'),

  // ---- offline
  as(
    'check_fsm_crash_reestablish',
    engine,
    'the responder dies in the middle of a payment, comes back, and all goes on',
  ),
  ...not(noWebSocket, 'client_reconnect_initiator client_reconnect_responder'),
  as('no_missing_tx', reestablish, 'resume'),
  ...each(
    offline,
    'missing_',
    'close_tx malicious_close snapshot_tx snapshot_and_close_tx malicious_snapshot malicious_snapshot_and_close_solo force_progress_tx couple_force_progress_tx close_tx_and_force_progress malicious_forced_progress malicious_snapshot_and_fp',
  ),

  // ---- forced progress of the machine
  ...each(
    forcing,
    'force_progress_',
    'based_on_offchain_state based_on_snapshot based_on_deposit based_on_withdrawal on_force_progress followed_by_update triggers_snapshot',
  ),
  as(
    'force_progress_triggers_slash',
    'test/channel/forced.test.ts',
    'is answered by a slash while the channel is being closed',
  ),

  // ---- the watcher, reorganisations
  ...each('test/channel/cases/forks.test.ts', '', 'innocent_fork fork_touches_but_no_change'),
  as(
    'fork_evicts_tx',
    dispute,
    'the funding is taken away and forgotten: it is posted again, and payments go on once it is back',
  ),
  ...not('the watcher keeps no cache of blocks', 'flush_cache'),

  // ---- contracts with a hash lock
  ...each(
    'test/channel/cases/htlc.test.ts',
    '',
    'alice_pays_bob alice_tries_early_refund alice_gets_refund_after_timeout bob_tries_receiving_too_late',
  ),

  // ---- in no suite
  as('kill at every point on both sides', matrix, 'killed at each of '),
  as(
    'round burned after error',
    update,
    'the prior state under a higher number, acknowledged: the refused signature is worthless',
  ),
  as(
    'error.round mismatch',
    update,
    'an update_error under the number of the refused update itself is no refusal',
  ),
  as(
    'peer acks late after my timeout',
    liveness,
    'after a signature was given, a timeout renews the connection and section 6 decides',
  ),
  { name: 'ack_for_a_round_I_abandoned', in: races },
  as('two tabs/workers, one key', 'test/store/sqlite.test.ts', 'a second process finds the file in use'),
  as(
    'restored stale backup',
    'test/backup/restore.test.ts',
    'the peer brings its channel up to date: close_solo waits for that, nothing is lost',
  ),
  as(
    'same seed on two devices',
    'test/engine/rival.test.ts',
    'the installation that is behind stops; chosen again, it goes on from the latest state and the other one stops',
  ),
  as('2^64-1 amounts', establish, '2^64-1 units are the most an amount can be'),
  { name: 'payload_65535_65536_bytes', in: 'test/engine/payload.test.ts' },
  as(
    'truncated, oversized, trailing frames for each code',
    'test/wire/malformed.test.ts',
    'the error names the field that is cut',
  ),
  as(
    'unknown codes',
    'test/wire/layout.test.ts',
    'every code outside the table is unknown, 13 and 17 too, and the error names it',
  ),
  as('channel id of another channel', cheating, 'check_incorrect_update: wrong channel_id'),
  { name: 'nonce_stolen_by_an_ordinary_spend', in: failed },
];
