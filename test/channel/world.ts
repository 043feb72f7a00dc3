/**
 * Two parties, each a state machine with a disk, and a wire between them that keeps order, breaks, and loses what is
 * under way when it breaks. Signatures are real; the chain is reduced to accounts, and to what is confirmed.
 */
import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { type ChannelRow, KeptNodes, nodeKey, withRoots, withTrees } from '../../src/engine/nodes.ts';
import { defaultSettings } from '../../src/engine/settings.ts';
import { bigintToFixedBytes, bytesToBigint, equalBytes, toHex } from '../../src/protocol/bytes.ts';
import {
  type Answer,
  type Ask,
  type Channel,
  consider,
  type Effect,
  type Env,
  type Event,
  type FoundBlock,
  type HistoryEntry,
  idle,
  initiate,
  isCommitted,
  isOver,
  type OnChain,
  type Outcome,
  type Request,
  type Role,
  step,
  type Terms,
  type Transition,
} from '../../src/protocol/channel/index.ts';
import { decode, encode, type Message } from '../../src/protocol/wire/index.ts';

export const ae = 10n ** 18n;
export const networkId = 'ae_devnet';
export const chainHash = new Uint8Array(32).fill(9);

export interface KeyPair {
  publicKey: Uint8Array;
  privateKey: KeyObject;
}

export function keyPair(seedByte: number): KeyPair {
  const seed = Buffer.alloc(32, seedByte);
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  return { publicKey: new Uint8Array(spki.subarray(-32)), privateKey };
}

const spkiHead = Buffer.from('302a300506032b6570032100', 'hex');
const publicKeys = new Map<string, KeyObject>();
export function verifies(key: Uint8Array, bytes: Uint8Array, signature: Uint8Array): boolean {
  const hex = toHex(key);
  let object = publicKeys.get(hex);
  if (!object) {
    object = createPublicKey({ key: Buffer.concat([spkiHead, key]), format: 'der', type: 'spki' });
    publicKeys.set(hex, object);
  }
  return verify(null, bytes, object, signature);
}
export const signs = (keys: KeyPair, bytes: Uint8Array): Uint8Array =>
  new Uint8Array(sign(null, bytes, keys.privateKey));

export const standardTerms: Terms = {
  initiatorAmount: 10n * ae,
  responderAmount: 5n * ae,
  pushAmount: 0n,
  channelReserve: ae / 10n,
  lockPeriod: 10,
};

/** Thrown in the middle of a transition: the process is gone. */
export class Killed extends Error {}

export class Party {
  readonly keys: KeyPair;
  readonly world: World;
  channel: Channel | null = null;
  disk: ChannelRow | null = null;
  /** Nodes of state trees on the disk, by their keys. */
  nodes = new Map<string, Uint8Array>();
  kept: KeptNodes | null = null;
  /** Answered for and not written yet, as src/engine/actor.ts defers it. */
  deferred: { history: HistoryEntry[]; outcomes: Outcome[] } | null = null;
  history: HistoryEntry[] = [];
  /** Durable outcomes, and answers that need not be. */
  outcomes: Outcome[] = [];
  /** What was told of each request, by its id: whether it was ok. */
  told = new Map<string, boolean[]>();
  inband: Uint8Array[] = [];
  sent: Message[] = [];
  disconnects: string[] = [];
  /** Every byte string this party ever signed. */
  signed: Uint8Array[] = [];
  /** The one signature that it gave away for each number, over its whole life: `no number is ever used twice`. */
  given = new Map<string, string>();
  env: Env = { now: 0, settings: { ...defaultSettings, contracts: 'any' } };
  nonce = 0n;
  nodeAnswers = true;
  /** Kills the party before its effect of this number (counted over its life); null never. */
  killBefore: number | null = null;
  effects = 0;

  constructor(world: World, seedByte: number) {
    this.world = world;
    this.keys = keyPair(seedByte);
  }

  get peer(): Party {
    return this.world.alice === this ? this.world.bob : this.world.alice;
  }

  answer(ask: Ask): Answer {
    switch (ask.ask) {
      case 'sign':
        this.signed.push(ask.bytes);
        return signs(this.keys, ask.bytes);
      case 'verify':
        return verifies(ask.key, ask.bytes, ask.signature);
      case 'account':
        return this.nodeAnswers
          ? (this.world.accounts.get(toHex(ask.key)) ?? { balance: 0n, nonce: 0n })
          : null;
      case 'on_chain':
        return this.nodeAnswers ? this.world.object : null;
      case 'key_block':
        return this.nodeAnswers ? this.world.keyBlock(ask.at) : null;
      case 'balance_at':
        return this.nodeAnswers ? (this.world.accounts.get(toHex(ask.key))?.balance ?? 0n) : null;
      case 'reserve_nonce':
        if (!this.nodeAnswers) return null;
        this.nonce += 1n;
        return this.nonce;
    }
  }

