/**
 * Shapes that cross a context border (popup, content script, worker). Messaging is JSON, so amounts travel as
 * decimal strings of aetto and bytes as the chain's own text forms (`ak_`, `ch_`, `th_`).
 */
import * as v from 'valibot';
import { phases } from '../protocol/channel/types.ts';
import { txLabels, txNames } from './tx-names.ts';

/** An amount in aetto (1 AE = 10^18 aetto), a decimal string of at most 39 digits. */
export const Aetto = v.pipe(
  v.string(),
  v.regex(/^(0|[1-9][0-9]{0,38})$/, 'an amount is a whole number of aetto'),
);
/** An account: `ak_` and base58check. The worker decodes it and answers clearly where the check fails. */
export const Address = v.pipe(
  v.string(),
  v.regex(/^ak_[1-9A-HJ-NP-Za-km-z]{38,60}$/, 'an address starts with ak_'),
);
/** A channel's local id: its temporary_channel_id in hex, the same before and after funding. */
export const LocalId = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, 'a channel id is 64 hex digits'));
/** Half a surrogate pair has no bytes of its own in UTF-8: texts that differ in it are one to whatever hashes them. */
export const Text = v.pipe(v.string(), v.regex(/^\P{Surrogate}*$/u, 'a text is well-formed Unicode'));
/** An id chosen by the caller: repeating a call with the same one returns the first outcome. */
export const RequestId = v.pipe(Text, v.minLength(1), v.maxLength(128));
/** Free text a person wrote, shown to the other side. */
export const Note = v.pipe(Text, v.maxLength(500, 'a note has at most 500 characters'));
export const Password = v.pipe(v.string(), v.maxLength(1024));
export const Mnemonic = v.pipe(v.string(), v.maxLength(1024));

/** Where a channel stands, in the words of docs/state-machine.md. */
export const Phase = v.picklist(phases);

export const Terms = v.object({
  /** What each side commits, and what the initiator gives the responder at once: all in aetto. */
  initiatorAmount: Aetto,
  responderAmount: Aetto,
  pushAmount: Aetto,
  /** What both sides always keep in the channel. */
  channelReserve: Aetto,
  /** Blocks that a close by one side alone can be disputed. */
  lockPeriod: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65535)),
});

export const Progress = v.object({
  /**
   * What is waited for: the funding, a deposit or withdrawal, an agreed close, the end of the time in which a close can
   * be disputed, a call that the chain runs (force), or balances that it records.
   */
  what: v.picklist(['funding', 'deposit', 'withdrawal', 'close', 'dispute', 'force', 'record']),
  txHash: v.string(),
  /** Blocks on top so far, and how many make it final (dispute: blocks passed of the lock). -1: not yet in a block. */
  confirmations: v.number(),
  required: v.number(),
});

