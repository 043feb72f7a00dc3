/** The node's HTTP API v3, as far as a wallet and the SDK use it. Every answer is a function of the chain. */
import { difficulty, type KeyBlock, keyBlock, type MicroBlock, protocolVersion } from '../blocks.ts';
import type { Chain } from '../chain.ts';
import { CodeError, decode, encode, type Prefix } from '../codes.ts';
import { Float, type Json } from '../json.ts';
import { Refusal } from '../rules/refusal.ts';
import { BrokenTransaction, decodeTransaction } from '../transaction.ts';
import { type Answer, ApiError, ok, validationError } from './answer.ts';
import { generationJson, headerJson, keyBlockJson, microHeaderJson } from './blocks.ts';
import { accountJson, callJson, channelJson } from './state.ts';
import { minedJson, pendingJson } from './transactions.ts';

export interface ApiContext {
  chain: Chain;
  /** Gets the coins of no block: fees vanish here. */
  beneficiary: Uint8Array;
  peerKey: Uint8Array;
  /** Called when the mempool took a transaction. */
  posted: () => void;
  now: () => number;
  startedAt: number;
}

export interface Request {
  context: ApiContext;
  params: readonly string[];
  query: URLSearchParams;
  body: Json | undefined;
}

export interface Route {
  method: 'GET' | 'POST';
  /** Matches the whole path; groups are the parameters. */
  path: RegExp;
  handle(request: Request): Answer | Promise<Answer>;
}

function route(method: Route['method'], path: string, handle: (request: Request) => Answer): Route {
  const pattern = path.replace(/\{\w+\}/g, '([^/]+)');
  return { method, path: new RegExp(`^${pattern}$`), handle };
}

function get(path: string, handle: (request: Request) => Json): Route {
  return route('GET', path, (request) => ok(handle(request)));
}

