/** The world with a contract in the channel, and rounds that one party forces. */
import { expect } from 'vitest';
import { fromHex } from '../../../src/protocol/bytes.ts';
import { GAS_PRICE_MIN, type Unpriced } from '../../../src/protocol/chain/fee.ts';
import { type ForcedRound, forceProgress } from '../../../src/protocol/channel/force-progress.ts';
import { type EntryOf, parseEntry } from '../../../src/protocol/state/entries.ts';
import { proofOfInclusion } from '../../../src/protocol/state/poi.ts';
import { balanceOf, stateHash, type Trees, withBalance } from '../../../src/protocol/state/trees.ts';
import {
  applyContractEntry,
  nothingOnChain,
  pruneCalls,
  type UpdateEnv,
} from '../../../src/protocol/vm/index.ts';
import { ae, alice, blockAt, bob, networkId } from '../support.ts';
import { readVectors } from '../vectors.ts';
import { type Key, type Solo, treesOf, World } from './world.ts';

interface OffChainContract {
  file: string;
  create_update_hex: string;
  calls: { call: string; update_hex: string }[];
}
const { contracts } = readVectors<{ contracts: OffChainContract[] }>('fate_offchain.json');
const opcodes = readVectors<{
  cases: { name: string; steps: { create?: string; f?: string; update_hex: string }[] }[];
}>('fate_opcodes.json');

/** A contract of the vectors: how it is made, and its calls by their text. */
export interface Program {
  create: EntryOf<'create'>;
  call(text: string): EntryOf<'call'>;
}

function program(create: string, calls: ReadonlyMap<string, string>): Program {
  return {
    create: parseEntry(fromHex(create)) as EntryOf<'create'>,
    call(text) {
      const entry = parseEntry(fromHex(calls.get(text)!)) as EntryOf<'call'>;
      return { ...entry, gas: 100_000n, gasPrice: GAS_PRICE_MIN, amount: 0n };
    },
  };
}

export function offChainProgram(file: string): Program {
  const found = contracts.find((contract) => contract.file === file)!;
  return program(
    found.create_update_hex,
    new Map(found.calls.map(({ call, update_hex }) => [call, update_hex])),
  );
}

/** A contract of single instructions. */
export function opcodeProgram(name: string): Program {
  const { steps } = opcodes.cases.find((one) => one.name === name)!;
  const create = steps.find((step) => step.create)!.update_hex;
  return program(create, new Map(steps.filter(({ f }) => f).map(({ f, update_hex }) => [f!, update_hex])));
}

export const counter = offChainProgram('counter.aes');
export const escrow = offChainProgram('escrow.aes');

export interface Forced {
  by?: Key;
  /** default: the contract's `inc(5)` by who posts */
  update?: EntryOf<'call'>;
  caller?: Key;
  /** the state that the party goes on from; its round; whether the chain has it already */
  trees?: Trees;
  round?: bigint;
  onChain?: boolean;
  payload?: Uint8Array;
  change?: Partial<Extract<Unpriced, { type: 'ChannelForceProgressTx' }>>;
}

/** Alice has 10 AE, Bob 5; Alice has made the contract in round 2. */
export class ContractWorld extends World {
  readonly program: Program;
  /** the state after round 2, with its call object */
  readonly start: Trees;

  constructor(made: Program = counter) {
    super();
    this.program = made;
    const create = { ...made.create, deposit: 0n };
    const applied = applyContractEntry(treesOf(10n, 5n), create, { ...this.env, round: 2n });
    if (applied.status === 'refused') throw new Error(applied.reason);
    this.start = applied.trees;
  }

  get env(): Omit<UpdateEnv, 'round'> {
    const block = blockAt(this.height);
    return {
      ...block,
      height: BigInt(this.height),
      time: BigInt(block.time),
      networkId,
      reserve: ae,
      onChain: {
        ...nothingOnChain,
        balance: (pubkey) => this.state.account(pubkey)?.balance,
      },
    };
  }

  /** The call that is forced where nothing else is said. */
  inc(by: Key = alice): EntryOf<'call'> {
    return { ...this.program.call('inc(5)'), caller: by.publicKey };
  }

  coSigned(trees: Trees, round: bigint): Uint8Array {
    return this.payload(round, stateHash(trees));
  }

  /** The transaction that a wallet builds. */
  build(given: Forced = {}): Extract<ForcedRound, { status: 'ready' }> {
    const { by = alice, caller = by, trees = this.start, round = 2n, onChain = false } = given;
    const forced = forceProgress({
      channelId: this.id,
      from: by.publicKey,
      base: {
        payload: onChain ? new Uint8Array() : this.coSigned(trees, round),
        round,
        trees,
      },
      update: given.update ?? this.inc(caller),
      env: this.env,
      ttl: 0n,
      nonce: this.nonce(by),
    });
    if (forced.status === 'refused') throw new Error(forced.reason);
    return forced;
  }

  /** Forces a round: `ok` or the chain's reason, and the state that it makes. */
  force(given: Forced = {}): {
    outcome: string;
    trees: Trees;
    built: Extract<ForcedRound, { status: 'ready' }>;
  } {
    const built = this.build(given);
    const payload = given.payload ?? built.tx.payload;
    const outcome = this.run({ ...built.tx, payload, ...given.change }, given.by ?? alice);
    return { outcome, trees: built.trees, built };
  }

  /** A state of the same contract that differs in who has what. */
  moved(trees: Trees, a: bigint, b: bigint): Trees {
    const first = withBalance(pruneCalls(trees), alice.publicKey, a * ae);
    return withBalance(first, bob.publicKey, b * ae);
  }

  /** Close or slash with this co-signed state. */
  soloWith(type: 'ChannelCloseSoloTx' | 'ChannelSlashTx', trees: Trees, round: bigint | null, by: Key = bob) {
    const given: Solo = { by, poi: this.proof(trees) };
    return this.solo(type, round === null ? given : { ...given, payload: this.coSigned(trees, round) });
  }

  proof(trees: Trees): Uint8Array {
    return proofOfInclusion(trees, { accounts: [alice.publicKey, bob.publicKey] });
  }

  snapshotOf(trees: Trees, round: bigint): string {
    return this.snapshot({ payload: this.coSigned(trees, round) });
  }

  /** A joint deposit or withdrawal of 2 AE by Alice, to this state and round. */
  moveTo(type: 'ChannelDepositTx' | 'ChannelWithdrawTx', trees: Trees, round: bigint): string {
    return this.move(type, { round, hash: stateHash(trees) });
  }

  expectForced(round: bigint, soloRound: bigint, trees: Trees): void {
    expect(this.channel).toMatchObject({
      round,
      soloRound,
      stateHash: stateHash(trees),
      initiatorAmount: balanceOf(trees, alice.publicKey),
      responderAmount: balanceOf(trees, bob.publicKey),
    });
  }

  expectMutual(round: bigint, trees: Trees): void {
    expect(this.channel).toMatchObject({ round, soloRound: 0n, stateHash: stateHash(trees) });
  }
}
