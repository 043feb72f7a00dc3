/**
 * Establishment (seed: Establishing channel off-chain; PROTOCOL 3):
 * open -> accept -> [update 0 -> update_ack 0 with a push] -> funding_created -> funding_signed -> channel_create on
 * chain -> funding_locked both ways -> open.
 */
import { equalBytes } from '../bytes.ts';
import { minFee } from '../chain/fee.ts';
import { channelId } from '../chain/ids.ts';
import { signedTx, signingBytes, txHash } from '../chain/signed.ts';
import { serializeTx, type TxOf } from '../chain/tx.ts';
import { parseEntry, serializeEntry } from '../state/entries.ts';
import type { MessageOf } from '../wire/index.ts';
import { account, reserveNonce, sign, verify } from './ask.ts';
import { cancel, stop } from './failure.ts';
import { isOutOfReach, nonceSearch, outOfReach } from './held.ts';
import { isValidKey } from './keys.ts';
import { change, hashOf, idle, latest, other, persist, transition, updateBytes, withLive } from './record.ts';
import { openingBalances, policyProblem, termsProblem } from './terms.ts';
import type {
  Balances,
  Channel,
  Effect,
  Env,
  EventOf,
  Joint,
  Role,
  Rule,
  Terms,
  Transition,
} from './types.ts';
import { fromUnits, inAe, toUnits } from './units.ts';

/** How far a receiver searches for the payer's gas price (PROTOCOL 1). */
export const gasPriceSearch = 7;
/** Of these a payer chooses, so that what has to replace it is found too. */
export const feeSteps = 5;
export const gasPrice = (k: number): bigint => 10n ** 9n * 2n ** BigInt(k);

export interface Opening {
  temporaryId: Uint8Array;
  keys: Record<Role, Uint8Array>;
  networkId: string;
  /** Hash of the genesis key block, 32 bytes. */
  chainHash: Uint8Array;
}

export const blank = (opening: Opening, role: Role, terms: Terms, env: Env): Channel => ({
  version: 1,
  ...opening,
  role,
  phase: role === 'initiator' ? 'opening' : 'considering',
  terms,
  asked: null,
  minimumDepth: 0,
  delegates: { initiator: [], responder: [] },
  funding: null,
  channelId: null,
  latest: null,
  used: -1n,
  proposal: null,
  move: null,
  lastMove: null,
  refusal: null,
  locked: { mine: false, theirs: false },
  shutdown: { wanted: false, sent: false, received: false },
  closing: null,
  onChain: null,
  goneAt: null,
  held: [],
  solo: null,
  recovered: false,
  reason: null,
  openedAt: env.now,
  updatedAt: env.now,
  live: idle,
});

/** A new channel of the initiator's. Its `connected` sends channel_open. @returns a sentence where the terms are no good */
export function initiate(opening: Opening, terms: Terms, env: Env): Channel | string {
  if (equalBytes(opening.keys.initiator, opening.keys.responder))
    return 'A channel needs two different accounts.';
  const problem = termsProblem(terms);
  if (problem) return problem;
  return {
    ...blank(opening, 'initiator', terms, env),
    delegates: { initiator: env.settings.delegates, responder: [] },
  };
}

/** `connected` in `opening`: the offer goes out. */
export function sendOpen(channel: Channel): Transition {
  const { terms } = channel;
  return transition(
    withLive(channel, { link: 'up' }),
    persist(),
    {
      type: 'send',
      message: {
        type: 'channel_open',
        chain_hash: channel.chainHash,
        temporary_channel_id: channel.temporaryId,
        lock_period: terms.lockPeriod,
        push_amount: toUnits(terms.pushAmount, 'push_amount'),
        initiator_amount: toUnits(terms.initiatorAmount, 'initiator_amount'),
        responder_amount: toUnits(terms.responderAmount, 'responder_amount'),
        channel_reserve: toUnits(terms.channelReserve, 'channel_reserve'),
        initiator_pubkey: channel.keys.initiator,
      },
    },
    ...ownDelegates(channel),
  );
}

