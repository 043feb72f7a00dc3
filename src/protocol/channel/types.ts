/**
 * The channel as data: its record, the events that may meet it, what it asks of its surroundings while it decides,
 * and the effects it wants. Nothing here does anything; `machine.ts` names which rule answers which event.
 */
import type { Trees } from '../state/trees.ts';
import type { Message } from '../wire/index.ts';

export type Role = 'initiator' | 'responder';

/** Aetto of each side. */
export type Balances = Record<Role, bigint>;

/** What the two agree on before funding (seed: channel_open). Amounts in aetto, whole multiples of 10^9. */
export interface Terms {
  /** What each side commits by `channel_create`. */
  initiatorAmount: bigint;
  responderAmount: bigint;
  /** What the initiator gives the responder at once, out of initiatorAmount. */
  pushAmount: bigint;
  /** What both sides always keep. */
  channelReserve: bigint;
  /** Blocks in which a close by one side can be disputed. */
  lockPeriod: number;
}

/** A state that both have signed. */
export interface CoSigned {
  /** sequence_number; the chain's round is one higher (PROTOCOL 1). */
  number: bigint;
  balances: Balances;
  /** All state trees, where the channel has contracts; else the balances are all there is. */
  trees?: Trees;
  stateHash: Uint8Array;
  signatures: Record<Role, Uint8Array>;
  /**
   * Which object the signatures are on: the on-chain transaction that made the state, or a channel_offchain_tx. `chain`:
   * restored, and known only to be the state that the chain holds.
   */
  source: 'funding' | 'update' | 'move' | 'chain';
  /** Hash of the unsigned deposit or withdrawal, where that made the state. */
  digest?: Uint8Array;
}

/** Names who asked for an update, so that repeating the request returns its first outcome. */
export interface RequestRef {
  /** Who may repeat it: `popup`, or a site's origin. */
  scope: string;
  id: string;
}

/** A wish to move coins, waiting to be put in a batch. */
export interface Request extends RequestRef {
  /** In aetto, above zero; with a contract: what goes from this side to it, zero too. */
  amount: bigint;
  /** `pay`: from this side to the peer, or to the contract; `ask`: from the peer to this side. */
  direction: 'pay' | 'ask';
  note: string | null;
  contract?: ContractWish;
}

/** A request that calls a contract. */
export type CallRequest = Request & { contract: Extract<ContractWish, { type: 'call' }> };

/** A contract to make or to call. `callData` is FATE's: function id and arguments. */
export type ContractWish =
  | {
      type: 'create';
      /** VM version in the upper, ABI version in the lower 16 bits */
      ctVersion: bigint;
      /** contract code as the compiler makes it (tag 70) */
      code: Uint8Array;
      callData: Uint8Array;
    }
  | {
      type: 'call';
      /** public key, 32 bytes */
      contract: Uint8Array;
      abiVersion: bigint;
      /** limit; what is used costs nothing unless the call is forced on the chain */
      gas: bigint;
      /** aetto for a unit of gas, if it is forced; at least 10^9 */
      gasPrice: bigint;
      callData: Uint8Array;
    };

/** What a contract call came to. A failed one is co-signed too: its coins went back, its call object stays. */
export interface ContractOutcome {
  /** public key of the contract that was made or called */
  contract: Uint8Array;
  returnType: 'ok' | 'error' | 'revert';
  /** FATE value; the text of an error */
  returnValue: Uint8Array;
  gasUsed: bigint;
  /** events: at most 4 topics of 32 bytes each, data */
  log: { address: Uint8Array; topics: Uint8Array[]; data: Uint8Array }[];
}

/** A key block: where contracts are executed, so that both sides see the same chain. */
export interface KeyBlock {
  hash: Uint8Array;
  height: number;
  /** ms since 1970 */
  time: number;
  /** public key */
  beneficiary: Uint8Array;
  difficulty: bigint;
}

/** A key block of the main chain, and the height of the newest one. */
export interface FoundBlock {
  block: KeyBlock;
  top: number;
}

/**
 * What becomes of a contract that the peer makes: the person decides, none is taken, any is, or those whose code's hash
 * (64 hexadecimal digits) is named. Calls of contracts that are there need no word: each could be forced on the chain.
 */
