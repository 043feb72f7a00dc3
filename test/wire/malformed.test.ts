import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  createDecoder,
  decode,
  encode,
  errorText,
  type Message,
  type MessageOf,
  maxMessageSize,
  minimumSize,
  WireError,
} from '../../src/protocol/wire/index.ts';
import { anyMessage, cut } from './arbitrary.ts';
import { wireError } from './failing.ts';
import { golden, goldenNamed, unhex } from './golden.ts';

const ping = goldenNamed('ping');
const concat = (...parts: Uint8Array[]) => new Uint8Array(Buffer.concat(parts));

/** The golden bytes of `name` with the bytes at `offset` replaced, and cut behind them. */
function patched(name: string, offset: number, hex: string): Uint8Array {
  return concat(goldenNamed(name).bytes.subarray(0, offset), unhex(hex));
}

describe('missing and trailing bytes', () => {
  test.each(golden)('every beginning of it is refused as too short: $name', ({ message, bytes }) => {
    for (let size = 0; size < bytes.length; size++) {
      const expected = { messageName: size === 0 ? undefined : message.type, offset: size };
      const error = wireError(() => decode(bytes.slice(0, size)));
      expect(error).toMatchObject(expected);
      expect(error.field === undefined).toBe(size === 0);
      expect(error.message).toMatch(/the bytes end here, with at least \d+ missing$/);

      const decoder = createDecoder();
      expect(decoder.push(bytes.slice(0, size))).toEqual([]);
      if (size === 0) decoder.end();
      else expect(wireError(() => decoder.end()).message).toBe(error.message);
    }
  });

  test('the error names the field that is cut', () => {
    const { bytes } = goldenNamed('update_ack');
    expect(wireError(() => decode(bytes.slice(0, 38))).message).toBe(
      'update_ack, field sequence_number, byte 38: the bytes end here, with at least 3 missing',
    );
  });

  test.each(golden)('trailing bytes are refused: $name', ({ message, bytes }) => {
    for (const more of [new Uint8Array([0]), new Uint8Array([13]), ping.bytes]) {
      const error = wireError(() => decode(concat(bytes, more)));
      expect(error).toMatchObject({ messageName: message.type, offset: bytes.length });
      expect(error.message).toContain(`but ${more.length} more bytes follow`);
    }
  });

  test('a stream that ended within a message takes no more bytes', () => {
    const decoder = createDecoder();
    decoder.push(ping.bytes.slice(0, 5));
    const { message } = wireError(() => decoder.end());
    expect(wireError(() => decoder.push(ping.bytes.slice(5))).message).toBe(message);
    expect(wireError(() => decoder.end()).message).toBe(message);
  });
});

describe('lengths that lie', () => {
  const update = 'update, no entries';
  const ack = 'channel_reestablish_ack, no state';
  const lengthTooLarge = (length: number) =>
    `a length of ${length} makes the message larger than 1048576 bytes`;

  test.each([
    ['the largest state length', ack, minimumSize('channel_reestablish_ack') - 4, 'ffffffff', 'state', 0],
    ['a state one byte over', ack, minimumSize('channel_reestablish_ack') - 4, '000fff14', 'state', 0],
    ['the largest entry length', update, minimumSize('update') - 2, '0001ffffffff', 'entries', 2],
    ['an entry one byte over', update, minimumSize('update') - 2, '0001000fff52', 'entries', 2],
    [
      'an entry that leaves no room for the length of the next',
      update,
      minimumSize('update') - 2,
      '0002000fff4e',
      'entries',
      2,
    ],
  ])('%s is refused with the last byte of the length', (_, name, offset, hex, field, within) => {
    const bytes = patched(name, offset, hex);
    const decoder = createDecoder();
    expect(decoder.push(bytes.slice(0, -1))).toEqual([]);
    const error = wireError(() => decoder.push(bytes.slice(-1)));
    expect(error).toMatchObject({
      messageName: goldenNamed(name).message.type,
      field,
      offset: offset + within,
      problem: lengthTooLarge(Number.parseInt(hex.slice(-8), 16)),
    });
  });

  test('a length or count of one more than there is waits for more, and is an error at the end', () => {
    for (const [name, offset, hex] of [
      ['inband_message, no data', 33, '0001'],
      ['error, no text', 33, 'ffff'],
      ['update_error, no data', minimumSize('update_error') - 2, '0001'],
      [update, minimumSize('update') - 2, '0001'],
      [update, minimumSize('update') - 2, 'ffff'],
      [ack, minimumSize('channel_reestablish_ack') - 4, '00000001'],
    ] as const) {
      const bytes = patched(name, offset, hex);
      const decoder = createDecoder();
      expect(decoder.push(bytes)).toEqual([]);
      expect(wireError(() => decoder.end())).toMatchObject({ offset: bytes.length });
      expect(wireError(() => decode(bytes))).toMatchObject({ offset: bytes.length });
    }
  });

  test('a length of one less than there is leaves a byte over', () => {
    const { bytes } = goldenNamed('update_error, data, integers maximal');
    const lying = bytes.slice();
    lying[lying.length - 5] = 3;
    expect(wireError(() => decode(lying))).toMatchObject({ offset: bytes.length - 1, field: undefined });
  });
});