/** What a responder makes of a channel_open: a channel to consider, or the text of the `error` it answers. */
export function consider(
  message: MessageOf<'channel_open'>,
  self: { key: Uint8Array; networkId: string; chainHash: Uint8Array; peer: Uint8Array; isUnique: boolean },
  env: Env,
): Channel | string {
  if (!equalBytes(message.chain_hash, self.chainHash))
    return 'chain_hash is unrecognised: this side is on another chain';
  if (!isValidKey(message.initiator_pubkey)) return 'initiator_pubkey is not a valid ed25519 public key';
  if (!equalBytes(message.initiator_pubkey, self.peer))
    return 'initiator_pubkey is not the key that authenticated this connection';
  if (!self.isUnique) return 'temporary_channel_id is not unique between us';
  if (equalBytes(message.initiator_pubkey, self.key)) return 'a channel needs two different accounts';
  const terms: Terms = {
    initiatorAmount: fromUnits(message.initiator_amount),
    responderAmount: fromUnits(message.responder_amount),
    pushAmount: fromUnits(message.push_amount),
    channelReserve: fromUnits(message.channel_reserve),
    lockPeriod: message.lock_period,
  };
  const problem = termsProblem(terms) ?? policyProblem(terms, env.settings.policy);
  if (problem) return problem;
  const opening: Opening = {
    temporaryId: message.temporary_channel_id,
    keys: { initiator: message.initiator_pubkey, responder: self.key },
    networkId: self.networkId,
    chainHash: self.chainHash,
  };
  return withLive(blank(opening, 'responder', terms, env), { link: 'up' });
}

/** The responder's person said yes (to these terms, or to its own as a counter-offer). */
export function* accept(channel: Channel, env: Env, { minimumDepth }: EventOf<'accept'>): Rule {
  const balance = yield* account(channel.keys.initiator);
  if (balance && balance.balance < channel.terms.initiatorAmount)
    return stop(
      channel,
      env,
      `the initiator's account holds ${inAe(balance.balance)} AE, less than initiator_amount, ${inAe(channel.terms.initiatorAmount)} AE`,
      true,
    );
  const { terms } = channel;
  return transition(
    change(channel, env, { phase: 'accepted', minimumDepth, delegates: withOwnDelegates(channel, env) }),
    persist(),
    ...ownDelegates({ ...channel, delegates: withOwnDelegates(channel, env) }),
    {
      type: 'send',
      message: {
        type: 'channel_accept',
        chain_hash: channel.chainHash,
        temporary_channel_id: channel.temporaryId,
        minimum_depth: minimumDepth,
        initiator_amount: toUnits(terms.initiatorAmount, 'initiator_amount'),
        responder_amount: toUnits(terms.responderAmount, 'responder_amount'),
        channel_reserve: toUnits(terms.channelReserve, 'channel_reserve'),
        responder_pubkey: channel.keys.responder,
      },
    },
  );
}

/** The initiator meets the responder's conditions. */
export function* onAccept(channel: Channel, env: Env, message: MessageOf<'channel_accept'>): Rule {
  if (!equalBytes(message.chain_hash, channel.chainHash))
    return stop(channel, env, 'chain_hash of channel_accept names another chain', true);
  if (!isValidKey(message.responder_pubkey))
    return stop(channel, env, 'responder_pubkey is not a valid ed25519 public key', true);
  if (!equalBytes(message.responder_pubkey, channel.keys.responder))
    return stop(channel, env, 'responder_pubkey is not the account that was invited', true);
  if (message.minimum_depth > env.settings.policy.maxMinimumDepth)
    return stop(
      channel,
      env,
      `minimum_depth ${message.minimum_depth} is too large: at most ${env.settings.policy.maxMinimumDepth} blocks`,
      true,
    );
  const terms: Terms = {
    ...channel.terms,
    initiatorAmount: fromUnits(message.initiator_amount),
    responderAmount: fromUnits(message.responder_amount),
    channelReserve: fromUnits(message.channel_reserve),
  };
  const problem = termsProblem(terms);
  if (problem) return stop(channel, env, `the counter-offer makes no channel: ${problem}`, true);
  const accepted = change(channel, env, { terms, minimumDepth: message.minimum_depth });
  const asGiven =
    terms.initiatorAmount === channel.terms.initiatorAmount &&
    terms.responderAmount === channel.terms.responderAmount &&
    terms.channelReserve === channel.terms.channelReserve;
  if (!asGiven)
    return transition(change(accepted, env, { phase: 'reviewing', asked: channel.terms }), persist());
  return yield* fund(accepted, env);
}

