import { type FieldType, layout, type Message, type MessageName } from '../../src/protocol/wire/index.ts';
import vectors from '../vectors/wire.json' with { type: 'json' };

/** A golden message beside its bytes. */
export interface Golden {
  name: string;
  message: Message;
  bytes: Uint8Array;
}

export const unhex = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));

const parse: Record<FieldType, (json: string | string[]) => unknown> = {
  bytes32: (json) => unhex(json as string),
  bytes64: (json) => unhex(json as string),
  u16: Number,
  u32: Number,
  u64: (json) => BigInt(json as string),
  u128: (json) => BigInt(json as string),
  data16: (json) => unhex(json as string),
  data32: (json) => unhex(json as string),
  entries: (json) => (json as string[]).map(unhex),
};

function messageOf(json: { type: string } & Record<string, string | string[]>): Message {
  const message: Record<string, unknown> = { ...json };
  for (const [field, type] of layout[json.type as MessageName].fields) {
    message[field] = parse[type](json[field]!);
  }
  return message as unknown as Message;
}

/** Every case of test/vectors/wire.json: bytes put together by hand from the table of PROTOCOL 2. */
export const golden: Golden[] = vectors.map(({ name, message, hex }) => ({
  name,
  message: messageOf(message as unknown as Parameters<typeof messageOf>[0]),
  bytes: unhex(hex),
}));

export function goldenNamed(name: string): Golden {
  const found = golden.find((one) => one.name === name);
  if (!found) throw new Error(`test/vectors/wire.json has no case "${name}"`);
  return found;
}
