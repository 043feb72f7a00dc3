/**
 * What a web page may ask, by the provider's `request({ method, params })` (EIP-1193's shape and error codes).
 * The content script only carries; the worker validates, and knows the page by the browser's own `sender.origin`.
 */
import * as v from 'valibot';
import { Address, Aetto, LocalId, Note, Phase, RequestId, Terms, Text } from './schema.ts';

const nothing = v.optional(v.object({}), {});

/** A channel as a page sees it: only channels with the peer it names, never the others. */
export const PageChannel = v.object({
  channelId: v.nullable(v.string()),
  id: LocalId,
  peer: Address,
  phase: Phase,
  connection: v.picklist(['online', 'connecting', 'offline']),
});
export const PageBalances = v.object({
  mine: Aetto,
  theirs: Aetto,
  spendable: Aetto,
  sequenceNumber: v.string(),
  /** What contracts of the channel hold. */
  contracts: v.array(v.object({ contract: v.string(), balance: Aetto })),
});

/** Code or call data, `cb_`; the worker decodes it. */
const Bytes = v.pipe(v.string(), v.startsWith('cb_'), v.maxLength(1_400_000));
const ContractId = v.pipe(
  v.string(),
  v.regex(/^ct_[1-9A-HJ-NP-Za-km-z]{38,60}$/, 'a contract starts with ct_'),
);
/** The compiler's ACI, in JSON at most 256 kB. */
const Aci = v.pipe(
  v.array(v.unknown()),
  v.check((aci) => JSON.stringify(aci).length <= 262_144, 'an ACI has at most 262144 characters of JSON'),
);
const ofCall = {
  contract: v.string(),
  sequenceNumber: v.string(),
  returnType: v.picklist(['ok', 'revert', 'error']),
  returnValue: v.string(),
  gasUsed: v.string(),
  log: v.array(v.object({ contract: v.string(), topics: v.array(v.string()), data: v.string() })),
};
/** What a creation or a call came to, co-signed by both. */
export const PageContractOutcome = v.object({
  ...ofCall,
  id: LocalId,
  round: v.string(),
  mine: Aetto,
  theirs: Aetto,
});

