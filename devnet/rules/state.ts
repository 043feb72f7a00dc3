/**
 * What the chain stores: accounts, channels, receipts. The rules see it through `StateView` and write to an
 * `Overlay`, so that a refused transaction leaves nothing behind; the chain keeps one `State` and, for each
 * block, the values that the block replaced: undoing a block costs what the block changed.
 */
import { toHex } from '../../src/protocol/bytes.ts';
import type { CallObject } from '../../src/protocol/vm/index.ts';

/** Basic account. Balance in aetto; `nonce` is the last used one. */
export interface Account {
  readonly balance: bigint;
  readonly nonce: bigint;
}

/** Channel object (tag 58 version 3). Amounts in aetto. */
export interface Channel {
  readonly id: Uint8Array;
  readonly initiator: Uint8Array;
  readonly responder: Uint8Array;
  readonly channelAmount: bigint;
  readonly initiatorAmount: bigint;
  readonly responderAmount: bigint;
  readonly channelReserve: bigint;
  readonly initiatorDelegates: readonly Uint8Array[];
  readonly responderDelegates: readonly Uint8Array[];
  readonly stateHash: Uint8Array;
  readonly round: bigint;
  /** 0 while the last state is co-signed, else the first round that was forced. */
  readonly soloRound: bigint;
  /** Key blocks. */
  readonly lockPeriod: bigint;
  /** Height from which a settle is possible; 0 while active. */
  readonly lockedUntil: bigint;
}

/** Holds what closing channels do not pay out: 32 zero bytes. */
export const lockedCoinsAccount = new Uint8Array(32);

export interface StateView {
  account(publicKey: Uint8Array): Account | undefined;
  channel(id: Uint8Array): Channel | undefined;
}

/** Values by hex key; undefined stands for "not there". */
export interface Changes {
  readonly accounts: ReadonlyMap<string, Account | undefined>;
  readonly channels: ReadonlyMap<string, Channel | undefined>;
  /** receipts of forced rounds, by transaction hash */
  readonly calls: ReadonlyMap<string, CallObject | undefined>;
}

/** A view with writes on top that the base does not see. */
export class Overlay implements StateView {
  readonly accounts = new Map<string, Account | undefined>();
  readonly channels = new Map<string, Channel | undefined>();
  readonly calls = new Map<string, CallObject | undefined>();
  readonly #base: StateView;

  constructor(base: StateView) {
    this.#base = base;
  }

  account(publicKey: Uint8Array): Account | undefined {
    const key = toHex(publicKey);
    return this.accounts.has(key) ? this.accounts.get(key) : this.#base.account(publicKey);
  }

  channel(id: Uint8Array): Channel | undefined {
    const key = toHex(id);
    return this.channels.has(key) ? this.channels.get(key) : this.#base.channel(id);
  }

  putAccount(publicKey: Uint8Array, account: Account): void {
    this.accounts.set(toHex(publicKey), account);
  }

  putChannel(channel: Channel): void {
    this.channels.set(toHex(channel.id), channel);
  }

  deleteChannel(id: Uint8Array): void {
    this.channels.set(toHex(id), undefined);
  }

  putCall(txHash: Uint8Array, call: CallObject): void {
    this.calls.set(toHex(txHash), call);
  }

  /** Takes over the writes of an overlay that lies on this one. */
  absorb(changes: Changes): void {
    for (const [key, account] of changes.accounts) this.accounts.set(key, account);
    for (const [key, channel] of changes.channels) this.channels.set(key, channel);
    for (const [key, call] of changes.calls) this.calls.set(key, call);
  }
}

/** The state at the top of the chain. */
export class State implements StateView {
  readonly #accounts = new Map<string, Account>();
  readonly #channels = new Map<string, Channel>();
  readonly #calls = new Map<string, CallObject>();

  account(publicKey: Uint8Array): Account | undefined {
    return this.#accounts.get(toHex(publicKey));
  }

  channel(id: Uint8Array): Channel | undefined {
    return this.#channels.get(toHex(id));
  }

  /** The receipt of the forced round that a transaction made. */
  call(txHash: Uint8Array): CallObject | undefined {
    return this.#calls.get(toHex(txHash));
  }

  /** Writes changes and returns what undoes them. */
  apply(changes: Changes): Changes {
    return {
      accounts: replace(this.#accounts, changes.accounts),
      channels: replace(this.#channels, changes.channels),
      calls: replace(this.#calls, changes.calls),
    };
  }
}

function replace<T>(
  table: Map<string, T>,
  changes: ReadonlyMap<string, T | undefined>,
): Map<string, T | undefined> {
  const before = new Map<string, T | undefined>();
  for (const [key, value] of changes) {
    before.set(key, table.get(key));
    if (value === undefined) table.delete(key);
    else table.set(key, value);
  }
  return before;
}
