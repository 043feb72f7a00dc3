/** The chain by one node's HTTP API v3. Nothing of what a node says is believed before its form is checked. */
import { equalBytes } from '../protocol/bytes.ts';
import { encode } from '../protocol/chain/address.ts';
import { parseSignedTx, txHash } from '../protocol/chain/signed.ts';
import { parseTx } from '../protocol/chain/tx.ts';
import type { KeyBlock } from '../protocol/channel/index.ts';
import { NodeAnswer } from './node-answer.ts';
import { type Chain, ChainUnavailableError } from './ports.ts';
import { refused } from './refusals.ts';

export interface NodeClientOptions {
  /** Base of the API, such as https://testnet.aeternity.io */
  url: string;
  /** Milliseconds for each answer, its body included. */
  timeoutMs: number;
  /** The program's own by default. */
  fetch?: typeof globalThis.fetch;
}

/** The mempool knows the transaction, or a block has it. */
const alreadyThere = new Set(['already_known', 'already_accepted']);

export function createNodeClient(options: NodeClientOptions): Chain {
  const base = options.url.replace(/\/+$/, '');
  // Called as the global's own method, which browsers insist on.
  const request = options.fetch ?? ((input, init) => globalThis.fetch(input, init));

  /** @param path below `/v3`, with its query */
  async function ask(path: string, body?: unknown): Promise<NodeAnswer> {
    const url = `${base}/v3${path}`;
    const method = body === undefined ? 'GET' : 'POST';
    let status: number;
    let text: string;
    try {
      const response = await request(url, {
        method,
        headers: { accept: 'application/json', ...(body ? { 'content-type': 'application/json' } : {}) },
        ...(body ? { body: JSON.stringify(body) } : {}),
        cache: 'no-store',
        credentials: 'omit',
        signal: AbortSignal.timeout(options.timeoutMs),
      });
      status = response.status;
      text = await response.text();
    } catch (error) {
      throw notAnswered(`${method} ${url}`, error, options.timeoutMs);
    }
    const answer = new NodeAnswer(`${method} ${url}`, status, text);
    if (status === 200 || status === 400 || status === 404) return answer;
    throw answer.wrong(`it answered ${status}${words(answer)}`);
  }

  /** @returns null where the node says, in the API's way, that there is no such thing */
  async function find(path: string): Promise<NodeAnswer | null> {
    const answer = await ask(`${path}${path.includes('?') ? '&' : '?'}int-as-string=true`);
    if (answer.status === 200) return answer;
    if (answer.status === 404 && /not.found/i.test(answer.optionalText('reason') ?? '')) return null;
    throw answer.wrong(`it answered ${answer.status}${words(answer)}`);
  }

  return {
    async status() {
      const answer = await find('/status');
      if (!answer) throw unknownApi(base);
      return {
        networkId: answer.text('network_id'),
        chainHash: answer.bytes('genesis_key_block_hash', 'kh'),
        height: answer.height('top_block_height'),
        syncing: answer.flag('syncing'),
      };
    },

    async account(publicKey) {
      const address = encode('ak', publicKey);
      const answer = await find(`/accounts/${address}`);
      if (!answer) return { balance: 0n, nonce: 0n };
      answer.same('id', address);
      return { balance: answer.integer('balance'), nonce: answer.integer('nonce') };
    },

    async nextNonce(publicKey, strategy = 'max') {
      const answer = await find(`/accounts/${encode('ak', publicKey)}/next-nonce?strategy=${strategy}`);
      return answer ? answer.integer('next_nonce', 1n) : 1n;
    },

    async post(signedTx) {
      const hash = txHash(signedTx);
      const answer = await ask('/transactions?int-as-string=true', { tx: encode('tx', signedTx) });
      if (answer.status === 200) {
        answer.same('tx_hash', encode('th', hash));
        return hash;
      }
      const reason = answer.optionalText('error_code');
      if (answer.status !== 400 || !reason)
        throw answer.wrong(`it answered ${answer.status}${words(answer)}`);
      if (alreadyThere.has(reason)) return hash;
      throw refused(reason, answer.optionalText('reason'));
    },

    async transaction(hash) {
      const name = encode('th', hash);
      const answer = await find(`/transactions/${name}`);
      if (!answer) return 'unknown';
      answer.same('hash', name);
      const height = answer.height('block_height', -1);
      // The node says -1 and "none" for what waits in its mempool.
      return height === -1 ? 'pending' : { height };
    },

    async channel(channelId) {
      const name = encode('ch', channelId);
      const answer = await find(`/channels/${name}`);
      if (!answer) return null;
      answer.same('id', name);
      return {
        id: answer.bytes('id', 'ch'),
        initiator: answer.bytes('initiator_id', 'ak'),
        responder: answer.bytes('responder_id', 'ak'),
        channelAmount: answer.integer('channel_amount'),
        initiatorAmount: answer.integer('initiator_amount'),
        responderAmount: answer.integer('responder_amount'),
        channelReserve: answer.integer('channel_reserve'),
        round: answer.integer('round'),
        soloRound: answer.integer('solo_round'),
        stateHash: answer.bytes('state_hash', 'st'),
        // The chain takes any period, so whoever opens a channel chooses how large these are.
        lockPeriod: answer.farHeight('lock_period'),
        lockedUntil: answer.farHeight('locked_until'),
        delegates: answer.delegates('delegate_ids'),
      };
    },

    async keyBlock(at) {
      const top = await find('/key-blocks/current');
      if (!top) throw unknownApi(base);
      const height = top.height('height');
      if (at === null) return { block: keyBlockOf(top), top: height };
      const name = at instanceof Uint8Array ? encode('kh', at) : null;
      const found = await find(`/key-blocks/${name ? `hash/${name}` : `height/${at}`}`);
      if (!found) return null;
      const block = keyBlockOf(found);
      if (!name) {
        if (block.height !== at)
          throw found.wrong(`it was asked about block ${at} and answered ${block.height}`);
        return { block, top: height };
      }
      found.same('hash', name);
      // The node knows blocks of forks too.
      const main = block.height <= height ? await find(`/key-blocks/height/${block.height}`) : null;
      return main && equalBytes(keyBlockOf(main).hash, block.hash) ? { block, top: height } : null;
    },

    async forced(channelId, round, height) {
      const generation = await find(`/generations/height/${height}`);
      if (!generation) return null;
      const key = keyBlockOf(generation.object('key_block'));
      for (const hash of generation.list('micro_blocks', 'mh')) {
        const block = await find(`/micro-blocks/hash/${encode('mh', hash)}/transactions`);
        for (const mined of block?.objects('transactions') ?? []) {
          if (mined.object('tx').text('type') !== 'ChannelForceProgressTx') continue;
          const bytes = parseSignedTx(mined.data('encoded_tx', 'tx')).tx;
          const tx = parseTx(bytes);
          if (tx.type !== 'ChannelForceProgressTx' || tx.round !== round) continue;
          if (!equalBytes(tx.channelId, channelId)) continue;
          const header = await find(`/micro-blocks/hash/${encode('mh', hash)}/header`);
          if (!header) return null;
          return { tx: bytes, block: { ...key, time: header.height('time') } };
        }
      }
      return null;
    },

    async balanceAt(publicKey, block) {
      const address = encode('ak', publicKey);
      const answer = await find(`/accounts/${address}/hash/${encode('kh', block)}`);
      if (!answer) return 0n;
      answer.same('id', address);
      return answer.integer('balance');
    },
  };
}

