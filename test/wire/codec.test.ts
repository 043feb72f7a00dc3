import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  createDecoder,
  decode,
  encode,
  errorText,
  type Message,
  messageNames,
} from '../../src/protocol/wire/index.ts';
import { anyMessage, cut } from './arbitrary.ts';
import { golden, goldenNamed } from './golden.ts';

const everything = new Uint8Array(Buffer.concat(golden.map(({ bytes }) => bytes)));
const everyMessage = golden.map(({ message }) => message);

describe('golden bytes', () => {
  test('cover all 26 messages', () => {
    expect(new Set(golden.map(({ message }) => message.type))).toEqual(new Set(messageNames));
  });

  test.each(golden)('$name', ({ message, bytes }) => {
    expect(Buffer.from(encode(message)).toString('hex')).toBe(Buffer.from(bytes).toString('hex'));
    expect(decode(bytes)).toStrictEqual(message);
  });
});

describe('a stream gives the same messages however it is cut', () => {
  test('in one chunk', () => {
    expect(createDecoder().push(everything)).toStrictEqual(everyMessage);
  });

  test.each(golden)('cut in two at every point: $name', ({ message, bytes }) => {
    for (let at = 0; at <= bytes.length; at++) {
      const decoder = createDecoder();
      const got = [bytes.slice(0, at), bytes.slice(at)].map((chunk) => decoder.push(chunk));
      const expected = at === bytes.length ? [[message], []] : [[], [message]];
      expect(isDeepStrictEqual(got, expected), `cut at ${at}`).toBe(true);
      decoder.end();
    }
  });

  test('in chunks of one byte, each message coming with its last byte', () => {
    const decoder = createDecoder();
    let at = 0;
    for (const { message, bytes } of golden) {
      for (const byte of bytes.subarray(0, -1)) expect(decoder.push(new Uint8Array([byte]))).toEqual([]);
      at += bytes.length;
      expect(decoder.push(everything.subarray(at - 1, at))).toStrictEqual([message]);
      decoder.end();
    }
  });

  test('with empty chunks between', () => {
    const decoder = createDecoder();
    const nothing = new Uint8Array();
    const got = cut(everything, [100]).flatMap((chunk) => [...decoder.push(nothing), ...decoder.push(chunk)]);
    expect(got).toStrictEqual(everyMessage);
    expect(decoder.push(nothing)).toEqual([]);
    decoder.end();
  });

  test('any messages, any chunks: decode(encode(m)) is m', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(fc.array(anyMessage, { maxLength: 5 }), sizes, (messages, chunkSizes) => {
        const encoded = messages.map(encode);
        expect(encoded.map(decode)).toStrictEqual(messages);
        const decoder = createDecoder();
        const chunks = cut(new Uint8Array(Buffer.concat(encoded)), chunkSizes);
        expect(chunks.flatMap((chunk) => decoder.push(chunk))).toStrictEqual(messages);
        decoder.end();
      }),
      { numRuns: 300 },
    );
  });

  test('bytes that decode are the only bytes of their message', () => {
    fc.assert(
      fc.property(anyMessage, fc.nat(), fc.integer({ min: 1, max: 255 }), (message, at, flip) => {
        const bytes = encode(message);
        bytes[at % bytes.length]! ^= flip;
        let decoded: Message;
        try {
          decoded = decode(bytes);
        } catch {
          return;
        }
        expect(encode(decoded)).toEqual(bytes);
      }),
      { numRuns: 500 },
    );
  });
});

describe('decoded bytes are copies', () => {
  function buffersOf(message: Message): ArrayBufferLike[] {
    return Object.values(message)
      .flat()
      .flatMap((value) => (value instanceof Uint8Array ? [value.buffer] : []));
  }

  test.each(golden)('$name', ({ message, bytes }) => {
    const chunk = bytes.slice();
    const decoder = createDecoder();
    const [got] = decoder.push(chunk);
    chunk.fill(0xee);
    decoder.push(goldenNamed('channel_reestablish').bytes);
    expect(got).toStrictEqual(message);

    const buffers = buffersOf(got!);
    expect(buffers).not.toContain(chunk.buffer);
    expect(new Set(buffers).size).toBe(buffers.length);
    for (const value of Object.values(got!).flat()) {
      if (value instanceof Uint8Array) expect(value.buffer.byteLength).toBe(value.length);
    }
  });

  test('a Node Buffer, which is a view of a pool, gives plain Uint8Arrays', () => {
    const { message, bytes } = goldenNamed('update, one entry');
    expect(decode(Buffer.from(bytes))).toStrictEqual(message);
  });

  test('encoding copies too', () => {
    const { message, bytes } = goldenNamed('inband_message, delegates');
    const { channel_id, data } = message as Extract<Message, { type: 'inband_message' }>;
    const mine = { type: 'inband_message', channel_id: channel_id.slice(), data: data.slice() } as const;
    const encoded = encode(mine);
    mine.data.fill(0);
    expect(encoded).toEqual(bytes);
  });
});

test('an error message gives its text', () => {
  const texts = ['error, text', 'error, no text'].map((name) => {
    const message = decode(goldenNamed(name).bytes);
    return message.type === 'error' && errorText(message);
  });
  expect(texts).toEqual(['no funds: 0€', '']);
});

test('work grows with the bytes, not with the chunks: a byte is copied once, in chunks of one byte too', () => {
  const entries = [new Uint8Array(20_000).fill(1), new Uint8Array(), new Uint8Array(10_000).fill(2)];
  const update = { ...goldenNamed('update, no entries').message, entries } as Message;
  const bytes = encode(update);
  const { copied, result } = countCopies(() => {
    const decoder = createDecoder();
    const messages: Message[] = [];
    for (let at = 0; at < bytes.length; at++) messages.push(...decoder.push(bytes.subarray(at, at + 1)));
    return messages;
  });
  expect(result).toStrictEqual([update]);
  expect(copied).toBe(bytes.length);
});

/** Counts the bytes that typed arrays copy, by any of the ways they have, while `work` runs. */
function countCopies<T>(work: () => T): { copied: number; result: T } {
  const prototype = Object.getPrototypeOf(Uint8Array.prototype);
  const { set, slice, copyWithin } = prototype;
  let copied = 0;
  prototype.set = function (this: Uint8Array, source: ArrayLike<number>, offset?: number) {
    copied += source.length;
    return set.call(this, source, offset);
  };
  prototype.slice = function (this: Uint8Array, ...range: number[]) {
    const part = slice.apply(this, range);
    copied += part.length;
    return part;
  };
  prototype.copyWithin = function (this: Uint8Array, ...range: number[]) {
    copied += this.length;
    return copyWithin.apply(this, range);
  };
  try {
    return { result: work(), copied };
  } finally {
    Object.assign(prototype, { set, slice, copyWithin });
  }
}