/** The unsigned channel_create of these terms. */
export function createTx(channel: Channel, nonce: bigint, k: number): TxOf<'ChannelCreateTx'> {
  const { terms, keys } = channel;
  const tx: TxOf<'ChannelCreateTx'> = {
    type: 'ChannelCreateTx',
    initiatorId: keys.initiator,
    initiatorAmount: terms.initiatorAmount,
    responderId: keys.responder,
    responderAmount: terms.responderAmount,
    channelReserve: terms.channelReserve,
    lockPeriod: BigInt(terms.lockPeriod),
    ttl: 0n,
    fee: 0n,
    initiatorDelegates: channel.delegates.initiator,
    responderDelegates: channel.delegates.responder,
    stateHash: hashOf(keys, openingBalances(terms)),
    nonce,
  };
  return { ...tx, fee: minFee(tx, gasPrice(k)) };
}

function jointOf(tx: TxOf<'ChannelCreateTx'>): Joint {
  const bytes = serializeTx(tx);
  return {
    tx: bytes,
    hash: txHash(bytes),
    nonce: tx.nonce,
    fee: tx.fee,
    signatures: {},
    confirmations: null,
  };
}

/** The initiator goes on to sign: the push first, where there is one, else the funding. */
export function* fund(channel: Channel, env: Env): Rule {
  const own = yield* account(channel.keys.initiator);
  const nonce = own && (yield* reserveNonce());
  if (!own || nonce === null)
    return stop(channel, env, 'the node cannot be asked for the own account, so nothing was signed', true);
  const tx = createTx(channel, nonce, channel.feeStep ?? 0);
  const release: Effect = { type: 'release_nonce', nonce };
  const need = channel.terms.initiatorAmount + tx.fee;
  const problem = isOutOfReach(nonce, own.nonce)
    ? outOfReach(nonce, own.nonce)
    : own.balance < need &&
      `the account holds ${inAe(own.balance)} AE; initiator_amount and fee need ${inAe(need)} AE`;
  if (problem) {
    const stopped = stop(channel, env, problem, true);
    return { ...stopped, effects: [release, ...stopped.effects] };
  }
  const known = change(channel, env, {
    channelId: channelId(channel.keys.initiator, nonce, channel.keys.responder),
    funding: jointOf(tx),
  });
  if (channel.terms.pushAmount === 0n) return yield* sendFunding(known, env);
  return yield* sendPush(known, env);
}

function pushEntry(channel: Channel): Uint8Array {
  return serializeEntry({
    type: 'transfer',
    from: channel.keys.initiator,
    to: channel.keys.responder,
    amount: channel.terms.pushAmount,
  });
}

function* sendPush(channel: Channel, env: Env): Rule {
  const balances = openingBalances(channel.terms);
  const hash = hashOf(channel.keys, balances);
  const signature = yield* sign(updateBytes(channel.networkId, channel.channelId!, 0n, hash));
  const entries = [pushEntry(channel)];
  return transition(
    change(channel, env, {
      phase: 'pushing',
      used: 0n,
      proposal: { number: 0n, balances, stateHash: hash, entries, signature, requests: [] },
    }),
    persist(),
    {
      type: 'send',
      message: {
        type: 'update',
        channel_id: channel.temporaryId,
        sequence_number: 0n,
        initiator_balance: balances.initiator,
        responder_balance: balances.responder,
        state_hash: hash,
        signature,
        entries,
      },
    },
  );
}