describe('the cap of 1 MiB counts the code byte', () => {
  const state = (size: number) =>
    ({ ...goldenNamed('channel_reestablish_ack, no state').message, state: new Uint8Array(size) }) as Message;
  const entries = (...sizes: number[]) =>
    ({
      ...goldenNamed('update, no entries').message,
      entries: sizes.map((size) => new Uint8Array(size)),
    }) as Message;
  const stateRoom = maxMessageSize - minimumSize('channel_reestablish_ack');
  const entriesRoom = maxMessageSize - minimumSize('update');

  test.each([
    ['one state', state(stateRoom)],
    ['one entry', entries(entriesRoom - 4)],
    ['an entry and an empty one', entries(entriesRoom - 8, 0)],
    ['the most entries', entries(...Array(65_534).fill(0), entriesRoom - 4 * 65_535)],
  ])('exactly 1 MiB is a message: %s', (_, message) => {
    const bytes = encode(message);
    expect(bytes.length).toBe(1_048_576);
    expect(Buffer.from(encode(decode(bytes))).equals(bytes)).toBe(true);
    const decoder = createDecoder();
    const got = cut(bytes, [65_536, 1, 7]).flatMap((chunk) => decoder.push(chunk));
    expect(got.map(encode).map((again) => Buffer.from(again).equals(bytes))).toEqual([true]);
  });

  test.each([
    ['one state', state(stateRoom + 1)],
    ['one entry', entries(entriesRoom - 3)],
    ['an entry and an empty one', entries(entriesRoom - 7, 0)],
    ['the most entries', entries(...Array(65_534).fill(0), entriesRoom - 4 * 65_535 + 1)],
  ])('one byte more is not encoded: %s', (_, message) => {
    const error = wireError(() => encode(message));
    expect(error.messageName).toBe(message.type);
    expect(error.message).toContain('at most 1048576 bytes, got 1048577');
  });
});

describe('after an error', () => {
  const broken = patched('error, no text', 33, '0003fffefd');

  test('the messages before it in the same chunk come with it, once', () => {
    const decoder = createDecoder();
    const { message, bytes } = goldenNamed('update, one entry');
    expect(decoder.push(concat(ping.bytes, bytes.slice(0, 9)))).toStrictEqual([ping.message]);
    const error = wireError(() => decoder.push(concat(bytes.slice(9), ping.bytes, broken, ping.bytes)));
    expect(error.decoded).toStrictEqual([message, ping.message]);
    expect(error.messageName).toBe('error');
    expect(wireError(() => decoder.push(ping.bytes)).decoded).toEqual([]);
  });

  test('the decoder is dead and says the same', () => {
    const decoder = createDecoder();
    const first = wireError(() => decoder.push(new Uint8Array([13])));
    for (const again of [
      () => decoder.push(ping.bytes),
      () => decoder.push(new Uint8Array()),
      () => decoder.end(),
    ]) {
      expect(wireError(again)).toMatchObject({ message: first.message, offset: 0, decoded: [] });
    }
  });

  test('another decoder is not touched', () => {
    wireError(() => createDecoder().push(broken));
    expect(createDecoder().push(ping.bytes)).toStrictEqual([ping.message]);
  });
});

