/** A page with the unmodified aepp-sdk finds the wallet, connects, signs, and hears of its network. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { servePages } from './harness/pages.ts';
import { devnet } from './harness/services.ts';
import { answer as click, password, Wallet } from './harness/wallet.ts';

const ae = 10n ** 18n;

type Sdk = typeof import('@aeternity/aepp-sdk');
type AeSdkAepp = InstanceType<Sdk['AeSdkAepp']>;
declare global {
  interface Window {
    Aeternity: Sdk;
    aepp: AeSdkAepp;
    heard: { network: unknown[]; disconnect: unknown[] };
  }
}

let chain: Awaited<ReturnType<typeof devnet>>;
let second: Awaited<ReturnType<typeof devnet>>;
let pages: Awaited<ReturnType<typeof servePages>>;
let wallet: Wallet;
let page: Page;
let address: `ak_${string}`;

beforeAll(async () => {
  chain = await devnet({ keyBlockMs: 700, microBlockMs: 50 });
  second = await devnet({ networkId: 'ae_other' });
  pages = await servePages();
  wallet = await Wallet.launch({ name: 'sdk' });
  address = (await wallet.setUp(chain, 100n * ae)) as typeof address;
});
afterAll(async () => {
  await wallet?.close();
  await pages?.close();
  await chain?.close();
  await second?.close();
});

/** Answers the next question. A fresh approval takes no yes for half a second. */
async function answer(act: () => unknown, name: string, shot?: string): Promise<string> {
  const approval = await wallet.approval(act);
  const button = approval.getByRole('button', { name, exact: true });
  await button.waitFor();
  const text = (await approval.locator('main, #root').first().textContent()) ?? '';
  if (shot) await wallet.shot(approval, shot);
  await expect.poll(() => button.isEnabled()).toBe(true);
  await Promise.all([approval.waitForEvent('close'), click(button)]);
  return text;
}

/** What a call in the page gave, or its error. */
type Outcome<T> = { value: T } | { name: string; code: unknown; data: unknown };

/** Detects and opens a connection, as the SDK's documentation does. */
function connect(nodeUrl: string) {
  const { walletDetector, BrowserWindowMessageConnection, AeSdkAepp, Node } = window.Aeternity;
  return new Promise<Outcome<unknown>>((resolve) => {
    window.heard = { network: [], disconnect: [] };
    window.aepp = new AeSdkAepp({
      name: 'test page',
      nodes: [{ name: 'node', instance: new Node(nodeUrl) }],
      onNetworkChange: (params) => void window.heard.network.push(params),
      onDisconnect: (params) => void window.heard.disconnect.push(params),
    });
    const stop = walletDetector(new BrowserWindowMessageConnection(), async ({ newWallet }) => {
      stop();
      try {
        const info = await window.aepp.connectToWallet(newWallet.getConnection(), { connectNode: true });
        resolve({ value: { detected: newWallet.info, info } });
      } catch (error) {
        const { name, code, data } = error as { name: string; code: unknown; data: unknown };
        resolve({ name, code, data });
      }
    });
  });
}