export const ChannelView = v.object({
  id: LocalId,
  /** `ch_...` once the funding transaction is known. */
  channelId: v.nullable(v.string()),
  role: v.picklist(['initiator', 'responder']),
  /** By the name that the person gave it (`known`), else by the one that it gave itself. */
  peer: v.object({ address: v.string(), name: v.nullable(v.string()), known: v.optional(v.boolean()) }),
  phase: Phase,
  connection: v.picklist(['online', 'connecting', 'offline']),
  terms: Terms,
  /** Balances of the latest co-signed state, and what of mine can be paid now (less the reserve). */
  mine: Aetto,
  theirs: Aetto,
  spendable: Aetto,
  sequenceNumber: v.string(),
  /** An unfinished operation, in plain terms. */
  pending: v.nullable(
    v.object({
      kind: v.picklist([
        'paying',
        'being_paid',
        'asked',
        'contract',
        'contract_asked',
        'refusing',
        'deposit',
        'withdrawal',
        'closing',
      ]),
      amount: Aetto,
      note: v.nullable(v.string()),
    }),
  ),
  /** What own payments still wait for their turn, behind what is under way; absent where none do. */
  queued: v.optional(Aetto),
  progress: v.nullable(Progress),
  /** Contracts of the latest state, and all coins that they hold or have paid to others than the two. */
  contracts: v.object({
    held: Aetto,
    list: v.array(
      v.object({
        contract: v.string(),
        /** Who made it; `contract`: another contract. */
        by: v.picklist(['me', 'peer', 'contract']),
        balance: Aetto,
        /** BLAKE2b-256 of its code, hex; null for a clone. */
        codeHash: v.nullable(v.string()),
      }),
    ),
  }),
  /** What each side gets by a mutual close now, and its fee. */
  closeQuote: v.nullable(v.object({ mine: Aetto, theirs: Aetto, fee: Aetto })),
  /** Why the channel stopped, a sentence for a person. */
  reason: v.nullable(v.string()),
  /**
   * The watchtower; null where there is none. `guards`: the sequence number that it acknowledged; null where there was
   * nothing to guard yet. Not named: the chain would not take its word in this channel. `problem`: a sentence.
   */
  watchtower: v.nullable(
    v.object({ named: v.boolean(), guards: v.nullable(v.string()), problem: v.nullable(v.string()) }),
  ),
  /** The other side had a later state, signed by this account, that this wallet did not have. */
  recovered: v.boolean(),
  /** It comes from a backup and the other side has not shown its state yet: it is not closed alone until then. */
  maybeStale: v.boolean(),
  /**
   * It was restored, and nothing is signed with the other side before older transactions are void: account numbers that
   * are still to be used up, what that costs, and whether the account holds too little. Absent otherwise.
   */
  settling: v.optional(v.object({ left: v.number(), cost: Aetto, short: v.boolean() })),
  /** From then on (ms since 1970) it can be closed alone although it may be old; null where it is not in doubt. */
  overrideFrom: v.nullable(v.number()),
  /** What the own transaction that waits for a block would cost with a raised fee; null where none waits. */
  raisedFee: v.nullable(Aetto),
  /** Fee of recording the balances on the chain; absent where the chain has them. */
  snapshotFee: v.optional(Aetto),
  /** The own call that the other side has not co-signed, and what the chain takes to run it; absent where none waits. */
  force: v.optional(
    v.object({
      /** waiting: it may still answer; late: the channel takes no update any more. */
      why: v.picklist(['waiting', 'offline', 'refused', 'late']),
      /** To the contract. */
      amount: Aetto,
      fee: Aetto,
      /** At most; what the call does not use stays in the account. */
      gas: Aetto,
      /** After so many blocks both go on from the result. */
      blocks: v.number(),
    }),
  ),
  openedAt: v.number(),
  updatedAt: v.number(),
});
export type ChannelView = v.InferOutput<typeof ChannelView>;

/** One entry of a batch as a person reads it. */
export const DecodedEntry = v.variant('type', [
  v.object({ type: v.literal('transfer'), from: v.string(), to: v.string(), amount: Aetto }),
  v.object({ type: v.literal('note'), text: v.string() }),
  v.object({ type: v.literal('other'), description: v.string() }),
]);

/** One line of a transaction; `label` names a text, amounts are in aetto. */
export const TxFact = v.object({
  label: v.picklist(txLabels),
  kind: v.picklist(['account', 'amount', 'number', 'text']),
  value: v.string(),
});

/** A limit of a site's budget that a request goes over. */
export const BudgetLimit = v.picklist(['per_update', 'total', 'contract', 'function']);

/** Contracts (ct_) that a budget covers; of which functions, null: any. */
const BudgetContracts = v.array(
  v.object({ contract: v.string(), functions: v.nullable(v.array(v.string())) }),
);

/** What a site may pay without a question on one channel. */
export const BudgetView = v.object({
  channel: LocalId,
  peer: v.string(),
  amount: Aetto,
  perUpdate: Aetto,
  contracts: BudgetContracts,
  /** ms since 1970 */
  expiresAt: v.number(),
  spent: Aetto,
  /** Payments under way. */
  reserved: Aetto,
  left: Aetto,
});
export type BudgetView = v.InferOutput<typeof BudgetView>;