  post(event: Event): Transition {
    if (!this.channel) throw new Error('no channel');
    const run = step(this.channel, event, this.env);
    let turn = run.next();
    while (!turn.done) turn = run.next(this.answer(turn.value));
    const done = turn.value;
    const durable = done.effects.some((effect) => effect.type === 'persist');
    if (!durable) this.channel = done.channel;
    for (const effect of done.effects) this.carryOut(effect, done.channel);
    return done;
  }

  /** Here the process may die. */
  protected mayDie(): void {
    if (this.killBefore !== null && this.effects >= this.killBefore) {
      this.killBefore = null;
      throw new Killed();
    }
    this.effects += 1;
  }

  /** As src/engine/actor.ts: the record, the nodes that it needs and the disk has not, and what was deferred before. */
  write(next: Channel): void {
    this.kept ??= new KeptNodes('', next, 0);
    const { writes, done } = this.kept.writes(next);
    for (const { key, value } of writes) this.nodes.set(key, value as Uint8Array);
    this.disk = structuredClone(withRoots({ ...next, live: idle }));
    done();
    this.channel = next;
    this.history.push(...(this.deferred?.history ?? []));
    this.outcomes.push(...(this.deferred?.outcomes ?? []));
    this.deferred = null;
  }

  /** Nothing came that what is deferred would be written with. */
  flush(): void {
    if (!this.deferred) return;
    this.mayDie();
    this.write(this.channel!);
  }

  carryOut(effect: Effect, next: Channel): void {
    if (effect.type !== 'persist' && effect.type !== 'answer') this.flush();
    this.mayDie();
    switch (effect.type) {
      case 'persist':
        if (effect.deferrable) {
          this.channel = next;
          this.deferred = { history: effect.history, outcomes: effect.outcomes };
        } else {
          this.write(next);
          this.history.push(...effect.history);
          this.outcomes.push(...effect.outcomes);
        }
        for (const { id, ok } of effect.outcomes) this.told.set(id, [...(this.told.get(id) ?? []), ok]);
        return;
      case 'send':
        this.sent.push(effect.message);
        this.checkNumber(effect.message, next);
        this.world.wire.push(this, encode(effect.message));
        return;
      case 'answer':
        this.outcomes.push(effect.outcome);
        return;
      case 'inband':
        this.inband.push(effect.data);
        return;
      case 'disconnect':
        this.disconnects.push(effect.reason);
        this.world.wire.breakSoon = true;
        return;
      case 'broadcast':
        this.world.broadcasts.push({ by: this, what: effect.what, tx: effect.signedTx });
        return;
      case 'cancel_nonce':
        this.world.cancelled.push(effect.nonce);
        return;
      case 'release_nonce':
        this.nonce = effect.nonce - 1n;
    }
  }

  /** PROTOCOL 1: no signature leaves for two states of one number, or a cheater could choose between them. */
  checkNumber(message: Message, { move, temporaryId }: Channel): void {
    let number: bigint;
    switch (message.type) {
      case 'update':
      case 'update_ack':
      case 'update_error':
        number = message.sequence_number;
        break;
      case 'update_deposit_created':
      case 'update_deposit_signed':
      case 'update_withdrawal_created':
      case 'update_withdrawal_signed':
        number = move!.number;
        break;
      default:
        return;
    }
    const signature = toHex(message.signature);
    const key = `${toHex(temporaryId)} ${number}`;
    const before = this.given.get(key) ?? signature;
    if (before !== signature) throw new Error(`two states of number ${number} were signed`);
    this.given.set(key, signature);
  }

  /** The process dies and comes back with what is on its disk. */
  restart(): void {
    this.deferred = null;
    this.channel =
      this.disk && withTrees(structuredClone(this.disk), (hash) => this.nodes.get(nodeKey('', hash)));
    this.kept = null;
    if (this.channel && !isCommitted(this.channel) && !isOver(this.channel))
      this.post({ type: 'disconnected' });
  }

  receive(bytes: Uint8Array): void {
    const message = decode(bytes);
    if (message.type === 'channel_open' && !this.channel) {
      const answer = consider(
        message,
        { key: this.keys.publicKey, networkId, chainHash, peer: this.peer.keys.publicKey, isUnique: true },
        this.env,
      );
      if (typeof answer === 'string')
        this.world.wire.push(
          this,
          encode({ type: 'error', channel_id: message.temporary_channel_id, data: Buffer.from(answer) }),
        );
      else this.channel = answer;
      return;
    }
    if (this.channel) this.post({ type: 'message', message });
  }
}

/** What is under way, in order per direction. */
class Wire {
  up = false;
  breakSoon = false;
  toAlice: Uint8Array[] = [];
  toBob: Uint8Array[] = [];
  readonly world: World;
  constructor(world: World) {
    this.world = world;
  }
  push(from: Party, bytes: Uint8Array): void {
    if (!this.up) return;
    (from === this.world.alice ? this.toBob : this.toAlice).push(bytes);
  }
}

