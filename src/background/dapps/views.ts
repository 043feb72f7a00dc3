/** What the popup shows of a site's question: derived from what it asked for and what is true now. */

import type { ChannelActor } from '../../engine/actor.ts';
import type { Engine } from '../../engine/engine.ts';
import { encode } from '../../protocol/chain/address.ts';
import { closeQuote, entriesOf, other } from '../../protocol/channel/index.ts';
import type { ApprovalView } from '../../rpc/schema.ts';
import { decodeEntries, digestOf, termsView } from '../view.ts';
import type { SiteAsk } from './approvals.ts';
import { readTransaction, TransactionError } from './transaction.ts';

export interface ViewDeps {
  engine: Engine;
  publicKey: Uint8Array;
  networkId: string;
}

/** @returns null where nothing is left to decide: another network, a channel that is gone */
export function siteApproval(deps: ViewDeps, ask: SiteAsk): ApprovalView | null {
  switch (ask.kind) {
    case 'connect':
      return ask;
    case 'site_payment':
      return payment(deps, ask);
    case 'site_channel':
      return channelOperation(deps, ask);
    case 'site_transaction':
      return transaction(deps, ask);
    case 'site_message':
      return { ...ask, digest: digestOf([ask.id, ask.origin, ask.message]) };
  }
}

function payment({ engine }: ViewDeps, ask: Extract<SiteAsk, { kind: 'site_payment' }>): ApprovalView | null {
  const actor = engine.channels().find((candidate) => candidate.id === ask.channel);
  if (!actor?.channel.latest) return null;
  const { channel } = actor;
  const balances = channel.latest!.balances;
  const [mine, theirs] = [balances[channel.role], balances[other(channel.role)]];
  const shown = {
    entries: decodeEntries(paymentEntries(actor, ask)),
    before: { mine: mine.toString(), theirs: theirs.toString() },
    after: { mine: (mine - ask.amount).toString(), theirs: (theirs + ask.amount).toString() },
  };
  return {
    kind: 'site_payment',
    id: ask.id,
    origin: ask.origin,
    createdAt: ask.createdAt,
    channel: actor.id,
    peer: encode('ak', actor.peer),
    amount: ask.amount.toString(),
    note: ask.note,
    ...shown,
    digest: digestOf([ask.id, ask.origin, actor.id, shown]),
  };
}

function paymentEntries(actor: ChannelActor, ask: Extract<SiteAsk, { kind: 'site_payment' }>): Uint8Array[] {
  return entriesOf(actor.channel, {
    scope: ask.origin,
    id: ask.requestId,
    amount: ask.amount,
    direction: 'pay',
    note: ask.note,
  });
}

/** Terms and what they cost, or the balances and what becomes of them. */
function channelOperation(
  { engine }: ViewDeps,
  ask: Extract<SiteAsk, { kind: 'site_channel' }>,
): ApprovalView | null {
  const { operation } = ask;
  const base = {
    kind: ask.kind,
    id: ask.id,
    origin: ask.origin,
    createdAt: ask.createdAt,
    operation: operation.type,
  };
  if (operation.type === 'open') {
    const shown = {
      ...base,
      peer: encode('ak', operation.peer),
      target: null,
      terms: termsView(operation.terms),
      sum: null,
      fee: engine.fundingFee(operation.terms).toString(),
      gets: null,
    };
    return { ...shown, digest: digestOf(shown) };
  }
  const actor = engine.channels().find((candidate) => candidate.id === operation.channel);
  const channel = actor?.channel;
  if (!actor || !channel?.latest || channel.phase !== 'open') return null;
  const quote = operation.type === 'shutdown' ? closeQuote(channel) : null;
  const shown = {
    ...base,
    peer: encode('ak', actor.peer),
    target: actor.id,
    terms: null,
    sum: 'amount' in operation ? operation.amount.toString() : null,
    fee: quote?.fee.toString() ?? null,
    gets: quote && {
      mine: quote.balances[channel.role].toString(),
      theirs: quote.balances[other(channel.role)].toString(),
    },
  };
  return { ...shown, digest: digestOf(shown) };
}

function transaction(
  { publicKey, networkId }: ViewDeps,
  ask: Extract<SiteAsk, { kind: 'site_transaction' }>,
): ApprovalView | null {
  if (ask.networkId !== networkId) return null;
  try {
    const { tx, ...rest } = ask;
    const { type, facts, cost, most } = readTransaction(tx, publicKey);
    const shown = { ...rest, type, facts, cost: cost.toString(), most: most.toString() };
    return { ...shown, digest: digestOf(shown) };
  } catch (error) {
    if (error instanceof TransactionError) return null;
    throw error;
  }
}
