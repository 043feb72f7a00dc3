/**
 * A backup's file: JSON. What it is, of which account and when it was made stand in the clear; everything else is one
 * secret under the wallet's password (vault/cipher.ts). The clear part is repeated inside, so that a changed one shows.
 */
import { base64 } from '@scure/base';
import * as v from 'valibot';
import type { Random } from '../../engine/ports.ts';
import { largestBackup } from '../../rpc/popup.ts';
import { seal, unseal } from '../vault/cipher.ts';
import { VaultError } from '../vault/index.ts';
import { bytesOf, decodeValue, encodeValue } from './codec.ts';
import { BackupError, damaged } from './error.ts';

/**
 * Of the file and of what is in it. Raise it with every change to the stored records that needs a migration, and
 * bring older files up to it here.
 */
export const backupVersion = 2;
/** Version 1 knew no table `nodes`; else it is the same. */
const readable = [1, backupVersion] as const;

const format = 'tandem-backup';

const Header = v.object({
  format: v.literal(format),
  version: v.picklist(readable),
  /** ISO 8601, UTC. */
  created: v.string(),
  /** `ak_`. */
  account: v.string(),
  networkId: v.string(),
});
export type BackupHeader = Omit<v.InferOutput<typeof Header>, 'format' | 'version'>;

const File = v.object({
  ...Header.entries,
  sealed: v.object({
    version: v.literal(1),
    kdf: v.object({ name: v.string(), N: v.number(), r: v.number(), p: v.number(), salt: v.string() }),
    iv: v.string(),
    data: v.string(),
    checksum: v.string(),
  }),
});

/** @throws BackupError where it would be too large to be handed to a page */
export async function writeFile(
  header: BackupHeader,
  content: unknown,
  password: string,
  random: Random,
): Promise<string> {
  const head = { format, version: backupVersion, ...header };
  const secret = await packed(new TextEncoder().encode(encodeValue({ head, content })));
  const { kdf, iv, data, checksum, version } = await seal(secret, password, random);
  const file = JSON.stringify(
    {
      ...head,
      sealed: {
        version,
        kdf: { ...kdf, salt: base64.encode(kdf.salt) },
        iv: base64.encode(iv),
        data: base64.encode(data),
        checksum: base64.encode(checksum),
      },
    },
    null,
    1,
  );
  if (file.length > largestBackup)
    throw new BackupError(
      'too_large',
      'This wallet holds too much for one backup file. Close channels that you no longer use.',
    );
  return file;
}

/** @throws BackupError: no backup, a newer one, a damaged one, a wrong password */
export async function readFile(
  file: string,
  password: string,
): Promise<{ header: BackupHeader; content: unknown }> {
  const { sealed, ...head } = parse(file);
  try {
    const secret = await unseal(
      {
        version: sealed.version,
        kdf: { ...sealed.kdf, salt: bytesOf(sealed.kdf.salt) },
        iv: bytesOf(sealed.iv),
        data: bytesOf(sealed.data),
        checksum: bytesOf(sealed.checksum),
      },
      password,
    );
    const inside = decodeValue(new TextDecoder().decode(await unpacked(secret))) as Inside;
    if (JSON.stringify(inside.head) !== JSON.stringify(head)) throw damaged();
    const { created, account, networkId } = head;
    return { header: { created, account, networkId }, content: inside.content };
  } catch (error) {
    if (error instanceof VaultError && error.code === 'wrong_password')
      throw new BackupError(
        'wrong_password',
        'This is not the password of this backup: it is the one that your wallet had when the backup was made.',
      );
    throw damaged();
  }
}
type Inside = { head: unknown; content: unknown };

function parse(file: string): v.InferOutput<typeof File> {
  let json: { format?: unknown; version?: unknown } | null;
  try {
    json = JSON.parse(file) as typeof json;
  } catch {
    // Cut or changed text of ours still starts like one.
    if (file.trimStart().startsWith('{') && file.slice(0, 200).includes(format)) throw damaged();
    throw notOurs();
  }
  if (json?.format !== format) throw notOurs();
  if (typeof json.version === 'number' && Number.isInteger(json.version) && json.version > backupVersion)
    throw new BackupError(
      'newer_version',
      `This backup was made by a newer version of Tandem (format ${json.version}; this one reads up to ${backupVersion}). Update Tandem, then try again.`,
    );
  const parsed = v.safeParse(File, json);
  if (!parsed.success) throw damaged();
  return parsed.output;
}

const notOurs = () =>
  new BackupError('not_a_backup', 'This file is not a Tandem backup. Choose the file that Tandem saved.');

const packed = (bytes: Uint8Array) => through(bytes, new CompressionStream('gzip'));
const unpacked = (bytes: Uint8Array) => through(bytes, new DecompressionStream('gzip'));

async function through(
  bytes: Uint8Array,
  transform: CompressionStream | DecompressionStream,
): Promise<Uint8Array> {
  const stream = new Blob([bytes as BlobPart]).stream().pipeThrough(transform);
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
