/**
 * Contracts in updates (seed: Contracts; PROTOCOL 4): the proposer executes and claims, the receiver executes and
 * compares. A contract entry travels alone: itself, the proposer's result, the key block, and at most more meta entries.
 */
import { equalBytes, fromHex, toHex } from '../bytes.ts';
import { GAS_PRICE_MIN } from '../chain/fee.ts';
import { blake2b256 } from '../chain/signed.ts';
import { parseAccount } from '../state/account.ts';
import { type Entry, EntryError, type EntryOf, parseEntry, serializeEntry } from '../state/entries.ts';
import { StateError } from '../state/error.ts';
import { balanceOf, sizeOfTrees, type Trees } from '../state/trees.ts';
import {
  applyContractEntry,
  type CallObject,
  Crash,
  findContract,
  nothingOnChain,
  parseCall,
  pruneCalls,
  serializeCall,
  type UpdateEnv,
} from '../vm/index.ts';
import { balanceAt, keyBlock } from './ask.ts';
import { other } from './record.ts';
import { heldByContracts, treesOf } from './trees.ts';
import type {
  Balances,
  Channel,
  ContractNote,
  ContractOutcome,
  ContractPolicy,
  ContractWish,
  CoSigned,
  KeyBlock,
  Request,
  Role,
  Rule,
  Settings,
} from './types.ts';

export type ContractEntry = EntryOf<'create' | 'call'>;

/** The least price of a unit of gas for which the chain takes a call that is forced, in aetto. */
export const minGasPrice = GAS_PRICE_MIN;
/** The most gas of a call: what the chain takes in a block, so that the call can be forced. */
export const maxGas = 6_000_000n;
/** Key blocks that an update may lie behind the newest one (PROTOCOL 4). */
export const maxBlocksBehind = 10;
/** What an update may carry, in bytes: it has to fit a message of 1 MiB. */
const maxBytes = 1_000_000;
/** What one call may ask of the chain, since it runs anew after each answer. */
const maxQuestions = 8;

// ---- the form of a batch

