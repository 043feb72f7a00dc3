/** What a budget allows, and how it is used: pure. Amounts in aetto. */
import { equalBytes } from '../../protocol/bytes.ts';
import type { Outcome } from '../../protocol/channel/index.ts';
import { functionId } from '../../protocol/vm/index.ts';

/** What the person allowed a site on one channel. Row of table `budgets` under `${origin}/${channel}`. */
export interface Budget {
  origin: string;
  /** Local id, id on the chain (ch_), and the account (ak_) of its other side. */
  channel: string;
  channelId: string;
  peer: string;
  /** In total, and for each payment. */
  amount: bigint;
  perUpdate: bigint;
  contracts: AllowedContract[];
  /** ms since 1970 */
  expiresAt: number;
  /** The page's request that it was granted for. */
  requestId: string;
  /** Co-signed. */
  spent: bigint;
  /** Given out and not decided yet: neither lost nor leaked over a restart. */
  reserved: Reservation[];
}

/** Functions by their names; null: any. `contract` is ct_. */
export interface AllowedContract {
  contract: string;
  functions: string[] | null;
}

export interface Reservation {
  requestId: string;
  amount: bigint;
}

/** What the person may set. */
export type Limits = Pick<Budget, 'amount' | 'perUpdate' | 'expiresAt'>;

/** What a site wants to pay; `call`: to a contract, by a function of this id where it is known. */
export interface Payment {
  amount: bigint;
  call: { contract: string; functionId: Uint8Array | null } | null;
}

/** What stands against it. */
export type Limit = 'per_update' | 'total' | 'contract' | 'function';

export const reservedOf = ({ reserved }: Pick<Budget, 'reserved'>): bigint =>
  reserved.reduce((sum, { amount }) => sum + amount, 0n);

/** Never below zero: a budget may be lowered below what is used of it. */
export function leftOf(budget: Pick<Budget, 'amount' | 'spent' | 'reserved'>): bigint {
  const left = budget.amount - budget.spent - reservedOf(budget);
  return left > 0n ? left : 0n;
}

export const isExpired = ({ expiresAt }: Pick<Budget, 'expiresAt'>, now: number): boolean => expiresAt <= now;

/** Which limit it goes over; null where it is within. */
export function limitOf(budget: Budget, { amount, call }: Payment): Limit | null {
  if (call) {
    const allowed = budget.contracts.find(({ contract }) => contract === call.contract);
    if (!allowed) return 'contract';
    const { functionId: called } = call;
    const isAllowed = (name: string) => called !== null && equalBytes(functionId(name), called);
    if (allowed.functions && !allowed.functions.some(isAllowed)) return 'function';
  }
  if (amount > budget.perUpdate) return 'per_update';
  // A call without coins takes nothing, also from a budget that is used up.
  if (amount > 0n && amount > leftOf(budget)) return 'total';
  return null;
}

export const reserve = (budget: Budget, reservation: Reservation): Budget => ({
  ...budget,
  reserved: [...budget.reserved, reservation],
});

/** @param spent 0 where nothing was paid. Without such a reservation the budget stays as it is */
export function settle(budget: Budget, requestId: string, spent: bigint): Budget {
  if (!budget.reserved.some((one) => one.requestId === requestId)) return budget;
  return {
    ...budget,
    spent: budget.spent + spent,
    reserved: budget.reserved.filter((one) => one.requestId !== requestId),
  };
}

/**
 * What the outcome of a request took of its reservation; null where that cannot be told yet. A payment that was proposed
 * and never answered before the channel stopped may have been paid: it counts as spent.
 */
export function spentBy(outcome: Outcome, { amount }: Reservation): bigint | null {
  if (outcome.code === 'stopped') return null;
  if (outcome.code === 'undecided') return amount;
  // The coins of a call that fails go back.
  if (!outcome.ok || (outcome.contract && outcome.contract.returnType !== 'ok')) return 0n;
  return amount;
}