export const nodeRoutes: readonly Route[] = [
  get('/v3/status', ({ context }) => statusJson(context)),
  get('/v3/status/chain-ends', ({ context }) => [encode('kh', context.chain.topGeneration.key.hash)]),
  get('/v3/peers/pubkey', ({ context }) => ({ pubkey: encode('pp', context.peerKey) })),
  get('/v3/recent-gas-prices', () =>
    [1, 5, 15, 60].map((minutes) => ({ min_gas_price: 1_000_000_000, minutes, utilization: 0 })),
  ),

  get('/v3/headers/top', ({ context }) =>
    headerJson(context.chain, context.chain.topBlock, beneficiary(context)),
  ),
  get('/v3/key-blocks/current', ({ context }) => keyJson(context, context.chain.topGeneration.key)),
  get('/v3/key-blocks/current/hash', ({ context }) => ({
    hash: encode('kh', context.chain.topGeneration.key.hash),
  })),
  get('/v3/key-blocks/current/height', ({ context }) => ({ height: context.chain.height })),
  get('/v3/key-blocks/pending', ({ context }) => keyJson(context, pendingKeyBlock(context))),
  get('/v3/key-blocks/hash/{hash}', ({ context, params }) =>
    keyJson(context, keyByHash(context, params[0]!)),
  ),
  get('/v3/key-blocks/height/{height}', ({ context, params }) =>
    keyJson(context, generationAt(context, params[0]!).key),
  ),
  get('/v3/generations/current', ({ context }) =>
    generationJson(context.chain, context.chain.topGeneration, beneficiary(context)),
  ),
  get('/v3/generations/hash/{hash}', ({ context, params }) => {
    const block = keyByHash(context, params[0]!);
    const generation = context.chain.generation(block.height);
    if (generation?.key !== block) throw new ApiError(404, 'Block not found');
    return generationJson(context.chain, generation, beneficiary(context));
  }),
  get('/v3/generations/height/{height}', ({ context, params }) =>
    generationJson(context.chain, generationAt(context, params[0]!), beneficiary(context)),
  ),
  get('/v3/micro-blocks/hash/{hash}/header', ({ context, params }) =>
    microHeaderJson(context.chain, microByHash(context, params[0]!)),
  ),
  get('/v3/micro-blocks/hash/{hash}/transactions', ({ context, params }) => {
    const block = microByHash(context, params[0]!);
    return { transactions: block.transactions.map((transaction) => minedJson(transaction, block)) };
  }),
  get('/v3/micro-blocks/hash/{hash}/transactions/count', ({ context, params }) => ({
    count: microByHash(context, params[0]!).transactions.length,
  })),
  get('/v3/micro-blocks/hash/{hash}/transactions/index/{index}', ({ context, params }) => {
    const block = microByHash(context, params[0]!);
    // The node counts from 1.
    const transaction = block.transactions[wholeNumber('index', params[1]!) - 1];
    if (!transaction) throw new ApiError(404, 'Transaction not found');
    return minedJson(transaction, block);
  }),

  get('/v3/accounts/{pubkey}', ({ context, params }) => {
    const key = accountKey(params[0]!);
    return accountJson(key, known(context.chain.state.account(key), 'Account not found'));
  }),
  get('/v3/accounts/{pubkey}/height/{height}', ({ context, params }) => {
    const key = accountKey(params[0]!);
    const generation = context.chain.generation(wholeNumber('height', params[1]!));
    if (!generation) throw new ApiError(404, 'Height not available');
    return accountJson(key, known(context.chain.accountAfter(key, generation.key), 'Account not found'));
  }),
  get('/v3/accounts/{pubkey}/hash/{hash}', ({ context, params }) => {
    const key = accountKey(params[0]!);
    const block = context.chain.block(decodeOr(params[1]!, ['kh', 'mh'], 'Invalid hash'));
    if (!block || !context.chain.isOnChain(block)) throw new ApiError(404, 'Hash not available');
    return accountJson(key, known(context.chain.accountAfter(key, block), 'Account not found'));
  }),
  get('/v3/accounts/{pubkey}/next-nonce', ({ context, params, query }) => {
    const key = accountKey(params[0]!);
    const strategy = query.get('strategy') ?? 'max';
    if (strategy !== 'max' && strategy !== 'continuity') {
      throw validationError('strategy', 'not_in_enum', strategy);
    }
    known(context.chain.state.account(key), 'Account not found', 'account_not_found');
    return { next_nonce: context.chain.nextNonce(key, strategy) };
  }),
  get('/v3/accounts/{pubkey}/transactions/pending', ({ context, params }) => {
    const key = accountKey(params[0]!);
    known(context.chain.state.account(key), 'Account not found');
    return { transactions: context.chain.pool.ofAccount(key).map(pendingJson) };
  }),

  route('POST', '/v3/transactions', postTransaction),
  get('/v3/transactions/{hash}', ({ context, params }) => {
    const hash = decodeOr(params[0]!, ['th'], 'Invalid hash');
    const mined = context.chain.mined(hash);
    if (mined) return minedJson(mined.transaction, mined.block);
    return pendingJson(known(context.chain.pool.get(hash), 'Transaction not found').transaction);
  }),
  get('/v3/transactions/{hash}/info', ({ context, params }) => {
    const hash = decodeOr(params[0]!, ['th'], 'Invalid hash');
    known(context.chain.mined(hash) ?? context.chain.pool.get(hash), 'Transaction not found');
    const call = context.chain.state.call(hash);
    if (call) return { call_info: callJson(call) };
    throw new ApiError(400, 'Tx has no info');
  }),

  get('/v3/channels/{pubkey}', ({ context, params }) => {
    const id = decodeOr(params[0]!, ['ch'], 'Invalid public key');
    return channelJson(known(context.chain.state.channel(id), 'Channel not found', 'not_found'));
  }),
];

