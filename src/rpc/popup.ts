/**
 * What the popup may ask of the worker. Each method's parameters are validated by the worker, each result by the
 * popup. A failed call answers `{ code, message }`; `message` is one sentence a person can act on.
 */
import * as v from 'valibot';
import { Diagnostics } from './diagnostics.ts';
import { BudgetSeconds } from './page.ts';
import {
  Address,
  Aetto,
  ApprovalView,
  Contact,
  ContractPreview,
  HistoryItem,
  LocalId,
  largestContactName,
  largestContactNote,
  Mnemonic,
  Note,
  Password,
  RequestId,
  Terms,
  WalletView,
} from './schema.ts';

/** In characters: what crosses from the worker to a page is limited by the browsers, to 64 MiB. */
export const largestBackup = 48 * 2 ** 20;

const nothing = v.object({});
/** How dear the miners' price is: 0 the least the chain takes, each further step twice the one before. */
export const FeeStep = v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(4)));
const done = v.object({ ok: v.literal(true) });

export const popupMethods = {
  /** The whole wallet as the popup shows it. */
  'wallet.view': { params: nothing, result: WalletView },

  /** A fresh 12-word phrase, not stored: it becomes the wallet by `vault.create` after the person verified it. */
  'vault.newPhrase': { params: nothing, result: v.object({ mnemonic: Mnemonic }) },
  /** Makes the wallet from a phrase (new or imported) and unlocks it. Fails where one exists. */
  'vault.create': {
    params: v.object({ mnemonic: Mnemonic, password: Password }),
    result: v.object({ address: Address }),
  },
  'vault.unlock': { params: v.object({ password: Password }), result: done },
  'vault.lock': { params: nothing, result: done },
  'vault.revealPhrase': {
    params: v.object({ password: Password }),
    result: v.object({ mnemonic: Mnemonic }),
  },

  /** Everything the wallet stores, as the text of an encrypted file, and a name for it. The password is the wallet's. */
  'backup.export': {
    params: v.object({ password: Password }),
    result: v.object({ file: v.string(), name: v.string() }),
  },
  /** Makes the wallet of a backup, where there is none, and unlocks it. Without `newPassword` it keeps the backup's. */
  'backup.import': {
    params: v.object({
      file: v.pipe(v.string(), v.maxLength(largestBackup, 'this file is too large for a backup')),
      password: Password,
      newPassword: v.optional(Password),
    }),
    result: v.object({ address: Address }),
  },

  /** Goes on with this installation, where another one was found at work. */
  'wallet.takeOver': { params: nothing, result: done },
  /**
   * Makes a channel's record anew from its id, `ch_...`, and from where its other side is reached: an invite of it, or one
   * of its multiaddrs.
   */
  'channel.recover': {
    params: v.object({
      channelId: v.pipe(v.string(), v.maxLength(200)),
      at: v.pipe(v.string(), v.maxLength(4096)),
    }),
    result: v.object({ channel: LocalId }),
  },

  'settings.set': {
    params: v.object({
      autoLockMinutes: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1440))),
      minimumDepth: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(1000))),
      acceptIncoming: v.optional(v.boolean()),
    }),
    result: done,
  },
  /** Own node and relay. The worker checks the node's network id before it switches. */
  'network.set': {
    params: v.object({
      nodeUrl: v.pipe(v.string(), v.maxLength(2048)),
      relay: v.nullable(v.pipe(v.string(), v.maxLength(2048))),
    }),
    result: done,
  },

  /** The link of the watchtower that new channels name; null for none. The worker connects to it first. */
  'watchtower.set': {
    params: v.object({ link: v.nullable(v.pipe(v.string(), v.maxLength(4096))) }),
    result: done,
  },

  /** On-chain payment. */
  'account.send': {
    params: v.object({ to: Address, amount: Aetto, requestId: RequestId, feeStep: FeeStep }),
    result: v.object({ txHash: v.string(), fee: Aetto }),
  },
  /** Replaces a payment that no block has yet by the same with this fee, the one that was shown. */
  'account.raiseFee': { params: v.object({ requestId: RequestId, fee: Aetto }), result: done },
  /** Test coins, where the network has a faucet. */
  'account.faucet': { params: nothing, result: v.object({ txHash: v.string() }) },

  /** The link by which others open a channel with this wallet. */
  'invite.mine': { params: nothing, result: v.object({ link: v.string(), reachable: v.boolean() }) },
  /** What an invite says, or a clear error. */
  'invite.read': {
    params: v.object({ link: v.pipe(v.string(), v.maxLength(4096)) }),
    result: v.object({ peer: Address, name: v.nullable(v.string()), networkId: v.string() }),
  },
  /** What opening would cost: the funding transaction's fee, and whether the account covers it. */
  'channel.quote': {
    params: v.object({ terms: Terms, feeStep: FeeStep }),
    result: v.object({ fee: Aetto, total: Aetto, problem: v.nullable(v.string()) }),
  },
  /** The network fee now for each step, the least first. `move`: a deposit or withdrawal. */
  'fee.quote': {
    params: v.variant('type', [
      v.object({ type: v.literal('open'), terms: Terms }),
      v.object({ type: v.literal('send'), to: Address, amount: Aetto }),
      v.object({ type: v.literal('move'), channel: LocalId, amount: Aetto }),
      v.object({ type: v.literal('close_alone'), channel: LocalId }),
    ]),
    result: v.object({ fees: v.array(Aetto) }),
  },
  /** Proposes a channel. Answers when the proposal is stored; the view shows how it goes on. */
  'channel.open': {
    params: v.object({ link: v.pipe(v.string(), v.maxLength(4096)), terms: Terms, feeStep: FeeStep }),
    result: v.object({ channel: LocalId }),
  },
  /** Pays over the channel. Answers when the peer has co-signed, or with the reason why not. */
  'channel.pay': {
    params: v.object({ channel: LocalId, amount: Aetto, note: v.nullable(Note), requestId: RequestId }),
    result: v.object({ sequenceNumber: v.string() }),
  },
  /** Asks the peer for a payment: an update that lowers its balance, for it to approve. */
  'channel.request': {
    params: v.object({ channel: LocalId, amount: Aetto, note: v.nullable(Note), requestId: RequestId }),
    result: v.object({ sequenceNumber: v.string() }),
  },
  /** Closes by agreement. Answers when the shutdown is on its way. */
  'channel.shutdown': { params: v.object({ channel: LocalId }), result: done },
  /** Puts coins of the account into the channel, or takes own ones out to it, by a transaction that both sign. */
  'channel.deposit': {
    params: v.object({ channel: LocalId, amount: Aetto, feeStep: FeeStep }),
    result: done,
  },
  'channel.withdraw': {
    params: v.object({ channel: LocalId, amount: Aetto, feeStep: FeeStep }),
    result: done,
  },
  /** Closes without the other side: the chain pays out the latest co-signed state after the dispute time. */
  'channel.closeAlone': {
    params: v.object({
      channel: LocalId,
      /** The person accepts that a restored channel may be closed with an old state. */
      acceptOldState: v.optional(v.boolean()),
      feeStep: FeeStep,
    }),
    result: done,
  },
  /** Replaces the own transaction that waits in this channel by the same with this fee, the one that was shown. */
  'channel.raiseFee': { params: v.object({ channel: LocalId, fee: Aetto }), result: done },
  /** Records the latest co-signed balances on the chain; the channel stays open. */
  'channel.snapshot': { params: v.object({ channel: LocalId }), result: done },
  /** Has the chain run the own call that the other side has not co-signed. No page can ask for it. */
  'channel.force': { params: v.object({ channel: LocalId }), result: done },
  /** What that call is, and what it would come to now. */
  'channel.forcePreview': { params: v.object({ channel: LocalId }), result: ContractPreview },
  /** The person no longer wants it. */
  'channel.forgetCall': { params: v.object({ channel: LocalId }), result: done },
  /** Gives up an opening that nothing commits to yet. */
  'channel.abort': { params: v.object({ channel: LocalId }), result: done },
  'channel.reconnect': { params: v.object({ channel: LocalId }), result: done },
  /**
   * Newest first. Of one channel: what `limit` commits before the index `before` hold, so that reading on from the last
   * index leaves nothing out. Over all channels: the newest `limit` entries before the time `before`.
   */
  'channel.history': {
    params: v.object({
      channel: v.nullable(LocalId),
      before: v.nullable(v.number()),
      limit: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(200)),
    }),
    result: v.object({ items: v.array(v.intersect([HistoryItem, v.object({ channel: LocalId })])) }),
  },

  /** Fresh details of one approval; fails where it is gone. */
  'approval.get': { params: v.object({ id: v.string() }), result: ApprovalView },
  /** What a site's contract request would come to now. */
  'approval.contract': { params: v.object({ id: v.string() }), result: ContractPreview },
  /** The person's decision. `digest` names what was shown (empty for `connect`); a changed request is refused. */
  'approval.decide': {
    params: v.object({
      id: v.string(),
      approve: v.boolean(),
      digest: v.string(),
      /** What is granted of a budget; all that was asked for where it is left out. */
      budget: v.optional(v.object({ amount: Aetto, perUpdate: Aetto, seconds: BudgetSeconds })),
    }),
    result: done,
  },

  /** For a report: how the wallet is, without secrets. */
  'diagnostics.read': { params: nothing, result: Diagnostics },

  'contact.list': { params: nothing, result: v.object({ contacts: v.array(Contact) }) },
  /** Puts somebody into the address book: `at` is an account or an invite, `was` the account of whom it replaces. */
  'contact.save': {
    params: v.object({
      name: v.pipe(v.string(), v.maxLength(largestContactName, 'this name is too long')),
      at: v.pipe(v.string(), v.maxLength(4096)),
      note: v.nullable(v.pipe(v.string(), v.maxLength(largestContactNote, 'this note is too long'))),
      was: v.nullable(Address),
    }),
    result: done,
  },
  'contact.remove': { params: v.object({ address: Address }), result: done },

  'site.disconnect': { params: v.object({ origin: v.string() }), result: done },
  /** Lets a site ask again that was blocked, and takes back what it asks now. */
  'site.unblock': { params: v.object({ origin: v.string() }), result: done },
  /** Other limits for what a site may pay without a question; `expiresAt` in ms since 1970. */
  'budget.change': {
    params: v.object({
      origin: v.string(),
      channel: LocalId,
      amount: Aetto,
      perUpdate: Aetto,
      expiresAt: v.pipe(v.number(), v.integer(), v.minValue(0)),
    }),
    result: done,
  },
  'budget.revoke': { params: v.object({ origin: v.string(), channel: LocalId }), result: done },
} as const;

export type PopupMethods = typeof popupMethods;
export type PopupMethod = keyof PopupMethods;
export type ParamsOf<M extends PopupMethod> = v.InferInput<PopupMethods[M]['params']>;
export type ResultOf<M extends PopupMethod> = v.InferOutput<PopupMethods[M]['result']>;

/** The runtime port's name. On connecting the worker pushes the view, and again after each change. */
export const popupPort = 'tandem:popup';

export const PopupRequest = v.object({ id: v.number(), method: v.string(), params: v.optional(v.unknown()) });
export const RpcFailure = v.object({ code: v.string(), message: v.string() });
export const PopupPush = v.variant('kind', [
  v.object({ kind: v.literal('result'), id: v.number(), result: v.unknown() }),
  v.object({ kind: v.literal('error'), id: v.number(), error: RpcFailure }),
  v.object({ kind: v.literal('view'), view: WalletView }),
]);
export type PopupPush = v.InferOutput<typeof PopupPush>;
