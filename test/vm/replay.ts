/** Replays the node's cases: every step's update, and everything that the node said of it. */
import { readFileSync } from 'node:fs';
import { fromHex, toHex } from '../../src/protocol/bytes.ts';
import { parseEntry } from '../../src/protocol/state/entries.ts';
import {
  accountOf,
  balanceOf,
  channelTrees,
  hashOrder,
  stateHash,
  type Trees,
  withBalance,
} from '../../src/protocol/state/trees.ts';
import { applyContractEntry, pruneCalls, type UpdateEnv } from '../../src/protocol/vm/apply.ts';
import { serializeCall } from '../../src/protocol/vm/contract.ts';
import { nothingOnChain } from '../../src/protocol/vm/vm.ts';

interface Funds {
  pubkey: string;
  balance: string | number;
}
export interface Env {
  height: number;
  time: number;
  beneficiary: string;
  difficulty: number;
}
export interface Step {
  f?: string;
  create?: string;
  transfer?: unknown;
  round: number;
  update_hex: string;
  result: 'ok' | 'revert' | 'error' | 'refused';
  return_type?: string;
  return_value_hex?: string;
  gas_used?: number;
  log?: { address: string; topics: string[]; data_hex: string }[];
  call_hex?: string;
  contract_pubkey?: string;
  balances?: Funds[];
  roots?: Record<string, string>;
  state_hash?: string;
}
export interface Case {
  name: string;
  accounts: Funds[];
  onchain: Funds[];
  reserve: string | number;
  env?: Partial<Env>;
  steps: Step[];
}
export interface CaseFile {
  env: Env;
  network_id: string;
  cases: Case[];
}

export const readVectors = (name: string) =>
  JSON.parse(readFileSync(new URL(`../vectors/${name}`, import.meta.url), 'utf8'));

export function updateEnv(file: { env: Env; network_id: string }, one: Case, round: number): UpdateEnv {
  const env = { ...file.env, ...one.env };
  const funds = new Map(one.onchain.map(({ pubkey, balance }) => [pubkey, BigInt(balance)]));
  return {
    round: BigInt(round),
    reserve: BigInt(one.reserve),
    height: BigInt(env.height),
    time: BigInt(env.time),
    beneficiary: fromHex(env.beneficiary),
    difficulty: BigInt(env.difficulty),
    networkId: file.network_id,
    blockHash: () => new Uint8Array(32),
    onChain: { ...nothingOnChain, balance: (pubkey) => funds.get(toHex(pubkey)) },
  };
}

export const startOf = (one: Pick<Case, 'accounts'>): Trees =>
  channelTrees(
    one.accounts.map(({ pubkey, balance }) => ({ pubkey: fromHex(pubkey), balance: BigInt(balance) })),
  );

/** What a step came to: the trees after it, and what differs from what the node said. */
export function replay(trees: Trees, step: Step, env: UpdateEnv): { trees: Trees; differences: string[] } {
  const entry = parseEntry(fromHex(step.update_hex));
  const start = pruneCalls(trees);
  if (entry.type === 'transfer') {
    const from = balanceOf(start, entry.from)! - entry.amount;
    const refused = from < env.reserve || !accountOf(start, entry.to);
    if (refused) return { trees, differences: step.result === 'refused' ? [] : ['refused'] };
    const taken = withBalance(start, entry.from, from);
    const moved = withBalance(taken, entry.to, balanceOf(taken, entry.to)! + entry.amount);
    return { trees: moved, differences: stateDifferences(moved, step) };
  }
  if (entry.type !== 'create' && entry.type !== 'call') throw new Error(`a step with ${entry.type}`);
  const applied = applyContractEntry(start, entry, env);
  if (applied.status === 'refused')
    return { trees, differences: step.result === 'refused' ? [] : [`refused: ${applied.reason}`] };
  if (step.result === 'refused') return { trees, differences: [`${applied.outcome}, not refused`] };
  const { call } = applied;
  const differences: string[] = [];
  const compare = (what: string, mine: unknown, theirs: unknown) => {
    if (theirs !== undefined && String(mine) !== String(theirs))
      differences.push(`${what} ${mine}, not ${theirs}`);
  };
  compare('return type', applied.outcome, step.return_type);
  compare('return value', toHex(call.returnValue), step.return_value_hex);
  compare('gas', call.gasUsed, step.gas_used);
  compare(
    'log',
    JSON.stringify(call.log.map((e) => [toHex(e.address), e.topics.map(toHex), toHex(e.data)])),
    step.log && JSON.stringify(step.log.map((e) => [e.address, e.topics, e.data_hex])),
  );
  compare('call object', toHex(serializeCall(call)), step.call_hex);
  compare('contract', toHex(applied.contract), step.contract_pubkey);
  return { trees: applied.trees, differences: [...differences, ...stateDifferences(applied.trees, step)] };
}

function stateDifferences(trees: Trees, step: Step): string[] {
  const differences: string[] = [];
  for (const { pubkey, balance } of step.balances ?? []) {
    const mine = balanceOf(trees, fromHex(pubkey));
    if (mine !== BigInt(balance)) differences.push(`balance of ${pubkey} ${mine}, not ${balance}`);
  }
  if (step.roots)
    for (const name of hashOrder) {
      const mine = toHex(trees[name].rootHash);
      if (mine !== step.roots[name]) differences.push(`root of ${name} ${mine}, not ${step.roots[name]}`);
    }
  if (step.state_hash && toHex(stateHash(trees)) !== step.state_hash)
    differences.push(`state hash ${toHex(stateHash(trees))}, not ${step.state_hash}`);
  return differences;
}
