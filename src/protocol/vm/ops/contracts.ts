/** Remote calls, spending, events, and contracts that make contracts. */

import { bigintToFixedBytes } from '../../bytes.ts';
import { aborts } from '../abort.ts';
import { initId, type Operand } from '../bytecode.ts';
import { createContract, type NewContract, removeContract, transfer } from '../chain.ts';
import { Crash, Limit } from '../failure.ts';
import { instantiate, matchType, type Type } from '../types.ts';
import { blob, isBlob, type List, listOf, none, some, type Value } from '../value.ts';
import type { Vm } from '../vm.ts';
import { type Flow, fate2, type Group, type Run, since } from './op.ts';

/** Gas for each byte of a log entry, and of code that is stored. */
const logByteGas = 20;
const codeByteGas = 5;

interface RemoteCall {
  contract: Value;
  function: Value;
  argTypes: Value;
  resultType: Value;
  value: Value;
  /** undefined: all the gas there is */
  gasCap: Value | undefined;
  isProtected: boolean;
  isInit: boolean;
  /** what makes the result from the callee's */
  onReturn?: (vm: Vm) => void;
}

function typeOf(value: Value): Type {
  if (typeof value !== 'object' || value.kind !== 'typerep') throw new Crash('a type is no type');
  return value.type;
}

/** @returns whether the call has begun; false: it failed and is protected */
function callRemote(vm: Vm, call: RemoteCall): boolean {
  const argTypes = typeOf(call.argTypes);
  const resultType = typeOf(call.resultType);
  if (typeof argTypes === 'number' || argTypes.is !== 'tuple') throw new Crash('argument types are no tuple');
  const caller = vm.contract;
  const args = unfoldArgs(vm, vm.popArgs(argTypes.items.length));
  const setUp = () => setUpCall(vm, call, caller, args, argTypes.items, resultType);
  if (!call.isProtected) {
    setUp();
    return true;
  }
  const mark = vm.mark();
  const { stack } = vm;
  try {
    setUp();
    return true;
  } catch (error) {
    if (error instanceof Limit || error instanceof RangeError) throw error;
    vm.rollBack(mark);
    vm.stack = stack;
    return false;
  }
}

function unfoldArgs(vm: Vm, args: Value[]): Value[] {
  let list = vm.unfold(listOf(args)) as List;
  const unfolded: Value[] = [];
  for (; list.kind === 'cons'; list = list.tail) unfolded.push(list.head);
  return unfolded;
}

function setUpCall(
  vm: Vm,
  call: RemoteCall,
  caller: Uint8Array,
  args: Value[],
  argTypes: readonly Type[],
  resultType: Type,
): void {
  vm.pushReturnAddress();
  if (call.gasCap !== undefined) pushGasCap(vm, call.gasCap);
  const { contract, value } = call;
  if (!isBlob(contract, 'contract')) throw vm.abort(aborts.valueNotOfType(contract, 'contract'));
  vm.enterSeen(contract.bytes);
  // the chain compares terms: whatever is no number is above 0
  const payable = typeof value === 'bigint' ? value > 0n : true;
  const checks = { payable, isPrivate: true, allowInit: call.isInit };
  vm.enterContract(caller, contract.bytes, call.function, checks);
  vm.checkArgs(args);
  const { fn, tvars } = vm;
  if (call.onReturn) vm.pushEntry({ is: 'continue', run: call.onReturn });
  const own: Type = { is: 'tuple', items: [resultType, ...argTypes] };
  const theirs = instantiate(tvars, { is: 'tuple', items: [fn.result, ...fn.args] });
  const bindings = matchType(own, theirs);
  if (!bindings) throw vm.abort(aborts.remoteTypeMismatch);
  const { stores, chain } = vm;
  vm.pushEntry({
    is: 'check',
    isProtected: call.isProtected,
    type: resultType,
    tvars: bindings,
    stores,
    chain,
  });
  vm.bindArgs(args);
  if (typeof value !== 'bigint') throw vm.abort(aborts.valueNotOfType(value, 'integer'));
  if (value < 0n) throw vm.abort(aborts.callError('negative_value'));
  vm.callValue = value;
  if (value === 0n) return;
  const moved = transfer(vm.chain, caller, contract.bytes, value, false);
  if (typeof moved === 'string') throw vm.abort(aborts.callError(moved));
  vm.chain = moved;
}

