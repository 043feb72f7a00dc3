/** FATE values as text, without an ACI: what they are called nobody says here. Loaded only where one is looked at. */
import { toHex } from '../protocol/bytes.ts';
import { decode as decodeText, encode } from '../protocol/chain/address.ts';
import { decode } from '../protocol/vm/decode.ts';
import { entriesOf } from '../protocol/vm/map.ts';
import { itemsOf, type Value } from '../protocol/vm/value.ts';

/** Values that nest deeper, and lists that are longer, are cut. */
const deepest = 12;
const longest = 50;

/**
 * The arguments that call data brings along.
 * @param callData `cb_`
 * @returns null where it is no call data
 */
export function argumentsOf(callData: string): string[] | null {
  try {
    const call = decode(decodeText('cb', callData));
    if (typeof call !== 'object' || call.kind !== 'tuple') return null;
    const [, args] = call.items;
    return typeof args === 'object' && args.kind === 'tuple' ? args.items.map((one) => valueText(one)) : null;
  } catch {
    // Whatever the bytes are, they are shown raw.
    return null;
  }
}

const joined = (values: Iterable<Value>, depth: number): string => {
  const parts: string[] = [];
  for (const value of values) {
    if (parts.length === longest) return [...parts, '…'].join(', ');
    parts.push(valueText(value, depth));
  }
  return parts.join(', ');
};

function valueText(value: Value, depth = 0): string {
  if (typeof value !== 'object') return String(value);
  if (depth > deepest) return '…';
  const below = depth + 1;
  switch (value.kind) {
    case 'string':
      return JSON.stringify(new TextDecoder().decode(value.bytes));
    case 'address':
      return encode('ak', value.bytes);
    case 'contract':
      return encode('ct', value.bytes);
    case 'channel':
      return encode('ch', value.bytes);
    case 'bytes':
    case 'oracle':
    case 'oracle_query':
    case 'contract_bytearray':
      return `#${toHex(value.bytes)}`;
    case 'bits':
      return `bits ${value.value}`;
    case 'tuple':
      return `(${joined(value.items, below)})`;
    case 'variant':
      return `constructor ${value.tag + 1} of ${value.arities.length}(${joined(value.items, below)})`;
    case 'nil':
    case 'cons':
      return `[${joined(itemsOf(value), below)}]`;
    case 'map':
      return `{${[...entriesOf(value)]
        .slice(0, longest)
        .map(([key, item]) => `[${valueText(key, below)}] = ${valueText(item, below)}`)
        .join(', ')}}`;
    default:
      return value.kind;
  }
}