/** The responder receives the push: the state that funding_signed must wait for (seed: funding_signed). */
export function* onPush(channel: Channel, env: Env, message: MessageOf<'update'>): Rule {
  const balances = openingBalances(channel.terms);
  const hash = hashOf(channel.keys, balances);
  const given: Balances = { initiator: message.initiator_balance, responder: message.responder_balance };
  if (
    channel.terms.pushAmount === 0n ||
    channel.latest ||
    message.sequence_number !== 0n ||
    given.initiator !== balances.initiator ||
    given.responder !== balances.responder ||
    !equalBytes(message.state_hash, hash) ||
    message.entries.length !== 1 ||
    !isPush(channel, message.entries[0]!)
  )
    return stop(channel, env, 'update 0 is not the push that channel_open promised', true);
  const payer = yield* account(channel.keys.initiator);
  if (!payer)
    return stop(channel, env, 'the node cannot be asked for the initiator, so nothing was signed', true);
  for (let nonce = payer.nonce + 1n; nonce <= payer.nonce + nonceSearch; nonce++) {
    const id = channelId(channel.keys.initiator, nonce, channel.keys.responder);
    const bytes = updateBytes(channel.networkId, id, 0n, hash);
    if (!(yield* verify(channel.keys.initiator, bytes, message.signature))) continue;
    const signature = yield* sign(bytes);
    return transition(
      change(channel, env, {
        channelId: id,
        used: 0n,
        // Not enforceable yet; it becomes the state of the funding once that is co-signed.
        latest: {
          number: 0n,
          balances,
          stateHash: hash,
          signatures: { initiator: message.signature, responder: signature },
          source: 'update',
        },
      }),
      persist(),
      {
        type: 'send',
        message: { type: 'update_ack', channel_id: channel.temporaryId, sequence_number: 0n, signature },
      },
    );
  }
  return stop(
    channel,
    env,
    `the signature of update 0 fits no channel of the initiator's next ${nonceSearch} nonces from ${payer.nonce + 1n}`,
    true,
  );
}

function isPush(channel: Channel, entry: Uint8Array): boolean {
  try {
    const parsed = parseEntry(entry);
    return (
      parsed.type === 'transfer' &&
      equalBytes(parsed.from, channel.keys.initiator) &&
      equalBytes(parsed.to, channel.keys.responder) &&
      parsed.amount === channel.terms.pushAmount
    );
  } catch {
    return false;
  }
}

/** The responder signed the push: the initiator's funding goes out. */
export function* onPushAck(channel: Channel, env: Env, message: MessageOf<'update_ack'>): Rule {
  const proposal = channel.proposal!;
  const bytes = updateBytes(channel.networkId, channel.channelId!, 0n, proposal.stateHash);
  if (message.sequence_number !== 0n || !(yield* verify(channel.keys.responder, bytes, message.signature)))
    return stop(channel, env, "the peer's signature on update 0 is invalid", true);
  return yield* sendFunding(change(channel, env, { proposal: null }), env);
}

function* sendFunding(channel: Channel, env: Env): Rule {
  const funding = channel.funding!;
  const signature = yield* sign(signingBytes(channel.networkId, funding.hash));
  return transition(
    change(channel, env, {
      phase: 'half_signed',
      used: 0n,
      funding: { ...funding, signatures: { initiator: signature } },
    }),
    persist(),
    {
      type: 'send',
      message: {
        type: 'funding_created',
        temporary_channel_id: channel.temporaryId,
        transaction_data: funding.hash,
        signature,
      },
    },
  );
}

/** The state of sequence_number 0, once both signed channel_create. */
function fundedState(channel: Channel, signatures: Record<Role, Uint8Array>) {
  const balances = openingBalances(channel.terms);
  return {
    number: 0n,
    balances,
    stateHash: hashOf(channel.keys, balances),
    signatures,
    source: 'funding' as const,
  };
}

/** The initiator's half of it, before funding_signed came. */
export function openingState(channel: Channel) {
  const mine = channel.funding?.signatures.initiator;
  if (!mine) throw new Error(`no signature on the funding in ${channel.phase}`);
  return fundedState(channel, { initiator: mine, responder: mine });
}

/** The responder completes the funding transaction. */
export function* onFundingCreated(channel: Channel, env: Env, message: MessageOf<'funding_created'>): Rule {
  if (channel.terms.pushAmount > 0n && !channel.latest)
    return stop(channel, env, 'funding_created came before update 0, the push that was promised', true);
  const payer = yield* account(channel.keys.initiator);
  const own = yield* account(channel.keys.responder);
  if (!payer || !own)
    return stop(channel, env, 'the node cannot be asked, so the funding was not signed', true);
  const found = findCreate(channel, payer.nonce + 1n, message.transaction_data);
  if (!found)
    return stop(
      channel,
      env,
      `transaction_data is not the channel_create of these terms with nonce ${payer.nonce + 1n} to ${payer.nonce + nonceSearch}`,
      true,
    );
  const bytes = signingBytes(channel.networkId, found.hash);
  if (!(yield* verify(channel.keys.initiator, bytes, message.signature)))
    return stop(channel, env, 'the signature of funding_created is invalid for its transaction', true);
  if (own.balance < channel.terms.responderAmount)
    return stop(
      channel,
      env,
      `the responder's account holds ${inAe(own.balance)} AE, less than responder_amount, ${inAe(channel.terms.responderAmount)} AE`,
      true,
    );
  const signature = yield* sign(bytes);
  const signatures = { initiator: message.signature, responder: signature };
  return transition(
    change(channel, env, {
      phase: 'confirming',
      channelId: channelId(channel.keys.initiator, found.nonce, channel.keys.responder),
      funding: { ...found, signatures },
      latest: fundedState(channel, signatures),
      used: 0n,
    }),
    persist(),
    {
      type: 'send',
      message: { type: 'funding_signed', temporary_channel_id: channel.temporaryId, signature },
    },
    { type: 'broadcast', what: 'funding', signedTx: signedTx(found.tx, Object.values(signatures)) },
  );
}