describe('the text of an error must be UTF-8', () => {
  test.each([
    ['a lone continuation byte', '80'],
    ['a cut character', 'e282'],
    ['an overlong encoding', 'c0af'],
    ['a surrogate', 'eda080'],
    ['beyond Unicode', 'f4908080'],
  ])('%s', (_, hex) => {
    const data = unhex(hex);
    const bytes = patched('error, no text', 33, `000${data.length}${hex}`);
    const place = { messageName: 'error', field: 'data' };
    expect(wireError(() => decode(bytes))).toMatchObject({ ...place, offset: 35 });
    const message: MessageOf<'error'> = { type: 'error', channel_id: new Uint8Array(32), data };
    expect(wireError(() => encode(message))).toMatchObject(place);
    expect(wireError(() => errorText(message))).toMatchObject(place);
  });

  test('a byte order mark is part of the text', () => {
    const message = decode(patched('error, no text', 33, '0003efbbbf')) as MessageOf<'error'>;
    expect(errorText(message)).toBe('\ufeff');
  });
});

describe('a message that cannot be bytes is not encoded', () => {
  const refusals: [string, string, Record<string, unknown>, string][] = [
    [
      'a missing field',
      'ping',
      { nonce: undefined },
      'ping, field nonce: must be a bigint from 0 to 18446744073709551615, it is missing',
    ],
    ['null', 'ping', { nonce: null }, 'got null'],
    [
      'a number for a bigint',
      'ping',
      { nonce: 1 },
      'ping, field nonce: must be a bigint from 0 to 18446744073709551615, got 1',
    ],
    ['a negative u64', 'ping', { nonce: -1n }, 'got -1n'],
    ['a u64 too large', 'ping', { nonce: 1n << 64n }, 'got 18446744073709551616n'],
    [
      'a u128 too large',
      'update, one entry',
      { initiator_balance: 1n << 128n },
      'update, field initiator_balance: must be a bigint from 0 to 340282366920938463463374607431768211455, got 340282366920938463463374607431768211456n',
    ],
    ['a negative u128', 'update, one entry', { responder_balance: -5n }, 'update, field responder_balance'],
    [
      'a u16 too large',
      'channel_open',
      { lock_period: 65_536 },
      'channel_open, field lock_period: must be a whole number from 0 to 65535, got 65536',
    ],
    ['a negative u16', 'channel_open', { lock_period: -1 }, 'got -1'],
    ['a fraction', 'channel_open', { lock_period: 1.5 }, 'got 1.5'],
    ['NaN', 'channel_open', { lock_period: Number.NaN }, 'got NaN'],
    ['a bigint for a number', 'channel_open', { lock_period: 1n }, 'got 1n'],
    [
      'a u32 too large',
      'channel_accept',
      { minimum_depth: 2 ** 32 },
      'channel_accept, field minimum_depth: must be a whole number from 0 to 4294967295, got 4294967296',
    ],
    [
      'bytes too short',
      'leave',
      { channel_id: new Uint8Array(31) },
      'leave, field channel_id: must be a Uint8Array of 32 bytes, got 31 bytes',
    ],
    [
      'bytes too long',
      'update_ack',
      { signature: new Uint8Array(65) },
      'update_ack, field signature: must be a Uint8Array of 64 bytes, got 65 bytes',
    ],
    ['text for bytes', 'leave', { channel_id: 'ch_1' }, 'got "ch_1"'],
    ['an array for bytes', 'leave', { channel_id: Array(32).fill(0) }, 'got an array of 32'],
    [
      'data too long',
      'inband_message, no data',
      { data: new Uint8Array(65_536) },
      'inband_message, field data: must be a Uint8Array of at most 65535 bytes, got 65536 bytes',
    ],
    [
      'state that is no data',
      'channel_reestablish_ack, no state',
      { state: {} },
      'channel_reestablish_ack, field state: must be a Uint8Array of at most 4294967295 bytes, got an object',
    ],
    [
      'too many entries',
      'update, one entry',
      { entries: Array(65_536).fill(new Uint8Array()) },
      'update, field entries: must be an array of at most 65535 entries, got an array of 65536',
    ],
    ['bytes for entries', 'update, one entry', { entries: new Uint8Array(3) }, 'update, field entries'],
    [
      'an entry that is no bytes',
      'update, one entry',
      { entries: [new Uint8Array(), [1]] },
      'update, field entries: entry 1 must be a Uint8Array, got an array of 1',
    ],
    [
      'a hole in the entries',
      'update, one entry',
      { entries: Array(1) },
      'update, field entries: entry 0 must be a Uint8Array, got undefined',
    ],
    ['an unknown type', 'ping', { type: 'pang' }, 'message: there is no message type "pang"'],
    [
      'a type that is a name of every object',
      'ping',
      { type: 'toString' },
      'there is no message type "toString"',
    ],
  ];

  test.each(refusals)('%s', (_, name, change, text) => {
    const message = { ...goldenNamed(name).message, ...change } as unknown as Message;
    const error = wireError(() => encode(message));
    expect(error.message).toContain(text);
    expect(error.offset).toBeUndefined();
    const changed = Object.keys(change)[0];
    if (changed !== 'type') expect(error).toMatchObject({ messageName: message.type, field: changed });
  });

  test('the largest data is encoded', () => {
    const data = new Uint8Array(65_535).fill(7);
    const message = { ...goldenNamed('inband_message, no data').message, data } as Message;
    const bytes = encode(message);
    expect(bytes.length).toBe(35 + 65_535);
    expect(Buffer.from(encode(decode(bytes))).equals(bytes)).toBe(true);
  });
});

