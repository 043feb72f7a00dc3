/** The wallet's methods and events as types, derived from src/rpc/page.ts: nothing is written twice. */
import type * as v from 'valibot';
import type {
  budgetMethods,
  PageBalances,
  PageBudget,
  PageChannel,
  PageContractOutcome,
  PageEvent,
  PageMethods,
} from '../rpc/page.ts';

type Methods = PageMethods & typeof budgetMethods;
/** A name of docs/pages.md, such as `channel.transfer`. */
export type Method = keyof Methods;
/** Amounts are decimal strings of aetto. */
export type ParamsOf<M extends Method> = v.InferInput<Methods[M]['params']>;
export type ResultOf<M extends Method> = v.InferOutput<Methods[M]['result']>;

/** One entry of the wallet's log for this site. Numbers rise by one. */
export type WalletEvent = v.InferOutput<typeof PageEvent>;
export type ChannelInfo = v.InferOutput<typeof PageChannel>;
export type ChannelBalances = v.InferOutput<typeof PageBalances>;
export type ContractOutcome = v.InferOutput<typeof PageContractOutcome>;
export type Budget = v.InferOutput<typeof PageBudget>;
