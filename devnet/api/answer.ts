/** Answers of the HTTP API, and the errors in the node's shape. */
import type { Json } from '../json.ts';

export interface Answer {
  status: number;
  /** Undefined: no body and no content type, as the node answers an unknown path. */
  body: Json | undefined;
}

export function ok(body: Json): Answer {
  return { status: 200, body };
}

/** An answer thrown from deep inside a handler. */
export class ApiError extends Error {
  override name = 'ApiError';
  readonly answer: Answer;
  constructor(status: number, reason: string, errorCode?: string, more: { [key: string]: Json } = {}) {
    super(reason);
    this.answer = { status, body: { reason, error_code: errorCode, ...more } };
  }
}

/** A parameter or body of the wrong form, in the shape of the node's own schema check. */
export function validationError(parameter: string, error: string, data: Json): ApiError {
  return new ApiError(400, 'validation_error', undefined, { parameter, info: { error, data, path: [] } });
}
