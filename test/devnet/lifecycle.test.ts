/** The rules agree with the real node at every step of its recorded scenarios. */
import { describe, expect, it } from 'vitest';
import { channelJson } from '../../devnet/api/state.ts';
import { toJson } from '../../devnet/json.ts';
import { applyTransaction } from '../../devnet/rules/index.ts';
import { Refusal } from '../../devnet/rules/refusal.ts';
import { type Account, lockedCoinsAccount, State } from '../../devnet/rules/state.ts';
import { decodeTransaction } from '../../devnet/transaction.ts';
import { fromHex, toHex } from '../../src/protocol/bytes.ts';
import { txHash } from '../../src/protocol/chain/signed.ts';
import { callId, serializeCall } from '../../src/protocol/vm/index.ts';
import { blockAt } from './support.ts';
import { keys, readVectors, type Scenario, type ScenarioFile, type StepVector } from './vectors.ts';

const pubkeys = new Map(keys.map(({ seed_byte, pubkey_hex }) => [seed_byte, pubkey_hex]));
const lifecycle = readVectors<ScenarioFile>('channel_lifecycle.json');
const random = readVectors<ScenarioFile>('random_lifecycle.json');
const isForceProgress = ({ type }: StepVector) => type === 'channel_force_progress_tx';

function initialState({ initial_accounts }: Scenario): State {
  const state = new State();
  const accounts = initial_accounts.map(({ seed_byte, balance, nonce }): [string, Account] => [
    pubkeys.get(seed_byte)!,
    { balance: BigInt(balance), nonce: BigInt(nonce) },
  ]);
  state.apply({ accounts: new Map(accounts), channels: new Map(), calls: new Map() });
  return state;
}

/** What the vectors write as the channel: the API's shape, numbers as the JSON of the file has them. */
function shownChannel(state: State, idHex: string) {
  const channel = state.channel(fromHex(idHex));
  return channel ? JSON.parse(toJson(channelJson(channel), true)) : null;
}

function stringified(value: unknown): unknown {
  if (typeof value === 'number') return String(value);
  if (Array.isArray(value)) return value.map(stringified);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, stringified(item)]));
  }
  return value;
}

function runStep(state: State, step: StepVector, networkId: string): string {
  const env = blockAt(step.height, { networkId, soloRoundResetHeight: 168_300 });
  try {
    state.apply(applyTransaction(state, decodeTransaction(fromHex(step.signed_tx_hex)), env));
    return 'ok';
  } catch (error) {
    if (error instanceof Refusal) return error.reason;
    throw error;
  }
}

function replay(scenario: Scenario, networkId: string): void {
  const state = initialState(scenario);
  for (const [index, step] of scenario.steps.entries()) {
    const name = `${index} ${step.step} at ${step.height}`;
    const outcome = runStep(state, step, networkId);
    expect(outcome, name).toBe(step.result === 'ok' ? 'ok' : step.reason);
    if (step.result === 'ok') expectRecorded(state, scenario, step, name);
  }
}

function expectRecorded(state: State, scenario: Scenario, step: StepVector, name: string): void {
  const { serialized_hex: _, ...channel } = step.channel_after ?? {};
  expect(shownChannel(state, scenario.channel_id_hex), name).toEqual(
    step.channel_after ? stringified(channel) : null,
  );
  for (const { seed_byte, balance, nonce } of step.accounts_after!) {
    const account = state.account(fromHex(pubkeys.get(seed_byte)!));
    expect(account, `${name}: account ${seed_byte}`).toEqual({
      balance: BigInt(balance),
      nonce: BigInt(nonce),
    });
  }
  for (const { serialized_hex, call_id } of step.fp_calls ?? []) {
    const call = state.call(txHash(fromHex(step.signed_tx_hex)))!;
    expect(toHex(serializeCall(call)), `${name}: receipt`).toBe(serialized_hex);
    expect(toHex(callId(call.caller, call.nonce, call.contract)), `${name}: call id`).toBe(call_id);
  }
  const locked = state.account(lockedCoinsAccount)?.balance ?? 0n;
  expect(locked, `${name}: locked coins`).toBe(BigInt(step.locked_coins_after!));
}

describe('a recorded scenario replays to the results, channel, accounts and locked coins of the node', () => {
  for (const scenario of lifecycle.scenarios) {
    it(scenario.scenario, () => replay(scenario, lifecycle.network_id));
  }
});

describe('a random scenario replays to the results, channel, accounts and locked coins of the node', () => {
  for (const scenario of random.scenarios) {
    it(scenario.scenario, () => replay(scenario, random.network_id));
  }
});

it('the scenarios force the channel ahead, and try to where the chain refuses', () => {
  const forced = lifecycle.scenarios.flatMap(({ steps }) => steps.filter(isForceProgress));
  expect(forced.filter(({ result }) => result === 'ok')).toHaveLength(6);
  expect(forced.filter(({ result }) => result === 'error')).toHaveLength(9);
});
