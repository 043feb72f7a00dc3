/**
 * The wallet RPC of @aeternity/aepp-sdk 14, as JSON-RPC 2.0 in window messages `{ type: 'to_waellet' | 'to_aepp', data }`.
 * The content script carries and keeps the session; the worker validates, and knows the page by `sender.origin`.
 */
import * as v from 'valibot';

/** The runtime port between content script and worker. */
export const aeppPort = 'tandem:aepp';
/** The SDK's version of this protocol. */
export const rpcVersion = 1;
/** A request's text has at most so many bytes: a contract's code fits. */
export const maxAeppBytes = 256 * 1024;

/** The only codes that the SDK knows; any other makes it throw without a reason. */
export const aeppErrors = {
  invalidTransaction: 2,
  rejectedByUser: 4,
  unsupportedProtocol: 5,
  connectionDenied: 9,
  notAuthorized: 10,
  permissionDenied: 11,
  internal: 12,
  noNetworkById: 13,
  methodNotFound: -32601,
} as const;

const Account = v.optional(v.pipe(v.string(), v.maxLength(128)));
const nothing = v.optional(v.unknown());

export const aeppMethods = {
  /** What is announced to every page; null where there is no wallet yet. */
  hello: nothing,
  'connection.open': v.object({
    name: v.optional(v.pipe(v.string(), v.maxLength(1024))),
    version: v.number(),
    connectNode: v.optional(v.boolean()),
  }),
  'address.get': nothing,
  'address.subscribe': v.object({
    type: v.picklist(['subscribe', 'unsubscribe']),
    value: v.picklist(['connected', 'current']),
  }),
  'transaction.sign': v.object({
    tx: v.pipe(v.string(), v.maxLength(maxAeppBytes)),
    onAccount: Account,
    returnSigned: v.optional(v.boolean()),
    networkId: v.optional(v.pipe(v.string(), v.maxLength(128))),
    innerTx: v.optional(v.boolean()),
  }),
  'message.sign': v.object({
    message: v.pipe(v.string(), v.maxLength(16 * 1024)),
    onAccount: Account,
  }),
  'networkId.update': v.union([v.object({ networkId: v.string() }), v.object({ nodeUrl: v.string() })]),
} as const;
export type AeppMethod = keyof typeof aeppMethods;

/** The SDK's form of an error: class by code, and one argument of its constructor. */
export interface AeppFailure {
  code: number;
  message: string;
  data?: unknown;
}

/** Worker to content script. */
export const AeppReply = v.variant('kind', [
  v.object({ kind: v.literal('result'), id: v.string(), result: v.unknown() }),
  v.object({
    kind: v.literal('error'),
    id: v.string(),
    error: v.object({ code: v.number(), message: v.string(), data: v.optional(v.unknown()) }),
  }),
  /** The wallet went to another network. `node` is there for connected sites only. */
  v.object({
    kind: v.literal('network'),
    networkId: v.string(),
    node: v.optional(v.object({ name: v.string(), url: v.string() })),
  }),
  /** The person disconnected the site. */
  v.object({ kind: v.literal('closed') }),
]);
export type AeppReply = v.InferOutput<typeof AeppReply>;
export type AeppNode = { name: string; url: string };