/** Something that needs the person. It survives a restart of the worker; closing the window means no. */
export const ApprovalView = v.variant('kind', [
  v.object({
    kind: v.literal('connect'),
    id: v.string(),
    origin: v.string(),
    createdAt: v.number(),
  }),
  v.object({
    kind: v.literal('site_payment'),
    id: v.string(),
    origin: v.string(),
    createdAt: v.number(),
    channel: LocalId,
    peer: v.string(),
    entries: v.array(DecodedEntry),
    amount: Aetto,
    note: v.nullable(v.string()),
    /** Why the site's budget does not cover it; null where it has none. */
    limit: v.nullable(BudgetLimit),
    before: v.object({ mine: Aetto, theirs: Aetto }),
    after: v.object({ mine: Aetto, theirs: Aetto }),
    /** Names what was shown: a decision on anything else is refused. */
    digest: v.string(),
  }),
  v.object({
    /** A page wants to pay without a question, within limits. */
    kind: v.literal('site_budget'),
    id: v.string(),
    origin: v.string(),
    createdAt: v.number(),
    channel: LocalId,
    peer: v.string(),
    /** In total, and for each payment. */
    amount: Aetto,
    perUpdate: Aetto,
    contracts: BudgetContracts,
    /** From the person's yes on. */
    seconds: v.number(),
    /** What the channel can pay now. */
    spendable: Aetto,
    /** The one that it takes the place of. */
    replaces: v.nullable(v.object({ amount: Aetto, left: Aetto, expiresAt: v.number() })),
    digest: v.string(),
  }),
  v.object({
    /** A page's transaction on chain, by aepp-sdk's RPC. */
    kind: v.literal('site_transaction'),
    id: v.string(),
    origin: v.string(),
    createdAt: v.number(),
    networkId: v.string(),
    type: v.picklist(txNames),
    facts: v.array(TxFact),
    /** To the miners, and all that can leave the account, at most. */
    cost: Aetto,
    most: Aetto,
    /** The wallet posts it; otherwise the page may, at any time. */
    broadcast: v.boolean(),
    /** Somebody else's transaction carries it and pays its fee. */
    inner: v.boolean(),
    digest: v.string(),
  }),
  v.object({
    /** A page wants to open, fund, drain or close a channel. */
    kind: v.literal('site_channel'),
    id: v.string(),
    origin: v.string(),
    createdAt: v.number(),
    operation: v.picklist(['open', 'deposit', 'withdraw', 'shutdown']),
    peer: v.string(),
    /** The channel there is; null for a new one. */
    target: v.nullable(LocalId),
    terms: v.nullable(Terms),
    /** What is moved between account and channel. */
    sum: v.nullable(Aetto),
    /** Known beforehand for opening and closing. */
    fee: v.nullable(Aetto),
    /** What each side gets by closing. */
    gets: v.nullable(v.object({ mine: Aetto, theirs: Aetto })),
    digest: v.string(),
  }),
  v.object({
    /** A page wants to make or call a contract of a channel. What it would come to: popup method `approval.contract`. */
    kind: v.literal('site_contract'),
    id: v.string(),
    origin: v.string(),
    createdAt: v.number(),
    channel: LocalId,
    peer: v.string(),
    operation: v.picklist(['create', 'call']),
    /** The one that is called. */
    contract: v.nullable(v.string()),
    /** BLAKE2b-256 of the code, hex, and its size in bytes. */
    codeHash: v.string(),
    codeSize: v.number(),
    /** To the contract. */
    amount: Aetto,
    /** Of a call: the limit, and what a unit of it costs if the call is forced on the chain. */
    gas: v.nullable(v.object({ limit: v.string(), price: Aetto })),
    sequenceNumber: v.string(),
    /** Why the site's budget does not cover it; null where it has none. */
    limit: v.nullable(BudgetLimit),
    before: v.object({ mine: Aetto, theirs: Aetto }),
    held: Aetto,
    digest: v.string(),
  }),
  v.object({
    kind: v.literal('site_message'),
    id: v.string(),
    origin: v.string(),
    createdAt: v.number(),
    message: v.string(),
    digest: v.string(),
  }),
  v.object({
    kind: v.literal('incoming_channel'),
    id: v.string(),
    createdAt: v.number(),
    channel: LocalId,
    peer: v.string(),
    terms: Terms,
    /** Whether the initiator's account holds what it offers to commit (seed: channel_open, SHOULD). */
    initiatorFunded: v.boolean(),
    digest: v.string(),
  }),
  v.object({
    kind: v.literal('counter_offer'),
    id: v.string(),
    createdAt: v.number(),
    channel: LocalId,
    peer: v.string(),
    terms: Terms,
    asked: Terms,
    digest: v.string(),
  }),
  v.object({
    /** The peer wants to make a contract in the channel. */
    kind: v.literal('contract_create'),
    id: v.string(),
    createdAt: v.number(),
    channel: LocalId,
    peer: v.string(),
    codeHash: v.string(),
    codeSize: v.number(),
    /** Of `init`, with what it is set up: `cb_`. No page says what that means. */
    callData: v.string(),
    /** What the peer gives it. */
    deposit: Aetto,
    before: v.object({ mine: Aetto, theirs: Aetto }),
    after: v.object({ mine: Aetto, theirs: Aetto }),
    /** What contracts hold after it. */
    held: Aetto,
    digest: v.string(),
  }),
  v.object({
    /** The peer proposes an update that lowers the person's own balance. */
    kind: v.literal('incoming_update'),
    id: v.string(),
    createdAt: v.number(),
    channel: LocalId,
    peer: v.string(),
    entries: v.array(DecodedEntry),
    amount: Aetto,
    before: v.object({ mine: Aetto, theirs: Aetto }),
    after: v.object({ mine: Aetto, theirs: Aetto }),
    digest: v.string(),
  }),
]);
export type ApprovalView = v.InferOutput<typeof ApprovalView>;