function postTransaction({ context, body }: Request): Answer {
  const text = typeof body === 'object' && body !== null && 'tx' in body ? body.tx : undefined;
  if (text === undefined) throw validationError('body', 'missing_required_property', 'tx');
  if (typeof text !== 'string') throw validationError('body', 'wrong_type', 'tx');
  const bytes = decodeOr(text, ['tx'], 'Invalid api encoding');
  try {
    const transaction = decodeTransaction(bytes);
    context.chain.post(transaction);
    context.posted();
    return ok({ tx_hash: transaction.id });
  } catch (error) {
    if (error instanceof BrokenTransaction) throw new ApiError(400, 'Invalid tx', 'broken_tx');
    if (error instanceof Refusal) throw new ApiError(400, 'Invalid tx', error.reason);
    throw error;
  }
}

function statusJson({ chain, peerKey, now, startedAt }: ApiContext): Json {
  const uptime = Math.max(0, now() - startedAt);
  return {
    difficulty,
    genesis_key_block_hash: encode('kh', chain.genesisHash),
    hashrate: 0,
    listening: true,
    network_id: chain.genesis.networkId,
    node_revision: '1eed995909ce8d6cafdaaa964415565e1b023bea',
    node_version: '7.3.0',
    peer_connections: { inbound: 0, outbound: 0 },
    peer_count: 0,
    peer_pubkey: encode('pp', peerKey),
    pending_transactions_count: chain.pool.size,
    protocols: [
      { effective_at_height: 1, version: protocolVersion },
      { effective_at_height: 0, version: 1 },
    ],
    solutions: 0,
    sync_progress: new Float(100),
    syncing: false,
    top_block_height: chain.height,
    top_key_block_hash: encode('kh', chain.topGeneration.key.hash),
    uptime: `${Math.floor(uptime / 1000)}s.${String(Math.floor(uptime % 1000)).padStart(3, '0')}`,
  };
}

/** The key block that would come next, now. */
function pendingKeyBlock({ chain, now }: ApiContext): KeyBlock {
  const { height, hash: prevKeyHash } = chain.topGeneration.key;
  const { hash: prevHash, stateHash } = chain.topBlock;
  return keyBlock({ height: height + 1, prevHash, prevKeyHash, stateHash, time: now(), fork: 0 });
}

function beneficiary(context: ApiContext): string {
  return encode('ak', context.beneficiary);
}

function keyJson(context: ApiContext, block: KeyBlock): Json {
  return keyBlockJson(context.chain, block, beneficiary(context));
}

function keyByHash({ chain }: ApiContext, text: string): KeyBlock {
  const block = chain.block(decodeOr(text, ['kh'], 'Invalid hash'));
  if (block?.kind !== 'key') throw new ApiError(404, 'Block not found');
  return block;
}

function microByHash({ chain }: ApiContext, text: string): MicroBlock {
  const block = chain.block(decodeOr(text, ['mh'], 'Invalid hash'));
  if (block?.kind !== 'micro') throw new ApiError(404, 'Block not found');
  return block;
}

function generationAt({ chain }: ApiContext, text: string) {
  const height = wholeNumber('height', text);
  const generation = chain.generation(height);
  if (!generation) throw new ApiError(404, 'Block not found', 'chain_too_short');
  return generation;
}

function accountKey(text: string): Uint8Array {
  return decodeOr(text, ['ak', 'ct', 'ok'], 'Invalid public key');
}

function decodeOr(text: string, prefixes: readonly Prefix[], reason: string): Uint8Array {
  try {
    return decode(text, prefixes);
  } catch (error) {
    if (error instanceof CodeError) throw new ApiError(400, reason, error.code);
    throw error;
  }
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) throw validationError(name, 'wrong_type', text);
  return value;
}

function known<T>(value: T | undefined, reason: string, errorCode?: string): T {
  if (value === undefined) throw new ApiError(404, reason, errorCode);
  return value;
}
