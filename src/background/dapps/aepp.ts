/**
 * What aepp-sdk's wallet RPC may do: connect, tell the address, sign transactions that the person has read, sign
 * messages. Nothing is signed that cannot be shown. Pages get the SDK's nine errors only.
 */

import * as v from 'valibot';
import type { Engine } from '../../engine/engine.ts';
import { EngineError } from '../../engine/engine.ts';
import { type Clock, type Signer, type Store, TransactionRefusedError } from '../../engine/ports.ts';
import { requestKey } from '../../engine/stored.ts';
import { toHex } from '../../protocol/bytes.ts';
import { AddressError, decode, encode } from '../../protocol/chain/address.ts';
import { blake2b256, signedTx, signingBytes, txHash } from '../../protocol/chain/signed.ts';
import {
  type AeppFailure,
  type AeppMethod,
  type AeppNode,
  aeppErrors,
  aeppMethods,
  rpcVersion,
} from '../../rpc/aepp.ts';
import { pageErrors } from '../../rpc/page-errors.ts';
import { Text } from '../../rpc/schema.ts';
import { askId, type SiteAsk, type SiteAsks } from './approvals.ts';
import { PageError } from './errors.ts';
import { messageHash } from './message.ts';
import type { Sites } from './sites.ts';
import { readTransaction, TransactionError } from './transaction.ts';

export interface Unlocked {
  engine: Engine;
  signer: Signer;
  address: string;
  networkId: string;
}

export interface AeppGateDeps {
  store: Store;
  clock: Clock;
  sites: Sites;
  asks: SiteAsks;
  /** Null where there is no wallet yet. */
  network(): { networkId: string; node: AeppNode } | null;
  /** The unlocked wallet; asks the person to unlock it, and waits. Null where that did not happen. */
  unlocked(): Promise<Unlocked | null>;
  /** Connects the site as the provider's `connect` does. @throws PageError */
  connect(origin: string): Promise<unknown>;
}

/** A failure in the SDK's own form. */
export class AeppError extends Error {
  override name = 'AeppError';
  readonly failure: AeppFailure;
  constructor(kind: keyof typeof aeppErrors, message: string, data: unknown = message) {
    super(message);
    this.failure = { code: aeppErrors[kind], message, data };
  }
}

type Params<M extends AeppMethod> = v.InferOutput<(typeof aeppMethods)[M]>;

export class AeppGate {
  readonly #deps: AeppGateDeps;
  constructor(deps: AeppGateDeps) {
    this.#deps = deps;
  }