describe('a page with the unmodified aepp-sdk', () => {
  it('finds the wallet by its announcements, and hears a no as the SDK’s own error', async () => {
    page = await wallet.page(`${pages.url}/sdk.html`);
    let refused: Promise<unknown> | undefined;
    await answer(() => {
      refused = page.evaluate(connect, chain.url);
    }, 'Decline');
    expect(await refused).toMatchObject({ name: 'RpcConnectionDenyError', code: 9 });
    await page.reload();
  });

  it('asks for nothing before it is connected: RpcNotAuthorizeError', async () => {
    const error = await page.evaluate(async () => {
      const { BrowserWindowMessageConnection, RpcError } = window.Aeternity as never as {
        BrowserWindowMessageConnection: new (
          options: object,
        ) => {
          connect(on: (message: unknown) => void, off: () => void): void;
          sendMessage(message: unknown): void;
        };
        RpcError: { deserialize(error: unknown): { name: string } };
      };
      const connection = new BrowserWindowMessageConnection({
        target: window,
        sendDirection: 'to_waellet',
        receiveDirection: 'to_aepp',
      });
      return await new Promise<string>((resolve) => {
        connection.connect(
          (message) => {
            const { id, error } = message as { id?: number; error?: unknown };
            if (id === 7) resolve(RpcError.deserialize(error).name);
          },
          () => undefined,
        );
        connection.sendMessage({ jsonrpc: '2.0', id: 7, method: 'address.get' });
      });
    });
    expect(error).toBe('RpcNotAuthorizeError');
    await page.reload();
  });

  it('connects when the person says yes, and gets network and node', async () => {
    let connected: Promise<unknown> | undefined;
    await answer(
      () => {
        connected = page.evaluate(connect, chain.url);
      },
      'Connect',
      'sdk-connect',
    );
    expect(await connected).toEqual({
      value: {
        detected: {
          id: 'tandem',
          name: 'Tandem',
          networkId: 'ae_devnet',
          origin: pages.url,
          type: 'extension',
        },
        info: expect.objectContaining({
          networkId: 'ae_devnet',
          node: expect.objectContaining({ url: chain.url }),
        }),
      },
    });
  });

  it('subscribes to the address', async () => {
    const result = await page.evaluate(async () => ({
      subscribed: await window.aepp.subscribeAddress('subscribe' as never, 'connected'),
      asked: await window.aepp.askAddresses(),
      addresses: window.aepp.addresses(),
    }));
    expect(result).toEqual({
      subscribed: { subscription: ['connected'], address: { current: { [address]: {} }, connected: {} } },
      asked: [address],
      addresses: [address],
    });
  });

  it('signs a payment that the person has read; the SDK posts it', async () => {
    const to = 'ak_2swhLkgBPeeADxVTAVCJnZLY5NZtCFiM93JxsEaMuC59euuFRQ';
    let spent: Promise<unknown> | undefined;
    const text = await answer(
      () => {
        spent = page.evaluate(async (to) => (await window.aepp.spend(2.5e18, to as `ak_${string}`)).hash, to);
      },
      'Sign',
      'sdk-spend',
    );
    expect(text).toContain('SpendTx');
    expect(text).toContain('2.5');
    expect(text).toContain(to);
    expect(await spent).toMatch(/^th_/);
    expect(await chain.balance(to)).toBe((5n * ae) / 2n);
  });

  it('sends a transaction itself where the page asks so, and gives its hash', async () => {
    const to = 'ak_fUq2NesPXcYZ1CcqBcGC3StpdnQw3iVxMA3YSeCNAwfN4myQk';
    let sent: Promise<{ hash: string }> | undefined;
    await answer(() => {
      sent = page.evaluate(
        async ({ address, to }) => {
          const { buildTxAsync, Tag } = window.Aeternity;
          const tx = await buildTxAsync({
            tag: Tag.SpendTx,
            senderId: address as never,
            recipientId: to as never,
            amount: 1e18,
            onNode: window.aepp.api,
          });
          const client = window.aepp.rpcClient!;
          const { transactionHash } = (await client.request(
            'transaction.sign' as never,
            {
              tx,
              onAccount: address,
              returnSigned: false,
            } as never,
          )) as { transactionHash: { hash: string } };
          return transactionHash;
        },
        { address, to },
      );
    }, 'Sign and send');
    expect((await sent)!.hash).toMatch(/^th_/);
    await expect.poll(() => chain.balance(to), { timeout: 20_000 }).toBe(ae);
  });

  it('signs a message that the SDK verifies', async () => {
    let verified: Promise<boolean> | undefined;
    const text = await answer(
      () => {
        verified = page.evaluate(async (address) => {
          const signature = await window.aepp.signMessage('hello\nworld');
          return window.Aeternity.verifyMessageSignature('hello\nworld', signature, address);
        }, address);
      },
      'Sign',
      'sdk-message',
    );
    expect(text).toContain('hello');
    expect(await verified).toBe(true);
  });

  it('refuses in the SDK’s own errors: declined, foreign account, channels, raw bytes, other networks', async () => {
    const attempt = (work: string) =>
      page.evaluate(
        async ({ work, address }) => {
          const sdk = window.Aeternity;
          const channelTx = (await sdk.buildTxAsync({
            tag: sdk.Tag.ChannelCloseMutualTx,
            channelId: sdk.encode(new Uint8Array(32).fill(5), sdk.Encoding.Channel),
            fromId: address,
            initiatorAmountFinal: 1,
            responderAmountFinal: 1,
            fee: 2e13,
            nonce: 100,
            ttl: 0,
          })) as string;
          const ask = (method: string, params: object) =>
            window.aepp.rpcClient!.request(method as never, params as never);
          const attempts: Record<string, () => Promise<unknown>> = {
            channel: () => ask('transaction.sign', { tx: channelTx, returnSigned: true }),
            garbage: () => ask('transaction.sign', { tx: 'tx_garbage', returnSigned: true }),
            account: () =>
              ask('message.sign', {
                message: 'x',
                onAccount: 'ak_fUq2NesPXcYZ1CcqBcGC3StpdnQw3iVxMA3YSeCNAwfN4myQk',
              }),
            network: () =>
              ask('transaction.sign', { tx: channelTx, networkId: 'ae_mainnet', returnSigned: true }),
            unsafe: () => ask('data.unsafeSign', { data: 'ba_Xfbg4g==', onAccount: address }),
            typed: () => ask('typedData.sign', { domain: {}, aci: 'int', data: 'cb_AAA' }),
            delegation: () => ask('delegation.sign', { delegation: 'ba_Xfbg4g==' }),
            prototype: () => ask('__proto__', {}),
            select: () => window.aepp.askToSelectNetwork({ networkId: 'ae_mainnet' }),
          };
          try {
            await attempts[work]!();
            return 'done';
          } catch (error) {
            return (error as Error).name;
          }
        },
        { work, address },
      );
    expect(await attempt('channel')).toBe('RpcInvalidTransactionError');
    expect(await attempt('garbage')).toBe('RpcInvalidTransactionError');
    expect(await attempt('account')).toBe('RpcPermissionDenyError');
    expect(await attempt('network')).toBe('RpcNoNetworkById');
    expect(await attempt('unsafe')).toBe('RpcMethodNotFoundError');
    expect(await attempt('typed')).toBe('RpcMethodNotFoundError');
    expect(await attempt('delegation')).toBe('RpcMethodNotFoundError');
    expect(await attempt('prototype')).toBe('RpcMethodNotFoundError');
    expect(await attempt('select')).toBe('RpcRejectedByUserError');
    expect((await wallet.view()).approvals).toEqual([]);
    let declined: Promise<string> | undefined;
    await answer(() => {
      declined = page.evaluate(
        () => window.aepp.signMessage('no').catch((error: Error) => error.name) as never,
      );
    }, 'Decline');
    expect(await declined).toBe('RpcRejectedByUserError');
  });

  it('a request survives the worker: it is asked and answered once it is back', async () => {
    const signed = page.evaluate(async () => (await window.aepp.signMessage('after the stop')).length);
    await wallet.until('the question', (view) => view.approvals.length === 1);
    const before = (await wallet.view()).bootId;
    await wallet.stopWorker();
    const view = await wallet.until(
      'the question again',
      (view) => view.bootId !== before && view.approvals.length === 1,
    );
    const [approval] = view.approvals;
    // The page's call comes back by itself, and only then is there somebody to sign for.
    await new Promise((done) => setTimeout(done, 3_000));
    await wallet.call('approval.decide', {
      id: approval!.id,
      approve: true,
      digest: (approval as { digest: string }).digest,
    });
    expect(await signed).toBe(64);
  });

  it('a locked wallet asks to be unlocked, and then goes on', async () => {
    await wallet.call('vault.lock', {});
    const signed = page.evaluate(async () => (await window.aepp.signMessage('unlocked')).length);
    const unlock = await wallet.approval(() => undefined);
    await unlock.getByLabel('Password', { exact: true }).waitFor();
    await unlock.close();
    await wallet.call('vault.unlock', { password });
    const view = await wallet.until('the question', (view) => view.approvals.length === 1);
    const [approval] = view.approvals;
    await wallet.call('approval.decide', {
      id: approval!.id,
      approve: true,
      digest: (approval as { digest: string }).digest,
    });
    expect(await signed).toBe(64);
  });

  it('hears when the wallet goes to another network', async () => {
    await wallet.call('network.set', { nodeUrl: second.url, relay: null });
    await expect
      .poll(() => page.evaluate(() => window.heard.network.at(-1)))
      .toMatchObject({ networkId: 'ae_other', node: { url: second.url } });
    await wallet.call('network.set', { nodeUrl: chain.url, relay: null });
  });

  it('hears when the person disconnects the site', async () => {
    await wallet.call('site.disconnect', { origin: pages.url });
    await expect
      .poll(() => page.evaluate(() => window.heard.disconnect))
      .toEqual([{ reason: expect.any(String) }]);
  });
});
