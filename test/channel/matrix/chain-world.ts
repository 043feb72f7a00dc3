/**
 * The two parties of `world.ts` over a real chain: the devnet's rules, mempool, blocks and forks, mined on demand. Each
 * party has a nonce ledger and looks at the chain as src/engine does (nonces.ts, watcher.ts), without their clocks.
 */
import { Chain } from '../../../devnet/chain.ts';
import { Refusal } from '../../../devnet/rules/refusal.ts';
import { lockedCoinsAccount } from '../../../devnet/rules/state.ts';
import { decodeTransaction, type Transaction } from '../../../devnet/transaction.ts';
import { equalBytes, toHex } from '../../../src/protocol/bytes.ts';
import { minFee } from '../../../src/protocol/chain/fee.ts';
import { signedTx, signingBytes, txHash } from '../../../src/protocol/chain/signed.ts';
import { serializeTx, type TxOf } from '../../../src/protocol/chain/tx.ts';
import {
  type Answer,
  type Ask,
  bothSigned,
  type Channel,
  closingTxHash,
  type Effect,
  type FoundBlock,
  finalId,
  fundingTxHash,
  initiate,
  isForcedAhead,
  isOldForced,
  isOver,
  moveTxHash,
  moveUndone,
  type OnChain,
  type Outcome,
  soloTxHash,
  type Terms,
  tookEffect,
  unspent,
} from '../../../src/protocol/channel/index.ts';
import { decode, encode, type Message } from '../../../src/protocol/wire/index.ts';
import { ae, chainHash, networkId, Party, signs, standardTerms, World } from '../world.ts';

export const richness = 1000n * ae;

export class ChainParty extends Party {
  declare readonly world: ChainWorld;
  /** Nonces that nobody else may use, each with its channel's temporary id, in memory and as they are durable. */
  held = new Map<bigint, Uint8Array | null>();
  heldOnDisk = new Map<bigint, Uint8Array | null>();
  /** Stored beside the channel: what spends the nonce of an opening that was given up. */
  cancelTx: Uint8Array | null = null;
  /** The durable outcomes of each request, by its id. */
  decided = new Map<string, Outcome[]>();
  /** Heights at which something without a transaction of its own was first seen. */
  #firstSeen = new Map<string, number>();

  override answer(ask: Ask): Answer {
    if (ask.ask === 'account')
      return this.nodeAnswers
        ? (this.world.chain.state.account(ask.key) ?? { balance: 0n, nonce: 0n })
        : null;
    if (ask.ask === 'on_chain') return this.nodeAnswers ? this.#object(ask.channelId) : null;
    if (ask.ask === 'reserve_nonce') return this.nodeAnswers ? this.reserve(this.channel!.temporaryId) : null;
    return super.answer(ask);
  }

  /** As src/engine/nonces.ts. */
  reserve(holder: Uint8Array | null = null): bigint {
    const { chain } = this.world;
    const used = chain.state.account(this.keys.publicKey)?.nonce ?? 0n;
    for (const nonce of [...this.held.keys()]) if (nonce <= used) this.held.delete(nonce);
    let nonce = chain.nextNonce(this.keys.publicKey, 'max');
    while (this.held.has(nonce)) nonce += 1n;
    this.held.set(nonce, holder);
    return nonce;
  }

  override write(next: Channel): void {
    const outcomes = this.deferred?.outcomes ?? [];
    super.write(next);
    this.heldOnDisk = new Map(this.held);
    this.#decide(outcomes);
  }

