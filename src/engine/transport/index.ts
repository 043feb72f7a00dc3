/** The engine's Transport over libp2p: WebSockets, directly or through a circuit relay. No DOM, no WebRTC. */
import './with-resolvers.ts';
import './web-socket.ts';
import { noise } from '@chainsafe/libp2p-noise';
import { yamux } from '@chainsafe/libp2p-yamux';
import { circuitRelayTransport } from '@libp2p/circuit-relay-v2';
import { identify } from '@libp2p/identify';
import type { Connection, Stream } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import { ping } from '@libp2p/ping';
import { webSockets } from '@libp2p/websockets';
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr';
import { createLibp2p, type Libp2pInit } from 'libp2p';
import { type Link, type Transport, UnreachableError } from '../ports.ts';
import { readAddresses, readRelay, unreachable } from './addresses.ts';
import { accountOf, identityOf, peerIdOf } from './identity.ts';
import { createLink } from './link.ts';
import { keepReservation, type Reservation } from './reservation.ts';

export { accountOf, peerIdOf } from './identity.ts';

/** The stream's protocol: what it carries is PROTOCOL 2. */
export const channelProtocol = '/tandem/channel/1';

/** Milliseconds for all addresses of one `connect`, and for each of them. */
const connectTimeout = 10_000;
const addressTimeout = 4_000;

export interface TransportOptions {
  /** The account's Ed25519 seed, 32 bytes. */
  seed: Uint8Array;
  /** `listen` opens ports (Node.js); `dial` is for browsers, reachable through a relay only. */
  mode: 'dial' | 'listen';
  /** Multiaddrs to listen at, such as /ip4/127.0.0.1/tcp/3014/ws; port 0 takes a free one. */
  listen?: readonly string[];
  /** The relay's multiaddr with its /p2p/ part. It may be down: the slot is reserved when it comes up. */
  relay?: string | null;
  /** The protocol of the streams that are taken, and opened where none is named; that of channels by default. */
  protocol?: string;
}