export interface ContractBatch {
  entry: ContractEntry;
  /** The proposer's call object, serialized. */
  result: Uint8Array;
  /** Hash of the key block at which it is executed. */
  block: Uint8Array;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

/** The key block of a contract update, a meta entry: JSON `{"key_block": 64 hexadecimal digits}`. */
export const blockEntry = (hash: Uint8Array): Uint8Array =>
  serializeEntry({ type: 'meta', data: encoder.encode(JSON.stringify({ key_block: toHex(hash) })) });

/** The hash of the key block that a meta entry names; null where it names none. */
export function blockOf(data: Uint8Array): Uint8Array | null {
  try {
    const value: unknown = JSON.parse(decoder.decode(data));
    const hex = typeof value === 'object' && value !== null && 'key_block' in value ? value.key_block : null;
    return typeof hex === 'string' && /^[0-9a-f]{64}$/.test(hex) ? fromHex(hex) : null;
  } catch {
    return null;
  }
}

/** Whether a batch begins with a contract entry: then it is judged as one. */
export function isContractBatch(serialized: readonly Uint8Array[]): boolean {
  const first = serialized[0] && readEntry(serialized[0]);
  return first?.type === 'create' || first?.type === 'call';
}

function readEntry(bytes: Uint8Array): Entry | null {
  try {
    return parseEntry(bytes);
  } catch (error) {
    if (error instanceof EntryError) return null;
    throw error;
  }
}

/** Takes a batch apart that begins with a contract entry, or says what is wrong with its form. */
export function readContractBatch(serialized: readonly Uint8Array[]): ContractBatch | { problem: string } {
  const [first, result, ...rest] = serialized;
  const entry = parseEntry(first!) as ContractEntry;
  if (!result) return { problem: `behind the ${entry.type} there is no result` };
  let block: Uint8Array | null = null;
  for (const [index, bytes] of rest.entries()) {
    const meta = readEntry(bytes);
    if (meta?.type !== 'meta')
      return { problem: `entry ${index + 2} is no meta entry: a contract entry travels alone` };
    block ??= blockOf(meta.data);
  }
  if (!block) return { problem: `no meta entry names the key block of the ${entry.type}` };
  return { entry, result, block };
}

// ---- what may be asked for

/** The entry of a request, made by `role`. */
export function contractEntry(
  channel: Channel,
  role: Role,
  wish: ContractWish,
  amount: bigint,
): ContractEntry {
  const own = channel.keys[role];
  return wish.type === 'create'
    ? {
        type: 'create',
        owner: own,
        ctVersion: wish.ctVersion,
        code: wish.code,
        deposit: amount,
        callData: wish.callData,
      }
    : callEntry(own, wish, amount);
}

type Call = Extract<ContractWish, { type: 'call' }>;

export const callEntry = (
  caller: Uint8Array,
  { contract, abiVersion, gas, gasPrice, callData }: Omit<Call, 'type'>,
  amount: bigint,
): EntryOf<'call'> => ({
  type: 'call',
  caller,
  contract,
  abiVersion,
  amount,
  gas,
  gasPrice,
  callData,
  callStack: [],
});

export const coinsWith = (entry: ContractEntry): bigint =>
  entry.type === 'create' ? entry.deposit : entry.amount;

/** Why an entry of `by` cannot be, a sentence; null where it may be executed. What the chain could not force is refused. */
export function entryProblem(
  channel: Channel,
  state: CoSigned,
  entry: ContractEntry,
  by: Role,
): string | null {
  const who = entry.type === 'create' ? entry.owner : entry.caller;
  if (!equalBytes(who, channel.keys[by]))
    return `the ${entry.type} is made in the name of ${toHex(who)}, not of the side that proposes it`;
  if (entry.type === 'create') return null;
  if (entry.gasPrice < minGasPrice)
    return `the gas price is ${entry.gasPrice} aetto: give at least ${minGasPrice}, or the call could not be forced`;
  if (entry.gas > maxGas)
    return `the call may use ${entry.gas} gas: give at most ${maxGas}, or it could not be forced`;
  if (entry.callStack.length > 0) return 'a call in a channel has an empty call stack';
  if (!codeHashOf(state, entry.contract)) return `the channel has no contract ${toHex(entry.contract)}`;
  return null;
}

/** Hash of a contract's code as it stands in the entry that makes it: by it a policy names a contract. */
export const codeHash = (code: Uint8Array): Uint8Array => blake2b256(code);

function codeHashOf({ trees }: Pick<CoSigned, 'trees'>, contract: Uint8Array): Uint8Array | null {
  if (!trees || contract.length !== 32) return null;
  const found = findContract(trees, contract);
  return found ? codeHash(found.code) : null;
}

/** What a policy says of a contract that the peer makes. */
export function policyOn(policy: ContractPolicy, code: Uint8Array): 'accept' | 'ask' | 'refuse' {
  if (policy === 'any') return 'accept';
  if (policy === 'ask') return 'ask';
  return policy !== 'none' && policy.includes(toHex(codeHash(code))) ? 'accept' : 'refuse';
}

// ---- execution

export interface Executed {
  trees: Trees;
  balances: Balances;
  /** Serialized call object. */
  result: Uint8Array;
  call: CallObject;
}

/** Thrown out of the machine where it wants what nobody has asked the chain yet. */
class Question extends Error {
  readonly about: { balance: Uint8Array } | { height: bigint };
  constructor(about: Question['about']) {
    super('the chain is to be asked');
    this.about = about;
  }
}

/** Asks for the key block of this hash, or the newest one. @returns a sentence where it cannot serve */
export function* blockFor(hash: Uint8Array | null): Rule<KeyBlock | string> {
  const found = yield* keyBlock(hash);
  if (!found)
    return 'the key block of the contract update is not known to the node here, or it cannot be asked now';
  const { block, top } = found;
  if (block.height > top || block.height < top - maxBlocksBehind)
    return `the contract update is at key block ${block.height}: from ${top - maxBlocksBehind} to ${top} may be named`;
  return block;
}

/**
 * Executes an entry in the round of this number. What it asks of the chain is what the chain was at the block.
 * @param limit bytes that the state may grow to
 */
export function* execute(
  channel: Channel,
  state: CoSigned,
  entry: ContractEntry,
  number: bigint,
  block: KeyBlock,
  limit = Number.POSITIVE_INFINITY,
): Rule<Executed | { problem: string }> {
  const before = pruneCalls(treesOf(channel, state));
  const done = yield* asking(channel, before, number, block, (env) =>
    executed(channel, state, before, applyContractEntry(before, entry, env)),
  );
  if ('problem' in done) return done;
  const problem = sizeProblem(before, done.trees, limit);
  return problem === null ? done : { problem };
}

/** What the call objects of one round may have besides, in bytes. */
const callRoom = 20_000;

/** @param limit infinite where nothing comes of it */
function sizeProblem(before: Trees, after: Trees, limit: number): string | null {
  if (limit === Number.POSITIVE_INFINITY) return null;
  const all = sizeOfTrees(after);
  const lasting = sizeOfTrees(pruneCalls(after));
  // What is too large already may become smaller.
  const grown = lasting > limit && lasting > sizeOfTrees(before);
  if (!grown && all - lasting <= callRoom) return null;
  return `the state of the channel, its contracts included, would have about ${all} bytes: with more than ${limit}, and ${callRoom} for what calls return, the chain could not be made to run a call`;
}

/** Runs what executes a contract, anew after each answer to what it asks of the chain. */
export function* asking<T>(
  channel: Channel,
  trees: Trees,
  number: bigint,
  block: KeyBlock,
  run: (env: UpdateEnv) => T,
): Rule<T | { problem: string }> {
  const balances = new Map<string, bigint>();
  const hashes = new Map<bigint, Uint8Array>([[BigInt(block.height), block.hash]]);
  const env = envOf(channel, trees, number, block, balances, hashes);
  for (let asked = 0; ; asked++) {
    try {
      return run(env);
    } catch (error) {
      if (!(error instanceof Question)) throw error;
      if (asked === maxQuestions) return { problem: `a call may ask the chain ${maxQuestions} things` };
      const { about } = error;
      if ('height' in about) {
        const found = yield* keyBlock(Number(about.height));
        if (!found) return { problem: `key block ${about.height} cannot be asked for now` };
        hashes.set(about.height, found.block.hash);
      } else {
        const found = yield* balanceAt(about.balance, block.hash);
        if (found === null) return { problem: 'the node cannot be asked for a balance now' };
        balances.set(toHex(about.balance), found);
      }
    }
  }
}

function envOf(
  channel: Channel,
  trees: Trees,
  number: bigint,
  block: KeyBlock,
  balances: ReadonlyMap<string, bigint>,
  hashes: ReadonlyMap<bigint, Uint8Array>,
): UpdateEnv {
  const onlyHere = (pubkey: Uint8Array): void => {
    if (!trees.accounts.get(pubkey))
      throw new Crash(`the call asks the chain what ${toHex(pubkey)} is, which the channel does not know`);
  };
  return {
    round: number + 1n,
    reserve: channel.terms.channelReserve,
    height: BigInt(block.height),
    time: BigInt(block.time),
    beneficiary: block.beneficiary,
    difficulty: block.difficulty,
    networkId: channel.networkId,
    blockHash(height) {
      const hash = hashes.get(height);
      if (!hash) throw new Question({ height });
      return hash;
    },
    onChain: {
      balance(pubkey) {
        const balance = balances.get(toHex(pubkey));
        if (balance === undefined) throw new Question({ balance: pubkey });
        return balance;
      },
      isPayable(pubkey) {
        onlyHere(pubkey);
        return nothingOnChain.isPayable(pubkey);
      },
      isContract(pubkey) {
        onlyHere(pubkey);
        return nothingOnChain.isContract(pubkey);
      },
      isOracle(pubkey) {
        throw new Crash(`the call asks the chain whether ${toHex(pubkey)} is an oracle`);
      },
    },
  };
}

function executed(
  channel: Channel,
  state: CoSigned,
  before: Trees,
  applied: ReturnType<typeof applyContractEntry>,
): Executed | { problem: string } {
  if (applied.status === 'refused') return { problem: applied.reason };
  const { trees, call } = applied;
  const balances = {
    initiator: balanceOf(trees, channel.keys.initiator)!,
    responder: balanceOf(trees, channel.keys.responder)!,
  };
  for (const role of ['initiator', 'responder'] as const)
    if (balances[role] < channel.terms.channelReserve && balances[role] < state.balances[role])
      return { problem: `it leaves the ${role} ${balances[role]} aetto, less than channel_reserve` };
  if (coinsMoved(before, trees) !== 0n) return { problem: 'it changes the total' };
  return { trees, balances, call, result: serializeCall(call) };
}

/** What the accounts hold more than before, looking only at those that changed. */
function coinsMoved(before: Trees, after: Trees): bigint {
  let coins = 0n;
  const of = (account: Uint8Array | undefined): bigint => (account ? parseAccount(account).balance : 0n);
  for (const change of after.accounts.differences(before.accounts))
    coins += of(change.after) - of(change.before);
  return coins;
}

// ---- the proposer

export interface Made extends Executed {
  entries: Uint8Array[];
}

/** Executes a request at the newest key block. The code says why it cannot be proposed, the problem is for people. */
export function* make(
  channel: Channel,
  state: CoSigned,
  request: Request & { contract: ContractWish },
  number: bigint,
  limit: number,
  more: readonly Uint8Array[],
): Rule<Made | { code: string; problem: string }> {
  const entry = contractEntry(channel, channel.role, request.contract, request.amount);
  const wrong = entryProblem(channel, state, entry, channel.role);
  if (wrong) return { code: 'invalid_contract', problem: `${wrong}.` };
  const block = yield* blockFor(null);
  if (typeof block === 'string')
    return {
      code: 'node_unavailable',
      problem:
        'The node cannot be asked now for the block at which the contract runs. Try again once it answers.',
    };
  const done = yield* execute(channel, state, entry, number, block, limit);
  if ('problem' in done)
    return { code: 'execution', problem: `The contract cannot be executed: ${done.problem}.` };
  const entries = [serializeEntry(entry), done.result, blockEntry(block.hash), ...more];
  const size = entries.reduce((all, one) => all + one.length, 0);
  if (size > maxBytes)
    return { code: 'too_large', problem: `This update has ${size} bytes: at most ${maxBytes} can be sent.` };
  return { ...done, entries };
}

// ---- the receiver

/** Executes the peer's contract entry, and compares the result that it claims. */
export function* check(
  channel: Channel,
  state: CoSigned,
  serialized: readonly Uint8Array[],
  number: bigint,
  { contracts: policy, contractStateLimit }: Pick<Settings, 'contracts' | 'contractStateLimit'>,
): Rule<
  | (Executed & { word: boolean })
  | { problem: string; reason: 'validation' | 'execution' | 'declined' | 'busy' }
> {
  const batch = readContractBatch(serialized);
  if ('problem' in batch) return { ...batch, reason: 'validation' };
  const { entry } = batch;
  const wrong = entryProblem(channel, state, entry, other(channel.role));
  if (wrong) return { problem: wrong, reason: 'validation' };
  const verdict = entry.type === 'create' ? policyOn(policy, entry.code) : 'accept';
  if (verdict === 'refuse')
    return { problem: 'this side does not take that contract into its channels', reason: 'declined' };
  const block = yield* blockFor(batch.block);
  if (typeof block === 'string') return { problem: block, reason: 'busy' };
  const done = yield* execute(channel, state, entry, number, block, contractStateLimit);
  if ('problem' in done) return { problem: done.problem, reason: 'execution' };
  if (!equalBytes(done.result, batch.result))
    return { problem: `the result differs: ${differenceOf(done.call, batch.result)}`, reason: 'execution' };
  return { ...done, word: verdict === 'ask' };
}

function differenceOf(mine: CallObject, claimed: Uint8Array): string {
  let theirs: CallObject;
  try {
    theirs = parseCall(claimed);
  } catch (error) {
    if (error instanceof StateError) return error.message;
    throw error;
  }
  if (theirs.returnType !== mine.returnType)
    return `it returns type ${mine.returnType} here, not ${theirs.returnType}`;
  if (theirs.gasUsed !== mine.gasUsed) return `it uses ${mine.gasUsed} gas here, not ${theirs.gasUsed}`;
  if (!equalBytes(theirs.returnValue, mine.returnValue)) return 'it returns another value here';
  return 'the call objects are not the same';
}

// ---- without a round

/** What a wish would come to on the latest state. */
export interface Preview {
  outcome: ContractOutcome;
  balances: Balances;
  /** coins that contracts would hold, in aetto */
  held: bigint;
}

/** Executes a wish on the latest state and forgets what it changed. */
export function* preview(
  channel: Channel,
  state: CoSigned,
  wish: ContractWish,
  amount: bigint,
): Rule<Preview | { problem: string }> {
  if (wish.type === 'call' && !codeHashOf(state, wish.contract))
    return { problem: `The channel has no contract ${toHex(wish.contract)}.` };
  if (wish.type === 'call' && wish.gas > maxGas) return { problem: `Give at most ${maxGas} gas.` };
  const block = yield* blockFor(null);
  if (typeof block === 'string') return { problem: 'The node cannot be asked for the newest key block now.' };
  const number = (channel.used > state.number ? channel.used : state.number) + 1n;
  const entry = contractEntry(channel, channel.role, wish, amount);
  const done = yield* execute(channel, state, entry, number, block);
  if ('problem' in done) return { problem: `The contract cannot be executed: ${done.problem}.` };
  return { outcome: outcomeOfCall(done.call), balances: done.balances, held: heldByContracts(done) };
}

/** A call without a round: what it came to. */
export function* callStatic(
  channel: Channel,
  state: CoSigned,
  wish: Call,
  amount: bigint,
): Rule<ContractOutcome | { problem: string }> {
  const done = yield* preview(channel, state, wish, amount);
  return 'problem' in done ? done : done.outcome;
}

// ---- what is told of it

const returnTypes = ['ok', 'error', 'revert'] as const;

export const outcomeOfCall = (call: CallObject): ContractOutcome => ({
  contract: call.contract,
  returnType: returnTypes[Number(call.returnType)]!,
  returnValue: call.returnValue,
  gasUsed: call.gasUsed,
  log: call.log.map(({ address, topics, data }) => ({ address, topics: [...topics], data })),
});

/** What a request for a contract came to; undefined for a batch of another kind. */
export function contractOutcome(serialized: readonly Uint8Array[]): ContractOutcome | undefined {
  if (!isContractBatch(serialized)) return undefined;
  return outcomeOfCall(parseCall(serialized[1]!));
}

/** What the history keeps of a contract batch that both signed. */
export function contractNote(
  channel: Channel,
  serialized: readonly Uint8Array[],
): ContractNote & { amount: bigint } {
  const { entry, result } = readContractBatch(serialized) as ContractBatch;
  const call = parseCall(result);
  return {
    type: entry.type,
    by: equalBytes(call.caller, channel.keys.initiator) ? 'initiator' : 'responder',
    contract: call.contract,
    returnType: returnTypes[Number(call.returnType)]!,
    amount: coinsWith(entry),
  };
}
