/** The machine: registers, stack, gas, call stack. Instructions change it, the loop in engine.ts runs it. */
import { equalBytes, toHex } from '../bytes.ts';
import { type Abort, aborts, textOf } from './abort.ts';
import { type FateCode, type FateFunction, initId, type Operand } from './bytecode.ts';
import { type Chain, codeOf } from './chain.ts';
import type { LogEntry } from './contract.ts';
import { Crash, Limit, Revert, VmError } from './failure.ts';
import {
  loadMap,
  lookup,
  mapMeta,
  metadata,
  readRegister,
  type Stores,
  storeOf,
  writeRegister,
} from './store.ts';
import { hasStoreMaps, unfoldStoreMaps } from './store-maps.ts';
import { type CostModel, costModels, traversalCost } from './traversal.ts';
import { type Bindings, checkType, instantiate, mergeBindings, type Type } from './types.ts';
import { blob, isBlob, none, some, type Value, voidValue } from './value.ts';

/** What a contract in a channel sees of the chain beside its block. */
export interface OnChain {
  /** aetto; undefined where the chain has no such account */
  balance(pubkey: Uint8Array): bigint | undefined;
  /** whether a spend may pay the account; true where there is none */
  isPayable(pubkey: Uint8Array): boolean;
  isContract(pubkey: Uint8Array): boolean;
  isOracle(pubkey: Uint8Array): boolean;
}

/** A chain of which nothing is known. */
export const nothingOnChain: OnChain = {
  balance: () => undefined,
  isPayable: () => true,
  isContract: () => false,
  isOracle: () => false,
};

/** Where a call runs. All of it must be the same on both sides. */
export interface CallEnv {
  /** key block height */
  height: bigint;
  /** ms since the epoch */
  time: bigint;
  beneficiary: Uint8Array;
  difficulty: bigint;
  networkId: string;
  /** hash of the key block at a height within the last 256; 32 zero bytes where the block is not given */
  blockHash(height: bigint): Uint8Array;
  onChain: OnChain;
  /** who started the call */
  origin: Uint8Array;
  /** aetto for a unit of gas */
  gasPrice: bigint;
}

/** Gas for the code of a contract that comes into a call. */
const codeLoadGas = 4900;
/** Gas for a register that is read for the first time. */
const registerReadGas = 2000;
/** Gas for a look into a map of the store. */
const mapReadGas = 5000;
/** Live cells (words of 8 bytes) that one call may hold: 128 MB. Beyond it the update is refused. */
const maxCells = 2 ** 24;

const initHex = toHex(initId);

interface StackNode {
  value: Value;
  next: StackNode | null;
  size: number;
}

/** What a call stack entry shares. */
interface Below {
  next: CallStack;
  /** gas that caps below hold back */
  held: number;
  /** whether a protected call is below */
  guarded: boolean;
}
export interface Frame extends Below {
  is: 'frame';
  caller: Uint8Array;
  contract: Uint8Array;
  vmVersion: number;
  fn: FateFunction;
  tvars: Bindings;
  block: number;
  stack: StackNode | null;
  args: Map<Operand['key'], Value>;
  vars: Map<Operand['key'], Value>;
  callValue: bigint;
}
type Entry =
  | Frame
  | (Below & { is: 'gas'; reserve: number })
  | (Below & { is: 'continue'; run: (vm: Vm) => void })
  | (Below & {
      is: 'check';
      isProtected: boolean;
      type: Type;
      tvars: Bindings;
      stores: Stores;
      chain: Chain;
    });
export type CallStack = Entry | null;

/** A contract's code within a call. */
interface LoadedCode {
  code: FateCode;
  vmVersion: number;
}

/** What an instruction that fails in a protected call must not have changed. */
export interface Mark {
  gas: number;
  cells: number;
  logs: number;
  callStack: CallStack;
  seen: readonly Uint8Array[];
  stores: Stores;
  chain: Chain;
  codes: ReadonlyMap<string, LoadedCode>;
  contract: Uint8Array;
  code: FateCode;
  vmVersion: number;
  caller: Uint8Array;
  callValue: bigint;
  fn: FateFunction;
  tvars: Bindings;
  args: Map<Operand['key'], Value>;
  vars: Map<Operand['key'], Value>;
  block: number;
}

export class Vm {
  readonly env: CallEnv;
  gas: number;
  /** live cells of 8 bytes */
  cells = 0;
  logs: LogEntry[] = [];
  chain: Chain;
  stores: Stores = new Map();
  codes: ReadonlyMap<string, LoadedCode> = new Map();
  /** contracts that wait for a return, innermost first */
  seen: readonly Uint8Array[] = [];
  callStack: CallStack = null;

