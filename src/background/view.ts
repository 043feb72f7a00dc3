/** What the popup shows of a channel, and what in it needs the person: derived from the record, never stored. */
import { blake2b } from '@noble/hashes/blake2.js';
import type { ChannelActor } from '../engine/actor.ts';
import type { Engine } from '../engine/engine.ts';
import type { TowerClient } from '../engine/tower-client.ts';
import { toHex } from '../protocol/bytes.ts';
import { encode } from '../protocol/chain/address.ts';
import {
  type Balances,
  blockOf,
  bothSigned,
  type Channel,
  closeQuote,
  closingTxHash,
  codeHash,
  contractsOf,
  creationIn,
  type ForceQuote,
  forceQuote,
  fundingTxHash,
  heldByContracts,
  isContractBatch,
  isEmptyHanded,
  moveTxHash,
  noteOf,
  openingBalances,
  other,
  type Role,
  snapshotFee,
  soloTxHash,
  spendable,
  type Terms,
} from '../protocol/channel/index.ts';
import { parseEntry } from '../protocol/state/entries.ts';
import type { ApprovalView, ChannelView } from '../rpc/schema.ts';

type DecodedEntry = Extract<ApprovalView, { kind: 'site_payment' }>['entries'][number];
type TermsView = ChannelView['terms'];

export const termsView = (terms: Terms): TermsView => ({
  initiatorAmount: terms.initiatorAmount.toString(),
  responderAmount: terms.responderAmount.toString(),
  pushAmount: terms.pushAmount.toString(),
  channelReserve: terms.channelReserve.toString(),
  lockPeriod: terms.lockPeriod,
});

/** @see termsView */
export const termsOf = (terms: TermsView): Terms => ({
  initiatorAmount: BigInt(terms.initiatorAmount),
  responderAmount: BigInt(terms.responderAmount),
  pushAmount: BigInt(terms.pushAmount),
  channelReserve: BigInt(terms.channelReserve),
  lockPeriod: terms.lockPeriod,
});

/** What each has, for a person: aetto. */
export const sidesView = (balances: Balances, role: Role) => ({
  mine: balances[role].toString(),
  theirs: balances[other(role)].toString(),
});

/** Who made a contract, for a person. */
export const makerOf = (owner: Role | null, role: Role) =>
  owner === null ? 'contract' : owner === role ? 'me' : 'peer';

export function channelView(
  engine: Engine,
  actor: ChannelActor,
  height: number,
  tower: TowerClient | null,
): ChannelView {
  const { channel, stored } = actor;
  const peer = other(channel.role);
  const balances = channel.latest?.balances ?? openingBalances(channel.terms);
  const quote = closeQuote(channel);
  const recording = snapshotFee(channel);
  const force = forceQuote(channel);
  return {
    id: actor.id,
    channelId: channel.channelId && channel.latest ? encode('ch', channel.channelId) : null,
    role: channel.role,
    peer: { address: encode('ak', channel.keys[peer]), name: stored.peerName },
    phase: channel.phase,
    connection: engine.connection(actor),
    terms: termsView(channel.terms),
    ...sidesView(balances, channel.role),
    spendable: (channel.phase === 'open' ? spendable(channel) : 0n).toString(),
    sequenceNumber: (channel.latest && !isEmptyHanded(channel) ? channel.latest.number : 0n).toString(),
    pending: pendingOf(channel),
    ...queuedOf(channel),
    progress: progressOf(channel, height),
    contracts: contractsView(channel),
    closeQuote: quote && { ...sidesView(quote.balances, channel.role), fee: quote.fee.toString() },
    reason: channel.reason ?? actor.notice ?? unreachableNote(engine, actor),
    watchtower: watchtowerOf(actor, tower),
    recovered: channel.recovered,
    maybeStale: stored.restoredAt !== null,
    ...(channel.doubt ? { settling: settlingView(engine, actor) } : {}),
    overrideFrom: engine.overrideFrom(actor),
    raisedFee: engine.raisedFee(actor)?.toString() ?? null,
    ...(recording === null ? {} : { snapshotFee: recording.toString() }),
    ...(force ? { force: forceView(channel, force) } : {}),
    openedAt: channel.openedAt,
    updatedAt: channel.updatedAt,
  };
}