const keyBlockOf = (answer: NodeAnswer): KeyBlock => ({
  hash: answer.bytes('hash', 'kh'),
  height: answer.height('height'),
  time: answer.height('time'),
  beneficiary: answer.bytes('beneficiary', 'ak'),
  difficulty: difficultyOf(answer.integer('target')),
});

/** The chain's compact form of a number: an exponent of 256 above 24 bits of digits. */
const fromCompact = (compact: bigint): bigint => {
  const exponent = 8n * ((compact >> 24n) - 3n);
  const digits = compact & 0xffffffn;
  return exponent < 0n ? digits >> -exponent : digits << exponent;
};
const highestTarget = fromCompact(0x2100ffffn);

/** As the chain computes it from a block's target. A target without work, as of a chain in dev mode, is its own. */
const difficultyOf = (target: bigint): bigint => {
  const number = fromCompact(target);
  return number === 0n ? target : (2n ** 24n * highestTarget) / number;
};

/** What the node adds in words, to be put behind its status. */
function words(answer: NodeAnswer): string {
  const said = answer.optionalText('reason') ?? answer.optionalText('error_code');
  return said ? `: ${said}` : '';
}

function unknownApi(base: string): ChainUnavailableError {
  return new ChainUnavailableError(
    `There is no node's API at ${base}: it knows no /v3/status. Check the node's address in the settings.`,
  );
}

function notAnswered(where: string, error: unknown, timeoutMs: number): ChainUnavailableError {
  const { name, message, cause } = error as Error;
  const why =
    name === 'TimeoutError'
      ? `no answer within ${timeoutMs / 1_000} s`
      : cause instanceof Error
        ? `${message} (${(cause as NodeJS.ErrnoException).code ?? cause.message})`
        : message;
  return new ChainUnavailableError(
    `The node cannot be reached (${where}): ${why}. Check the network, and the node's address in the settings.`,
    { cause: error },
  );
}
