/** The HTTP API answers as the real node did: every recorded request, in order. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Devnet, startDevnet } from '../../devnet/index.ts';
import { readVectors } from './vectors.ts';

interface Recorded {
  label: string;
  method: 'GET' | 'POST';
  path: string;
  request?: { tx: string };
  status: number;
  contentType: string | null;
  body: string;
}

const { responses } = readVectors<{ responses: Recorded[] }>('node-api.json');
const rich = 'ak_2a1j2Mk9YSmC1gioUq4PWRm3bsv887MbuRVwyv4KaUGoR1eiKi';

/** What the chain did before the node was asked. */
const before: { [label: string]: (devnet: Devnet) => void } = {
  'transaction mined': ({ miner }) => miner.mineMicro(),
  'generation current': ({ miner }) => miner.mineKeys(1),
  'channel create mined': ({ miner }) => miner.mineMicro(),
};

let devnet: Devnet;
/** Hashes of the recorded run that stand in a path -> ours. */
const renamed = new Map<string, string>();

beforeAll(async () => {
  devnet = await startDevnet({
    port: 0,
    keyBlockMs: 0,
    microBlockMs: 0,
    balances: { [rich]: 10_000n * 10n ** 18n },
  });
  devnet.miner.mineKeys(1);
});
afterAll(() => devnet.close());

async function ask(recorded: Recorded) {
  let path = recorded.path;
  for (const [theirs, ours] of renamed) path = path.replace(theirs, ours);
  const body = recorded.request && JSON.stringify(recorded.request);
  const headers = body ? { 'content-type': 'application/json' } : undefined;
  const response = await fetch(devnet.url + path, { method: recorded.method, body, headers });
  return { status: response.status, type: response.headers.get('content-type'), text: await response.text() };
}

/** Names and types of everything in a JSON value; of a list its first item. */
function shape(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? [] : [shape(value[0])];
  if (typeof value !== 'object' || value === null) return value === null ? 'null' : typeof value;
  return Object.entries(value).map(([key, item]) => [key, Array.isArray(item) ? 'list' : shape(item)]);
}

/** A text whose value differs from run to run: hashes of blocks, and what hangs on them. */
const differs = /"(?:[km]h|pp|bs)_|"height"/;

describe('answers as the node', () => {
  for (const recorded of responses) {
    it(recorded.label, async () => {
      before[recorded.label]?.(devnet);
      const { status, type, text } = await ask(recorded);
      expect(status).toBe(recorded.status);
      expect(type).toBe(recorded.contentType);
      if (!differs.test(recorded.body)) {
        expect(text).toBe(recorded.body);
        return;
      }
      const [ours, theirs] = [JSON.parse(text), JSON.parse(recorded.body)];
      expect(shape(ours)).toEqual(shape(theirs));
      expect(ours.tx).toEqual(theirs.tx);
      if (recorded.label === 'transaction mined') renamed.set(theirs.block_hash, ours.block_hash);
    });
  }
});

it('blocks are linked: every prev_hash is a block that the API knows', async () => {
  const get = async (path: string) => (await fetch(devnet.url + path)).json();
  let { height, prev_hash, prev_key_hash } = await get('/v3/key-blocks/current');
  expect(height).toBe(3);
  for (; height > 0; height -= 1) {
    const kind = prev_hash.startsWith('mh_')
      ? `micro-blocks/hash/${prev_hash}/header`
      : `key-blocks/hash/${prev_hash}`;
    expect((await get(`/v3/${kind}`)).hash).toBe(prev_hash);
    const previous = await get(`/v3/key-blocks/hash/${prev_key_hash}`);
    expect(previous.height).toBe(height - 1);
    ({ prev_hash, prev_key_hash } = previous);
  }
});