/** Which contract a budget covers, and by which of its functions; by any where `functions` is left out. */
const BudgetContract = v.object({
  contract: ContractId,
  functions: v.optional(
    v.pipe(
      v.array(v.pipe(v.string(), v.regex(/^[a-z_][A-Za-z0-9_']{0,63}$/, 'a function has a name'))),
      v.minLength(1),
      v.maxLength(32),
    ),
  ),
});
/** So long a budget may hold: 60 seconds to a year. */
export const BudgetSeconds = v.pipe(v.number(), v.integer(), v.minValue(60), v.maxValue(366 * 86_400));

/** What a site may pay over a channel without a question. Amounts in aetto. */
export const PageBudget = v.object({
  id: LocalId,
  channelId: v.nullable(v.string()),
  /** In total, and for each payment. */
  amount: Aetto,
  perUpdate: Aetto,
  contracts: v.array(BudgetContract),
  /** ms since 1970 */
  expiresAt: v.number(),
  /** Co-signed, under way, and what may still be asked for. */
  spent: Aetto,
  reserved: Aetto,
  left: Aetto,
});
export type PageBudget = v.InferOutput<typeof PageBudget>;

export const pageMethods = {
  /** Asks the person to connect the site. Answers the wallet's address; 4001 where the person says no. */
  connect: {
    params: nothing,
    result: v.object({ address: Address, networkId: v.string() }),
  },
  disconnect: { params: nothing, result: v.object({}) },
  /** The channels with one peer (the shop's own account), or with all that the site has named; newest first. */
  'channel.list': { params: v.object({ peer: v.optional(Address) }), result: v.array(PageChannel) },
  'channel.get': { params: v.object({ id: LocalId }), result: PageChannel },
  'channel.balances': { params: v.object({ id: LocalId }), result: PageBalances },
  /**
   * Asks for a payment over the channel; the person approves it. Answers when the peer has co-signed. Repeating a
   * requestId returns the first outcome and never pays twice.
   */
  'channel.transfer': {
    params: v.object({ id: LocalId, amount: Aetto, note: v.optional(Note), requestId: RequestId }),
    result: v.object({ id: LocalId, sequenceNumber: v.string(), mine: Aetto, theirs: Aetto }),
  },
  /**
   * Proposes a channel to whoever made the invite. The person sees terms and fee. Answers when it is on its way; the
   * channel's events tell how it goes on. As with every changing call, repeating a requestId returns the first outcome.
   */
  'channel.open': {
    params: v.object({
      invite: v.pipe(Text, v.maxLength(4096)),
      terms: Terms,
      requestId: RequestId,
    }),
    result: v.object({ id: LocalId }),
  },
  /** Puts coins of the account into the channel; the person approves. `depositLocked` tells that they count. */
  'channel.deposit': {
    params: v.object({ id: LocalId, amount: Aetto, requestId: RequestId }),
    result: v.object({ id: LocalId }),
  },
  /** Takes coins out to the account; the person approves. `withdrawLocked` tells the end. */
  'channel.withdraw': {
    params: v.object({ id: LocalId, amount: Aetto, requestId: RequestId }),
    result: v.object({ id: LocalId }),
  },
  /** Makes a contract in the channel; the person approves, the other side consents. Idempotent as a transfer. */
  'channel.createContract': {
    params: v.object({
      id: LocalId,
      code: Bytes,
      callData: Bytes,
      deposit: Aetto,
      aci: v.optional(Aci),
      requestId: RequestId,
    }),
    result: PageContractOutcome,
  },
  /** Calls a contract of the channel; the person approves. Idempotent as a transfer. */
  'channel.callContract': {
    params: v.object({
      id: LocalId,
      contract: ContractId,
      callData: Bytes,
      amount: Aetto,
      gas: v.optional(Aetto),
      gasPrice: v.optional(Aetto),
      aci: v.optional(Aci),
      requestId: RequestId,
    }),
    result: PageContractOutcome,
  },
  /** Calls a contract on the latest state: nothing changes, nobody is asked. */
  'channel.callContractStatic': {
    params: v.object({
      id: LocalId,
      contract: ContractId,
      callData: Bytes,
      amount: v.optional(Aetto),
      gas: v.optional(Aetto),
    }),
    result: v.object(ofCall),
  },
  /**
   * Asks the person for a budget of this channel; it takes the place of one that there is. The person may lower it, so
   * the answer tells what was granted. From then on `channel.transfer`, and `channel.callContract` of these contracts,
   * are carried out within it without a question; whatever goes over a limit is asked as before. Answers 4001 where the
   * person says no. Repeating a requestId gives the budget that was granted for it, as it stands now.
   */
  'channel.requestBudget': {
    params: v.object({
      id: LocalId,
      amount: Aetto,
      perUpdate: Aetto,
      contracts: v.optional(v.pipe(v.array(BudgetContract), v.maxLength(16)), []),
      /** How long, from the person's yes on. */
      seconds: BudgetSeconds,
      requestId: RequestId,
    }),
    result: PageBudget,
  },
  /** The budget that this site has for the channel; null where it has none. */
  'channel.budget': { params: v.object({ id: LocalId }), result: v.nullable(PageBudget) },
  /** Closes by agreement; the person approves. A page can never close alone. */
  'channel.shutdown': {
    params: v.object({ id: LocalId, requestId: RequestId }),
    result: v.object({ id: LocalId }),
  },
  /** Sends a text to the other side, which gets it as a `message` event. Nobody keeps it. */
  'channel.sendMessage': {
    params: v.object({ id: LocalId, message: v.pipe(Text, v.maxLength(16_000)), requestId: RequestId }),
    result: v.object({ id: LocalId }),
  },
  /** Ends the connection; the channel stays open, and is not dialled until `channel.reconnect`. */
  'channel.leave': { params: v.object({ id: LocalId }), result: v.object({}) },
  'channel.reconnect': { params: v.object({ id: LocalId }), result: v.object({}) },
  /**
   * Events after this number, so that a page that reloads loses none: the newest 16 MiB of them. Where the first one is
   * not the next, `before` with its number asks for those between; an empty answer: they are gone.
   */
  'events.since': {
    params: v.object({
      after: v.pipe(v.number(), v.integer(), v.minValue(0)),
      before: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
    }),
    result: v.array(v.lazy(() => PageEvent)),
  },
} as const;
export type PageMethods = typeof pageMethods;
export type PageMethod = keyof PageMethods;

export const PageEvent = v.object({
  /** Increasing per origin. */
  number: v.number(),
  type: v.picklist([
    'connected',
    'disconnected',
    'proposed',
    'statusChanged',
    'stateChanged',
    'newContract',
    'onChainTx',
    'depositLocked',
    'withdrawLocked',
    'message',
    /**
     * A budget was `granted`, `changed`, `revoked`, is `expired`, or payments took from it or gave back (`spent`): that is
     * `reason`. The other details are PageBudget's amount, perUpdate, spent, reserved, left and expiresAt.
     */
    'budgetChanged',
    'error',
  ]),
  id: v.nullable(LocalId),
  channelId: v.nullable(v.string()),
  sequenceNumber: v.nullable(v.string()),
  detail: v.record(v.string(), v.string()),
});
export type PageEvent = v.InferOutput<typeof PageEvent>;

/** The runtime port between content script and worker. */
export const pagePort = 'tandem:page';

/** Page to worker, by way of the content script. */
export const PageRequest = v.object({
  id: v.pipe(v.string(), v.maxLength(128)),
  method: v.pipe(v.string(), v.maxLength(64)),
  params: v.optional(v.unknown()),
});
/** Worker to page. */
export const PageReply = v.variant('kind', [
  v.object({ kind: v.literal('result'), id: v.string(), result: v.unknown() }),
  v.object({
    kind: v.literal('error'),
    id: v.string(),
    error: v.object({ code: v.number(), message: v.string() }),
  }),
  v.object({ kind: v.literal('event'), event: PageEvent }),
]);
export type PageReply = v.InferOutput<typeof PageReply>;
