/** What a signature on a message is on: never what a signature on a transaction is on, which begins with a network. */
import { concatBytes } from '../../protocol/bytes.ts';
import { blake2b256 } from '../../protocol/chain/signed.ts';

const prefix = new TextEncoder().encode('aeternity Signed Message:\n');

/** BLAKE2b-256 of the chain's prefix and the text, each after its length. 32 bytes. */
export function messageHash(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  return blake2b256(concatBytes(varUint(prefix.length), prefix, varUint(bytes.length), bytes));
}

/** The length as Bitcoin writes it; a message here has at most 64 kB. */
function varUint(value: number): Uint8Array {
  if (value < 0xfd) return Uint8Array.of(value);
  if (value > 0xffff) throw new RangeError(`a message of ${value} bytes is too long`);
  return Uint8Array.of(0xfd, value & 0xff, value >> 8);
}