  #decide(outcomes: Outcome[]): void {
    for (const outcome of outcomes)
      this.decided.set(outcome.id, [...(this.decided.get(outcome.id) ?? []), outcome]);
  }

  /** Whether repeating the request would be answered from what is known. */
  knows(id: string): boolean {
    return this.decided.has(id) || Boolean(this.deferred?.outcomes.some((outcome) => outcome.id === id));
  }

  override carryOut(effect: Effect, next: Channel): void {
    super.carryOut(effect, next);
    switch (effect.type) {
      case 'persist':
        if (!effect.deferrable) this.#decide(effect.outcomes);
        return;
      case 'broadcast':
        this.world.submit(effect.signedTx);
        return;
      case 'send':
        this.world.overheard?.(this, effect.message, next);
        return;
      case 'release_nonce':
        this.held.delete(effect.nonce);
        return;
      case 'cancel_nonce':
        this.cancelTx = this.spendOnNothing(effect.nonce);
        this.world.submit(this.cancelTx);
    }
  }

  /** A spend of nothing to itself at twice the fee, as src/engine/engine.ts `cancelNonce`. */
  spendOnNothing(nonce: bigint, price = 2n * 10n ** 9n): Uint8Array {
    const tx: TxOf<'SpendTx'> = {
      type: 'SpendTx',
      senderId: this.keys.publicKey,
      recipientId: { kind: 'account', key: this.keys.publicKey },
      amount: 0n,
      fee: 0n,
      ttl: 0n,
      nonce,
      payload: new Uint8Array(),
    };
    const bytes = serializeTx({ ...tx, fee: minFee(tx, price) });
    return signedTx(bytes, [signs(this.keys, signingBytes(networkId, txHash(bytes)))]);
  }

  override restart(): void {
    this.held = new Map(this.heldOnDisk);
    this.#firstSeen.clear();
    super.restart();
  }

  /** What src/engine/engine.ts makes of a message: a new opening, a channel's, or one of none. */
  override receive(bytes: Uint8Array): void {
    const message = decode(bytes);
    if (message.type === 'channel_open' && this.channel && isOver(this.channel)) this.channel = null;
    if (message.type === 'channel_open') return super.receive(bytes);
    const id = 'channel_id' in message ? message.channel_id : message.temporary_channel_id;
    const own = this.channel && [this.channel.temporaryId, this.channel.channelId];
    if (own?.some((known) => known && equalBytes(known, id))) {
      this.post({ type: 'message', message });
      return;
    }
    if (message.type === 'error') return;
    const data = new TextEncoder().encode('there is no such channel between us');
    this.world.wire.push(this, encode({ type: 'error', channel_id: id, data }));
  }

  // ---- the watcher, as src/engine/watcher.ts

  look(): void {
    this.#closeGap();
    if (!this.channel) return;
    if (isOver(this.channel)) return this.#lookAtHeld(this.channel);
    this.#lookAtPhase(this.channel);
    if (watched.has(this.channel.phase) && this.channel.channelId) this.#lookAtObject(this.channel);
    if (!this.channel.solo || isOver(this.channel)) return;
    this.post({ type: 'chain', what: 'solo', confirmations: this.world.depth(soloTxHash(this.channel)) });
  }

  /** As src/engine/gaps.ts. */
  #closeGap(): void {
    const { chain } = this.world;
    const next = (chain.state.account(this.keys.publicKey)?.nonce ?? 0n) + 1n;
    if (chain.nextNonce(this.keys.publicKey, 'continuity') > next || this.#uses(next)) return;
    if (![...this.held.keys()].some((nonce) => nonce > next)) return;
    if (this.#since(`gap ${next}`) < 2) return;
    this.#firstSeen.delete(`gap ${next}`);
    this.held.set(next, null);
    this.world.submit(this.spendOnNothing(next));
  }

  /** Whether the channel sees to it that this nonce is spent. */
  #uses(nonce: bigint): boolean {
    const { channel } = this;
    const holder = this.held.get(nonce);
    if (!channel || !holder || !equalBytes(holder, channel.temporaryId)) return false;
    return !isOver(channel) || channel.held.some((one) => one.nonce === nonce);
  }

  #lookAtHeld(channel: Channel): void {
    if (channel.held.length === 0) return;
    const [first] = unspent(channel, this.world.chain.state.account(this.keys.publicKey)!.nonce);
    if (!first) return void this.post({ type: 'chain', what: 'cancel', confirmations: this.#since('spent') });
    this.#firstSeen.delete('spent');
    this.#makeUp(first.nonce);
    this.#lookAtCancel(this.cancelTx!);
  }

  #lookAtPhase(channel: Channel): void {
    const { world } = this;
    this.#lookAtMove(channel);
    switch (channel.phase) {
      case 'confirming':
      case 'locking':
        this.post({ type: 'chain', what: 'funding', confirmations: world.depth(fundingTxHash(channel)) });
        return;
      case 'cancelling': {
        if (world.chain.state.channel(finalId(channel)))
          this.post({ type: 'chain', what: 'funding', confirmations: this.#since('funded') });
        this.#makeUp(channel.funding!.nonce);
        if (this.cancelTx) this.#lookAtCancel(this.cancelTx);
        return;
      }
      case 'closing':
        if (!world.chain.state.channel(finalId(channel)))
          this.post({ type: 'chain', what: 'closing', confirmations: this.#since('gone') });
        return;
      case 'closing_confirming':
        this.post({ type: 'chain', what: 'closing', confirmations: world.depth(closingTxHash(channel)) });
    }
  }

  #lookAtMove({ move }: Channel): void {
    if (!move) return;
    if (bothSigned(move))
      this.post({ type: 'chain', what: 'move', confirmations: this.world.depth(moveTxHash(move)) });
    else {
      const object = this.#object(finalId(this.channel!));
      if (object && tookEffect(move, object))
        this.post({ type: 'chain', what: 'move', confirmations: this.#since('taken') });
      else this.#firstSeen.delete('taken');
    }
    if (!bothSigned(move) && move.cancel) {
      this.#makeUp(move.nonce);
      if (this.cancelTx) this.#lookAtCancel(this.cancelTx);
    }
  }

  /** The transaction that a death kept from being made. */
  #makeUp(nonce: bigint): void {
    if (this.cancelTx && decodeTransaction(this.cancelTx).nonce === nonce) return;
    this.cancelTx = this.spendOnNothing(nonce);
    this.world.submit(this.cancelTx);
  }

  #lookAtCancel(cancelTx: Uint8Array): void {
    const confirmations = this.world.depth(txHash(cancelTx));
    if (confirmations === null) this.world.submit(cancelTx);
    this.post({ type: 'chain', what: 'cancel', confirmations });
  }

  #object(id: Uint8Array): OnChain | null {
    const found = this.world.chain.state.channel(id);
    return found ? seen(found) : null;
  }

  #lookAtObject(channel: Channel): void {
    const { chain } = this.world;
    const object = this.#object(finalId(channel));
    const same =
      object?.round === channel.onChain?.round &&
      object?.lockedUntil === channel.onChain?.lockedUntil &&
      (!object || (channel.onChain && equalBytes(object.stateHash, channel.onChain.stateHash))) &&
      Boolean(object) === Boolean(channel.onChain);
    const funding = object ? null : this.world.depth(fundingTxHash(channel));
    const { signatures } = channel.funding!;
    const known = signatures.initiator !== undefined && signatures.responder !== undefined;
    const funded = object !== null || !known || (funding !== null && funding >= 0);
    if (
      !same ||
      !funded ||
      !object ||
      channel.phase === 'closing_solo' ||
      moveUndone(channel) ||
      isOldForced(channel) ||
      channel.goneAt !== null
    )
      this.post({ type: 'on_chain', object, height: chain.height, funded });
    if (!object && !funded && channel.phase === 'open')
      this.post({
        type: 'chain',
        what: 'funding',
        confirmations: this.world.depth(fundingTxHash(channel)),
      });
    else if (object && channel.phase === 'open' && channel.funding?.confirmations === null)
      this.post({ type: 'chain', what: 'funding', confirmations: 0 });
    if (object && isForcedAhead(this.channel!)) this.#findForced(object.round);
  }

  #findForced(round: bigint): void {
    const { chain } = this.world;
    const depth = Math.max(1, this.channel!.minimumDepth);
    for (let height = genesisHeight; height <= chain.height - depth; height++)
      for (const { transactions, time } of chain.generation(height)!.micros)
        for (const { tx, unsigned } of transactions)
          if (tx.type === 'ChannelForceProgressTx' && tx.round === round) {
            const { beneficiary, difficulty } = chain.environment(time);
            const { hash } = chain.generation(height)!.key;
            this.post({
              type: 'forced',
              tx: unsigned,
              block: { hash, height, time, beneficiary, difficulty },
            });
            return;
          }
  }

  #since(what: string): number {
    const { height } = this.world.chain;
    const first = this.#firstSeen.get(what) ?? height;
    this.#firstSeen.set(what, first);
    return Math.max(0, height - first);
  }

  // ---- coins

  get onAccount(): bigint {
    return this.world.chain.state.account(this.keys.publicKey)?.balance ?? 0n;
  }
}

