/** Takes what wallets entrust: everything is checked before it is kept, and kept before it is acknowledged. */
import type { ChainChannel, Verify } from '../src/engine/ports.ts';
import { ChainUnavailableError } from '../src/engine/ports.ts';
import { equalBytes } from '../src/protocol/bytes.ts';
import { encode } from '../src/protocol/chain/address.ts';
import { refusal, type TowerMessage } from '../src/protocol/tower/messages.ts';
import { type Evidence, EvidenceError, readEvidence } from './evidence.ts';
import type { Guard, Guards } from './guards.ts';
import { isNewer, usualFee } from './slash.ts';

export interface DeskDeps {
  guards: Guards;
  self: Uint8Array;
  networkId: string;
  verify: Verify;
  /** The channel's object in the own node's view. */
  channel(channelId: Uint8Array): Promise<ChainChannel | null>;
  /** The own account's coins in aetto; null while unknown. */
  balance(): bigint | null;
  /** Accounts that may entrust channels; null: any. */
  accept: readonly Uint8Array[] | null;
  limits: { channels: number; perAccount: number };
  log(line: string): void;
}

/** Blocks: what the two bytes of channel_open (PROTOCOL 2) hold. */
const maxLockPeriod = 65_535;

type Entrusted = Extract<TowerMessage, { type: 'guard' }>;

class Refused extends Error {
  readonly code: string;
  readonly round: bigint;
  constructor(code: string, text: string, round = 0n) {
    super(text);
    this.code = code;
    this.round = round;
  }
}

/** The answer to what this account (the one that the connection proves) hands over. */
export async function take(deps: DeskDeps, from: Uint8Array, message: Entrusted): Promise<TowerMessage> {
  try {
    const { channelId, round } = await keep(deps, from, message);
    return { type: 'guarded', channelId, round };
  } catch (error) {
    if (error instanceof Refused) return refusal(error.code, error.message, error.round);
    if (error instanceof EvidenceError) return refusal('malformed', `Not kept: ${error.message}.`);
    if (error instanceof ChainUnavailableError)
      return refusal('unavailable', 'The watchtower cannot ask its node now. Send it again in a minute.');
    const words = error instanceof Error ? error.message : String(error);
    deps.log(`nothing was kept for ${encode('ak', from)}: ${words}`);
    return refusal('not_stored', 'The watchtower could not store it. Send it again in a minute.');
  }
}

async function keep(deps: DeskDeps, from: Uint8Array, message: Entrusted): Promise<Guard> {
  const { guards } = deps;
  if (deps.accept && !deps.accept.some((account) => equalBytes(account, from)))
    throw new Refused('not_accepted', `This watchtower does not take channels of ${encode('ak', from)}.`);
  const evidence = readEvidence(message.payload, message.poi);
  const held = guards.get(evidence.channelId);
  if (!held) requireRoom(deps, from);
  const parties = await partiesOf(deps, from, evidence, held);
  // Of a channel that it has, its parties alone may learn how far it is.
  if (held && held.round > evidence.round)
    throw new Refused(
      'old_round',
      `The watchtower holds round ${held.round} of this channel; this is round ${evidence.round}.`,
      held.round,
    );
  if (!(await evidence.isSignedBy([parties.initiator, parties.responder], deps.networkId, deps.verify)))
    throw new Refused(
      'not_signed',
      'The state is not signed by both parties of the channel, and by them alone.',
    );
  const guard: Guard = {
    channelId: evidence.channelId,
    ...parties,
    owner: held?.owner ?? from,
    round: evidence.round,
    payload: message.payload,
    poi: message.poi,
    slash: null,
    goneAt: null,
    told: '',
  };
  const kept = await guards.update(evidence.channelId, (now) => put(now, guard, evidence));
  if (!held) deps.log(`${encode('ch', evidence.channelId)}: guarded from round ${evidence.round} on`);
  return kept!;
}

/** The newer of two; the same one again leaves the disk alone. */
function put(held: Guard | undefined, guard: Guard, { round, stateHash }: Evidence): Guard {
  if (!held || held.round < round)
    return held ? { ...held, round, payload: guard.payload, poi: guard.poi } : guard;
  const known = readEvidence(held.payload, held.poi);
  if (held.round === round && equalBytes(known.stateHash, stateHash)) return held;
  if (held.round === round)
    throw new Refused(
      'two_states',
      `Both parties have signed another state of round ${round} before.`,
      round,
    );
  throw new Refused('old_round', `The watchtower holds round ${held.round} of this channel.`, held.round);
}

function requireRoom({ guards, limits, balance }: DeskDeps, from: Uint8Array): void {
  const all = guards.all().length;
  if (all >= limits.channels)
    throw new Refused('full', `This watchtower is full: it guards ${limits.channels} channels at most.`);
  if (guards.countOf(from) >= limits.perAccount)
    throw new Refused(
      'too_many',
      `This watchtower guards ${limits.perAccount} channels for one account, and has as many of yours.`,
    );
  const coins = balance();
  if (coins !== null && coins < usualFee * BigInt(all + 1))
    throw new Refused('no_coins', "This watchtower's account cannot pay the fees for one more channel.");
}

/** The channel's parties, once the chain (or what was kept of it) says that the sender is one and named this tower. */
async function partiesOf(
  deps: DeskDeps,
  from: Uint8Array,
  evidence: Evidence,
  held: Guard | undefined,
): Promise<Pick<Guard, 'initiator' | 'responder'>> {
  const object = await deps.channel(evidence.channelId).catch((error) => {
    // Known already: later states are taken without the node too.
    if (held && error instanceof ChainUnavailableError) return null;
    throw error;
  });
  const parties = object ?? held;
  const name = encode('ch', evidence.channelId);
  if (!parties)
    throw new Refused(
      'unknown_channel',
      `The watchtower's node knows no channel ${name}: it is not on the chain yet, or any more.`,
    );
  const { initiator, responder } = parties;
  const side = equalBytes(from, initiator) ? 'initiator' : equalBytes(from, responder) ? 'responder' : null;
  if (!side) throw new Refused('not_a_party', `${encode('ak', from)} is no party of the channel ${name}.`);
  if (object) checkObject(deps, evidence, object, side);
  const total = evidence.total(initiator, responder);
  if (total === undefined || (object && total > object.channelAmount))
    throw new Refused(
      'bad_proof',
      'The proof does not show both balances, or more coins than the channel has.',
    );
  return { initiator, responder };
}

function checkObject(
  { self }: DeskDeps,
  { round }: Evidence,
  object: ChainChannel,
  side: 'initiator' | 'responder',
): void {
  if (!object.delegates[side].some((key) => equalBytes(key, self)))
    throw new Refused(
      'not_named',
      `Your side of this channel does not name ${encode('ak', self)} as delegate, so the chain would not take its slash.`,
    );
  // More than a wallet can agree on. Heights beyond any real one are no dispute that anybody could wait for.
  if (object.lockPeriod > maxLockPeriod)
    throw new Refused(
      'lock_period',
      `The lock period of this channel is more than ${maxLockPeriod} blocks, the most that is guarded.`,
    );
  if (!isNewer(round, object))
    throw new Refused(
      'chain_newer',
      `The chain has round ${object.round} of this channel already; round ${round} is no use in a dispute.`,
    );
}
