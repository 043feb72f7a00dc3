import type { Message, MessageName } from './layout.ts';

/** Where something was wrong. */
export interface WireErrorPlace {
  /** The message; `undefined` when its code is unknown or was not read yet. */
  messageName?: MessageName | undefined;
  /** The field; `undefined` when no single field is at fault. */
  field?: string | undefined;
  /** The byte within the message, its code byte being 0; `undefined` when encoding. */
  offset?: number | undefined;
}

/** Bytes that are no message, or a message that cannot be bytes. The text says where, what, and which value. */
export class WireError extends Error {
  override readonly name = 'WireError';
  readonly messageName: MessageName | undefined;
  readonly field: string | undefined;
  readonly offset: number | undefined;

  /**
   * The whole messages that the same chunk held before the malformed one, in order. They were not returned
   * anywhere else, and no later error of that decoder repeats them.
   */
  readonly decoded: readonly Message[];

  /** What is wrong, without the place. */
  readonly problem: string;

  constructor(problem: string, place: WireErrorPlace = {}, decoded: readonly Message[] = []) {
    super(`${describe(place)}: ${problem}`);
    this.problem = problem;
    this.messageName = place.messageName;
    this.field = place.field;
    this.offset = place.offset;
    this.decoded = decoded;
  }

  /** The same error with other `decoded` messages. */
  withDecoded(decoded: readonly Message[]): WireError {
    return new WireError(this.problem, this, decoded);
  }
}

function describe({ messageName, field, offset }: WireErrorPlace): string {
  const parts = [messageName ?? 'message'];
  if (field !== undefined) parts.push(`field ${field}`);
  if (offset !== undefined) parts.push(`byte ${offset}`);
  return parts.join(', ');
}