function settlingView(engine: Engine, actor: ChannelActor): ChannelView['settling'] {
  const { left, cost, short } = engine.doubt(actor) ?? { left: 0, cost: 0n, short: false };
  return { left, cost: cost.toString(), short };
}

function forceView(channel: Channel, { call, fee, gasCost }: ForceQuote): ChannelView['force'] {
  const { code, request } = call;
  return {
    why:
      code === 'waiting' || code === 'offline'
        ? code
        : code === 'not_open'
          ? ('late' as const)
          : ('refused' as const),
    amount: request.amount.toString(),
    fee: fee.toString(),
    gas: gasCost.toString(),
    blocks: Math.max(1, channel.minimumDepth),
  };
}

function contractsView(channel: Channel): ChannelView['contracts'] {
  const { latest, role } = channel;
  if (!latest?.trees) return { held: '0', list: [] };
  return {
    held: heldByContracts(latest).toString(),
    list: contractsOf(channel, latest).map(({ contract, owner, balance, codeHash }) => ({
      contract: encode('ct', contract),
      by: makerOf(owner, role),
      balance: balance.toString(),
      codeHash: codeHash && toHex(codeHash),
    })),
  };
}

function watchtowerOf(actor: ChannelActor, tower: TowerClient | null): ChannelView['watchtower'] {
  const { channel } = actor;
  if (!tower && channel.delegates[channel.role].length === 0) return null;
  const { named, guards, problem } = tower?.status(actor) ?? { named: false, guards: null, problem: null };
  return { named, guards: guards?.toString() ?? null, problem };
}

function unreachableNote(engine: Engine, actor: ChannelActor): string | null {
  const { phase } = actor.channel;
  const over = phase === 'closed' || phase === 'aborted';
  return over || engine.connection(actor) === 'online' ? null : engine.unreachable(actor);
}

function pendingOf(channel: Channel): ChannelView['pending'] {
  const { proposal, live } = channel;
  if (live.incoming && creationIn(live.incoming.entries))
    return { kind: 'contract_asked', amount: '0', note: null };
  if (live.incoming) {
    const amount = channel.latest!.balances[channel.role] - live.incoming.balances[channel.role];
    return { kind: 'asked', amount: amount.toString(), note: null };
  }
  const { move } = channel;
  if (move) return { kind: move.kind, amount: move.amount.toString(), note: move.cancel?.reason ?? null };
  if (channel.refusal) return { kind: 'refusing', amount: '0', note: null };
  if (proposal && isContractBatch(proposal.entries)) return { kind: 'contract', amount: '0', note: null };
  // One without a request only brings the numbers of both sides together.
  if (proposal?.requests.length && channel.latest) {
    const change = channel.latest.balances[channel.role] - proposal.balances[channel.role];
    return {
      kind: change >= 0n ? 'paying' : 'being_paid',
      amount: (change >= 0n ? change : -change).toString(),
      note: proposal.requests[0]?.note ?? null,
    };
  }
  if (channel.phase === 'shutting_down' || channel.phase === 'closing')
    return { kind: 'closing', amount: '0', note: null };
  return null;
}

function queuedOf({ live }: Channel): Pick<ChannelView, 'queued'> {
  let sum = 0n;
  for (const { direction, amount } of live.queue) if (direction === 'pay') sum += amount;
  return sum > 0n ? { queued: sum.toString() } : {};
}

