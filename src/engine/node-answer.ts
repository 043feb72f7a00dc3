/** One answer of a node, read field by field: a field that is not what the API says makes it no answer. */
import { AddressError, decode, type Kind } from '../protocol/chain/address.ts';
import { ChainUnavailableError } from './ports.ts';

export class NodeAnswer {
  readonly status: number;
  readonly #where: string;
  readonly #body: Record<string, unknown>;

  /**
   * @param where method and URL, for messages
   * @throws ChainUnavailableError where the text is no JSON object
   */
  constructor(where: string, status: number, text: string) {
    this.#where = where;
    this.status = status;
    let body: unknown;
    try {
      body = JSON.parse(text);
    } catch {
      const shown = text.trim() === '' ? 'nothing' : `no JSON: "${excerpt(text)}"`;
      throw this.wrong(`it answered ${status} with ${shown}`);
    }
    if (typeof body !== 'object' || body === null || Array.isArray(body))
      throw this.wrong(`it answered ${status} with no object: "${excerpt(text)}"`);
    this.#body = body as Record<string, unknown>;
  }

  wrong(what: string): ChainUnavailableError {
    return new ChainUnavailableError(
      `The node cannot be used (${this.#where}): ${what}. Check the node's address in the settings, or try again later.`,
    );
  }

  /** A text of 1 to 1,000 characters. */
  text(field: string): string {
    const value = this.#body[field];
    if (typeof value === 'string' && value !== '' && value.length <= 1_000) return value;
    throw this.#bad(field, 'a text');
  }

  /** A text, or undefined where the field is no such text. */
  optionalText(field: string): string | undefined {
    const value = this.#body[field];
    return typeof value === 'string' ? value.slice(0, 200) : undefined;
  }

  /** False where the field is missing. */
  flag(field: string): boolean {
    const value = this.#body[field];
    if (value === undefined || typeof value === 'boolean') return value ?? false;
    throw this.#bad(field, 'true or false');
  }

  /** A whole number from `least` to 2^256 - 1, as digits or, where that is exact, as a number. */
  integer(field: string, least = 0n): bigint {
    const value = this.#body[field];
    const digits = typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : value;
    if (typeof digits === 'string' && /^(0|-?[1-9]\d{0,77})$/.test(digits)) {
      const found = BigInt(digits);
      if (found >= least && found < 2n ** 256n) return found;
    }
    throw this.#bad(field, `a whole number from ${least}`);
  }

  /** A list of objects, each to be read as an answer of its own. */
  objects(field: string): NodeAnswer[] {
    const value = this.#body[field];
    if (!Array.isArray(value)) throw this.#bad(field, 'a list');
    return value.map((item: unknown) => new NodeAnswer(this.#where, this.status, JSON.stringify(item)));
  }

  object(field: string): NodeAnswer {
    return new NodeAnswer(this.#where, this.status, JSON.stringify(this.#body[field] ?? null));
  }

  /** Texts that each stand for bytes. */
  list(field: string, kind: Kind): Uint8Array[] {
    const value = this.#body[field];
    if (!Array.isArray(value)) throw this.#bad(field, 'a list');
    return value.map((text: unknown) => this.#decoded(field, kind, String(text)));
  }

  /** Bytes of any length. */
  data(field: string, kind: Kind): Uint8Array {
    const value = this.#body[field];
    if (typeof value !== 'string') throw this.#bad(field, `a ${kind}_ text`);
    return this.#decoded(field, kind, value);
  }

  #decoded(field: string, kind: Kind, text: string): Uint8Array {
    try {
      return decode(kind, text);
    } catch (error) {
      if (error instanceof AddressError) throw this.#bad(field, `a ${kind}_ text`);
      throw error;
    }
  }

  /** A block height or a count of blocks; `least` is -1 where the API says so for "none". */
  height(field: string, least = 0): number {
    const found = this.integer(field, BigInt(least));
    if (found <= Number.MAX_SAFE_INTEGER) return Number(found);
    throw this.#bad(field, 'a height');
  }

  /** A height that is only compared with others: one that no number holds stands for the farthest that one can hold. */
  farHeight(field: string): number {
    const found = this.integer(field);
    return found <= Number.MAX_SAFE_INTEGER ? Number(found) : Number.MAX_SAFE_INTEGER;
  }

  bytes(field: string, kind: Kind): Uint8Array {
    return this.#decoded(field, kind, this.text(field));
  }

  /** The accounts that each side named. One list for both, as channels from before protocol 5 have, counts for both. */
  delegates(field: string): { initiator: Uint8Array[]; responder: Uint8Array[] } {
    const value = this.#body[field];
    const lists = Array.isArray(value) ? { initiator: value, responder: value } : value;
    const { initiator, responder } = (lists ?? {}) as Record<string, unknown>;
    const keys = (list: unknown): Uint8Array[] => {
      if (!Array.isArray(list) || list.length > 10_000) throw this.#bad(field, 'lists of accounts');
      return list.map((text: unknown) => {
        try {
          return decode('ak', String(text));
        } catch (error) {
          if (error instanceof AddressError) throw this.#bad(field, 'lists of accounts');
          throw error;
        }
      });
    };
    return { initiator: keys(initiator), responder: keys(responder) };
  }

  /** The field must say what was asked for. */
  same(field: string, asked: string): void {
    const value = this.text(field);
    if (value !== asked) throw this.wrong(`it was asked about ${asked} and answered about ${excerpt(value)}`);
  }

  #bad(field: string, expected: string): ChainUnavailableError {
    const value = this.#body[field];
    const shown = value === undefined ? 'missing' : excerpt(JSON.stringify(value));
    return this.wrong(`it answered ${this.status}, but ${field} is ${shown} instead of ${expected}`);
  }
}

/** The beginning of a text that may be long and of any kind, in one line. */
function excerpt(text: string): string {
  const line = text.trim().replace(/\s+/g, ' ');
  return line.length > 80 ? `${line.slice(0, 80)}…` : line;
}