/** Holds back what the callee may not use. */
function pushGasCap(vm: Vm, cap: Value): void {
  if (typeof cap !== 'bigint') throw vm.abort(aborts.valueNotOfType(cap, 'integer'));
  if (cap <= 0n) throw vm.abort(aborts.badGasCap(cap));
  if (cap >= BigInt(vm.gas)) return;
  vm.pushEntry({ is: 'gas', reserve: vm.gas - Number(cap) });
  vm.gas = Number(cap);
}

function protection(vm: Vm, value: Value): boolean {
  if (typeof value !== 'boolean') return vm.abort(aborts.valueNotOfType(value, 'bool'));
  return value;
}

const plainCall =
  (withCap: boolean): Run =>
  (vm, [contract, id, argTypes, resultType, value, cap]) => {
    const [c, a, r, v] = [vm.get(contract!), vm.get(argTypes!), vm.get(resultType!), vm.get(value!)];
    callRemote(vm, {
      contract: c,
      function: id!.value,
      argTypes: a,
      resultType: r,
      value: v,
      gasCap: withCap ? vm.get(cap!) : undefined,
      isProtected: false,
      isInit: false,
    });
    return 'jump';
  };

const protectedCall: Run = (vm, [contract, id, argTypes, resultType, value, cap, isProtected]) => {
  const [c, a, r, v] = [vm.get(contract!), vm.get(argTypes!), vm.get(resultType!), vm.get(value!)];
  const gasCap = vm.get(cap!);
  const begun = callRemote(vm, {
    contract: c,
    function: id!.value,
    argTypes: a,
    resultType: r,
    value: v,
    gasCap,
    isProtected: protection(vm, vm.get(isProtected!)),
    isInit: false,
  });
  if (begun) return 'jump';
  vm.push(none);
  return undefined;
};

interface Deployment {
  source: NewContract['source'];
  argTypes: Value;
  value: Value;
  gasCap: Value | undefined;
  isProtected: boolean;
}

function deploy(vm: Vm, { source, argTypes, value, gasCap, isProtected }: Deployment): Flow {
  if ('code' in source) vm.spend(codeByteGas * source.code.length);
  const creator = vm.contract;
  const { chain, pubkey } = createContract(vm.chain, { source, creator, vmVersion: vm.vmVersion });
  if (typeof value !== 'bigint') throw new Crash('the amount for a new contract is no integer');
  const paid = transfer(chain, creator, pubkey, value, false);
  if (typeof paid === 'string') throw new Crash(`a new contract: ${paid}`);
  vm.chain = paid;
  const begun = callRemote(vm, {
    contract: blob('contract', pubkey),
    function: blob('string', initId),
    argTypes,
    resultType: { kind: 'typerep', type: { is: 'tuple', items: [] } },
    value: 0n,
    gasCap,
    isProtected,
    isInit: true,
    onReturn: (after) => replaceInitResult(after, { pubkey, creator, value, isProtected }),
  });
  if (begun) return 'jump';
  undoDeployment(vm, pubkey, creator, value);
  vm.push(none);
  return undefined;
}

const isUnit = (value: Value | undefined): boolean =>
  typeof value === 'object' && value.kind === 'tuple' && value.items.length === 0;

/** init returns unit, and the one who made the contract gets the contract. */
function replaceInitResult(
  vm: Vm,
  {
    pubkey,
    creator,
    value,
    isProtected,
  }: { pubkey: Uint8Array; creator: Uint8Array; value: bigint; isProtected: boolean },
): void {
  const result = vm.pop();
  const contract = blob('contract', pubkey);
  if (!isProtected) {
    if (!isUnit(result)) throw new Crash('init returned a value');
    vm.push(contract);
  } else if (typeof result === 'object' && result.kind === 'variant' && result.tag === 1) {
    if (!isUnit(result.items[0])) throw new Crash('init returned a value');
    vm.push(some(contract));
  } else {
    undoDeployment(vm, pubkey, creator, value);
    vm.push(none);
  }
}

