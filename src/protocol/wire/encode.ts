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

const u64Max = (1n << 64n) - 1n;
const u128Max = (1n << 128n) - 1n;

/** The size of a field on the wire, once its value is known to be one that the field can hold. */
function checkedSize(messageName: MessageName, [field, type]: Field, value: unknown): number {
  const refuse = (wanted: string): never => {
    const got = value === undefined ? 'it is missing' : `got ${show(value)}`;
    throw new WireError(`must be ${wanted}, ${got}`, { messageName, field });
  };
  const integer = (max: number) => {
    if (!(typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max)) {
      refuse(`a whole number from 0 to ${max}`);
    }
    return fieldHeadSize[type];
  };
  const bigInteger = (max: bigint) => {
    if (!(typeof value === 'bigint' && value >= 0n && value <= max)) refuse(`a bigint from 0 to ${max}`);
    return fieldHeadSize[type];
  };
  const fixed = (size: number) => {
    if (!(value instanceof Uint8Array && value.length === size)) refuse(`a Uint8Array of ${size} bytes`);
    return size;
  };
  const data = (max: number) => {
    if (!(value instanceof Uint8Array && value.length <= max)) {
      return refuse(`a Uint8Array of at most ${max} bytes`);
    }
    return fieldHeadSize[type] + value.length;
  };

  switch (type) {
    case 'bytes32':
      return fixed(32);
    case 'bytes64':
      return fixed(64);
    case 'u16':
      return integer(0xffff);
    case 'u32':
      return integer(0xffff_ffff);
    case 'u64':
      return bigInteger(u64Max);
    case 'u128':
      return bigInteger(u128Max);
    case 'data16':
      return data(0xffff);
    case 'data32':
      return data(0xffff_ffff);
    case 'entries': {
      if (!Array.isArray(value) || value.length > 0xffff) return refuse('an array of at most 65535 entries');
      let size: number = fieldHeadSize.entries;
      for (const [index, entry] of value.entries()) {
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
      view.setBigUint64(offset + 8, (value as bigint) & u64Max);
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