export type ContractPolicy = 'ask' | 'none' | 'any' | readonly string[];

/** An own update that the peer has not answered yet (kept until a later state is co-signed). */
export interface Proposal {
  number: bigint;
  balances: Balances;
  trees?: Trees;
  stateHash: Uint8Array;
  entries: Uint8Array[];
  signature: Uint8Array;
  requests: Request[];
}

/** An own call of a contract that the peer did not co-sign: the chain can run it instead. */
export interface UnsignedCall {
  request: CallRequest;
  /** As in the request's outcome: `offline`, `declined`, `timeout`, ... */
  code: string;
}

/** An own `update_error` that waits for the peer's `update_ack` (PROTOCOL 4): the prior state under a new number. */
export interface Refusal {
  number: bigint;
  /** The refused update's number. */
  of: bigint;
  /** Of the state that it signs once more; absent in records from before this was kept: the latest one. */
  stateHash?: Uint8Array;
  signature: Uint8Array;
  reason: number;
  text: string;
}

/** A valid update of the peer's that needs the person's word: it lowers the own balance, or makes a contract. */
export interface Incoming {
  number: bigint;
  balances: Balances;
  trees?: Trees;
  stateHash: Uint8Array;
  entries: Uint8Array[];
  signature: Uint8Array;
}

/** An on-chain transaction both sign. `hash` is the draft's transaction_data: Hash(serialized unsigned transaction). */
export interface Joint {
  tx: Uint8Array;
  hash: Uint8Array;
  nonce: bigint;
  fee: bigint;
  signatures: Partial<Record<Role, Uint8Array>>;
  /** Blocks on top in the own view; -1 in the mempool; null unknown to the node. */
  confirmations: number | null;
}

export interface Closing extends Joint {
  /** Who built it: the nonce is that side's account's. */
  by: Role;
  balances: Balances;
}

export const phases = [
  'opening',
  'considering',
  'reviewing',
  'accepted',
  'pushing',
  'half_signed',
  'cancelling',
  'confirming',
  'locking',
  'open',
  'shutting_down',
  'closing',
  'closing_confirming',
  'closing_solo',
  'closed',
  'aborted',
  'failed',
] as const;
/**
 * - opening: initiator sent channel_open
 * - considering: responder's person looks at the terms
 * - reviewing: initiator's person looks at a counter-offer
 * - accepted: responder sent channel_accept
 * - pushing: initiator sent update 0 (the push)
 * - half_signed: initiator sent funding_created; the peer may complete it at any time
 * - cancelling: given up after funding_created; its nonce is being spent otherwise (PROTOCOL 1)
 * - confirming: channel_create is co-signed and watched
 * - locking: own funding_locked sent
 * - open
 * - shutting_down: a shutdown was sent or received; pending operations resolve
 * - closing: closing_created sent (builder), the peer may complete it at any time
 * - closing_confirming: channel_close_mutual is co-signed and watched
 * - closing_solo: one side closes alone on chain; disputed until its lock ends, then settled
 * - closed, aborted (nothing was committed), failed (`error`: no update any more; the chain still decides)
 */
export type Phase = (typeof phases)[number];

/**
 * A deposit or withdrawal under way (PROTOCOL 5): a state and a transaction in one. Until both have locked it no update
 * is proposed, and the state before it stays the latest.
 */
export interface Move extends Joint {
  kind: 'deposit' | 'withdrawal';
  /** Whose coins move, who proposes and who pays the fee. */
  by: Role;
  /** Aetto. */
  amount: bigint;
  number: bigint;
  balances: Balances;
  trees?: Trees;
  stateHash: Uint8Array;
  locked: { mine: boolean; theirs: boolean };
  /** Height at which its nonce was first seen spent otherwise, though both had signed. */
  voidAt?: number;
  /**
   * Given up while half signed: its nonce is spent otherwise before anything else is signed here (PROTOCOL 1). Then
   * either the peer's refusal is acknowledged, or the own refusal of the peer's proposal of this number is sent.
   */
  cancel: {
    refusal: { number: bigint; signature: Uint8Array } | null;
    of: bigint | null;
    reason: string;
  } | null;
}