/** The chain's own object as a node shows it. */
export const seen = (found: NonNullable<ReturnType<Chain['state']['channel']>>): OnChain => ({
  round: found.round,
  soloRound: found.soloRound,
  stateHash: found.stateHash,
  lockedUntil: Number(found.lockedUntil),
  balances: { initiator: found.initiatorAmount, responder: found.responderAmount },
  total: found.channelAmount,
});

const watched: ReadonlySet<Channel['phase']> = new Set<Channel['phase']>([
  'confirming',
  'locking',
  'open',
  'shutting_down',
  'closing',
  'closing_confirming',
  'closing_solo',
  'failed',
]);

const genesisHeight = 100;
let openings = 0;

export class ChainWorld extends World {
  override alice: ChainParty = new ChainParty(this, 1);
  override bob: ChainParty = new ChainParty(this, 2);
  chain = new Chain({
    networkId,
    height: genesisHeight,
    time: 0,
    balances: new Map(this.parties.map(({ keys }) => [toHex(keys.publicKey), richness])),
    soloRoundResetHeight: 0,
  });
  /** What was given to the node, and why it refused it. */
  posts: { transaction: Transaction; refusal: string | null }[] = [];
  /** Whose browser is closed: no connection, no look at the chain. */
  absent = new Set<ChainParty>();
  /** Told of every message that is sent, with the sender's record. */
  overheard: ((from: ChainParty, message: Message, channel: Channel) => void) | null = null;
  /** Whether messages under way arrive when their sender dies. */
  arrives = false;