/** A port that cannot be listened at. `code` is the system's, such as EADDRINUSE. */
export class ListenError extends Error {
  override name = 'ListenError';
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** What the relay and the wallets have in common. */
export const commonOptions = {
  connectionEncrypters: [noise()],
  streamMuxers: [yamux()],
  connectionGater: {
    // Loopback and private addresses are where a devnet and a shop's own network are.
    denyDialMultiaddr: () => false,
  },
  // An idle link lives on; one whose party has not answered a ping for this long is gone.
  connectionMonitor: { pingInterval: 10_000, pingTimeout: { minTimeout: 20_000 } },
} satisfies Libp2pInit;

type Components = Parameters<NonNullable<Libp2pInit['transports']>[number]>[0];

/** The parts of libp2p's circuit transport that its types hide. */
interface CircuitInternals {
  reservationStore: { relayFilter: { remove(item: Uint8Array): boolean } };
}

/** Rejects with ListenError where a port is taken, and with a sentence for addresses that cannot be used. */
export async function createTransport(options: TransportOptions): Promise<Transport> {
  const relay = options.relay ? readRelay(options.relay) : null;
  const listen = options.mode === 'listen' ? [...(options.listen ?? [])] : [];
  const ownProtocol = options.protocol ?? channelProtocol;
  if (options.mode === 'listen' && listen.length === 0)
    throw new Error('Nothing to listen at: give a multiaddr such as /ip4/127.0.0.1/tcp/3014/ws');

  const circuit = circuitRelayTransport();
  let internals: CircuitInternals | null = null;
  let manager: Components['transportManager'] | null = null;
  const node = await createLibp2p({
    ...commonOptions,
    start: false,
    privateKey: await identityOf(options.seed),
    addresses: { listen },
    transports: [
      webSockets(),
      (components) => {
        const made = circuit(components);
        internals = made as unknown as CircuitInternals;
        manager = components.transportManager;
        return made;
      },
    ],
    connectionManager: {
      dialTimeout: connectTimeout,
      addressDialTimeout: addressTimeout,
      // Browsers behind one relay or proxy share an address.
      inboundConnectionThreshold: 200,
      maxIncomingPendingConnections: 200,
      ...(options.mode === 'listen' ? { maxConnections: 5_000 } : {}),
    },
    services: { identify: identify(), ping: ping() },
  });
  const listeners = () => (manager as Components['transportManager'] | null)?.getListeners() ?? [];
  const self = node.peerId.toString();
  const stopping = new AbortController();
  const links = new Set<Link>();
  /** Links that came before there was a handler. */
  const waiting: Link[] = [];
  let onLink: ((link: Link) => void) | null = null;
  let onAddresses: (() => void) | null = null;
  let reservation: Reservation | null = null;
  let known = '';

  function linkOf(stream: Stream, connection: Connection): Link {
    const link = createLink(stream, accountOf(connection.remotePeer), stream.direction === 'outbound');
    links.add(link);
    stream.addEventListener('close', () => links.delete(link));
    return link;
  }

  function addresses(): string[] {
    if (stopping.signal.aborted) return [];
    const direct =
      options.mode === 'listen'
        ? listeners()
            .flatMap((each) => each.getAddrs())
            .filter(isDirect)
        : [];
    const found = direct.map((address) => `${address.toString()}/p2p/${self}`);
    if (relay && reservation?.held()) found.push(`${relay.toString()}/p2p-circuit/p2p/${self}`);
    return found;
  }

  function tellAddresses(): void {
    const now = addresses().join(' ');
    if (now === known) return;
    known = now;
    onAddresses?.();
  }

  await node.handle(
    ownProtocol,
    (stream, connection) => {
      if (connection.remotePeer.type !== 'Ed25519')
        return stream.abort(new Error('accounts have Ed25519 keys'));
      const link = linkOf(stream, connection);
      if (onLink) onLink(link);
      else waiting.push(link);
    },
    { runOnLimitedConnection: true, maxInboundStreams: 32 },
  );
  try {
    await node.start();
  } catch (error) {
    await node.stop();
    throw listenError(error, listen);
  }

  if (relay) {
    const relayId = peerIdFromString(relay.getComponents().at(-1)?.value ?? '');
    const kept = keepReservation({
      relay,
      listen: async (address) => await (manager as Components['transportManager'] | null)?.listen([address]),
      listeners,
      forgive: () => internals?.reservationStore.relayFilter.remove(relayId.toMultihash().bytes),
      changed: tellAddresses,
    });
    reservation = kept;
    const changed = () => {
      tellAddresses();
      kept.check();
    };
    node.addEventListener('transport:listening', changed);
    node.addEventListener('transport:close', changed);
    kept.check();
  }
  known = addresses().join(' ');

  return {
    async connect(peer, given, protocol = ownProtocol) {
      if (stopping.signal.aborted) throw new UnreachableError('This wallet is shutting down.');
      const target = peerIdOf(peer);
      if (target.equals(node.peerId))
        throw new UnreachableError("This is the wallet's own address: ask the other side for its invite.");
      const read = readAddresses(given, target);
      const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(connectTimeout)]);
      let connection = node.getConnections(target).find((each) => each.status === 'open');
      try {
        // What the other side opened to us serves as well as what we would open.
        if (!connection) {
          if (read.usable.length === 0) throw new Error('no usable address');
          connection = await node.dial(read.usable, { signal });
        }
        if (!connection.remotePeer.equals(target)) throw named('UnexpectedPeerError');
        const stream = await connection.newStream(protocol, { signal, runOnLimitedConnection: true });
        return linkOf(stream, connection);
      } catch (error) {
        // A connection on which nothing answers must not be met again by the next attempt.
        if (signal.aborted) connection?.abort(new Error('no answer'));
        throw unreachable(read, error);
      }
    },
    onLink(handler) {
      onLink = handler;
      for (const link of waiting.splice(0)) handler(link);
    },
    addresses,
    onAddresses(handler) {
      onAddresses = handler;
    },
    async stop() {
      if (stopping.signal.aborted) return;
      stopping.abort();
      reservation?.stop();
      for (const link of links) link.close();
      await node.stop();
    },
  };
}

function isDirect(address: Multiaddr): boolean {
  return !address.getComponents().some((part) => part.name === 'p2p-circuit');
}

function named(name: string): Error {
  const error = new Error(name);
  error.name = name;
  return error;
}

/** libp2p puts the system's error into a text; a person needs to know which port, and what to do. */
export function listenError(error: unknown, listen: readonly string[]): Error {
  const text = error instanceof Error ? error.message : String(error);
  const code = /\bE[A-Z]{3,}\b/.exec(text)?.[0];
  if (!code) return error instanceof Error ? error : new Error(text);
  const ports = listen.map((address) => {
    const value = multiaddr(address)
      .getComponents()
      .find((part) => part.name === 'tcp')?.value;
    return value ?? address;
  });
  const what =
    code === 'EADDRINUSE'
      ? 'is already in use'
      : code === 'EACCES'
        ? 'may not be used by this user (1023 and below are reserved)'
        : `cannot be listened at (${code})`;
  return new ListenError(code, `Port ${ports.join(', ')} ${what}`);
}