  /** @throws AeppError */
  async handle(origin: string, method: string, params: unknown): Promise<unknown> {
    if (!Object.hasOwn(aeppMethods, method))
      throw new AeppError('methodNotFound', `There is no method "${method.slice(0, 64)}".`);
    const name = method as AeppMethod;
    const parsed = v.safeParse(aeppMethods[name], params);
    if (!parsed.success) throw new AeppError('internal', `${method}: ${parsed.issues[0].message}`);
    const input = parsed.output as never;
    if (name === 'hello') return this.#hello(origin);
    if (name === 'connection.open') return this.#open(origin, input);
    if (!this.#deps.sites.get(origin)) throw new AeppError('notAuthorized', 'This site is not connected.');
    switch (name) {
      case 'address.get':
        return [(await this.#unlocked(origin)).address];
      case 'address.subscribe':
        return { current: { [(await this.#unlocked(origin)).address]: {} }, connected: {} };
      case 'transaction.sign':
        return this.#signTransaction(origin, input);
      case 'message.sign':
        return this.#signMessage(origin, input);
      case 'networkId.update':
        return this.#selectNetwork(input);
    }
  }

  #hello(origin: string) {
    const network = this.#deps.network();
    if (!network) return null;
    return this.#deps.sites.get(origin) ? network : { networkId: network.networkId };
  }

  async #open(origin: string, { version }: Params<'connection.open'>) {
    if (version !== rpcVersion)
      throw new AeppError('unsupportedProtocol', `Version ${rpcVersion} of the protocol is spoken here.`);
    await this.#unlocked(origin, 'connectionDenied');
    try {
      await this.#deps.connect(origin);
    } catch (error) {
      if (error instanceof PageError && error.code !== pageErrors.internal)
        throw new AeppError('connectionDenied', error.message);
      throw error;
    }
    const network = this.#deps.network();
    if (!network) throw new AeppError('connectionDenied', 'The wallet is not set up.');
    return network;
  }

  async #signTransaction(origin: string, input: Params<'transaction.sign'>) {
    const wallet = await this.#unlocked(origin);
    checkAccount(wallet, input.onAccount);
    if (input.networkId !== undefined && input.networkId !== wallet.networkId)
      throw new AeppError(
        'noNetworkById',
        `The wallet is on ${wallet.networkId}, not on ${input.networkId}.`,
        input.networkId,
      );
    const tx = decodeTx(input.tx);
    const inner = input.innerTx === true;
    const broadcast = !inner && input.returnSigned !== true;
    this.#check(wallet, tx, inner);
    const flags = `${wallet.networkId} ${broadcast} ${inner}`;
    await this.#ask({
      kind: 'site_transaction',
      id: askId('site_transaction', origin, `${flags} ${toHex(txHash(tx))}`),
      origin,
      createdAt: this.#deps.clock.now(),
      networkId: wallet.networkId,
      tx,
      broadcast,
      inner,
    });
    // Minutes may have passed: the wallet may be locked, on another network, and the nonce taken.
    const now = await this.#unlocked(origin);
    if (now.networkId !== wallet.networkId || now.address !== wallet.address)
      throw new AeppError('rejectedByUser', 'The wallet went to another network or account meanwhile.');
    const nonce = this.#check(now, tx, inner);
    const network = inner ? `${now.networkId}-inner_tx` : now.networkId;
    const signed = signedTx(tx, [await now.signer.sign(signingBytes(network, txHash(tx)))]);
    await this.#remember(origin, txHash(signed), { tx: signed, network });
    const rawTx = encode('tx', signed);
    if (!broadcast) return { signedTransaction: rawTx };
    try {
      return { transactionHash: { hash: encode('th', await now.engine.publish(signed, nonce)), rawTx } };
    } catch (error) {
      if (error instanceof TransactionRefusedError || error instanceof EngineError)
        throw new AeppError('invalidTransaction', error.message);
      throw error;
    }
  }

  /** @returns the nonce. @throws AeppError where it is not to be signed */
  #check({ engine, signer }: Unlocked, tx: Uint8Array, inner: boolean): bigint {
    try {
      const { nonce } = readTransaction(tx, signer.publicKey);
      // Another transaction of this nonce would undo a channel's opening, deposit or close.
      if (engine.isNonceHeld(nonce))
        throw new TransactionError(
          `nonce ${nonce} belongs to a transaction of this wallet that is under way: wait until it is on chain, or use a higher one`,
        );
      return nonce;
    } catch (error) {
      if (error instanceof TransactionError)
        throw new AeppError('invalidTransaction', `${inner ? 'inner ' : ''}transaction: ${error.message}`);
      throw error;
    }
  }

  async #signMessage(origin: string, { message, onAccount }: Params<'message.sign'>) {
    // What is signed is its UTF-8, which knows no half of a surrogate pair.
    if (!v.is(Text, message)) throw new AeppError('internal', 'message: a text is well-formed Unicode');
    const wallet = await this.#unlocked(origin);
    checkAccount(wallet, onAccount);
    const hash = messageHash(message);
    await this.#ask({
      kind: 'site_message',
      id: askId('site_message', origin, toHex(hash)),
      origin,
      createdAt: this.#deps.clock.now(),
      message,
    });
    const now = await this.#unlocked(origin);
    if (now.address !== wallet.address)
      throw new AeppError('rejectedByUser', 'The wallet went to another account meanwhile.');
    const signature = await now.signer.sign(hash);
    await this.#remember(origin, hash, { message });
    return { signature: toHex(signature) };
  }

  /** A page switches no network: it may only find the right one there. */
  #selectNetwork(wanted: Params<'networkId.update'>): null {
    const network = this.#deps.network();
    if ('networkId' in wanted && wanted.networkId === network?.networkId) return null;
    if ('nodeUrl' in wanted && wanted.nodeUrl === network?.node.url) return null;
    throw new AeppError(
      'rejectedByUser',
      `The wallet is on ${network?.networkId ?? 'no network'}; the person switches it in the wallet’s settings.`,
    );
  }

  /** @throws AeppError unless the person approved */
  async #ask(ask: SiteAsk): Promise<void> {
    // The site may have been disconnected while the person unlocked the wallet.
    if (!this.#deps.sites.get(ask.origin))
      throw new AeppError('notAuthorized', 'This site is not connected.');
    const approved = await this.#deps.asks.ask(ask).catch((error) => {
      if (error instanceof PageError) throw new AeppError('rejectedByUser', error.message);
      throw error;
    });
    if (!approved) throw new AeppError('rejectedByUser', 'The person declined this request.');
  }

  /** Every signature given out is kept, and written before it is given. */
  async #remember(origin: string, hash: Uint8Array, what: object): Promise<void> {
    const key = requestKey(`signed ${origin}`, toHex(blake2b256(hash)));
    await this.#deps.store.commit([
      { table: 'requests', key, value: { ...what, at: this.#deps.clock.now() } },
    ]);
  }

  async #unlocked(
    origin: string,
    refusal: 'rejectedByUser' | 'connectionDenied' = 'rejectedByUser',
  ): Promise<Unlocked> {
    // For one that may ask the person nothing no window is opened: it hears at once that the wallet is locked.
    if (this.#deps.asks.blocked().some((one) => one.origin === origin))
      await this.#deps.connect(origin).catch((error) => {
        throw error instanceof PageError ? new AeppError(refusal, error.message) : error;
      });
    const wallet = await this.#deps.unlocked();
    if (!wallet) throw new AeppError(refusal, 'The wallet is locked: the person has to unlock it first.');
    return wallet;
  }
}

function checkAccount({ address }: Unlocked, wanted: string | undefined): void {
  if (wanted !== undefined && wanted !== address)
    throw new AeppError('permissionDenied', `The wallet has no account ${wanted}.`, wanted);
}

function decodeTx(text: string): Uint8Array {
  try {
    return decode('tx', text);
  } catch (error) {
    if (error instanceof AddressError) throw new AeppError('invalidTransaction', error.message);
    throw error;
  }
}
