/**
 * The wallet's side of aepp-sdk's RPC in a page: announces the wallet, keeps this page's session, carries its requests
 * to the worker. Everything here may be sent again after the worker was stopped: a signature is asked for by what is
 * signed, and posting one transaction twice does nothing more.
 */
import * as v from 'valibot';
import { AeppReply, aeppErrors, aeppMethods, maxAeppBytes } from '../rpc/aepp.ts';
import { byteLength, maxInFlight } from './frames.ts';
import { WorkerLink, type WorkerPort } from './worker-link.ts';

export interface AeppDeps {
  connect(): WorkerPort;
  /** Posts to the page's own window. */
  toPage(message: unknown): void;
  after(run: () => void, milliseconds: number): void;
  /** The page's origin, for the wallet info. */
  origin: string;
  /** Whether somebody can see the page. */
  visible(): boolean;
}

/** As often as other wallets announce themselves, in milliseconds. */
const announceEvery = 3_000;
/** A call is sent at most so often before it fails. */
const maxSends = 5;

interface Call {
  /** The page's id, given back as it came; absent for the bridge's own calls. */
  pageId: number | string | null;
  method: string;
  params: unknown;
  sends: number;
  done?(result: unknown): void;
}

type Node = { name: string; url: string };

export class AeppBridge {
  readonly #deps: AeppDeps;
  readonly #link: WorkerLink;
  readonly #calls = new Map<string, Call>();
  readonly #subscribed = new Set<string>();
  #nextId = 1;
  #session: { connectNode: boolean } | null = null;
  #networkId: string | null = null;
  #announcing = false;

