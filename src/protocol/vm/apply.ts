/** Contracts in the channel's state: what an update that makes or calls one does to the trees. */
import { toHex } from '../bytes.ts';
import { offChainContractId } from '../chain/ids.ts';
import { parseAccount, serializeAccount } from '../state/account.ts';
import type { EntryOf } from '../state/entries.ts';
import { StateError } from '../state/error.ts';
import { Mpt } from '../state/mpt.ts';
import type { Trees } from '../state/trees.ts';
import { CodeError, type FateCode, withoutInit } from './bytecode.ts';
import {
  type Chain,
  codeOf,
  contractCodeOf,
  fateAbi,
  fateCodeOf,
  findAccount,
  findContract,
  putContract,
  withAccount,
} from './chain.ts';
import { type CallObject, callKey, serializeCall, serializeContract } from './contract.ts';
import { execute, type Outcome } from './engine.ts';
import { Crash } from './failure.ts';
import type { CallEnv } from './vm.ts';

/** Where an update is applied: the same on both sides, or their states differ. */
export interface UpdateEnv extends Omit<CallEnv, 'origin' | 'gasPrice'> {
  /** the round that the update makes */
  round: bigint;
  /** channel_reserve in aetto: no party pays below it */
  reserve: bigint;
}

export type Applied =
  | {
      status: 'applied';
      trees: Trees;
      call: CallObject;
      /** public key */
      contract: Uint8Array;
      outcome: Outcome['type'];
    }
  /** the trees stay as they are; `reason` is for people */
  | { status: 'refused'; reason: string };

/** VM versions in whose contracts the chain still lets one be made: FATE 1 to 3. */
const vmVersions = [5, 7, 8];
const fate1 = 5;
/** What init gets. */
const initGas = 1_000_000;
const initGasPrice = 1n;
/**
 * The highest gas limit that is run. The chain takes at most 6,000,000 in a block; gas is counted in numbers that are
 * exact to 2^53 thousandths.
 */
const maxGas = 2n ** 42n;

/** The trees without the calls of the round before. Every update of a new round begins with it. */
export const pruneCalls = (trees: Trees): Trees => ({ ...trees, calls: Mpt.empty });

/**
 * Applies update_contract_init (573) or update_exec_func (574). A call that fails is applied too: its call object says
 * so, the coins go back. It never throws and never runs on without end: gas bounds it.
 */
export function applyContractEntry(trees: Trees, entry: EntryOf<'create' | 'call'>, env: UpdateEnv): Applied {
  try {
    return entry.type === 'create' ? create(trees, entry, env) : call(trees, entry, env);
  } catch (error) {
    if (error instanceof Crash || error instanceof CodeError || error instanceof StateError)
      return { status: 'refused', reason: error.message };
    // an integer or an array larger than the engine can make
    if (error instanceof RangeError)
      return { status: 'refused', reason: `a value is too large: ${error.message}` };
    throw error;
  }
}

const chainOf = ({ accounts, contracts }: Trees): Chain => ({ accounts, contracts });

/** Takes coins of a party, who must keep the reserve. */
function pay(chain: Chain, from: Uint8Array, amount: bigint, reserve: bigint): Chain {
  const bytes = chain.accounts.get(from);
  if (!bytes) throw new Crash(`${toHex(from)} has no account in the channel`);
  const account = parseAccount(bytes);
  const balance = account.balance - amount;
  if (balance < reserve)
    throw new Crash(
      `${amount} aetto would leave ${toHex(from)} ${balance}, below the reserve of ${reserve}: send less`,
    );
  return { ...chain, accounts: chain.accounts.insert(from, serializeAccount({ ...account, balance })) };
}

function receive(chain: Chain, to: Uint8Array, amount: bigint): Chain {
  const account = findAccount(chain, to);
  if (!account) throw new Crash(`${toHex(to)} has no account in the channel`);
  return withAccount(chain, to, { ...account, balance: account.balance + amount });
}

