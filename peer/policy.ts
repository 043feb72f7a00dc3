/** What the peer accepts and sells: a JSON file, amounts in AE as decimal text. */
import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { defaultSettings } from '../src/engine/settings.ts';
import type { AcceptancePolicy, ContractPolicy } from '../src/protocol/channel/index.ts';

const Ae = v.pipe(
  v.string(),
  v.regex(/^\d{1,12}(\.\d{1,18})?$/, 'give an amount in AE as text, such as "0.5"'),
);
const PolicyFile = v.strictObject({
  accept: v.optional(
    v.strictObject({
      minLockPeriod: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
      maxLockPeriod: v.optional(v.pipe(v.number(), v.integer(), v.maxValue(65_535))),
      minPushAmount: v.optional(Ae),
      minChannelReserve: v.optional(Ae),
      maxChannelReserve: v.optional(Ae),
      minInitiatorAmount: v.optional(Ae),
      maxResponderAmount: v.optional(Ae),
    }),
    {},
  ),
  /** Contracts that the other side may make: none, any, or those whose code has one of these hashes. */
  contracts: v.optional(
    v.union([
      v.picklist(['none', 'any']),
      v.array(v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, 'give hashes of contract code as 64 hex digits'))),
    ]),
    'none',
  ),
  /** What one call over the peer's socket may pay, and put into a channel; without limit where they are left out. */
  api: v.optional(v.strictObject({ maxPayment: v.optional(Ae), maxFunding: v.optional(Ae) }), {}),
  prices: v.optional(v.record(v.pipe(v.string(), v.regex(/^[a-z0-9-]{1,40}$/)), Ae), {}),
});

/** Of one call over the socket: aetto; null for no limit. */
export interface ApiLimits {
  maxPayment: bigint | null;
  maxFunding: bigint | null;
}

export interface Policy {
  accept: AcceptancePolicy;
  contracts: ContractPolicy;
  api: ApiLimits;
  /** Item -> price in aetto. */
  prices: Map<string, bigint>;
}

/** @throws Error naming the file, the place in it and what is wrong */
export function readPolicy(path: string): Policy {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    throw new Error(`The policy file ${path} cannot be read: give another by --policy.`);
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new Error(`The policy file ${path} is not JSON: ${error instanceof Error ? error.message : error}`);
  }
  const parsed = v.safeParse(PolicyFile, json);
  if (!parsed.success) {
    const issue = parsed.issues[0];
    throw new Error(
      `The policy file ${path} is wrong at ${v.getDotPath(issue) ?? 'its top'}: ${issue.message}`,
    );
  }
  const { accept, contracts, prices, api } = parsed.output;
  const limit = (text: string | undefined) => (text === undefined ? null : aettoOf(text));
  const base = defaultSettings.policy;
  const amount = (text: string | undefined, fallback: bigint) =>
    text === undefined ? fallback : aettoOf(text);
  return {
    accept: {
      ...base,
      minLockPeriod: accept.minLockPeriod ?? base.minLockPeriod,
      maxLockPeriod: accept.maxLockPeriod ?? base.maxLockPeriod,
      minPushAmount: amount(accept.minPushAmount, base.minPushAmount),
      minChannelReserve: amount(accept.minChannelReserve, base.minChannelReserve),
      maxChannelReserve: amount(accept.maxChannelReserve, base.maxChannelReserve),
      minInitiatorAmount: amount(accept.minInitiatorAmount, base.minInitiatorAmount),
      maxResponderAmount: amount(accept.maxResponderAmount, base.maxResponderAmount),
    },
    contracts,
    api: { maxPayment: limit(api.maxPayment), maxFunding: limit(api.maxFunding) },
    prices: new Map(Object.entries(prices).map(([item, price]) => [item, aettoOf(price)])),
  };
}

/** AE as decimal text to aetto, exact. */
export function aettoOf(text: string): bigint {
  const [whole, fraction = ''] = text.split('.');
  return BigInt(whole + fraction.padEnd(18, '0'));
}
