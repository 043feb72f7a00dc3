/** Carries between content scripts and the gates. The page is named by the browser (`sender.origin`), never by itself. */
import * as v from 'valibot';
import type { Runtime } from 'webextension-polyfill';
import { type AeppNode, type AeppReply, aeppErrors } from '../rpc/aepp.ts';
import { type PageEvent, type PageReply, PageRequest } from '../rpc/page.ts';
import { AeppError } from './dapps/aepp.ts';
import { PageError, pageFailure } from './dapps/errors.ts';

/** What of the wallet pages reach. */
export interface PageWallet {
  gate: { handle(origin: string, method: string, params: unknown): Promise<unknown> };
  aepp: { handle(origin: string, method: string, params: unknown): Promise<unknown> };
  sites: { get(origin: string): unknown };
  networkForPages(): { networkId: string; node: AeppNode } | null;
}

export interface PageServer {
  /** A connection of the provider; any but a top frame of a website is cut. */
  accept(port: Runtime.Port): void;
  /** The same for aepp-sdk's RPC. */
  acceptAepp(port: Runtime.Port): void;
  push(origin: string, event: PageEvent): void;
  networkChanged(): void;
}

/** A site may have so many requests in flight over all its tabs, and ask so often per minute. */
const maxInFlight = 50;
const maxPerMinute = 600;

type Request = v.InferOutput<typeof PageRequest>;
type Failure = { code: number; message: string; data?: unknown };
type Reply = { kind: 'result'; id: string; result: unknown } | { kind: 'error'; id: string; error: Failure };

export function createPageServer(
  ready: Promise<PageWallet>,
  extensionId: string,
  now: () => number,
): PageServer {
  const pages = new Map<Runtime.Port, string>();
  const aepps = new Map<Runtime.Port, string>();
  const inFlight = new Map<string, number>();
  const recent = new Map<string, { since: number; count: number }>();

  function overLimit(origin: string): boolean {
    if ((inFlight.get(origin) ?? 0) >= maxInFlight) return true;
    const window = recent.get(origin);
    if (!window || now() - window.since > 60_000) {
      recent.set(origin, { since: now(), count: 1 });
      return false;
    }
    window.count += 1;
    return window.count > maxPerMinute;
  }

  async function answer(
    origin: string,
    { id }: Request,
    handle: (wallet: PageWallet) => Promise<unknown>,
    explain: (error: unknown) => Failure,
  ): Promise<Reply> {
    if (overLimit(origin))
      return { kind: 'error', id, error: explain(new PageError('limitExceeded', tooMany)) };
    inFlight.set(origin, (inFlight.get(origin) ?? 0) + 1);
    try {
      return { kind: 'result', id, result: await handle(await ready) };
    } catch (error) {
      return { kind: 'error', id, error: explain(error) };
    } finally {
      inFlight.set(origin, (inFlight.get(origin) ?? 1) - 1);
    }
  }

  function listen(
    port: Runtime.Port,
    ports: Map<Runtime.Port, string>,
    reply: (origin: string, request: Request) => Promise<Reply>,
    explain: (error: unknown) => Failure,
  ): void {
    const origin = originOf(port, extensionId);
    if (!origin) return port.disconnect();
    ports.set(port, origin);
    port.onDisconnect.addListener(() => ports.delete(port));
    port.onMessage.addListener((message: unknown) => {
      const request = v.safeParse(PageRequest, message);
      if (!request.success) return;
      void reply(origin, request.output).then((answered) => {
        if (!ports.has(port) || post(port, answered)) return;
        // Larger than the port carries: whoever waits for it hears so.
        post(port, { kind: 'error', id: answered.id, error: explain(new PageError('internal', tooLarge)) });
      });
    });
  }

  return {
    accept: (port) =>
      listen(
        port,
        pages,
        (origin, request) =>
          answer(
            origin,
            request,
            ({ gate }) => gate.handle(origin, request.method, request.params),
            pageFailure,
          ),
        pageFailure,
      ),
    acceptAepp: (port) =>
      listen(
        port,
        aepps,
        (origin, request) =>
          answer(
            origin,
            request,
            ({ aepp }) => aepp.handle(origin, request.method, request.params),
            aeppFailure,
          ),
        aeppFailure,
      ),
    push(origin, event) {
      for (const [port, of] of pages)
        if (of === origin) post(port, { kind: 'event', event } satisfies PageReply);
      if (event.type !== 'disconnected') return;
      for (const [port, of] of aepps) if (of === origin) post(port, { kind: 'closed' } satisfies AeppReply);
    },
    networkChanged() {
      void ready.then((wallet) => {
        const network = wallet.networkForPages();
        if (!network) return;
        const { networkId, node } = network;
        for (const [port, origin] of aepps)
          post(port, {
            kind: 'network',
            networkId,
            ...(wallet.sites.get(origin) ? { node } : {}),
          } satisfies AeppReply);
      });
    },
  };
}

/** One port that takes nothing keeps no other from its message. @returns whether it was taken */
function post(port: Runtime.Port, message: unknown): boolean {
  try {
    port.postMessage(message);
    return true;
  } catch {
    return false;
  }
}

const tooLarge = 'The answer is too large to be carried to the page.';
const tooMany = 'Too many requests at once: wait for the answers.';

function aeppFailure(error: unknown): Failure {
  if (error instanceof AeppError) return error.failure;
  const message = error instanceof PageError ? error.message : 'The wallet could not do this.';
  return { code: aeppErrors.internal, message };
}

/** The top frame's web origin; null for anything else. */
function originOf(port: Runtime.Port, extensionId: string): string | null {
  const sender = port.sender as (Runtime.MessageSender & { origin?: string }) | undefined;
  if (!sender || sender.id !== extensionId || sender.frameId !== 0 || !sender.tab) return null;
  const origin = sender.origin ?? (sender.url ? new URL(sender.url).origin : null);
  return origin && /^https?:\/\//.test(origin) ? origin : null;
}