/** The channel's object on chain, as the own node showed it last. */
export interface OnChain {
  round: bigint;
  /** The first round since the last co-signed state that one side forced; 0 or absent where there is none. */
  soloRound?: bigint;
  stateHash: Uint8Array;
  /** Height from which a settle is possible; 0 while nobody closes alone. */
  lockedUntil: number;
  /** What a settle pays out. */
  balances: Balances;
  /** All coins of the channel: what every state's balances add up to. */
  total: bigint;
}

/** A transaction that one side posts alone: nobody else's signature or presence is needed. */
export interface Solo {
  kind: 'close_solo' | 'slash' | 'settle' | 'snapshot' | 'force_progress';
  signedTx: Uint8Array;
  nonce: bigint;
  fee: bigint;
  /** The round it stands on (close, slash, snapshot), settles or makes (force_progress). */
  round: bigint;
  confirmations: number | null;
  /** Looks in a row at which the node did not know it. */
  missing: number;
}

/** A nonce of the own account that a transaction of this channel was signed for, until the chain has spent it. */
export interface Held {
  nonce: bigint;
  /** The highest fee that was signed for it; aetto. */
  fee: bigint;
}

/** What does not survive a restart of the worker. */
export interface Live {
  /** down: no connection; greeting: channel_reestablish sent, the peer's not handled; up: messages flow. */
  link: 'down' | 'greeting' | 'up';
  /** Pings without a pong since the peer was last heard. */
  unansweredPings: number;
  /** After a conflict the responder lets the initiator propose first (PROTOCOL 4). */
  yielding: boolean;
  queue: Request[];
  incoming: Incoming | null;
}

export interface Channel {
  /** Schema of this record. */
  version: 1;
  temporaryId: Uint8Array;
  role: Role;
  keys: Record<Role, Uint8Array>;
  networkId: string;
  chainHash: Uint8Array;
  phase: Phase;
  terms: Terms;
  /** The own proposal, where the peer's channel_accept countered it. */
  asked: Terms | null;
  /** Blocks after which the funding counts as final, set by the responder (seed: channel_accept). */
  minimumDepth: number;
  /** Accounts that may slash for a side (PROTOCOL 3, Delegates). */
  delegates: Record<Role, Uint8Array[]>;
  /** The initiator's choice for the funding: it pays a gas price of 10^9 x 2^feeStep (PROTOCOL 1); absent: 0. */
  feeStep?: number;
  funding: Joint | null;
  /** The final channel_id; null until the create nonce is known. */
  channelId: Uint8Array | null;
  latest: CoSigned | null;
  /** The highest sequence_number seen or signed; -1 before the first. None up to it is ever signed anew. */
  used: bigint;
  proposal: Proposal | null;
  move: Move | null;
  /** The latest deposit or withdrawal that both locked, and the state before it: a reorganisation may undo it all the same. */
  lastMove: {
    move: Move;
    before: CoSigned;
    /** Height at which its nonce was first seen spent otherwise, and whether that is final. */
    voidAt?: number;
    final?: boolean;
  } | null;
  /** Those that both locked before it, oldest first: a deep reorganisation may undo several. */
  earlierMoves?: { move: Move; before: CoSigned }[];
  refusal: Refusal | null;
  locked: { mine: boolean; theirs: boolean };
  /** wanted: the person asked while an own update was unanswered; then sent as soon as it is. */
  shutdown: { wanted: boolean; sent: boolean; received: boolean };
  closing: Closing | null;
  /** Null before the funding was seen, and after the channel left the chain. */
  onChain: OnChain | null;
  /** Height at which the funded channel was first seen to have left the chain. */
  goneAt: number | null;
  /** The own latest solo transaction. */
  solo: Solo | null;
  /** Own nonces that are given out and not seen spent, whatever became of their transactions (PROTOCOL 1). */
  held: Held[];
  /** The latest forced round that this channel went on from. */
  forced?: { round: bigint; stateHash: Uint8Array };
  /** The latest state that both signed, while `latest` is one that only the chain made or showed. */
  beforeChain?: CoSigned | null;
  /** The number of an own refusal that signs that state once more: the peer may still show it to the chain. */
  outstanding?: bigint | null;
  /** The own latest call that was not co-signed, until a contract runs again or the person forgets it. */
  unsignedCall?: UnsignedCall | null;
  /** Restored from the peer: may be closed mutually, never alone with an older state (PROTOCOL 6). */
  recovered: boolean;
  /** Restored, and transactions that it does not know may still be completed by the peer (doubt.ts). */
  doubt?: boolean;
  /** Numbers above the first and up to the second were left out after a loss: this record has signed none of them. */
  skipped?: { above: bigint; upTo: bigint };
  /** Why it stopped, a sentence for a person. */
  reason: string | null;
  openedAt: number;
  updatedAt: number;
  live: Live;
}