function create(trees: Trees, entry: EntryOf<'create'>, env: UpdateEnv): Applied {
  const vmVersion = Number(entry.ctVersion >> 16n);
  if (!vmVersions.includes(vmVersion) || (entry.ctVersion & 0xffffn) !== fateAbi)
    throw new Crash(`contracts of version ${entry.ctVersion} cannot be made: give VM 8 and ABI 3`);
  const code = fateCodeOf(contractCodeOf(entry.code).byteCode);
  const pubkey = offChainContractId(entry.owner, env.round);
  const made = putContract(chainOf(trees), pubkey, {
    owner: { kind: 'account', key: entry.owner },
    ctVersion: entry.ctVersion,
    code: entry.code,
    codeRef: [],
    log: new Uint8Array(),
    active: 1n,
    referers: [],
    deposit: entry.deposit,
  });
  const paid = pay(made, entry.owner, entry.deposit, env.reserve);
  const funded = withAccount(paid, pubkey, { nonce: 0n, balance: entry.deposit, flags: 0n });
  const outcome = execute({ ...env, origin: entry.owner, gasPrice: initGasPrice }, funded, {
    contract: pubkey,
    code,
    vmVersion,
    caller: entry.owner,
    value: 0n,
    gas: initGas,
    callData: entry.callData,
    allowInit: true,
  });
  if (outcome.type !== 'ok') throw new Crash(`init failed: ${describe(outcome)}`);
  const after =
    vmVersion === fate1 ? withStoredCode(outcome.chain, pubkey, withoutInit(entry.code)) : outcome.chain;
  return applied({ ...trees, ...after }, entry.owner, pubkey, 0n, outcome, env.round);
}

function withStoredCode(chain: Chain, pubkey: Uint8Array, code: Uint8Array): Chain {
  const contract = findContract(chain, pubkey)!;
  return { ...chain, contracts: chain.contracts.insert(pubkey, serializeContract({ ...contract, code })) };
}

function call(trees: Trees, entry: EntryOf<'call'>, env: UpdateEnv): Applied {
  const { caller, contract, amount } = entry;
  if (entry.gas > maxGas) throw new Crash(`${entry.gas} gas: give at most ${maxGas}`);
  const before = chainOf(trees);
  const funded = receive(pay(before, caller, amount, env.reserve), contract, amount);
  const { code, vmVersion } = runnable(funded, contract, entry.abiVersion);
  const outcome = execute({ ...env, origin: caller, gasPrice: entry.gasPrice }, funded, {
    contract,
    code,
    vmVersion,
    caller,
    value: amount,
    gas: Number(entry.gas),
    callData: entry.callData,
    allowInit: false,
  });
  const after = outcome.type === 'ok' ? outcome.chain : before;
  return applied({ ...trees, ...after }, caller, contract, entry.gasPrice, outcome, env.round);
}

function runnable(chain: Chain, pubkey: Uint8Array, abi: bigint): { code: FateCode; vmVersion: number } {
  const contract = findContract(chain, pubkey);
  if (!contract) throw new Crash(`the channel has no contract ${toHex(pubkey)}`);
  if ((contract.ctVersion & 0xffffn) !== abi)
    throw new Crash(`the call is for ABI ${abi}, the contract has ${contract.ctVersion & 0xffffn}`);
  const code = codeOf(chain, pubkey);
  if (!code) throw new Crash(`the code of contract ${toHex(pubkey)} cannot be read`);
  return code;
}

const returnTypes = { ok: 0n, error: 1n, revert: 2n } as const;

function applied(
  trees: Trees,
  caller: Uint8Array,
  contract: Uint8Array,
  gasPrice: bigint,
  outcome: Outcome,
  round: bigint,
): Applied {
  const object: CallObject = {
    caller,
    nonce: round,
    height: round,
    contract,
    gasPrice,
    gasUsed: BigInt(outcome.gasUsed),
    returnValue: outcome.value,
    returnType: returnTypes[outcome.type],
    log: outcome.type === 'ok' ? [...outcome.log] : [],
  };
  const calls = trees.calls.insert(callKey(caller, round, contract), serializeCall(object));
  return { status: 'applied', trees: { ...trees, calls }, call: object, contract, outcome: outcome.type };
}

/** The text of a failure. */
export function describe(outcome: Outcome): string {
  return new TextDecoder().decode(outcome.value);
}
