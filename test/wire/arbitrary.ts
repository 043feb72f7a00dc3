import fc from 'fast-check';
import {
  type FieldType,
  type FieldValues,
  layout,
  type Message,
  messageNames,
} from '../../src/protocol/wire/index.ts';

const bytes = (minLength: number, maxLength = minLength) => fc.uint8Array({ minLength, maxLength });

const values: { [T in FieldType]: fc.Arbitrary<FieldValues[T]> } = {
  bytes32: bytes(32),
  bytes64: bytes(64),
  u16: fc.integer({ min: 0, max: 0xffff }),
  u32: fc.integer({ min: 0, max: 0xffff_ffff }),
  u64: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
  u128: fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }),
  data16: bytes(0, 300),
  data32: bytes(0, 300),
  entries: fc.array(bytes(0, 80), { maxLength: 6 }),
};

const text = fc
  .string({ unit: 'binary', maxLength: 60 })
  .map((string) => new Uint8Array(new TextEncoder().encode(string)));

/** Any message that the layout allows, each type as likely as another. */
export const anyMessage: fc.Arbitrary<Message> = fc.oneof(
  ...messageNames.map((type) => {
    const fields = layout[type].fields.map(([field, fieldType]) => [
      field,
      type === 'error' && field === 'data' ? text : values[fieldType],
    ]);
    return fc.record({ type: fc.constant(type), ...Object.fromEntries(fields) }, { noNullPrototype: true });
  }),
) as fc.Arbitrary<Message>;

/** Cuts bytes into chunks whose sizes come round and round from `sizes`. */
export function cut(whole: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let at = 0, i = 0; at < whole.length; i++) {
    const size = sizes[i % sizes.length]!;
    chunks.push(whole.slice(at, at + size));
    at += size;
  }
  return chunks;
}
