/** Carries between content scripts and the gate. The page is named by the browser (`sender.origin`), never by itself. */
import * as v from 'valibot';
import type { Runtime } from 'webextension-polyfill';
import { type PageEvent, type PageReply, PageRequest, pageErrors } from '../rpc/page.ts';
import { PageError } from './dapps/errors.ts';
import type { Gate } from './dapps/gate.ts';

export interface PageServer {
  accept(port: Runtime.Port): void;
  push(origin: string, event: PageEvent): void;
}

/** A site may have so many requests in flight over all its tabs, and ask so often per minute. */
const maxInFlight = 50;
const maxPerMinute = 600;

export function createPageServer(
  gate: () => Promise<Gate>,
  extensionId: string,
  now: () => number,
): PageServer {
  const ports = new Map<Runtime.Port, string>();
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

  async function answer(origin: string, request: v.InferOutput<typeof PageRequest>): Promise<PageReply> {
    if (overLimit(origin))
      return failure(
        request.id,
        pageErrors.limitExceeded,
        'Too many requests at once: wait for the answers.',
      );
    inFlight.set(origin, (inFlight.get(origin) ?? 0) + 1);
    try {
      const result = await (await gate()).handle(origin, request.method, request.params);
      return { kind: 'result', id: request.id, result };
    } catch (error) {
      if (error instanceof PageError) return failure(request.id, error.code, error.message);
      // No inner detail leaves for a page.
      return failure(request.id, pageErrors.internal, 'The wallet could not do this.');
    } finally {
      inFlight.set(origin, (inFlight.get(origin) ?? 1) - 1);
    }
  }

  return {
    accept(port) {
      const origin = originOf(port, extensionId);
      if (!origin) return port.disconnect();
      ports.set(port, origin);
      port.onDisconnect.addListener(() => ports.delete(port));
      port.onMessage.addListener((message: unknown) => {
        const request = v.safeParse(PageRequest, message);
        if (!request.success) return;
        void answer(origin, request.output).then((reply) => {
          if (ports.has(port)) port.postMessage(reply);
        });
      });
    },
    push(origin, event) {
      for (const [port, of] of ports)
        if (of === origin) port.postMessage({ kind: 'event', event } satisfies PageReply);
    },
  };
}

const failure = (id: string, code: number, message: string): PageReply => ({
  kind: 'error',
  id,
  error: { code, message },
});

/** The top frame's web origin; null for anything else. */
function originOf(port: Runtime.Port, extensionId: string): string | null {
  const sender = port.sender as (Runtime.MessageSender & { origin?: string }) | undefined;
  if (!sender || sender.id !== extensionId || sender.frameId !== 0 || !sender.tab) return null;
  const origin = sender.origin ?? (sender.url ? new URL(sender.url).origin : null);
  return origin && /^https?:\/\//.test(origin) ? origin : null;
}
