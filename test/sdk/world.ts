/**
 * A wallet as a page meets it, all of it in this process: the real worker's wallet and page server, the real bridge and
 * provider, a person who answers; a headless peer with its socket; a chain.
 */
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Runtime } from 'webextension-polyfill';
import { type Devnet, startDevnet } from '../../devnet/index.ts';
import type { Flags } from '../../peer/flags.ts';
import { type Peer, startPeer } from '../../peer/peer.ts';
import { type Policy, readPolicy } from '../../peer/policy.ts';
import { createHandlers } from '../../src/background/handlers.ts';
import { createPageServer } from '../../src/background/page-server.ts';
import type { Wallet } from '../../src/background/wallet.ts';
import { Bridge } from '../../src/content/bridge.ts';
import { createProvider, type TandemProvider } from '../../src/content/provider.ts';
import type { WorkerPort } from '../../src/content/worker-link.ts';
import type { ApprovalView } from '../../src/rpc/schema.ts';
import { loadWallet } from '../background/installed.ts';
import { installation, loadVault, password } from '../backup/support.ts';
import { until } from '../engine/party.ts';

export const ae = 10n ** 18n;
export const origin = 'http://shop.example';

type Listener = (message: never) => void;

/** Both ends of a runtime port; messages travel as JSON and arrive later, as in the browser. */
function portPair(from: string): { page: WorkerPort; worker: Runtime.Port } {
  const ends = [0, 1].map(() => ({ message: [] as Listener[], disconnect: [] as Listener[] }));
  let open = true;
  const end = (own: number) => ({
    postMessage(message: unknown) {
      const text = JSON.stringify(message);
      setImmediate(() => {
        if (!open) return;
        for (const listener of ends[1 - own]!.message) listener(JSON.parse(text) as never);
      });
    },
    disconnect() {
      open = false;
      setImmediate(() => {
        for (const listener of ends[1 - own]!.disconnect) listener(undefined as never);
      });
    },
    onMessage: { addListener: (listener: Listener) => void ends[own]!.message.push(listener) },
    onDisconnect: { addListener: (listener: Listener) => void ends[own]!.disconnect.push(listener) },
  });
  const sender = { id: 'extension', frameId: 0, tab: {}, origin: from };
  return {
    page: end(0) as unknown as WorkerPort,
    worker: { ...end(1), name: 'tandem:page', sender } as unknown as Runtime.Port,
  };
}

export interface PageHere {
  provider: TandemProvider;
  /** The page is gone: closed, or on its way to be loaded anew. */
  close(): void;
}

/** An installed wallet. `restart` is what the browser does to its worker. */
export async function walletHere(node: string) {
  const parts = await installation();
  const asked: ApprovalView[] = [];
  const answered = new Set<string>();
  let says: 'yes' | 'no' | 'nothing' = 'yes';

  async function worker() {
    const vault = await loadVault(parts);
    const ports = new Set<Runtime.Port>();
    let pages: ReturnType<typeof createPageServer> | null = null;
    const wallet: Wallet = await loadWallet(parts, {
      vault,
      changed: () => setImmediate(() => wallet?.showApprovals()),
      attention(approvals) {
        for (const approval of approvals) {
          if (answered.has(approval.id)) continue;
          if (!asked.some(({ id }) => id === approval.id)) asked.push(approval);
          if (says === 'nothing') continue;
          answered.add(approval.id);
          const digest = 'digest' in approval ? approval.digest : '';
          void wallet
            .decide(approval.id, says === 'yes', digest)
            .catch(() => undefined)
            .finally(() => answered.delete(approval.id));
        }
      },
      pushToPages: (to, event) => pages?.push(to, event),
    });
    pages = createPageServer(Promise.resolve(wallet), 'extension', () => Date.now());
    await wallet.start();
    return { wallet, vault, pages, ports };
  }
  let here = await worker();
  const handlers = createHandlers(here.wallet, here.vault, { ...parts, vault: here.vault });
  await handlers['network.set']({ nodeUrl: node, relay: null });
  const { mnemonic } = await handlers['vault.newPhrase']({});
  const { address } = await handlers['vault.create']({ mnemonic, password });
  await fetch(`${node}/devnet/faucet`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ address, amount: (1_000n * ae).toString() }),
  });
  await until(
    'coins',
    () => here.wallet.refreshBalance().then(() => here.wallet.view().account?.balance),
    (balance) => balance === String(1_000n * ae),
  );

  return {
    address,
    /** Everything that the person was asked, in order. */
    asked,
    person(answer: typeof says) {
      says = answer;
      here.wallet.showApprovals();
    },
    wallet: () => here.wallet,
    page(of = origin): PageHere {
      let tell: (text: string) => void = () => undefined;
      let gone = false;
      const bridge = new Bridge({
        connect() {
          const { page, worker } = portPair(of);
          here.ports.add(worker);
          here.pages.accept(worker);
          return page;
        },
        toPage: (text) => setImmediate(() => gone || tell(text)),
        after: (run, milliseconds) => void setTimeout(() => gone || run(), milliseconds),
      });
      const provider = createProvider({
        post: (text) => setImmediate(() => gone || bridge.receive(text)),
        onText: (listener) => {
          tell = listener;
        },
      });
      return {
        provider,
        close() {
          gone = true;
          bridge.hide();
        },
      };
    },
    /** The browser stops the worker, and starts it when a page wants it. */
    async restart() {
      const before = here;
      await before.wallet.stop();
      here = await worker();
      for (const port of before.ports) port.disconnect();
    },
    stop: () => here.wallet.stop(),
  };
}
export type WalletHere = Awaited<ReturnType<typeof walletHere>>;

export async function peerHere(
  node: string,
  {
    data = mkdtempSync(join(tmpdir(), 'tandem-peer-')),
    policy = {} as Partial<Policy>,
    api = 0,
    listen = 0,
  } = {},
): Promise<{ peer: Peer; data: string; token: string }> {
  const flags: Flags = {
    data,
    node,
    listen,
    http: 0,
    api,
    name: 'Demo shop',
    policy: 'peer/policy.json',
    faucet: null,
    minimumDepth: 1,
    tower: null,
    takeOver: false,
  };
  const peer = await startPeer(flags, { ...readPolicy(flags.policy), ...policy }, () => undefined);
  return { peer, data, token: readFileSync(peer.api!.tokenFile, 'utf8').trim() };
}

export const chainHere = (): Promise<Devnet> => startDevnet({ port: 0, keyBlockMs: 150, microBlockMs: 20 });

export { until };
