/** The cases of fate_offchain.json in the form of the others. */
import { type Case, readVectors, type Step } from './replay.ts';

interface State {
  balances: { pubkey: string; balance: string }[];
  roots: Record<string, string>;
  state_hash: string;
}
interface CallResult {
  return_type: string;
  return_value_hex: string;
  gas_used: number;
  serialized_hex: string;
}
interface OffChainContract {
  file: string;
  before_create: State;
  after_create: State;
  create_update_hex: string;
  contract_pubkey_hex: string;
  init: string;
  init_call: CallResult;
  calls: {
    call: string;
    round: number;
    update_hex: string;
    error?: string;
    result?: CallResult;
    after_state?: State;
  }[];
}

const outcome = (call: CallResult, state: State): Omit<Step, 'round' | 'update_hex'> => ({
  result: call.return_type as Step['result'],
  return_type: call.return_type,
  return_value_hex: call.return_value_hex,
  gas_used: call.gas_used,
  call_hex: call.serialized_hex,
  balances: state.balances,
  roots: state.roots,
  state_hash: state.state_hash,
});

function caseOf(contract: OffChainContract): Case {
  const create: Step = {
    create: contract.init,
    round: 2,
    update_hex: contract.create_update_hex,
    contract_pubkey: contract.contract_pubkey_hex,
    ...outcome(contract.init_call, contract.after_create),
  };
  const calls = contract.calls.map(
    ({ call, round, update_hex, result, after_state }): Step => ({
      f: call,
      round,
      update_hex,
      ...(result && after_state ? outcome(result, after_state) : { result: 'refused' }),
    }),
  );
  return {
    name: contract.file,
    accounts: contract.before_create.balances,
    onchain: [],
    reserve: '1000000000000000000',
    steps: [create, ...calls],
  };
}

/** The environment is only asked for its height there. */
export function offChainFile() {
  const { contracts } = readVectors('fate_offchain.json') as { contracts: OffChainContract[] };
  return {
    env: { height: 200_000, time: 0, beneficiary: '00'.repeat(32), difficulty: 0 },
    network_id: 'ae_devnet',
    cases: contracts.map(caseOf),
  };
}