export class World {
  accounts = new Map<string, { balance: bigint; nonce: bigint }>();
  broadcasts: { by: Party; what: string; tx: Uint8Array }[] = [];
  cancelled: bigint[] = [];
  /** What the parties' node shows of the channel. */
  object: OnChain | null = null;
  wire = new Wire(this);
  alice = new Party(this, 1);
  bob = new Party(this, 2);

  constructor() {
    for (const party of [this.alice, this.bob])
      this.accounts.set(toHex(party.keys.publicKey), { balance: 1000n * ae, nonce: 0n });
  }

  /** Height of the newest key block. */
  height = 100;

  /** Every key block is there, named by its height. */
  keyBlock(at: Uint8Array | number | null): FoundBlock | null {
    const height = at instanceof Uint8Array ? Number(bytesToBigint(at)) : (at ?? this.height);
    if (height > this.height) return null;
    const hash = bigintToFixedBytes(BigInt(height), 32);
    const block = {
      hash,
      height,
      time: height * 180_000,
      beneficiary: new Uint8Array(32).fill(0x5a),
      difficulty: 424_242n,
    };
    return { block, top: this.height };
  }

  connect(): void {
    if (this.wire.up) return;
    this.wire.up = true;
    for (const party of [this.alice, this.bob])
      this.guard(party, () => party.channel && party.post({ type: 'connected' }));
  }

  /** The connection breaks: what is under way is lost. */
  disconnect(): void {
    if (!this.wire.up) return;
    this.wire.up = false;
    this.wire.breakSoon = false;
    this.wire.toAlice = [];
    this.wire.toBob = [];
    for (const party of [this.alice, this.bob])
      this.guard(party, () => party.channel && party.post({ type: 'disconnected' }));
  }

  /** One message arrives at this party. @returns whether there was one */
  deliver(party: Party): boolean {
    const queue = party === this.alice ? this.wire.toAlice : this.wire.toBob;
    const bytes = queue.shift();
    if (!bytes) return false;
    this.guard(party, () => party.receive(bytes));
    if (this.wire.breakSoon) this.disconnect();
    return true;
  }

  /** A kill loses the connection and all memory. */
  guard(party: Party, work: () => unknown): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
      this.kill(party);
    }
  }

  kill(party: Party): void {
    this.wire.up = false;
    this.wire.toAlice = [];
    this.wire.toBob = [];
    party.restart();
    const other = party.peer;
    this.guard(other, () => other.channel && other.post({ type: 'disconnected' }));
  }

  /** All messages, until nothing is under way. */
  settle(limit = 200): void {
    for (let turn = 0; turn < limit; turn++) {
      const a = this.deliver(this.bob);
      const b = this.deliver(this.alice);
      if (a || b) continue;
      const deferring = [this.alice, this.bob].filter(({ deferred }) => deferred);
      if (deferring.length === 0) return;
      for (const party of deferring) this.guard(party, () => party.flush());
    }
    throw new Error('the parties talk without end');
  }

  /** Alice proposes a channel and Bob accepts it; ends with the funding co-signed, or where it stopped. */
  establish(terms: Terms = standardTerms, minimumDepth = 1): void {
    const channel = initiate(
      {
        temporaryId: new Uint8Array(32).fill(7),
        keys: { initiator: this.alice.keys.publicKey, responder: this.bob.keys.publicKey },
        networkId,
        chainHash,
      },
      terms,
      this.alice.env,
    );
    if (typeof channel === 'string') throw new Error(channel);
    this.alice.channel = channel;
    this.alice.write(channel);
    this.connect();
    this.settle();
    if (this.bob.channel?.phase !== 'considering') return;
    this.bob.post({ type: 'accept', minimumDepth });
    this.settle();
  }

  confirm(confirmations: number | null, what: 'funding' | 'closing' = 'funding'): void {
    for (const party of [this.alice, this.bob])
      this.guard(party, () => party.post({ type: 'chain', what, confirmations }));
    this.settle();
  }

  /** An open channel. */
  open(terms: Terms = standardTerms): this {
    this.establish(terms);
    this.confirm(1);
    if (this.alice.channel?.phase !== 'open' || this.bob.channel?.phase !== 'open')
      throw new Error(
        `not open: ${this.alice.channel?.phase} (${this.alice.channel?.reason}), ${this.bob.channel?.phase}`,
      );
    return this;
  }
}

let requests = 0;
export const payment = (
  amount: bigint,
  direction: 'pay' | 'ask' = 'pay',
  note: string | null = null,
): Request => ({
  scope: 'test',
  id: `request ${++requests}`,
  amount,
  direction,
  note,
});

export const balancesOf = (party: Party) => party.channel!.latest!.balances;
export const roleOf = (party: Party): Role => party.channel!.role;
export const sameState = (a: Party, b: Party): boolean =>
  a.channel!.latest!.number === b.channel!.latest!.number &&
  equalBytes(a.channel!.latest!.stateHash, b.channel!.latest!.stateHash);
