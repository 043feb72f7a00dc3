import { WalletError } from '../errors.ts';

export type BackupProblem =
  | 'not_a_backup'
  | 'newer_version'
  | 'damaged'
  | 'wrong_password'
  | 'not_empty'
  | 'too_large';

/** Why a backup could not be made or restored, in one sentence for the person. Nothing was changed. */
export class BackupError extends WalletError {
  override name = 'BackupError';
  declare readonly code: BackupProblem;
  constructor(code: BackupProblem, message: string) {
    super(code, message);
  }
}

export const damaged = (): BackupError =>
  new BackupError('damaged', 'This backup is damaged: it was cut or changed. Use another copy of it.');
