import { EngineError } from '../../engine/engine.ts';
import { pageErrors } from '../../rpc/page-errors.ts';

/** A page's call that fails, with one of the codes that pages know. */
export class PageError extends Error {
  override name = 'PageError';
  readonly code: number;
  constructor(kind: keyof typeof pageErrors, message: string) {
    super(message);
    this.code = pageErrors[kind];
  }
}

/** What a caller gets of an error: codes that it knows, sentences that are meant for people, no inner detail. */
export function pageFailure(error: unknown): { code: number; message: string } {
  if (error instanceof PageError) return { code: error.code, message: error.message };
  if (error instanceof EngineError) return { code: pageErrors.internal, message: error.message };
  return { code: pageErrors.internal, message: 'The wallet could not do this.' };
}

export const anotherRequest = () =>
  new PageError('invalidParams', 'This requestId belongs to another request: use a new one.');

/** Why a request of a page came to nothing. */
export const failureOf = ({ code, message }: { code: string; message: string }): PageError =>
  new PageError(
    code === 'declined'
      ? 'userRejected'
      : code === 'stopped' || code === 'not_running'
        ? 'disconnected'
        : 'internal',
    message,
  );
