/** Runs a function of a contract from its calldata to its result. */

import { toHex } from '../bytes.ts';
import { aborts } from './abort.ts';
import type { FateCode, Instruction } from './bytecode.ts';
import type { Chain } from './chain.ts';
import type { LogEntry } from './contract.ts';
import { DecodeError, decode } from './decode.ts';
import { encode } from './encode.ts';
import { Crash, Revert, VmError } from './failure.ts';
import { dirtyValues, finalizeStores } from './finalize.ts';
import { metered } from './meter.ts';
import { instructions } from './ops/index.ts';
import type { Flow, Run } from './ops/op.ts';
import { costModels } from './traversal.ts';
import { isBlob, type Value } from './value.ts';
import { type CallEnv, Vm } from './vm.ts';

export interface Execution {
  contract: Uint8Array;
  code: FateCode;
  vmVersion: number;
  caller: Uint8Array;
  /** aetto that came with the call; already moved */
  value: bigint;
  /** gas limit */
  gas: number;
  /** FATE value: the function's id and a tuple of arguments */
  callData: Uint8Array;
  /** whether `init` may be called */
  allowInit: boolean;
}

export type Outcome =
  | { type: 'ok'; value: Uint8Array; gasUsed: number; log: readonly LogEntry[]; chain: Chain }
  | { type: 'revert'; value: Uint8Array; gasUsed: number }
  /** `value` is the text of the error */
  | { type: 'error'; value: Uint8Array; gasUsed: number };

const badCallData = new TextEncoder().encode('bad_call_data');

export interface CallData {
  function: Value;
  args: readonly Value[];
}

/** Function id and arguments; undefined where the bytes are no calldata. */
export function parseCallData(bytes: Uint8Array): CallData | undefined {
  let value: Value;
  try {
    value = decode(bytes);
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
  if (typeof value !== 'object' || value.kind !== 'tuple' || value.items.length !== 2) return undefined;
  const [id, args] = value.items as [Value, Value];
  if (!isBlob(id, 'string') || typeof args !== 'object' || args.kind !== 'tuple') return undefined;
  return { function: id, args: args.items };
}

/** @throws Crash where the chain's node would raise: the update is to be refused */
export function execute(env: CallEnv, chain: Chain, call: Execution): Outcome {
  const parsed = parseCallData(call.callData);
  if (!parsed) return { type: 'error', value: badCallData, gasUsed: call.gas };
  const vm = new Vm(env, chain, call.gas, call.caller, call.value);
  vm.codes = new Map([[toHex(call.contract), { code: call.code, vmVersion: call.vmVersion }]]);
  try {
    return metered(() => runCall(vm, call, parsed));
  } catch (error) {
    if (error instanceof Revert)
      return {
        type: 'revert',
        value: encode({ kind: 'string', bytes: error.reason }),
        gasUsed: call.gas - error.gasLeft,
      };
    if (error instanceof VmError)
      return { type: 'error', value: metered(() => error.text), gasUsed: call.gas - error.gasLeft };
    throw error;
  }
}

function runCall(vm: Vm, call: Execution, { function: id, args }: CallData): Outcome {
  const checks = { payable: call.value > 0n, isPrivate: true, allowInit: call.allowInit };
  vm.enterContract(call.caller, call.contract, id, checks);
  vm.checkArgs(args);
  vm.bindArgs(args);
  run(vm);
  finish(vm);
  return {
    type: 'ok',
    value: encode(vm.acc),
    gasUsed: call.gas - vm.gas,
    log: vm.logs.toReversed(),
    chain: vm.chain,
  };
}

/** Until the outermost call returns. */
function run(vm: Vm): void {
  let block = blockOf(vm);
  let next = 0;
  for (;;) {
    let flow: Flow;
    const mark = vm.callStack?.guarded ? vm.mark() : undefined;
    try {
      const instruction = block[next++];
      if (instruction) flow = step(vm, instruction) ?? undefined;
      else {
        vm.block++;
        vm.target = BigInt(vm.block);
        flow = 'jump';
      }
    } catch (error) {
      if (!mark || !(error instanceof VmError || error instanceof Revert)) throw error;
      vm.rollBack(mark);
      flow = vm.recover() ? 'stop' : 'jump';
    }
    if (flow === 'stop') return;
    if (flow === 'jump') {
      // outside of the protection: a jump to nowhere ends even a protected call
      block = blockOf(vm);
      next = 0;
    }
  }
}

function blockOf(vm: Vm): readonly Instruction[] {
  const block = vm.fn.blocks[vm.block];
  return block ?? vm.abort(aborts.noSuchBlock(vm.block < 0 ? vm.target : BigInt(vm.block)));
}

function step(vm: Vm, { op, args }: Instruction): ReturnType<Run> {
  const run = instructions[op.code];
  for (const i of op.immediates)
    if (args[i]!.mode !== 'immediate') throw new Crash(`${op.name} wants an immediate`);
  vm.spend(op.gas);
  if (!op.offChain) vm.abort(aborts.notOffChain(op.name));
  if (!run) throw new Crash(`${op.name} is not supported`);
  return run(vm, args);
}

/** Gas for what is written and returned; writes the stores. */
function finish(vm: Vm): void {
  for (const value of dirtyValues(vm.stores)) vm.spendTraversal(value, costModels.serial);
  const written = finalizeStores(vm.chain.contracts, vm.stores, vm.gas);
  if (!written) return vm.abort(aborts.outOfGas);
  vm.chain = { ...vm.chain, contracts: written.contracts };
  vm.gas -= written.gas;
  vm.spendTraversal(vm.acc, costModels.final);
}
