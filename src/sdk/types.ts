/** The wallet's methods and events as types, derived from src/rpc/page.ts: nothing is written twice. */
import type * as v from 'valibot';
import type {
  PageBalances,
  PageBudget,
  PageChannel,
  PageContractOutcome,
  PageEvent,
  PageMethods,
} from '../rpc/page.ts';

type Schemas = PageMethods;
/** By name, as docs/pages.md lists them. Amounts are decimal strings of aetto. */
export type Methods = {
  [M in keyof Schemas]: {
    params: v.InferInput<Schemas[M]['params']>;
    result: v.InferOutput<Schemas[M]['result']>;
  };
};
export type Method = keyof Methods;
export type ParamsOf<M extends Method> = Methods[M]['params'];
export type ResultOf<M extends Method> = Methods[M]['result'];

/** One entry of the wallet's log for this site. Numbers rise by one. */
export type WalletEvent = v.InferOutput<typeof PageEvent>;
export type ChannelInfo = v.InferOutput<typeof PageChannel>;
export type ChannelBalances = v.InferOutput<typeof PageBalances>;
export type ContractOutcome = v.InferOutput<typeof PageContractOutcome>;
export type Budget = v.InferOutput<typeof PageBudget>;
