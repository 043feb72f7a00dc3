/** Call data and values of contracts, as a page writes and reads them: the wallet's own code, without the machine. */
import { toHex } from '../../src/protocol/bytes.ts';
import { decode as decodeText, encode as encodeText } from '../../src/protocol/chain/address.ts';
import { functionId } from '../../src/protocol/vm/bytecode.ts';
import { decode } from '../../src/protocol/vm/decode.ts';
import { encode } from '../../src/protocol/vm/encode.ts';
import { entriesOf } from '../../src/protocol/vm/map.ts';
import { blob, itemsOf, tuple, type Value } from '../../src/protocol/vm/value.ts';

/** An integer, or an account's address (`ak_`). */
export type Argument = number | bigint | string;

/**
 * Call data of a function, `cb_` text.
 * @throws where an address is wrong
 */
export function callData(name: string, ...args: Argument[]): string {
  const values = args.map(
    (arg): Value => (typeof arg === 'string' ? blob('address', decodeText('ak', arg)) : BigInt(arg)),
  );
  return encodeText('cb', encode(tuple([blob('string', functionId(name)), tuple(values)])));
}

/** Records and tuples are arrays; bytes are hexadecimal; a map is an array of pairs; of a variant: which constructor, and its fields. */
export type Plain = bigint | boolean | string | Plain[] | { tag: number; fields: Plain[] };

/**
 * Reads a returned value, `cb_` text.
 * @throws where the text is none, or holds what these contracts do not return
 */
export const readValue = (text: string): Plain => plain(decode(decodeText('cb', text)));

function plain(value: Value): Plain {
  if (typeof value !== 'object') return value;
  switch (value.kind) {
    case 'tuple':
      return value.items.map(plain);
    case 'nil':
    case 'cons':
      return [...itemsOf(value)].map(plain);
    case 'map':
      return [...entriesOf(value)].map(([key, item]) => [plain(key), plain(item)]);
    case 'variant':
      return { tag: value.tag, fields: value.items.map(plain) };
    case 'address':
      return encodeText('ak', value.bytes);
    case 'bytes':
      return toHex(value.bytes);
    case 'string':
      return new TextDecoder().decode(value.bytes);
    default:
      throw new Error(`a value of kind ${value.kind} is not read here`);
  }
}