/** What a contract request is, in full, and what it would come to now. */
export const ContractPreview = v.object({
  /** `cb_` */
  callData: v.string(),
  /** The called function as the contract's code has it; null where that cannot be told. `id` is hex. */
  fn: v.nullable(v.object({ id: v.string(), name: v.nullable(v.string()), callable: v.boolean() })),
  /** What the site says of the contract, JSON. */
  aci: v.nullable(v.string()),
  /** Executed on the latest state; `reason` is why it failed. */
  result: v.nullable(
    v.object({
      returnType: v.picklist(['ok', 'revert', 'error']),
      returnValue: v.string(),
      reason: v.nullable(v.string()),
      gasUsed: v.string(),
      mine: Aetto,
      theirs: Aetto,
      held: Aetto,
    }),
  ),
  /** Why it cannot be executed now, a sentence. */
  problem: v.nullable(v.string()),
});
export type ContractPreview = v.InferOutput<typeof ContractPreview>;

export const HistoryItem = v.object({
  /** Increasing per channel. */
  index: v.number(),
  at: v.number(),
  kind: v.picklist([
    'opened',
    'paid',
    'received',
    'contract',
    'refused',
    'closed',
    'failed',
    'aborted',
    'chain',
    'message',
  ]),
  amount: v.nullable(Aetto),
  note: v.nullable(v.string()),
  /** Balances after it. */
  mine: v.nullable(Aetto),
  theirs: v.nullable(Aetto),
  sequenceNumber: v.nullable(v.string()),
  txHash: v.nullable(v.string()),
  origin: v.nullable(v.string()),
  /** Of kind `contract`. */
  contract: v.nullable(
    v.object({
      type: v.picklist(['create', 'call']),
      by: v.picklist(['me', 'peer']),
      contract: v.string(),
      returnType: v.picklist(['ok', 'revert', 'error']),
    }),
  ),
});
export type HistoryItem = v.InferOutput<typeof HistoryItem>;