  get parties(): [ChainParty, ChainParty] {
    return [this.alice, this.bob];
  }

  submit(bytes: Uint8Array): string | null {
    const transaction = decodeTransaction(bytes);
    let refusal: string | null = null;
    try {
      this.chain.post(transaction);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      refusal = error.reason;
    }
    this.posts.push({ transaction, refusal });
    return refusal;
  }

  /** Confirmations as the watcher counts them. */
  depth(hash: Uint8Array): number | null {
    const mined = this.chain.mined(hash);
    if (mined) return Math.max(0, this.chain.height - mined.block.height);
    return this.chain.pool.get(hash) ? -1 : null;
  }

  override keyBlock(at: Uint8Array | number | null): FoundBlock | null {
    this.height = this.chain.height;
    return super.keyBlock(at);
  }

  /** Blocks: what waits and can be applied is in the first. */
  mine(blocks = 1): void {
    for (let i = 0; i < blocks; i++) {
      this.chain.mineMicro(0);
      this.chain.mineKey(0);
    }
  }

  /** One thing that a party does; a wish to disconnect is met at once. */
  act(party: ChainParty, work: () => unknown): void {
    if (this.absent.has(party)) return;
    this.guard(party, work);
    if (this.wire.breakSoon) this.disconnect();
    this.wire.breakSoon = false;
  }

  /** So many blocks, after each of which both look at the chain and talk. */
  lives(blocks: number): void {
    for (let i = 0; i < blocks; i++) {
      this.mine();
      this.look();
      this.connect();
      this.settle();
    }
  }

  look(): void {
    for (const party of this.parties) this.act(party, () => party.look());
  }

  override connect(): void {
    if (this.absent.size === 0) super.connect();
  }

  /** This party's browser is closed. */
  leave(party: ChainParty): void {
    this.disconnect();
    this.absent.add(party);
  }

  override kill(party: ChainParty): void {
    const other = party === this.alice ? this.bob : this.alice;
    party.channel = null;
    if (this.arrives) while (this.wire.up && this.deliver(other));
    super.kill(party);
  }

  /** Alice's person proposes a channel. */
  propose(terms: Terms = standardTerms): void {
    const temporaryId = new Uint8Array(32);
    new DataView(temporaryId.buffer).setUint32(0, ++openings);
    const keys = { initiator: this.alice.keys.publicKey, responder: this.bob.keys.publicKey };
    const channel = initiate({ temporaryId, keys, networkId, chainHash }, terms, this.alice.env);
    if (typeof channel === 'string') throw new Error(channel);
    this.alice.channel = channel;
    this.alice.write(channel);
    if (this.wire.up) this.act(this.alice, () => this.alice.post({ type: 'connected' }));
    else this.connect();
  }

  /** An open channel, funded on the chain. */
  override open(terms: Terms = standardTerms, minimumDepth = 1): this {
    this.propose(terms);
    this.settle();
    this.act(this.bob, () => this.bob.post({ type: 'accept', minimumDepth }));
    for (let i = 0; i < minimumDepth + 2; i++) {
      this.settle();
      this.mine();
      this.look();
    }
    this.settle();
    for (const { channel } of this.parties)
      if (channel?.phase !== 'open' || !channel.onChain)
        throw new Error(`not open: ${channel?.phase} (${channel?.reason})`);
    return this;
  }

  // ---- accounting

  /** Every transaction on the chain. */
  *mined(): Generator<Transaction> {
    for (let height = genesisHeight; height <= this.chain.height; height++)
      for (const block of this.chain.generation(height)!.micros) yield* block.transactions;
  }

  /** Coins of accounts, channels and paid fees: what was there at the start. Throws where that is not so. */
  checkCoins(): void {
    const channels = new Set<string>();
    let coins = this.chain.state.account(lockedCoinsAccount)?.balance ?? 0n;
    for (const party of this.parties) coins += party.onAccount;
    for (const { tx, fee, hash } of this.mined()) {
      coins += fee;
      const call = this.chain.state.call(hash);
      if (call) coins += call.gasUsed * call.gasPrice;
      if ('channelId' in tx) channels.add(toHex(tx.channelId));
    }
    for (const party of this.parties)
      if (party.channel?.channelId) channels.add(toHex(party.channel.channelId));
    for (const id of channels)
      coins += this.chain.state.channel(new Uint8Array(Buffer.from(id, 'hex')))?.channelAmount ?? 0n;
    if (coins !== 2n * richness) throw new Error(`${coins} aetto of ${2n * richness} are there`);
  }
}
