/** The channels that are guarded: in memory as on disk, one change after the other. */
import type { Store } from '../src/engine/ports.ts';
import { toHex } from '../src/protocol/bytes.ts';

/** A slash that was signed. */
export interface Slash {
  signedTx: Uint8Array;
  nonce: bigint;
  /** aetto */
  fee: bigint;
  round: bigint;
  /** Height at which it was signed. */
  height: number;
}

export interface Guard {
  channelId: Uint8Array;
  initiator: Uint8Array;
  responder: Uint8Array;
  /** The party that entrusted it first: it counts among this account's. */
  owner: Uint8Array;
  round: bigint;
  payload: Uint8Array;
  poi: Uint8Array;
  slash: Slash | null;
  /** Height at which the channel was first seen to have left the chain. */
  goneAt: number | null;
  /** What was told last of the channel on chain, so that it is told once. */
  told: string;
}

export interface Guards {
  get(channelId: Uint8Array): Guard | undefined;
  all(): Guard[];
  /** How many this account entrusted. */
  countOf(owner: Uint8Array): number;
  /**
   * Replaces a guard by what `change` makes of the present one: null removes it, the same object leaves it. Durable when
   * it resolves. Rejects with StoreError; then nothing changed.
   */
  update(
    channelId: Uint8Array,
    change: (held: Guard | undefined) => Guard | null | undefined,
  ): Promise<Guard | null>;
}

export async function loadGuards(store: Store): Promise<Guards> {
  const guards = new Map<string, Guard>();
  for (const { key, value } of await store.list('channels')) guards.set(key, value as Guard);
  let tail: Promise<unknown> = Promise.resolve();

  async function change(key: string, make: (held: Guard | undefined) => Guard | null | undefined) {
    const held = guards.get(key);
    const next = make(held) ?? null;
    if (next === (held ?? null)) return next;
    await store.commit([{ table: 'channels', key, value: next ?? undefined }]);
    if (next) guards.set(key, next);
    else guards.delete(key);
    return next;
  }

  return {
    get: (channelId) => guards.get(toHex(channelId)),
    all: () => [...guards.values()],
    countOf(owner) {
      const wanted = toHex(owner);
      return [...guards.values()].filter((guard) => toHex(guard.owner) === wanted).length;
    },
    update(channelId, make) {
      const result = tail.then(() => change(toHex(channelId), make));
      tail = result.catch(() => undefined);
      return result;
    },
  };
}
