/** The rules agree with the real node at every step of its recorded scenarios. */
import { describe, expect, it } from 'vitest';
import { channelJson } from '../../devnet/api/state.ts';
import { toJson } from '../../devnet/json.ts';
import { applyTransaction } from '../../devnet/rules/index.ts';
import { Refusal } from '../../devnet/rules/refusal.ts';
import { type Account, lockedCoinsAccount, State } from '../../devnet/rules/state.ts';
import { decodeTransaction } from '../../devnet/transaction.ts';
import { fromHex } from '../../src/protocol/bytes.ts';
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

function replay(scenario: Scenario, steps: StepVector[], networkId: string): void {
  const state = initialState(scenario);
  for (const [index, step] of steps.entries()) {
    const name = `${index} ${step.step} at ${step.height}`;
    const outcome = runStep(state, step, networkId);
    expect(outcome, name).toBe(step.result === 'ok' ? 'ok' : step.reason);
    if (step.result !== 'ok') continue;
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
}

describe('a recorded scenario replays to the results, channel, accounts and locked coins of the node', () => {
  for (const scenario of lifecycle.scenarios) {
    const first = scenario.steps.findIndex(isForceProgress);
    const steps = first === -1 ? scenario.steps : scenario.steps.slice(0, first);
    const name = first === -1 ? scenario.scenario : `${scenario.scenario}, up to its first force progress`;
    it(name, () => replay(scenario, steps, lifecycle.network_id));
    if (first !== -1) {
      const rest = scenario.steps.length - first;
      it.skip(`${scenario.scenario}: last ${rest} steps skipped: force progress needs the virtual machine`, () => {});
    }
  }
});

describe('a random scenario replays to the results, channel, accounts and locked coins of the node', () => {
  for (const scenario of random.scenarios) {
    it(scenario.scenario, () => replay(scenario, scenario.steps, random.network_id));
  }
});

it('a refused force progress says why', () => {
  const scenario = lifecycle.scenarios.find(({ steps }) => steps.some(isForceProgress))!;
  const step = scenario.steps.find(isForceProgress)!;
  expect(runStep(initialState(scenario), step, lifecycle.network_id)).toBe(
    'force_progress_not_supported_by_devnet',
  );
});
