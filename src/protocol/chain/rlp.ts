/** RLP as the chain uses it: byte strings and lists of them, one form for each value. */
import { RLP } from '@ethereumjs/rlp';

/** A byte string or a list. */
export type Item = Uint8Array | Item[];

/** Bytes are no canonical RLP. */
export class RlpError extends Error {
  override name = 'RlpError';
}

/** The deepest structure of the chain that is read in one piece (a proof of inclusion) nests 6 lists. */
const maxDepth = 16;

export const encodeRlp = (item: Item): Uint8Array => RLP.encode(item);

/**
 * Reads one item that fills the bytes.
 * @throws RlpError where the bytes end early or late, a length is not the shortest, or lists nest deeper than 16
 */
export function decodeRlp(bytes: Uint8Array): Item {
  if (bytes.length === 0) throw new RlpError('no bytes: an RLP item has at least one');
  limitDepth(bytes);
  try {
    return RLP.decode(bytes) as Item;
  } catch (error) {
    throw new RlpError(error instanceof Error ? error.message : String(error));
  }
}

/**
 * The library recurses and copies for each level, so a few bytes for each of many levels would take gigabytes:
 * the headers are walked first.
 */
function limitDepth(bytes: Uint8Array): void {
  const ends: number[] = [];
  let at = 0;
  while (at < bytes.length) {
    while (ends.length > 0 && at >= ends.at(-1)!) ends.pop();
    const first = bytes[at]!;
    const isList = first >= 0xc0;
    const short = isList ? first - 0xc0 : first - 0x80;
    if (first < 0x80) at += 1;
    else {
      let length = short;
      let header = 1;
      if (short > 55) {
        length = 0;
        header += short - 55;
        for (let i = 1; i < header; i++) length = length * 256 + (bytes[at + i] ?? 0);
      }
      at += header;
      if (isList) {
        ends.push(at + length);
        if (ends.length > maxDepth) throw new RlpError(`lists nest deeper than ${maxDepth}`);
      } else at += length;
    }
  }
}
