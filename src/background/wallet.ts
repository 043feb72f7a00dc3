/**
 * The wallet at work: vault, network, engine, sites. Starts the engine when it is unlocked, stops it when it is
 * locked, builds the view that the popup shows, and carries out what the person decides.
 */

import type { ChannelActor } from '../engine/actor.ts';
import { Engine } from '../engine/engine.ts';
import { createLagWatch, type LagWatch } from '../engine/lag.ts';
import { type NetworkPreset, networkPresets } from '../engine/networks.ts';
import { createNodeClient } from '../engine/node-client.ts';
import { OtherChainError, otherChain } from '../engine/one-chain.ts';
import type { Chain, ChainStatus, Clock, Random, Signer, Store, Transport, Verify } from '../engine/ports.ts';
import type { WaitingSend } from '../engine/sends.ts';
import { defaultSettings, watchInterval } from '../engine/settings.ts';
import { checkTower, startTowerClient, type TowerAddress, type TowerClient } from '../engine/tower-client.ts';
import { equalBytes } from '../protocol/bytes.ts';
import { encode } from '../protocol/chain/address.ts';
import { type HistoryEntry, other, type Settings } from '../protocol/channel/index.ts';
import { parseTowerLink } from '../rpc/invite.ts';
import type { PageEvent } from '../rpc/page.ts';
import type { ApprovalView, ContractPreview, HistoryItem, WalletView } from '../rpc/schema.ts';
import { type Contacts, loadContacts } from './contacts.ts';
import { AeppGate } from './dapps/aepp.ts';
import { loadSiteAsks, type SiteAsks } from './dapps/approvals.ts';
import { Budgets, type Granted, usageOf } from './dapps/budgets.ts';
import { Gate } from './dapps/gate.ts';
import { loadSites, type Sites } from './dapps/sites.ts';
import { contractPreview, siteApproval } from './dapps/views.ts';
import { WalletError } from './errors.ts';
import { createLockedWatch, type LockedWatch } from './locked.ts';
import type { Notice } from './notices/index.ts';
import type { Session, Vault } from './vault/index.ts';
import { channelApproval, channelView } from './view.ts';

export interface WalletDeps {
  store: Store;
  vault: Vault;
  /** Memory that survives a restart of the worker. */
  session: Session;
  verify: Verify;
  clock: Clock;
  random: Random;
  bootId: string;
  signerFromSeed(seed: Uint8Array): Promise<Signer>;
  transport(seed: Uint8Array, relay: string | null): Promise<Transport>;
  /** The view changed. */
  changed(): void;
  /** A question of a site or a channel waits for the person. */
  attention(approvals: ApprovalView[]): void;
  /** The window of this question is not closed with it. */
  keepWindow(id: string): void;
  wantUnlock(): void;
  /** So many channels are being closed with an old state while the wallet is locked. */
  alarm(channels: number): void;
  notify(notice: Notice): void;
  pushToPages(origin: string, event: PageEvent): void;
  /** The wallet is on another network than before. */
  networkChanged(): void;
}

/** What the person chose, kept in table `meta` under `settings`. */
interface StoredSettings {
  autoLockMinutes: number;
  minimumDepth: number;
  acceptIncoming: boolean;
  /** Link of the watchtower that new channels name; null for none. */
  watchtower: string | null;
}
/** Kept under `network`: which node and relay, and what that node said of its chain. */
interface StoredNetwork {
  preset: string;
  nodeUrl: string;
  relay: string | null;
  networkId: string;
  chainHash: Uint8Array | null;
}

interface Running {
  engine: Engine;
  transport: Transport;
  signer: Signer;
  address: string;
  tower: TowerClient | null;
}

/** A contract of the other side's is the person's to decide. */
const walletSettings: Settings = { ...defaultSettings, contracts: 'ask' };
const balanceInterval = 2_000;
/** Between two looks of the locked wallet, while its worker lives; an alarm wakes it for more. */
const lockedInterval = 5_000;
/** A page's request waits so long for the person to unlock the wallet. */
const unlockWait = 3 * 60_000;
/** A solo close with a slash takes about so much; kept on chain beside each channel (PROTOCOL 7). */
const disputeFee = 100_000n * 10n ** 9n;

