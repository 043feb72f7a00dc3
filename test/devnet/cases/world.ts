/** A chain with one channel, without blocks and HTTP: each step is a real transaction, applied by the rules. */
import { expect } from 'vitest';
import { keyPair } from '../../../devnet/ed25519.ts';
import { applyTransaction } from '../../../devnet/rules/index.ts';
import { Refusal } from '../../../devnet/rules/refusal.ts';
import { type Account, type Channel, State } from '../../../devnet/rules/state.ts';
import { toHex } from '../../../src/protocol/bytes.ts';
import type { Unpriced } from '../../../src/protocol/chain/fee.ts';
import { channelId } from '../../../src/protocol/chain/ids.ts';
import { signedTx, signingBytes, txHash } from '../../../src/protocol/chain/signed.ts';
import { serializeTx } from '../../../src/protocol/chain/tx.ts';
import { proofOfInclusion } from '../../../src/protocol/state/poi.ts';
import { channelTrees, stateHash } from '../../../src/protocol/state/trees.ts';
import { ae, alice, blockAt, bob, carol, networkId, signed } from '../support.ts';

export const delegate = keyPair(new Uint8Array(32).fill(4));
export const nobody = keyPair(new Uint8Array(32).fill(9));
export type Key = typeof alice;

/** Balances of Alice and Bob in AE as a state of the channel. */
export function treesOf(a: bigint, b: bigint) {
  return channelTrees([
    { pubkey: alice.publicKey, balance: a * ae },
    { pubkey: bob.publicKey, balance: b * ae },
  ]);
}
export const hashOf = (a: bigint, b: bigint) => stateHash(treesOf(a, b));
export const proofOf = (a: bigint, b: bigint, ...of: Key[]) => {
  const accounts = (of.length > 0 ? of : [alice, bob]).map(({ publicKey }) => publicKey);
  return proofOfInclusion(treesOf(a, b), { accounts });
};

/** A chain with a channel of Alice (10 AE) and Bob (5 AE), reserve 1 AE, lock period 10, and Alice's delegate. */
export class World {
  readonly state = new State();
  height = 100;
  soloRoundResetHeight = 0;
  /** The last transaction, signed, taken or refused. */
  last: Uint8Array | undefined;
  readonly id = channelId(alice.publicKey, 1n, bob.publicKey);

  constructor(opened = true) {
    const rich: Account = { balance: 1000n * ae, nonce: 0n };
    const accounts = [alice, bob, carol, delegate].map(({ publicKey }) => [toHex(publicKey), rich] as const);
    this.state.apply({ accounts: new Map(accounts), channels: new Map(), calls: new Map() });
    if (opened) expect(this.create({})).toBe('ok');
  }

  get channel(): Channel | undefined {
    return this.state.channel(this.id);
  }

  nonce({ publicKey }: Key): bigint {
    return (this.state.account(publicKey)?.nonce ?? 0n) + 1n;
  }

  balance({ publicKey }: { publicKey: Uint8Array }): bigint {
    return this.state.account(publicKey)?.balance ?? 0n;
  }

  run(unpriced: Unpriced, ...signers: Key[]): string {
    const { height, soloRoundResetHeight } = this;
    const transaction = signed(unpriced, ...signers);
    this.last = transaction.bytes;
    try {
      this.state.apply(applyTransaction(this.state, transaction, blockAt(height, { soloRoundResetHeight })));
      return 'ok';
    } catch (error) {
      if (error instanceof Refusal) return error.reason;
      throw error;
    }
  }

  create(changes: Partial<Extract<Unpriced, { type: 'ChannelCreateTx' }>>, ...signers: Key[]): string {
    const tx = {
      type: 'ChannelCreateTx' as const,
      initiatorId: alice.publicKey,
      initiatorAmount: 10n * ae,
      responderId: bob.publicKey,
      responderAmount: 5n * ae,
      channelReserve: ae,
      lockPeriod: 10n,
      ttl: 0n,
      initiatorDelegates: [delegate.publicKey],
      responderDelegates: [],
      stateHash: hashOf(10n, 5n),
      nonce: this.nonce(alice),
      ...changes,
    };
    return this.run(tx, ...(signers.length > 0 ? signers : [alice, bob]));
  }

