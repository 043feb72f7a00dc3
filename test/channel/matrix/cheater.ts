/**
 * A peer that keeps everything: each signature of the honest side makes, with its own, a state that both signed, and
 * it publishes whichever it likes. It replays messages, and sends what looks right but for one thing.
 */
import { equalBytes } from '../../../src/protocol/bytes.ts';
import { signedTx, signingBytes } from '../../../src/protocol/chain/signed.ts';
import { bothSigned, type Channel, type CoSigned, finalId } from '../../../src/protocol/channel/index.ts';
import { hashOf, updateBytes } from '../../../src/protocol/channel/record.ts';
import type { Balances } from '../../../src/protocol/channel/types.ts';
import { serializeEntry } from '../../../src/protocol/state/entries.ts';
import { channelTrees, serializeTrees } from '../../../src/protocol/state/trees.ts';
import { encode, type Message } from '../../../src/protocol/wire/index.ts';
import { ae, chainHash, networkId, signs } from '../world.ts';
import type { ChainParty, ChainWorld } from './chain-world.ts';
import { soloTx } from './flows.ts';

export const wrongs = [
  'nothing',
  'balances',
  'hash',
  'number',
  'far number',
  'signature',
  'entries',
  'total',
] as const;
export type Wrong = (typeof wrongs)[number];
export const lies = [
  'update_ack',
  'update_error',
  'reestablish',
  'reestablish proposal',
  'reestablish_ack',
  'shutdown',
  'closing_created',
  'closing_signed',
  'deposit_created',
  'deposit_signed',
  'deposit_locked',
  'error',
] as const;
export type Lie = (typeof lies)[number];
/** Without those for which the other side searches nonces and numbers. */
export const cheapLies = lies.filter((lie) => lie !== 'closing_created' && lie !== 'deposit_created');

export class Cheater {
  readonly self: ChainParty;
  readonly victim: ChainParty;
  readonly world: ChainWorld;
  /** States that both signed, or would have: all that it can prove. */
  readonly states: CoSigned[] = [];
  readonly #overheard: Uint8Array[] = [];
  published = false;

  constructor(world: ChainWorld, self: ChainParty) {
    this.world = world;
    this.self = self;
    this.victim = self === world.alice ? world.bob : world.alice;
    this.#keep(this.victim.channel!.latest!);
    world.overheard = (from, message, channel) => {
      this.#overheard.push(encode(message));
      if (from === this.victim && world.wire.up) this.#learn(message, channel);
    };
  }

