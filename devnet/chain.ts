/**
 * The chain: blocks, state, mempool, and the record of every step that a log can replay. Synchronous and without
 * timers; the miner calls it, the HTTP API reads it.
 */

import { equalBytes, toHex } from '../src/protocol/bytes.ts';
import { GAS_PRICE_MIN } from '../src/protocol/chain/fee.ts';
import { beneficiary } from './accounts.ts';
import {
  type Block,
  difficulty,
  type Generation,
  keyBlock,
  type MicroBlock,
  microBlock,
  nextStateHash,
} from './blocks.ts';
import { Mempool, type Order } from './mempool.ts';
import { applyTransaction, blockGasLimit, checkForPool, type Environment } from './rules/index.ts';
import { Refusal } from './rules/refusal.ts';
import { type Account, type Changes, Overlay, State } from './rules/state.ts';
import type { Transaction } from './transaction.ts';

export interface Genesis {
  networkId: string;
  /** Height of the genesis block. */
  height: number;
  /** Milliseconds since 1970. */
  time: number;
  /** First balances: public key in hex -> aetto. */
  balances: ReadonlyMap<string, bigint>;
  /** Height from which a close or slash with payload resets solo_round (168300 in the node). */
  soloRoundResetHeight: number;
}

/** One step; the same steps from the same genesis give the same chain. */
export type Step =
  | { step: 'transaction'; transaction: Transaction }
  | { step: 'dropped'; hashes: Uint8Array[]; forgotten: boolean }
  | { step: 'micro'; time: number; hashes: Uint8Array[] }
  | { step: 'key'; time: number }
  | { step: 'fork'; depth: number; time: number; dropped: Uint8Array[]; generations: Uint8Array[][] };

/** How the network around this node behaves. */
export interface Mode {
  /** Key blocks that a transaction waits before it may be mined. */
  delay: number;
  /** Transactions that get lost after they were accepted: `*`, types (`ChannelSlashTx`) or hashes (`th_...`). */
  drop: readonly string[];
  /** The order in which transactions are mined: by fee as the node, the opposite, or as they came. */
  order: Order;
  /** Aetto for a unit of gas below which the miners of the network leave a transaction waiting. */
  minGasPrice: bigint;
}

export const plainMode: Mode = { delay: 0, drop: [], order: 'fee', minGasPrice: GAS_PRICE_MIN };

export interface Mined {
  transaction: Transaction;
  block: MicroBlock;
}

export class Chain {
  readonly genesis: Genesis;
  mode: Mode = plainMode;
  readonly pool = new Mempool();
  readonly #generations: Generation[] = [];
  readonly #blocks = new Map<string, Block>();
  readonly #mined = new Map<string, Mined>();
  /** Known once and dropped: the node does not take them again. */
  readonly #gone = new Set<string>();
  readonly #state = new State();
  #forks = 0;
  readonly #record: (step: Step) => void;

