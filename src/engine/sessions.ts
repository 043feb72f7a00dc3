/**
 * Connections: at most one stream per peer, shared by all channels with it. Dials with growing, jittered pauses while
 * a channel wants the peer, takes streams that peers open, and settles which of two crossing ones stays.
 */
import { compareBytes, toHex } from '../protocol/bytes.ts';
import { createDecoder, encode, type Message, WireError } from '../protocol/wire/index.ts';
import type { Clock, Link, Random, Transport } from './ports.ts';

export interface SessionDeps {
  transport: Transport;
  clock: Clock;
  random: Random;
  self: Uint8Array;
  /** Whether no connection is wanted at all now. */
  closed(): boolean;
  /** Where a peer can be dialled; empty: it is not wanted now. */
  wanted(peer: Uint8Array): string[];
  connected(peer: Uint8Array, send: (bytes: Uint8Array) => void): void;
  disconnected(peer: Uint8Array): void;
  message(peer: Uint8Array, message: Message): void;
  /** Why the peer cannot be reached; null when it can. */
  reach(peer: Uint8Array, problem: string | null): void;
}

const firstPause = 500;
const longestPause = 30_000;
/** Streams that both sides opened within this time cross: one rule for both says which stays. */
const crossing = 3_000;

interface Session {
  peer: Uint8Array;
  link: Link | null;
  since: number;
  dialling: boolean;
  failures: number;
  cancelRetry: (() => void) | null;
}

export interface Sessions {
  /** Tries to reach the peer now, where it is wanted and not connected. */
  poke(peer: Uint8Array): void;
  drop(peer: Uint8Array, reason: string): void;
  isConnected(peer: Uint8Array): boolean;
  isDialling(peer: Uint8Array): boolean;
  /** The open connection's way out. */
  sender(peer: Uint8Array): ((bytes: Uint8Array) => void) | null;
  stop(): void;
}

export function createSessions(deps: SessionDeps): Sessions {
  const sessions = new Map<string, Session>();
  let stopped = false;

  function sessionOf(peer: Uint8Array): Session {
    const key = toHex(peer);
    let session = sessions.get(key);
    if (!session) {
      session = { peer, link: null, since: 0, dialling: false, failures: 0, cancelRetry: null };
      sessions.set(key, session);
    }
    return session;
  }

  function adopt(session: Session, link: Link): void {
    if (stopped || deps.closed()) return link.close();
    const old = session.link;
    if (old) {
      const crosses = old.dialled !== link.dialled && deps.clock.now() - session.since < crossing;
      const mineStays = compareBytes(deps.self, session.peer) < 0;
      // Of two crossing streams, the one that the smaller key opened stays; otherwise the newer: the peer restarted.
      if (crosses && old.dialled === mineStays) return link.close();
      lose(session, old);
      old.close();
    }
    session.link = link;
    session.since = deps.clock.now();
    session.failures = 0;
    session.cancelRetry?.();
    session.cancelRetry = null;
    const decoder = createDecoder();
    link.onClose(() => {
      if (session.link === link) {
        lose(session, link);
        retry(session);
      }
    });
    deps.reach(session.peer, null);
    deps.connected(session.peer, (bytes) => link.send(bytes));
    link.onData((chunk) => {
      if (session.link !== link) return;
      try {
        for (const message of decoder.push(chunk)) deps.message(session.peer, message);
      } catch (error) {
        if (!(error instanceof WireError)) throw error;
        for (const message of error.decoded) deps.message(session.peer, message);
        refuseStream(link, error);
      }
    });
  }

  /** What is no message ends the stream; it names no channel, so none is ended (PROTOCOL 2). */
  function refuseStream(link: Link, error: WireError): void {
    const data = new TextEncoder().encode(error.message.slice(0, 500));
    link.send(encode({ type: 'error', channel_id: new Uint8Array(32), data }));
    link.close();
  }

  function lose(session: Session, link: Link): void {
    if (session.link !== link) return;
    session.link = null;
    deps.disconnected(session.peer);
  }

  function retry(session: Session): void {
    if (stopped || session.cancelRetry || session.dialling || session.link) return;
    if (deps.wanted(session.peer).length === 0) return;
    const pause = Math.min(firstPause * 2 ** session.failures, longestPause);
    const jitter = 0.5 + (deps.random(1)[0] ?? 0) / 256;
    session.cancelRetry = deps.clock.after(pause * jitter, () => {
      session.cancelRetry = null;
      void dial(session);
    });
  }

  async function dial(session: Session): Promise<void> {
    if (stopped || session.link || session.dialling) return;
    const addresses = deps.wanted(session.peer);
    if (addresses.length === 0) return;
    session.dialling = true;
    try {
      const link = await deps.transport.connect(session.peer, addresses);
      session.dialling = false;
      adopt(session, link);
    } catch (error) {
      session.dialling = false;
      session.failures += 1;
      deps.reach(session.peer, error instanceof Error ? error.message : String(error));
      retry(session);
    }
  }

  deps.transport.onLink((link) => adopt(sessionOf(link.peer), link));

  return {
    poke(peer) {
      const session = sessionOf(peer);
      if (session.link) return;
      session.cancelRetry?.();
      session.cancelRetry = null;
      void dial(session);
    },
    drop(peer) {
      const session = sessions.get(toHex(peer));
      const link = session?.link;
      if (!session || !link) return;
      lose(session, link);
      link.close();
      retry(session);
    },
    isConnected: (peer) => Boolean(sessions.get(toHex(peer))?.link),
    isDialling: (peer) => Boolean(sessions.get(toHex(peer))?.dialling),
    sender(peer) {
      const link = sessions.get(toHex(peer))?.link;
      return link ? (bytes) => link.send(bytes) : null;
    },
    stop() {
      stopped = true;
      for (const session of sessions.values()) {
        session.cancelRetry?.();
        session.link?.close();
        session.link = null;
      }
    },
  };
}