  contract: Uint8Array = new Uint8Array();
  code!: FateCode;
  vmVersion = 0;
  caller: Uint8Array;
  callValue: bigint;
  fn!: FateFunction;
  tvars: Bindings = new Map();
  block = 0;
  /** what the last jump named, for the error where there is no such block */
  target: Value = 0n;
  args = new Map<Operand['key'], Value>();
  vars = new Map<Operand['key'], Value>();
  acc: Value = voidValue;
  #stack: StackNode | null = null;

  constructor(env: CallEnv, chain: Chain, gas: number, caller: Uint8Array, callValue: bigint) {
    this.env = env;
    this.chain = chain;
    this.gas = gas;
    this.caller = caller;
    this.callValue = callValue;
  }

  /** Ends the instruction with a runtime error. */
  abort(reason: Abort): never {
    throw new VmError(() => textOf(reason), this.callStack?.held ?? 0);
  }
  exit(text: Uint8Array): never {
    throw new VmError(() => text, this.callStack?.held ?? 0);
  }
  revert(reason: Uint8Array): never {
    throw new Revert(reason, this.gas + (this.callStack?.held ?? 0));
  }

  // Gas

  spend(gas: number): void {
    if (gas > this.gas) this.abort(aborts.outOfGas);
    this.gas -= gas;
  }

  /** The price of a cell rises by 1 for each 1024 in use. */
  spendCells(count: number): void {
    const cells = count < 0 ? 2 - count : count;
    const total = this.cells + cells;
    const price = total <= 1024 ? 1 : 1 + Math.floor(total / 1024);
    this.spend(cells * price);
    this.cells = total;
    if (total > maxCells) throw new Limit(`the call holds more than ${maxCells} cells`);
  }

  spendTraversal(value: Value, model: CostModel): void {
    this.spend(traversalCost(value, model, this.gas));
  }

  // Operands

  get stackSize(): number {
    return this.#stack?.size ?? 0;
  }

  push(value: Value): void {
    if (this.acc !== voidValue || this.#stack)
      this.#stack = { value: this.acc, next: this.#stack, size: this.stackSize + 1 };
    this.acc = value;
    this.spendCells(1);
  }

  pop(): Value {
    if (this.acc === voidValue && !this.#stack) this.abort(aborts.emptyStack(1));
    const value = this.acc;
    this.acc = this.#stack ? this.#stack.value : voidValue;
    this.#stack = this.#stack ? this.#stack.next : null;
    this.cells--;
    return value;
  }

  /** The n topmost, the top first, without cell accounting; fails where the stack has less. */
  popArgs(count: number): Value[] {
    if (this.stackSize + 1 < count) this.abort(aborts.emptyStack(count));
    const args: Value[] = [];
    for (let i = 0; i < count; i++) {
      args.push(this.acc);
      this.acc = this.#stack ? this.#stack.value : voidValue;
      this.#stack = this.#stack ? this.#stack.next : null;
      this.cells--;
    }
    return args;
  }

  #peek(depth: number): Value | undefined {
    if (depth === 0) return this.acc === voidValue ? undefined : this.acc;
    if (depth > this.stackSize) return undefined;
    let node = this.#stack!;
    for (let i = 1; i < depth; i++) node = node.next!;
    return node.value;
  }

  /**
   * Puts a copy of the value n below the top onto the stack, and, as the chain does, one of the top under it.
   * @returns false where the stack is not that deep
   */
  duplicate(depth: number): boolean {
    const value = this.#peek(depth);
    if (value === undefined) return false;
    const below = { value: this.acc, next: this.#stack, size: this.stackSize + 1 };
    this.#stack = { value: this.acc, next: below, size: below.size + 1 };
    this.acc = value;
    this.spendCells(1);
    return true;
  }

  get(operand: Operand): Value {
    switch (operand.mode) {
      case 'immediate':
        return operand.value;
      case 'stack':
        return this.pop();
      case 'arg':
        return this.args.get(operand.key) ?? this.abort(aborts.undefinedVar('arg', operand.value));
      case 'var':
        if (isRegister(operand)) return this.#readRegister(-(operand.value as bigint));
        return this.vars.get(operand.key) ?? this.abort(aborts.undefinedVar('var', operand.value));
    }
  }

  set(operand: Operand, value: Value): void {
    switch (operand.mode) {
      case 'immediate':
        throw new Crash('an immediate cannot be written');
      case 'stack':
        this.push(value);
        return;
      case 'arg':
        this.args.set(operand.key, value);
        return;
      case 'var':
        if (isRegister(operand)) this.#writeRegister(-(operand.value as bigint), value);
        else this.vars.set(operand.key, value);
    }
  }

  // Store

  #readRegister(register: bigint): Value {
    const found = readRegister(this.chain.contracts, storeOf(this.stores, this.contract), register);
    if (!found) throw new Crash(`store register ${register} is not set`);
    if (found.fresh) {
      this.spend(registerReadGas);
      this.stores = new Map(this.stores).set(toHex(this.contract), found.store);
    }
    return found.value;
  }

  #writeRegister(register: bigint, value: Value): void {
    const store = writeRegister(storeOf(this.stores, this.contract), register, value);
    this.stores = new Map(this.stores).set(toHex(this.contract), store);
  }

