/** `/devnet/*`: what only a local chain can do. Documented in the README beside. */

import { aettoPerAe } from '../accounts.ts';
import { type Mode, plainMode } from '../chain.ts';
import { CodeError, decode, encode } from '../codes.ts';
import type { Faucet } from '../faucet.ts';
import type { Json } from '../json.ts';
import type { Miner } from '../miner.ts';
import { ApiError, ok } from './answer.ts';
import type { ApiContext, Request, Route } from './routes.ts';

/** Blocks that one request may mine or replace. */
const maxBlocks = 10_000;
/** Coins of one faucet payment, in aetto: most and default. */
const maxFaucet = 1_000_000n * aettoPerAe;
const defaultFaucet = 1_000n * aettoPerAe;

export function adminRoutes(miner: Miner, faucet: Faucet): readonly Route[] {
  return [
    {
      method: 'POST',
      path: /^\/devnet\/faucet$/,
      handle: ({ body }) => {
        const { address, amount } = fields(body, ['address', 'amount']);
        const recipient = decoded(address, 'address', 'ak');
        const coins = amount === undefined ? defaultFaucet : aetto(amount);
        const transaction = faucet.pay(recipient, coins);
        return ok({ tx_hash: transaction.id, amount: coins });
      },
    },
    {
      method: 'POST',
      path: /^\/devnet\/mine$/,
      handle: ({ context, body }) => {
        const { keyBlocks } = fields(body, ['keyBlocks']);
        miner.mineKeys(keyBlocks === undefined ? 1 : count(keyBlocks, 'keyBlocks', 1));
        return ok(stateJson(context));
      },
    },
    {
      method: 'POST',
      path: /^\/devnet\/micro$/,
      handle: ({ body }) => {
        fields(body, []);
        const block = miner.mineMicro();
        return ok({
          hash: block ? encode('mh', block.hash) : null,
          transactions: (block?.transactions ?? []).map(({ id }) => id),
        });
      },
    },
    { method: 'POST', path: /^\/devnet\/reorg$/, handle: (request) => reorg(request, miner) },
    {
      method: 'POST',
      path: /^\/devnet\/mode$/,
      handle: ({ context, body }) => {
        context.chain.mode = parseMode(body);
        return ok(modeJson(context.chain.mode));
      },
    },
    { method: 'GET', path: /^\/devnet\/state$/, handle: ({ context }) => ok(stateJson(context)) },
  ];
}

function reorg({ context, body }: Request, miner: Miner) {
  const { depth, drop, generations } = fields(body, ['depth', 'drop', 'generations']);
  const { chain } = context;
  const replaced = count(depth, 'depth', 1);
  const most = chain.height - chain.genesis.height;
  if (replaced > most)
    throw invalid('depth', `is ${replaced}, the chain can lose at most ${most} generations`);
  const dropped = list(drop, 'drop').map((item) => decoded(item, 'drop', 'th'));
  const wanted =
    generations === undefined
      ? Array.from({ length: replaced }, () => [])
      : list(generations, 'generations').map((of) =>
          list(of, 'generations').map((item) => decoded(item, 'generations', 'th')),
        );
  if (wanted.length > maxBlocks)
    throw invalid('generations', `has ${wanted.length} items, at most ${maxBlocks}`);
  const notMined = chain.fork(replaced, context.now(), dropped, wanted);
  miner.wake();
  return ok({ ...stateJson(context), not_mined: notMined.map((hash) => encode('th', hash)) });
}

function stateJson({ chain }: ApiContext): { [key: string]: Json } {
  return {
    height: chain.height,
    top_hash: encode(chain.topBlock.kind === 'key' ? 'kh' : 'mh', chain.topBlock.hash),
    genesis_height: chain.genesis.height,
    pending: chain.pool.candidates(Number.MAX_SAFE_INTEGER, 'arrival').map((entry) => ({
      hash: entry.transaction.id,
      type: entry.transaction.type,
      not_mined_because: entry.reason ?? null,
    })),
    mode: modeJson(chain.mode),
  };
}

function modeJson({ delay, drop, order, minGasPrice }: Mode): Json {
  return { delay, drop, order, minGasPrice };
}

function parseMode(body: Json | undefined): Mode {
  const { delay, drop, order, minGasPrice } = fields(body, ['delay', 'drop', 'order', 'minGasPrice']);
  if (order !== undefined && order !== 'fee' && order !== 'reverse' && order !== 'arrival') {
    throw invalid('order', 'needs to be "fee", "reverse" or "arrival"');
  }
  return {
    delay: delay === undefined ? plainMode.delay : count(delay, 'delay', 0),
    drop: list(drop, 'drop').map((item) => {
      if (typeof item !== 'string')
        throw invalid('drop', 'needs texts: "*", transaction types or th_ hashes');
      return item;
    }),
    order: order ?? plainMode.order,
    minGasPrice: minGasPrice === undefined ? plainMode.minGasPrice : aetto(minGasPrice, 'minGasPrice'),
  };
}

function invalid(field: string, problem: string): ApiError {
  return new ApiError(400, `${field} ${problem}`);
}

/** The body's members; an unknown one is a mistake of the caller. */
function fields(body: Json | undefined, names: readonly string[]): { [name: string]: Json | undefined } {
  if (body === undefined) return {};
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw invalid('body', 'needs to be an object');
  for (const name of Object.keys(body)) {
    if (!names.includes(name)) throw invalid(name, `is not known here; known: ${names.join(', ') || 'none'}`);
  }
  return body as { [name: string]: Json | undefined };
}

function count(value: Json | undefined, field: string, least: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > maxBlocks) {
    throw invalid(field, `is ${JSON.stringify(value)}, needs a whole number from ${least} to ${maxBlocks}`);
  }
  return value;
}

function list(value: Json | undefined, field: string): readonly Json[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw invalid(field, 'needs to be a list');
  return value;
}

function decoded(value: Json | undefined, field: string, prefix: 'ak' | 'th'): Uint8Array {
  try {
    if (typeof value === 'string') return decode(value, [prefix]);
  } catch (error) {
    if (!(error instanceof CodeError)) throw error;
  }
  throw invalid(field, `is ${JSON.stringify(value)}, needs a text that begins with ${prefix}_`);
}

/** An amount in aetto: a text of digits, or a whole number that JSON can carry exactly. */
function aetto(value: Json, field = 'amount'): bigint {
  const text = typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : value;
  if (typeof text !== 'string' || !/^\d{1,40}$/.test(text)) {
    throw invalid(field, `is ${JSON.stringify(value)}, needs aetto as a text of digits`);
  }
  const amount = BigInt(text);
  if (amount > maxFaucet) throw invalid(field, `is ${amount} aetto, at most ${maxFaucet} at once`);
  return amount;
}