function progressOf(channel: Channel, height: number): ChannelView['progress'] {
  const { funding, closing } = channel;
  const required = Math.max(1, channel.minimumDepth);
  if ((channel.phase === 'confirming' || channel.phase === 'locking') && funding)
    return {
      what: 'funding',
      txHash: encode('th', fundingTxHash(channel)),
      confirmations: funding.confirmations ?? -1,
      required,
    };
  if (channel.phase === 'closing_confirming' && closing)
    return {
      what: 'close',
      txHash: encode('th', closingTxHash(channel)),
      confirmations: closing.confirmations ?? -1,
      required,
    };
  const { move } = channel;
  if (move && bothSigned(move))
    return {
      what: move.kind,
      txHash: encode('th', moveTxHash(move)),
      confirmations: move.confirmations ?? -1,
      required,
    };
  const { onChain, solo } = channel;
  if (channel.phase === 'closing_solo' && solo) {
    const required = Math.max(1, channel.terms.lockPeriod);
    // Blocks of the lock that have passed; before the close is in a block there are none.
    const left = onChain && onChain.lockedUntil > 0 ? Math.max(0, onChain.lockedUntil - height) : required;
    return {
      what: 'dispute',
      txHash: encode('th', soloTxHash(channel)),
      confirmations: onChain && onChain.lockedUntil > 0 ? required - Math.min(left, required) : -1,
      required,
    };
  }
  if (solo?.kind === 'force_progress' || solo?.kind === 'snapshot')
    return {
      what: solo.kind === 'snapshot' ? 'record' : 'force',
      txHash: encode('th', soloTxHash(channel)),
      confirmations: solo.confirmations ?? -1,
      required,
    };
  return null;
}

/** A batch as a person reads it. */
export function decodeEntries(serialized: readonly Uint8Array[]): DecodedEntry[] {
  const isContract = isContractBatch(serialized);
  return serialized.map((bytes, index): DecodedEntry => {
    if (isContract && index === 1) return { type: 'other', description: 'the result of the contract' };
    const entry = parseEntry(bytes);
    if (entry.type === 'transfer')
      return {
        type: 'transfer',
        from: encode('ak', entry.from),
        to: encode('ak', entry.to),
        amount: entry.amount.toString(),
      };
    if (entry.type === 'meta') {
      const note = noteOf(entry.data);
      if (note !== null) return { type: 'note', text: note };
      const block = blockOf(entry.data);
      if (block !== null) return { type: 'other', description: `at key block ${encode('kh', block)}` };
      return { type: 'other', description: `application data, ${entry.data.length} bytes` };
    }
    if (entry.type === 'create')
      return {
        type: 'other',
        description: `a new contract, code hash ${toHex(codeHash(entry.code))}, with ${entry.deposit} aetto`,
      };
    if (entry.type === 'call')
      return {
        type: 'other',
        description: `a call of contract ${encode('ct', entry.contract)}, with ${entry.amount} aetto`,
      };
    return { type: 'other', description: entry.type };
  });
}

/** Names what was shown, so that a decision on anything else is refused. */
export const digestOf = (shown: unknown): string =>
  toHex(blake2b(new TextEncoder().encode(JSON.stringify(shown)), { dkLen: 16 }));

/** What of this channel waits for the person. */
export function channelApproval(actor: ChannelActor, initiatorFunded: boolean): ApprovalView | null {
  const { channel } = actor;
  const peer = encode('ak', actor.peer);
  const base = { createdAt: channel.updatedAt, channel: actor.id, peer };
  if (channel.phase === 'considering') {
    const terms = termsView(channel.terms);
    const id = `considering-${actor.id}`;
    return { kind: 'incoming_channel', id, ...base, terms, initiatorFunded, digest: digestOf([id, terms]) };
  }
  if (channel.phase === 'reviewing' && channel.asked) {
    const id = `reviewing-${actor.id}`;
    const terms = termsView(channel.terms);
    const asked = termsView(channel.asked);
    return { kind: 'counter_offer', id, ...base, terms, asked, digest: digestOf([id, terms, asked]) };
  }
  const { incoming } = channel.live;
  if (!incoming || !channel.latest) return null;
  const { role, latest } = channel;
  const before = sidesView(latest.balances, role);
  const after = sidesView(incoming.balances, role);
  const id = `update-${actor.id}-${incoming.number}`;
  const creation = creationIn(incoming.entries);
  if (creation) {
    const shown = {
      id,
      codeHash: toHex(codeHash(creation.code)),
      codeSize: creation.code.length,
      callData: encode('cb', creation.callData),
      deposit: creation.deposit.toString(),
      before,
      after,
      held: heldByContracts(incoming).toString(),
    };
    return { kind: 'contract_create', ...base, ...shown, digest: digestOf(shown) };
  }
  const entries = decodeEntries(incoming.entries);
  return {
    kind: 'incoming_update',
    id,
    ...base,
    entries,
    amount: (latest.balances[role] - incoming.balances[role]).toString(),
    before,
    after,
    digest: digestOf([id, entries, after]),
  };
}
