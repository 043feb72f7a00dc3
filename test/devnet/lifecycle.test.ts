/** The rules agree with the real node at every step of its recorded scenarios. */
import { describe, expect, it } from 'vitest';
import { channelJson } from '../../devnet/api/state.ts';
import { toJson } from '../../devnet/json.ts';
import { applyTransaction } from '../../devnet/rules/index.ts';
import { Refusal } from '../../devnet/rules/refusal.ts';
import { type Account, type Channel, lockedCoinsAccount, State } from '../../devnet/rules/state.ts';
import { decodeTransaction } from '../../devnet/transaction.ts';
import { fromHex, toHex } from '../../src/protocol/bytes.ts';
import { decode } from '../../src/protocol/chain/address.ts';
import {
  type ChannelVector,
  keys,
  readVectors,
  type Scenario,
  type ScenarioFile,
  type StepVector,
} from './vectors.ts';

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
  state.apply({ accounts: new Map(accounts), channels: new Map() });
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
  const env = { networkId, height: step.height, soloRoundResetHeight: 168_300 };
  try {
    state.apply(applyTransaction(state, decodeTransaction(fromHex(step.signed_tx_hex)), env));
    return 'ok';
  } catch (error) {
    if (error instanceof Refusal) return error.reason;
    throw error;
  }
}

/** Takes the state after a step over from the record. */
function adopt(state: State, { channel_after, accounts_after }: StepVector): void {
  const accounts = accounts_after!.map(({ seed_byte, balance, nonce }): [string, Account] => [
    pubkeys.get(seed_byte)!,
    { balance: BigInt(balance), nonce: BigInt(nonce) },
  ]);
  const channel = readChannel(channel_after as unknown as ChannelVector);
  state.apply({ accounts: new Map(accounts), channels: new Map([[toHex(channel.id), channel]]) });
}

function readChannel(channel: ChannelVector): Channel {
  return {
    id: decode('ch', channel.id),
    initiator: decode('ak', channel.initiator_id),
    responder: decode('ak', channel.responder_id),
    channelAmount: BigInt(channel.channel_amount),
    initiatorAmount: BigInt(channel.initiator_amount),
    responderAmount: BigInt(channel.responder_amount),
    channelReserve: BigInt(channel.channel_reserve),
    initiatorDelegates: channel.delegate_ids.initiator.map((id) => decode('ak', id)),
    responderDelegates: channel.delegate_ids.responder.map((id) => decode('ak', id)),
    stateHash: decode('st', channel.state_hash),
    round: BigInt(channel.round),
    soloRound: BigInt(channel.solo_round),
    lockPeriod: BigInt(channel.lock_period),
    lockedUntil: BigInt(channel.locked_until),
  };
}

function replay(scenario: Scenario, networkId: string): void {
  const state = initialState(scenario);
  for (const [index, step] of scenario.steps.entries()) {
    const name = `${index} ${step.step} at ${step.height}`;
    if (isForceProgress(step)) {
      if (step.result === 'ok') adopt(state, step);
      continue;
    }
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
  const locked = state.account(lockedCoinsAccount)?.balance ?? 0n;
  expect(locked, `${name}: locked coins`).toBe(BigInt(step.locked_coins_after!));
}

describe('a recorded scenario replays to the results, channel, accounts and locked coins of the node', () => {
  for (const scenario of lifecycle.scenarios) {
    it(scenario.scenario, () => replay(scenario, lifecycle.network_id));
    const left = scenario.steps.filter(isForceProgress).map(({ step }) => step);
    if (left.length === 0) continue;
    const reason = 'force progress needs the virtual machine; its outcome is taken from the record';
    console.info(`skipped in ${scenario.scenario}: ${left.join(', ')}: ${reason}`);
    it.skip(`${scenario.scenario}: ${left.join(', ')} (${reason})`, () => {});
  }
});

describe('a random scenario replays to the results, channel, accounts and locked coins of the node', () => {
  for (const scenario of random.scenarios) {
    it(scenario.scenario, () => replay(scenario, random.network_id));
  }
});

it('a refused force progress says why', () => {
  const scenario = lifecycle.scenarios.find(({ steps }) => steps.some(isForceProgress))!;
  const step = scenario.steps.find(isForceProgress)!;
  expect(runStep(initialState(scenario), step, lifecycle.network_id)).toBe(
    'force_progress_not_supported_by_devnet',
  );
});
