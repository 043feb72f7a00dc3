/** A channel's trees with the example contracts in them: who calls what at which height, and what it came to. */

import { type Argument, callData, type Plain, readValue } from '../../examples/shared/fate.ts';
import { compiled } from '../../scripts/contracts.ts';
import { toHex } from '../../src/protocol/bytes.ts';
import { decode, encode } from '../../src/protocol/chain/address.ts';
import type { EntryOf } from '../../src/protocol/state/entries.ts';
import { balanceOf, channelTrees, stateHash, type Trees } from '../../src/protocol/state/trees.ts';
import { applyContractEntry, nothingOnChain, pruneCalls } from '../../src/protocol/vm/index.ts';

export const ae = 10n ** 18n;
export const reserve = ae;
export const alice = new Uint8Array(32).fill(1);
export const bob = new Uint8Array(32).fill(2);
export const carol = new Uint8Array(32).fill(3);
export const addressOf = (pubkey: Uint8Array) => encode('ak', pubkey);

export interface Answer {
  outcome: 'ok' | 'revert' | 'error' | 'refused';
  /** What it returns; of a revert its reason, of an error or a refusal the text. */
  value: Plain;
}

export class Board {
  trees: Trees = channelTrees([
    { pubkey: alice, balance: 10n * ae },
    { pubkey: bob, balance: 10n * ae },
  ]);
  contract = new Uint8Array(32);
  round = 1n;
  height = 1_000n;

  /** Alice makes the contract. */
  create(name: string, deposit: bigint, ...args: Argument[]): Answer {
    return this.#apply({
      type: 'create',
      owner: alice,
      ctVersion: 0x80003n,
      code: decode('cb', compiled(name).code),
      deposit,
      callData: decode('cb', callData('init', ...args)),
    });
  }

  call(caller: Uint8Array, name: string, args: Argument[] = [], amount = 0n): Answer {
    return this.#apply(this.#entry(caller, name, args, amount));
  }

  /** A call that changes nothing. */
  look(name = 'view'): Plain {
    const { trees, round } = this;
    const { value } = this.call(alice, name);
    Object.assign(this, { trees, round });
    return value;
  }

  #entry(caller: Uint8Array, name: string, args: Argument[], amount: bigint): EntryOf<'call'> {
    return {
      type: 'call',
      caller,
      contract: this.contract,
      abiVersion: 3n,
      amount,
      gas: 1_000_000n,
      gasPrice: 10n ** 9n,
      callData: decode('cb', callData(name, ...args)),
      callStack: [],
    };
  }

  #apply(entry: EntryOf<'create' | 'call'>): Answer {
    const before = this.total();
    const applied = applyContractEntry(pruneCalls(this.trees), entry, {
      round: this.round + 1n,
      reserve,
      height: this.height,
      time: 0n,
      beneficiary: new Uint8Array(32),
      difficulty: 0n,
      networkId: 'ae_devnet',
      blockHash: () => new Uint8Array(32),
      onChain: nothingOnChain,
    });
    if (applied.status === 'refused') return { outcome: 'refused', value: applied.reason };
    this.trees = applied.trees;
    this.contract = applied.contract as Uint8Array<ArrayBuffer>;
    this.round += 1n;
    if (this.total() !== before) throw new Error('coins were made or lost');
    const { returnValue } = applied.call;
    return {
      outcome: applied.outcome,
      value:
        applied.outcome === 'error'
          ? new TextDecoder().decode(returnValue)
          : readValue(encode('cb', returnValue)),
    };
  }

  balance = (pubkey: Uint8Array): bigint => balanceOf(this.trees, pubkey) ?? 0n;
  held = (): bigint => this.balance(this.contract);
  total = (): bigint => [alice, bob, carol, this.contract].reduce((all, one) => all + this.balance(one), 0n);
  hash = (): string => toHex(stateHash(pruneCalls(this.trees)));
}