  /** What a signature of the victim's is worth. */
  #learn(message: Message, channel: Channel): void {
    if (message.type !== 'update' && message.type !== 'update_ack' && message.type !== 'update_error') return;
    const { sequence_number: number, signature } = message;
    const { latest } = channel;
    if (!latest) return;
    const balances: Balances =
      message.type === 'update'
        ? { initiator: message.initiator_balance, responder: message.responder_balance }
        : latest.balances;
    const stateHash = hashOf(channel.keys, balances);
    if (this.states.some((state) => state.number === number && equalBytes(state.stateHash, stateHash)))
      return;
    const mine = this.#sign(number, stateHash);
    const signatures =
      channel.role === 'initiator'
        ? { initiator: signature, responder: mine }
        : { initiator: mine, responder: signature };
    this.#keep({ number, balances, stateHash, signatures, source: 'update' });
  }

  #keep(state: CoSigned): void {
    this.states.push(state);
  }

  #sign(number: bigint, hash: Uint8Array): Uint8Array {
    return signs(this.self.keys, updateBytes(networkId, finalId(this.victim.channel!), number, hash));
  }

  /** Close or slash by one of its states, at up to eight times the fee. */
  publish(index: number, slash: boolean, eager: boolean): void {
    this.published = true;
    const state = this.states[index % this.states.length]!;
    if (slash && state.source !== 'update') return;
    const type = slash ? 'ChannelSlashTx' : 'ChannelCloseSoloTx';
    this.self.held.clear();
    const fee = eager ? 2n * 10n ** 14n : undefined;
    this.world.submit(soloTx(this.self, this.victim.channel!, type, state, fee));
  }

  /** Completes what the victim has half signed, and posts it without a word. */
  completeUntold(): void {
    const { move } = this.victim.channel!;
    const mine = move?.signatures[this.victim.channel!.role];
    if (!move || !mine || bothSigned(move)) return;
    const theirs = signs(this.self.keys, signingBytes(networkId, move.hash));
    this.world.submit(signedTx(move.tx, [mine, theirs]));
  }

  replay(index: number): void {
    const bytes = this.#overheard[index % Math.max(1, this.#overheard.length)];
    if (bytes) this.world.wire.push(this.self, bytes);
  }

  #send(message: Message): void {
    this.world.wire.push(this.self, encode(message));
  }

  /** An update of this amount, to the victim or from it, right but for one thing. */
  update(amount: bigint, gives: boolean, wrong: Wrong): void {
    const channel = this.victim.channel!;
    const { latest, keys } = channel;
    if (!latest) return;
    const from = gives === (channel.role === 'responder') ? 'initiator' : 'responder';
    const to = from === 'initiator' ? 'responder' : 'initiator';
    const balances = { ...latest.balances };
    balances[from] -= amount;
    balances[to] += wrong === 'total' ? amount + ae : amount;
    if (balances[from] < 0n) return;
    const stateHash = wrong === 'hash' ? new Uint8Array(32).fill(3) : hashOf(keys, balances);
    const number = channel.used + (wrong === 'number' ? 0n : wrong === 'far number' ? 5_000_000n : 1n);
    const signature = this.#sign(number, stateHash);
    if (wrong === 'signature') signature[5]! ^= 1;
    const transfer = serializeEntry({ type: 'transfer', from: keys[from], to: keys[to], amount });
    const shift = wrong === 'balances' ? 1n : 0n;
    this.#send({
      type: 'update',
      channel_id: finalId(channel),
      sequence_number: number,
      initiator_balance: balances.initiator + shift,
      responder_balance: balances.responder,
      state_hash: stateHash,
      signature,
      entries: wrong === 'entries' ? [transfer.slice(0, -1)] : [transfer],
    });
  }

  /** Another message, with a signature that is right for what it says. */
  lie(what: Lie, index: number): void {
    const channel = this.victim.channel!;
    const { latest, proposal, refusal } = channel;
    if (!latest) return;
    const channel_id = finalId(channel);
    const state = this.states[index % this.states.length]!;
    const hash = state.stateHash;
    const junk = signs(this.self.keys, hash);
    const unit = 10n ** 9n;
    switch (what) {
      case 'update_ack': {
        const number = [proposal?.number, refusal?.number, state.number][index % 3] ?? channel.used;
        const of = number === proposal?.number ? proposal.stateHash : latest.stateHash;
        return this.#send({
          type: what,
          channel_id,
          sequence_number: number,
          signature: this.#sign(number, of),
        });
      }
      case 'update_error': {
        const number = channel.used + BigInt(index % 3);
        const data = new TextEncoder().encode('no');
        const signature = this.#sign(number, latest.stateHash);
        const reason = 1 + (index % 6);
        const message = { channel_id, sequence_number: number, state_hash: latest.stateHash, signature };
        return this.#send({ type: what, ...message, reason, data });
      }
      case 'reestablish':
      case 'reestablish proposal': {
        const shown = what === 'reestablish proposal' && proposal ? proposal : state;
        return this.#send({
          type: 'channel_reestablish',
          chain_hash: chainHash,
          channel_id,
          sequence_number: shown.number,
          state_hash: shown.stateHash,
          signature: this.#sign(shown.number, shown.stateHash),
          pending: BigInt(index % 2) * channel.used,
        });
      }
      case 'reestablish_ack': {
        const { initiator, responder } = channel.keys;
        return this.#send({
          type: 'channel_reestablish_ack',
          chain_hash: chainHash,
          channel_id,
          sequence_number: state.number,
          state_hash: hash,
          initiator_signature: state.signatures.initiator,
          responder_signature: state.signatures.responder,
          state: serializeTrees(
            channelTrees([
              { pubkey: initiator, balance: state.balances.initiator },
              { pubkey: responder, balance: state.balances.responder },
            ]),
          ),
        });
      }
      case 'shutdown':
        return this.#send({ type: what, channel_id });
      case 'closing_created':
        return this.#send({ type: what, channel_id, transaction_data: hash, signature: junk });
      case 'closing_signed':
        return this.#send({ type: what, channel_id, signature: junk });
      case 'deposit_created':
        return this.#send({
          type: 'update_deposit_created',
          channel_id,
          amount: unit,
          transaction_data: hash,
          signature: junk,
        });
      case 'deposit_signed':
        return this.#send({ type: 'update_deposit_signed', channel_id, signature: junk });
      case 'deposit_locked':
        return this.#send({ type: 'update_deposit_locked', channel_id, transaction_id: hash });
      case 'error':
        return this.#send({ type: what, channel_id, data: new TextEncoder().encode('I am done') });
    }
  }
}
