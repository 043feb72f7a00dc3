/** What clients may do wrong, and what browsers ask for. */
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Devnet, startDevnet } from '../../devnet/index.ts';
import { toJson } from '../../devnet/json.ts';
import { encode } from '../../src/protocol/chain/address.ts';
import { address, ae, alice, bob, call, carol, pay, quietDevnet } from './support.ts';

let devnet: Devnet;
const unexpected = vi.spyOn(console, 'error');
beforeAll(async () => {
  devnet = await quietDevnet();
});
afterAll(async () => {
  expect(unexpected).not.toHaveBeenCalled();
  await devnet.close();
});

const raw = (path: string, init?: RequestInit) => fetch(devnet.url + path, init);
const postRaw = async (path: string, body: string | Uint8Array<ArrayBuffer>) => {
  const response = await raw(path, { method: 'POST', body });
  return { status: response.status, text: await response.text() };
};

describe('malformed input is answered with 400 or 404, never 500', () => {
  const paths = [
    '/v3/accounts/',
    '/v3/accounts/%',
    '/v3/accounts/%00',
    `/v3/accounts/${'a'.repeat(5000)}`,
    `/v3/accounts/ak_${'1'.repeat(5000)}`,
    `/v3/accounts/${address(alice)}/height/x`,
    `/v3/accounts/${address(alice)}/height/-1`,
    `/v3/accounts/${address(alice)}/height/99999999999999999999`,
    `/v3/accounts/${address(alice)}/hash/kh_x`,
    `/v3/accounts/${address(alice)}/hash/${encode('kh', new Uint8Array(32))}`,
    `/v3/accounts/${address(alice)}/next-nonce?strategy=best`,
    '/v3/key-blocks/height/1.5',
    '/v3/key-blocks/hash/mh_2AAA',
    `/v3/key-blocks/hash/${encode('kh', new Uint8Array(32))}`,
    `/v3/micro-blocks/hash/${encode('mh', new Uint8Array(32))}/header`,
    '/v3/generations/height/1e3',
    '/v3/transactions/',
    '/v3/transactions/th_/info',
    '/v3/channels/ak_x',
    '/devnet/nothing',
    '//',
    '/v3/../../etc/passwd',
  ];
  for (const path of paths) {
    it(path.slice(0, 80), async () => {
      const { status } = await raw(path);
      expect([400, 404]).toContain(status);
    });
  }

  for (const [name, body, reason] of [
    ['no body', '', 'validation_error'],
    ['no JSON', '{"tx":', 'Invalid JSON'],
    ['a list', '[]', 'validation_error'],
    ['null', 'null', 'validation_error'],
    ['a number for tx', '{"tx":1}', 'validation_error'],
    ['a text without bytes', '{"tx":"tx_"}', 'Invalid api encoding'],
    ['a public key for tx', `{"tx":"${address(alice)}"}`, 'Invalid api encoding'],
    ['bytes that are no transaction', `{"tx":"${encode('tx', new Uint8Array(99))}"}`, 'Invalid tx'],
  ] as const) {
    it(`post: ${name}`, async () => {
      const { status, text } = await postRaw('/v3/transactions', body);
      expect([status, JSON.parse(text).reason]).toEqual([400, reason]);
    });
  }

  it('every prefix and every flipped byte of a transaction', async () => {
    const { bytes } = pay(alice, bob, ae, 1n);
    for (let i = 0; i < bytes.length; i += 3) {
      const flipped = bytes.map((byte, at) => (at === i ? byte ^ 0x41 : byte));
      for (const broken of [bytes.slice(0, i), flipped]) {
        const { status } = await call(devnet, '/v3/transactions', { tx: encode('tx', broken) });
        expect(status).toBe(400);
      }
    }
    expect(devnet.chain.pool.size).toBe(0);
  });

  it('a body above a megabyte', async () => {
    const { status } = await postRaw('/v3/transactions', new Uint8Array(1024 * 1024 + 1));
    expect(status).toBe(413);
  });

  it('a connection that breaks off within a body', async () => {
    const socket = connect(devnet.port, '127.0.0.1');
    socket.write('POST /v3/transactions HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{"tx');
    await new Promise((resolve) => setTimeout(resolve, 50));
    socket.destroy();
    expect((await raw('/v3/status')).status).toBe(200);
  });

  it('a method that the path does not have', async () => {
    expect((await raw('/v3/status', { method: 'DELETE' })).status).toBe(405);
    expect((await raw('/v3/transactions')).status).toBe(405);
  });
});

