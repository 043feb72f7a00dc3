import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { networkPresets } from '../../src/engine/networks.ts';
import { createNodeClient } from '../../src/engine/node-client.ts';
import { ChainUnavailableError, TransactionRefusedError } from '../../src/engine/ports.ts';
import { decode, encode } from '../../src/protocol/chain/address.ts';
import { txHash } from '../../src/protocol/chain/signed.ts';
import { ae, alice, carol, open, pay, quietDevnet } from '../devnet/support.ts';

interface Recorded {
  label: string;
  method: string;
  path: string;
  request?: { tx: string };
  status: number;
  contentType: string | null;
  body: string;
}
const recorded = JSON.parse(readFileSync(new URL('../vectors/node-api.json', import.meta.url), 'utf8'))
  .responses as Recorded[];
const named = (label: string) => recorded.find((response) => response.label === label)!;

type Answer = { status: number; body: string; contentType?: string | null; delay?: number; cut?: boolean };
type Seen = { method: string; path: string; body: string };

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** A real HTTP server with these answers; the client's requests are kept. */
async function serving(answer: (seen: Seen) => Answer, timeoutMs = 2_000) {
  const requests: Seen[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      const seen = { method: request.method!, path: request.url!, body };
      requests.push(seen);
      const { status, body: text, contentType = 'application/json', delay = 0, cut } = answer(seen);
      setTimeout(() => {
        response.writeHead(status, contentType ? { 'content-type': contentType } : {});
        if (!cut) return response.end(text);
        response.write(text.slice(0, 10));
        setTimeout(() => response.destroy(), 20);
      }, delay);
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { chain: createNodeClient({ url, timeoutMs }), requests, url };
}

/** The real node: its recorded answer to the path, whatever the query. */
const real = ({ method, path, body }: Seen): Answer => {
  const plain = (text: string) => text.split('?')[0];
  const fits = recorded.filter(
    (one) =>
      one.method === method &&
      plain(one.path) === plain(path) &&
      (method === 'GET' || JSON.stringify(one.request) === body),
  );
  return fits.find((one) => one.path.includes('int-as-string')) ?? fits[0] ?? { status: 404, body: '' };
};

const idIn = (label: string, prefix: 'ak' | 'ch' | 'th') =>
  decode(prefix, named(label).path.split('/')[3]!.split('?')[0]!);
const txOf = (label: string) => decode('tx', named(label).request!.tx);

describe('against answers of the real node', () => {
  test('status: network, chain and height', async () => {
    const { chain, requests } = await serving(real);
    const body = JSON.parse(named('status int-as-string').body);
    expect(await chain.status()).toEqual({
      networkId: 'ae_devnet',
      chainHash: decode('kh', body.genesis_key_block_hash),
      height: Number(body.top_block_height),
      syncing: false,
    });
    expect(requests[0]!.path).toBe('/v3/status?int-as-string=true');
  });

  test('an account has its balance to the aetto', async () => {
    const { chain } = await serving(real);
    expect(await chain.account(idIn('int-as-string', 'ak'))).toEqual({
      balance: 9499999983160000000000n,
      nonce: 1n,
    });
  });

  test('an unknown account is empty, and its next nonce is 1', async () => {
    const { chain } = await serving(real);
    const key = idIn('account unknown', 'ak');
    expect(await chain.account(key)).toEqual({ balance: 0n, nonce: 0n });
    expect(await chain.nextNonce(key)).toBe(1n);
  });

  test('the next nonce counts what waits', async () => {
    const { chain, requests } = await serving(() => named('next nonce with pending'));
    expect(await chain.nextNonce(idIn('account', 'ak'))).toBe(2n);
    expect(requests[0]!.path).toContain('/next-nonce?strategy=max');
  });

  test('post gives the hash that the node gives', async () => {
    const { chain } = await serving(real);
    for (const label of ['post ok', 'post insufficient balance', 'channel create']) {
      const hash = await chain.post(txOf(label));
      expect(encode('th', hash)).toBe(JSON.parse(named(label).body).tx_hash);
    }
  });

  test.each(['post again', 'post mined again'])('%s counts as posted', async (label) => {
    const { chain } = await serving(() => named(label));
    const tx = txOf(label);
    expect(await chain.post(tx)).toEqual(txHash(tx));
  });

  test.each([
    ['post nonce too low', 'nonce_too_low', /its number in the account was used already/],
    ['post nonce far too high', 'nonce_too_high', /transactions before it are missing/],
    ['post ttl expired', 'ttl_expired', /its deadline has passed/],
    ['post wrong signature', 'signature_check_failed', /a signature is missing, wrong/],
    ['post unsigned', 'broken_tx', /the node cannot read it/],
    ['channel create with one signature', 'signature_check_failed', /signature/],
  ])('%s is refused with %s and a sentence', async (label, reason, sentence) => {
    const { chain } = await serving(real);
    const error = await chain.post(txOf(label)).catch((caught) => caught);
    expect(error).toBeInstanceOf(TransactionRefusedError);
    expect(error.reason).toBe(reason);
    expect(error.message).toMatch(sentence);
  });

  test('a reason that it has no sentence for keeps the node’s words', async () => {
    const { chain } = await serving(() => ({
      status: 400,
      body: '{"error_code":"constructor","reason":"Invalid tx"}',
    }));
    const error = await chain.post(Uint8Array.of(1)).catch((caught) => caught);
    expect(error.reason).toBe('constructor');
    expect(error.message).toBe('The chain refused the transaction: Invalid tx (constructor).');
  });

  test('a transaction is unknown, pending, or at a height', async () => {
    expect(await (await serving(real)).chain.transaction(idIn('transaction unknown', 'th'))).toBe('unknown');
    const hash = idIn('transaction pending', 'th');
    const pending = await serving(() => named('transaction pending'));
    expect(await pending.chain.transaction(hash)).toBe('pending');
    const text = named('transaction pending').body.replace('"block_height":-1', '"block_height":"-1"');
    const asText = await serving(() => ({ status: 200, body: text }));
    expect(await asText.chain.transaction(hash)).toBe('pending');
    const mined = await serving(() => named('transaction mined'));
    expect(await mined.chain.transaction(hash)).toEqual({ height: 12 });
  });

  test('a channel has every field, amounts to the aetto', async () => {
    const { chain } = await serving(real);
    const body = JSON.parse(named('channel').body);
    const found = await chain.channel(idIn('channel', 'ch'));
    expect(found).toEqual({
      id: idIn('channel', 'ch'),
      initiator: decode('ak', body.initiator_id),
      responder: decode('ak', body.responder_id),
      channelAmount: 5000000000000000000n,
      initiatorAmount: 3000000000000000000n,
      responderAmount: 2000000000000000000n,
      channelReserve: 10000000000000000n,
      round: 1n,
      soloRound: 0n,
      stateHash: new Uint8Array(32).fill(7),
      lockPeriod: 3,
      lockedUntil: 0,
      delegates: { initiator: [], responder: [] },
    });
    expect(await chain.channel(idIn('channel unknown', 'ch'))).toBeNull();
  });
});

describe('a node that cannot be used', () => {
  const key = () => idIn('int-as-string', 'ak');
  const account = named('int-as-string');
  const changed = (change: (body: Record<string, unknown>) => void) => {
    const body = JSON.parse(account.body);
    change(body);
    return { status: 200, body: JSON.stringify(body) };
  };

  test.each<[string, Answer, RegExp]>([
    [
      'HTML',
      { status: 200, body: '<html>\n<body>Welcome</body></html>', contentType: 'text/html' },
      /no JSON: "<html> <body>Welcome/,
    ],
    [
      'an empty 404, as where the API is elsewhere',
      { status: 404, body: '', contentType: null },
      /404 with nothing/,
    ],
    ['a 404 of another program', { status: 404, body: '{"message":"no route"}' }, /answered 404/],
    ['a bare number', { status: 200, body: '12' }, /no object/],
    ['a list', { status: 200, body: '[]' }, /no object/],
    ['null', { status: 200, body: 'null' }, /no object/],
    ['500', { status: 500, body: '{"reason":"Internal error"}' }, /answered 500: Internal error/],
    ['429', { status: 429, body: '{"reason":"Slow down"}' }, /answered 429/],
    [
      'another account',
      changed((body) => {
        body.id = encode('ak', new Uint8Array(32));
      }),
      /asked about ak_2a1j.* answered about ak_11/,
    ],
    [
      'no balance',
      changed((body) => {
        delete body.balance;
      }),
      /balance is missing instead of a whole number/,
    ],
    [
      'a fraction',
      changed((body) => {
        body.balance = '1.5';
      }),
      /balance is "1.5"/,
    ],
    [
      'a negative balance',
      changed((body) => {
        body.balance = '-1';
      }),
      /balance is "-1"/,
    ],
    [
      'a rounded number',
      changed((body) => {
        body.balance = 9499999983160000000000;
      }),
      /balance is 9\.4/,
    ],
    [
      'an endless number',
      changed((body) => {
        body.balance = '9'.repeat(5_000);
      }),
      /balance is "9{79}…/,
    ],
    [
      'hex',
      changed((body) => {
        body.balance = '0x10';
      }),
      /balance is "0x10"/,
    ],
  ])('%s is no answer', async (_, answer, message) => {
    const { chain, url } = await serving(() => answer);
    const error = await chain.account(key()).catch((caught) => caught);
    expect(error).toBeInstanceOf(ChainUnavailableError);
    expect(error.message).toMatch(message);
    expect(error.message).toContain(`${url}/v3/accounts/ak_`);
  });

  test('a post that is answered with another hash, or not in the API’s way, is not posted', async () => {
    const tx = txOf('post ok');
    for (const answer of [
      { status: 200, body: JSON.stringify({ tx_hash: encode('th', new Uint8Array(32)) }) },
      { status: 400, body: '{"reason":"Bad Request"}' },
      { status: 404, body: '{"reason":"not found"}' },
      { status: 200, body: '{}' },
    ]) {
      const { chain } = await serving(() => answer);
      await expect(chain.post(tx)).rejects.toThrow(ChainUnavailableError);
    }
  });

  test('wrong ids and hashes in status and channel are no answer', async () => {
    const status = JSON.parse(named('status').body);
    for (const change of [
      { genesis_key_block_hash: 'kh_nonsense' },
      { genesis_key_block_hash: encode('ak', new Uint8Array(32)) },
      { network_id: '' },
      { top_block_height: -1 },
      { top_block_height: '99999999999999999999' },
    ]) {
      const { chain } = await serving(() => ({
        status: 200,
        body: JSON.stringify({ ...status, ...change }),
      }));
      await expect(chain.status(), JSON.stringify(change)).rejects.toThrow(ChainUnavailableError);
    }
    const channel = JSON.parse(named('channel int-as-string').body);
    for (const field of Object.keys(channel)) {
      const { chain } = await serving(() => ({
        status: 200,
        body: JSON.stringify({ ...channel, [field]: {} }),
      }));
      await expect(chain.channel(idIn('channel', 'ch')), field).rejects.toThrow(
        new RegExp(`${field} is \\{\\}`),
      );
    }
  });

  test('a channel’s heights that no number holds, which its parties chose, are the farthest one', async () => {
    const channel = JSON.parse(named('channel int-as-string').body);
    const far = { lock_period: '9007199254740992', locked_until: '99999999999999999999' };
    const { chain } = await serving(() => ({ status: 200, body: JSON.stringify({ ...channel, ...far }) }));
    expect(await chain.channel(idIn('channel', 'ch'))).toMatchObject({
      lockPeriod: Number.MAX_SAFE_INTEGER,
      lockedUntil: Number.MAX_SAFE_INTEGER,
    });
  });

  test('one that does not answer in time is given up, in the middle of a body too', async () => {
    const slow = await serving(() => ({ ...account, delay: 5_000 }), 150);
    const before = performance.now();
    await expect(slow.chain.account(key())).rejects.toThrow(/no answer within 0.15 s/);
    expect(performance.now() - before).toBeLessThan(2_000);
    const cut = await serving(() => ({ ...account, cut: true }));
    await expect(cut.chain.account(key())).rejects.toThrow(ChainUnavailableError);
  });

  test('one that is not there is named', async () => {
    const { url } = await serving(real);
    for (const server of servers.splice(0)) server.close();
    const chain = createNodeClient({ url, timeoutMs: 1_000 });
    await expect(chain.status()).rejects.toThrow(
      new RegExp(`cannot be reached .GET ${url}/v3/status.*ECONNREFUSED`),
    );
  });
});

describe('the networks', () => {
  test('their URLs need nothing added', () => {
    for (const preset of networkPresets) {
      expect(new URL(preset.nodeUrl).origin).toBe(preset.nodeUrl);
      expect(preset.faucetPath ?? '/').toMatch(/^\//);
    }
    expect(networkPresets.map((preset) => preset.networkId)).toEqual(['ae_devnet', 'ae_uat', 'ae_mainnet']);
  });

  test('a slash at the end of a node’s address does not matter', async () => {
    const { url, requests } = await serving(real);
    await createNodeClient({ url: `${url}/`, timeoutMs: 1_000 }).status();
    expect(requests[0]!.path).toBe('/v3/status?int-as-string=true');
  });
});

describe('against a running devnet', () => {
  test('a payment is pending, then at a height, and moves coins to the aetto', async () => {
    const devnet = await quietDevnet();
    try {
      const chain = createNodeClient({ url: devnet.url, timeoutMs: 5_000 });
      const { networkId, height } = await chain.status();
      expect(networkId).toBe('ae_devnet');
      expect(await chain.nextNonce(alice.publicKey)).toBe(1n);
      const { bytes } = pay(alice, carol, ae + 1n, 1n);
      const hash = await chain.post(bytes);
      expect(await chain.post(bytes)).toEqual(hash);
      expect(await chain.transaction(hash)).toBe('pending');
      expect(await chain.nextNonce(alice.publicKey)).toBe(2n);
      devnet.miner.mineMicro();
      const found = await chain.transaction(hash);
      expect(found).toEqual({ height: expect.any(Number) });
      expect((found as { height: number }).height).toBeGreaterThanOrEqual(height);
      expect(await chain.post(bytes)).toEqual(hash);
      const left = await chain.account(alice.publicKey);
      expect(left.nonce).toBe(1n);
      expect(left.balance).toBeLessThan(999n * ae);
      expect(await chain.account(carol.publicKey)).toEqual({ balance: ae + 1n, nonce: 0n });
      await expect(chain.post(pay(alice, carol, 5n, 1n).bytes)).rejects.toMatchObject({
        reason: 'nonce_too_low',
      });
    } finally {
      await devnet.close();
    }
  });

  test('a channel is there once it is mined', async () => {
    const devnet = await quietDevnet();
    try {
      const chain = createNodeClient({ url: devnet.url, timeoutMs: 5_000 });
      const { transaction, id } = open(1n);
      await chain.post(transaction.bytes);
      expect(await chain.channel(id)).toBeNull();
      devnet.miner.mineMicro();
      expect(await chain.channel(id)).toMatchObject({
        id,
        initiator: alice.publicKey,
        channelAmount: 15n * ae,
        initiatorAmount: 10n * ae,
        responderAmount: 5n * ae,
        channelReserve: ae,
        round: 1n,
        lockPeriod: 3,
        lockedUntil: 0,
      });
    } finally {
      await devnet.close();
    }
  });
});