  constructor(deps: AeppDeps) {
    this.#deps = deps;
    this.#link = new WorkerLink({
      connect: deps.connect,
      after: deps.after,
      wanted: () => this.#session !== null || this.#calls.size > 0,
      opened: () => this.#opened(),
      message: (message) => this.#answer(message),
      lost: () => this.#lost(),
      gone: () => {
        for (const call of this.#calls.values()) this.#fail(call, aeppErrors.internal);
        this.#calls.clear();
        this.#close('the wallet was updated or removed');
      },
    });
  }

  /** The page is there, or is seen again: says hello to the worker and announces the wallet. */
  greet(): void {
    if (!this.#deps.visible() || this.#link.isGone) return;
    if (this.#networkId === null) this.#hello();
    else this.#announce();
  }

  hide(): void {
    this.#link.hide();
  }
  show(): void {
    this.#link.show();
    this.greet();
  }

  /** Takes what the page posted to its own window. What is no request to a wallet is left alone. */
  receive(message: unknown): void {
    const request = requestOf(message);
    if (!request) return;
    const call: Call = {
      pageId: request.id ?? null,
      method: request.method,
      params: request.params,
      sends: 0,
    };
    if (request.method === 'connection.close') {
      this.#session = null;
      this.#subscribed.clear();
      return this.#announce();
    }
    if (request.method === 'hello' || !Object.hasOwn(aeppMethods, request.method))
      return this.#fail(call, aeppErrors.methodNotFound);
    if (request.method !== 'connection.open' && !this.#session)
      return this.#fail(call, aeppErrors.notAuthorized);
    if (this.#calls.size >= maxInFlight || this.#link.isGone || tooLong(request.params))
      return this.#fail(call, aeppErrors.internal);
    this.#add(call);
  }

  #add(call: Call): void {
    const key = `aepp-${this.#nextId++}`;
    this.#calls.set(key, call);
    if (this.#link.isOpen) this.#send(key, call);
    else this.#link.open();
  }

  #hello(): void {
    if ([...this.#calls.values()].some(({ method }) => method === 'hello')) return;
    this.#add({
      pageId: null,
      method: 'hello',
      params: {},
      sends: 0,
      done: (result) => {
        const info = result as { networkId: string; node?: Node } | null;
        if (info) this.#onNetwork(info.networkId, info.node);
        this.#announce();
      },
    });
  }

  #opened(): void {
    for (const [key, call] of this.#calls) this.#send(key, call);
    // The network may have changed while no worker could tell.
    if (this.#session) this.#hello();
  }

  #send(key: string, call: Call): void {
    call.sends += 1;
    this.#link.post({ id: key, method: call.method, params: call.params });
  }

  #lost(): void {
    for (const [key, call] of this.#calls) {
      if (call.sends < maxSends) continue;
      this.#calls.delete(key);
      this.#fail(call, aeppErrors.internal);
    }
  }

  #answer(message: unknown): void {
    const parsed = v.safeParse(AeppReply, message);
    if (!parsed.success) return;
    this.#link.alive();
    const reply = parsed.output;
    if (reply.kind === 'network') return this.#onNetwork(reply.networkId, reply.node);
    if (reply.kind === 'closed') return this.#close('the person disconnected this site');
    const call = this.#calls.get(reply.id);
    if (!call) return;
    this.#calls.delete(reply.id);
    if (reply.kind === 'error') this.#fail(call, reply.error.code, reply.error.message, reply.error.data);
    else this.#succeed(call, reply.result);
  }

  #succeed(call: Call, result: unknown): void {
    if (call.done) return call.done(result);
    if (call.method === 'connection.open') {
      const { networkId, node } = result as { networkId: string; node: Node };
      const { connectNode } = call.params as { connectNode?: boolean };
      this.#session = { connectNode: connectNode === true };
      this.#networkId = networkId;
      return this.#respond(call, { result: { ...this.#info(networkId), ...(connectNode && { node }) } });
    }
    if (call.method === 'address.subscribe') {
      const { type, value } = call.params as { type: string; value: string };
      if (type === 'subscribe') this.#subscribed.add(value);
      else this.#subscribed.delete(value);
      const address = this.#subscribed.size > 0 ? result : { current: {}, connected: {} };
      return this.#respond(call, { result: { subscription: [...this.#subscribed], address } });
    }
    this.#respond(call, { result });
  }

  #onNetwork(networkId: string, node: Node | undefined): void {
    const changed = this.#networkId !== null && this.#networkId !== networkId;
    this.#networkId = networkId;
    if (!changed || !this.#session) return;
    this.#post({
      jsonrpc: '2.0',
      method: 'networkId.update',
      params: { networkId, ...(this.#session.connectNode && node && { node }) },
    });
  }

  #close(reason: string): void {
    if (!this.#session) return;
    this.#session = null;
    this.#subscribed.clear();
    this.#post({ jsonrpc: '2.0', method: 'connection.close', params: { reason } });
    this.#announce();
  }

  /** Now, and again while the page is seen and has no session. */
  #announce(): void {
    if (this.#announcing) return;
    if (this.#session || this.#networkId === null || this.#link.isGone || !this.#deps.visible()) return;
    this.#post({
      jsonrpc: '2.0',
      method: 'connection.announcePresence',
      params: this.#info(this.#networkId),
    });
    this.#announcing = true;
    this.#deps.after(() => {
      this.#announcing = false;
      this.#announce();
    }, announceEvery);
  }

  /** `origin` is the page's own, from which the messages come: an extension's would tell installations apart. */
  #info(networkId: string) {
    return { id: 'tandem', name: 'Tandem', networkId, origin: this.#deps.origin, type: 'extension' };
  }

  #fail(call: Call, code: number, message = 'The wallet refused.', data?: unknown): void {
    this.#respond(call, { error: { code, message, ...(data !== undefined && { data }) } });
  }

  #respond(call: Call, outcome: { result: unknown } | { error: unknown }): void {
    if (call.pageId === null) return;
    this.#post({ jsonrpc: '2.0', id: call.pageId, method: call.method, ...outcome });
  }

  #post(data: unknown): void {
    this.#deps.toPage({ type: 'to_aepp', data });
  }
}

/** A JSON-RPC request or notification to a wallet; null for all else that pages post to themselves. */
function requestOf(message: unknown): { id?: number | string; method: string; params: unknown } | null {
  if (typeof message !== 'object' || message === null) return null;
  const { type, data } = message as Record<string, unknown>;
  if (type !== 'to_waellet' || typeof data !== 'object' || data === null) return null;
  const { jsonrpc, id, method, params } = data as Record<string, unknown>;
  if (jsonrpc !== '2.0' || typeof method !== 'string' || 'result' in data || 'error' in data) return null;
  if (id === undefined) return { method, params };
  if (typeof id !== 'number' && (typeof id !== 'string' || id.length > 128)) return null;
  return { id, method, params };
}

function tooLong(params: unknown): boolean {
  try {
    return byteLength(JSON.stringify(params) ?? '') > maxAeppBytes;
  } catch {
    return true;
  }
}