export class Wallet {
  readonly #deps: WalletDeps;
  readonly sites: Sites;
  readonly asks: SiteAsks;
  readonly budgets: Budgets;
  readonly contacts: Contacts;
  readonly gate: Gate;
  readonly aepp: AeppGate;
  #settings: StoredSettings;
  #network: StoredNetwork;
  #chain: Chain;
  #running: Running | null = null;
  /** `stops` is how many there had been when it began: after one more nothing comes of it. */
  #starting: { stops: number; done: Promise<void> } | null = null;
  #stopping: Promise<void> = Promise.resolve();
  #stops = 0;
  readonly #locked: LockedWatch;
  #version = 0;
  #status: ChainStatus | null = null;
  /** Why the node says nothing that counts. */
  #problem: Error | null = null;
  #lag: LagWatch;
  #balance: bigint | null = null;
  #sending: WaitingSend[] = [];
  #storage: WalletView['storage'] = { ok: true, message: null };
  #funded = new Map<string, boolean>();
  #stopBalance: () => void = () => undefined;
  readonly #whenStarted = new Set<() => void>();
  /** Read for every event of every channel. */
  #protocol: Settings = walletSettings;

  static async load(deps: WalletDeps): Promise<Wallet> {
    let wallet: Wallet | null = null;
    const sites = await loadSites(deps.store);
    const asks = await loadSiteAsks({
      store: deps.store,
      clock: deps.clock,
      changed: () => wallet?.changed(),
    });
    const budgets = await Budgets.load({
      store: deps.store,
      clock: deps.clock,
      sites,
      asks,
      push: deps.pushToPages,
      changed: () => wallet?.changed(),
    });
    const contacts = await loadContacts(deps.store);
    const settings = await readSettings(deps.store);
    wallet = new Wallet(deps, { sites, asks, budgets, contacts }, settings, await readNetwork(deps.store));
    return wallet;
  }