// ---- events

export type Event =
  | { type: 'message'; message: Message }
  | { type: 'connected' }
  | { type: 'disconnected' }
  | { type: 'timer'; name: TimerName }
  /** The watched transaction's place in the own node's view: confirmations as in Joint. */
  | { type: 'chain'; what: 'funding' | 'cancel' | 'move' | 'closing' | 'solo'; confirmations: number | null }
  /**
   * The channel's object in the own node's view, at this height. Without an object, `funded` says whether the funding is
   * in the chain: then the channel was closed there.
   */
  | { type: 'on_chain'; object: OnChain | null; height: number; funded: boolean }
  /** The person's word on an incoming channel. */
  | { type: 'accept'; minimumDepth: number }
  | { type: 'decline' }
  /** The person's word on a counter-offer. */
  | { type: 'approve_counter' }
  /** Give up an opening. */
  | { type: 'abort'; reason: string }
  | { type: 'request'; request: Request }
  /** The person's word on the peer's update of that number. */
  | { type: 'decide_update'; number: bigint; accept: boolean }
  | { type: 'shutdown' }
  /** Put coins of the own account in, or take own coins out to it: aetto, whole units. `feeStep`: as Channel's. */
  | { type: 'deposit'; amount: bigint; feeStep?: number }
  | { type: 'withdraw'; amount: bigint; feeStep?: number }
  /** Close alone, with the latest co-signed state. */
  | { type: 'close_solo'; feeStep?: number }
  /** Replace the own waiting transaction by the same with this fee: aetto. */
  | { type: 'raise_fee'; fee: bigint }
  /** Record the latest co-signed state on the chain; the channel stays open. */
  | { type: 'snapshot' }
  /** Make the next round alone, by a call that the chain runs. Amount in aetto; gas is paid at `gasPrice` aetto a unit. */
  | {
      type: 'force_progress';
      contract: Uint8Array;
      callData: Uint8Array;
      amount: bigint;
      gas: bigint;
      gasPrice: bigint;
    }
  /** The person no longer wants the call that was not co-signed. */
  | { type: 'forget_call' }
  /** A forced round of this channel, found in the chain: its unsigned transaction, and the block it is in. */
  | { type: 'forced'; tx: Uint8Array; block: KeyBlock }
  /** The record was restored; `over`: what was half signed before can take effect no more. */
  | { type: 'doubt'; over: boolean }
  | { type: 'leave' }
  | { type: 'send_inband'; data: Uint8Array };

export type EventOf<T extends Event['type']> = Extract<Event, { type: T }>;

export const timerNames = ['silence', 'accept', 'answer', 'person', 'yield'] as const;
export type TimerName = (typeof timerNames)[number];

// ---- what a rule asks of its surroundings before it decides

export type Ask =
  | { ask: 'sign'; bytes: Uint8Array }
  | { ask: 'verify'; key: Uint8Array; bytes: Uint8Array; signature: Uint8Array }
  /** The account as the own node sees it; null where it cannot be asked. */
  | { ask: 'account'; key: Uint8Array }
  /** A nonce of the own account, reserved wallet-wide; null where the node cannot be asked. */
  | { ask: 'reserve_nonce' }
  /** The channel's object now; null where it is not there, or the node cannot be asked. */
  | { ask: 'on_chain'; channelId: Uint8Array }
  /** A key block by hash or height, or the newest; null where the main chain has none such, or the node cannot be asked. */
  | { ask: 'key_block'; at: Uint8Array | number | null }
  /** Aetto of an account as it was at a key block, 0 for one that was not there; null where the node cannot be asked. */
  | { ask: 'balance_at'; key: Uint8Array; block: Uint8Array };