  /** A map of the current contract's store. */
  storeLookup(id: number, key: Value): Value | undefined {
    this.spend(mapReadGas);
    return lookup(this.chain.contracts, this.contract, id, key);
  }
  storeHas(id: number, key: Value): boolean {
    return lookup(this.chain.contracts, this.contract, id, key) !== undefined;
  }
  storeMapSize(id: number): number {
    return mapMeta(metadata(this.chain.contracts, this.contract), id).size;
  }
  loadStoreMap(id: number) {
    return loadMap(this.chain.contracts, this.contract, id);
  }
  spendStoreReads(count: number): void {
    this.spend(count * mapReadGas);
  }

  /** The value with its store maps loaded; gas for a walk is due even where it has none. */
  unfold(value: Value, model: CostModel = costModels.unfold): Value {
    this.spendTraversal(value, costModels.simple);
    if (!hasStoreMaps(value)) return value;
    const maps = {
      size: (id: number) => this.storeMapSize(id),
      load: (id: number) => this.loadStoreMap(id),
    };
    this.spend(traversalCost(value, model, this.gas, maps));
    return unfoldStoreMaps(value, maps.load);
  }

  // Calls

  function(id: Value): FateFunction {
    const found = isBlob(id, 'string') ? this.code.functions.get(toHex(id.bytes)) : undefined;
    return found ?? this.abort(aborts.noSuchFunction(id));
  }

  /** Continues at the first block of a function of the current contract. */
  enterFunction(id: Value, allowInit: boolean): void {
    if (!allowInit && isBlob(id, 'string') && toHex(id.bytes) === initHex) this.abort(aborts.initNotAllowed);
    this.fn = this.function(id);
    this.block = 0;
  }

  /** Makes a contract the current one and continues in its function. */
  enterContract(
    caller: Uint8Array,
    contract: Uint8Array,
    id: Value,
    checks: { payable: boolean; isPrivate: boolean; allowInit: boolean },
  ): void {
    const { code, vmVersion } = this.loadCode(contract) ?? this.abort(aborts.noSuchContract(contract));
    this.contract = contract;
    this.code = code;
    this.vmVersion = vmVersion;
    this.caller = caller;
    const bytes = isBlob(id, 'string') ? id.bytes : new Uint8Array();
    if (checks.payable && !this.function(id).isPayable) this.abort(aborts.notPayable(bytes));
    if (checks.isPrivate && this.function(id).isPrivate) this.abort(aborts.isPrivate(bytes));
    this.enterFunction(id, checks.allowInit);
  }

  loadCode(contract: Uint8Array): LoadedCode | undefined {
    const hex = toHex(contract);
    const known = this.codes.get(hex);
    if (known) return known;
    const before = this.gas;
    this.spend(codeLoadGas);
    const found = codeOf(this.chain, contract);
    if (found) this.codes = new Map(this.codes).set(hex, found);
    else this.gas = before;
    return found;
  }

  /** After a contract that failed to begin. */
  forgetCode(contract: Uint8Array): void {
    const codes = new Map(this.codes);
    codes.delete(toHex(contract));
    this.codes = codes;
  }

  /** The current contract waits for another, which may not be waiting itself. */
  enterSeen(contract: Uint8Array): void {
    if ([this.contract, ...this.seen].some((waiting) => equalBytes(waiting, contract)))
      this.abort(aborts.reentrant);
    this.seen = [this.contract, ...this.seen];
  }

  /** Checks number and types of the arguments of the current function. */
  checkArgs(args: readonly Value[]): void {
    const wanted = this.fn.args;
    if (args.length !== wanted.length) this.abort(aborts.arityMismatch(args.length, wanted.length));
    const bindings = checkType({ is: 'tuple', items: wanted }, { kind: 'tuple', items: args });
    if (!bindings) this.abort(aborts.argsNotOfTypes(args, wanted));
    this.tvars = bindings;
  }

  bindArgs(args: readonly Value[]): void {
    this.args = new Map(args.map((arg, i) => [i, arg]));
    this.vars = new Map();
  }

  pushEntry(entry: DistributiveOmit<Entry, keyof Below>): void {
    const below = this.callStack;
    const held = (below?.held ?? 0) + (entry.is === 'gas' ? entry.reserve : 0);
    const guarded = (below?.guarded ?? false) || (entry.is === 'check' && entry.isProtected);
    this.callStack = { ...entry, next: below, held, guarded } as Entry;
  }

