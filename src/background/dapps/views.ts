/** What the popup shows of a site's question: derived from what it asked for and what is true now. */

import type { ChannelActor } from '../../engine/actor.ts';
import { type Engine, EngineError } from '../../engine/engine.ts';
import { toHex } from '../../protocol/bytes.ts';
import { encode } from '../../protocol/chain/address.ts';
import {
  type ContractOutcome,
  calledFunction,
  closeQuote,
  codeHash,
  codeOf,
  entriesOf,
  heldByContracts,
  other,
  spendable,
} from '../../protocol/channel/index.ts';
import { DecodeError, decode as decodeFate } from '../../protocol/vm/index.ts';
import type { ApprovalView, ContractPreview } from '../../rpc/schema.ts';
import { decodeEntries, digestOf, sidesView, termsView } from '../view.ts';
import type { SiteAsk } from './approvals.ts';
import { type BudgetAsk, type Budgets, usageOf } from './budgets.ts';
import type { ContractAsk } from './contracts.ts';
import { readTransaction, TransactionError } from './transaction.ts';

export interface ViewDeps {
  engine: Engine;
  publicKey: Uint8Array;
  networkId: string;
  budgets: Pick<Budgets, 'of'>;
}

/** @returns null where nothing is left to decide: another network, a channel that is gone */
export function siteApproval(deps: ViewDeps, ask: SiteAsk): ApprovalView | null {
  switch (ask.kind) {
    case 'connect':
      return ask;
    case 'site_payment':
      return payment(deps, ask);
    case 'site_budget':
      return budget(deps, ask);
    case 'site_channel':
      return channelOperation(deps, ask);
    case 'site_transaction':
      return transaction(deps, ask);
    case 'site_contract':
      return contract(deps, ask);
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
    limit: ask.limit ?? null,
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

function budget({ engine, budgets }: ViewDeps, ask: BudgetAsk): ApprovalView | null {
  const actor = engine.channels().find((candidate) => candidate.id === ask.channel);
  if (!actor?.channel.channelId || actor.channel.phase !== 'open') return null;
  const { id, origin, createdAt, channel, peer, seconds, contracts } = ask;
  const asked = { amount: ask.amount.toString(), perUpdate: ask.perUpdate.toString(), contracts, seconds };
  const before = budgets.of(origin, channel);
  return {
    kind: 'site_budget',
    id,
    origin,
    createdAt,
    channel,
    peer,
    ...asked,
    spendable: spendable(actor.channel).toString(),
    replaces: before && {
      amount: before.amount.toString(),
      left: usageOf(before).left,
      expiresAt: before.expiresAt,
    },
    // What is used of it goes on while it is read.
    digest: digestOf([id, origin, channel, peer, asked, before?.requestId ?? '']),
  };
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
    gets: quote && sidesView(quote.balances, channel.role),
  };
  return { ...shown, digest: digestOf(shown) };
}

function contract({ engine }: ViewDeps, ask: ContractAsk): ApprovalView | null {
  const actor = engine.channels().find((candidate) => candidate.id === ask.channel);
  const channel = actor?.channel;
  if (!channel?.latest || channel.phase !== 'open') return null;
  const { latest, role } = channel;
  const { wish } = ask;
  const code = wish.type === 'create' ? wish.code : codeOf(latest, wish.contract);
  if (!code) return null;
  const shown = {
    kind: ask.kind,
    id: ask.id,
    origin: ask.origin,
    createdAt: ask.createdAt,
    channel: actor!.id,
    peer: encode('ak', actor!.peer),
    operation: wish.type,
    contract: wish.type === 'call' ? encode('ct', wish.contract) : null,
    codeHash: toHex(codeHash(code)),
    codeSize: code.length,
    amount: ask.amount.toString(),
    gas: wish.type === 'call' ? { limit: wish.gas.toString(), price: wish.gasPrice.toString() } : null,
    sequenceNumber: latest.number.toString(),
    limit: ask.limit ?? null,
    before: sidesView(latest.balances, role),
    held: heldByContracts(latest).toString(),
  };
  return { ...shown, digest: digestOf([ask.of, shown]) };
}

/** The rest of a contract request, too large for a view that is pushed; executed on the latest state. */
export async function contractPreview(
  engine: Engine,
  ask: Pick<ContractAsk, 'channel' | 'wish' | 'amount' | 'aci'>,
): Promise<ContractPreview> {
  const { wish, amount, aci } = ask;
  const { channel } = engine.channel(ask.channel);
  const code = wish.type === 'create' ? wish.code : channel.latest && codeOf(channel.latest, wish.contract);
  const fn = code && calledFunction(code, wish.callData);
  const base = {
    callData: encode('cb', wish.callData),
    fn: fn && { ...fn, id: toHex(fn.id) },
    aci,
  };
  try {
    const { outcome, balances, held } = await engine.preview(ask.channel, wish, amount);
    const result = {
      returnType: outcome.returnType,
      returnValue: encode('cb', outcome.returnValue),
      reason: reasonOf(outcome),
      gasUsed: outcome.gasUsed.toString(),
      ...sidesView(balances, channel.role),
      held: held.toString(),
    };
    return { ...base, result, problem: null };
  } catch (error) {
    if (error instanceof EngineError) return { ...base, result: null, problem: error.message };
    throw error;
  }
}

/** What a failed call says of itself: a revert carries a string of its own, an error the machine's text. */
function reasonOf({ returnType, returnValue }: ContractOutcome): string | null {
  if (returnType === 'ok') return null;
  if (returnType === 'error') return new TextDecoder().decode(returnValue);
  try {
    const value = decodeFate(returnValue);
    return typeof value === 'object' && value.kind === 'string'
      ? new TextDecoder().decode(value.bytes)
      : null;
  } catch (error) {
    if (error instanceof DecodeError) return null;
    throw error;
  }
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