export type Answer =
  | Uint8Array
  | boolean
  | OnChain
  | { balance: bigint; nonce: bigint }
  | FoundBlock
  | bigint
  | null;

// ---- effects, in the order in which they must happen

export interface HistoryEntry {
  kind:
    | 'opened'
    | 'paid'
    | 'received'
    | 'contract'
    | 'refused'
    | 'closed'
    | 'failed'
    | 'aborted'
    | 'chain'
    | 'message';
  /** With a contract: what went to it. */
  amount: bigint | null;
  note: string | null;
  balances: Balances | null;
  number: bigint | null;
  txHash: Uint8Array | null;
  scope: string | null;
  /** Of kind `contract`. */
  contract?: ContractNote;
}

export interface ContractNote {
  type: 'create' | 'call';
  by: Role;
  /** public key */
  contract: Uint8Array;
  returnType: ContractOutcome['returnType'];
}

export interface Outcome extends RequestRef {
  ok: boolean;
  number: bigint | null;
  balances: Balances | null;
  /** `declined`, `insufficient_funds`, ... and a sentence; empty where ok. */
  code: string;
  message: string;
  /** Of a request for a contract, once it is co-signed. */
  contract?: ContractOutcome;
}

export type Effect =
  /**
   * The record and these are durable before anything behind it happens. `deferrable`: the outcomes may be told at once,
   * and this be written with what comes next, since a death in between loses nothing (update.ts `mayDefer`). It is
   * written before anything is sent or broadcast all the same.
   */
  | { type: 'persist'; history: HistoryEntry[]; outcomes: Outcome[]; deferrable?: true }
  | { type: 'send'; message: Message }
  /** Answers requests without a durable outcome: nothing was signed for them, they may be tried again. */
  | { type: 'answer'; outcome: Outcome }
  | { type: 'broadcast'; what: 'funding' | 'move' | 'closing' | 'solo'; signedTx: Uint8Array }
  | { type: 'release_nonce'; nonce: bigint }
  /** Spend this nonce of the own account on nothing, so that a half-signed transaction can never take effect. */
  | { type: 'cancel_nonce'; nonce: bigint }
  /**
   * The peer showed a state that the own key signed and this record did not have. Unless it was restored, another
   * installation of the same key is at work.
   */
  | { type: 'behind' }
  | { type: 'disconnect'; reason: string }
  /** An inband message for the application. */
  | { type: 'inband'; data: Uint8Array };

export interface Transition {
  channel: Channel;
  effects: Effect[];
  /** Why a person's wish was not met: a sentence. Nothing changed then. */
  refused?: string;
}

/** A rule: asks, then decides. Pure: the same answers give the same transition. */
export type Rule<T = Transition> = Generator<Ask, T, Answer>;

/** What the outside sets. */
export interface Settings {
  /** What a responder accepts at all (seed: channel_open, MAY abort). Amounts in aetto. */
  policy: AcceptancePolicy;
  /** Timeouts in ms (PROTOCOL 9). */
  timeouts: { silence: number; accept: number; answer: number; person: number; yield: number };
  /** The own watchtower's accounts, named at opening. */
  delegates: Uint8Array[];
  /** Which contracts the peer may make. */
  contracts: ContractPolicy;
  /** Bytes to which contracts may make the state of a channel grow: one that is too large cannot be forced. */
  contractStateLimit: number;
}

export interface AcceptancePolicy {
  minLockPeriod: number;
  maxLockPeriod: number;
  minPushAmount: bigint;
  minChannelReserve: bigint;
  maxChannelReserve: bigint;
  minInitiatorAmount: bigint;
  maxResponderAmount: bigint;
  /** An initiator refuses a responder's minimum_depth above this. */
  maxMinimumDepth: number;
}

export interface Env {
  /** Milliseconds since 1970. */
  now: number;
  settings: Settings;
}
