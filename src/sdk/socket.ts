/**
 * A service's way to a headless peer: HTTP on this computer, with the peer's token. `POST /rpc` carries a call, `GET
 * /events` stays open and brings one event per line.
 */
import { mayRepeat } from '../rpc/repeatable.ts';
import { asChannelError, ChannelError, codes, invalid } from './errors.ts';
import type { EventListener, Transport } from './transport.ts';
import type { WalletEvent } from './types.ts';

export interface Socket {
  /** As the peer prints it, such as `http://127.0.0.1:3018`. */
  url: string;
  /** What is in the peer's token file. */
  token: string;
}

/** Waits before the next attempt, in milliseconds. */
const backoff = [100, 300, 1_000, 3_000];
/** The peer sends something at least every 15 seconds: silence for so long is a connection that is gone. */
const silence = 45_000;

/** @throws ChannelError where url or token cannot be one */
export function socketTransport({ url, token }: Socket): Transport {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw invalid(
      `url: "${url}" is none: give the address that the peer prints, such as http://127.0.0.1:3018.`,
    );
  if (!/^[0-9a-f]{64}$/.test(token.trim()))
    throw invalid('token: give the 64 hex digits that are in the peer’s token file.');
  const headers = { authorization: `Bearer ${token.trim()}`, 'content-type': 'application/json' };
  const closed = new AbortController();
  const at = (path: string) => new URL(path, url);

  async function post(call: { method: string; params?: unknown }): Promise<unknown> {
    const response = await fetch(at('/rpc'), {
      method: 'POST',
      headers,
      body: JSON.stringify(call),
      signal: closed.signal,
    });
    const answer = (await response.json()) as { result?: unknown; error?: { code: number; message: string } };
    if (answer.error) throw new ChannelError(answer.error.code, answer.error.message);
    return answer.result;
  }

  /** All who listen share one stream. */
  const listeners = new Set<EventListener>();
  const each = (tell: (listener: EventListener) => void) => {
    for (const listener of [...listeners]) tell(listener);
  };
  let stream: { stop: AbortController; isOpen: boolean } | null = null;

  async function read(own: NonNullable<typeof stream>): Promise<void> {
    const response = await fetch(at('/events'), { headers, signal: own.stop.signal });
    if (!response.ok || !response.body) throw new Error(`the peer answered ${response.status}`);
    own.isOpen = true;
    each((listener) => listener.opened());
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = '';
    for (;;) {
      const quiet = setTimeout(() => void reader.cancel().catch(() => undefined), silence);
      const { done, value } = await reader.read().finally(() => clearTimeout(quiet));
      if (done) return;
      const lines = (rest + value).split('\n');
      rest = lines.pop()!;
      for (const line of lines)
        if (line !== '') each((listener) => listener.event(JSON.parse(line) as WalletEvent));
    }
  }

  async function follow(own: NonNullable<typeof stream>): Promise<void> {
    for (let attempt = 0; !own.stop.signal.aborted; attempt++) {
      await read(own).catch(() => undefined);
      if (own.stop.signal.aborted) return;
      if (own.isOpen) attempt = 0;
      own.isOpen = false;
      each((listener) => listener.lost());
      await pause(backoff[Math.min(attempt, backoff.length - 1)]!);
    }
  }

  return {
    async request(call) {
      for (let attempt = 0; ; attempt++) {
        try {
          return await post(call);
        } catch (error) {
          if (error instanceof ChannelError) throw error;
          const again = mayRepeat(call) && attempt < backoff.length && !closed.signal.aborted;
          if (!again) throw unreachable(url, call.method, error);
          await pause(backoff[attempt]!);
        }
      }
    },
    listen(listener) {
      if (closed.signal.aborted) return () => undefined;
      listeners.add(listener);
      if (stream?.isOpen) listener.opened();
      if (!stream) {
        stream = { stop: new AbortController(), isOpen: false };
        void follow(stream);
      }
      return () => {
        listeners.delete(listener);
        if (listeners.size > 0) return;
        stream?.stop.abort();
        stream = null;
      };
    },
    close() {
      closed.abort();
      stream?.stop.abort();
    },
  };
}

const pause = (milliseconds: number) => new Promise((done) => setTimeout(done, milliseconds));

const unreachable = (url: string, method: string, error: unknown): ChannelError =>
  new ChannelError(
    codes.disconnected,
    `The peer at ${url} did not answer ${method}: it may or may not have taken effect (${asChannelError(error).message}). Is it running with --api?`,
  );
