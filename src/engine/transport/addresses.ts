/** Addresses as people pass them on, and why none of them led to the other side. */
import type { PeerId } from '@libp2p/interface';
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr';
import { UnreachableError } from '../ports.ts';

export interface ReadAddresses {
  /** Complete, each with the peer's id at its end. */
  usable: Multiaddr[];
  /** One phrase for each address that cannot be used. */
  problems: string[];
}

/** Sorts addresses into those that can be dialled for this peer and those that cannot, with the reason. */
export function readAddresses(addresses: readonly string[], peer: PeerId): ReadAddresses {
  const usable: Multiaddr[] = [];
  const problems: string[] = [];
  for (const text of addresses) {
    try {
      usable.push(readAddress(text, peer));
    } catch (error) {
      problems.push(`"${text.slice(0, 200)}" ${error instanceof Error ? error.message : error}`);
    }
  }
  return { usable, problems };
}

function readAddress(text: string, peer: PeerId): Multiaddr {
  let address: Multiaddr;
  try {
    address = multiaddr(text);
  } catch {
    throw new Error('is not a multiaddr');
  }
  const parts = address.getComponents();
  if (!parts.some((part) => part.name === 'ws' || part.name === 'wss'))
    throw new Error('is not a WebSocket address (/ws or /wss)');
  const circuit = parts.findIndex((part) => part.name === 'p2p-circuit');
  if (circuit >= 0 && !parts.slice(0, circuit).some((part) => part.name === 'p2p'))
    throw new Error("lacks the relay's /p2p/ part");
  const last = parts.at(-1);
  if (last?.name !== 'p2p') return address.encapsulate(`/p2p/${peer.toString()}`);
  if (last.value !== peer.toString()) throw new Error('belongs to another account');
  return address;
}

/** A relay's address must name the relay's own id: who else answers there is not trusted with the slot. */
export function readRelay(text: string): Multiaddr {
  const help = 'give one such as /ip4/127.0.0.1/tcp/3015/ws/p2p/12D3Koo...';
  let relay: Multiaddr;
  try {
    relay = multiaddr(text);
  } catch {
    throw new Error(`The relay's address "${text}" is not a multiaddr: ${help}`);
  }
  const names = relay.getComponents().map((part) => part.name);
  if (names.includes('p2p-circuit'))
    throw new Error(`The relay's address "${text}" leads over another relay: ${help}`);
  if (!names.includes('ws') && !names.includes('wss'))
    throw new Error(`The relay's address "${text}" is not a WebSocket address (/ws or /wss): ${help}`);
  if (names.at(-1) !== 'p2p')
    throw new Error(`The relay's address "${text}" lacks the relay's id at its end: ${help}`);
  return relay;
}

/** One sentence for a person from what libp2p ran into. */
export function unreachable(read: ReadAddresses, error?: unknown): UnreachableError {
  const tail = read.problems.length > 0 ? ` (cannot be used: ${read.problems.join(', ')})` : '';
  const at = read.usable.map(plainAddress).join(', ');
  if (at === '') {
    return new UnreachableError(
      tail === ''
        ? 'No address of the other side is known: ask it for a new invite.'
        : `The other side cannot be reached: its addresses are not usable${tail}.`,
    );
  }
  const sentence = (text: string) => new UnreachableError(text, { cause: error });
  const errors = errorsIn(error);
  // The handshake fails with no name of its own where another key answers.
  const isOther = (each: Error) =>
    each.name === 'UnexpectedPeerError' || /match expected remote identity/.test(each.message);
  if (errors.some(isOther))
    return sentence(`Someone else answers at ${at}: ask the other side for a new invite${tail}.`);
  if (errors.some((each) => each.name === 'UnsupportedProtocolError'))
    return sentence(`What answers at ${at} does not speak this wallet's protocol${tail}.`);
  return sentence(`The other side is not online at ${at}${tail}.`);
}

/** The address without the peer's id: that is long, and the same in all. */
function plainAddress(address: Multiaddr): string {
  return address.toString().replace(/\/p2p\/[^/]+$/, '');
}

function errorsIn(error: unknown): Error[] {
  if (error instanceof AggregateError) return error.errors.flatMap(errorsIn);
  if (!(error instanceof Error)) return [];
  return [error, ...errorsIn(error.cause)];
}