export const largestContactName = 60;
export const largestContactNote = 300;
export const mostContacts = 300;

/** Somebody in the address book. */
export const Contact = v.object({
  /** `ak_` */
  address: v.string(),
  /** The person's own for it. */
  name: v.string(),
  note: v.nullable(v.string()),
  /** The link that a channel with it is opened by, and the network that this link is for. */
  invite: v.nullable(v.string()),
  networkId: v.nullable(v.string()),
});
export type Contact = v.InferOutput<typeof Contact>;

export const NetworkView = v.object({
  networkId: v.string(),
  name: v.string(),
  nodeUrl: v.string(),
  relay: v.nullable(v.string()),
  /** True where the network gives away test coins. */
  faucet: v.boolean(),
  state: v.picklist(['starting', 'ok', 'unreachable', 'wrong_network']),
  message: v.nullable(v.string()),
  height: v.nullable(v.number()),
  /** How the node is behind its chain, so that a dispute may be seen too late; null where it is not. */
  lag: v.nullable(
    v.variant('kind', [
      v.object({ kind: v.literal('syncing') }),
      v.object({ kind: v.literal('behind'), blocks: v.number() }),
      v.object({ kind: v.literal('old'), minutes: v.number() }),
    ]),
  ),
});
export type NetworkView = v.InferOutput<typeof NetworkView>;

/** What a locked wallet sees on the chain. It shows to anyone at the screen, so it has neither names nor amounts. */
export const LockedView = v.object({
  /** Whether the chain was looked at since the lock fell. */
  looked: v.boolean(),
  /** Channels that one side closes alone; those with an old state, which has to be answered, first. */
  closing: v.array(
    v.object({
      old: v.boolean(),
      blocksLeft: v.number(),
      /** Height from which it can be answered no more. */
      until: v.number(),
    }),
  ),
});
export type LockedView = v.InferOutput<typeof LockedView>;

export const WalletView = v.object({
  /** Changes whenever the worker starts anew. */
  bootId: v.string(),
  /** Rises with every change, so that a late answer never overwrites a newer view. */
  version: v.number(),
  vault: v.picklist(['empty', 'locked', 'unlocked']),
  /** Null unless it is locked. */
  locked: v.nullable(LockedView),
  account: v.nullable(
    v.object({
      address: v.string(),
      /** On-chain balance; null while unknown. */
      balance: v.nullable(Aetto),
      /** Whether what is on chain pays for one dispute per channel (PROTOCOL 7). */
      coversDisputes: v.boolean(),
      /** Payments on chain that no block has yet; `raised` is what a higher fee would be. */
      sending: v.array(
        v.object({ requestId: RequestId, to: v.string(), amount: Aetto, fee: Aetto, raised: Aetto }),
      ),
    }),
  ),
  /** Another installation of this wallet is active, and this one stands still since (ms since 1970). */
  rival: v.nullable(v.object({ since: v.number() })),
  network: NetworkView,
  channels: v.array(ChannelView),
  approvals: v.array(ApprovalView),
  sites: v.array(
    v.object({
      origin: v.string(),
      /** Null where it is not connected, only blocked. */
      connectedAt: v.nullable(v.number()),
      /** It asked again and again: its questions are turned away since then (ms since 1970) until it is unblocked. */
      blockedSince: v.nullable(v.number()),
      /** A question of it is open, shown or not. */
      asking: v.boolean(),
      budgets: v.array(BudgetView),
    }),
  ),
  /** Names of the address book; all of it: popup method `contact.list`. */
  contacts: v.array(v.object({ address: v.string(), name: v.string() })),
  settings: v.object({
    autoLockMinutes: v.number(),
    minimumDepth: v.number(),
    acceptIncoming: v.boolean(),
    watchtower: v.nullable(v.string()),
  }),
  storage: v.object({ ok: v.boolean(), message: v.nullable(v.string()) }),
});
export type WalletView = v.InferOutput<typeof WalletView>;
