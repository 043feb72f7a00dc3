import { WireError } from './error.ts';
import {
  entryHeadSize,
  type Field,
  type FieldType,
  fieldHeadSize,
  layout,
  type Message,
  type MessageName,
  maxMessageSize,
} from './layout.ts';
import { decodeText } from './text.ts';

/**
 * Encodes a message (PROTOCOL 2): its code byte, then its fields.
 *
 * @throws WireError when the type is unknown, a field is missing, of the wrong type or size or out of range,
 *   an `error` message's data is not UTF-8, or the whole would be larger than 1 MiB. Nothing is truncated.
 */
export function encode(message: Message): Uint8Array {
  if (!Object.hasOwn(layout, message.type)) {
    throw new WireError(`there is no message type ${show(message.type)}`);
  }
  const { code, fields } = layout[message.type];
  const values = message as unknown as Record<string, unknown>;

  let size = 1;
  for (const field of fields) size += checkedSize(message.type, field, values[field[0]]);
  if (size > maxMessageSize) {
    throw new WireError(`must have at most ${maxMessageSize} bytes, got ${size}`, {
      messageName: message.type,
    });
  }
  if (message.type === 'error') decodeText(message.data, { messageName: 'error', field: 'data' });

  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  bytes[0] = code;
  let offset = 1;
  for (const [name, type] of fields) offset = write(bytes, view, offset, type, values[name]);
  return bytes;
}

/** The largest value of each integer type. */
const largest = { u16: 0xffff, u32: 0xffff_ffff, u64: (1n << 64n) - 1n, u128: (1n << 128n) - 1n };
/** The most bytes that a length, or entries that a count, can say. */
const longest = { data16: 0xffff, data32: 0xffff_ffff, entries: 0xffff };

/** The size of a field on the wire, once its value is known to be one that the field can hold. */
function checkedSize(messageName: MessageName, [field, type]: Field, value: unknown): number {
  const head = fieldHeadSize[type];
  switch (type) {
    case 'bytes32':
    case 'bytes64':
      if (value instanceof Uint8Array && value.length === head) return head;
      throw refusal(messageName, field, `a Uint8Array of ${head} bytes`, value);
    case 'u16':
    case 'u32':
      if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= largest[type]) {
        return head;
      }
      throw refusal(messageName, field, `a whole number from 0 to ${largest[type]}`, value);
    case 'u64':
    case 'u128':
      if (typeof value === 'bigint' && value >= 0n && value <= largest[type]) return head;
      throw refusal(messageName, field, `a bigint from 0 to ${largest[type]}`, value);
    case 'data16':
    case 'data32':
      if (value instanceof Uint8Array && value.length <= longest[type]) return head + value.length;
      throw refusal(messageName, field, `a Uint8Array of at most ${longest[type]} bytes`, value);
    case 'entries': {
      if (!Array.isArray(value) || value.length > longest[type]) {
        throw refusal(messageName, field, `an array of at most ${longest[type]} entries`, value);
      }
      let size: number = head;
      for (let index = 0; index < value.length; index++) {
        const entry: unknown = value[index];
        if (!(entry instanceof Uint8Array)) {
          throw new WireError(`entry ${index} must be a Uint8Array, got ${show(entry)}`, {
            messageName,
            field,
          });
        }
        size += entryHeadSize + entry.length;
      }
      return size;
    }
  }
}

function refusal(messageName: MessageName, field: string, wanted: string, value: unknown): WireError {
  const got = value === undefined ? 'it is missing' : `got ${show(value)}`;
  return new WireError(`must be ${wanted}, ${got}`, { messageName, field });
}

/** Writes a checked value at `offset`; returns the offset behind it. */
function write(bytes: Uint8Array, view: DataView, offset: number, type: FieldType, value: unknown): number {
  const head = offset + fieldHeadSize[type];
  switch (type) {
    case 'bytes32':
    case 'bytes64':
      bytes.set(value as Uint8Array, offset);
      return head;
    case 'u16':
      view.setUint16(offset, value as number);
      return head;
    case 'u32':
      view.setUint32(offset, value as number);
      return head;
    case 'u64':
      view.setBigUint64(offset, value as bigint);
      return head;
    case 'u128':
      view.setBigUint64(offset, (value as bigint) >> 64n);
      // Keeps the low 64 bits.
      view.setBigUint64(offset + 8, value as bigint);
      return head;
    case 'data16': {
      const data = value as Uint8Array;
      view.setUint16(offset, data.length);
      bytes.set(data, head);
      return head + data.length;
    }
    case 'data32': {
      const data = value as Uint8Array;
      view.setUint32(offset, data.length);
      bytes.set(data, head);
      return head + data.length;
    }
    case 'entries': {
      const entries = value as Uint8Array[];
      view.setUint16(offset, entries.length);
      let end = head;
      for (const entry of entries) {
        view.setUint32(end, entry.length);
        bytes.set(entry, end + entryHeadSize);
        end += entryHeadSize + entry.length;
      }
      return end;
    }
  }
}

function show(value: unknown): string {
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'object' && value !== null) return 'an object';
  return String(value);
}
