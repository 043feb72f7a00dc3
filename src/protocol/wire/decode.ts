import { WireError, type WireErrorPlace } from './error.ts';
import {
  entryHeadSize,
  fieldHeadSize,
  layout,
  type Message,
  type MessageName,
  maxMessageSize,
  messageNameOf,
  minimumSize,
} from './layout.ts';
import { decodeText } from './text.ts';

/** Turns a stream of bytes, however it is cut into chunks, into messages. */
export interface Decoder {
  /**
   * Takes the next bytes of the stream and returns the messages that they complete, in order. The messages
   * hold copies; `chunk` may be reused.
   *
   * @throws WireError as soon as the bytes can no longer become a message. Its `decoded` holds the messages
   *   that this chunk completed before. From then on the decoder is dead: every call throws that error again,
   *   with an empty `decoded`.
   */
  push(chunk: Uint8Array): Message[];

  /**
   * Says that the stream is over.
   *
   * @throws WireError when it ended within a message, or the decoder is dead.
   */
  end(): void;
}

/**
 * A decoder of one stream (PROTOCOL 2). It holds one unfinished message at most, never more than 1 MiB of it:
 * a length or count that would need more is refused when it is read, before anything behind it is.
 */
export function createDecoder(): Decoder {
  let reading: Reading | undefined;
  let failure: WireError | undefined;

  return {
    push(chunk) {
      if (failure) throw failure.withDecoded([]);
      const decoded: Message[] = [];
      let position = 0;
      try {
        while (position < chunk.length) {
          reading ??= new Reading();
          position = reading.take(chunk, position);
          if (reading.message) {
            decoded.push(reading.message);
            reading = undefined;
          }
        }
      } catch (error) {
        if (!(error instanceof WireError)) throw error;
        failure = error;
        reading = undefined;
        throw error.withDecoded(decoded);
      }
      return decoded;
    },
    end() {
      if (reading) {
        failure = reading.truncated();
        reading = undefined;
      }
      if (failure) throw failure.withDecoded([]);
    },
  };
}

/**
 * Decodes exactly one message (PROTOCOL 2).
 *
 * @throws WireError when the bytes are malformed, too few or too many.
 */
export function decode(bytes: Uint8Array): Message {
  const reading = new Reading();
  const end = reading.take(bytes, 0);
  if (!reading.message) throw reading.truncated();
  if (end < bytes.length) {
    throw new WireError(`the message ends here, but ${bytes.length - end} more bytes follow`, {
      messageName: reading.message.type,
      offset: end,
    });
  }
  return reading.message;
}

/**
 * One message being read. The parser yields each next piece of memory that it wants filled, `take` fills it
 * from whatever chunks come: every byte is copied once, straight to where it stays, for any chunking.
 */
class Reading {
  /** The message, once it is whole. */
  message: Message | undefined;

  readonly #parser: Generator<Uint8Array, Message, void>;
  #piece: Uint8Array;
  /** How many bytes of the piece are there. */
  #filled = 0;

  /** What the piece belongs to, and where it starts. */
  #messageName: MessageName | undefined;
  #field: string | undefined;
  #offset = 0;

  /** Integers, lengths and counts pass through here. */
  readonly #number = new DataView(new ArrayBuffer(16));

  constructor() {
    this.#parser = this.#parse();
    this.#piece = this.#parser.next().value as Uint8Array;
  }

  /** Takes bytes from `position` on, up to the message's end at most; returns the position behind them. */
  take(chunk: Uint8Array, position: number): number {
    let at = position;
    while (at < chunk.length && !this.message) {
      const count = Math.min(chunk.length - at, this.#piece.length - this.#filled);
      this.#piece.set(chunk.subarray(at, at + count), this.#filled);
      at += count;
      this.#filled += count;
      if (this.#filled === this.#piece.length) this.#advance();
    }
    return at;
  }

  /** The error of a stream that ends here. */
  truncated(): WireError {
    const missing = this.#piece.length - this.#filled;
    return new WireError(
      `the bytes end here, with at least ${missing} missing`,
      this.#place(this.#offset + this.#filled),
    );
  }

  #advance(): void {
    this.#offset += this.#piece.length;
    this.#filled = 0;
    const step = this.#parser.next();
    if (step.done) this.message = step.value;
    else this.#piece = step.value;
  }

  *#parse(): Generator<Uint8Array, Message, void> {
    yield this.#numberBytes(1);
    const code = this.#number.getUint8(0);
    const name = messageNameOf(code);
    if (!name) throw new WireError(`unknown message code ${code}`, this.#place(0));
    this.#messageName = name;

    const values: Record<string, unknown> = { type: name };
    /** What the message takes at least behind what was read. */
    let rest = minimumSize(name) - 1;
    for (const [field, type] of layout[name].fields) {
      this.#field = field;
      const headSize = fieldHeadSize[type];
      rest -= headSize;
      switch (type) {
        case 'bytes32':
        case 'bytes64': {
          const bytes = new Uint8Array(headSize);
          yield bytes;
          values[field] = bytes;
          break;
        }
        case 'u16':
        case 'u32':
          yield this.#numberBytes(headSize);
          values[field] = this.#readNumber(headSize);
          break;
        case 'u64':
          yield this.#numberBytes(headSize);
          values[field] = this.#number.getBigUint64(0);
          break;
        case 'u128':
          yield this.#numberBytes(headSize);
          values[field] = (this.#number.getBigUint64(0) << 64n) | this.#number.getBigUint64(8);
          break;
        case 'data16':
        case 'data32': {
          yield this.#numberBytes(headSize);
          const data = this.#reserve(headSize, rest);
          if (data.length > 0) yield data;
          if (name === 'error') decodeText(data, this.#place(this.#offset - data.length));
          values[field] = data;
          break;
        }
        case 'entries': {
          yield this.#numberBytes(headSize);
          const count = this.#readNumber(headSize);
          rest += count * entryHeadSize;
          const entries: Uint8Array[] = [];
          while (entries.length < count) {
            rest -= entryHeadSize;
            yield this.#numberBytes(entryHeadSize);
            const entry = this.#reserve(entryHeadSize, rest);
            if (entry.length > 0) yield entry;
            entries.push(entry);
          }
          values[field] = entries;
          break;
        }
      }
    }
    return values as unknown as Message;
  }

  /** Memory for as many bytes as the length just read says, if the message can then still fit its cap. */
  #reserve(headSize: number, rest: number): Uint8Array {
    const length = this.#readNumber(headSize);
    if (this.#offset + length + rest > maxMessageSize) {
      throw new WireError(
        `a length of ${length} makes the message larger than ${maxMessageSize} bytes`,
        this.#place(this.#offset - headSize),
      );
    }
    return new Uint8Array(length);
  }

  #numberBytes(size: number): Uint8Array {
    return new Uint8Array(this.#number.buffer, 0, size);
  }

  /** The number of 2 or 4 bytes that was read. */
  #readNumber(size: number): number {
    return size === 2 ? this.#number.getUint16(0) : this.#number.getUint32(0);
  }

  #place(offset: number): WireErrorPlace {
    return { messageName: this.#messageName, field: this.#field, offset };
  }
}
