/** Two transports in one process, each the other's only peer: what is left of an update without the network. */

import { type Link, type Transport, UnreachableError } from '../src/engine/ports.ts';
import { equalBytes } from '../src/protocol/bytes.ts';

interface End extends Transport {
  key: Uint8Array;
  take(link: Link): void;
}

interface PipeEnd extends Link {
  other: PipeEnd | null;
  take(bytes: Uint8Array): void;
}

function ends(a: Uint8Array, b: Uint8Array): [Link, Link] {
  const make = (peer: Uint8Array, dialled: boolean): PipeEnd => {
    const waiting: Uint8Array[] = [];
    let onData: ((chunk: Uint8Array) => void) | null = null;
    let onClose: ((reason: string) => void) | null = null;
    let closed = false;
    const end: PipeEnd = {
      peer,
      dialled,
      other: null,
      send(bytes) {
        if (closed) return;
        queueMicrotask(() => end.other?.take(bytes));
      },
      take(bytes) {
        if (onData) onData(bytes);
        else waiting.push(bytes);
      },
      onData(handler) {
        onData = handler;
        for (const bytes of waiting.splice(0)) handler(bytes);
      },
      onClose(handler) {
        onClose = handler;
      },
      close() {
        if (closed) return;
        closed = true;
        onClose?.('closed');
        end.other?.close();
      },
    };
    return end;
  };
  const [first, second] = [make(b, true), make(a, false)];
  first.other = second;
  second.other = first;
  return [first, second];
}

export function pipe(a: Uint8Array, b: Uint8Array): [Transport, Transport] {
  const make = (key: Uint8Array, peer: () => End): End => {
    let handler: (link: Link) => void = () => undefined;
    return {
      key,
      take: (link) => handler(link),
      async connect(wanted) {
        if (!equalBytes(wanted, peer().key)) throw new UnreachableError('there is one peer only');
        const [mine, theirs] = ends(key, wanted);
        peer().take(theirs);
        return mine;
      },
      onLink(next) {
        handler = next;
      },
      addresses: () => ['/memory'],
      onAddresses: () => undefined,
      stop: async () => undefined,
    };
  };
  const first: End = make(a, () => second);
  const second: End = make(b, () => first);
  return [first, second];
}
