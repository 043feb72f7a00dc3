/** What a person may attach to a report: how the wallet is, with nothing that gives away coins, people or payments. */
import * as v from 'valibot';
import { Phase } from './schema.ts';

export const Failure = v.object({
  at: v.number(),
  /** A method, or a part of the worker. */
  where: v.string(),
  code: v.string(),
  /** Its sentence, shortened; empty where it would repeat what was typed. */
  words: v.string(),
});
export type Failure = v.InferOutput<typeof Failure>;

export const Diagnostics = v.object({
  worker: v.object({
    /** How often it was started since the browser was. */
    starts: v.number(),
    /** ms since 1970. */
    startedAt: v.number(),
    vault: v.picklist(['empty', 'locked', 'unlocked']),
  }),
  network: v.object({
    networkId: v.string(),
    /** Scheme and host alone. */
    node: v.string(),
    state: v.string(),
    height: v.nullable(v.number()),
    relay: v.boolean(),
  }),
  store: v.object({
    ok: v.boolean(),
    schema: v.number(),
    /** Bytes on the disk as the browser estimates them; null where it does not tell. */
    bytes: v.nullable(v.number()),
    /** Records of each table. */
    records: v.record(v.string(), v.number()),
  }),
  settings: v.object({
    autoLockMinutes: v.number(),
    minimumDepth: v.number(),
    acceptIncoming: v.boolean(),
    watchtower: v.boolean(),
  }),
  counts: v.object({ sites: v.number(), approvals: v.number(), contacts: v.number(), sending: v.number() }),
  rival: v.boolean(),
  channels: v.array(
    v.object({
      /** The first digits of its local id. */
      id: v.string(),
      role: v.picklist(['initiator', 'responder']),
      phase: Phase,
      connection: v.picklist(['online', 'connecting', 'offline']),
      sequenceNumber: v.string(),
      pending: v.nullable(v.string()),
      /** What the chain is waited for with: `funding 2/5`. */
      progress: v.nullable(v.string()),
      contracts: v.number(),
      watchtower: v.boolean(),
      recovered: v.boolean(),
      maybeStale: v.boolean(),
    }),
  ),
  failures: v.array(Failure),
});
export type Diagnostics = v.InferOutput<typeof Diagnostics>;