  constructor(genesis: Genesis, record: (step: Step) => void = () => {}) {
    this.genesis = genesis;
    this.#record = record;
    const balances: [string, Account][] = [...genesis.balances].map(([key, balance]) => [
      key,
      { balance, nonce: 0n },
    ]);
    const changes: Changes = { accounts: new Map(balances), channels: new Map(), calls: new Map() };
    this.#state.apply(changes);
    const zero = new Uint8Array(32);
    const stateHash = nextStateHash(new TextEncoder().encode(genesis.networkId), changes);
    this.#pushKey(
      keyBlock({
        height: genesis.height,
        prevHash: zero,
        prevKeyHash: zero,
        stateHash,
        time: genesis.time,
        fork: 0,
      }),
    );
  }

  /** The state at the top. */
  get state(): State {
    return this.#state;
  }

  get height(): number {
    return this.#top.key.height;
  }

  get #top(): Generation {
    return this.#generations[this.#generations.length - 1]!;
  }

  get topBlock(): Block {
    return this.#top.micros.at(-1) ?? this.#top.key;
  }

  get topGeneration(): Generation {
    return this.#top;
  }

  get genesisHash(): Uint8Array {
    return this.#generations[0]!.key.hash;
  }

  /** Of a block on top that has this time. */
  environment(time: number): Environment {
    const { networkId, soloRoundResetHeight } = this.genesis;
    const blockHash = (height: bigint) => this.generation(Number(height))?.key.hash ?? new Uint8Array(32);
    const miner = { beneficiary: beneficiary.publicKey, difficulty: BigInt(difficulty) };
    return { networkId, soloRoundResetHeight, height: this.height, time, ...miner, blockHash };
  }

  generation(height: number): Generation | undefined {
    return this.#generations[height - this.genesis.height];
  }

  /** A block by its hash, on this chain or on a fork that was left. */
  block(hash: Uint8Array): Block | undefined {
    return this.#blocks.get(toHex(hash));
  }

  isOnChain(block: Block): boolean {
    const generation = this.generation(block.height);
    if (!generation) return false;
    return block.kind === 'key' ? generation.key === block : generation.micros.includes(block);
  }

  mined(hash: Uint8Array): Mined | undefined {
    return this.#mined.get(toHex(hash));
  }

  /** The account after this block of the chain; undefined where it did not exist. */
  accountAfter(publicKey: Uint8Array, block: Block): Account | undefined {
    const key = toHex(publicKey);
    for (let height = block.height; height <= this.height; height += 1) {
      const { micros } = this.generation(height)!;
      const first = height === block.height && block.kind === 'micro' ? micros.indexOf(block) + 1 : 0;
      for (const micro of micros.slice(first)) {
        if (micro.undo.accounts.has(key)) return micro.undo.accounts.get(key);
      }
    }
    return this.#state.account(publicKey);
  }

  /** Last nonce of the account's waiting transactions and its own, plus one; with `continuity` the first gap. */
  nextNonce(publicKey: Uint8Array, strategy: 'max' | 'continuity'): bigint {
    let next = (this.#state.account(publicKey)?.nonce ?? 0n) + 1n;
    for (const { nonce } of this.pool.ofAccount(publicKey)) {
      if (strategy === 'continuity' && nonce > next) break;
      if (nonce >= next) next = nonce + 1n;
    }
    return next;
  }

  /** Takes a transaction into the mempool, or throws a Refusal with the node's reason. */
  post(transaction: Transaction): void {
    const key = toHex(transaction.hash);
    if (this.#mined.has(key)) throw new Refusal('already_accepted');
    if (this.pool.get(transaction.hash) || this.#gone.has(key)) throw new Refusal('already_known');
    checkForPool(this.#state, transaction, this.environment(this.topBlock.time));
    if (this.#isLost(transaction)) return;
    this.#take(transaction);
  }

  #isLost(transaction: Transaction): boolean {
    const { drop } = this.mode;
    return drop.some((word) => word === '*' || word === transaction.type || word === transaction.id);
  }

  #take(transaction: Transaction): void {
    this.#record({ step: 'transaction', transaction });
    this.pool.add(transaction, this.height, this.mode.delay);
  }

  /** Drops waiting transactions; `forgotten` ones may be posted again, others are `already_known` for ever. */
  drop(hashes: readonly Uint8Array[], forgotten: boolean): void {
    if (hashes.length === 0) return;
    this.#record({ step: 'dropped', hashes: [...hashes], forgotten });
    for (const hash of hashes) {
      this.pool.remove(hash);
      if (!forgotten) this.#gone.add(toHex(hash));
    }
  }

  /** A key block on top; its transactions of old age leave the mempool. */
  mineKey(time: number): void {
    this.#record({ step: 'key', time });
    this.#addKey(time);
    this.drop(this.pool.expired(this.height), false);
  }

  #addKey(time: number): void {
    const { height, hash: prevKeyHash } = this.#top.key;
    const { hash: prevHash, stateHash } = this.topBlock;
    this.#pushKey(
      keyBlock({ height: height + 1, prevHash, prevKeyHash, stateHash, time, fork: this.#forks }),
    );
  }

  /** A micro block of what can be applied, or undefined where nothing can. */
  mineMicro(time: number): MicroBlock | undefined {
    const env = this.environment(time);
    const overlay = new Overlay(this.#state);
    const taken: Transaction[] = [];
    const hopeless: Uint8Array[] = [];
    let gasLeft = blockGasLimit;
    const { order, minGasPrice } = this.mode;
    const candidates = this.pool.candidates(this.height, order);
    // What pays too little is not tried: it waits in the mempool, and does not count as failed.
    let waiting = candidates.filter(({ transaction: { fee, gas } }) => fee >= gas * minGasPrice);
    // A nonce may become right by a transaction that was tried after it: go on while something was taken.
    for (let before = -1; before < taken.length; ) {
      before = taken.length;
      waiting = waiting.filter(({ transaction }) => {
        if (transaction.gasLimit > gasLeft) return true;
        try {
          overlay.absorb(applyTransaction(overlay, transaction, env));
        } catch (error) {
          if (error instanceof Refusal) return true;
          throw error;
        }
        gasLeft -= transaction.gasLimit;
        taken.push(transaction);
        return false;
      });
    }
    for (const entry of waiting) {
      const { transaction } = entry;
      if (transaction.gasLimit > gasLeft) continue;
      const reason = refusalOf(() => applyTransaction(overlay, transaction, env));
      if (reason && this.pool.failed(entry, reason, this.height)) hopeless.push(transaction.hash);
    }
    this.drop(hopeless, false);
    if (taken.length === 0) return undefined;
    this.#record({ step: 'micro', time, hashes: taken.map(({ hash }) => hash) });
    return this.#addMicro(time, taken, overlay);
  }

  #addMicro(time: number, transactions: readonly Transaction[], changes: Changes): MicroBlock {
    const { hash: prevHash, stateHash } = this.topBlock;
    const block = microBlock({
      key: this.#top.key,
      prevHash,
      stateHash: nextStateHash(stateHash, changes),
      time,
      transactions,
      undo: this.#state.apply(changes),
    });
    this.#top.micros.push(block);
    this.#blocks.set(toHex(block.hash), block);
    for (const transaction of transactions) {
      this.pool.remove(transaction.hash);
      this.#mined.set(toHex(transaction.hash), { transaction, block });
    }
    return block;
  }

  #pushKey(key: ReturnType<typeof keyBlock>): void {
    this.#generations.push({ key, micros: [] });
    this.#blocks.set(toHex(key.hash), key);
  }

  /**
   * Replaces the last `depth` generations by others with these transactions, in this order (default: as many empty
   * ones). The replaced blocks' transactions go back to the mempool, but for `dropped` ones, which become unknown.
   * Returns the hashes that were asked for and could not be applied; they stay in the mempool.
   */
  fork(depth: number, time: number, dropped: Uint8Array[], generations: Uint8Array[][]): Uint8Array[] {
    if (!Number.isInteger(depth) || depth < 1 || depth >= this.#generations.length) {
      const most = this.#generations.length - 1;
      throw new RangeError(
        `fork: depth is ${depth}, needs a whole number from 1 to ${most} (the genesis block stays)`,
      );
    }
    this.#record({ step: 'fork', depth, time, dropped, generations });
    const returned: Transaction[] = [];
    for (let i = 0; i < depth; i += 1) {
      const { micros } = this.#generations.pop()!;
      for (const micro of micros.reverse()) {
        this.#state.apply(micro.undo);
        returned.unshift(...micro.transactions);
      }
    }
    this.#forks += 1;
    for (const transaction of returned) {
      this.#mined.delete(toHex(transaction.hash));
      if (dropped.some((hash) => equalBytes(hash, transaction.hash))) continue;
      this.pool.add(transaction, this.height);
    }
    for (const hash of dropped) this.pool.remove(hash);
    const notMined: Uint8Array[] = [];
    for (const hashes of generations) {
      this.#addKey(time);
      notMined.push(...this.#mineExactly(time, hashes));
    }
    return notMined;
  }

  /** A micro block of these waiting transactions in this order; returns those that cannot be applied. */
  #mineExactly(time: number, hashes: readonly Uint8Array[]): Uint8Array[] {
    const overlay = new Overlay(this.#state);
    const taken: Transaction[] = [];
    const refused: Uint8Array[] = [];
    const env = this.environment(time);
    for (const hash of hashes) {
      const transaction = this.pool.get(hash)?.transaction;
      const apply = () => overlay.absorb(applyTransaction(overlay, transaction!, env));
      if (transaction && !refusalOf(apply)) taken.push(transaction);
      else refused.push(hash);
    }
    if (taken.length > 0) this.#addMicro(time, taken, overlay);
    return refused;
  }

  /** Does one recorded step again, without checks that the step has passed before. */
  replay(step: Step): void {
    switch (step.step) {
      case 'transaction':
        return this.#take(step.transaction);
      case 'dropped':
        return this.drop(step.hashes, step.forgotten);
      case 'key':
        this.#record(step);
        return this.#addKey(step.time);
      case 'micro': {
        this.#record(step);
        const refused = this.#mineExactly(step.time, step.hashes);
        if (refused.length > 0)
          throw new Error(`replay: a micro block's transaction ${toHex(refused[0]!)} does not apply`);
        return;
      }
      case 'fork':
        this.fork(step.depth, step.time, step.dropped, step.generations);
    }
  }
}

/** The reason where the action is refused. */
function refusalOf(action: () => unknown): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    if (error instanceof Refusal) return error.reason;
    throw error;
  }
}