describe('whatever comes, a decoder gives messages or a WireError, and nothing that did not come', () => {
  /**
   * Pushes the chunks until an error. The messages that came, encoded again, must be the very bytes that were
   * pushed, from the start on: so nothing was made up, skipped or read ahead.
   */
  function check(bytes: Uint8Array, sizes: readonly number[]): void {
    const decoder = createDecoder();
    const messages: Message[] = [];
    let pushed = 0;
    let error: WireError | undefined;
    for (const chunk of cut(bytes, sizes)) {
      pushed += chunk.length;
      try {
        messages.push(...decoder.push(chunk));
      } catch (thrown) {
        if (!(thrown instanceof WireError)) throw thrown;
        error = thrown;
        messages.push(...thrown.decoded);
        break;
      }
    }
    const used = concat(...messages.map(encode));
    expect(used.length).toBeLessThanOrEqual(pushed);
    expect(Buffer.from(used).equals(bytes.subarray(0, used.length))).toBe(true);
    if (error) {
      expect(used.length + error.offset!).toBeLessThan(pushed);
      return;
    }
    if (used.length === bytes.length) decoder.end();
    else expect(wireError(() => decoder.end()).offset).toBe(bytes.length - used.length);
  }

  const sizes = fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 6 });

  test('one bit flipped, at every bit of every golden message but long runs of data', () => {
    for (const { bytes } of golden) {
      for (let bit = 0; bit < 8 * Math.min(bytes.length, 260); bit++) {
        const flipped = bytes.slice();
        flipped[bit >> 3]! ^= 1 << (bit & 7);
        check(concat(flipped, ping.bytes), [bytes.length, 3]);
      }
    }
  });

  test('random bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), sizes, check), { numRuns: 500 });
  });

  test('random bytes behind a known code', () => {
    const codes = golden.map(({ bytes }) => bytes[0]!);
    const known = fc
      .tuple(fc.constantFrom(...codes), fc.uint8Array({ maxLength: 600 }))
      .map(([code, body]) => concat(new Uint8Array([code]), body));
    fc.assert(fc.property(known, sizes, check), { numRuns: 1000 });
  });

  test('messages with bytes changed, cut out or put in', () => {
    const edit = fc.record({
      at: fc.nat(),
      remove: fc.nat({ max: 4 }),
      insert: fc.uint8Array({ maxLength: 4 }),
    });
    fc.assert(
      fc.property(
        fc.array(anyMessage, { minLength: 1, maxLength: 3 }),
        fc.array(edit, { maxLength: 3 }),
        sizes,
        (messages, edits, chunkSizes) => {
          let bytes = concat(...messages.map(encode));
          for (const { at, remove, insert } of edits) {
            const from = at % bytes.length;
            bytes = concat(bytes.subarray(0, from), insert, bytes.subarray(from + remove));
            if (bytes.length === 0) return;
          }
          check(bytes, chunkSizes);
        },
      ),
      { numRuns: 500 },
    );
  });
});