  /** Deposit or withdrawal of 2 AE by `by`, to round 2. */
  move(
    type: 'ChannelDepositTx' | 'ChannelWithdrawTx',
    {
      by = alice,
      round = 2n,
      amount = 2n * ae,
      nonce = this.nonce(by),
      id = this.id,
      hash = hashOf(10n, 5n),
    }: Move = {},
  ): string {
    const common = { channelId: id, amount, ttl: 0n, stateHash: hash, round, nonce };
    if (type === 'ChannelDepositTx') return this.run({ ...common, type, fromId: by.publicKey }, alice, bob);
    return this.run({ ...common, type, toId: by.publicKey }, alice, bob);
  }

  closeMutual({ by = alice, a = 10n * ae, b = 4n * ae, nonce = this.nonce(by), id = this.id } = {}): string {
    const amounts = { initiatorAmountFinal: a, responderAmountFinal: b };
    const tx = { channelId: id, fromId: by.publicKey, ...amounts, ttl: 0n, nonce };
    return this.run({ type: 'ChannelCloseMutualTx', ...tx }, alice, bob);
  }

  payload(
    round: bigint,
    hash: Uint8Array,
    { id = this.id, by = [alice, bob] }: { id?: Uint8Array; by?: Key[] } = {},
  ) {
    const unsigned = serializeTx({ type: 'ChannelOffChainTx', channelId: id, round, stateHash: hash });
    const bytes = signingBytes(networkId, txHash(unsigned));
    return signedTx(
      unsigned,
      by.map((key) => key.sign(bytes)),
    );
  }

  solo(type: 'ChannelCloseSoloTx' | 'ChannelSlashTx', given: Solo = {}): string {
    const { by = bob, payload = new Uint8Array(), poi = proofOf(10n, 5n), id = this.id } = given;
    const tx = {
      channelId: id,
      fromId: by.publicKey,
      payload,
      poi,
      ttl: 0n,
      nonce: given.nonce ?? this.nonce(by),
    };
    return this.run({ type, ...tx }, by);
  }

  snapshot({
    by = bob,
    payload = this.payload(2n, hashOf(7n, 8n)),
    id = this.id,
    nonce = this.nonce(by),
  }: Solo = {}) {
    const tx = { channelId: id, fromId: by.publicKey, payload, ttl: 0n, nonce };
    return this.run({ type: 'ChannelSnapshotSoloTx', ...tx }, by);
  }

  settle({ by = bob, a = 10n * ae, b = 5n * ae, nonce = this.nonce(by), id = this.id } = {}): string {
    const amounts = { initiatorAmountFinal: a, responderAmountFinal: b };
    return this.run(
      { type: 'ChannelSettleTx', channelId: id, fromId: by.publicKey, ...amounts, ttl: 0n, nonce },
      by,
    );
  }

  delegates(
    given: {
      by?: Key;
      payload?: Uint8Array;
      hash?: Uint8Array;
      round?: bigint;
      nonce?: bigint;
      id?: Uint8Array;
    } = {},
  ): string {
    const { by = alice, payload = new Uint8Array(), hash = hashOf(10n, 5n), round = 1n } = given;
    const lists = { initiatorDelegates: [carol.publicKey], responderDelegates: [delegate.publicKey] };
    const tx = {
      channelId: given.id ?? this.id,
      fromId: by.publicKey,
      ...lists,
      payload,
      stateHash: hash,
      round,
      ttl: 0n,
    };
    return this.run(
      { type: 'ChannelSetDelegatesTx', ...tx, nonce: given.nonce ?? this.nonce(by) },
      alice,
      bob,
    );
  }
}

interface Move {
  by?: Key;
  round?: bigint;
  hash?: Uint8Array;
  amount?: bigint;
  nonce?: bigint;
  id?: Uint8Array;
}
export interface Solo {
  by?: Key;
  payload?: Uint8Array;
  poi?: Uint8Array;
  nonce?: bigint;
  id?: Uint8Array;
}

export const noChannel = new Uint8Array(32).fill(7);

/** Bob has closed alone by the state on chain. */
export function closingWorld(): World {
  const world = new World();
  expect(world.solo('ChannelCloseSoloTx')).toBe('ok');
  world.height = 103;
  return world;
}