function findCreate(channel: Channel, first: bigint, hash: Uint8Array): Joint | null {
  for (let nonce = first; nonce < first + nonceSearch; nonce++) {
    // The push already tied the channel to one nonce.
    const id = channelId(channel.keys.initiator, nonce, channel.keys.responder);
    if (channel.channelId && !equalBytes(channel.channelId, id)) continue;
    for (let k = 0; k < gasPriceSearch; k++) {
      const joint = jointOf(createTx(channel, nonce, k));
      if (equalBytes(joint.hash, hash)) return joint;
    }
  }
  return null;
}

/** The initiator holds the co-signed funding. */
export const onFundingSigned = (channel: Channel, env: Env, message: MessageOf<'funding_signed'>): Rule =>
  completeFunding(channel, env, message.signature);

/** Also met by the peer's reestablish, where funding_signed was lost. */
export function* completeFunding(channel: Channel, env: Env, signature: Uint8Array): Rule {
  const funding = channel.funding!;
  if (!(yield* verify(channel.keys.responder, signingBytes(channel.networkId, funding.hash), signature)))
    return cancel(channel, env, 'the signature of funding_signed is invalid', true);
  const signatures = { initiator: funding.signatures.initiator!, responder: signature };
  return transition(
    change(channel, env, {
      phase: 'confirming',
      funding: { ...funding, signatures },
      latest: fundedState(channel, signatures),
    }),
    persist(),
    { type: 'broadcast', what: 'funding', signedTx: signedTx(funding.tx, Object.values(signatures)) },
  );
}

/** While cancelling: the nonce is spent otherwise, so the funding can never take effect. */
export function onCancelConfirmed(channel: Channel, env: Env, confirmations: number | null): Transition {
  if (!isFinal(channel, confirmations)) return transition(channel);
  return transition(change(channel, env, { phase: 'aborted' }), persist());
}

/** While cancelling: the peer completed the funding after all. */
export function onFundedDespiteCancel(channel: Channel, env: Env, confirmations: number | null): Transition {
  if (!isFinal(channel, confirmations)) return transition(channel);
  const reason =
    'The other side completed the funding although the opening was given up. Close the channel to get the coins back.';
  const state = openingState(channel);
  return transition(
    change(channel, env, { phase: 'failed', reason, latest: state }),
    persist([{ kind: 'failed', note: reason, balances: state.balances }]),
  );
}

const isFinal = (channel: Channel, confirmations: number | null): boolean =>
  confirmations !== null && confirmations >= Math.max(1, channel.minimumDepth);

/** The node's view of the funding: once deep enough, this side says so (seed: funding_locked). */
export function onFundingConfirmations(channel: Channel, env: Env, confirmations: number | null): Transition {
  const { funding } = channel;
  // Of a channel that was made anew from the chain its transaction is not known.
  if (!funding) return transition(channel);
  const known = change(channel, env, { funding: { ...funding, confirmations } });
  const deep = confirmations !== null && confirmations >= channel.minimumDepth;
  // An open channel waits without updates until its funding is back; both have locked it already.
  if (confirmations === null && channel.phase === 'open')
    return transition(known, persist(), rebroadcast(known));
  if (confirmations === null) {
    // Lost by a reorganisation or never seen: it is posted again, and locked anew once it is deep.
    return transition(
      change(known, env, { phase: 'confirming', locked: { ...channel.locked, mine: false } }),
      persist(),
      rebroadcast(known),
    );
  }
  if (channel.phase !== 'confirming' || !deep)
    return transition(known, ...(confirmations === funding.confirmations ? [] : [persist()]));
  const locked = { ...channel.locked, mine: true };
  return transition(
    change(known, env, { phase: locked.theirs ? 'open' : 'locking', locked }),
    persist(locked.theirs ? [opened(known)] : []),
    ...sendLocked(known),
  );
}

