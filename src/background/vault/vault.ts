/**
 * The wallet's secret: a recovery phrase, encrypted at rest; while unlocked the account's seed is kept in the
 * browser's session storage (memory only), so that a restarted worker goes on until the lock falls. The password is
 * kept nowhere.
 */
import type { Clock, Random, Store, Write } from '../../engine/ports.ts';
import { fromHex, toHex } from '../../protocol/bytes.ts';
import { encode } from '../../protocol/chain/address.ts';
import { seal, unseal } from './cipher.ts';
import { VaultError } from './error.ts';
import { checkPhrase, newPhrase, phraseSeed } from './mnemonic.ts';
import { accountPath, deriveSeed } from './slip10.ts';

/** Memory that survives a restart of the worker, not of the browser: `browser.storage.session`. */
export interface Session {
  get(key: string): Promise<unknown>;
  set(key: string, value: unknown): Promise<void>;
  remove(key: string): Promise<void>;
}

export interface VaultDeps {
  store: Store;
  session: Session;
  random: Random;
  clock: Clock;
  /** The account's public key of a seed. */
  publicKey(seed: Uint8Array): Promise<Uint8Array>;
  autoLockMinutes(): number;
  /** The lock fell by itself. */
  locked(): void;
}

const recordKey = 'vault';
const sessionKey = 'unlocked';
const shortestPassword = 8;

interface Unlocked {
  seed: string;
  /** ms since 1970: when the lock falls unless the person does something. */
  until: number;
}

export class Vault {
  readonly #deps: VaultDeps;
  #record: unknown;
  #seed: Uint8Array | null = null;
  #until = 0;
  #cancel: () => void = () => undefined;

  static async load(deps: VaultDeps): Promise<Vault> {
    const record = await deps.store.get('meta', recordKey);
    const vault = new Vault(deps, record);
    const unlocked = (await deps.session.get(sessionKey)) as Unlocked | undefined;
    if (record && unlocked && unlocked.until > deps.clock.now()) {
      vault.#seed = fromHex(unlocked.seed);
      vault.#until = unlocked.until;
      vault.#arm();
    } else await deps.session.remove(sessionKey);
    return vault;
  }

  private constructor(deps: VaultDeps, record: unknown) {
    this.#deps = deps;
    this.#record = record;
  }

  status(): 'empty' | 'locked' | 'unlocked' {
    if (this.seed()) return 'unlocked';
    return this.#record ? 'locked' : 'empty';
  }
  /** The account's 32-byte Ed25519 seed while unlocked. */
  seed(): Uint8Array | null {
    // Timers stand still while the computer sleeps: whoever asks first after that finds it locked.
    if (this.#seed && this.#until <= this.#deps.clock.now()) void this.#fall();
    return this.#seed;
  }
  newPhrase = newPhrase;

  /**
   * Makes the wallet and unlocks it.
   * @param besides written in the same commit: what a backup holds
   * @throws VaultError where one exists, or phrase or password is no good
   */
  async create(
    { mnemonic, password }: { mnemonic: string; password: string },
    besides: readonly Write[] = [],
  ): Promise<void> {
    if (this.#record) throw new VaultError('There is a wallet here already. It must not be overwritten.');
    if (password.length < shortestPassword)
      throw new VaultError(`Choose a password of at least ${shortestPassword} characters.`);
    const phrase = checkPhrase(mnemonic);
    const record = await seal(new TextEncoder().encode(phrase), password, this.#deps.random);
    // Two at once: the first one stands.
    if (this.#record) throw new VaultError('There is a wallet here already. It must not be overwritten.');
    this.#record = record;
    try {
      await this.#deps.store.commit([...besides, { table: 'meta', key: recordKey, value: record }]);
    } catch (error) {
      this.#record = undefined;
      throw error;
    }
    await this.#open(phrase);
  }

  /** The account's address (`ak_`) that a phrase makes. @throws VaultError where it is no phrase */
  async addressOf(phrase: string): Promise<string> {
    const seed = deriveSeed(await phraseSeed(checkPhrase(phrase)), accountPath(0));
    return encode('ak', await this.#deps.publicKey(seed));
  }

  async unlock(password: string): Promise<void> {
    await this.#open(await this.revealPhrase(password));
  }

  /** @throws VaultError for a wrong password */
  async revealPhrase(password: string): Promise<string> {
    if (!this.#record) throw new VaultError('There is no wallet here yet: create or import one.');
    return new TextDecoder().decode(await unseal(this.#record, password));
  }

  async changePassword(password: string, next: string): Promise<void> {
    if (next.length < shortestPassword)
      throw new VaultError(`Choose a password of at least ${shortestPassword} characters.`);
    const phrase = await this.revealPhrase(password);
    const record = await seal(new TextEncoder().encode(phrase), next, this.#deps.random);
    await this.#deps.store.commit([{ table: 'meta', key: recordKey, value: record }]);
    this.#record = record;
  }

  async #open(phrase: string): Promise<void> {
    this.#seed = deriveSeed(await phraseSeed(phrase), accountPath(0));
    await this.#extend(this.#seed);
  }

  /** The person did something: the lock falls later, unless it was due already. */
  async touch(): Promise<void> {
    const seed = this.seed();
    if (seed) await this.#extend(seed);
  }

  async #extend(seed: Uint8Array): Promise<void> {
    this.#until = this.#deps.clock.now() + this.#deps.autoLockMinutes() * 60_000;
    this.#arm();
    await this.#deps.session.set(sessionKey, { seed: toHex(seed), until: this.#until } satisfies Unlocked);
  }

  #arm(): void {
    this.#cancel();
    this.#cancel = this.#deps.clock.after(
      Math.max(0, this.#until - this.#deps.clock.now()),
      () => void this.#fall(),
    );
  }

  /** Falls due while the worker slept: called at every wake-up. */
  async lockIfDue(): Promise<void> {
    if (this.#seed && this.#until <= this.#deps.clock.now()) await this.#fall();
  }

  /** The lock falls by itself. What holds the seed is told even where the session's memory fails. */
  async #fall(): Promise<void> {
    await this.lock().catch(() => undefined);
    this.#deps.locked();
  }

  async lock(): Promise<void> {
    this.#cancel();
    this.#seed?.fill(0);
    this.#seed = null;
    await this.#deps.session.remove(sessionKey);
  }

  /** The account's address (`ak_`). @throws VaultError while locked */
  async address(): Promise<string> {
    const seed = this.seed();
    if (!seed) throw new VaultError('The wallet is locked.');
    return encode('ak', await this.#deps.publicKey(seed));
  }
}