  private constructor(
    deps: WalletDeps,
    {
      sites,
      asks,
      budgets,
      contacts,
    }: { sites: Sites; asks: SiteAsks; budgets: Budgets; contacts: Contacts },
    settings: StoredSettings,
    network: StoredNetwork,
  ) {
    this.#deps = deps;
    this.sites = sites;
    this.asks = asks;
    this.budgets = budgets;
    this.contacts = contacts;
    this.#settings = settings;
    this.#network = network;
    this.#chain = createNodeClient({ url: network.nodeUrl, timeoutMs: 8_000 });
    this.#lag = this.#watchLag();
    this.#locked = createLockedWatch({
      store: deps.store,
      session: deps.session,
      clock: deps.clock,
      chain: () => this.#chain,
      network: () => this.#network,
      interval: lockedInterval,
      node: (status, problem) => this.#onChain(status, problem),
      notify: deps.notify,
      alarm: deps.alarm,
      changed: () => this.changed(),
    });
    this.gate = new Gate({
      store: deps.store,
      clock: deps.clock,
      random: deps.random,
      sites,
      asks,
      budgets,
      running: () => this.#forSites(),
      wantUnlock: deps.wantUnlock,
      push: deps.pushToPages,
    });
    this.aepp = new AeppGate({
      store: deps.store,
      clock: deps.clock,
      sites,
      asks,
      network: () => this.networkForPages(),
      unlocked: () => this.#unlocked(),
      connect: (origin) => this.gate.handle(origin, 'connect', {}),
    });
  }

  get settings(): StoredSettings {
    return this.#settings;
  }
  get chain(): Chain {
    return this.#chain;
  }
  get network(): StoredNetwork {
    return this.#network;
  }
  get preset(): NetworkPreset | undefined {
    return networkPresets.find((preset) => preset.networkId === this.#network.networkId);
  }

  /** The unlocked wallet. @throws WalletError with what to do */
  running(): Running {
    const running = this.#open();
    if (running) return running;
    if (this.#deps.vault.status() === 'unlocked')
      throw new WalletError(
        'starting',
        `The wallet is starting: ${this.#problem?.message ?? 'waiting for the node'}.`,
      );
    throw new WalletError('locked', 'The wallet is locked: unlock it first.');
  }

  /** Null from the moment that the lock falls, though the engine is still stopping. */
  #open(): Running | null {
    return this.#running && this.#deps.vault.status() === 'unlocked' ? this.#running : null;
  }

  #forSites() {
    const running = this.#open();
    return running && { ...running, networkId: this.#network.networkId };
  }

  /** What a connected page may know of the network; null where there is no wallet. */
  networkForPages() {
    if (this.#deps.vault.status() === 'empty') return null;
    const { networkId, nodeUrl } = this.#network;
    return { networkId, node: { name: this.preset?.name ?? networkId, url: nodeUrl } };
  }

  /** The wallet once it runs; asks the person to unlock it. Null where that did not happen in time. */
  async #unlocked() {
    if (!this.#open()) {
      if (this.#deps.vault.status() !== 'unlocked') this.#deps.wantUnlock();
      await new Promise<void>((resolve) => {
        const started = () => {
          cancel();
          this.#whenStarted.delete(started);
          resolve();
        };
        const cancel = this.#deps.clock.after(unlockWait, started);
        this.#whenStarted.add(started);
      });
    }
    return this.#forSites();
  }

  // ---- starting and stopping

  /** Starts the engine where the vault is unlocked; a locked wallet looks at the chain without its key. */
  start(): Promise<void> {
    const stops = this.#stops;
    // One that a stop ended is followed by another.
    if (this.#starting?.stops === stops) return this.#starting.done;
    return this.#begin(this.#start(stops));
  }

  #begin(work: Promise<void>): Promise<void> {
    const starting = {
      stops: this.#stops,
      done: work.finally(() => {
        if (this.#starting === starting) this.#starting = null;
      }),
    };
    this.#starting = starting;
    return starting.done;
  }

  async #start(stops: number): Promise<void> {
    // Never two engines on one store: the last one's writes are done first.
    await this.#stopping;
    await this.#askNode();
    const wanted = () => stops === this.#stops && this.#deps.vault.status() === 'unlocked';
    // A copy: the lock clears its own, and what is made of it here must not become another account's.
    const seed = this.#deps.vault.seed()?.slice();
    if (!seed) this.#watchLocked();
    if (this.#running || !seed || stops !== this.#stops) return this.changed();
    const { chainHash, networkId } = this.#network;
    // A wallet that never met its node does not know its chain yet: it tries again.
    if (!chainHash) {
      this.#deps.clock.after(2_000, () => void this.start().catch(() => undefined));
      return this.changed();
    }
    const signer = await this.#deps.signerFromSeed(seed);
    const transport = await this.#deps.transport(seed, this.#network.relay);
    let engine: Engine | null = null;
    try {
      if (wanted()) engine = await this.#startEngine(signer, transport, { networkId, chainHash });
      if (engine) await this.budgets.reconcile(engine);
    } catch (error) {
      // Never two engines on one store.
      await engine?.stop();
      await transport.stop();
      throw error;
    }
    // The lock fell meanwhile, or another network was chosen.
    if (!engine || !wanted()) {
      await engine?.stop();
      await transport.stop();
      return this.changed();
    }
    this.#running = { engine, transport, signer, address: encode('ak', signer.publicKey), tower: null };
    transport.onAddresses(() => this.changed());
    await this.#startTower();
    if (this.#running?.engine !== engine) return;
    for (const actor of engine.channels()) this.#quietly(this.gate.announce(actor, true));
    this.#watchBalance();
    for (const started of [...this.#whenStarted]) started();
    this.changed();
  }

  #startEngine(
    signer: Signer,
    transport: Transport,
    network: { networkId: string; chainHash: Uint8Array },
  ): Promise<Engine> {
    this.#locked.stop();
    this.#chooseTower();
    return Engine.start({
      store: this.#deps.store,
      signer,
      verify: this.#deps.verify,
      clock: this.#deps.clock,
      random: this.#deps.random,
      transport,
      chain: () => this.#chain,
      network,
      settings: () => this.#protocol,
      acceptIncoming: () => this.#settings.acceptIncoming,
      watchInterval,
      on: {
        changed: (actor) => this.#onChanged(actor),
        considering: (actor) => void this.#onConsidering(actor),
        committed: (_, items) => this.#onCommitted(items),
        inband: (actor, data) => this.#quietly(this.gate.message(actor, data)),
        storeFailed: (error) => this.#onStoreFailed(error),
        chain: (status, problem) => this.#onChain(status, problem),
        rival: () => this.#onRival(),
        foreign: () => this.#deps.notify({ type: 'foreign' }),
      },
    });
  }

  async #askNode(): Promise<void> {
    try {
      const status = await this.#chain.status();
      const other = this.#otherChain(status);
      if (other !== null && (await this.#hasChannels())) throw new OtherChainError(other);
      this.#status = status;
      this.#problem = null;
      if (other !== null || !this.#network.chainHash || this.#network.networkId !== status.networkId)
        await this.#putNetwork({
          ...this.#network,
          networkId: status.networkId,
          chainHash: status.chainHash,
        });
    } catch (error) {
      this.#problem = error instanceof Error ? error : new Error(String(error));
    }
  }

  /** Why this status is of another chain than the wallet's; null where it is of that one, or the wallet knows none yet. */
  #otherChain(status: ChainStatus): string | null {
    const { networkId, chainHash } = this.#network;
    return chainHash && otherChain({ networkId, chainHash }, status);
  }

  #watchLag(): LagWatch {
    return createLagWatch({
      chain: () => this.#chain,
      clock: this.#deps.clock,
      changed: () => this.changed(),
    });
  }

  async #hasChannels(): Promise<boolean> {
    return (await this.#deps.store.list('channels', { limit: 1 })).length > 0;
  }

  /** Resolves when nothing of it runs any more, a start that was under way included; none may wait for this. */
  async stop(): Promise<void> {
    this.#stops += 1;
    this.#stopBalance();
    this.#sending = [];
    const running = this.#running;
    this.#running = null;
    running?.tower?.stop();
    const starting = this.#starting?.done;
    const last = this.#stopping;
    this.#stopping = (async () => {
      await last;
      await running?.engine.stop();
      await running?.transport.stop();
    })()
      .catch(() => undefined)
      .then(() => starting)
      .catch(() => undefined);
    // Locked is locked at once, however long the rest takes.
    this.changed();
    await this.#stopping;
    // What the mark said was of questions that wait until the wallet is unlocked again.
    if (running && this.#deps.vault.status() === 'locked') this.#deps.alarm(0);
    this.#watchLocked();
    this.changed();
  }

  #watchLocked(): void {
    if (this.#running || this.#deps.vault.status() !== 'locked') return this.#locked.stop();
    void this.#locked.look();
  }

  /**
   * Lets `work` write the store while nothing of the wallet runs on it, then reads it anew and starts again.
   * Rejects with what `work` rejects with.
   */
  async whileStopped<T>(work: () => Promise<T>): Promise<T> {
    while (this.#starting) await this.#starting.done.catch(() => undefined);
    const busy = (async () => {
      await this.stop();
      const result = await work();
      await this.#reload();
      return result;
    })();
    // Whoever wants to start it meanwhile waits for this.
    const settled = busy.then(
      () => true,
      () => false,
    );
    await this.#begin(settled.then(() => undefined));
    const written = await settled;
    const started = this.start();
    // Where nothing came of it, its reason need not wait for the node.
    if (written) await started;
    else started.catch(() => undefined);
    return busy;
  }

  async #reload(): Promise<void> {
    await this.sites.reload();
    await this.contacts.reload();
    this.#settings = await readSettings(this.#deps.store);
    this.#network = await readNetwork(this.#deps.store);
    this.#chain = createNodeClient({ url: this.#network.nodeUrl, timeoutMs: 8_000 });
    this.#status = null;
    this.#problem = null;
    this.#balance = null;
  }

  /** After a wake-up: connections, chain. */
  poke(): void {
    const running = this.#open();
    if (running) {
      running.engine.poke();
      running.tower?.poke();
    } else void this.start().catch(() => undefined);
  }

  // ---- settings

  async set(changes: Partial<StoredSettings>): Promise<void> {
    const settings = { ...this.#settings, ...changes };
    await this.#deps.store.commit([{ table: 'meta', key: 'settings', value: settings }]);
    this.#settings = settings;
    this.changed();
  }

  /** Another node or relay; the node is asked first, and must be on the chain of the channels there are. */
  async setNetwork(nodeUrl: string, relay: string | null): Promise<void> {
    if (!URL.canParse(nodeUrl) || !/^https?:/.test(nodeUrl))
      throw new WalletError('bad_url', 'Give the address of a node, such as https://testnet.aeternity.io');
    if (relay !== null && !relay.startsWith('/'))
      throw new WalletError('bad_relay', 'Give the relay as a multiaddress that starts with "/".');
    const chain = createNodeClient({ url: nodeUrl.replace(/\/$/, ''), timeoutMs: 8_000 });
    const status = await chain.status();
    const differs = this.#otherChain(status) !== null;
    const open = this.#running?.engine.channels().some((actor) => !actor.over) ?? (await this.#hasChannels());
    if (differs && open)
      throw new WalletError(
        'wrong_network',
        status.networkId === this.#network.networkId
          ? `That node calls its network ${status.networkId} as yours does, but it is another chain. Close your channels first, or give a node of their chain.`
          : `That node is on ${status.networkId}, your channels are on ${this.#network.networkId}. Close them first, or give a node of that network.`,
      );
    // What was seen of the chain so far tells whether the new node is behind it.
    if (differs) this.#lag = this.#watchLag();
    await this.#putNetwork({
      preset: this.#network.preset,
      nodeUrl: nodeUrl.replace(/\/$/, ''),
      relay,
      networkId: status.networkId,
      chainHash: status.chainHash,
    });
    this.#chain = chain;
    this.#balance = null;
    await this.stop();
    await this.start();
  }

  async #putNetwork(network: StoredNetwork): Promise<void> {
    await this.#deps.store.commit([{ table: 'meta', key: 'network', value: network }]);
    const changed =
      this.#network.networkId !== network.networkId || this.#network.nodeUrl !== network.nodeUrl;
    this.#network = network;
    if (changed) this.#deps.networkChanged();
  }

  // ---- watchtower

  /** The one that was chosen, where it is for this network; new channels name it from now on. */
  #chooseTower(): TowerAddress | null {
    const { watchtower } = this.#settings;
    const link = watchtower === null ? null : parseTowerLink(watchtower);
    const tower =
      link && link.networkId === this.#network.networkId
        ? { account: link.peer, addresses: link.addresses }
        : null;
    this.#protocol = tower ? { ...walletSettings, delegates: [tower.account] } : walletSettings;
    return tower;
  }

  async #startTower(): Promise<void> {
    const running = this.#running;
    const tower = this.#chooseTower();
    const { chainHash } = this.#network;
    if (!running || !chainHash) return;
    running.tower?.stop();
    running.tower = null;
    if (!tower) return;
    const client = await startTowerClient({
      tower,
      transport: running.transport,
      store: this.#deps.store,
      clock: this.#deps.clock,
      chainHash,
      actors: () => running.engine.channels(),
      changed: () => this.changed(),
    });
    // Stopped meanwhile, or another one was chosen.
    if (this.#running !== running || running.tower) client.stop();
    else running.tower = client;
  }

  /** Channels that are opened from now on name it; null for none. It has to answer. */
  async setWatchtower(link: string | null): Promise<void> {
    if (link !== null) {
      const { peer, networkId, addresses } = parseTowerLink(link);
      const { transport, signer } = this.running();
      const { chainHash } = this.#network;
      if (networkId !== this.#network.networkId || !chainHash)
        throw new WalletError(
          'bad_tower',
          `This watchtower is for ${networkId}; your wallet is on ${this.#network.networkId}. Ask for another.`,
        );
      if (equalBytes(peer, signer.publicKey))
        throw new WalletError('bad_tower', 'A watchtower needs an account of its own, and this is yours.');
      await checkTower({
        tower: { account: peer, addresses },
        transport,
        clock: this.#deps.clock,
        chainHash,
      }).catch((error) => {
        throw new WalletError('no_tower', error instanceof Error ? error.message : String(error));
      });
    }
    await this.set({ watchtower: link === null ? null : link.trim() });
    await this.#startTower();
    this.changed();
  }

  // ---- what happens

  #onChanged(actor: ChannelActor): void {
    this.#running?.tower?.changed(actor);
    this.#quietly(this.gate.announce(actor));
    this.#storage = { ok: true, message: null };
    this.changed();
  }

  async #onConsidering(actor: ChannelActor): Promise<void> {
    try {
      const { balance } = await this.#chain.account(actor.channel.keys.initiator);
      this.#funded.set(actor.id, balance >= actor.channel.terms.initiatorAmount);
    } catch {
      this.#funded.set(actor.id, false);
    }
    this.changed();
  }

  #onCommitted(items: HistoryEntry[]): void {
    void this.refreshBalance();
    const has = (kind: HistoryEntry['kind']) => items.some((item) => item.kind === kind);
    const amount = items.reduce(
      (sum, item) => sum + (item.kind === 'received' ? (item.amount ?? 0n) : 0n),
      0n,
    );
    if (has('received')) this.#deps.notify({ type: 'received', amount });
    if (has('failed')) this.#deps.notify({ type: 'channel_stopped' });
    if (has('closed')) this.#deps.notify({ type: 'channel_closed' });
  }

  #onRival(): void {
    this.#deps.notify({ type: 'rival' });
    this.changed();
  }

  #onStoreFailed(error: unknown): void {
    const words = error instanceof Error ? error.message : String(error);
    this.#storage = { ok: false, message: words };
    this.changed();
  }

  #onChain(status: ChainStatus | null, problem: Error | null): void {
    const changed = status?.height !== this.#status?.height || problem?.message !== this.#problem?.message;
    if (status) this.#status = status;
    this.#problem = problem;
    if (status) this.#lag.seen(status);
    if (changed) this.changed();
  }

  #watchBalance(): void {
    this.#stopBalance();
    const again = () => {
      this.#stopBalance = this.#deps.clock.after(balanceInterval, again);
      void this.refreshBalance();
    };
    again();
  }

  async refreshBalance(): Promise<void> {
    const running = this.#running;
    if (!running) return;
    try {
      const { balance, nonce } = await this.#chain.account(running.signer.publicKey);
      const sending = await running.engine.waitingSends(nonce);
      if (running !== this.#running) return;
      const key = (sends: WaitingSend[]) => sends.map(({ requestId, fee }) => `${requestId} ${fee}`).join();
      if (balance === this.#balance && key(sending) === key(this.#sending)) return;
      this.#balance = balance;
      this.#sending = sending;
      this.changed();
    } catch {
      // The network's state says so already.
    }
  }

  changed(): void {
    this.#version += 1;
    this.#deps.changed();
  }

  /** Before the engine runs nothing is known of what waits: windows that are open stay. */
  showApprovals(): void {
    if (this.#open()) this.#deps.attention(this.approvals());
  }

  #quietly(work: Promise<unknown>): void {
    work.catch((error) => this.#onStoreFailed(error));
  }

  // ---- approvals

  approvals(): ApprovalView[] {
    const running = this.#open();
    if (!running) return [];
    const ofChannels = running.engine
      .channels()
      .map((actor) => channelApproval(actor, this.#funded.get(actor.id) ?? false))
      .filter((approval) => approval !== null)
      // The initiator's balance is looked up first, so that nothing is shown and then changes.
      .filter((approval) => approval.kind !== 'incoming_channel' || this.#funded.has(approval.channel));
    const shown = {
      engine: running.engine,
      publicKey: running.signer.publicKey,
      networkId: this.#network.networkId,
      budgets: this.budgets,
    };
    const ofSites = this.asks.list().flatMap((ask) => siteApproval(shown, ask) ?? []);
    return [...ofChannels, ...ofSites].sort((a, b) => a.createdAt - b.createdAt);
  }

  /** What a site's contract request would come to now. */
  async contractPreview(id: string): Promise<ContractPreview> {
    const ask = this.asks.get(id);
    if (ask?.kind !== 'site_contract')
      throw new WalletError('gone', 'This request is gone: it was answered already, or taken back.');
    return contractPreview(this.running().engine, ask);
  }

  /** The person's decision, about exactly what was shown. @param granted of a budget, where it is less than was asked */
  async decide(id: string, approve: boolean, digest: string, granted?: Granted): Promise<void> {
    const approval = this.approvals().find((candidate) => candidate.id === id);
    if (!approval)
      throw new WalletError('gone', 'This request is gone: it was answered already, or taken back.');
    const shown = 'digest' in approval ? approval.digest : '';
    if (approve && digest !== shown)
      throw new WalletError('changed', 'This request changed while you looked at it. Check it again.');
    const { engine } = this.running();
    if (!approve && 'origin' in approval) {
      await this.asks.decline(id);
      return;
    }
    switch (approval.kind) {
      case 'connect':
        if (!(await this.gate.connected(approval)))
          throw new WalletError('gone', 'This request is gone: it was answered already, or taken back.');
        return;
      case 'site_budget': {
        const ask = this.asks.get(id);
        const { channelId } = engine.channel(approval.channel).channel;
        if (ask?.kind === 'site_budget' && channelId)
          await this.budgets.grant(ask, encode('ch', channelId), granted ?? ask);
        return;
      }
      case 'site_channel': {
        const ask = this.asks.get(id);
        if (ask?.kind === 'site_channel') await this.gate.operations.carryOut(ask);
        return;
      }
      case 'site_contract': {
        const ask = this.asks.get(id);
        if (ask?.kind === 'site_contract') {
          this.#deps.keepWindow(id);
          const outcome = await this.gate.contracts.carryOut(ask);
          if (outcome && !outcome.ok) throw new WalletError(outcome.code, outcome.message);
        }
        return;
      }
      case 'site_transaction':
      case 'site_message':
        // The page's call signs it; where the page is gone, nothing is signed.
        await this.asks.decide(id, true);
        return;
      case 'site_payment': {
        const ask = this.asks.get(id);
        // The page may be gone; what the person approved is paid all the same, once.
        const outcome = ask?.kind === 'site_payment' ? await this.gate.payments.carryOut(ask) : null;
        if (!outcome)
          throw new WalletError('gone', 'This request is gone: it was answered already, or taken back.');
        if (!outcome.ok) throw new WalletError(outcome.code, outcome.message);
        return;
      }
      case 'incoming_channel':
        await engine.wish(
          approval.channel,
          approve ? { type: 'accept', minimumDepth: this.#settings.minimumDepth } : { type: 'decline' },
        );
        return;
      case 'counter_offer':
        await engine.wish(approval.channel, approve ? { type: 'approve_counter' } : { type: 'decline' });
        return;
      case 'contract_create':
      case 'incoming_update': {
        const number = engine.channel(approval.channel).channel.live.incoming?.number;
        if (number === undefined) throw new WalletError('gone', 'The other side took this back.');
        await engine.wish(approval.channel, { type: 'decide_update', number, accept: approve });
      }
    }
  }

  // ---- the view

  view(): WalletView {
    const running = this.#open();
    const { preset } = this;
    const expected = networkPresets.find((candidate) => candidate.nodeUrl === this.#network.nodeUrl);
    const misnamed = expected && expected.networkId !== this.#network.networkId;
    const wrong = misnamed || this.#problem instanceof OtherChainError;
    return {
      bootId: this.#deps.bootId,
      version: this.#version,
      vault: this.#deps.vault.status(),
      account: running && {
        address: running.address,
        balance: this.#balance?.toString() ?? null,
        coversDisputes: this.#coversDisputes(running),
        sending: this.#sending.map(({ requestId, to, amount, fee, raised }) => ({
          requestId,
          to: encode('ak', to),
          amount: amount.toString(),
          fee: fee.toString(),
          raised: raised.toString(),
        })),
      },
      rival: running?.engine.rival() ? { since: running.engine.rival()!.at } : null,
      locked: this.#deps.vault.status() === 'locked' ? this.#locked.view() : null,
      network: {
        networkId: this.#network.networkId,
        name: preset?.name ?? this.#network.networkId,
        nodeUrl: this.#network.nodeUrl,
        relay: this.#network.relay,
        faucet: Boolean(preset?.faucetPath),
        state: wrong ? 'wrong_network' : this.#problem ? 'unreachable' : this.#status ? 'ok' : 'starting',
        message: misnamed
          ? `This node is on ${this.#network.networkId}, not ${expected.networkId}.`
          : (this.#problem?.message ?? null),
        lag: this.#lag.lag(),
        height: this.#status?.height ?? null,
      },
      channels: (running?.engine.channels() ?? [])
        .filter((actor) => actor.channel.phase !== 'considering')
        .map((actor) => channelView(running!.engine, actor, this.#status?.height ?? 0, running!.tower))
        .map((channel) => ({ ...channel, peer: this.#named(channel.peer) }))
        .sort((a, b) => b.openedAt - a.openedAt),
      approvals: this.approvals(),
      sites: this.#siteViews(),
      // Shown to whoever unlocked the wallet only.
      contacts:
        this.#deps.vault.status() === 'unlocked'
          ? this.contacts.list().map(({ address, name }) => ({ address, name }))
          : [],
      settings: this.#settings,
      storage: this.#storage,
    };
  }

  /** Connected sites, and those that are blocked though they are not connected. */
  #siteViews(): WalletView['sites'] {
    const blocked = new Map(this.asks.blocked().map(({ origin, since }) => [origin, since]));
    const asking = new Set(this.asks.list().map(({ origin }) => origin));
    const connected = this.sites.list().map(({ origin, connectedAt }) => ({
      origin,
      connectedAt,
      blockedSince: blocked.get(origin) ?? null,
      asking: asking.has(origin),
      budgets: this.budgets.ofSite(origin).map((budget) => ({
        channel: budget.channel,
        peer: budget.peer,
        amount: budget.amount.toString(),
        perUpdate: budget.perUpdate.toString(),
        contracts: budget.contracts,
        expiresAt: budget.expiresAt,
        ...usageOf(budget),
      })),
    }));
    const others = [...blocked].filter(([origin]) => !this.sites.get(origin));
    return [
      ...connected,
      ...others.map(([origin, blockedSince]) => ({
        origin,
        connectedAt: null,
        blockedSince,
        asking: asking.has(origin),
        budgets: [],
      })),
    ];
  }

  /** What the person calls it stands above what it calls itself. */
  #named(peer: WalletView['channels'][number]['peer']) {
    const name = this.contacts.name(peer.address);
    return name === null ? peer : { ...peer, name, known: true };
  }

  #coversDisputes({ engine }: Running): boolean {
    const open = engine.channels().filter((actor) => !actor.over).length;
    return open === 0 || this.#balance === null || this.#balance >= BigInt(open) * disputeFee;
  }

  /** History of one channel or of all, newest first. */
  async history(channel: string | null, before: number | null, limit: number) {
    const { engine } = this.running();
    const actors = channel ? [engine.channel(channel)] : engine.channels();
    const items: (HistoryItem & { channel: string })[] = [];
    for (const actor of actors) {
      // Over all channels `before` is a time, within one it is an index.
      const rows = await engine.history(actor.id, channel ? before : null, limit);
      for (const { index, row } of rows)
        for (const entry of [...row.items].reverse()) items.push(historyItem(actor, index, row.at, entry));
    }
    // The entries of one commit share its index: they stay together, or paging by it would lose the rest.
    if (channel !== null) return items;
    return items
      .filter((item) => before === null || item.at < before)
      .sort((a, b) => b.at - a.at)
      .slice(0, limit);
  }

  async faucet(): Promise<string> {
    const { address } = this.running();
    const { preset } = this;
    if (!preset?.faucetPath) throw new WalletError('no_faucet', 'This network gives no test coins away.');
    const response = await fetch(`${this.#network.nodeUrl}${preset.faucetPath}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ address }),
    });
    const body = (await response.json().catch(() => ({}))) as { tx_hash?: unknown; reason?: unknown };
    if (!response.ok || typeof body.tx_hash !== 'string')
      throw new WalletError('faucet', `The faucet gave nothing: ${String(body.reason ?? response.status)}`);
    return body.tx_hash;
  }
}

async function readSettings(store: Store): Promise<StoredSettings> {
  const stored = (await store.get('meta', 'settings')) as Partial<StoredSettings> | undefined;
  return { autoLockMinutes: 30, minimumDepth: 1, acceptIncoming: true, watchtower: null, ...stored };
}

async function readNetwork(store: Store): Promise<StoredNetwork> {
  const stored = (await store.get('meta', 'network')) as StoredNetwork | undefined;
  const preset = networkPresets[0]!;
  return (
    stored ?? {
      preset: preset.id,
      nodeUrl: preset.nodeUrl,
      relay: preset.relay,
      networkId: preset.networkId,
      chainHash: null,
    }
  );
}

function historyItem(actor: ChannelActor, index: number, at: number, entry: HistoryEntry) {
  const { role } = actor.channel;
  return {
    channel: actor.id,
    index,
    at,
    kind: entry.kind,
    amount: entry.amount?.toString() ?? null,
    note: entry.note,
    mine: entry.balances?.[role].toString() ?? null,
    theirs: entry.balances?.[other(role)].toString() ?? null,
    sequenceNumber: entry.number?.toString() ?? null,
    txHash: entry.txHash ? encode('th', entry.txHash) : null,
    origin: entry.scope && /^https?:/.test(entry.scope) ? entry.scope : null,
    contract: entry.contract
      ? {
          type: entry.contract.type,
          by: entry.contract.by === role ? ('me' as const) : ('peer' as const),
          contract: encode('ct', entry.contract.contract),
          returnType: entry.contract.returnType,
        }
      : null,
  };
}
