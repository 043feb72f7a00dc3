import { WireError, type WireErrorPlace } from './error.ts';
import type { MessageOf } from './layout.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The text of an `error` message (seed: error). It is the peer's: show it as text, never as markup.
 *
 * @throws WireError when `data` is not UTF-8, which no decoded message has.
 */
export function errorText(message: MessageOf<'error'>): string {
  return decodeText(message.data, { messageName: 'error', field: 'data' });
}

/** Decodes UTF-8 strictly: no replacement characters, a byte order mark is kept. */
export function decodeText(data: Uint8Array, place: WireErrorPlace): string {
  try {
    return utf8.decode(data);
  } catch {
    throw new WireError(`must be UTF-8 text, but these ${data.length} bytes are not`, place);
  }
}