/** The co-signed funding transaction. */
export const fundingBytes = (channel: Channel): Uint8Array =>
  signedTx(channel.funding!.tx, Object.values(channel.funding!.signatures) as Uint8Array[]);

/** For where the chain does not have it. */
export const rebroadcast = (channel: Channel): Effect => ({
  type: 'broadcast',
  what: 'funding',
  signedTx: fundingBytes(channel),
});

const opened = (channel: Channel) => ({
  kind: 'opened' as const,
  balances: latest(channel).balances,
  number: 0n,
  txHash: fundingTxHash(channel),
});

/** The hash under which the chain knows the funding: of the signed transaction. */
export const fundingTxHash = (channel: Channel): Uint8Array => txHash(fundingBytes(channel));

/** The own funding_locked, where there is a connection; else it is sent after the next reestablish. */
export const sendLocked = (channel: Channel): Effect[] =>
  channel.live.link === 'up'
    ? [
        {
          type: 'send',
          message: {
            type: 'funding_locked',
            temporary_channel_id: channel.temporaryId,
            transaction_id: fundingTxHash(channel),
          },
        },
      ]
    : [];

/** The peer sees the funding deep enough too. */
export function onFundingLocked(
  channel: Channel,
  env: Env,
  message: MessageOf<'funding_locked'>,
): Transition {
  // Of a channel that was made anew from the chain, the chain alone has said so already.
  if (!channel.funding) return transition(channel);
  if (!equalBytes(message.transaction_id, fundingTxHash(channel)))
    return stop(channel, env, 'funding_locked names another transaction than the one both signed', true);
  if (channel.locked.theirs) return transition(channel);
  const locked = { ...channel.locked, theirs: true };
  const open = channel.phase === 'locking';
  return transition(
    change(channel, env, { phase: open ? 'open' : channel.phase, locked }),
    persist(open ? [opened(channel)] : []),
  );
}

/** The peer has locked and so may I have: my node has lost sight of the funding since. Sent again by the next greeting. */
export function onEarly(
  channel: Channel,
  env: Env,
  message: MessageOf<'update' | 'update_deposit_created' | 'update_withdrawal_created'>,
): Transition {
  if (!channel.locked.theirs)
    return stop(channel, env, `${message.type} is not expected while ${channel.phase}`, true);
  return transition(channel, { type: 'disconnect', reason: 'the funding is not deep enough here now' });
}

// ---- delegates (PROTOCOL 3): one inband_message before the side's next message

const delegatesTag = new TextEncoder().encode('delegates');

function withOwnDelegates(channel: Channel, env: Env): Channel['delegates'] {
  return { ...channel.delegates, [channel.role]: env.settings.delegates };
}

function ownDelegates(channel: Channel): Effect[] {
  const list = channel.delegates[channel.role];
  if (list.length === 0) return [];
  const data = new Uint8Array(delegatesTag.length + 1 + 32 * list.length);
  data.set(delegatesTag);
  data[delegatesTag.length] = list.length;
  list.forEach((key, index) => {
    data.set(key, delegatesTag.length + 1 + 32 * index);
  });
  return [{ type: 'send', message: { type: 'inband_message', channel_id: channel.temporaryId, data } }];
}

/** The peer names its delegates; anything else under the temporary id is an application message. */
export function onOpeningInband(
  channel: Channel,
  env: Env,
  message: MessageOf<'inband_message'>,
): Transition {
  const { data } = message;
  if (data.length < delegatesTag.length + 1 || !equalBytes(data.slice(0, delegatesTag.length), delegatesTag))
    return transition(channel, { type: 'inband', data });
  const count = data[delegatesTag.length]!;
  const keys = data.slice(delegatesTag.length + 1);
  const theirs = other(channel.role);
  if (keys.length !== 32 * count || channel.delegates[theirs].length > 0)
    return stop(channel, env, `the list of delegates is malformed or was sent twice (${count} named)`, true);
  const list = Array.from({ length: count }, (_, index) => keys.slice(32 * index, 32 * index + 32));
  return transition(change(channel, env, { delegates: { ...channel.delegates, [theirs]: list } }), persist());
}
