/** The provider a page talks to: EIP-1193's `request`, `on` and `removeListener`, with EIP-1193's error codes. */
import type { PageEvent } from '../rpc/page.ts';
import { byteLength, maxRequestBytes } from './frames.ts';

/** `event` is every event; the other names are the event types of src/rpc/page.ts. */
export type EventName = PageEvent['type'] | 'event';
export type Listener = (event: PageEvent) => void;

export interface TandemProvider {
  /**
   * Calls a method of src/rpc/page.ts. Amounts are decimal strings of aetto.
   * @throws {ProviderError} as a rejection
   */
  request(call: { method: string; params?: unknown }): Promise<unknown>;
  on(event: EventName, listener: Listener): TandemProvider;
  removeListener(event: EventName, listener: Listener): TandemProvider;
}

/** A call that failed; `code` is one of EIP-1193 or JSON-RPC (src/rpc/page.ts). */
export class ProviderError extends Error {
  override name = 'ProviderError';
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

export interface TextPort {
  post(text: string): void;
  onText(listener: (text: string) => void): void;
}

// Repeated from src/rpc/page.ts: its schemas do not belong into every page.
const invalidParams = -32602;

export function createProvider(port: TextPort): TandemProvider {
  const calls = new Map<number, { resolve(result: unknown): void; reject(error: ProviderError): void }>();
  const listeners = new Map<string, Set<Listener>>();
  let nextId = 1;
  let subscribed = false;

  port.onText((text) => {
    const frame = JSON.parse(text);
    if (frame.kind === 'event') return emit(frame.event);
    const call = calls.get(frame.id);
    calls.delete(frame.id);
    if (frame.kind === 'result') call?.resolve(frame.result);
    else call?.reject(new ProviderError(frame.error.code, frame.error.message));
  });

  function emit(event: PageEvent): void {
    for (const name of [event.type, 'event'])
      for (const listener of [...(listeners.get(name) ?? [])]) {
        try {
          listener(event);
        } catch (error) {
          console.error(error);
        }
      }
  }

  const provider: TandemProvider = {
    async request(call) {
      const method = call?.method;
      if (typeof method !== 'string')
        throw new ProviderError(invalidParams, 'request takes { method, params }, method being a text.');
      const id = nextId++;
      const text = frameText({ kind: 'request', id, method, params: call.params });
      return new Promise((resolve, reject) => {
        calls.set(id, { resolve, reject });
        port.post(text);
      });
    },
    on(event, listener) {
      if (typeof listener !== 'function') throw new TypeError('on takes an event name and a function');
      if (!listeners.has(event)) listeners.set(event, new Set());
      listeners.get(event)!.add(listener);
      if (!subscribed) {
        subscribed = true;
        port.post(JSON.stringify({ kind: 'subscribe' }));
      }
      return provider;
    },
    removeListener(event, listener) {
      listeners.get(event)?.delete(listener);
      return provider;
    },
  };
  return Object.freeze(provider);
}

function frameText(frame: object): string {
  let text: string;
  try {
    text = JSON.stringify(frame);
  } catch {
    throw new ProviderError(
      invalidParams,
      'params must be plain JSON: amounts are decimal strings of aetto, not bigint.',
    );
  }
  const size = byteLength(text);
  if (size > maxRequestBytes)
    throw new ProviderError(
      invalidParams,
      `The request is ${size} bytes long: at most ${maxRequestBytes} are allowed.`,
    );
  return text;
}