describe('browsers', () => {
  it('may call from any origin, private network included', async () => {
    const response = await raw('/v3/transactions', {
      method: 'OPTIONS',
      headers: {
        origin: 'chrome-extension://abcdef',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type',
        'access-control-request-private-network': 'true',
      },
    });
    expect(response.status).toBe(204);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-allow-headers': '*',
      'access-control-allow-private-network': 'true',
    });
    for (const path of ['/v3/status', '/v3/nothing', '/v3/channels/ch_x']) {
      expect((await raw(path)).headers.get('access-control-allow-origin')).toBe('*');
    }
  });
});

describe('integers', () => {
  it('are printed in full, or as texts when asked', async () => {
    const path = `/v3/accounts/${address(alice)}`;
    expect((await call(devnet, path)).text).toContain('"balance":1000000000000000000000,');
    expect((await call(devnet, `${path}?int-as-string=true`)).text).toContain(
      '"balance":"1000000000000000000000"',
    );
  });

  it('that are no safe number are never written wrongly', () => {
    expect(() => toJson(2 ** 53)).toThrow('use bigint');
    expect(toJson({ b: 2n ** 64n, a: [0.5 + 0.5] })).toBe('{"a":[1],"b":18446744073709551616}');
  });
});

describe('the faucet', () => {
  it('pays by a real spend, exactly the amount', async () => {
    const { body, text } = await call(devnet, '/devnet/faucet', {
      address: address(carol),
      amount: '2500000000000000001',
    });
    expect(text).toContain('"amount":2500000000000000001');
    devnet.miner.mineMicro();
    const mined = (await call(devnet, `/v3/transactions/${body.tx_hash}`)).body;
    expect(mined.tx.type).toBe('SpendTx');
    expect((await call(devnet, `/v3/accounts/${address(carol)}`)).text).toContain(
      '"balance":2500000000000000001,',
    );
  });

  it('pays many at once', async () => {
    const replies = await Promise.all(
      Array.from({ length: 120 }, () =>
        call(devnet, '/devnet/faucet', { address: address(carol), amount: '1' }),
      ),
    );
    expect(replies.map(({ status }) => status)).toEqual(replies.map(() => 200));
    devnet.miner.mineMicro();
    expect((await call(devnet, `/v3/accounts/${address(carol)}`)).text).toContain(
      '"balance":2500000000000000121,',
    );
  });

  for (const [name, body, reason] of [
    ['no address', {}, 'address is undefined, needs a text that begins with ak_'],
    ['a wrong address', { address: 'ak_x' }, 'address is "ak_x", needs a text that begins with ak_'],
    [
      'a negative amount',
      { address: address(carol), amount: '-1' },
      'amount is "-1", needs aetto as a text of digits',
    ],
    [
      'an inexact amount',
      { address: address(carol), amount: 1e30 },
      'amount is 1e+30, needs aetto as a text of digits',
    ],
    ['a misspelled field', { adress: '' }, 'adress is not known here; known: address, amount'],
  ] as const) {
    it(`refuses ${name}`, async () => {
      const reply = await call(devnet, '/devnet/faucet', body);
      expect([reply.status, reply.body.reason]).toEqual([400, reason]);
    });
  }
});

describe('start', () => {
  it('at a chosen height', async () => {
    const high = await startDevnet({ port: 0, keyBlockMs: 0, microBlockMs: 0, startHeight: 200_000 });
    expect((await call(high, '/v3/key-blocks/current/height')).body).toEqual({ height: 200_000 });
    expect((await call(high, '/v3/key-blocks/height/199998')).status).toBe(404);
    await high.close();
  });

  it('mines by the clock', async () => {
    const timed = await quietDevnet({ keyBlockMs: 30, microBlockMs: 10 });
    const payment = pay(alice, bob, ae, 1n);
    timed.chain.post(payment);
    timed.miner.wake();
    await expect.poll(() => timed.chain.mined(payment.hash) !== undefined).toBe(true);
    await expect.poll(() => timed.chain.height).toBeGreaterThan(3);
    await timed.close();
  });
});
