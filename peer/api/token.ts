/** The token that opens the peer's socket: who reads its file may spend the peer's coins. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';

/**
 * The token in this file: 64 hex digits, made on the first run, readable by its owner only.
 * @throws Error where others can read the file, or it holds something else
 */
export function tokenIn(file: string): string {
  if (!existsSync(file)) {
    writeFileSync(file, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600, flag: 'wx' });
    // The process's umask may have taken even the owner's rights away.
    chmodSync(file, 0o600);
  }
  const mode = statSync(file).mode & 0o777;
  if (process.platform !== 'win32' && (mode & 0o077) !== 0)
    throw new Error(
      `${file} can be read by others (mode ${mode.toString(8)}): delete it and start again for a new token, which is readable by you only.`,
    );
  const text = readFileSync(file, 'utf8').trim();
  if (!/^[0-9a-f]{64}$/.test(text))
    throw new Error(`${file} is damaged: it should hold 64 hex digits. Delete it for a new one.`);
  return text;
}

const digest = (text: string) => createHash('sha256').update(text).digest();

/** Says whether an Authorization header has this token, in a time that tells nothing of it. */
export function tokenCheck(token: string): (header: string | undefined) => boolean {
  const wanted = digest(`Bearer ${token}`);
  return (header) => timingSafeEqual(digest(header ?? ''), wanted);
}