/** The account stays, for it may have been there before. */
function undoDeployment(vm: Vm, pubkey: Uint8Array, creator: Uint8Array, value: bigint): void {
  vm.chain = removeContract(vm.chain, pubkey);
  vm.forgetCode(pubkey);
  const returned = transfer(vm.chain, pubkey, creator, value, false);
  if (typeof returned === 'string') throw new Crash(`a contract that failed: ${returned}`);
  vm.chain = returned;
}

const clone =
  (withCap: boolean): Run =>
  (vm, args) => {
    const values = args.map((arg) => vm.get(arg));
    const [contract, argTypes, value] = values as [Value, Value, Value];
    if (!isBlob(contract, 'contract')) throw new Crash('a clone of what is no contract');
    return deploy(vm, {
      source: { clone: contract.bytes },
      argTypes,
      value,
      gasCap: withCap ? values[3] : undefined,
      isProtected: protection(vm, values.at(-1)!),
    });
  };

const maxWord = 1n << 256n;

/** A topic: 32 bytes for a number or bytes, the key itself for an address. */
function topicOf(vm: Vm, value: Value): Uint8Array {
  if (typeof value === 'bigint') {
    if (value < 0n || value >= maxWord) throw vm.abort(aborts.illegalLogInt(value));
    return bigintToFixedBytes(value, 32);
  }
  if (typeof value === 'boolean') return bigintToFixedBytes(value ? 1n : 0n, 32);
  switch (value.kind) {
    case 'bits':
      if (value.value < 0n || value.value >= maxWord) throw vm.abort(aborts.illegalLogBits);
      return bigintToFixedBytes(value.value, 32);
    case 'address':
    case 'contract':
    case 'oracle':
    case 'oracle_query':
      return value.bytes;
    case 'bytes':
      if (value.bytes.length <= 32) {
        const word = new Uint8Array(32);
        word.set(value.bytes, 32 - value.bytes.length);
        return word;
      }
  }
  throw vm.abort(aborts.valueNotOfType(value, 'word'));
}

function log(vm: Vm, args: readonly Operand[]): void {
  const [payload, ...indices] = args.map((arg) => vm.get(arg)) as [Value, ...Value[]];
  if (!isBlob(payload, 'string') && !isBlob(payload, 'bytes')) throw new Crash('an event carries a string');
  const topics = indices.map((index) => topicOf(vm, index));
  const size = 8 * topics.length + payload.bytes.length;
  if (size === 0) throw new Crash('an event without topic and data');
  vm.logs.push({ address: vm.contract, topics, data: payload.bytes });
  vm.spend(logByteGas * size);
}

export const contracts: Group = {
  CALL_R: plainCall(false),
  CALL_GR: plainCall(true),
  CALL_PGR: since(fate2, 'call_pgr', protectedCall),
  CREATE: since(fate2, 'create', (vm, args) => {
    const [code, argTypes, value] = args.map((arg) => vm.get(arg)) as [Value, Value, Value];
    if (!isBlob(code, 'contract_bytearray')) throw new Crash('the code of a new contract is none');
    return deploy(vm, {
      source: { code: code.bytes },
      argTypes,
      value,
      gasCap: undefined,
      isProtected: false,
    });
  }),
  CLONE: since(fate2, 'clone', clone(false)),
  CLONE_G: since(fate2, 'clone_g', clone(true)),
  SPEND: (vm, args) => {
    const to = vm.get(args[0]!);
    if (!isBlob(to, 'address')) throw vm.abort(aborts.valueNotOfType(to, 'address'));
    const amount = vm.get(args[1]!);
    if (typeof amount !== 'bigint') throw vm.abort(aborts.valueNotOfType(amount, 'integer'));
    const moved = transfer(vm.chain, vm.contract, to.bytes, amount, true);
    if (typeof moved === 'string') throw vm.abort(aborts.primopError('spend', moved));
    vm.chain = moved;
  },
  LOG0: log,
  LOG1: log,
  LOG2: log,
  LOG3: log,
  LOG4: log,
};
