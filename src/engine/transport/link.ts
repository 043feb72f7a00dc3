/** A libp2p stream as the engine's Link: ordered bytes out, chunks in, one close. */
import type { Stream } from '@libp2p/interface';
import type { Link } from '../ports.ts';

/** Bytes that may wait unsent; a party that takes none of this is gone, and the protocol resumes on a new link. */
export const mostUnsent = 8 * 1024 * 1024;

/** Milliseconds in which the last bytes of a closed link may still leave. */
const closeTimeout = 2_000;

export function createLink(stream: Stream, peer: Uint8Array, dialled: boolean): Link {
  let data: ((chunk: Uint8Array) => void) | null = null;
  let closed: ((reason: string) => void) | null = null;
  /** Arrived before there was a handler. */
  const early: Uint8Array[] = [];
  /** Sent in this turn of the event loop: they leave as one, as each write costs a frame and its encryption. */
  let unsent: Uint8Array[] = [];
  let unsentBytes = 0;
  let reason: string | null = null;
  let told = false;
  let closedHere = false;

  /** Hands over what waits: all data first, then the close, once. */
  function deliver(): void {
    while (data && !closedHere && early.length > 0) data(early.shift() as Uint8Array);
    if (reason === null || told || !closed) return;
    if (early.length > 0 && !closedHere) return;
    told = true;
    closed(reason);
  }

  function finish(why: string): void {
    if (reason !== null) return;
    reason = why;
    queueMicrotask(deliver);
  }

  function flush(): void {
    if (unsent.length === 0) return;
    const bytes = unsent.length === 1 ? (unsent[0] as Uint8Array) : joined(unsent, unsentBytes);
    unsent = [];
    unsentBytes = 0;
    try {
      stream.send(bytes);
    } catch (error) {
      finish(`The connection was lost: ${error instanceof Error ? error.message : error}`);
      stream.abort(new Error('cannot send'));
    }
  }

  /** Lets queued bytes leave, then ends both directions. */
  function shut(): void {
    const abort = () => {
      if (stream.status === 'open' || stream.status === 'closing') stream.abort(new Error('closed'));
    };
    stream.close({ signal: AbortSignal.timeout(closeTimeout) }).catch(abort);
    const timer = setTimeout(abort, closeTimeout);
    stream.addEventListener('close', () => clearTimeout(timer));
  }

  stream.addEventListener('message', (event) => {
    if (closedHere) return;
    early.push(event.data.subarray());
    deliver();
  });
  stream.addEventListener('end', () => {
    if (reason !== null) return;
    finish('The other side closed the connection');
    shut();
  });
  stream.addEventListener('close', (event) => {
    finish(event.error ? `The connection was lost: ${event.error.message}` : 'The connection was closed');
  });
  // A stream that ended before the listeners were there tells no more.
  if (stream.status !== 'open') finish('The connection was closed');

  return {
    peer,
    dialled,
    send(bytes) {
      if (reason !== null || bytes.length === 0) return;
      if (stream.writeBufferLength + unsentBytes + bytes.length > mostUnsent) {
        finish(`The other side takes no data: more than ${mostUnsent} bytes wait to be sent`);
        stream.abort(new Error('too much unsent data'));
        return;
      }
      unsent.push(bytes);
      unsentBytes += bytes.length;
      if (unsent.length === 1) queueMicrotask(flush);
    },
    onData(handler) {
      data = handler;
      queueMicrotask(deliver);
    },
    onClose(handler) {
      closed = handler;
      queueMicrotask(deliver);
    },
    close() {
      if (closedHere) return;
      closedHere = true;
      if (reason !== null) return;
      flush();
      finish('Closed here');
      shut();
    },
  };
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