  pushReturnAddress(): void {
    const stack =
      this.acc === voidValue ? this.#stack : { value: this.acc, next: this.#stack, size: this.stackSize + 1 };
    const { caller, contract, vmVersion, fn, tvars, args, vars, callValue } = this;
    this.pushEntry({
      is: 'frame',
      caller,
      contract,
      vmVersion,
      fn,
      tvars,
      block: this.block + 1,
      stack,
      args,
      vars,
      callValue,
    });
    this.acc = voidValue;
    this.#stack = null;
  }

  /** Leaves the call for its caller. @returns whether it was the outermost */
  return(): boolean {
    for (;;) {
      const top = this.callStack;
      if (!top) {
        this.acc = this.unfold(this.acc);
        return true;
      }
      this.callStack = top.next;
      switch (top.is) {
        case 'gas':
          this.gas += top.reserve;
          break;
        case 'continue':
          top.run(this);
          break;
        case 'check':
          this.#checkReturn(top);
          break;
        case 'frame':
          this.#resume(top);
          return false;
      }
    }
  }

  #resume(frame: Frame): void {
    const callee = this.contract;
    const isRemote = !equalBytes(callee, frame.contract);
    if (isRemote) {
      const at = this.seen.findIndex((pubkey) => equalBytes(pubkey, frame.contract));
      this.seen = this.seen.slice(at + 1);
    }
    this.callValue = frame.callValue;
    this.#stack = frame.stack;
    this.args = frame.args;
    this.vars = frame.vars;
    // store maps of the result are the callee's
    if (isRemote) this.acc = this.unfold(this.acc);
    this.contract = frame.contract;
    this.vmVersion = frame.vmVersion;
    if (isRemote) {
      this.caller = frame.caller;
      this.code = this.loadCode(frame.contract)!.code;
    }
    this.fn = frame.fn;
    this.tvars = frame.tvars;
    this.block = frame.block;
  }

  #checkReturn(check: Entry & { is: 'check' }): void {
    const { gas } = this;
    if (!check.isProtected) {
      this.#checkReturnType(check);
      return;
    }
    try {
      this.#checkReturnType(check);
      this.acc = some(this.acc);
    } catch (error) {
      if (error instanceof Limit || error instanceof RangeError) throw error;
      this.gas = gas;
      this.stores = check.stores;
      this.chain = check.chain;
      this.acc = none;
    }
  }

  #checkReturnType({ type, tvars }: { type: Type; tvars: Bindings }): void {
    this.spendTraversal(this.acc, costModels.simple);
    const bindings = checkType(type, this.acc);
    if (!bindings) this.abort(aborts.badReturn(this.acc, type));
    if (!mergeBindings(bindings, tvars)) this.abort(aborts.badReturn(this.acc, instantiate(tvars, type)));
  }

  // Failure in a protected call

  mark(): Mark {
    const { gas, cells, callStack, seen, stores, chain, codes, contract, code, vmVersion } = this;
    const { caller, callValue, fn, tvars, args, vars, block } = this;
    return {
      gas,
      cells,
      logs: this.logs.length,
      callStack,
      seen,
      stores,
      chain,
      codes,
      contract,
      code,
      vmVersion,
      caller,
      callValue,
      fn,
      tvars,
      args,
      vars,
      block,
    };
  }

  rollBack(mark: Mark): void {
    const { logs, ...rest } = mark;
    Object.assign(this, rest);
    this.logs.length = logs;
  }

  /** The stack as it is, to put it back. */
  get stack(): { acc: Value; rest: unknown } {
    return { acc: this.acc, rest: this.#stack };
  }
  set stack({ acc, rest }: { acc: Value; rest: unknown }) {
    this.acc = acc;
    this.#stack = rest as StackNode | null;
  }

  /**
   * Goes on behind the innermost protected call, whose result is None.
   * @returns as `return`; undefined where no call is protected
   */
  recover(): boolean | undefined {
    if (!this.callStack?.guarded) return undefined;
    for (;;) {
      const top: Entry = this.callStack!;
      this.callStack = top.next;
      if (top.is === 'gas') this.gas += top.reserve;
      else if (top.is === 'frame') this.#drop(top);
      else if (top.is === 'check' && top.isProtected) {
        this.stores = top.stores;
        this.chain = top.chain;
        this.acc = none;
        return this.return();
      }
    }
  }

  #drop(frame: Frame): void {
    if (!equalBytes(this.contract, frame.contract)) {
      const at = this.seen.findIndex((pubkey) => equalBytes(pubkey, frame.contract));
      this.seen = this.seen.slice(at + 1);
    }
    this.contract = frame.contract;
    this.callValue = frame.callValue;
  }
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

const isRegister = ({ value }: Operand): boolean => typeof value === 'bigint' && value < 0n;

/** The address of an account, as a value. */
export const addressOf = (pubkey: Uint8Array): Value => blob('address', pubkey);
