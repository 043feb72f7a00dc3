/** The questions a rule may ask, each with the type of its answer. */
import type { Answer, Ask, FoundBlock, OnChain } from './types.ts';

export function* sign(bytes: Uint8Array): Generator<Ask, Uint8Array, Answer> {
  return (yield { ask: 'sign', bytes }) as Uint8Array;
}
export function* verify(
  key: Uint8Array,
  bytes: Uint8Array,
  signature: Uint8Array,
): Generator<Ask, boolean, Answer> {
  return (yield { ask: 'verify', key, bytes, signature }) as boolean;
}
export function* account(key: Uint8Array): Generator<Ask, { balance: bigint; nonce: bigint } | null, Answer> {
  return (yield { ask: 'account', key }) as { balance: bigint; nonce: bigint } | null;
}
export function* reserveNonce(): Generator<Ask, bigint | null, Answer> {
  return (yield { ask: 'reserve_nonce' }) as bigint | null;
}
export function* onChainNow(channelId: Uint8Array): Generator<Ask, OnChain | null, Answer> {
  return (yield { ask: 'on_chain', channelId }) as OnChain | null;
}
/** The key block of a hash or height on the main chain, null: the newest; with the height of the newest. */
export function* keyBlock(at: Uint8Array | number | null): Generator<Ask, FoundBlock | null, Answer> {
  return (yield { ask: 'key_block', at }) as FoundBlock | null;
}
/** Aetto of an account in the state of a key block. */
export function* balanceAt(key: Uint8Array, block: Uint8Array): Generator<Ask, bigint | null, Answer> {
  return (yield { ask: 'balance_at', key, block }) as bigint | null;
}
